import { isIPv4, isIPv6 } from "node:net";
import type {
  AdmissionResponse,
  ClusterSelection,
  HttpRequest,
  ObjectPatchesObjectRef,
  ObjectPatchesPatchOptions,
} from "../bindings/contract.js";
import { HOST_HEADERS } from "../http.js";
import type { KubernetesObject } from "../objects.js";
import { isFields, tokens } from "./document.js";
import { bytes, read, refusal } from "./json.js";

// What the real host refuses, this one refuses with the same code: tests/hosts/cases.json of the repository is played on both.

const NAME = 253;

const CONTROL = /\p{Cc}/u;

const quoted = (text: unknown) => JSON.stringify(text);

/** A name that becomes one part of an address. */
function segment(field: string, name: unknown): void {
  if (typeof name !== "string" || name === "") {
    throw refusal("invalid-object", `\`${field}\` is missing, empty or no string`);
  }
  if (name === "." || name === ".." || /[/%?#\\\p{Cc}\p{White_Space}]/u.test(name) || bytes(name) > NAME) {
    throw refusal("invalid-object", `${quoted(name)} is not a valid \`${field}\``);
  }
}

function type(apiVersion: unknown, kind: unknown): void {
  const good = (text: unknown, as: RegExp): text is string =>
    typeof text === "string" && text.length <= NAME && as.test(text);
  if (!good(apiVersion, /^(?:[a-z0-9.-]+\/)?[a-z0-9-]+$/) || apiVersion.includes("..")) {
    throw refusal("invalid-object", `${quoted(apiVersion)} is not an apiVersion such as \`apps/v1\``);
  }
  if (!good(kind, /^[a-zA-Z0-9-][a-zA-Z0-9.-]*$/)) throw refusal("invalid-object", `${quoted(kind)} is not a kind`);
}

/** A manifest that is to be created. */
export function manifest(text: string, alwaysNew: boolean): KubernetesObject {
  const tree = read(text);
  if (!isFields(tree)) throw refusal("invalid-object", "a manifest is a JSON object");
  type(tree["apiVersion"], tree["kind"]);
  const metadata = tree["metadata"];
  if (!isFields(metadata)) throw refusal("invalid-object", "the manifest has no `metadata`");
  const { name, namespace } = metadata;
  if (namespace != null && namespace !== "") segment("metadata.namespace", namespace);
  if (name == null && Object.hasOwn(metadata, "generateName")) {
    if (!alwaysNew) {
      throw refusal("invalid-object", "`metadata.generateName` always makes a new object: use create()");
    }
    segment("metadata.generateName", metadata["generateName"]);
  } else {
    segment("metadata.name", name);
  }
  return tree as KubernetesObject;
}

/** A reference to an object, without what is empty. */
export function reference({ apiVersion, kind, namespace, name }: ObjectPatchesObjectRef): {
  apiVersion?: string;
  kind: string;
  namespace?: string;
  name: string;
} {
  type(apiVersion || "v1", kind);
  if (namespace) segment("namespace", namespace);
  segment("name", name);
  return { ...(apiVersion && { apiVersion }), kind, ...(namespace && { namespace }), name };
}

/** Options of a patch, without what is empty. */
export function options(given: ObjectPatchesPatchOptions): Partial<Record<keyof ObjectPatchesPatchOptions, never>> {
  const { subresource } = given;
  if (subresource && !/^\/?[a-z0-9-]{1,63}$/.test(subresource)) {
    throw refusal("invalid-object", `${quoted(subresource)} is not the name of a subresource`);
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
}

/** A JSON Merge Patch. */
export function mergePatch(text: string): unknown {
  const tree = read(text);
  if (!isFields(tree)) throw refusal("invalid-patch", "a merge patch is a JSON object");
  return tree;
}

/** A JSON Patch. */
export function jsonPatch(text: string): unknown {
  const tree = read(text);
  if (!Array.isArray(tree)) throw refusal("invalid-patch", "a JSON patch is an array of operations");
  tree.forEach((operation, index) => {
    const what = operationFault(operation);
    if (what) throw refusal("invalid-patch", `operation ${index}: ${what}`);
  });
  return tree;
}

function operationFault(operation: unknown): string | undefined {
  if (!isFields(operation)) return "not an object";
  const { op } = operation;
  const known = ["add", "remove", "replace", "move", "copy", "test"];
  if (typeof op !== "string" || !known.includes(op)) return `\`op\` ${quoted(op)} is none of ${known.join(", ")}`;
  for (const key of op === "move" || op === "copy" ? ["path", "from"] : ["path"]) {
    const pointer = operation[key];
    if (typeof pointer !== "string" || !tokens(pointer)) return `\`${key}\` is no JSON Pointer`;
  }
  const valued = op === "add" || op === "replace" || op === "test";
  return valued && !Object.hasOwn(operation, "value") ? `\`${op}\` without \`value\`` : undefined;
}

/** A jq filter. */
export function jqFilter(filter: string): string {
  if (!/[^\p{White_Space}]/u.test(filter) || bytes(filter) > 64 << 10) {
    throw refusal("invalid-patch", "a jq filter is neither empty nor longer than 64 KiB");
  }
  return filter;
}

/** A metric's name, value, labels and buckets. */
export function metric(
  action: "add" | "set" | "observe",
  name: string,
  value: number,
  labels: readonly [string, string][],
  buckets: readonly number[] = [],
): void {
  if (name.length > 256 || !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    throw refusal("invalid-metric", `${quoted(name)} is not the name of a metric`);
  }
  if (!Number.isFinite(value)) throw refusal("invalid-metric", `the metric ${name} cannot be ${value}`);
  if (action === "add" && value < 0) throw refusal("invalid-metric", `the counter ${name} cannot fall`);
  if (labels.length > 64) throw refusal("invalid-label", `${name}: ${labels.length} labels, at most 64 are allowed`);
  const seen = new Set<string>();
  for (const [label, content] of labels) {
    const reserved = label.startsWith("__") || (action === "observe" && label === "le");
    if (reserved || label.length > 256 || !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
      throw refusal("invalid-label", `${name}: ${quoted(label)} is not the name of a label`);
    }
    if (bytes(content) > 4 << 10) throw refusal("invalid-label", `${name}: label ${label} has more than 4 KiB`);
    if (seen.has(label)) throw refusal("invalid-label", `${name}: label ${label} is there twice`);
    seen.add(label);
  }
  const good = buckets.length > 0 && buckets.length <= 200 && buckets.every(Number.isFinite);
  if (action === "observe" && !good) {
    throw refusal("invalid-buckets", `${name}: buckets have 1 to 200 finite bounds`);
  }
}

/** A metric group. Empty is none. */
export function group(of: string | null): { group?: string } {
  if (of && (bytes(of) > NAME || CONTROL.test(of))) {
    throw refusal("invalid-metric", `${quoted(of)} is not the name of a group`);
  }
  return of ? { group: of } : {};
}

/** What a read of the cluster is about. */
export function reading(apiVersion: string, kind: string, namespace: string | null): void {
  const version = /^(?:([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*)\/)?[a-z0-9-]{1,63}$/.exec(apiVersion);
  if (!version || (version[1] ?? "").length > NAME) {
    throw refusal("invalid-argument", `${quoted(apiVersion)} is no group and version`);
  }
  if (!/^[a-zA-Z0-9]{1,63}$/.test(kind)) throw refusal("invalid-argument", `${quoted(kind)} is no kind`);
  if (namespace !== null && !/^[a-z0-9-]{1,63}$/.test(namespace)) {
    throw refusal("invalid-argument", `${quoted(namespace)} is no namespace`);
  }
}

/** The name of an object that is read. */
export function name(of: string): void {
  if (of === "." || of === ".." || !/^[!-~]{1,253}$/.test(of) || /[/%?#\\]/.test(of)) {
    throw refusal("invalid-argument", `${quoted(of)} is no name of an object`);
  }
}

/** Which objects are listed. */
export function selection({ labelSelector, fieldSelector, after }: ClusterSelection): void {
  if ([labelSelector, fieldSelector].some((selector) => bytes(selector ?? "") > 4 << 10)) {
    throw refusal("invalid-argument", "the selector has more than 4 KiB");
  }
  if (bytes(after ?? "") > 16 << 10) throw refusal("invalid-argument", "this is no place to go on");
}

/** A request over HTTP. */
export function request({ method, url, headers }: Pick<HttpRequest, "method" | "url" | "headers">): void {
  const token = /^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/;
  const invalid = (what: string) => refusal("invalid-argument", what);
  if (!token.test(method)) throw invalid(`${quoted(method)} is no method`);
  if (bytes(url) > 8 << 10) throw invalid("the URL is longer than 8 KiB");
  const size = headers.reduce((sum, [key, value]) => sum + bytes(key) + bytes(value), 0);
  if (headers.length > 100 || size > 16 << 10) {
    throw invalid("the headers are more than 100, or have more than 16 KiB");
  }
  for (const [key, value] of headers) {
    if (!token.test(key)) throw invalid(`${quoted(key)} is no name of a header`);
    if (HOST_HEADERS.has(key.toLowerCase())) throw invalid(`the header ${key} is the host's to write`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[\0-\x08\n-\x1f\x7f]/.test(value)) throw invalid(`the header ${key} has a value that cannot be sent`);
  }
  // Nobody sends a fragment.
  const [asked = ""] = url.split("#", 1);
  const parts =
    /^https?:\/\/(?:\[([0-9a-fA-F:.]*)\]|([a-zA-Z0-9._-]+))(?::(\d+))?(?:[/?][!#-;=?-[\]_a-z~]*)?$/.exec(asked);
  if (!parts) throw invalid(`${quoted(asked)} is no URL of HTTP`);
  const [, address, named = "", port] = parts;
  if (port !== undefined && !(Number(port) > 0 && Number(port) < 1 << 16)) {
    throw invalid(`the port is no number between 1 and 65535: ${asked}`);
  }
  const host = named.replace(/\.$/, "").toLowerCase();
  const good =
    address !== undefined
      ? isIPv6(address)
      : /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(host)
        ? isIPv4(host)
        : host.length <= NAME && /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(host);
  if (!good) throw invalid(`the host is no name: ${asked}`);
}

/** The answer to a review. */
export function answer(of: AdmissionResponse, mutates: boolean): void {
  const wrong = (what: string) => refusal("answer", `the host does not take the answer: ${what}`);
  if (of.warnings.length > 100 || of.auditAnnotations.length > 100) {
    throw wrong("it has more than 100 warnings or audit annotations");
  }
  for (const [key] of of.auditAnnotations) {
    if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/.test(key)) {
      throw wrong(`the audit annotation ${quoted(key)} is not made of letters, digits, \`-\`, \`_\` and \`.\`, 63 at most`);
    }
  }
  if (of.patch === null) return;
  if (!mutates) throw wrong("it has a patch, but a validating hook changes nothing");
  if (!Array.isArray(attempt(of.patch))) throw wrong("its patch is no JSON array");
}

/** What was made of so many objects. */
export function converted(objects: readonly string[], given: number): void {
  const wrong = (what: string) => refusal("answer", `the host does not take the answer: ${what}`);
  if (objects.length !== given) throw wrong(`it gave ${objects.length} objects for ${given}`);
  objects.forEach((text, index) => {
    if (!isFields(attempt(text))) throw wrong(`object ${index} is not a JSON object`);
  });
}

function attempt(text: string): unknown {
  try {
    return read(text);
  } catch {
    return undefined;
  }
}
