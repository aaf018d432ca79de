import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ContextsBindingContext, Imports } from "../src/bindings/contract.js";
import { Document } from "../src/testing/document.js";
import { Recorded } from "../src/testing/effects.js";
import { context, imports, type World } from "../src/testing/host.js";
import * as valid from "../src/testing/validate.js";

// The table of tests/hosts, which the sandbox and the hosts of all SDKs play.

// biome-ignore lint/suspicious/noExplicitAny: a table says what it likes
type Call = Record<string, any>;

const file = new URL("../../../../../tests/hosts/cases.json", import.meta.url);
const table = JSON.parse(readFileSync(file, "utf8")) as { world: Call; cases: { name: string; calls: Call[] }[] };

/** A text: as it is, or pieces and how often each is there. */
function text(value: string | [string, number][]): string {
  return typeof value === "string" ? value : value.map(([piece, times]) => piece.repeat(times)).join("");
}

const maybe = (value: unknown) => (value == null ? null : text(value as string));
const pairs = (value: [string, string][]) => value.map(([name, content]): [string, string] => [text(name), text(content)]);
const number = (value: number | string) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value));
const found = (part: string | null) => (part === null ? { none: true } : { answer: JSON.parse(part) as unknown });

function onValues(of: Imports["values"], name: string, call: Call): Call {
  const path = text(call["path"]);
  if (name === "get") return found(of.get(path));
  if (name === "exists") return { answer: of.exists(path) };
  if (name === "set") of.set(path, text(call["value"]));
  else of.remove(path);
  return {};
}

function onSnapshots(of: Imports["snapshots"], name: string, call: Call): Call {
  if (name === "names") return { answer: of.names() };
  const snapshot = of.open(call["binding"]);
  if (name === "open") return { answer: snapshot !== null };
  assert.ok(snapshot);
  if (name === "len") return { answer: snapshot.len() };
  if (name === "range") return { answer: snapshot.range(call["start"], call["count"]).length };
  if (name === "pointer") return found(snapshot.pointer(call["index"], call["part"], text(call["pointer"])));
  if (name === "select") {
    const fields = Array.from({ length: call["times"] ?? 1 }, () => call["fields"].map(text)).flat();
    return { answer: snapshot.select(call["start"], call["count"], fields, call["ignoreCase"] ?? false).map(tree) };
  }
  const entry = snapshot.get(call["index"]);
  return entry ? { answer: tree(entry) } : { none: true };
}

function tree(entry: object): Call {
  const parts = Object.entries(entry).filter(([, part]) => part !== null);
  return Object.fromEntries(parts.map(([key, part]) => [key, JSON.parse(part as string)]));
}

function onPatches(of: Imports["objectPatches"], name: string, call: Call): void {
  if (name === "create") return of.create(text(call["object"]), call["mode"]);
  const { apiVersion, kind, namespace, name: named } = call["ref"];
  const ref = { apiVersion: maybe(apiVersion), kind: text(kind), namespace: maybe(namespace), name: text(named) };
  if (name === "delete") return of.delete(ref, call["propagation"]);
  const { subresource, ignoreMissingObject = false, ignoreHookError = false } = call["options"];
  const options = { subresource: maybe(subresource), ignoreMissingObject, ignoreHookError };
  if (name === "merge") of.mergePatch(ref, text(call["patch"]), options);
  else if (name === "json") of.jsonPatch(ref, text(call["patch"]), options);
  else of.jqPatch(ref, text(call["filter"]), options);
}

function onMetrics(of: Imports["metrics"], name: string, call: Call): void {
  const group = maybe(call["group"]);
  if (name === "expire") return of.expire(group);
  const [metric, value, labels] = [text(call["name"]), number(call["value"]), pairs(call["labels"])];
  if (name === "add") of.add(metric, value, labels, group);
  else if (name === "set") of.set(metric, value, labels, group);
  else of.observe(metric, value, call["buckets"].map(number), labels, group);
}

function onCluster(of: Imports["cluster"], name: string, call: Call): Call {
  const [apiVersion, kind, namespace] = [text(call["apiVersion"]), text(call["kind"]), maybe(call["namespace"])];
  if (name === "get") return found(of.get(apiVersion, kind, namespace, text(call["name"])));
  const page = of.list(apiVersion, kind, {
    namespace,
    labelSelector: maybe(call["labelSelector"]),
    fieldSelector: maybe(call["fieldSelector"]),
    limit: call["limit"] ?? null,
    after: maybe(call["after"]),
  });
  return { answer: page.objects.map((object) => JSON.parse(object).metadata.name as string) };
}

function play(host: Imports, of: ContextsBindingContext, call: Call): Call {
  const [room, name = ""] = (call["call"] as string).split(".");
  switch (room) {
    case "values":
      return onValues(host.values, name, call);
    case "configValues":
      return onValues(host.configValues, name, call);
    case "snapshots":
      return onSnapshots(host.snapshots, name, call);
    case "contexts":
      return found(of.objectPointer(text(call["pointer"])));
    case "patches":
      onPatches(host.objectPatches, name, call);
      return {};
    case "metrics":
      onMetrics(host.metrics, name, call);
      return {};
    case "cluster":
      return onCluster(host.cluster, name, call);
    case "http": {
      const [method, url, headers] = [text(call["method"]), text(call["url"]), pairs(call["headers"])];
      host.http.send({ method, url, headers, body: null, timeout: null, limit: null });
      return {};
    }
    case "admission": {
      const [warnings, auditAnnotations] = [call["warnings"].map(text), pairs(call["audit"])];
      const patch = maybe(call["patch"]);
      valid.answer({ allowed: true, message: null, warnings, auditAnnotations, patch }, call["mutates"]);
      return {};
    }
    case "conversion":
      valid.converted(call["objects"].map(text), call["given"]);
      return {};
    default:
      throw new Error(`no such call: ${JSON.stringify(call)}`);
  }
}

for (const { name, calls } of table.cases) {
  test(`the host answers as the table says: ${name}`, () => {
    const { values, configValues, snapshots, cluster, context: reason } = table.world;
    const text = (part: unknown) => (part === undefined ? null : JSON.stringify(part));
    const entries = Object.entries(snapshots as Record<string, Call[]>).map(([binding, entries]) => {
      const parts = entries.map(({ object, filterResult }) => ({ object: text(object), filterResult: text(filterResult) }));
      return [binding, parts] as const;
    });
    const world: World = {
      snapshots: new Map(entries),
      values: new Document(values),
      configValues: new Document(configValues),
      objects: structuredClone(cluster),
      answers: [],
    };
    const host = imports(world, new Recorded(world));
    const of = context(reason, world);
    for (const call of calls) {
      let outcome: Call;
      try {
        outcome = play(host, of, call);
      } catch (thrown) {
        const { payload } = thrown as { payload?: { code: string } };
        if (!payload) throw thrown;
        outcome = { refused: payload.code };
      }
      const { refused, answer, none } = call;
      const expected = Object.entries({ refused, answer, none }).filter(([, value]) => value !== undefined);
      assert.deepEqual(outcome, Object.fromEntries(expected), JSON.stringify(call));
    }
  });
}
