import type { TypesRefusal } from "../bindings/contract.js";
/** A refusal as a component's host throws it. */
export declare function refusal(code: string, message: string): Error & {
    payload: TypesRefusal;
};
type Tree = unknown;
/** A JSON document that is read and changed by JSON Pointers. */
export declare class Document {
    tree: Tree;
    constructor(tree: Tree);
    get(pointer: string, code?: string): string | null;
    set(pointer: string, text: string): void;
    remove(pointer: string): void;
}
export {};
