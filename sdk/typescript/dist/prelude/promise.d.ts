type Job = () => void;
/** Puts a job behind the others. */
export declare function enqueue(job: Job): void;
/** Runs all jobs, also those that are put there meanwhile. */
export declare function runJobs(): void;
/** Throws the first rejection that nobody handles, which would end a program. */
export declare function throwUnhandled(): void;
/** Drops what is left of a call. */
export declare function dropJobs(): void;
type Settle<T> = (value: T) => void;
/** `Promise`. */
export declare class HookPromise<T> {
    #private;
    constructor(executor: (resolve: Settle<T | PromiseLike<T>>, reject: Settle<unknown>) => void);
    get [Symbol.toStringTag](): string;
    static get [Symbol.species](): unknown;
    then<A = T, B = never>(onFulfilled?: ((value: T) => A | PromiseLike<A>) | null, onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): HookPromise<A | B>;
    catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): HookPromise<T | B>;
    finally(of?: (() => unknown) | null): HookPromise<T>;
    static resolve<V>(value?: V | PromiseLike<V>): HookPromise<V>;
    static reject<V = never>(reason?: unknown): HookPromise<V>;
    static withResolvers<V>(): {
        promise: HookPromise<V>;
        resolve: Settle<V | PromiseLike<V>>;
        reject: Settle<unknown>;
    };
    static try<V, A extends unknown[]>(of: (...given: A) => V | PromiseLike<V>, ...given: A): HookPromise<V>;
    static all<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<V[]>;
    static allSettled<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<object[]>;
    static any<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<V>;
    static race<V>(values: Iterable<V | PromiseLike<V>>): HookPromise<V>;
}
/** `Array.fromAsync`. The engine's own makes promises of its own. */
export declare function fromAsync<T, U = T>(from: AsyncIterable<T> | Iterable<T | PromiseLike<T>> | ArrayLike<T | PromiseLike<T>>, of?: (value: T, index: number) => U | PromiseLike<U>, self?: unknown): Promise<U[]>;
export {};
