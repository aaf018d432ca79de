import { bytes, DEEPEST, depthOf, read, refusal, tooDeep } from "./json.js";

type Tree = unknown;

/** A JSON document that is read and changed by JSON Pointers. */
export class Document {
  tree: Tree;

  constructor(tree: Tree) {
    this.tree = structuredClone(tree);
  }

  get(pointer: string, code = "invalid-path"): string | null {
    const found = find(this.tree, parts(pointer, code));
    return found === undefined ? null : JSON.stringify(found);
  }

  set(pointer: string, text: string): void {
    const above = parts(pointer);
    const value = read(text);
    if (above.length + depthOf(value) > DEEPEST) throw tooDeep();
    const last = above.pop();
    if (last === undefined) {
      if (!isFields(value)) throw refusal("invalid-value", "the whole document is an object");
      this.tree = value;
      return;
    }
    const parent = find(this.tree, above);
    if (Array.isArray(parent)) {
      const index = last === "-" ? parent.length : place(last);
      if (index === undefined || index > parent.length) throw missing(pointer);
      parent[index] = value;
    } else if (isFields(parent)) {
      // No setter, were it called `__proto__`.
      Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
    } else {
      throw missing(pointer);
    }
  }

  remove(pointer: string): void {
    const above = parts(pointer);
    const last = above.pop();
    if (last === undefined) throw refusal("no-such-path", "the whole document cannot be removed");
    const parent = find(this.tree, above);
    if (find(parent, [last]) === undefined) throw missing(pointer);
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete (parent as Record<string, unknown>)[last];
  }
}

export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function missing(pointer: string): Error {
  return refusal("no-such-path", `there is nothing at ${JSON.stringify(pointer)}`);
}

function place(part: string): number | undefined {
  return /^(0|[1-9]\d*)$/.test(part) ? Number(part) : undefined;
}

/** The parts of a JSON Pointer; none when it is none. */
export function tokens(pointer: string): string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer) || bytes(pointer) > 8 << 10) return undefined;
  const found = pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return found.length > 128 ? undefined : found;
}

function parts(pointer: string, code = "invalid-path"): string[] {
  const found = tokens(pointer);
  if (!found) throw refusal(code, `${JSON.stringify(pointer)} is no JSON Pointer`);
  return found;
}

function find(tree: Tree, parts: readonly string[]): Tree {
  for (const part of parts) {
    if (Array.isArray(tree)) {
      const index = place(part);
      tree = index === undefined ? undefined : (tree[index] as Tree);
    } else {
      tree = isFields(tree) && Object.hasOwn(tree, part) ? tree[part] : undefined;
    }
  }
  return tree;
}

/** A value with nothing but what these paths name; arrays are no step. */
export function cut(value: Tree, paths: readonly string[][], ignoreCase: boolean): Tree {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) return value.map((item) => cut(item, paths, ignoreCase));
  if (!isFields(value)) return value;
  const isAscii = (key: string) => /^[\0-\x7f]*$/.test(key);
  const form = (key: string) => (ignoreCase && isAscii(key) ? key.toLowerCase() : key);
  const kept: [string, Tree][] = [];
  for (const [key, below] of Object.entries(value)) {
    if (ignoreCase && !isAscii(key)) {
      // Which letters beyond ASCII are the same in another case is for the hook to say.
      kept.push([key, below]);
      continue;
    }
    const rest = paths.filter(([step]) => step !== undefined && form(step) === form(key)).map((path) => path.slice(1));
    if (rest.length > 0) kept.push([key, cut(below, rest, ignoreCase)]);
  }
  return Object.fromEntries(kept);
}
