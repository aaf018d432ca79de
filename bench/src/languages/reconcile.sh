#!/usr/bin/env bash
# What the hook `reconcile` of tests/languages does to objects, with one jq; without its metrics and its log.
jq -c '
  [.[-1].objects[].object] as $pods
  | ($pods[] | {apiVersion: "v1", kind: "Pod", namespace: .metadata.namespace, name: .metadata.name} as $ref
    | if .status.phase == "Succeeded" then {operation: "DeleteInBackground"} + $ref
      elif .metadata.labels.seen == null then
        {operation: "MergePatch", mergePatch: {metadata: {labels: {seen: "yes"}}}} + $ref
      else empty end),
  {operation: "CreateOrUpdate", object: {
    apiVersion: "v1", kind: "ConfigMap", metadata: {name: "pods", namespace: "default"},
    data: ([$pods[] | select(.status.phase != "Succeeded")] | group_by(.spec.nodeName)
      | map({key: .[0].spec.nodeName, value: (map(.metadata.name) | join(","))}) | from_entries)
  }}
' "$BINDING_CONTEXT_PATH" > "$KUBERNETES_PATCH_PATH"
