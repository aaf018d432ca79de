import { listFault } from "./config.js";
const HOOK = Symbol.for("hookbox.hook");
/** Makes a hook. The hooks of a component are those that its first module exports. */
export function defineHook(definition) {
    const { name, config } = definition;
    if (typeof name !== "string" || !/^[A-Za-z0-9._/-]+$/.test(name)) {
        throw new TypeError(`a hook's name has letters, digits, "-", "_", "." and "/" only, and is not ${JSON.stringify(name)}`);
    }
    if (typeof config !== "object" || config === null) {
        throw new TypeError(`the hook ${JSON.stringify(name)} has no config, which says what it is run for`);
    }
    const fault = listFault(config);
    if (fault)
        throw new TypeError(`the hook ${JSON.stringify(name)}: ${fault}`);
    return Object.freeze({ ...definition, [HOOK]: true });
}
/** Whether a value is a hook. */
export function isHook(value) {
    return typeof value === "object" && value !== null && value[HOOK] === true;
}
/** The hooks among what a module exports, single ones and lists of them. */
export function hooksOf(module) {
    const found = new Set();
    for (const exported of Object.values(module)) {
        for (const value of Array.isArray(exported) ? exported : [exported])
            if (isHook(value))
                found.add(value);
    }
    const hooks = [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
    const double = hooks.find((hook, index) => hooks[index + 1]?.name === hook.name);
    if (double)
        throw new TypeError(`two hooks have the name ${JSON.stringify(double.name)}`);
    return hooks;
}
