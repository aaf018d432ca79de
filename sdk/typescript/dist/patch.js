import { ask, json } from "./host.js";
import { refOf } from "./objects.js";
import { some, text } from "./text.js";
/** Changes objects. A call records the change: the host applies all of them, in their order, when the run succeeded. */
export class Patch {
    /** Makes an object, a whole manifest. One that is there already is an error. */
    create(object) {
        ask((host) => host.objectPatches.create(json(object, "the object"), "fail-if-exists"));
    }
    /** Leaves one that is there as it is. */
    createIfNotExists(object) {
        ask((host) => host.objectPatches.create(json(object, "the object"), "keep-existing"));
    }
    /** Replaces one that is there. */
    createOrUpdate(object) {
        ask((host) => host.objectPatches.create(json(object, "the object"), "replace-existing"));
    }
    /** Takes an object away, those that it owns first, and waits until it is gone. One that is not there is no error. */
    delete(object) {
        ask((host) => host.objectPatches.delete(raw(object), "foreground"));
    }
    /** Does not wait. */
    deleteInBackground(object) {
        ask((host) => host.objectPatches.delete(raw(object), "background"));
    }
    /** Leaves what it owns. */
    deleteNonCascading(object) {
        ask((host) => host.objectPatches.delete(raw(object), "orphan"));
    }
    /** Applies a JSON Merge Patch. */
    merge(object, patch, options) {
        ask((host) => host.objectPatches.mergePatch(raw(object), json(patch, "the patch"), how(options)));
    }
    /** Applies a JSON Patch. */
    json(object, operations, options) {
        ask((host) => host.objectPatches.jsonPatch(raw(object), json(operations, "the patch"), how(options)));
    }
    /** Replaces the object by what a jq filter makes of it. */
    jq(object, filter, options) {
        ask((host) => host.objectPatches.jqPatch(raw(object), text(filter, "the jq filter"), how(options)));
    }
}
function raw(object) {
    const { apiVersion, kind, namespace, name } = refOf(object);
    return { apiVersion: apiVersion ?? null, kind, namespace: namespace ?? null, name };
}
function how(options = {}) {
    return {
        subresource: some(options.subresource, "the subresource"),
        ignoreMissingObject: Boolean(options.ignoreMissingObject),
        ignoreHookError: Boolean(options.ignoreHookError),
    };
}
