import type { ContextsBindingContext } from "./bindings/contract.js";
import { Cluster } from "./cluster.js";
import { Http } from "./http.js";
import { Log } from "./log.js";
import { Metrics } from "./metrics.js";
import type { KubernetesObject } from "./objects.js";
import { Patch } from "./patch.js";
import { Context, type ObjectFields, Snapshot } from "./snapshot.js";
import { Values } from "./values.js";
/** What a run has. */
export declare class Input {
    #private;
    /** Name of the hook. */
    readonly hook: string;
    /** The reasons for the run, at least one, oldest first. None in reviews. */
    readonly contexts: readonly Context[];
    /** Values of the module. */
    readonly values: Values;
    /** What the cluster's administrator set for the module. */
    readonly configValues: Values;
    /** Changes objects when the run succeeded. */
    readonly patch: Patch;
    /** Metrics of the hook. */
    readonly metrics: Metrics;
    /** Reads what was granted. */
    readonly cluster: Cluster;
    /** Requests to what was granted. */
    readonly http: Http;
    /** Writes to the operator's log. */
    readonly log: Log;
    /** @internal */
    constructor(hook: string, contexts: readonly ContextsBindingContext[]);
    /** The snapshot of a binding; it is empty where the run has none of this name. */
    snapshot<T = KubernetesObject, F = unknown>(binding: string): Snapshot<T, F>;
    /** Names of all snapshots of the run. */
    get snapshotNames(): string[];
    /** All objects of a binding, or named fields of them: `input.objects<Pod>("pods", { fields: ["/spec/nodeName"] })`. */
    objects<T = KubernetesObject>(binding: string, what?: ObjectFields): T[];
    /** The filter's results for all objects of a binding. */
    filterResults<F = unknown>(binding: string): F[];
}
