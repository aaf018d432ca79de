/** `structuredClone`, of what a hook has. */
export function clone(value, seen = new Map()) {
    if (typeof value === "function" || typeof value === "symbol") {
        throw new TypeError(`${String(value)} cannot be cloned`);
    }
    if (typeof value !== "object" || value === null)
        return value;
    const known = seen.get(value);
    if (known !== undefined)
        return known;
    const keep = (copy) => {
        seen.set(value, copy);
        return copy;
    };
    if (Array.isArray(value)) {
        const copy = keep([]);
        copy.length = value.length;
        for (const key of Object.keys(value))
            copy[key] = clone(value[key], seen);
        return copy;
    }
    if (value instanceof Date)
        return keep(new Date(value.getTime()));
    if (value instanceof RegExp)
        return keep(new RegExp(value.source, value.flags));
    if (value instanceof Map) {
        const copy = keep(new Map());
        for (const [key, item] of value)
            copy.set(clone(key, seen), clone(item, seen));
        return copy;
    }
    if (value instanceof Set) {
        const copy = keep(new Set());
        for (const item of value)
            copy.add(clone(item, seen));
        return copy;
    }
    if (value instanceof ArrayBuffer)
        return keep(value.slice(0));
    if (ArrayBuffer.isView(value)) {
        const view = value;
        const bytes = clone(view.buffer, seen);
        const make = value.constructor;
        return keep(new make(bytes, view.byteOffset, "length" in view ? view.length : view["byteLength"]));
    }
    if (value instanceof Error) {
        const copy = keep(new Error(value.message));
        copy.name = value.name;
        if (value.stack !== undefined)
            copy.stack = value.stack;
        if (value.cause !== undefined)
            copy.cause = clone(value.cause, seen);
        return copy;
    }
    const copy = keep({});
    for (const [key, item] of Object.entries(value))
        copy[key] = clone(item, seen);
    return copy;
}
