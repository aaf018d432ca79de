// `AbortController` and `AbortSignal`, as far as they make sense where a request is one call: a time limit, and not to
// begin at all.

/** `AbortSignal`. */
export class HookAbortSignal {
  aborted = false;
  reason: unknown = undefined;
  /** How long a request with it may take, in milliseconds. */
  timeLimit: number | undefined = undefined;
  onabort: ((event: { type: "abort" }) => void) | null = null;
  readonly #listeners = new Set<(event: { type: "abort" }) => void>();

  static abort(reason?: unknown): HookAbortSignal {
    const signal = new HookAbortSignal();
    signal.fire(reason);
    return signal;
  }

  static timeout(milliseconds: number): HookAbortSignal {
    const signal = new HookAbortSignal();
    signal.timeLimit = milliseconds;
    return signal;
  }

  static any(signals: Iterable<HookAbortSignal>): HookAbortSignal {
    const one = new HookAbortSignal();
    for (const signal of signals) {
      if (signal.aborted) one.fire(signal.reason);
      signal.addEventListener("abort", () => one.fire(signal.reason));
      const limit = signal.timeLimit ?? Number.POSITIVE_INFINITY;
      if (limit < (one.timeLimit ?? Number.POSITIVE_INFINITY)) one.timeLimit = limit;
    }
    return one;
  }

  get [Symbol.toStringTag](): string {
    return "AbortSignal";
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(kind: string, listener: (event: { type: "abort" }) => void): void {
    if (kind === "abort") this.#listeners.add(listener);
  }

  removeEventListener(kind: string, listener: (event: { type: "abort" }) => void): void {
    if (kind === "abort") this.#listeners.delete(listener);
  }

  /** Only its controller does. */
  fire(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason === undefined ? aborted() : reason;
    const event = { type: "abort" } as const;
    this.onabort?.(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function aborted(): Error {
  const error = new Error("the operation was aborted");
  error.name = "AbortError";
  return error;
}

/** `AbortController`. */
export class HookAbortController {
  readonly signal = new HookAbortSignal();

  get [Symbol.toStringTag](): string {
    return "AbortController";
  }

  abort(reason?: unknown): void {
    this.signal.fire(reason);
  }
}
