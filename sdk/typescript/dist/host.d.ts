import type { Imports } from "./bindings/contract.js";
/** Says who answers: a component's host, or a test's. */
export declare function provide(of: () => Imports | undefined): void;
/** Whether somebody answers: a hook runs. */
export declare function isThere(): boolean;
/** Who answers. */
export declare function host(): Imports;
/** Asks the host. What it refuses is thrown as {@link Refused}. */
export declare function ask<T>(of: (host: Imports) => T): T;
/** A document of the host; nothing where it has none. */
export declare function parsed<T>(text: string | null | undefined): T | undefined;
/** A value as a document for the host. */
export declare function json(value: unknown, what: string): string;
