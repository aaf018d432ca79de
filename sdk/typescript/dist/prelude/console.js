// `console`: what is printed are records of the log.
import { host, isThere } from "../host.js";
import { shown as text } from "../text.js";
import { trace } from "../trace.js";
/** What was printed while the component was built: every run begins with it. */
const early = [];
function write(level, given) {
    const text = ("  ".repeat(depth) + formatted(given)).toWellFormed();
    if (isThere())
        host().log.log(level, text, []);
    else
        early.push([level, text]);
}
/** A host is there. */
export function beginConsole() {
    for (const [level, text] of early)
        host().log.log(level, text, []);
}
/** A call of the host is over: the next one begins anew. */
export function endConsole() {
    depth = 0;
    counts.clear();
    started.clear();
}
let depth = 0;
const counts = new Map();
const started = new Map();
const group = (...given) => {
    if (given.length > 0)
        write("info", given);
    depth++;
};
function took(name, given) {
    const since = started.get(name);
    if (since !== undefined)
        write("info", [`${name}: ${(performance.now() - since).toFixed(3)} ms`, ...given]);
}
/** The global `console`. */
export const hookConsole = {
    log: (...given) => write("info", given),
    info: (...given) => write("info", given),
    debug: (...given) => write("debug", given),
    warn: (...given) => write("warn", given),
    error: (...given) => write("error", given),
    trace: (...given) => write("debug", [`${formatted(given)}${trace(new Error())}`]),
    dir: (value) => write("info", [value]),
    dirxml: (...given) => write("info", given),
    table: (value) => write("info", [value]),
    assert: (holds, ...given) => {
        if (!holds)
            write("error", given.length > 0 ? ["Assertion failed:", ...given] : ["Assertion failed"]);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => {
        depth = Math.max(0, depth - 1);
    },
    count: (label = "default") => {
        const name = text(label);
        counts.set(name, (counts.get(name) ?? 0) + 1);
        write("info", [`${name}: ${counts.get(name)}`]);
    },
    countReset: (label = "default") => {
        counts.delete(text(label));
    },
    time: (label = "default") => {
        started.set(text(label), performance.now());
    },
    timeLog: (label = "default", ...given) => took(text(label), given),
    timeEnd: (label = "default") => {
        took(text(label), []);
        started.delete(text(label));
    },
};
/** As Node.js formats what it prints, roughly. It never throws: what is printed is often what went wrong. */
export function formatted(given) {
    const rest = [...given];
    let text = "";
    if (typeof rest[0] === "string" && rest.length > 1) {
        text = String(rest.shift()).replace(/%([sdifjoOc%])/g, (whole, word) => {
            if (word === "%")
                return "%";
            if (rest.length === 0)
                return whole;
            const value = rest.shift();
            if (word === "c")
                return "";
            if (word === "s")
                return typeof value === "string" ? value : shown(value);
            if (word === "d" || word === "f")
                return String(numeric(value));
            if (word === "i")
                return String(Math.trunc(numeric(value)));
            return word === "j" ? document(value) : shown(value);
        });
        if (rest.length > 0)
            text += " ";
    }
    return text + rest.map((value) => (typeof value === "string" ? value : shown(value))).join(" ");
}
function numeric(value) {
    try {
        return Number(value);
    }
    catch {
        return Number.NaN;
    }
}
function document(value) {
    try {
        return JSON.stringify(value) ?? "undefined";
    }
    catch {
        return shown(value);
    }
}
const DEEPEST = 4;
/** A value for a person. */
function shown(value, within = []) {
    try {
        return looked(value, within);
    }
    catch (thrown) {
        return unseen(thrown);
    }
}
/** A getter or a proxy has thrown. */
function unseen(thrown) {
    return `[Thrown: ${text(thrown)}]`;
}
function looked(value, within) {
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
    if (value === null)
        return "null";
    if (value instanceof Error)
        return `${value.name}: ${value.message}${trace(value)}`;
    if (value instanceof Date)
        return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (value instanceof RegExp)
        return String(value);
    if (within.includes(value))
        return "[Circular]";
    const kind = String(value.constructor?.name ?? "");
    if (within.length >= DEEPEST)
        return Array.isArray(value) ? "[Array]" : `[${kind || "Object"}]`;
    const inner = [...within, value];
    const list = (items, [open, close]) => items.length === 0 ? open.trimEnd() + close.trimStart() : `${open}${items.join(", ")}${close}`;
    if (Array.isArray(value))
        return list(value.map((item) => shown(item, inner)), ["[ ", " ]"]);
    if (value instanceof Map) {
        const items = [...value].map(([key, item]) => `${shown(key, inner)} => ${shown(item, inner)}`);
        return list(items, [`Map(${value.size}) { `, " }"]);
    }
    if (value instanceof Set)
        return list([...value].map((item) => shown(item, inner)), [`Set(${value.size}) { `, " }"]);
    const items = Object.keys(value).map((key) => {
        const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`;
        return `${name}: ${field(value, key, inner)}`;
    });
    return list(items, [kind && kind !== "Object" ? `${kind} { ` : "{ ", " }"]);
}
/** A field, of which the getter may throw. */
function field(of, key, within) {
    try {
        return shown(of[key], within);
    }
    catch (thrown) {
        return unseen(thrown);
    }
}
