import type { AdmissionResponse } from "./bindings/contract.js";
import { Input } from "./input.js";
import type { KubernetesObject } from "./objects.js";
/** The `request` of an AdmissionReview v1. */
export interface AdmissionRequest {
    /** Tells requests apart. */
    uid: string;
    /** What is asked for. */
    operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
    /** Name of the object; empty where the server is to choose one. */
    name?: string;
    /** Namespace of the object; none for cluster-scoped ones. */
    namespace?: string;
    /** Whether nothing will be kept of it. */
    dryRun?: boolean;
    /** The object as it is to be; none for `DELETE`. */
    object?: KubernetesObject | null;
    /** The object as it is; none for `CREATE`. */
    oldObject?: KubernetesObject | null;
    /** Who asks. */
    userInfo?: {
        /** Such as `system:serviceaccount:default:builder`. */
        username?: string;
        /** Tells users of the same name apart, over time. */
        uid?: string;
        /** Groups that the user is in. */
        groups?: string[];
        /** What else the API server knows of the user. */
        extra?: Record<string, string[]>;
    };
    [field: string]: any;
}
/** A request that a webhook is asked about. It has what a run has, snapshots too. */
export declare class Review<T = KubernetesObject> extends Input {
    #private;
    /** Name of the webhook. */
    readonly binding: string;
    /** The request as it came. */
    readonly request: AdmissionRequest;
    /** @internal */
    constructor(hook: string, binding: string, request: string);
    /** What is asked for. */
    get operation(): AdmissionRequest["operation"];
    /** Name of the object; empty where the server is to choose one. */
    get name(): string;
    /** Namespace of the object; empty for cluster-scoped ones. */
    get namespace(): string;
    /** Whether nothing will be kept of it. */
    get dryRun(): boolean;
    /** The object as it is to be; none when it is to be deleted. */
    get object(): T | undefined;
    /** The object as it was; none when it is to be created. */
    get oldObject(): T | undefined;
    /** @internal The answer as the contract has it. */
    answer(verdict: Verdict, mutates: boolean): AdmissionResponse;
}
/** The answer to a review. */
export interface Verdict {
    /** Whether the request may go on. */
    allowed: boolean;
    /** Why not, to the person who made the request. */
    message?: string;
    /** Shown to that person in any case. */
    warnings?: readonly string[];
    /** For the API server's audit log. */
    audit?: Record<string, string>;
    /** What the object becomes; for `mutate` only. Left out it stays as it is. */
    object?: object;
}
/** Lets a request go on. */
export declare function allow(...warnings: string[]): Verdict;
/** Refuses a request. */
export declare function deny(message: string): Verdict;
/** Lets a request go on with another object. Only what differs is sent; the object of the review may be changed for it. */
export declare function change(object: object): Verdict;
