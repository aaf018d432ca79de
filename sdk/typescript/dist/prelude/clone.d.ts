/** `structuredClone`, of what a hook has. */
export declare function clone<T>(value: T, seen?: Map<unknown, unknown>): T;
