import { Refused } from "./errors.js";
let provider = () => undefined;
/** Says who answers: a component's host, or a test's. */
export function provide(of) {
    provider = of;
}
/** Whether somebody answers: a hook runs. */
export function isThere() {
    return provider() !== undefined;
}
/** Who answers. */
export function host() {
    const imports = provider();
    if (!imports)
        throw new Error("the host is there only while a hook runs");
    return imports;
}
/** Asks the host. What it refuses is thrown as {@link Refused}. */
export function ask(of) {
    const answering = host();
    try {
        return of(answering);
    }
    catch (thrown) {
        const refusal = thrown?.payload;
        if (typeof refusal?.code !== "string")
            throw thrown;
        throw new Refused(refusal.code, refusal.message);
    }
}
/** A document of the host; nothing where it has none. */
export function parsed(text) {
    return text == null ? undefined : JSON.parse(text);
}
/** A value as a document for the host. */
export function json(value, what) {
    const text = JSON.stringify(value);
    if (text === undefined)
        throw new TypeError(`${what} cannot be written as JSON: it is ${typeof value}`);
    return text;
}
