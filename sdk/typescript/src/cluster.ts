import type { ClusterPage, ClusterSelection } from "./bindings/contract.js";
import { ask, parsed } from "./host.js";
import { type KubernetesObject, type ObjectRef, refOf } from "./objects.js";
import { some, text, whole } from "./text.js";

/** Which objects to list. */
export interface Selection {
  /** Left out for all of them, and for cluster-scoped objects. */
  namespace?: string;
  /** As kubectl's `--selector` has it. */
  labelSelector?: string;
  /** As kubectl's `--field-selector` has it. */
  fieldSelector?: string;
  /** Objects of one request at most; 500 when left out. */
  pageSize?: number;
}

/**
 * Reads objects during a run, as far as it was granted. What is watched costs nothing to read; here each read is a
 * request. What is not granted is thrown as a `Refused` with the code `not-granted`.
 */
export class Cluster {
  /** An object; none where there is none. */
  get<T = KubernetesObject>(which: ObjectRef & { apiVersion: string }): T | undefined {
    const { apiVersion, kind, namespace, name } = refOf(which);
    return parsed<T>(ask((host) => host.cluster.get(apiVersion ?? "", kind, namespace ?? null, name)));
  }

  /** The objects of a kind. Further pages are asked for when they are needed. */
  *list<T = KubernetesObject>(apiVersion: string, kind: string, which: Selection = {}): Generator<T, void, undefined> {
    const [version, named] = [text(apiVersion, "the apiVersion of a listing"), text(kind, "the kind of a listing")];
    let after: string | null = null;
    do {
      const selection: ClusterSelection = {
        namespace: some(which.namespace, "the namespace of a listing"),
        labelSelector: some(which.labelSelector, "labelSelector"),
        fieldSelector: some(which.fieldSelector, "fieldSelector"),
        limit: whole(which.pageSize, "pageSize"),
        after,
      };
      const page: ClusterPage = ask((host) => host.cluster.list(version, named, selection));
      for (const object of page.objects) yield JSON.parse(object) as T;
      after = page.next;
    } while (after != null);
  }
}
