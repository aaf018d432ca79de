/** A value for a person: text as it is, of an error its message, documents as JSON. */
export declare function shown(value: unknown): string;
/** A text that the hook has given. */
export declare function text(value: unknown, what: string): string;
/** A text that may be left out; an empty one is left out too. */
export declare function some(value: unknown, what: string): string | null;
/** A number that the hook has given. */
export declare function number(value: unknown, what: string): number;
/** A whole number as the host counts; none where it is left out or without end. */
export declare function whole(value: unknown, what: string): number | null;
/** Names and values as pairs, ordered by name. */
export declare function pairs(of: Readonly<Record<string, unknown>> | null | undefined): [string, string][];
