import { shown } from "./text.js";
const FRAME = /^\s*at (?:(.*) )?\(?componentize-qjs:[^:()]*:(\d+)(?::(\d+))?\)?$/;
/** Most errors that are told of one. */
const MOST = 16;
/**
 * The places where an error was thrown, its causes, and those that it is made of, in the author's own files, each in a line of
 * its own.
 */
export function trace(error) {
    let text = frames(error);
    const told = new Set([error]);
    const tell = (of) => {
        const made = of instanceof AggregateError ? of.errors.map((one) => ["one of", one]) : [];
        for (const [how, one] of [...made, ["caused by", of.cause]]) {
            if (!(one instanceof Error) || told.has(one) || told.size > MOST)
                continue;
            told.add(one);
            text += `\n${how}: ${shown(one)}${frames(one)}`;
            tell(one);
        }
    };
    tell(error);
    return text;
}
function frames(error) {
    const kept = globalThis.__hookboxOrigins;
    if (!kept)
        return "";
    const origins = JSON.parse(kept);
    let all = "";
    for (const frame of String(error.stack ?? "").split("\n")) {
        const [, name, line, column = "1"] = FRAME.exec(frame) ?? [];
        const place = line && origin(origins, Number(line) - 1, Number(column) - 1);
        if (place)
            all += `\n    at ${name && name !== "<anonymous>" ? `${name} (${place})` : place}`;
    }
    return all;
}
/** The file and line of a place in the bundle. */
function origin({ sources, places }, line, column) {
    const at = (index) => places[index] ?? 0;
    let low = 0;
    let high = places.length / 4;
    while (low < high) {
        const middle = (low + high) >> 1;
        const begins = at(middle * 4);
        if (begins < line || (begins === line && at(middle * 4 + 1) <= column))
            low = middle + 1;
        else
            high = middle;
    }
    const found = (low - 1) * 4;
    const source = found < 0 ? undefined : sources[at(found + 2)];
    return source === undefined ? undefined : `${source}:${at(found + 3) + line - at(found) + 1}`;
}
