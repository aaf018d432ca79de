import type {
  ContextsBindingContext,
  HttpResponse,
  Imports,
  SnapshotsEntry,
  SnapshotsSnapshot,
  Values,
} from "../bindings/contract.js";
import type { WatchEvent } from "../config.js";
import type { KubernetesObject } from "../objects.js";
import { decode, encode } from "../prelude/utf8.js";
import type { ContextKind } from "../snapshot.js";
import { cut, Document, tokens } from "./document.js";
import type { Recorded } from "./effects.js";
import { refusal } from "./json.js";
import * as valid from "./validate.js";

/** One reason for a run. */
export interface ContextInit {
  /** Name of the binding. */
  binding: string;
  /** Left out for `onStartup`. */
  kind?: ContextKind;
  /** For the kind `Group`. */
  group?: string;
  /** For the kind `Event`. */
  watchEvent?: WatchEvent;
  /** What the event is about. */
  object?: object;
  /** What the filter made of it. */
  filterResult?: unknown;
  /** The objects of the binding, for the kind `Synchronization`; those of its snapshot when left out. */
  objects?: readonly object[];
}

/** A request that a hook sent. */
export interface Request {
  /** `GET` and its like. */
  method: string;
  /** Where to. */
  url: string;
  /** As the hook gave them. */
  headers: [string, string][];
  /** The body as text. */
  body: string | undefined;
}

/** What is answered. */
export interface Answer {
  /** 200 when left out. */
  status?: number;
  /** None when left out. */
  headers?: Record<string, string>;
  /** Empty when left out. */
  body?: string | Uint8Array;
  /** A body that is written as JSON. */
  json?: unknown;
}

/** What is there. */
export interface World {
  snapshots: Map<string, SnapshotsEntry[]>;
  values: Document;
  configValues: Document;
  objects: KubernetesObject[];
  answers: { url: string; answer(request: Request): Answer }[];
}

/** Most entries that are given at a time: fewer than a hook asks for, so that it must go on. */
const PAGE = 100;

/** Most fields that may be named. */
const FIELDS = 256;

function snapshot(entries: readonly SnapshotsEntry[]): SnapshotsSnapshot {
  return {
    len: () => entries.length,
    get: (index) => entries[index] ?? null,
    range: (start, count) => entries.slice(start, start + Math.min(count, PAGE)),
    select: (start, count, fields, ignoreCase) => {
      if (fields.length > FIELDS) throw refusal("invalid-pointer", `at most ${FIELDS} fields can be named`);
      const paths = fields.map((field) => {
        const path = tokens(field);
        if (!path) throw refusal("invalid-pointer", `${JSON.stringify(field)} is no JSON Pointer`);
        return path;
      });
      return entries.slice(start, start + Math.min(count, PAGE)).map(({ object, filterResult }) => ({
        object: object == null ? null : JSON.stringify(cut(JSON.parse(object), paths, ignoreCase)),
        filterResult,
      }));
    },
    pointer: (index, part, pointer) => {
      const entry = entries[index];
      const text = part === "object" ? entry?.object : entry?.filterResult;
      // A pointer that is none is refused whatever there is.
      return new Document(text == null ? undefined : JSON.parse(text)).get(pointer, "invalid-pointer");
    },
  };
}

