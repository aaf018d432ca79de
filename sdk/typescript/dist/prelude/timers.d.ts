/** `setTimeout`. */
export declare function setTimer(of: (...given: unknown[]) => void, delay?: number, ...given: unknown[]): number;
/** `clearTimeout`. */
export declare function clearTimer(id?: unknown): void;
/** `setInterval`. */
export declare function setRepeated(): never;
/** The value of what may be a promise. All that it waits for happens within the call. */
export declare function settle(value: unknown): unknown;
