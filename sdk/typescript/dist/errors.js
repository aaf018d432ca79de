import { shown } from "./text.js";
/** Why the host refused a call. The run goes on unless the hook lets it through. */
export class Refused extends Error {
    /** A stable word, such as `invalid-path`, `not-granted` or `unreachable`. */
    code;
    constructor(code, message) {
        super(message);
        this.name = "Refused";
        this.code = code;
    }
}
/** Whether something that was thrown is a refusal, with this code if one is given. */
export function isRefused(thrown, code) {
    return thrown instanceof Refused && (code === undefined || thrown.code === code);
}
/** An error after which the hook runs again when a time is over, instead of the queue's growing pause. */
export class RetryAfterError extends Error {
    /** In how many milliseconds. */
    milliseconds;
    /** `milliseconds` is how long to wait. */
    constructor(message, milliseconds, options) {
        super(message, options);
        this.name = "RetryAfterError";
        this.milliseconds = Math.min(Math.max(0, Math.round(milliseconds) || 0), Number.MAX_SAFE_INTEGER);
    }
}
/**
 * An error that says all that there is to say: the hook runs again after the queue's growing pause, as after any other
 * error, but where it was thrown is not logged.
 */
export class RetryError extends Error {
    constructor(message, options) {
        super(message, options);
        this.name = "RetryError";
    }
}
/** An error after which a retry makes no sense: it is counted, and the run leaves the queue. */
export class NoRetryError extends Error {
    constructor(message, options) {
        super(message, options);
        this.name = "NoRetryError";
    }
}
/** The error of a chain of causes that says something of a retry. */
function advice(thrown) {
    for (let depth = 0; thrown instanceof Error && depth < 32; depth++) {
        if (thrown instanceof RetryAfterError || thrown instanceof NoRetryError || thrown instanceof RetryError)
            return thrown;
        thrown = thrown.cause;
    }
    return undefined;
}
/** Whether an error was made on purpose, so that where it was thrown is of no interest. */
export function isDeliberate(thrown) {
    return advice(thrown) !== undefined;
}
/** What was thrown, for a person: the message, and the kind of what the language throws by itself. */
export function words(thrown) {
    if (!(thrown instanceof Error))
        return typeof thrown === "string" ? thrown : `thrown: ${shown(thrown)}`;
    const bySelf = ["TypeError", "ReferenceError", "RangeError", "SyntaxError", "URIError", "InternalError"];
    const message = shown(thrown);
    if (thrown instanceof Refused)
        return `${message} (${thrown.code})`;
    if (!message)
        return String(thrown.name);
    return bySelf.includes(thrown.name) ? `${thrown.name}: ${message}` : message;
}
/** What was thrown, as the contract has it. */
export function failure(thrown) {
    const message = words(thrown).toWellFormed();
    const given = advice(thrown);
    if (given instanceof NoRetryError)
        return { message, retry: { tag: "never" } };
    if (given instanceof RetryAfterError)
        return { message, retry: { tag: "after", val: given.milliseconds } };
    return { message, retry: { tag: "back-off" } };
}
