import type { TypesRefusal } from "../bindings/contract.js";

/** A refusal as a component's host throws it. */
export function refusal(code: string, message: string): Error & { payload: TypesRefusal } {
  return Object.assign(new Error(message), { payload: { code, message } });
}

/** Bytes of a text as the host counts it. */
export const bytes = (text: string): number => Buffer.byteLength(text);

/** Deepest nesting of a document. */
export const DEEPEST = 100;

export function tooDeep(): Error {
  return refusal("too-deep", `nested more than ${DEEPEST} levels deep`);
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

/** A document as the real host reads it: no key twice, no half of a character, numbers that there are, and not nested too deeply. */
export function read(text: string): unknown {
  let depth = 0;
  for (const [bracket] of text.replace(/"(?:[^"\\]|\\.)*"?/gs, "").matchAll(/[{}[\]]/g)) {
    depth += bracket === "{" || bracket === "[" ? 1 : -1;
    if (depth > DEEPEST) throw tooDeep();
  }
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (thrown) {
    throw refusal("invalid-json", (thrown as Error).message);
  }
  const what = fault(text);
  if (what) throw refusal("invalid-json", what);
  return tree;
}

/** What is wrong with a document that JavaScript takes, and the host does not. */
function fault(text: string): string | undefined {
  // The keys of each object that is open; none of a list.
  const open: (Set<string> | undefined)[] = [];
  let key = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") {
      key = token === "{";
      open.push(key ? new Set() : undefined);
    } else if (token === "}" || token === "]") {
      open.pop();
      key = false;
    } else if (token === ",") {
      key = open.at(-1) !== undefined;
    } else if (token.startsWith('"')) {
      const said = JSON.parse(token) as string;
      if (/\p{Surrogate}/u.test(said)) return `${token} holds half of a character`;
      if (key && open.at(-1)?.has(said)) return `the key ${token} is there twice`;
      if (key) open.at(-1)?.add(said);
      key = false;
    } else if (/^-?\d/.test(token) && !Number.isFinite(Number(token))) {
      return `the number ${token} is out of range`;
    }
  }
  return undefined;
}

/** How deeply arrays and objects are nested; 0 for anything else. */
export function depthOf(tree: unknown): number {
  if (typeof tree !== "object" || tree === null) return 0;
  return 1 + Math.max(0, ...Object.values(tree).map(depthOf));
}
