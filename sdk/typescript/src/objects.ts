/** A Kubernetes object of any kind. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  // Objects have the fields of their kind.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
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
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
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
export function configMap(namespace: string, name: string, data?: Record<string, string>): KubernetesObject {
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
  return data ? { ...map, data } : map;
}

/** Which object a manifest is of. */
export function refOf(object: ObjectRef | KubernetesObject): ObjectRef {
  const { apiVersion, kind, metadata } = object as KubernetesObject;
  if (!metadata) return object as ObjectRef;
  if (!kind || !metadata.name) throw new TypeError("an object to refer to has `kind` and `metadata.name`");
  const ref: ObjectRef = { kind, name: metadata.name };
  if (apiVersion) ref.apiVersion = apiVersion;
  if (metadata.namespace) ref.namespace = metadata.namespace;
  return ref;
}
