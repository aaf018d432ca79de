import { ask, parsed, some } from "./host.js";
import { refOf } from "./objects.js";
/**
 * Reads objects during a run, as far as it was granted. What is watched costs nothing to read; here each read is a
 * request. What is not granted is thrown as a `Refused` with the code `not-granted`.
 */
export class Cluster {
    /** An object; none where there is none. */
    get(which) {
        const { apiVersion, kind, namespace, name } = refOf(which);
        return parsed(ask((host) => host.cluster.get(apiVersion ?? "", kind, some(namespace), name)));
    }
    /** The objects of a kind. Further pages are asked for when they are needed. */
    *list(apiVersion, kind, which = {}) {
        let after = null;
        do {
            const selection = {
                namespace: some(which.namespace),
                labelSelector: some(which.labelSelector),
                fieldSelector: some(which.fieldSelector),
                limit: which.pageSize ?? null,
                after,
            };
            const page = ask((host) => host.cluster.list(apiVersion, kind, selection));
            for (const object of page.objects)
                yield JSON.parse(object);
            after = page.next;
        } while (after != null);
    }
}
