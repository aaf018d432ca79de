/**
 * Kubernetes hooks in TypeScript and JavaScript.
 *
 * A hook is an object with what it is run for and a function. The hooks of a component are those that its first module
 * exports:
 *
 *     import { configMap, defineHook } from "@hookbox/sdk";
 *
 *     export const listPods = defineHook({
 *       name: "list-pods",
 *       config: {
 *         kubernetes: [{
 *           name: "pods", apiVersion: "v1", kind: "Pod",
 *           namespace: { nameSelector: { matchNames: ["default"] } },
 *           jqFilter: ".metadata.name",
 *         }],
 *       },
 *       run(input) {
 *         const names = input.filterResults<string>("pods");
 *         input.patch.createOrUpdate(configMap("default", "pods", { names: names.join(",") }));
 *       },
 *     });
 *
 * Nothing that a hook asks for happens while it runs: object patches, values and metrics are recorded, and applied by the
 * host when the run succeeded.
 *
 * @packageDocumentation
 */
export { Cluster } from "./cluster.js";
export { difference } from "./diff.js";
export { isRefused, NoRetryError, Refused, RetryAfterError, RetryError } from "./errors.js";
export { defineHook } from "./hook.js";
export { Http, HttpResponse } from "./http.js";
export { Input } from "./input.js";
export { Log } from "./log.js";
export { Metrics } from "./metrics.js";
export { configMap } from "./objects.js";
export { Patch } from "./patch.js";
export { allow, change, deny, Review } from "./review.js";
export { Context, Entry, Snapshot } from "./snapshot.js";
export { Values } from "./values.js";
