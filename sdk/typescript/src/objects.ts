import { shown, text } from "./text.js";

/** A Kubernetes object of any kind. */
export interface KubernetesObject {
  /** Group and version: `apps/v1`. */
  apiVersion?: string;
  /** The kind: `Deployment`. */
  kind?: string;
  /** Name, labels and their like. */
  metadata?: ObjectMeta;
  // Objects have the fields of their kind.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
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
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
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
export function configMap(namespace: string, name: string, data?: Record<string, string>): KubernetesObject {
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
  return data ? { ...map, data } : map;
}

/** Which object a manifest is of. */
export function refOf(object: ObjectRef | KubernetesObject): ObjectRef {
  if (typeof object !== "object" || object === null) {
    throw new TypeError(`an object is named by a manifest or { apiVersion, kind, namespace, name }, not by ${shown(object)}`);
  }
  const { apiVersion, kind, metadata } = object as KubernetesObject;
  const { name, namespace } = metadata ?? (object as ObjectRef);
  const within = metadata ? "metadata." : "";
  const named = (value: unknown, field: string) => text(value, `\`${field}\` of the object to refer to`);
  const ref: ObjectRef = { kind: named(kind, "kind"), name: named(name, `${within}name`) };
  if (apiVersion) ref.apiVersion = named(apiVersion, "apiVersion");
  if (namespace) ref.namespace = named(namespace, `${within}namespace`);
  return ref;
}
