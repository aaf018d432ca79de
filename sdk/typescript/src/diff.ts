import type { JsonPatchOperation } from "./patch.js";

/** The JSON Patch that leads from one document to another. Lists that differ are replaced as a whole. */
export function difference(before: unknown, after: unknown): JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  differ(operations, "", before, after);
  return operations;
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function differ(operations: JsonPatchOperation[], path: string, before: unknown, after: unknown): void {
  if (!isFields(before) || !isFields(after)) {
    if (!same(before, after)) operations.push({ op: "replace", path, value: after });
    return;
  }
  for (const key of Object.keys(before).sort()) {
    const at = `${path}/${escaped(key)}`;
    if (Object.hasOwn(after, key)) differ(operations, at, before[key], after[key]);
    else operations.push({ op: "remove", path: at });
  }
  for (const key of Object.keys(after).sort()) {
    if (!Object.hasOwn(before, key)) operations.push({ op: "add", path: `${path}/${escaped(key)}`, value: after[key] });
  }
}

/** A key as a step of a JSON Pointer. */
export function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Whether two documents say the same. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}
