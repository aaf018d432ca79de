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
export { Cluster, type Selection } from "./cluster.js";
export type { Config, Conversion, FieldExpression, FieldSelector, KubernetesBinding, LabelExpression, LabelSelector, MatchCondition, NamespaceSelector, NameSelector, Queued, Rule, Schedule, Settings, WatchEvent, Webhook, } from "./config.js";
export { difference } from "./diff.js";
export { isRefused, NoRetryError, Refused, RetryAfterError, RetryError } from "./errors.js";
export { defineHook, type Hook, type HookDefinition, type Versions } from "./hook.js";
export { type Body, type HeadersInit, Http, type HttpRequest, HttpResponse } from "./http.js";
export { Input } from "./input.js";
export { type Fields, Log } from "./log.js";
export { type Labels, Metrics } from "./metrics.js";
export { configMap, type KubernetesObject, type ObjectMeta, type ObjectRef } from "./objects.js";
export { type JsonPatchOperation, Patch, type PatchOptions } from "./patch.js";
export { type AdmissionRequest, allow, change, deny, Review, type Verdict } from "./review.js";
export { Context, type ContextKind, Entry, type ObjectFields, Snapshot } from "./snapshot.js";
export { Values } from "./values.js";
