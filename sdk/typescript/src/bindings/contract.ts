// Generated from wit/ by hookbox-bindings. Do not edit.

/** The answer to a review. */
export interface AdmissionResponse {
  /** Whether the request may go on. */
  allowed: boolean;
  /** Why not; shown to the person who made the request. */
  message: string | null;
  /** Shown to the person who made the request, whatever the answer. */
  warnings: string[];
  /** Keys and values for the API server's audit log. */
  auditAnnotations: Array<[string, string]>;
  /** A JSON Patch (RFC 6902) of the object; for `mutate` only. */
  patch: string | null;
}

/** Some of the objects that were asked for. */
export interface ClusterPage {
  /** The objects, in the cluster's order. */
  objects: string[];
  /** Where to go on; none when this was the last page. */
  next: string | null;
  /** The state of the cluster that all pages of a listing show. */
  resourceVersion: string | null;
}

/** Which objects to list. */
export interface ClusterSelection {
  /** In which namespace; none for all of them, and for cluster-scoped objects. */
  namespace: string | null;
  /** As kubectl's `--selector` has it. */
  labelSelector: string | null;
  /** As kubectl's `--field-selector` has it. */
  fieldSelector: string | null;
  /** Objects of one page at most; none, and more than 500, mean 500. */
  limit: number | null;
  /** Where to go on: `next` of the page before, with the same selection. */
  after: string | null;
}

/**
 * One binding context: one reason for this run. Its fields are those of shell-operator's binding context file,
 * read on demand.
 */
export interface ContextsBindingContext {
  /** Name of the binding that fired: `onStartup`, or the binding's `name`. */
  binding(): string;
  /**
   * `Schedule`, `Synchronization`, `Event` or `Group`; none for `onStartup` and module lifecycle bindings.
   * New words may appear.
   */
  kind(): string | null;
  /** Name of the group, for kind `Group`. */
  group(): string | null;
  /** `Added`, `Modified` or `Deleted`, for kind `Event`. */
  watchEvent(): string | null;
  /** The object as it was at the event, for kind `Event` when full objects are kept. */
  object(): string | null;
  /** The filter's result as it was at the event, for kind `Event` when the binding has a filter. May be `null`. */
  filterResult(): string | null;
  /** A part of `object` by JSON Pointer (RFC 6901). */
  objectPointer(pointer: string): string | null;
  /** All objects of the binding, for kind `Synchronization`. */
  objects(): SnapshotsSnapshot | null;
  /** Names of the snapshots that belong to this context (`includeSnapshotsFrom` and the group's bindings). */
  snapshotNames(): string[];
  /** The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds. */
  toJson(): string;
}

/** One hook of the component. */
export interface HooksHook {
  /** Name, unique in the component: letters, digits, `-`, `_`, `.` and `/`. */
  name: string;
  /**
   * The hook's configuration, the document that shell-operator's hooks print for `--config`
   * (`configVersion: v1`), as JSON or YAML text.
   */
  config: string;
}

/** What is asked. */
export interface HttpRequest {
  /** `GET`, `POST` and their like. */
  method: string;
  /** Scheme, host, port where it is not the scheme's own, path and query: `https://example.com/a?b=c`. */
  url: string;
  /** Headers. Those that say how a message is framed or whom it is for are the host's. */
  headers: Array<[string, string]>;
  /** The body; none sends none. */
  body: Uint8Array | null;
  /** Milliseconds until the answer has come whole; none, and more than 60,000, mean 60,000. */
  timeout: number | null;
  /** Bytes of the answer's body at most; none, and more than 16 MiB, mean 16 MiB. */
  limit: number | null;
}

/** What was answered, whatever its status. Redirects are not followed. */
export interface HttpResponse {
  /** The status, such as 200. */
  status: number;
  /** Headers, their names in lower case. */
  headers: Array<[string, string]>;
  /** The body. */
  body: Uint8Array;
}

/** How much a record matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How to create an object. */
export type ObjectPatchesCreateMode = "fail-if-exists" | "keep-existing" | "replace-existing";

/** Which object a change is for. */
export interface ObjectPatchesObjectRef {
  /** Group and version, such as `apps/v1`; none lets the host find the preferred version of the kind. */
  apiVersion: string | null;
  /** Kind, such as `ConfigMap`. */
  kind: string;
  /** Namespace; none for cluster-scoped objects. */
  namespace: string | null;
  /** Name. */
  name: string;
}

/** How to apply a patch. */
export interface ObjectPatchesPatchOptions {
  /** Subresource to patch, such as `status`. */
  subresource: string | null;
  /** A missing object is not an error. */
  ignoreMissingObject: boolean;
  /** Apply the patch even when the hook fails afterwards; honoured for the `status` subresource only. */
  ignoreHookError: boolean;
}

