import type { Imports, TypesRefusal } from "./bindings/contract.js";
import { Refused } from "./errors.js";

let provider: () => Imports | undefined = () => undefined;

/** Says who answers: a component's host, or a test's. */
export function provide(of: () => Imports | undefined): void {
  provider = of;
}

/** Whether somebody answers: a hook runs. */
export function isThere(): boolean {
  return provider() !== undefined;
}

/** Who answers. */
export function host(): Imports {
  const imports = provider();
  if (!imports) throw new Error("the host is there only while a hook runs");
  return imports;
}

/** Asks the host. What it refuses is thrown as {@link Refused}. */
export function ask<T>(of: (host: Imports) => T): T {
  const answering = host();
  try {
    return of(answering);
  } catch (thrown) {
    const refusal = (thrown as { payload?: TypesRefusal } | null)?.payload;
    if (typeof refusal?.code !== "string") throw thrown;
    throw new Refused(refusal.code, refusal.message);
  }
}

/** A document of the host; nothing where it has none. */
export function parsed<T>(text: string | null | undefined): T | undefined {
  return text == null ? undefined : (JSON.parse(text) as T);
}

/** A value as a document for the host. */
export function json(value: unknown, what: string): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`${what} cannot be written as JSON: it is ${typeof value}`);
  return text;
}
