import type { KubernetesObject } from "../objects.js";
import type { World } from "./host.js";
/** A change of an object. */
export interface PatchEffect {
    operation: "Create" | "CreateIfNotExists" | "CreateOrUpdate" | "Delete" | "DeleteInBackground" | "DeleteNonCascading" | "MergePatch" | "JSONPatch" | "JQPatch";
    apiVersion?: string;
    kind?: string;
    namespace?: string;
    name?: string;
    /** The manifest of one that is created. */
    object?: KubernetesObject;
    /** The patch, or the jq filter. */
    patch?: unknown;
    subresource?: string;
    ignoreMissingObject?: boolean;
    ignoreHookError?: boolean;
}
/** An operation on a metric. */
export interface MetricEffect {
    action: "add" | "set" | "observe" | "expire";
    name?: string;
    value?: number;
    buckets?: number[];
    labels?: Record<string, string>;
    group?: string;
}
/** A record of the log. */
export interface LogRecord {
    level: "debug" | "info" | "warn" | "error";
    message: string;
    fields: Record<string, string>;
}
/** What a run asked for. */
export interface Effects {
    /** Changes of objects, in their order. */
    readonly patches: PatchEffect[];
    /** Operations on metrics, in their order. */
    readonly metrics: MetricEffect[];
    /** Records of the log. */
    readonly log: LogRecord[];
    /** The values as they are afterwards. */
    readonly values: unknown;
    /** The config values as they are afterwards. */
    readonly configValues: unknown;
    /** The last manifest that was to be created, of a kind and with `namespace/name`. */
    object(kind: string, name: string): KubernetesObject | undefined;
}
/** What a run has asked for until now. */
export declare class Recorded implements Effects {
    #private;
    readonly patches: PatchEffect[];
    readonly metrics: MetricEffect[];
    readonly log: LogRecord[];
    constructor(world: World);
    get values(): unknown;
    get configValues(): unknown;
    object(kind: string, name: string): KubernetesObject | undefined;
}
