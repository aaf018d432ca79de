import type { ContextsBindingContext } from "./bindings/contract.js";
import { Cluster } from "./cluster.js";
import { host } from "./host.js";
import { Http } from "./http.js";
import { Log } from "./log.js";
import { Metrics } from "./metrics.js";
import type { KubernetesObject } from "./objects.js";
import { Patch } from "./patch.js";
import { Context, type ObjectFields, Snapshot } from "./snapshot.js";
import { text } from "./text.js";
import { Values } from "./values.js";

/** What a run has. */
export class Input {
  /** Name of the hook. */
  readonly hook: string;
  /** The reasons for the run, at least one, oldest first. None in reviews. */
  readonly contexts: readonly Context[];
  /** Values of the module. */
  readonly values: Values = new Values("values");
  /** What the cluster's administrator set for the module. */
  readonly configValues: Values = new Values("configValues");
  /** Changes objects when the run succeeded. */
  readonly patch: Patch = new Patch();
  /** Metrics of the hook. */
  readonly metrics: Metrics = new Metrics();
  /** Reads what was granted. */
  readonly cluster: Cluster = new Cluster();
  /** Requests to what was granted. */
  readonly http: Http = new Http();
  /** Writes to the operator's log. */
  readonly log: Log = new Log();
  readonly #snapshots = new Map<string, Snapshot>();

  /** @internal */
  constructor(hook: string, contexts: readonly ContextsBindingContext[]) {
    this.hook = hook;
    this.contexts = contexts.map((context) => new Context(context));
  }

  /** The snapshot of a binding; it is empty where the run has none of this name. */
  snapshot<T = KubernetesObject, F = unknown>(binding: string): Snapshot<T, F> {
    let snapshot = this.#snapshots.get(binding);
    if (!snapshot) {
      snapshot = new Snapshot(binding, host().snapshots.open(text(binding, "the name of a binding")));
      this.#snapshots.set(binding, snapshot);
    }
    return snapshot as unknown as Snapshot<T, F>;
  }

  /** Names of all snapshots of the run. */
  get snapshotNames(): string[] {
    return host().snapshots.names();
  }

  /** All objects of a binding, or named fields of them: `input.objects<Pod>("pods", { fields: ["/spec/nodeName"] })`. */
  objects<T = KubernetesObject>(binding: string, what?: ObjectFields): T[] {
    return this.snapshot<T>(binding).objects(what);
  }

  /** The filter's results for all objects of a binding. */
  filterResults<F = unknown>(binding: string): F[] {
    return this.snapshot<KubernetesObject, F>(binding).filterResults();
  }
}
