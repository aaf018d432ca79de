import type { AdmissionResponse, ClusterSelection, HttpRequest, ObjectPatchesObjectRef, ObjectPatchesPatchOptions } from "../bindings/contract.js";
import type { KubernetesObject } from "../objects.js";
/** A manifest that is to be created. */
export declare function manifest(text: string, alwaysNew: boolean): KubernetesObject;
/** A reference to an object, without what is empty. */
export declare function reference({ apiVersion, kind, namespace, name }: ObjectPatchesObjectRef): {
    apiVersion?: string;
    kind: string;
    namespace?: string;
    name: string;
};
/** Options of a patch, without what is empty. */
export declare function options(given: ObjectPatchesPatchOptions): Partial<Record<keyof ObjectPatchesPatchOptions, never>>;
/** A JSON Merge Patch. */
export declare function mergePatch(text: string): unknown;
/** A JSON Patch. */
export declare function jsonPatch(text: string): unknown;
/** A jq filter. */
export declare function jqFilter(filter: string): string;
/** A metric's name, value, labels and buckets. */
export declare function metric(action: "add" | "set" | "observe", name: string, value: number, labels: readonly [string, string][], buckets?: readonly number[]): void;
/** A metric group. Empty is none. */
export declare function group(of: string | null): {
    group?: string;
};
/** What a read of the cluster is about. */
export declare function reading(apiVersion: string, kind: string, namespace: string | null): void;
/** The name of an object that is read. */
export declare function name(of: string): void;
/** Which objects are listed. */
export declare function selection({ labelSelector, fieldSelector, after }: ClusterSelection): void;
/** A request over HTTP. */
export declare function request({ method, url, headers }: Pick<HttpRequest, "method" | "url" | "headers">): void;
/** The answer to a review. */
export declare function answer(of: AdmissionResponse, mutates: boolean): void;
/** What was made of so many objects. */
export declare function converted(objects: readonly string[], given: number): void;
