import { type KubernetesObject, type ObjectRef } from "./objects.js";
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
export declare class Cluster {
    /** An object; none where there is none. */
    get<T = KubernetesObject>(which: ObjectRef & {
        apiVersion: string;
    }): T | undefined;
    /** The objects of a kind. Further pages are asked for when they are needed. */
    list<T = KubernetesObject>(apiVersion: string, kind: string, which?: Selection): Generator<T, void, undefined>;
}
