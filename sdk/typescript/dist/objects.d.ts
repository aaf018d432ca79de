/** A Kubernetes object of any kind. */
export interface KubernetesObject {
    /** Group and version: `apps/v1`. */
    apiVersion?: string;
    /** The kind: `Deployment`. */
    kind?: string;
    /** Name, labels and their like. */
    metadata?: ObjectMeta;
    [field: string]: any;
}
/** What every object says of itself. */
export interface ObjectMeta {
    /** The name. */
    name?: string;
    /** None for cluster-scoped objects. */
    namespace?: string;
    /** What selectors look at. */
    labels?: Record<string, string>;
    /** What others keep with it. */
    annotations?: Record<string, string>;
    /** Tells objects of the same name apart, over time. */
    uid?: string;
    /** Another one after each change. */
    resourceVersion?: string;
    /** When it was made, as RFC 3339 has it. */
    creationTimestamp?: string;
    /** When it was to be deleted, while finalizers keep it. */
    deletionTimestamp?: string;
    [field: string]: any;
}
/** Which object is meant. */
export interface ObjectRef {
    /** Group and version; the kind's preferred version when left out. */
    apiVersion?: string;
    /** The kind: `ConfigMap`. */
    kind: string;
    /** Left out for cluster-scoped objects. */
    namespace?: string;
    /** The name. */
    name: string;
}
/** A manifest of a ConfigMap. */
export declare function configMap(namespace: string, name: string, data?: Record<string, string>): KubernetesObject;
/** Which object a manifest is of. */
export declare function refOf(object: ObjectRef | KubernetesObject): ObjectRef;
