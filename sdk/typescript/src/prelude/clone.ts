/** `structuredClone`, of what a hook has. */
export function clone<T>(value: T, seen = new Map<unknown, unknown>()): T {
  if (typeof value === "function" || typeof value === "symbol") {
    throw new TypeError(`${String(value)} cannot be cloned`);
  }
  if (typeof value !== "object" || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known as T;
  const keep = <C>(copy: C): C => {
    seen.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy: unknown[] = keep([]);
    copy.length = value.length;
    for (const key of Object.keys(value)) copy[key as unknown as number] = clone(value[key as unknown as number], seen);
    return copy as T;
  }
  if (value instanceof Date) return keep(new Date(value.getTime())) as T;
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags)) as T;
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, item] of value) copy.set(clone(key, seen), clone(item, seen));
    return copy as T;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of value) copy.add(clone(item, seen));
    return copy as T;
  }
  if (value instanceof ArrayBuffer) return keep(value.slice(0)) as T;
  if (ArrayBuffer.isView(value)) {
    const view = value as unknown as Uint8Array;
    const bytes = clone(view.buffer as ArrayBuffer, seen);
    const make = value.constructor as new (bytes: ArrayBuffer, offset: number, length: number) => T;
    return keep(new make(bytes, view.byteOffset, "length" in view ? view.length : view["byteLength"]));
  }
  if (value instanceof Error) {
    const copy = keep(new Error(value.message));
    copy.name = value.name;
    if (value.stack !== undefined) copy.stack = value.stack;
    if (value.cause !== undefined) copy.cause = clone(value.cause, seen);
    return copy as T;
  }
  const copy = keep({} as Record<string, unknown>);
  for (const [key, item] of Object.entries(value)) copy[key] = clone(item, seen);
  return copy as T;
}
