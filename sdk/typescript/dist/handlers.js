import { bindingName } from "./config.js";
import { NoRetryError, words } from "./errors.js";
import { json } from "./host.js";
import { Input } from "./input.js";
import { Review } from "./review.js";
// What the host asks a hook, as far as it is the same in a component and in a test. What is given back may be a promise.
/** Runs a hook. */
export function run(hook, contexts) {
    if (!hook.run)
        throw new NoRetryError(`the hook ${JSON.stringify(hook.name)} has no run()`);
    return hook.run(new Input(hook.name, contexts));
}
/** What the filter of a binding makes of an object. */
export function filter(hook, binding, object) {
    const of = hook.config.kubernetes?.find((one) => bindingName(one) === binding && typeof one.filter === "function");
    if (!of?.filter)
        throw new NoRetryError(`the binding ${JSON.stringify(binding)} has no filter()`);
    return of.filter(JSON.parse(object));
}
/** What a filter gave, as the host takes it. */
export function filtered(result) {
    return json(result ?? null, "the filter's result");
}
/** Asks a hook about a request, and gives the answer of `admitted`. */
export function admit(hook, binding, request, mutates) {
    const decide = mutates ? hook.mutate : hook.validate;
    if (!decide)
        throw new NoRetryError(`the hook does not answer reviews of ${JSON.stringify(binding)}`);
    const review = new Review(hook.name, binding, request);
    return {
        verdict: decide.call(hook, review),
        answer: (verdict) => review.answer(verdict, mutates),
    };
}
/** Converts one object. */
export function convert(hook, binding, from, to, object) {
    if (!hook.convert)
        throw new NoRetryError(`the hook does not convert (${JSON.stringify(binding)})`);
    return hook.convert(JSON.parse(object), { from, to });
}
/** What kept an object from being converted, with its name. */
export function unconverted(thrown, object) {
    const { metadata } = JSON.parse(object);
    return new Error(`${metadata?.name ?? "an object without a name"}: ${words(thrown)}`, { cause: thrown });
}
/** An object that was converted, as the host takes it. */
export function converted(object) {
    if (typeof object !== "object" || object === null)
        throw new TypeError("convert() gives no object");
    return json(object, "the converted object");
}
