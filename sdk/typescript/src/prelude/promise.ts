// Promises whose jobs run while a call of the host lasts. The engine runs jobs of its own ones only in between, which
// there is not: a call is all of an instance's life. The build has `async` functions use these.

type Job = () => void;

const jobs: Job[] = [];

/** Promises that were rejected and that nobody has asked, with why. */
const unhandled = new Map<object, unknown>();

/** Puts a job behind the others. */
export function enqueue(job: Job): void {
  jobs.push(job);
}

/** Runs all jobs, also those that are put there meanwhile. */
export function runJobs(): void {
  for (let at = 0; ; at++) {
    const job = jobs[at];
    if (!job) break;
    if (at === 1024) {
      jobs.splice(0, at);
      at = 0;
    }
    try {
      job();
    } catch (thrown) {
      jobs.splice(0, at + 1);
      throw thrown;
    }
  }
  jobs.length = 0;
}

/** Throws the first rejection that nobody handles, which would end a program. */
export function throwUnhandled(): void {
  for (const reason of unhandled.values()) throw reason;
}

/** Drops what is left of a call. */
export function dropJobs(): void {
  jobs.length = 0;
  unhandled.clear();
}

type Settle<T> = (value: T) => void;
type State = "pending" | "fulfilled" | "rejected";

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** `Promise`. */
export class HookPromise<T> {
  #state: State = "pending";
  #value: unknown;
  #waiting: Job[] = [];
  #handled = false;

  constructor(executor: (resolve: Settle<T | PromiseLike<T>>, reject: Settle<unknown>) => void) {
    if (typeof executor !== "function") throw new TypeError("a promise is made with a function");
    const { resolve, reject } = this.#settlers();
    try {
      executor(resolve as Settle<T | PromiseLike<T>>, reject);
    } catch (thrown) {
      reject(thrown);
    }
  }

  get [Symbol.toStringTag](): string {
    return "Promise";
  }

  static get [Symbol.species](): unknown {
    return this;
  }

  /** Only the first of them counts. */
  #settlers(): { resolve: Settle<unknown>; reject: Settle<unknown> } {
    let done = false;
    const once = (settle: Settle<unknown>): Settle<unknown> => (value) => {
      if (done) return;
      done = true;
      settle(value);
    };
    return { resolve: once((value) => this.#resolve(value)), reject: once((value) => this.#settle("rejected", value)) };
  }

  #resolve(value: unknown): void {
    if (value === this) {
      this.#settle("rejected", new TypeError("a promise cannot wait for itself"));
      return;
    }
    if (!isObject(value)) {
      this.#settle("fulfilled", value);
      return;
    }
    let then: unknown;
    try {
      then = (value as { then?: unknown }).then;
    } catch (thrown) {
      this.#settle("rejected", thrown);
      return;
    }
    if (typeof then !== "function") {
      this.#settle("fulfilled", value);
      return;
    }
    enqueue(() => {
      const { resolve, reject } = this.#settlers();
      try {
        (then as (...settlers: unknown[]) => void).call(value, resolve, reject);
      } catch (thrown) {
        reject(thrown);
      }
    });
  }

