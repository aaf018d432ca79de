// `AbortController` and `AbortSignal`, as far as they make sense where a request is one call: a time limit, and not to
// begin at all.
/** `AbortSignal`. */
export class HookAbortSignal {
    aborted = false;
    reason = undefined;
    /** How long a request with it may take, in milliseconds. */
    timeLimit = undefined;
    onabort = null;
    #listeners = new Set();
    static abort(reason) {
        const signal = new HookAbortSignal();
        signal.fire(reason);
        return signal;
    }
    static timeout(milliseconds) {
        const signal = new HookAbortSignal();
        signal.timeLimit = milliseconds;
        return signal;
    }
    static any(signals) {
        const one = new HookAbortSignal();
        for (const signal of signals) {
            if (signal.aborted)
                one.fire(signal.reason);
            signal.addEventListener("abort", () => one.fire(signal.reason));
            const limit = signal.timeLimit ?? Number.POSITIVE_INFINITY;
            if (limit < (one.timeLimit ?? Number.POSITIVE_INFINITY))
                one.timeLimit = limit;
        }
        return one;
    }
    get [Symbol.toStringTag]() {
        return "AbortSignal";
    }
    throwIfAborted() {
        if (this.aborted)
            throw this.reason;
    }
    addEventListener(kind, listener) {
        if (kind === "abort")
            this.#listeners.add(listener);
    }
    removeEventListener(kind, listener) {
        if (kind === "abort")
            this.#listeners.delete(listener);
    }
    /** Only its controller does. */
    fire(reason) {
        if (this.aborted)
            return;
        this.aborted = true;
        this.reason = reason === undefined ? aborted() : reason;
        const event = { type: "abort" };
        this.onabort?.(event);
        for (const listener of this.#listeners)
            listener(event);
    }
}
function aborted() {
    const error = new Error("the operation was aborted");
    error.name = "AbortError";
    return error;
}
/** `AbortController`. */
export class HookAbortController {
    signal = new HookAbortSignal();
    get [Symbol.toStringTag]() {
        return "AbortController";
    }
    abort(reason) {
        this.signal.fire(reason);
    }
}
