import type { KubernetesObject } from "./objects.js";
/** What a hook is run for: the document of `configVersion: v1`, as shell-operator has it. */
export interface Config {
    /** Runs the hook once at the start, hooks with smaller numbers first. */
    onStartup?: number;
    /** Runs it at times. */
    schedule?: Schedule[];
    /** Runs it for objects. */
    kubernetes?: KubernetesBinding[];
    /** Has it answer reviews: `validate`. */
    kubernetesValidating?: Webhook[];
    /** Has it answer reviews and change objects: `mutate`. */
    kubernetesMutating?: Webhook[];
    /** Has it convert custom resources: `convert`. */
    kubernetesCustomResourceConversion?: Conversion[];
    /** How often it may run. */
    settings?: Settings;
    /** What it wants beyond its snapshots: `{ wallClock: true }`. It grants nothing. */
    capabilities?: Record<string, unknown>;
}
/** Where and with which snapshots a binding runs. */
export interface Queued {
    /** Queue in which it runs; `main` when left out. */
    queue?: string;
    /** Group of bindings that run the hook together. */
    group?: string;
    /** The `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
    includeSnapshotsFrom?: string[];
    /** Leaves a failed run at that. */
    allowFailure?: boolean;
}
/** A time to run at. */
export interface Schedule extends Queued {
    /** Name of the binding; `schedule` when left out. */
    name?: string;
    /** Five fields, or six with seconds first. */
    crontab: string;
}
/** A change of an object. */
export type WatchEvent = "Added" | "Modified" | "Deleted";
/** Objects to run for, and to have in a snapshot. */
export interface KubernetesBinding extends Queued {
    /** Name of the binding, and of its snapshot; `kubernetes` when left out. */
    name?: string;
    /** Group and version; the preferred version of the kind when left out. */
    apiVersion?: string;
    /** Kind of the objects. */
    kind: string;
    /** Changes that run the hook: all when left out, `[]` for none. */
    executeHookOnEvent?: WatchEvent[];
    /** Whether it runs for the objects that are there at the start; yes when left out. */
    executeHookOnSynchronization?: boolean;
    /** Accepted, without effect. */
    waitForSynchronization?: boolean;
    /** Whether the snapshot holds the objects, or only the filter's results; yes when left out. */
    keepFullObjectsInMemory?: boolean;
    /** Watches only `metadata`. */
    metadataOnly?: boolean;
    /** Makes what the snapshot has for each object. */
    jqFilter?: string;
    /** Makes it in this language, in place of `jqFilter`. The same object must give the same result. */
    filter?(object: KubernetesObject): unknown;
    /** Names of the objects. */
    nameSelector?: NameSelector;
    /** Labels of the objects. */
    labelSelector?: LabelSelector;
    /** Fields of the objects. */
    fieldSelector?: FieldSelector;
    /** Namespaces in which they are; all when left out. */
    namespace?: NamespaceSelector;
}
/** Objects by name. */
export interface NameSelector {
    /** Their names. */
    matchNames: string[];
}
/** Objects by their labels. */
export interface LabelSelector {
    /** Labels that they have, with these values. */
    matchLabels?: Record<string, string>;
    /** Conditions, of which all hold. */
    matchExpressions?: LabelExpression[];
}
/** A condition on a label. */
export interface LabelExpression {
    /** The label. */
    key: string;
    /** What is true of it. */
    operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
    /** For `In` and `NotIn`. */
    values?: string[];
}
/** Objects by their fields. */
export interface FieldSelector {
    /** Conditions, of which all hold. */
    matchExpressions: FieldExpression[];
}
/** A condition on a field. */
export interface FieldExpression {
    /** Its path: `status.phase`. */
    field: string;
    /** Whether it has the value, or has not. */
    operator: "Equals" | "NotEquals";
    /** The value. */
    value: string;
}
/** Namespaces by name or by labels. */
export interface NamespaceSelector {
    /** By name. */
    nameSelector?: NameSelector;
    /** By their labels. */
    labelSelector?: LabelSelector;
}
/** How often a hook may run, and in what. */
export interface Settings {
    /** How often another run is allowed: `10s`. As often as wanted when left out. */
    executionMinInterval?: string;
    /** How many are allowed at once; 1 when left out. */
    executionBurst?: number;
    /**
     * Keep the hook's instance: what a run leaves in variables of modules is there in the next. What that gives up is in
     * docs/configuration.md.
     */
    warmInstance?: boolean;
}
/** Which requests a hook is asked about. */
export interface Webhook {
    /** A domain of at least three parts. */
    name: string;
    /** Requests, of which each is covered by one of them. */
    rules: Rule[];
    /** What no answer means; `Fail` when left out. */
    failurePolicy?: "Fail" | "Ignore";
    /** `None` when left out. */
    sideEffects?: "None" | "NoneOnDryRun";
    /** How long the API server waits; 10 when left out. */
    timeoutSeconds?: number;
    /** Labels of the objects. */
    labelSelector?: LabelSelector;
    /** Namespaces, by their labels. */
    namespace?: {
        /** Labels of the namespaces. */
        labelSelector: LabelSelector;
    };
    /** Conditions in CEL. */
    matchConditions?: MatchCondition[];
    /** Group of bindings whose snapshots belong to it. */
    group?: string;
    /** The `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
    includeSnapshotsFrom?: string[];
}
/** Requests. `*` stands for all. */
export interface Rule {
    /** Groups of the resources; `""` is the core group. */
    apiGroups: string[];
    /** Versions, without the group. */
    apiVersions: string[];
    /** What is done with them. */
    operations: ("CREATE" | "UPDATE" | "DELETE" | "CONNECT" | "*")[];
    /** Resources in the plural, with subresources behind a slash: `pods`, `pods/status`. */
    resources: string[];
    /** `*` when left out. */
    scope?: "Cluster" | "Namespaced" | "*";
}
/** A condition in CEL. */
export interface MatchCondition {
    /** Its name in messages of the API server. */
    name: string;
    /** In CEL, of `object`, `oldObject` and `request`; true for requests that the hook is asked about. */
    expression: string;
}
/** Versions of a custom resource that a hook converts. */
export interface Conversion {
    /** Name of the binding. */
    name: string;
    /** The CustomResourceDefinition: `widgets.example.com`. */
    crdName: string;
    /** From which version to which. */
    conversions: {
        /** The version that objects have. */
        fromVersion: string;
        /** The version that they are asked for in. */
        toVersion: string;
    }[];
    /** Group of bindings whose snapshots belong to it. */
    group?: string;
    /** The `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
    includeSnapshotsFrom?: string[];
}
/** The name of a binding, as snapshots and contexts have it. */
export declare function bindingName(binding: KubernetesBinding): string;
/** What keeps the document from being made, whose fields the host checks: bindings that are none. */
export declare function listFault(config: Config): string | undefined;
/** The document that the host reads. A binding that says nothing of snapshots has those of all `kubernetes` bindings. */
export declare function document(config: Config): Record<string, unknown>;
