// `console`: what is printed are records of the log.

import type { LogLevel } from "../bindings/contract.js";
import { host, isThere } from "../host.js";
import { shown as text } from "../text.js";
import { trace } from "../trace.js";

/** What was printed while the component was built: every run begins with it. */
const early: [LogLevel, string][] = [];

function write(level: LogLevel, given: readonly unknown[]): void {
  const text = ("  ".repeat(depth) + formatted(given)).toWellFormed();
  if (isThere()) host().log.log(level, text, []);
  else early.push([level, text]);
}

/** A host is there. */
export function beginConsole(): void {
  for (const [level, text] of early) host().log.log(level, text, []);
}

/** A call of the host is over: the next one begins anew. */
export function endConsole(): void {
  depth = 0;
  counts.clear();
  started.clear();
}

let depth = 0;
const counts = new Map<string, number>();
const started = new Map<string, number>();

const group = (...given: unknown[]) => {
  if (given.length > 0) write("info", given);
  depth++;
};

function took(name: string, given: readonly unknown[]): void {
  const since = started.get(name);
  if (since !== undefined) write("info", [`${name}: ${(performance.now() - since).toFixed(3)} ms`, ...given]);
}

/** The global `console`. */
export const hookConsole = {
  log: (...given: unknown[]) => write("info", given),
  info: (...given: unknown[]) => write("info", given),
  debug: (...given: unknown[]) => write("debug", given),
  warn: (...given: unknown[]) => write("warn", given),
  error: (...given: unknown[]) => write("error", given),
  trace: (...given: unknown[]) => write("debug", [`${formatted(given)}${trace(new Error())}`]),
  dir: (value: unknown) => write("info", [value]),
  dirxml: (...given: unknown[]) => write("info", given),
  table: (value: unknown) => write("info", [value]),
  assert: (holds: unknown, ...given: unknown[]) => {
    if (!holds) write("error", given.length > 0 ? ["Assertion failed:", ...given] : ["Assertion failed"]);
  },
  group,
  groupCollapsed: group,
  groupEnd: () => {
    depth = Math.max(0, depth - 1);
  },
  count: (label: unknown = "default") => {
    const name = text(label);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    write("info", [`${name}: ${counts.get(name)}`]);
  },
  countReset: (label: unknown = "default") => {
    counts.delete(text(label));
  },
  time: (label: unknown = "default") => {
    started.set(text(label), performance.now());
  },
  timeLog: (label: unknown = "default", ...given: unknown[]) => took(text(label), given),
  timeEnd: (label: unknown = "default") => {
    took(text(label), []);
    started.delete(text(label));
  },
};

/** As Node.js formats what it prints, roughly. It never throws: what is printed is often what went wrong. */
export function formatted(given: readonly unknown[]): string {
  const rest = [...given];
  let text = "";
  if (typeof rest[0] === "string" && rest.length > 1) {
    text = String(rest.shift()).replace(/%([sdifjoOc%])/g, (whole, word: string) => {
      if (word === "%") return "%";
      if (rest.length === 0) return whole;
      const value = rest.shift();
      if (word === "c") return "";
      if (word === "s") return typeof value === "string" ? value : shown(value);
      if (word === "d" || word === "f") return String(numeric(value));
      if (word === "i") return String(Math.trunc(numeric(value)));
      return word === "j" ? document(value) : shown(value);
    });
    if (rest.length > 0) text += " ";
  }
  return text + rest.map((value) => (typeof value === "string" ? value : shown(value))).join(" ");
}

function numeric(value: unknown): number {
  try {
    return Number(value);
  } catch {
    return Number.NaN;
  }
}

function document(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "undefined";
  } catch {
    return shown(value);
  }
}

const DEEPEST = 4;

/** A value for a person. */
function shown(value: unknown, within: readonly object[] = []): string {
  try {
    return looked(value, within);
  } catch (thrown) {
    return unseen(thrown);
  }
}

/** A getter or a proxy has thrown. */
function unseen(thrown: unknown): string {
  return `[Thrown: ${text(thrown)}]`;
}

function looked(value: unknown, within: readonly object[]): string {
  switch (typeof value) {
    case "string":
      return within.length > 0 ? `'${value.replaceAll("'", "\\'")}'` : value;
    case "bigint":
      return `${value}n`;
    case "function":
      return `[Function: ${value.name || "(anonymous)"}]`;
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) return "null";
  if (value instanceof Error) return `${value.name}: ${value.message}${trace(value)}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (within.includes(value)) return "[Circular]";
  const kind = String(value.constructor?.name ?? "");
  if (within.length >= DEEPEST) return Array.isArray(value) ? "[Array]" : `[${kind || "Object"}]`;
  const inner = [...within, value];
  const list = (items: string[], [open, close]: [string, string]) =>
    items.length === 0 ? open.trimEnd() + close.trimStart() : `${open}${items.join(", ")}${close}`;
  if (Array.isArray(value)) return list(value.map((item) => shown(item, inner)), ["[ ", " ]"]);
  if (value instanceof Map) {
    const items = [...value].map(([key, item]) => `${shown(key, inner)} => ${shown(item, inner)}`);
    return list(items, [`Map(${value.size}) { `, " }"]);
  }
  if (value instanceof Set) return list([...value].map((item) => shown(item, inner)), [`Set(${value.size}) { `, " }"]);
  const items = Object.keys(value).map((key) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`;
    return `${name}: ${field(value, key, inner)}`;
  });
  return list(items, [kind && kind !== "Object" ? `${kind} { ` : "{ ", " }"]);
}

/** A field, of which the getter may throw. */
function field(of: object, key: string, within: readonly object[]): string {
  try {
    return shown((of as Record<string, unknown>)[key], within);
  } catch (thrown) {
    return unseen(thrown);
  }
}
