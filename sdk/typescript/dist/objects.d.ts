/** A Kubernetes object of any kind. */
export interface KubernetesObject {
    apiVersion?: string;
    kind?: string;
    metadata?: ObjectMeta;
    [field: string]: any;
}
/** What every object says of itself. */
export interface ObjectMeta {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    [field: string]: any;
}
/** Which object is meant. */
export interface ObjectRef {
    /** Group and version; the kind's preferred version when left out. */
    apiVersion?: string;
    kind: string;
    /** Left out for cluster-scoped objects. */
    namespace?: string;
    name: string;
}
/** A manifest of a ConfigMap. */
export declare function configMap(namespace: string, name: string, data?: Record<string, string>): KubernetesObject;
/** Which object a manifest is of. */
export declare function refOf(object: ObjectRef | KubernetesObject): ObjectRef;
