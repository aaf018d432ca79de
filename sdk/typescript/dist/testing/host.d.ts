import type { ContextsBindingContext, Imports, SnapshotsEntry } from "../bindings/contract.js";
import type { WatchEvent } from "../config.js";
import type { KubernetesObject } from "../objects.js";
import type { ContextKind } from "../snapshot.js";
import { Document } from "./document.js";
import type { Recorded } from "./effects.js";
/** One reason for a run. */
export interface ContextInit {
    /** Name of the binding. */
    binding: string;
    /** Left out for `onStartup`. */
    kind?: ContextKind;
    /** For the kind `Group`. */
    group?: string;
    /** For the kind `Event`. */
    watchEvent?: WatchEvent;
    /** What the event is about. */
    object?: object;
    /** What the filter made of it. */
    filterResult?: unknown;
    /** The objects of the binding, for the kind `Synchronization`; those of its snapshot when left out. */
    objects?: readonly object[];
}
/** A request that a hook sent. */
export interface Request {
    /** `GET` and its like. */
    method: string;
    /** Where to. */
    url: string;
    /** As the hook gave them. */
    headers: [string, string][];
    /** The body as text. */
    body: string | undefined;
}
/** What is answered. */
export interface Answer {
    /** 200 when left out. */
    status?: number;
    /** None when left out. */
    headers?: Record<string, string>;
    /** Empty when left out. */
    body?: string | Uint8Array;
    /** A body that is written as JSON. */
    json?: unknown;
}
/** What is there. */
export interface World {
    snapshots: Map<string, SnapshotsEntry[]>;
    values: Document;
    configValues: Document;
    objects: KubernetesObject[];
    answers: {
        url: string;
        answer(request: Request): Answer;
    }[];
}
/** A context as the contract has it. */
export declare function context(init: ContextInit, { snapshots }: Pick<World, "snapshots">): ContextsBindingContext;
/** A host over a world, which records what a run asks for. */
export declare function imports(world: World, effects: Recorded): Imports;
