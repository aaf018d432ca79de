import { decode, encode } from "../prelude/utf8.js";
import { Document, refusal } from "./document.js";
/** Most entries that are given at a time: fewer than a hook asks for, so that it must go on. */
const PAGE = 100;
function snapshot(entries) {
    return {
        len: () => entries.length,
        get: (index) => entries[index] ?? null,
        range: (start, count) => entries.slice(start, start + Math.min(count, PAGE)),
        pointer: (index, part, pointer) => {
            const entry = entries[index];
            const text = part === "object" ? entry?.object : entry?.filterResult;
            // A pointer that is none is refused whatever there is.
            return new Document(text == null ? undefined : JSON.parse(text)).get(pointer, "invalid-pointer");
        },
    };
}
function text(value) {
    return value === undefined ? null : JSON.stringify(value);
}
/** A context as the contract has it. */
export function context(init, names) {
    const objects = init.objects?.map((object) => ({ object: JSON.stringify(object), filterResult: null }));
    return {
        binding: () => init.binding,
        kind: () => init.kind ?? null,
        group: () => init.group ?? null,
        watchEvent: () => init.watchEvent ?? null,
        object: () => text(init.object),
        filterResult: () => text(init.filterResult),
        objectPointer: (pointer) => new Document(init.object).get(pointer, "invalid-pointer"),
        objects: () => (objects ? snapshot(objects) : null),
        snapshotNames: () => names,
        toJson: () => {
            const { kind, objects: all, ...rest } = init;
            return JSON.stringify({ ...rest, type: kind, objects: all?.map((object) => ({ object })) });
        },
    };
}
function values(of) {
    return {
        get: (path) => of().get(path),
        exists: (path) => of().get(path) !== null,
        set: (path, value) => of().set(path, value),
        remove: (path) => of().remove(path),
    };
}
function ref(of) {
    const given = Object.entries(of).filter(([, value]) => value !== null);
    return Object.fromEntries(given);
}
function how(options) {
    const given = Object.entries(options).filter(([, value]) => value);
    return Object.fromEntries(given);
}
function metric(name, value) {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
        throw refusal("invalid-metric", `${JSON.stringify(name)} is not the name of a metric`);
    }
    if (!Number.isFinite(value))
        throw refusal("invalid-metric", `the metric ${name} cannot be ${value}`);
}
/** A host over a world, which records what a run asks for. */
export function imports(world, effects) {
    const labels = (pairs) => Object.fromEntries(pairs);
    const grouped = (group) => (group === null ? {} : { group });
    return {
        snapshots: {
            names: () => [...world.snapshots.keys()],
            open: (binding) => {
                const entries = world.snapshots.get(binding);
                return entries ? snapshot(entries) : null;
            },
        },
        values: values(() => world.values),
        configValues: values(() => world.configValues),
        objectPatches: {
            create: (manifest, mode) => {
                const object = JSON.parse(manifest);
                const { apiVersion, kind, metadata } = object;
                const named = metadata?.name || (mode === "fail-if-exists" && metadata?.generateName);
                if (!apiVersion || !kind || !named) {
                    throw refusal("invalid-object", "an object has `apiVersion`, `kind` and `metadata.name`");
                }
                const operations = {
                    "fail-if-exists": "Create",
                    "keep-existing": "CreateIfNotExists",
                    "replace-existing": "CreateOrUpdate",
                };
                const { name, namespace } = metadata;
                const where = namespace === undefined ? { name } : { namespace, name };
                effects.patches.push({ operation: operations[mode], apiVersion, kind, ...where, object });
            },
            delete: (object, propagation) => {
                const operations = {
                    foreground: "Delete",
                    background: "DeleteInBackground",
                    orphan: "DeleteNonCascading",
                };
                effects.patches.push({ operation: operations[propagation], ...ref(object) });
            },
            mergePatch: (object, patch, options) => {
                effects.patches.push({ operation: "MergePatch", ...ref(object), patch: JSON.parse(patch), ...how(options) });
            },
            jsonPatch: (object, patch, options) => {
                effects.patches.push({ operation: "JSONPatch", ...ref(object), patch: JSON.parse(patch), ...how(options) });
            },
            jqPatch: (object, patch, options) => {
                effects.patches.push({ operation: "JQPatch", ...ref(object), patch, ...how(options) });
            },
        },
        metrics: {
            add: (name, value, pairs, group) => {
                metric(name, value);
                if (value < 0)
                    throw refusal("invalid-metric", `the counter ${name} cannot fall`);
                effects.metrics.push({ action: "add", name, value, labels: labels(pairs), ...grouped(group) });
            },
            set: (name, value, pairs, group) => {
                metric(name, value);
                effects.metrics.push({ action: "set", name, value, labels: labels(pairs), ...grouped(group) });
            },
            observe: (name, value, buckets, pairs, group) => {
                metric(name, value);
                effects.metrics.push({ action: "observe", name, value, buckets, labels: labels(pairs), ...grouped(group) });
            },
            expire: (group) => {
                effects.metrics.push({ action: "expire", ...grouped(group) });
            },
        },
        log: {
            log: (level, message, fields) => {
                effects.log.push({ level, message, fields: labels(fields) });
            },
        },
        cluster: {
            get: (apiVersion, kind, namespace, name) => {
                const found = world.objects.find((object) => is(object, apiVersion, kind, namespace) && object.metadata?.name === name);
                return text(found);
            },
            list: (apiVersion, kind, { namespace, labelSelector, fieldSelector, limit, after }) => {
                if (fieldSelector !== null)
                    throw refusal("invalid-argument", "the test host knows no field selectors");
                const all = world.objects.filter((object) => is(object, apiVersion, kind, namespace ?? undefined) && selects(labelSelector ?? "", object.metadata?.labels ?? {}));
                const start = after === null ? 0 : Number(after);
                const end = start + Math.min(limit ?? 500, 500);
                return {
                    objects: all.slice(start, end).map((object) => JSON.stringify(object)),
                    next: end < all.length ? String(end) : null,
                    resourceVersion: "1",
                };
            },
        },
        http: {
            send: ({ method, url, headers, body }) => {
                const found = world.answers.find((answer) => url.startsWith(answer.url));
                if (!found)
                    throw refusal("not-granted", `no answer is known for ${url}: say host.http(url, answer)`);
                const answer = found.answer({ method, url, headers, body: body ? decode(body) : undefined });
                const given = answer.json === undefined ? (answer.body ?? "") : JSON.stringify(answer.json);
                return {
                    status: answer.status ?? 200,
                    headers: Object.entries(answer.headers ?? {}),
                    body: typeof given === "string" ? encode(given) : given,
                };
            },
        },
    };
}
/** `undefined` is any namespace, `null` none. */
function is(object, apiVersion, kind, namespace) {
    const { metadata } = object;
    const within = namespace === undefined || (metadata?.namespace ?? null) === namespace;
    return object.apiVersion === apiVersion && object.kind === kind && within;
}
/** As kubectl's `--selector` has it, without sets. */
function selects(selector, labels) {
    return selector
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean)
        .every((part) => {
        const [, key = "", operator, value] = /^([^!=\s]+)\s*(==?|!=)\s*(\S*)$/.exec(part) ?? [];
        if (operator === "!=")
            return labels[key] !== value;
        if (operator)
            return labels[key] === value;
        if (/[()\s]/.test(part))
            throw refusal("invalid-argument", `the test host does not know the selector ${part}`);
        return part.startsWith("!") ? !(part.slice(1) in labels) : part in labels;
    });
}
