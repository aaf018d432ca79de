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

let runs = 0;

/** Tells how many runs its instance had. */
export const typescriptKept = defineHook({
  name: "typescript-kept",
  config: {
    kubernetes: [
      { name: "pings", apiVersion: "v1", kind: "ConfigMap", labelSelector: { matchLabels: { app: "ping" } }, jqFilter: ".metadata.name" },
    ],
    settings: { warmInstance: true },
  },
  async run(input) {
    runs += 1;
    // What is left for later is done before the run is over, also in an instance that goes on.
    await Promise.resolve();
    const pings = input.filterResults<string>("pings").join(" ");
    input.patch.createOrUpdate(configMap("default", "kept-typescript", { runs: String(runs), pings }));
  },
});
