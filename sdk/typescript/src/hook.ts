import { type Config, listFault } from "./config.js";
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

const HOOK = Symbol.for("hookbox.hook");

/** A hook, by {@link defineHook}. */
export type Hook = Readonly<HookDefinition> & {
  /** @internal */
  readonly [HOOK]: true;
};

/** Makes a hook. The hooks of a component are those that its first module exports. */
export function defineHook(definition: HookDefinition): Hook {
  const { name, config } = definition;
  if (typeof name !== "string" || !/^[A-Za-z0-9._/-]+$/.test(name)) {
    throw new TypeError(`a hook's name has letters, digits, "-", "_", "." and "/" only, and is not ${JSON.stringify(name)}`);
  }
  if (typeof config !== "object" || config === null) {
    throw new TypeError(`the hook ${JSON.stringify(name)} has no config, which says what it is run for`);
  }
  const fault = listFault(config);
  if (fault) throw new TypeError(`the hook ${JSON.stringify(name)}: ${fault}`);
  return Object.freeze({ ...definition, [HOOK]: true as const });
}

/** Whether a value is a hook. */
export function isHook(value: unknown): value is Hook {
  return typeof value === "object" && value !== null && (value as Partial<Hook>)[HOOK] === true;
}

/** The hooks among what a module exports, single ones and lists of them. */
export function hooksOf(module: Record<string, unknown>): Hook[] {
  const found = new Set<Hook>();
  for (const exported of Object.values(module)) {
    for (const value of Array.isArray(exported) ? exported : [exported]) if (isHook(value)) found.add(value);
  }
  const hooks = [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
  const double = hooks.find((hook, index) => hooks[index + 1]?.name === hook.name);
  if (double) throw new TypeError(`two hooks have the name ${JSON.stringify(double.name)}`);
  return hooks;
}
