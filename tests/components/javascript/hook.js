import log from "hookbox:hook/log@0.1.0";
import objectPatches from "hookbox:hook/object-patches@0.1.0";
import snapshots from "hookbox:hook/snapshots@0.1.0";
import values from "hookbox:hook/values@0.1.0";

const config = {
  configVersion: "v1",
  kubernetes: [
    {
      name: "names",
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace: { nameSelector: { matchNames: ["default"] } },
      labelSelector: { matchLabels: { app: "hello" } },
      jqFilter: ".data.name",
      includeSnapshotsFrom: ["names"],
    },
  ],
};

export const hooks = {
  describe() {
    return [{ name: "greet", config: JSON.stringify(config) }];
  },

  run(hook, contexts) {
    const snapshot = snapshots.open("names");
    const names = snapshot.range(0, snapshot.len()).map((entry) => JSON.parse(entry.filterResult));
    log.log("info", "greeting", [["count", String(names.length)]]);
    values.set("/greeted", JSON.stringify(names));
    const greetings = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "greetings" };
    const patch = JSON.stringify({ data: { count: String(names.length) } });
    objectPatches.mergePatch(greetings, patch, { ignoreMissingObject: true, ignoreHookError: false });
  },
};