  #settle(state: State, value: unknown): void {
    this.#state = state;
    this.#value = value;
    if (state === "rejected" && !this.#handled) unhandled.set(this, value);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const job of waiting) enqueue(job);
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): HookPromise<A | B> {
    this.#handled = true;
    unhandled.delete(this);
    return new HookPromise<A | B>((resolve, reject) => {
      const job = () => {
        const handler = this.#state === "fulfilled" ? onFulfilled : onRejected;
        if (typeof handler !== "function") {
          if (this.#state === "fulfilled") resolve(this.#value as A);
          else reject(this.#value);
          return;
        }
        try {
          resolve((handler as (value: unknown) => A | B)(this.#value));
        } catch (thrown) {
          reject(thrown);
        }
      };
      if (this.#state === "pending") this.#waiting.push(job);
      else enqueue(job);
    });
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): HookPromise<T | B> {
    return this.then(undefined, onRejected);
  }

  finally(of?: (() => unknown) | null): HookPromise<T> {
    if (typeof of !== "function") return this.then();
    return this.then(
      (value) => HookPromise.resolve(of()).then(() => value),
      (reason) =>
        HookPromise.resolve(of()).then(() => {
          throw reason;
        }),
    );
  }

  static resolve<V>(value?: V | PromiseLike<V>): HookPromise<V> {
    if (value instanceof HookPromise && value.constructor === this) return value as HookPromise<V>;
    return new HookPromise<V>((resolve) => resolve(value as V));
  }

  static reject<V = never>(reason?: unknown): HookPromise<V> {
    return new HookPromise<V>((_, reject) => reject(reason));
  }

  static withResolvers<V>(): { promise: HookPromise<V>; resolve: Settle<V | PromiseLike<V>>; reject: Settle<unknown> } {
    let settlers!: { resolve: Settle<V | PromiseLike<V>>; reject: Settle<unknown> };
    const promise = new HookPromise<V>((resolve, reject) => {
      settlers = { resolve, reject };
    });
    return { promise, ...settlers };
  }

  static try<V, A extends unknown[]>(of: (...given: A) => V | PromiseLike<V>, ...given: A): HookPromise<V> {
    return new HookPromise<V>((resolve) => resolve(of(...given)));
  }

  static all<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<V[]> {
    return gather<V, V[]>(values, (all, resolve, reject) => (promise, at, last) => {
      promise.then((value) => {
        all[at] = value;
        last(() => resolve(all));
      }, reject);
    });
  }

  static allSettled<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<object[]> {
    return gather<V, object[]>(values, (all, resolve) => (promise, at, last) => {
      const put = (what: object) => {
        all[at] = what;
        last(() => resolve(all));
      };
      promise.then(
        (value) => put({ status: "fulfilled", value }),
        (reason) => put({ status: "rejected", reason }),
      );
    });
  }

  static any<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<V> {
    return new HookPromise<V>((resolve, reject) => {
      const reasons: unknown[] = [];
      let left = 0;
      const failed = () => reject(new AggregateError(reasons, "all promises were rejected"));
      for (const value of values) {
        const at = left++;
        HookPromise.resolve(value).then(resolve, (reason) => {
          reasons[at] = reason;
          if (--left === 0) failed();
        });
      }
      if (left === 0) failed();
    });
  }

  static race<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<V> {
    return new HookPromise<V>((resolve, reject) => {
      for (const value of values) HookPromise.resolve(value).then(resolve, reject);
    });
  }
}

type Gathering<V> = (promise: HookPromise<V>, at: number, last: (done: Job) => void) => void;

function gather<V, R extends unknown[]>(
  values: Iterable<V | PromiseLike<V>>,
  of: (all: R, resolve: Settle<R>, reject: Settle<unknown>) => Gathering<V>,
): HookPromise<R> {
  return new HookPromise<R>((resolve, reject) => {
    const all = [] as unknown as R;
    const each = of(all, resolve, reject);
    let left = 0;
    for (const value of values) {
      const at = left++;
      each(HookPromise.resolve(value), at, (done) => {
        if (--left === 0) done();
      });
    }
    if (left === 0) resolve(all);
  });
}

/** `Array.fromAsync`. The engine's own makes promises of its own. */
export async function fromAsync<T, U = T>(
  from: AsyncIterable<T> | Iterable<T | PromiseLike<T>> | ArrayLike<T | PromiseLike<T>>,
  of?: (value: T, index: number) => U | PromiseLike<U>,
  self?: unknown,
): Promise<U[]> {
  const all: U[] = [];
  const listed = Symbol.asyncIterator in from || Symbol.iterator in from ? from : Array.from(from);
  for await (const value of listed as AsyncIterable<T>) {
    all.push(of ? await of.call(self, value, all.length) : (value as unknown as U));
  }
  return all;
}
