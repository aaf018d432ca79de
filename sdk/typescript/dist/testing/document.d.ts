type Tree = unknown;
/** A JSON document that is read and changed by JSON Pointers. */
export declare class Document {
    tree: Tree;
    constructor(tree: Tree);
    get(pointer: string, code?: string): string | null;
    set(pointer: string, text: string): void;
    remove(pointer: string): void;
}
export declare function isFields(value: unknown): value is Record<string, unknown>;
/** The parts of a JSON Pointer; none when it is none. */
export declare function tokens(pointer: string): string[] | undefined;
/** A value with nothing but what these paths name; arrays are no step. */
export declare function cut(value: Tree, paths: readonly string[][], ignoreCase: boolean): Tree;
export {};
