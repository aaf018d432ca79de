// `console`: what is printed are records of the log.

import type { LogLevel } from "../bindings/contract.js";
import { host, isThere } from "../host.js";
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

/** The global `console`. */
export const hookConsole = {
  log: (...given: unknown[]) => write("info", given),
  info: (...given: unknown[]) => write("info", given),
  debug: (...given: unknown[]) => write("debug", given),
  warn: (...given: unknown[]) => write("warn", given),
  error: (...given: unknown[]) => write("error", given),
  trace: (...given: unknown[]) => write("debug", [`${formatted(given)}${trace(new Error())}`]),
  dir: (value: unknown) => write("info", [value]),
  table: (value: unknown) => write("info", [value]),
  assert: (holds: unknown, ...given: unknown[]) => {
    if (!holds) write("error", given.length > 0 ? ["Assertion failed:", ...given] : ["Assertion failed"]);
  },
  group: (...given: unknown[]) => {
    if (given.length > 0) write("info", given);
    depth++;
  },
  groupEnd: () => {
    depth = Math.max(0, depth - 1);
  },
  count: (label = "default") => {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    write("info", [`${label}: ${counts.get(label)}`]);
  },
  countReset: (label = "default") => {
    counts.delete(label);
  },
  time: (label = "default") => {
    started.set(label, performance.now());
  },
  timeEnd: (label = "default") => {
    const since = started.get(label);
    if (since !== undefined) write("info", [`${label}: ${(performance.now() - since).toFixed(3)} ms`]);
    started.delete(label);
  },
};

/** As Node.js formats what it prints, roughly. */
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
      if (word === "d" || word === "f") return String(Number(value));
      if (word === "i") return String(Math.trunc(Number(value)));
      return word === "j" ? (JSON.stringify(value) ?? "undefined") : shown(value);
    });
    if (rest.length > 0) text += " ";
  }
  return text + rest.map((value) => (typeof value === "string" ? value : shown(value))).join(" ");
}

const DEEPEST = 4;

/** A value for a person. */
function shown(value: unknown, within: readonly object[] = []): string {
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
  const kind = value.constructor?.name ?? "";
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
  const items = Object.entries(value).map(([key, item]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`;
    return `${name}: ${shown(item, inner)}`;
  });
  return list(items, [kind && kind !== "Object" ? `${kind} { ` : "{ ", " }"]);
}