function text(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** Entries as shell-operator writes them. */
function written(entries: readonly SnapshotsEntry[]): object[] {
  return entries.map(({ object, filterResult }) => ({
    filterResult: filterResult == null ? undefined : (JSON.parse(filterResult) as unknown),
    object: object == null ? undefined : (JSON.parse(object) as unknown),
  }));
}

/** A context as the contract has it. */
export function context(init: ContextInit, { snapshots }: Pick<World, "snapshots">): ContextsBindingContext {
  const given = init.objects?.map((object) => ({ object: JSON.stringify(object), filterResult: null }));
  const objects = given ?? (init.kind === "Synchronization" ? (snapshots.get(init.binding) ?? []) : undefined);
  return {
    binding: () => init.binding,
    kind: () => init.kind ?? null,
    group: () => init.group ?? null,
    watchEvent: () => init.watchEvent ?? null,
    object: () => text(init.object),
    filterResult: () => text(init.filterResult),
    objectPointer: (pointer) => new Document(init.object).get(pointer, "invalid-pointer"),
    objects: () => (objects ? snapshot(objects) : null),
    snapshotNames: () => [...snapshots.keys()],
    toJson: () => {
      const { binding, filterResult, group: groupName, kind: type, object, watchEvent } = init;
      const all = [...snapshots].map(([name, entries]) => [name, written(entries)] as const);
      return JSON.stringify({
        binding,
        filterResult,
        groupName,
        object,
        objects: objects && written(objects),
        snapshots: all.length > 0 ? Object.fromEntries(all) : undefined,
        type,
        watchEvent,
      });
    },
  };
}

function values(of: () => Document): Values {
  return {
    get: (path) => of().get(path),
    exists: (path) => of().get(path) !== null,
    set: (path, value) => of().set(path, value),
    remove: (path) => of().remove(path),
  };
}

/** A host over a world, which records what a run asks for. */
export function imports(world: World, effects: Recorded): Imports {
  const labels = (pairs: [string, string][]) => Object.fromEntries(pairs);
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
        const object = valid.manifest(manifest, mode === "fail-if-exists");
        const operations = {
          "fail-if-exists": "Create",
          "keep-existing": "CreateIfNotExists",
          "replace-existing": "CreateOrUpdate",
        } as const;
        const { apiVersion, kind, metadata } = object;
        const { name, namespace } = metadata ?? {};
        const where = namespace ? { namespace, name } : { name };
        effects.patches.push({ operation: operations[mode], apiVersion, kind, ...where, object });
      },
      delete: (object, propagation) => {
        const operations = {
          foreground: "Delete",
          background: "DeleteInBackground",
          orphan: "DeleteNonCascading",
        } as const;
        effects.patches.push({ operation: operations[propagation], ...valid.reference(object) });
      },
      mergePatch: (object, patch, options) => {
        const to = { operation: "MergePatch" as const, ...valid.reference(object), ...valid.options(options) };
        effects.patches.push({ ...to, patch: valid.mergePatch(patch) });
      },
      jsonPatch: (object, patch, options) => {
        const to = { operation: "JSONPatch" as const, ...valid.reference(object), ...valid.options(options) };
        effects.patches.push({ ...to, patch: valid.jsonPatch(patch) });
      },
      jqPatch: (object, patch, options) => {
        const to = { operation: "JQPatch" as const, ...valid.reference(object), ...valid.options(options) };
        effects.patches.push({ ...to, patch: valid.jqFilter(patch) });
      },
    },
    metrics: {
      add: (name, value, pairs, group) => {
        valid.metric("add", name, value, pairs);
        effects.metrics.push({ action: "add", name, value, labels: labels(pairs), ...valid.group(group) });
      },
      set: (name, value, pairs, group) => {
        valid.metric("set", name, value, pairs);
        effects.metrics.push({ action: "set", name, value, labels: labels(pairs), ...valid.group(group) });
      },
      observe: (name, value, buckets, pairs, group) => {
        valid.metric("observe", name, value, pairs, buckets);
        const bounds = [...new Set(buckets)].sort((one, other) => one - other);
        effects.metrics.push({ action: "observe", name, value, buckets: bounds, labels: labels(pairs), ...valid.group(group) });
      },
      expire: (group) => {
        effects.metrics.push({ action: "expire", ...valid.group(group) });
      },
    },
    log: {
      log: (level, message, fields) => {
        effects.log.push({ level, message, fields: labels(fields) });
      },
    },
    cluster: {
      get: (apiVersion, kind, namespace, name) => {
        valid.reading(apiVersion, kind, namespace);
        valid.name(name);
        const found = world.objects.find(
          (object) => is(object, apiVersion, kind, namespace) && object.metadata?.name === name,
        );
        return text(found);
      },
      list: (apiVersion, kind, selection) => {
        const { namespace, labelSelector, fieldSelector, limit, after } = selection;
        valid.reading(apiVersion, kind, namespace);
        valid.selection(selection);
        if (fieldSelector !== null) throw refusal("invalid-argument", "the test host knows no field selectors");
        const all = world.objects.filter(
          (object) =>
            is(object, apiVersion, kind, namespace ?? undefined) && selects(labelSelector ?? "", object.metadata?.labels ?? {}),
        );
        if (after !== null && !/^\d+$/.test(after)) throw refusal("expired", "there is no such place in the listing");
        const start = Number(after ?? 0);
        const end = start + Math.min(Math.max(limit ?? 500, 1), 500);
        return {
          objects: all.slice(start, end).map((object) => JSON.stringify(object)),
          next: end < all.length ? String(end) : null,
          resourceVersion: "1",
        };
      },
    },
    http: {
      send: ({ method, url, headers, body }): HttpResponse => {
        valid.request({ method, url, headers });
        const found = world.answers.find((answer) => url.startsWith(answer.url));
        if (!found) throw refusal("not-granted", `no answer is known for ${url}: say host.http(url, answer)`);
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
function is(object: KubernetesObject, apiVersion: string, kind: string, namespace: string | null | undefined): boolean {
  const { metadata } = object;
  const within = namespace === undefined || (metadata?.namespace ?? null) === namespace;
  return object.apiVersion === apiVersion && object.kind === kind && within;
}

/** As kubectl's `--selector` has it, without sets. */
function selects(selector: string, labels: Record<string, string>): boolean {
  return selector
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .every((part) => {
      const [, key = "", operator, value] = /^([^!=\s]+)\s*(==?|!=)\s*(\S*)$/.exec(part) ?? [];
      if (operator === "!=") return labels[key] !== value;
      if (operator) return labels[key] === value;
      if (/[()\s]/.test(part)) throw refusal("invalid-argument", `the test host does not know the selector ${part}`);
      return part.startsWith("!") ? !(part.slice(1) in labels) : part in labels;
    });
}
