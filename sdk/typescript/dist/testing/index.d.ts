/**
 * Runs hooks in tests, without a cluster and without WebAssembly.
 *
 *     test("everybody is greeted", async () => {
 *       const host = new TestHost().filterResults("names", ["Ada", "Grace"]);
 *       const effects = await host.run(greet);
 *       assert.equal(effects.object("ConfigMap", "default/greetings")?.data.text, "Hello, Ada!\nHello, Grace!");
 *     });
 *
 * @packageDocumentation
 */
import type { Hook } from "../hook.js";
import type { KubernetesObject } from "../objects.js";
import { type Effects } from "./effects.js";
import { type Answer, type ContextInit, type Request } from "./host.js";
export type { Answer, ContextInit, Request } from "./host.js";
export { type Effects, type MetricEffect, type PatchEffect, type LogRecord } from "./effects.js";
/** Why a run failed, with the advice about a retry. Its `cause` is what the hook threw, and its `stack` says where that was. */
export declare class Failure extends Error {
    /** `back-off` is the queue's growing pause, `never` that a retry makes no sense. */
    readonly retry: "back-off" | "never" | {
        /** When to try again. */
        afterMilliseconds: number;
    };
    /** What is left of the run: its patches of `status` with `ignoreHookError`, its log, and the values as they were. */
    readonly effects: Effects;
    /** @internal */
    constructor(thrown: unknown, effects: Effects);
}
/** What a webhook answers. */
export interface Answered {
    /** Whether the request may go on. */
    allowed: boolean;
    /** Why not. */
    message: string | undefined;
    /** For whoever made the request. */
    warnings: string[];
    /** For the audit log. */
    audit: Record<string, string>;
    /** A JSON Patch; none where the object stays as it is. */
    patch: unknown[] | undefined;
}
/** What a hook sees of the world in a test. */
export declare class TestHost {
    #private;
    /** The objects of a binding. */
    snapshot(binding: string, objects: readonly object[]): this;
    /**
     * What the filter of a binding gave for its objects: the first for the first of `snapshot`, and so on. Without objects, as with
     * `keepFullObjectsInMemory: false`, they are all there is.
     */
    filterResults(binding: string, results: readonly unknown[]): this;
    /** Values of the module. */
    values(values: unknown): this;
    /** Config values of the module. */
    configValues(values: unknown): this;
    /** Objects that the hook may read. */
    cluster(...objects: KubernetesObject[]): this;
    /** What is answered to requests of which the address begins so; requests to others are refused as `not-granted`. */
    http(url: string, answer: Answer | ((request: Request) => Answer)): this;
    /** Runs a hook for these reasons; for `onStartup` without any. A run that failed is rejected with a {@link Failure}. */
    run(hook: Hook, ...contexts: ContextInit[]): Promise<Effects>;
    /** Asks a hook about a request: the `request` of an AdmissionReview. */
    validate(hook: Hook, binding: string, request: object): Promise<Answered>;
    /** Asks a hook about a request, and for a change of its object. */
    mutate(hook: Hook, binding: string, request: object): Promise<Answered>;
    /** Has a hook convert objects. */
    convert(hook: Hook, from: string, to: string, ...objects: object[]): Promise<KubernetesObject[]>;
    /** What the filter of a binding makes of an object. */
    filter(hook: Hook, binding: string, object: object): Promise<unknown>;
    /** The configuration of a hook as the operator reads it. */
    config(hook: Hook): unknown;
}