/** What becomes of the objects that the deleted one owns, and whether the host waits. */
export type ObjectPatchesPropagation = "foreground" | "background" | "orphan";

/** One selected object. */
export interface SnapshotsEntry {
  /** The whole object; none when the binding has `keepFullObjectsInMemory: false`. */
  object: string | null;
  /** What the binding's filter gave for the object; none when the binding has no filter. */
  filterResult: string | null;
}

/** Which half of an entry a pointer looks into. */
export type SnapshotsPart = "object" | "filter-result";

/** The objects of one binding, ordered by namespace, then name. */
export interface SnapshotsSnapshot {
  /** Number of entries. */
  len(): number;
  /** The entry at `index` (from 0); none past the end. */
  get(index: number): SnapshotsEntry | null;
  /**
   * Entries from `start`, at most `count`. The host may return fewer to bound one transfer, but returns none
   * only past the end: go on from where the answer ended.
   */
  range(start: number, count: number): SnapshotsEntry[];
  /**
   * As `range`, with objects that have nothing but the named fields: what a hook does not look at is neither
   * copied into it nor parsed by it. A field is named by a JSON Pointer in which arrays are no step:
   * `/spec/containers/image` keeps the image of every container. A field that is there stays where it is, with all
   * that is below it; what lies on the way to one and is neither object nor array stays as it is. Filters'
   * results are whole. `ignore-case`: keys may be in another case than the field's, and all is kept of one that is
   * not written in plain ASCII. Refused with `invalid-pointer` when a pointer is malformed or there are more
   * than 256.
   */
  select(start: number, count: number, fields: string[], ignoreCase: boolean): SnapshotsEntry[];
  /**
   * One part of an entry by JSON Pointer (RFC 6901), such as `/metadata/name`. None when the entry or the
   * part is absent; refused with `invalid-pointer` when the pointer is malformed.
   */
  pointer(index: number, part: SnapshotsPart, pointer: string): string | null;
}

/** Why a hook failed. */
export interface TypesError {
  /** For a person: what went wrong. Shown in the log, the journal and the run's status. */
  message: string;
  /** Whether and when to try again. */
  retry: TypesRetry;
}

/** Why the host refused a call. The run goes on; the hook decides what to make of it. */
export interface TypesRefusal {
  /** A stable word to match on, such as `invalid-json`, `invalid-path` or `not-granted`. New words may appear. */
  code: string;
  /** For a person: what was wrong and where. */
  message: string;
}

/** What the host should do with a run that failed. */
export type TypesRetry =
  | { tag: "back-off" }
  | { tag: "after"; val: number }
  | { tag: "never" };

/**
 * Lazy reading of the objects that this hook's `kubernetes` bindings select.
 *
 * Nothing is copied into the hook until it asks: a run that reads k of N objects costs O(k). A snapshot does not
 * change during a run, and is valid only in the run that opened it.
 */
export interface Snapshots {
  /** Names of all bindings whose snapshots this run may open. */
  names(): string[];
  /** The snapshot of the named binding; none when the run has no such snapshot. */
  open(binding: string): SnapshotsSnapshot | null;
}

/**
 * Values of the module that the hook belongs to. Paths are JSON Pointers (RFC 6901); the empty path is the whole
 * document. A hook sees its own writes; they take effect outside only when the run succeeds.
 */
export interface Values {
  /** The value at `path`; none when there is none. */
  get(path: string): string | null;
  /** Whether there is a value at `path`. */
  exists(path: string): boolean;
  /** Put `value` at `path`; its parent must exist. */
  set(path: string, value: string): void;
  /** Remove the value at `path`; refused with `no-such-path` when there is none. */
  remove(path: string): void;
}

/**
 * Config values: what the cluster's administrator set for the module. Works as `values` does; a write changes the
 * stored configuration.
 */
export interface ConfigValues {
  /** The value at `path`; none when there is none. */
  get(path: string): string | null;
  /** Whether there is a value at `path`. */
  exists(path: string): boolean;
  /** Put `value` at `path`; its parent must exist. */
  set(path: string, value: string): void;
  /** Remove the value at `path`; refused with `no-such-path` when there is none. */
  remove(path: string): void;
}

/**
 * Changes to Kubernetes objects. A call records the change; nothing is written while the hook runs. When the run
 * succeeded, the host checks and applies the recorded changes in their order.
 */
