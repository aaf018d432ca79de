/** Fields of a record. What is no text is written as JSON. */
export type Fields = Record<string, unknown>;
/** Writes records to the operator's log. */
export declare class Log {
    #private;
    /** @internal */
    constructor(fields?: [string, string][]);
    /** A log whose records have these fields too. */
    with(fields: Fields): Log;
    /** For whoever follows the hook closely. */
    debug(message: string, fields?: Fields): void;
    /** What happens as expected. */
    info(message: string, fields?: Fields): void;
    /** What somebody should look at. */
    warn(message: string, fields?: Fields): void;
    /** What went wrong. */
    error(message: string, fields?: Fields): void;
}
