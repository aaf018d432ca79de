import type { ObjectPatchesObjectRef, ObjectPatchesPatchOptions } from "./bindings/contract.js";
import { ask, json } from "./host.js";
import { type KubernetesObject, type ObjectRef, refOf } from "./objects.js";
import { some, text } from "./text.js";

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
export type JsonPatchOperation =
  | {
      /** Puts a value, replaces what is there, or fails if it is another. */
      op: "add" | "replace" | "test";
      /** A JSON Pointer. */
      path: string;
      /** The value. */
      value: unknown;
    }
  | {
      /** Removes what is there. */
      op: "remove";
      /** A JSON Pointer. */
      path: string;
    }
  | {
      /** Takes what is somewhere else. */
      op: "move" | "copy";
      /** A JSON Pointer to it. */
      from: string;
      /** A JSON Pointer to where it goes. */
      path: string;
    };

/** Changes objects. A call records the change: the host applies all of them, in their order, when the run succeeded. */
export class Patch {
  /** Makes an object, a whole manifest. One that is there already is an error. */
  create(object: object): void {
    ask((host) => host.objectPatches.create(json(object, "the object"), "fail-if-exists"));
  }

  /** Leaves one that is there as it is. */
  createIfNotExists(object: object): void {
    ask((host) => host.objectPatches.create(json(object, "the object"), "keep-existing"));
  }

  /** Replaces one that is there. */
  createOrUpdate(object: object): void {
    ask((host) => host.objectPatches.create(json(object, "the object"), "replace-existing"));
  }

  /** Takes an object away, those that it owns first, and waits until it is gone. One that is not there is no error. */
  delete(object: ObjectRef | KubernetesObject): void {
    ask((host) => host.objectPatches.delete(raw(object), "foreground"));
  }

  /** Does not wait. */
  deleteInBackground(object: ObjectRef | KubernetesObject): void {
    ask((host) => host.objectPatches.delete(raw(object), "background"));
  }

  /** Leaves what it owns. */
  deleteNonCascading(object: ObjectRef | KubernetesObject): void {
    ask((host) => host.objectPatches.delete(raw(object), "orphan"));
  }

  /** Applies a JSON Merge Patch. */
  merge(object: ObjectRef | KubernetesObject, patch: object, options?: PatchOptions): void {
    ask((host) => host.objectPatches.mergePatch(raw(object), json(patch, "the patch"), how(options)));
  }

  /** Applies a JSON Patch. */
  json(object: ObjectRef | KubernetesObject, operations: readonly JsonPatchOperation[], options?: PatchOptions): void {
    ask((host) => host.objectPatches.jsonPatch(raw(object), json(operations, "the patch"), how(options)));
  }

  /** Replaces the object by what a jq filter makes of it. */
  jq(object: ObjectRef | KubernetesObject, filter: string, options?: PatchOptions): void {
    ask((host) => host.objectPatches.jqPatch(raw(object), text(filter, "the jq filter"), how(options)));
  }
}

function raw(object: ObjectRef | KubernetesObject): ObjectPatchesObjectRef {
  const { apiVersion, kind, namespace, name } = refOf(object);
  return { apiVersion: apiVersion ?? null, kind, namespace: namespace ?? null, name };
}

function how(options: PatchOptions = {}): ObjectPatchesPatchOptions {
  return {
    subresource: some(options.subresource, "the subresource"),
    ignoreMissingObject: Boolean(options.ignoreMissingObject),
    ignoreHookError: Boolean(options.ignoreHookError),
  };
}
