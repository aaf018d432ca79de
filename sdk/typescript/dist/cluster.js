import { ask, parsed } from "./host.js";
import { refOf } from "./objects.js";
import { some, text, whole } from "./text.js";
/**
 * Reads objects during a run, as far as it was granted. What is watched costs nothing to read; here each read is a
 * request. What is not granted is thrown as a `Refused` with the code `not-granted`.
 */
export class Cluster {
    /** An object; none where there is none. */
    get(which) {
        const { apiVersion, kind, namespace, name } = refOf(which);
        return parsed(ask((host) => host.cluster.get(apiVersion ?? "", kind, namespace ?? null, name)));
    }
    /** The objects of a kind. Further pages are asked for when they are needed. */
    *list(apiVersion, kind, which = {}) {
        const [version, named] = [text(apiVersion, "the apiVersion of a listing"), text(kind, "the kind of a listing")];
        let after = null;
        do {
            const selection = {
                namespace: some(which.namespace, "the namespace of a listing"),
                labelSelector: some(which.labelSelector, "labelSelector"),
                fieldSelector: some(which.fieldSelector, "fieldSelector"),
                limit: whole(which.pageSize, "pageSize"),
                after,
            };
            const page = ask((host) => host.cluster.list(version, named, selection));
            for (const object of page.objects)
                yield JSON.parse(object);
            after = page.next;
        } while (after != null);
    }
}
