import type { AdmissionResponse, ContextsBindingContext } from "./bindings/contract.js";
import type { Hook } from "./hook.js";
/** Runs a hook. */
export declare function run(hook: Hook, contexts: readonly ContextsBindingContext[]): unknown;
/** What the filter of a binding makes of an object. */
export declare function filter(hook: Hook, binding: string, object: string): unknown;
/** What a filter gave, as the host takes it. */
export declare function filtered(result: unknown): string;
/** Asks a hook about a request, and gives the answer of `admitted`. */
export declare function admit(hook: Hook, binding: string, request: string, mutates: boolean): {
    verdict: unknown;
    answer(verdict: unknown): AdmissionResponse;
};
/** Converts one object. */
export declare function convert(hook: Hook, binding: string, from: string, to: string, object: string): unknown;
/** What kept an object from being converted, with its name. */
export declare function unconverted(thrown: unknown, object: string): Error;
/** An object that was converted, as the host takes it. */
export declare function converted(object: unknown): string;
