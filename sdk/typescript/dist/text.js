// Texts for the host, which takes nothing else where it wants one, and no half of a character.
/** A value for a person: text as it is, of an error its message, documents as JSON. */
export function shown(value) {
    return plain(value).toWellFormed();
}
function plain(value) {
    if (typeof value === "string")
        return value;
    try {
        if (value instanceof Error)
            return String(value.message);
        return JSON.stringify(value) ?? String(value);
    }
    catch {
        // It has a cycle, or a function of its own that throws.
        return typeof value === "bigint" ? String(value) : Object.prototype.toString.call(value);
    }
}
/** A text that the hook has given. */
export function text(value, what) {
    if (typeof value === "string")
        return value.toWellFormed();
    throw new TypeError(`${what} is to be a string, and is ${shown(value)}`);
}
/** A text that may be left out; an empty one is left out too. */
export function some(value, what) {
    return value == null || value === "" ? null : text(value, what);
}
/** A number that the hook has given. */
export function number(value, what) {
    if (typeof value === "number")
        return value;
    throw new TypeError(`${what} is to be a number, and is ${shown(typeof value === "string" ? JSON.stringify(value) : value)}`);
}
/** A whole number as the host counts; none where it is left out or without end. */
export function whole(value, what) {
    const given = value == null ? Number.POSITIVE_INFINITY : number(value, what);
    return Number.isFinite(given) ? Math.min(Math.max(0, Math.ceil(given)), 0xffff_ffff) : null;
}
/** Names and values as pairs, ordered by name. */
export function pairs(of) {
    return Object.entries(of ?? {})
        .map(([name, value]) => [name.toWellFormed(), shown(value)])
        .sort(([a], [b]) => (a < b ? -1 : 1));
}
