import json

from wit_world import exports
from wit_world.exports.hooks import Hook
from wit_world.imports import log, object_patches, snapshots, values

CONFIG = """
configVersion: v1
kubernetes:
- name: names
  apiVersion: v1
  kind: ConfigMap
  namespace: {nameSelector: {matchNames: [default]}}
  labelSelector: {matchLabels: {app: hello}}
  jqFilter: .data.name
  includeSnapshotsFrom: [names]
"""


class Hooks(exports.Hooks):
    def describe(self):
        return [Hook("greet", CONFIG)]

    def run(self, hook, contexts):
        with snapshots.open("names") as snapshot:
            names = [json.loads(entry.filter_result) for entry in snapshot.range(0, snapshot.len())]
        log.log(log.Level.INFO, "greeting", [("count", str(len(names)))])
        values.set("/greeted", json.dumps(names))
        greetings = object_patches.ObjectRef("v1", "ConfigMap", "default", "greetings")
        options = object_patches.PatchOptions(None, True, False)
        object_patches.merge_patch(greetings, json.dumps({"data": {"count": str(len(names))}}), options)
