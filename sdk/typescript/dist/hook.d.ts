import { type Config } from "./config.js";
import type { Input } from "./input.js";
import type { KubernetesObject } from "./objects.js";
import type { Review, Verdict } from "./review.js";
/** What a hook is made of. What it has nothing of is left out; each function may be `async`. */
export interface HookDefinition {
    /** Unique in the component: letters, digits, `-`, `_`, `.` and `/`. */
    name: string;
    /** What it is run for. */
    config: Config;
    /** Called for its bindings. Nothing is written before it has returned. */
    run?(input: Input): void | Promise<void>;
    /** Answers the reviews of `kubernetesValidating`. */
    validate?(review: Review): Verdict | Promise<Verdict>;
    /** Answers the reviews of `kubernetesMutating`. */
    mutate?(review: Review): Verdict | Promise<Verdict>;
    /** Converts one object between the versions of `kubernetesCustomResourceConversion`. */
    convert?(object: KubernetesObject, versions: Versions): KubernetesObject | Promise<KubernetesObject>;
}
/** From which version to which, as the binding writes them. */
export interface Versions {
    /** The version that objects have. */
    from: string;
    /** The version that they are asked for in. */
    to: string;
}
declare const HOOK: unique symbol;
/** A hook, by {@link defineHook}. */
export type Hook = Readonly<HookDefinition> & {
    /** @internal */
    readonly [HOOK]: true;
};
/** Makes a hook. The hooks of a component are those that its first module exports. */
export declare function defineHook(definition: HookDefinition): Hook;
/** Whether a value is a hook. */
export declare function isHook(value: unknown): value is Hook;
/** The hooks among what a module exports, single ones and lists of them. */
export declare function hooksOf(module: Record<string, unknown>): Hook[];
export {};
