import { ask } from "./host.js";
/** Names and values as pairs, ordered by name. */
export function pairs(of) {
    return Object.entries(of ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
/** Metrics of the hook. All series of a group that a run names are replaced by those that it gives. */
export class Metrics {
    #group;
    /** @internal */
    constructor(group = null) {
        this.#group = group;
    }
    /** The metrics of a group; without one they belong to the group of the hook itself. */
    group(name) {
        return new Metrics(name);
    }
    /** Adds to a counter. */
    add(name, value, labels) {
        ask((host) => host.metrics.add(name, value, pairs(labels), this.#group));
    }
    /** Sets a gauge. */
    set(name, value, labels) {
        ask((host) => host.metrics.set(name, value, pairs(labels), this.#group));
    }
    /** Puts an observation into a histogram with these upper bounds. */
    observe(name, value, buckets, labels) {
        ask((host) => host.metrics.observe(name, value, buckets, pairs(labels), this.#group));
    }
    /** Removes all series of the group. */
    expire() {
        ask((host) => host.metrics.expire(this.#group));
    }
}
