import { ask, parsed } from "./host.js";
import { text } from "./text.js";
/** Entries that are asked for at a time. */
const PAGE = 256;
/** By what an object is named: enough to change it. */
const IDENTITY = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"];
/** One object of a snapshot. It is read when it is asked for, as a whole or in parts. */
export class Entry {
    #of;
    #index;
    #raw;
    /** @internal */
    constructor(of, index) {
        this.#of = of;
        this.#index = index;
    }
    /** The object; none where only filter results are kept. Each reading gives another copy. */
    get object() {
        return parsed(this.#read()?.object);
    }
    /** What the binding's filter gave; none where it has no filter. */
    get filterResult() {
        return parsed(this.#read()?.filterResult);
    }
    /** One part of the object, by JSON Pointer: `/metadata/name`. Nothing else of it is copied. */
    objectAt(pointer) {
        return parsed(ask(() => this.#of.pointer(this.#index, "object", text(pointer, "a JSON Pointer"))));
    }
    /** The same for the filter's result. */
    filterResultAt(pointer) {
        return parsed(ask(() => this.#of.pointer(this.#index, "filter-result", text(pointer, "a JSON Pointer"))));
    }
    #read() {
        if (this.#raw === undefined)
            this.#raw = this.#of.get(this.#index);
        return this.#raw;
    }
}
/**
 * The objects of a binding, ordered by namespace, then name. Nothing of it is copied into the hook until it is asked for.
 *
 *     for (const pod of input.snapshot("pods")) names.push(pod.objectAt("/metadata/name"));
 */
export class Snapshot {
    /** Name of the binding. */
    binding;
    #raw;
    /** @internal */
    constructor(binding, raw) {
        this.binding = binding;
        this.#raw = raw;
    }
    /** How many objects there are. */
    get length() {
        return this.#raw?.len() ?? 0;
    }
    /** The entry at a place from 0, or from the end where it is negative. */
    at(index) {
        const length = this.length;
        const place = index < 0 ? length + index : index;
        if (!this.#raw || !Number.isInteger(place) || place < 0 || place >= length)
            return undefined;
        return new Entry(this.#raw, place);
    }
    /** All entries. What is not asked of them is not read. */
    *[Symbol.iterator]() {
        const length = this.length;
        for (let at = 0; this.#raw && at < length; at++)
            yield new Entry(this.#raw, at);
    }
    /**
     * All objects. Where `fields` names what the hook looks at, nothing else of them is copied or parsed, which takes a
     * fraction of the time.
     */
    objects({ fields } = {}) {
        return this.#all("object", fields && [...IDENTITY, ...fields.map((field) => text(field, "a field of objects"))]);
    }
    /** The filter's results for all objects. */
    filterResults() {
        return this.#all("filterResult");
    }
    #all(what, fields) {
        const all = [];
        const raw = this.#raw;
        while (raw) {
            const at = all.length;
            const page = fields ? ask(() => raw.select(at, PAGE, fields, false)) : raw.range(at, PAGE);
            if (page.length === 0)
                break;
            for (const entry of page) {
                const text = entry[what];
                if (text == null) {
                    const missing = what === "object" ? "object" : "filter result";
                    throw new Error(`snapshot ${JSON.stringify(this.binding)}, entry ${all.length}: there is no ${missing}`);
                }
                all.push(JSON.parse(text));
            }
        }
        return all;
    }
}
/** One reason for a run. It is read when it is asked for. */
export class Context {
    #raw;
    /** @internal */
    constructor(raw) {
        this.#raw = raw;
    }
    /** Name of the binding: `onStartup`, or its `name`. */
    get binding() {
        return this.#raw.binding();
    }
    /** What happened; none for `onStartup`. */
    get kind() {
        return this.#raw.kind() ?? undefined;
    }
    /** Name of the group, for the kind `Group`. */
    get group() {
        return this.#raw.group() ?? undefined;
    }
    /** How the object changed, for the kind `Event`. */
    get watchEvent() {
        return this.#raw.watchEvent() ?? undefined;
    }
    /** The object as it was at the event. */
    get object() {
        return parsed(this.#raw.object());
    }
    /** The filter's result at the event. */
    get filterResult() {
        return parsed(this.#raw.filterResult());
    }
    /** A part of the object, by JSON Pointer. */
    objectAt(pointer) {
        return parsed(ask(() => this.#raw.objectPointer(text(pointer, "a JSON Pointer"))));
    }
    /** The objects of the binding, for the kind `Synchronization`. */
    get objects() {
        return new Snapshot(this.binding, this.#raw.objects());
    }
    /** Names of the snapshots that belong to it. */
    get snapshotNames() {
        return this.#raw.snapshotNames();
    }
    /** The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds. */
    toJSON() {
        return JSON.parse(this.#raw.toJson());
    }
}
