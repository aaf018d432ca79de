import type { ContextsBindingContext, SnapshotsEntry, SnapshotsSnapshot } from "./bindings/contract.js";
import type { WatchEvent } from "./config.js";
import { ask, parsed } from "./host.js";
import type { KubernetesObject } from "./objects.js";
import { text } from "./text.js";

/** Entries that are asked for at a time. */
const PAGE = 256;

/** By what an object is named: enough to change it. */
const IDENTITY = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"];

/** What of the objects is wanted. */
export interface ObjectFields {
  /**
   * JSON Pointers of fields, in which arrays are no step: `/spec/containers/image` keeps the image of every container.
   * `apiVersion`, `kind`, name and namespace are always there. Everything when left out.
   */
  fields?: readonly string[];
}

/** One object of a snapshot. It is read when it is asked for, as a whole or in parts. */
export class Entry<T = KubernetesObject, F = unknown> {
  readonly #of: SnapshotsSnapshot;
  readonly #index: number;
  #raw: SnapshotsEntry | null | undefined;

  /** @internal */
  constructor(of: SnapshotsSnapshot, index: number) {
    this.#of = of;
    this.#index = index;
  }

  /** The object; none where only filter results are kept. Each reading gives another copy. */
  get object(): T | undefined {
    return parsed<T>(this.#read()?.object);
  }

  /** What the binding's filter gave; none where it has no filter. */
  get filterResult(): F | undefined {
    return parsed<F>(this.#read()?.filterResult);
  }

  /** One part of the object, by JSON Pointer: `/metadata/name`. Nothing else of it is copied. */
  objectAt<V = unknown>(pointer: string): V | undefined {
    return parsed<V>(ask(() => this.#of.pointer(this.#index, "object", text(pointer, "a JSON Pointer"))));
  }

  /** The same for the filter's result. */
  filterResultAt<V = unknown>(pointer: string): V | undefined {
    return parsed<V>(ask(() => this.#of.pointer(this.#index, "filter-result", text(pointer, "a JSON Pointer"))));
  }

  #read(): SnapshotsEntry | null {
    if (this.#raw === undefined) this.#raw = this.#of.get(this.#index);
    return this.#raw;
  }
}

/**
 * The objects of a binding, ordered by namespace, then name. Nothing of it is copied into the hook until it is asked for.
 *
 *     for (const pod of input.snapshot("pods")) names.push(pod.objectAt("/metadata/name"));
 */
export class Snapshot<T = KubernetesObject, F = unknown> implements Iterable<Entry<T, F>> {
  /** Name of the binding. */
  readonly binding: string;
  readonly #raw: SnapshotsSnapshot | null;

  /** @internal */
  constructor(binding: string, raw: SnapshotsSnapshot | null) {
    this.binding = binding;
    this.#raw = raw;
  }

  /** How many objects there are. */
  get length(): number {
    return this.#raw?.len() ?? 0;
  }

  /** The entry at a place from 0, or from the end where it is negative. */
  at(index: number): Entry<T, F> | undefined {
    const length = this.length;
    const place = index < 0 ? length + index : index;
    if (!this.#raw || !Number.isInteger(place) || place < 0 || place >= length) return undefined;
    return new Entry<T, F>(this.#raw, place);
  }

  /** All entries. What is not asked of them is not read. */
  *[Symbol.iterator](): Generator<Entry<T, F>, void, undefined> {
    const length = this.length;
    for (let at = 0; this.#raw && at < length; at++) yield new Entry<T, F>(this.#raw, at);
  }

  /**
   * All objects. Where `fields` names what the hook looks at, nothing else of them is copied or parsed, which takes a
   * fraction of the time.
   */
  objects({ fields }: ObjectFields = {}): T[] {
    return this.#all("object", fields && [...IDENTITY, ...fields.map((field) => text(field, "a field of objects"))]);
  }

  /** The filter's results for all objects. */
  filterResults(): F[] {
    return this.#all("filterResult");
  }

  #all<V>(what: "object" | "filterResult", fields?: string[]): V[] {
    const all: V[] = [];
    const raw = this.#raw;
    while (raw) {
      const at = all.length;
      const page = fields ? ask(() => raw.select(at, PAGE, fields, false)) : raw.range(at, PAGE);
      if (page.length === 0) break;
      for (const entry of page) {
        const text = entry[what];
        if (text == null) {
          const missing = what === "object" ? "object" : "filter result";
          throw new Error(`snapshot ${JSON.stringify(this.binding)}, entry ${all.length}: there is no ${missing}`);
        }
        all.push(JSON.parse(text) as V);
      }
    }
    return all;
  }
}

/** Why a run happens. New words may appear. */
export type ContextKind = "Schedule" | "Synchronization" | "Event" | "Group";

/** One reason for a run. It is read when it is asked for. */
export class Context<T = KubernetesObject, F = unknown> {
  readonly #raw: ContextsBindingContext;

  /** @internal */
  constructor(raw: ContextsBindingContext) {
    this.#raw = raw;
  }

  /** Name of the binding: `onStartup`, or its `name`. */
  get binding(): string {
    return this.#raw.binding();
  }

  /** What happened; none for `onStartup`. */
  get kind(): ContextKind | undefined {
    return (this.#raw.kind() as ContextKind | null) ?? undefined;
  }

  /** Name of the group, for the kind `Group`. */
  get group(): string | undefined {
    return this.#raw.group() ?? undefined;
  }

  /** How the object changed, for the kind `Event`. */
  get watchEvent(): WatchEvent | undefined {
    return (this.#raw.watchEvent() as WatchEvent | null) ?? undefined;
  }

  /** The object as it was at the event. */
  get object(): T | undefined {
    return parsed<T>(this.#raw.object());
  }

  /** The filter's result at the event. */
  get filterResult(): F | undefined {
    return parsed<F>(this.#raw.filterResult());
  }

  /** A part of the object, by JSON Pointer. */
  objectAt<V = unknown>(pointer: string): V | undefined {
    return parsed<V>(ask(() => this.#raw.objectPointer(text(pointer, "a JSON Pointer"))));
  }

  /** The objects of the binding, for the kind `Synchronization`. */
  get objects(): Snapshot<T, F> {
    return new Snapshot<T, F>(this.binding, this.#raw.objects());
  }

  /** Names of the snapshots that belong to it. */
  get snapshotNames(): string[] {
    return this.#raw.snapshotNames();
  }

  /** The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds. */
  toJSON(): unknown {
    return JSON.parse(this.#raw.toJson());
  }
}
