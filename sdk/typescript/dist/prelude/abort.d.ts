/** `AbortSignal`. */
export declare class HookAbortSignal {
    #private;
    aborted: boolean;
    reason: unknown;
    /** How long a request with it may take, in milliseconds. */
    timeLimit: number | undefined;
    onabort: ((event: {
        type: "abort";
    }) => void) | null;
    static abort(reason?: unknown): HookAbortSignal;
    static timeout(milliseconds: number): HookAbortSignal;
    static any(signals: Iterable<HookAbortSignal>): HookAbortSignal;
    get [Symbol.toStringTag](): string;
    throwIfAborted(): void;
    addEventListener(kind: string, listener: (event: {
        type: "abort";
    }) => void): void;
    removeEventListener(kind: string, listener: (event: {
        type: "abort";
    }) => void): void;
    /** Only its controller does. */
    fire(reason?: unknown): void;
}
/** `AbortController`. */
export declare class HookAbortController {
    readonly signal: HookAbortSignal;
    get [Symbol.toStringTag](): string;
    abort(reason?: unknown): void;
}
