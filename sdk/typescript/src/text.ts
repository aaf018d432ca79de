// Texts for the host, which takes nothing else where it wants one, and no half of a character.

/** A value for a person: text as it is, of an error its message, documents as JSON. */
export function shown(value: unknown): string {
  return plain(value).toWellFormed();
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    if (value instanceof Error) return String(value.message);
    return (JSON.stringify(value) as string | undefined) ?? String(value);
  } catch {
    // It has a cycle, or a function of its own that throws.
    return typeof value === "bigint" ? String(value) : Object.prototype.toString.call(value);
  }
}

/** A text that the hook has given. */
export function text(value: unknown, what: string): string {
  if (typeof value === "string") return value.toWellFormed();
  throw new TypeError(`${what} is to be a string, and is ${shown(value)}`);
}

/** A text that may be left out; an empty one is left out too. */
export function some(value: unknown, what: string): string | null {
  return value == null || value === "" ? null : text(value, what);
}

/** A number that the hook has given. */
export function number(value: unknown, what: string): number {
  if (typeof value === "number") return value;
  throw new TypeError(`${what} is to be a number, and is ${shown(typeof value === "string" ? JSON.stringify(value) : value)}`);
}

/** A whole number as the host counts; none where it is left out or without end. */
export function whole(value: unknown, what: string): number | null {
  const given = value == null ? Number.POSITIVE_INFINITY : number(value, what);
  return Number.isFinite(given) ? Math.min(Math.max(0, Math.ceil(given)), 0xffff_ffff) : null;
}

/** Names and values as pairs, ordered by name. */
export function pairs(of: Readonly<Record<string, unknown>> | null | undefined): [string, string][] {
  return Object.entries(of ?? {})
    .map(([name, value]): [string, string] => [name.toWellFormed(), shown(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
