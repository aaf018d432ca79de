import type { ContextsBindingContext, SnapshotsSnapshot } from "./bindings/contract.js";
import type { WatchEvent } from "./config.js";
import type { KubernetesObject } from "./objects.js";
/** What of the objects is wanted. */
export interface ObjectFields {
    /**
     * JSON Pointers of fields, in which arrays are no step: `/spec/containers/image` keeps the image of every container.
     * `apiVersion`, `kind`, name and namespace are always there. Everything when left out.
     */
    fields?: readonly string[];
}
/** One object of a snapshot. It is read when it is asked for, as a whole or in parts. */
export declare class Entry<T = KubernetesObject, F = unknown> {
    #private;
    /** @internal */
    constructor(of: SnapshotsSnapshot, index: number);
    /** The object; none where only filter results are kept. Each reading gives another copy. */
    get object(): T | undefined;
    /** What the binding's filter gave; none where it has no filter. */
    get filterResult(): F | undefined;
    /** One part of the object, by JSON Pointer: `/metadata/name`. Nothing else of it is copied. */
    objectAt<V = unknown>(pointer: string): V | undefined;
    /** The same for the filter's result. */
    filterResultAt<V = unknown>(pointer: string): V | undefined;
}
/**
 * The objects of a binding, ordered by namespace, then name. Nothing of it is copied into the hook until it is asked for.
 *
 *     for (const pod of input.snapshot("pods")) names.push(pod.objectAt("/metadata/name"));
 */
export declare class Snapshot<T = KubernetesObject, F = unknown> implements Iterable<Entry<T, F>> {
    #private;
    /** Name of the binding. */
    readonly binding: string;
    /** @internal */
    constructor(binding: string, raw: SnapshotsSnapshot | null);
    /** How many objects there are. */
    get length(): number;
    /** The entry at a place from 0, or from the end where it is negative. */
    at(index: number): Entry<T, F> | undefined;
    /** All entries. What is not asked of them is not read. */
    [Symbol.iterator](): Generator<Entry<T, F>, void, undefined>;
    /**
     * All objects. Where `fields` names what the hook looks at, nothing else of them is copied or parsed, which takes a
     * fraction of the time.
     */
    objects({ fields }?: ObjectFields): T[];
    /** The filter's results for all objects. */
    filterResults(): F[];
}
/** Why a run happens. New words may appear. */
export type ContextKind = "Schedule" | "Synchronization" | "Event" | "Group";
/** One reason for a run. It is read when it is asked for. */
export declare class Context<T = KubernetesObject, F = unknown> {
    #private;
    /** @internal */
    constructor(raw: ContextsBindingContext);
    /** Name of the binding: `onStartup`, or its `name`. */
    get binding(): string;
    /** What happened; none for `onStartup`. */
    get kind(): ContextKind | undefined;
    /** Name of the group, for the kind `Group`. */
    get group(): string | undefined;
    /** How the object changed, for the kind `Event`. */
    get watchEvent(): WatchEvent | undefined;
    /** The object as it was at the event. */
    get object(): T | undefined;
    /** The filter's result at the event. */
    get filterResult(): F | undefined;
    /** A part of the object, by JSON Pointer. */
    objectAt<V = unknown>(pointer: string): V | undefined;
    /** The objects of the binding, for the kind `Synchronization`. */
    get objects(): Snapshot<T, F>;
    /** Names of the snapshots that belong to it. */
    get snapshotNames(): string[];
    /** The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds. */
    toJSON(): unknown;
}
