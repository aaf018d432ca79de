/** `setTimeout`. */
export declare function setTimer(of: (...given: unknown[]) => void, delay?: number, ...given: unknown[]): number;
/** `clearTimeout`. */
export declare function clearTimer(id?: unknown): void;
/** `setInterval`. */
export declare function setRepeated(): never;
/** The value of what may be a promise. All that was started happens within the call, whether it waits for it or not. */
export declare function settle(value: unknown): unknown;
/** Drops what is left of a call, of which the next one knows nothing. */
export declare function endTimers(): void;
