import { type KubernetesObject, type ObjectRef } from "./objects.js";
/** How a patch is applied. */
export interface PatchOptions {
    /** Subresource to patch: `status`. */
    subresource?: string;
    /** A missing object is no error. */
    ignoreMissingObject?: boolean;
    /** Applies it even when the hook fails afterwards; honoured for the subresource `status` only. */
    ignoreHookError?: boolean;
}
/** One operation of a JSON Patch (RFC 6902). */
export type JsonPatchOperation = {
    /** Puts a value, replaces what is there, or fails if it is another. */
    op: "add" | "replace" | "test";
    /** A JSON Pointer. */
    path: string;
    /** The value. */
    value: unknown;
} | {
    /** Removes what is there. */
    op: "remove";
    /** A JSON Pointer. */
    path: string;
} | {
    /** Takes what is somewhere else. */
    op: "move" | "copy";
    /** A JSON Pointer to it. */
    from: string;
    /** A JSON Pointer to where it goes. */
    path: string;
};
/** Changes objects. A call records the change: the host applies all of them, in their order, when the run succeeded. */
export declare class Patch {
    /** Makes an object, a whole manifest. One that is there already is an error. */
    create(object: object): void;
    /** Leaves one that is there as it is. */
    createIfNotExists(object: object): void;
    /** Replaces one that is there. */
    createOrUpdate(object: object): void;
    /** Takes an object away, those that it owns first, and waits until it is gone. One that is not there is no error. */
    delete(object: ObjectRef | KubernetesObject): void;
    /** Does not wait. */
    deleteInBackground(object: ObjectRef | KubernetesObject): void;
    /** Leaves what it owns. */
    deleteNonCascading(object: ObjectRef | KubernetesObject): void;
    /** Applies a JSON Merge Patch. */
    merge(object: ObjectRef | KubernetesObject, patch: object, options?: PatchOptions): void;
    /** Applies a JSON Patch. */
    json(object: ObjectRef | KubernetesObject, operations: readonly JsonPatchOperation[], options?: PatchOptions): void;
    /** Replaces the object by what a jq filter makes of it. */
    jq(object: ObjectRef | KubernetesObject, filter: string, options?: PatchOptions): void;
}