export interface ObjectPatches {
  /** Create `object`, a whole manifest with `apiVersion`, `kind` and `metadata.name`. */
  create(object: string, mode: ObjectPatchesCreateMode): void;
  /** Delete an object. A missing one is not an error. */
  delete(object: ObjectPatchesObjectRef, propagation: ObjectPatchesPropagation): void;
  /** Apply a JSON Merge Patch (RFC 7396): `patch` is an object. */
  mergePatch(object: ObjectPatchesObjectRef, patch: string, options: ObjectPatchesPatchOptions): void;
  /** Apply a JSON Patch (RFC 6902): `patch` is an array of operations. */
  jsonPatch(object: ObjectPatchesObjectRef, patch: string, options: ObjectPatchesPatchOptions): void;
  /** Replace the object by what the jq `filter` makes of it. */
  jqPatch(object: ObjectPatchesObjectRef, filter: string, options: ObjectPatchesPatchOptions): void;
}

/**
 * Metrics of the hook, exposed by the host for Prometheus. Recorded while the hook runs, applied when the run
 * succeeded. A metric without a group belongs to the group of the hook itself; all series of each group named in a
 * run are replaced by those the run gives.
 */
export interface Metrics {
  /** Add `value` to a counter. Refused when negative or not finite. */
  add(name: string, value: number, labels: Array<[string, string]>, group: string | null): void;
  /** Set a gauge. */
  set(name: string, value: number, labels: Array<[string, string]>, group: string | null): void;
  /** Put an observation into a histogram with these upper bounds. */
  observe(name: string, value: number, buckets: number[], labels: Array<[string, string]>, group: string | null): void;
  /** Remove all series of the group; none means the group of the hook itself. */
  expire(group: string | null): void;
}

/** Structured log of the hook. Standard output and standard error are logged too, line by line. */
export interface Log {
  /** Write one record. */
  log(level: LogLevel, message: string, fields: Array<[string, string]>): void;
}

/**
 * Reads of the cluster beyond snapshots, under the identity of the hook's tenant. Each must be granted, for its group,
 * kind, namespace and verb, and the cluster's own access control has its say. A watched object costs nothing to read;
 * one that is read here costs a request and a wait each time.
 *
 * Codes of refusals: `not-granted` (the message says which grant to ask for), `forbidden` (the cluster's access control),
 * `unknown-kind`, `invalid-argument`, `expired` (of a listing: begin anew), `too-large` (select less), `unavailable`
 * (trying again later makes sense), `no-cluster`.
 */
export interface Cluster {
  /** One object; none when there is none. `namespace` is none for cluster-scoped objects. */
  get(apiVersion: string, kind: string, namespace: string | null, name: string): string | null;
  /** One page of objects. */
  list(apiVersion: string, kind: string, selection: ClusterSelection): ClusterPage;
}

/**
 * HTTP requests, one call for each, for languages whose own clients do not speak `wasi:http`. What goes out is checked
 * as a request by `wasi:http` is: each must be granted, for its scheme, host, port and method.
 *
 * Codes of refusals: `not-granted` (the message says which grant to ask for), `invalid-argument`, `unreachable` (no
 * address, no connection, or no TLS with it), `timed-out`, `broken` (the answer is no HTTP, or ends too early),
 * `too-large` (the answer has more than the request allows).
 */
export interface Http {
  /** Send a request and wait for the whole answer. */
  send(request: HttpRequest): HttpResponse;
}

/** Optional export: filters in the hook's own language, in place of jq filters. */
export interface Filters {
  /**
   * The filter's result for each of `objects`, in their order. Called with many objects at once. Must give the
   * same result for the same object.
   */
  filter(hook: string, binding: string, objects: string[]): Array<{ tag: "ok"; val: string } | { tag: "err"; val: TypesError }>;
}

/** Optional export: admission webhooks (`kubernetesValidating`, `kubernetesMutating`). */
export interface Admission {
  /** Answer a validating review. `request` is the `request` of an AdmissionReview v1. */
  validate(hook: string, binding: string, request: string): AdmissionResponse;
  /** Answer a mutating review. */
  mutate(hook: string, binding: string, request: string): AdmissionResponse;
}

/** Optional export: conversion of custom resources between versions (`kubernetesCustomResourceConversion`). */
export interface Conversion {
  /**
   * Convert each of `objects` from one version to another, in their order. Versions are written as in the
   * binding's configuration.
   */
  convert(hook: string, binding: string, fromVersion: string, toVersion: string, objects: string[]): string[];
}

/** What every component exports: its hooks. */
export interface Hooks {
  /** The component's hooks. Called once when the component is loaded, with no snapshots and no values. */
  describe(): HooksHook[];
  /** Run the named hook for these reasons, at least one, oldest first. */
  run(hook: string, contexts: ContextsBindingContext[]): void;
}

/** What the host offers. */
export interface Imports {
  snapshots: Snapshots;
  values: Values;
  configValues: ConfigValues;
  objectPatches: ObjectPatches;
  metrics: Metrics;
  log: Log;
  cluster: Cluster;
  http: Http;
}

/** What a component does. */
export interface Exports {
  filters: Filters;
  admission: Admission;
  conversion: Conversion;
  hooks: Hooks;
}
