/** A manifest of a ConfigMap. */
export function configMap(namespace, name, data) {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
    return data ? { ...map, data } : map;
}
/** Which object a manifest is of. */
export function refOf(object) {
    const { apiVersion, kind, metadata } = object;
    if (!metadata)
        return object;
    if (!kind || !metadata.name)
        throw new TypeError("an object to refer to has `kind` and `metadata.name`");
    const ref = { kind, name: metadata.name };
    if (apiVersion)
        ref.apiVersion = apiVersion;
    if (metadata.namespace)
        ref.namespace = metadata.namespace;
    return ref;
}
