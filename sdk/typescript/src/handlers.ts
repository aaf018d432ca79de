import type { AdmissionResponse, ContextsBindingContext } from "./bindings/contract.js";
import { bindingName } from "./config.js";
import { NoRetryError, words } from "./errors.js";
import type { Hook } from "./hook.js";
import { json } from "./host.js";
import { Input } from "./input.js";
import type { KubernetesObject } from "./objects.js";
import { Review } from "./review.js";

// What the host asks a hook, as far as it is the same in a component and in a test. What is given back may be a promise.

/** Runs a hook. */
export function run(hook: Hook, contexts: readonly ContextsBindingContext[]): unknown {
  if (!hook.run) throw new NoRetryError(`the hook ${JSON.stringify(hook.name)} has no run()`);
  return hook.run(new Input(hook.name, contexts));
}

/** What the filter of a binding makes of an object. */
export function filter(hook: Hook, binding: string, object: string): unknown {
  const of = hook.config.kubernetes?.find((one) => bindingName(one) === binding && typeof one.filter === "function");
  if (!of?.filter) throw new NoRetryError(`the binding ${JSON.stringify(binding)} has no filter()`);
  return of.filter(JSON.parse(object));
}

/** What a filter gave, as the host takes it. */
export function filtered(result: unknown): string {
  return json(result ?? null, "the filter's result");
}

/** Asks a hook about a request, and gives the answer of `admitted`. */
export function admit(
  hook: Hook,
  binding: string,
  request: string,
  mutates: boolean,
): { verdict: unknown; answer(verdict: unknown): AdmissionResponse } {
  const decide = mutates ? hook.mutate : hook.validate;
  if (!decide) throw new NoRetryError(`the hook does not answer reviews of ${JSON.stringify(binding)}`);
  const review = new Review(hook.name, binding, request);
  return {
    verdict: decide.call(hook, review),
    answer: (verdict) => review.answer(verdict as never, mutates),
  };
}

/** Converts one object. */
export function convert(hook: Hook, binding: string, from: string, to: string, object: string): unknown {
  if (!hook.convert) throw new NoRetryError(`the hook does not convert (${JSON.stringify(binding)})`);
  return hook.convert(JSON.parse(object), { from, to });
}

/** What kept an object from being converted, with its name. */
export function unconverted(thrown: unknown, object: string): Error {
  const { metadata } = JSON.parse(object) as KubernetesObject;
  return new Error(`${metadata?.name ?? "an object without a name"}: ${words(thrown)}`, { cause: thrown });
}

/** An object that was converted, as the host takes it. */
export function converted(object: unknown): string {
  if (typeof object !== "object" || object === null) throw new TypeError("convert() gives no object");
  return json(object, "the converted object");
}
