import type { TypesError } from "./bindings/contract.js";
/** Why the host refused a call. The run goes on unless the hook lets it through. */
export declare class Refused extends Error {
    /** A stable word, such as `invalid-path`, `not-granted` or `unreachable`. */
    readonly code: string;
    constructor(code: string, message: string);
}
/** Whether something that was thrown is a refusal, with this code if one is given. */
export declare function isRefused(thrown: unknown, code?: string): thrown is Refused;
/** An error after which the hook runs again when a time is over, instead of the queue's growing pause. */
export declare class RetryAfterError extends Error {
    /** In how many milliseconds. */
    readonly milliseconds: number;
    /** `milliseconds` is how long to wait. */
    constructor(message: string, milliseconds: number, options?: ErrorOptions);
}
/**
 * An error that says all that there is to say: the hook runs again after the queue's growing pause, as after any other
 * error, but where it was thrown is not logged.
 */
export declare class RetryError extends Error {
    constructor(message: string, options?: ErrorOptions);
}
/** An error after which a retry makes no sense: it is counted, and the run leaves the queue. */
export declare class NoRetryError extends Error {
    constructor(message: string, options?: ErrorOptions);
}
/** Whether an error was made on purpose, so that where it was thrown is of no interest. */
export declare function isDeliberate(thrown: unknown): boolean;
/** What was thrown, for a person: the message, and the kind of what the language throws by itself. */
export declare function words(thrown: unknown): string;
/** What was thrown, as the contract has it. */
export declare function failure(thrown: unknown): TypesError;
