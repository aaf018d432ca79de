// Promises whose jobs run while a call of the host lasts. The engine runs jobs of its own ones only in between, which
// there is not: a call is all of an instance's life. The build has `async` functions use these.
const jobs = [];
/** Promises that were rejected and that nobody has asked, with why. */
const unhandled = new Map();
/** Puts a job behind the others. */
export function enqueue(job) {
    jobs.push(job);
}
/** Runs all jobs, also those that are put there meanwhile. */
export function runJobs() {
    for (let at = 0;; at++) {
        const job = jobs[at];
        if (!job)
            break;
        if (at === 1024) {
            jobs.splice(0, at);
            at = 0;
        }
        try {
            job();
        }
        catch (thrown) {
            jobs.splice(0, at + 1);
            throw thrown;
        }
    }
    jobs.length = 0;
}
/** Throws the first rejection that nobody handles, which would end a program. */
export function throwUnhandled() {
    for (const reason of unhandled.values())
        throw reason;
}
/** Drops what is left of a call. */
export function dropJobs() {
    jobs.length = 0;
    unhandled.clear();
}
function isObject(value) {
    return (typeof value === "object" && value !== null) || typeof value === "function";
}
/** `Promise`. */
export class HookPromise {
    #state = "pending";
    #value;
    #waiting = [];
    #handled = false;
    constructor(executor) {
        if (typeof executor !== "function")
            throw new TypeError("a promise is made with a function");
        const { resolve, reject } = this.#settlers();
        try {
            executor(resolve, reject);
        }
        catch (thrown) {
            reject(thrown);
        }
    }
    get [Symbol.toStringTag]() {
        return "Promise";
    }
    static get [Symbol.species]() {
        return this;
    }
    /** Only the first of them counts. */
    #settlers() {
        let done = false;
        const once = (settle) => (value) => {
            if (done)
                return;
            done = true;
            settle(value);
        };
        return { resolve: once((value) => this.#resolve(value)), reject: once((value) => this.#settle("rejected", value)) };
    }
    #resolve(value) {
        if (value === this) {
            this.#settle("rejected", new TypeError("a promise cannot wait for itself"));
            return;
        }
        if (!isObject(value)) {
            this.#settle("fulfilled", value);
            return;
        }
        let then;
        try {
            then = value.then;
        }
        catch (thrown) {
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
                then.call(value, resolve, reject);
            }
            catch (thrown) {
                reject(thrown);
            }
        });
    }
    #settle(state, value) {
        this.#state = state;
        this.#value = value;
        if (state === "rejected" && !this.#handled)
            unhandled.set(this, value);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const job of waiting)
            enqueue(job);
    }
    then(onFulfilled, onRejected) {
        this.#handled = true;
        unhandled.delete(this);
        return new HookPromise((resolve, reject) => {
            const job = () => {
                const handler = this.#state === "fulfilled" ? onFulfilled : onRejected;
                if (typeof handler !== "function") {
                    if (this.#state === "fulfilled")
                        resolve(this.#value);
                    else
                        reject(this.#value);
                    return;
                }
                try {
                    resolve(handler(this.#value));
                }
                catch (thrown) {
                    reject(thrown);
                }
            };
            if (this.#state === "pending")
                this.#waiting.push(job);
            else
                enqueue(job);
        });
    }
    catch(onRejected) {
        return this.then(undefined, onRejected);
    }
    finally(of) {
        if (typeof of !== "function")
            return this.then();
        return this.then((value) => HookPromise.resolve(of()).then(() => value), (reason) => HookPromise.resolve(of()).then(() => {
            throw reason;
        }));
    }
    static resolve(value) {
        if (value instanceof HookPromise && value.constructor === this)
            return value;
        return new HookPromise((resolve) => resolve(value));
    }
    static reject(reason) {
        return new HookPromise((_, reject) => reject(reason));
    }
    static withResolvers() {
        let settlers;
        const promise = new HookPromise((resolve, reject) => {
            settlers = { resolve, reject };
        });
        return { promise, ...settlers };
    }
    static try(of, ...given) {
        return new HookPromise((resolve) => resolve(of(...given)));
    }
    static all(values) {
        return gather(values, (all, resolve, reject) => (promise, at, last) => {
            promise.then((value) => {
                all[at] = value;
                last(() => resolve(all));
            }, reject);
        });
    }
    static allSettled(values) {
        return gather(values, (all, resolve) => (promise, at, last) => {
            const put = (what) => {
                all[at] = what;
                last(() => resolve(all));
            };
            promise.then((value) => put({ status: "fulfilled", value }), (reason) => put({ status: "rejected", reason }));
        });
    }
    static any(values) {
        return new HookPromise((resolve, reject) => {
            const reasons = [];
            let left = 0;
            const failed = () => reject(new AggregateError(reasons, "all promises were rejected"));
            for (const value of values) {
                const at = left++;
                HookPromise.resolve(value).then(resolve, (reason) => {
                    reasons[at] = reason;
                    if (--left === 0)
                        failed();
                });
            }
            if (left === 0)
                failed();
        });
    }
    static race(values) {
        return new HookPromise((resolve, reject) => {
            for (const value of values)
                HookPromise.resolve(value).then(resolve, reject);
        });
    }
}
function gather(values, of) {
    return new HookPromise((resolve, reject) => {
        const all = [];
        const each = of(all, resolve, reject);
        let left = 0;
        for (const value of values) {
            const at = left++;
            each(HookPromise.resolve(value), at, (done) => {
                if (--left === 0)
                    done();
            });
        }
        if (left === 0)
            resolve(all);
    });
}
/** `Array.fromAsync`. The engine's own makes promises of its own. */
export async function fromAsync(from, of, self) {
    const all = [];
    const listed = Symbol.asyncIterator in from || Symbol.iterator in from ? from : Array.from(from);
    for await (const value of listed) {
        all.push(of ? await of.call(self, value, all.length) : value);
    }
    return all;
}
