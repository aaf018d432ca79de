import { shown, text } from "./text.js";
/** A manifest of a ConfigMap. */
export function configMap(namespace, name, data) {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
    return data ? { ...map, data } : map;
}
/** Which object a manifest is of. */
export function refOf(object) {
    if (typeof object !== "object" || object === null) {
        throw new TypeError(`an object is named by a manifest or { apiVersion, kind, namespace, name }, not by ${shown(object)}`);
    }
    const { apiVersion, kind, metadata } = object;
    const { name, namespace } = metadata ?? object;
    const within = metadata ? "metadata." : "";
    const named = (value, field) => text(value, `\`${field}\` of the object to refer to`);
    const ref = { kind: named(kind, "kind"), name: named(name, `${within}name`) };
    if (apiVersion)
        ref.apiVersion = named(apiVersion, "apiVersion");
    if (namespace)
        ref.namespace = named(namespace, `${within}namespace`);
    return ref;
}
