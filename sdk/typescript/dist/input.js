import { Cluster } from "./cluster.js";
import { host } from "./host.js";
import { Http } from "./http.js";
import { Log } from "./log.js";
import { Metrics } from "./metrics.js";
import { Patch } from "./patch.js";
import { Context, Snapshot } from "./snapshot.js";
import { text } from "./text.js";
import { Values } from "./values.js";
/** What a run has. */
export class Input {
    /** Name of the hook. */
    hook;
    /** The reasons for the run, at least one, oldest first. None in reviews. */
    contexts;
    /** Values of the module. */
    values = new Values("values");
    /** What the cluster's administrator set for the module. */
    configValues = new Values("configValues");
    /** Changes objects when the run succeeded. */
    patch = new Patch();
    /** Metrics of the hook. */
    metrics = new Metrics();
    /** Reads what was granted. */
    cluster = new Cluster();
    /** Requests to what was granted. */
    http = new Http();
    /** Writes to the operator's log. */
    log = new Log();
    #snapshots = new Map();
    /** @internal */
    constructor(hook, contexts) {
        this.hook = hook;
        this.contexts = contexts.map((context) => new Context(context));
    }
    /** The snapshot of a binding; it is empty where the run has none of this name. */
    snapshot(binding) {
        let snapshot = this.#snapshots.get(binding);
        if (!snapshot) {
            snapshot = new Snapshot(binding, host().snapshots.open(text(binding, "the name of a binding")));
            this.#snapshots.set(binding, snapshot);
        }
        return snapshot;
    }
    /** Names of all snapshots of the run. */
    get snapshotNames() {
        return host().snapshots.names();
    }
    /** All objects of a binding, or named fields of them: `input.objects<Pod>("pods", { fields: ["/spec/nodeName"] })`. */
    objects(binding, what) {
        return this.snapshot(binding).objects(what);
    }
    /** The filter's results for all objects of a binding. */
    filterResults(binding) {
        return this.snapshot(binding).filterResults();
    }
}
