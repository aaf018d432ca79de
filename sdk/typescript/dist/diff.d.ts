import type { JsonPatchOperation } from "./patch.js";
/** The JSON Patch that leads from one document to another. Lists that differ are replaced as a whole. */
export declare function difference(before: unknown, after: unknown): JsonPatchOperation[];
/** A key as a step of a JSON Pointer. */
export declare function escaped(key: string): string;
/** Whether two documents say the same. */
export declare function same(a: unknown, b: unknown): boolean;
