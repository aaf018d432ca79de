// One of several hooks of a module, each in a language of its own: all see the same values and objects.

import { configMap, defineHook } from "@hookbox/sdk";

export const typescript = defineHook({
  name: "typescript",
  config: {
    kubernetes: [
      {
        name: "shared",
        apiVersion: "v1",
        kind: "ConfigMap",
        labelSelector: { matchLabels: { app: "shared" } },
        jqFilter: ".metadata.name",
        executeHookOnEvent: [],
      },
    ],
  },
  run(input) {
    input.values.set("/shared/by/-", "typescript");
    const by = input.values.get<string[]>("/shared/by") ?? [];
    const seen = `${by.join(" ")} of ${input.filterResults<string>("shared").join(" ")}`;
    input.patch.createOrUpdate(configMap("default", "seen-typescript", { seen }));
  },
});
