import type { TypesRefusal } from "../bindings/contract.js";
/** A refusal as a component's host throws it. */
export declare function refusal(code: string, message: string): Error & {
    payload: TypesRefusal;
};
/** Bytes of a text as the host counts it. */
export declare const bytes: (text: string) => number;
/** Deepest nesting of a document. */
export declare const DEEPEST = 100;
export declare function tooDeep(): Error;
/** A document as the real host reads it: no key twice, no half of a character, numbers that there are, and not nested too deeply. */
export declare function read(text: string): unknown;
/** How deeply arrays and objects are nested; 0 for anything else. */
export declare function depthOf(tree: unknown): number;
