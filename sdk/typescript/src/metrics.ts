import { ask } from "./host.js";
import { number, pairs, some, text } from "./text.js";

/** Labels of a series. What is no text is written as JSON. */
export type Labels = Record<string, unknown>;

/** Metrics of the hook. All series of a group that a run names are replaced by those that it gives. */
export class Metrics {
  readonly #group: string | null;

  /** @internal */
  constructor(group: string | null = null) {
    this.#group = group;
  }

  /** The metrics of a group; without one they belong to the group of the hook itself. */
  group(name: string): Metrics {
    return new Metrics(some(name, "the name of a group"));
  }

  /** Adds to a counter. */
  add(name: string, value: number, labels?: Labels): void {
    const given = series(name, value, labels);
    ask((host) => host.metrics.add(...given, this.#group));
  }

  /** Sets a gauge. */
  set(name: string, value: number, labels?: Labels): void {
    const given = series(name, value, labels);
    ask((host) => host.metrics.set(...given, this.#group));
  }

  /** Puts an observation into a histogram with these upper bounds. */
  observe(name: string, value: number, buckets: number[], labels?: Labels): void {
    const [named, observed, pairs] = series(name, value, labels);
    const bounds = Array.from(buckets, (bound) => number(bound, `a bound of the metric ${named}`));
    ask((host) => host.metrics.observe(named, observed, bounds, pairs, this.#group));
  }

  /** Removes all series of the group. */
  expire(): void {
    ask((host) => host.metrics.expire(this.#group));
  }
}

function series(name: string, value: number, labels?: Labels): [string, number, [string, string][]] {
  const named = text(name, "the name of a metric");
  return [named, number(value, `the metric ${named}`), pairs(labels)];
}
