/**
 * Runs hooks in tests, without a cluster and without WebAssembly.
 *
 *     test("everybody is greeted", async () => {
 *       const host = new TestHost().filterResults("names", ["Ada", "Grace"]);
 *       const effects = await host.run(greet);
 *       assert.equal(effects.object("ConfigMap", "default/greetings")?.data.text, "Hello, Ada!\nHello, Grace!");
 *     });
 *
 * @packageDocumentation
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { document } from "../config.js";
import { failure } from "../errors.js";
import * as handlers from "../handlers.js";
import { provide } from "../host.js";
import { hookFetch, HookRequest } from "../prelude/fetch.js";
import { Document } from "./document.js";
import { Recorded } from "./effects.js";
import { listening, onRejection } from "./rejections.js";
import * as valid from "./validate.js";
import { context, imports } from "./host.js";
export {} from "./effects.js";
const running = new AsyncLocalStorage();
provide(() => running.getStore()?.imports);
onRejection((reason) => running.getStore()?.rejections.push(reason) !== undefined);
// What a hook asks by the global `fetch` is the host's to answer, too.
const outside = globalThis.fetch;
globalThis.fetch = ((...given) => running.getStore() ? inside(...given) : outside(...given));
async function inside(...[input, init]) {
    const asked = input instanceof globalThis.Request ? await ours(input) : input;
    return hookFetch(asked, init);
}
/** A request of Node.js as a component has it. */
async function ours(request) {
    const { url, method, headers, redirect, signal } = request;
    const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    return new HookRequest(url, { method, headers, redirect, signal, body });
}
/** Why a run failed, with the advice about a retry. Its `cause` is what the hook threw, and its `stack` says where that was. */
export class Failure extends Error {
    /** `back-off` is the queue's growing pause, `never` that a retry makes no sense. */
    retry;
    /** What is left of the run: its patches of `status` with `ignoreHookError`, its log, and the values as they were. */
    effects;
    /** @internal */
    constructor(thrown, effects) {
        const { message, retry } = failure(thrown);
        super(message, { cause: thrown });
        this.name = "Failure";
        // What runs tests shows no more than this of it.
        const frames = thrown instanceof Error ? /(\n +at .*)+/.exec(thrown.stack ?? "") : null;
        if (frames)
            this.stack = `${this.name}: ${message}${frames[0]}`;
        this.effects = effects;
        this.retry = retry.tag === "after" ? { afterMilliseconds: retry.val } : retry.tag;
    }
}
/** What a hook sees of the world in a test. */
export class TestHost {
    #world = {
        snapshots: new Map(),
        values: new Document({}),
        configValues: new Document({}),
        objects: [],
        answers: [],
    };
    /** The objects of a binding. */
    snapshot(binding, objects) {
        return this.#add(binding, objects.map((object) => ({ object: JSON.stringify(object), filterResult: null })));
    }
    /**
     * What the filter of a binding gave for its objects: the first for the first of `snapshot`, and so on. Without objects, as with
     * `keepFullObjectsInMemory: false`, they are all there is.
     */
    filterResults(binding, results) {
        return this.#add(binding, results.map((result) => ({ object: null, filterResult: JSON.stringify(result) })));
    }
    /** A part goes to the first entry that has none, or is another entry. */
    #add(binding, parts) {
        const entries = [...(this.#world.snapshots.get(binding) ?? [])];
        for (const { object, filterResult } of parts) {
            const at = entries.findIndex((entry) => (object === null ? entry.filterResult === null : entry.object === null));
            const entry = entries[at];
            if (entry)
                entries[at] = { object: entry.object ?? object, filterResult: entry.filterResult ?? filterResult };
            else
                entries.push({ object, filterResult });
        }
        this.#world.snapshots.set(binding, entries);
        return this;
    }
    /** Values of the module. */
    values(values) {
        this.#world.values = new Document(values);
        return this;
    }
    /** Config values of the module. */
    configValues(values) {
        this.#world.configValues = new Document(values);
        return this;
    }
    /** Objects that the hook may read. */
    cluster(...objects) {
        this.#world.objects.push(...objects);
        return this;
    }
    /** What is answered to requests of which the address begins so; requests to others are refused as `not-granted`. */
    http(url, answer) {
        this.#world.answers.push({ url, answer: typeof answer === "function" ? answer : () => answer });
        return this;
    }
    /** Runs a hook for these reasons; for `onStartup` without any. A run that failed is rejected with a {@link Failure}. */
    async run(hook, ...contexts) {
        const given = contexts.length > 0 ? contexts : [{ binding: "onStartup" }];
        const raw = given.map((init) => context(init, this.#world));
        return this.#recorded(async (effects) => {
            await handlers.run(hook, raw);
            return effects;
        });
    }
    /** Asks a hook about a request: the `request` of an AdmissionReview. */
    validate(hook, binding, request) {
        return this.#recorded(() => this.#admit(hook, binding, request, false));
    }
    /** Asks a hook about a request, and for a change of its object. */
    mutate(hook, binding, request) {
        return this.#recorded(() => this.#admit(hook, binding, request, true));
    }
    async #admit(hook, binding, request, mutates) {
        const { verdict, answer } = handlers.admit(hook, binding, JSON.stringify(request), mutates);
        const given = answer(await verdict);
        valid.answer(given, mutates);
        const { allowed, message, warnings, auditAnnotations, patch } = given;
        return {
            allowed,
            message: message ?? undefined,
            warnings,
            audit: Object.fromEntries(auditAnnotations),
            patch: patch === null ? undefined : JSON.parse(patch),
        };
    }
    /** Has a hook convert objects. */
    convert(hook, from, to, ...objects) {
        return this.#recorded(async () => {
            const all = [];
            for (const object of objects) {
                const text = JSON.stringify(object);
                try {
                    const given = await handlers.convert(hook, "", from, to, text);
                    const made = handlers.converted(given);
                    valid.converted([made], 1);
                    all.push(JSON.parse(made));
                }
                catch (thrown) {
                    throw handlers.unconverted(thrown, text);
                }
            }
            return all;
        });
    }
    /** What the filter of a binding makes of an object. */
    filter(hook, binding, object) {
        return this.#recorded(async () => {
            const result = await handlers.filter(hook, binding, JSON.stringify(object));
            return JSON.parse(handlers.filtered(result));
        });
    }
    /** The configuration of a hook as the operator reads it. */
    config(hook) {
        return JSON.parse(JSON.stringify(document(hook.config)));
    }
    /** What a call that failed has changed is gone, but for what a {@link Failure} has. */
    async #recorded(of) {
        const { values, configValues } = this.#world;
        this.#world.values = new Document(values.tree);
        this.#world.configValues = new Document(configValues.tree);
        const effects = new Recorded(this.#world);
        const run = { imports: imports(this.#world, effects), rejections: [] };
        try {
            const given = await listening(() => running.run(run, () => of(effects)));
            for (const reason of run.rejections)
                throw reason;
            return given;
        }
        catch (thrown) {
            this.#world.values = values;
            this.#world.configValues = configValues;
            throw new Failure(thrown, effects.left(this.#world));
        }
    }
}
