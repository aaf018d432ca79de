import { ask } from "./host.js";

/** Labels of a series. */
export type Labels = Record<string, string>;

/** Names and values as pairs, ordered by name. */
export function pairs(of: Record<string, string> | undefined): [string, string][] {
  return Object.entries(of ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Metrics of the hook. All series of a group that a run names are replaced by those that it gives. */
export class Metrics {
  readonly #group: string | null;

  /** @internal */
  constructor(group: string | null = null) {
    this.#group = group;
  }

  /** The metrics of a group; without one they belong to the group of the hook itself. */
  group(name: string): Metrics {
    return new Metrics(name);
  }

  /** Adds to a counter. */
  add(name: string, value: number, labels?: Labels): void {
    ask((host) => host.metrics.add(name, value, pairs(labels), this.#group));
  }

  /** Sets a gauge. */
  set(name: string, value: number, labels?: Labels): void {
    ask((host) => host.metrics.set(name, value, pairs(labels), this.#group));
  }

  /** Puts an observation into a histogram with these upper bounds. */
  observe(name: string, value: number, buckets: number[], labels?: Labels): void {
    ask((host) => host.metrics.observe(name, value, buckets, pairs(labels), this.#group));
  }

  /** Removes all series of the group. */
  expire(): void {
    ask((host) => host.metrics.expire(this.#group));
  }
}
