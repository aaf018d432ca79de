import assert from "node:assert/strict";
import { test } from "node:test";
import { HookAbortController, HookAbortSignal } from "../src/prelude/abort.js";
import { clone } from "../src/prelude/clone.js";
import { endConsole, formatted, hookConsole } from "../src/prelude/console.js";
import { HookHeaders, HookRequest, HookResponse } from "../src/prelude/fetch.js";
import { fromAsync, HookPromise, runJobs } from "../src/prelude/promise.js";
import { clearTimer, endTimers, settle, setTimer } from "../src/prelude/timers.js";
import { HookURL, HookURLSearchParams } from "../src/prelude/url.js";
import { decode, encode, Utf8Decoder } from "../src/prelude/utf8.js";
import { trace } from "../src/trace.js";

test("UTF-8 is as the platform has it", () => {
  const texts = ["", "a", "äöü", "€", "😀", "a\ud800b", "\udc00", "\ufeffx", "😀".repeat(5000)];
  for (const text of texts) assert.deepEqual(encode(text), new TextEncoder().encode(text), text.slice(0, 10));
  const all = [
    [0x61], [0xc3, 0xa4], [0xc3], [0xe2, 0x82], [0xe2, 0x82, 0xac, 0x62], [0xf0, 0x9f, 0x98, 0x80], [0xed, 0xa0, 0x80],
    [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xef, 0xbb, 0xbf, 0x61], [0xe0, 0x9f, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80],
  ];
  for (const bytes of all) assert.equal(decode(new Uint8Array(bytes)), new TextDecoder().decode(new Uint8Array(bytes)), String(bytes));
  assert.throws(() => new Utf8Decoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])), TypeError);
  assert.throws(() => new Utf8Decoder("latin1"), RangeError);
  const parts = [[0xef, 0xbb], [0xbf, 0x61, 0xf0], [0x9f, 0x98], [0x80, 0xc3], [0x62, 0xef, 0xbb, 0xbf], [0xe2], []];
  for (const ignoreBOM of [false, true]) {
    const [ours, theirs] = [new Utf8Decoder("utf-8", { ignoreBOM }), new TextDecoder("utf-8", { ignoreBOM })];
    for (let round = 0; round < 2; round++) {
      for (const [index, part] of parts.entries()) {
        const [bytes, stream] = [new Uint8Array(part), index < parts.length - 1];
        assert.equal(ours.decode(bytes, { stream }), theirs.decode(bytes, { stream }), `${index} of ${parts}`);
      }
    }
  }
});

test("addresses are as the platform has them", () => {
  const cases: [string, string?][] = [
    ["https://Example.com:443/a/../b/./c?x=1#y"], ["http://u:p%40@h:8080"], ["../d?q", "https://e.com/a/b/c"],
    ["//other/x", "https://e.com/a"], ["?z=ä b", "https://e.com/a?y"], ["#f", "https://e.com/a?y"], ["/abs", "http://h:81/x/y"],
    ["https://[::1]:9/x"], ["mailto:a@b.c"], ["https://h/a b\"c"], ["", "https://e.com/a?y#z"], ["https:\\\\h\\a"],
    ["http://h/%2e%2e/a"], ["https://h/?a=b&c=d%20e+f"], ["file:///a/b"], ["file:/a/../b"], ["file://localhost/a"], ["file://h/a"],
    ["../c", "file:///a/b/d"], ["foo:///a"], ["foo://h:1/a?b"], ["x", "foo:///a/b"], ["constructor:a"],
  ];
  for (const [text, base] of cases) {
    const [ours, theirs] = [new HookURL(text, base), new URL(text, base)];
    const parts = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];
    for (const part of parts) {
      assert.equal((ours as never)[part], (theirs as never)[part], `${part} of ${text}`);
    }
  }
  for (const text of ["", "a", "http://", "https://h:99999", "http://a b/"]) {
    assert.equal(HookURL.canParse(text), false, text);
    assert.throws(() => new URL(text), TypeError);
  }
  const url = new HookURL("https://h/a?x=1");
  url.searchParams.append("y", "ä&b c");
  url.pathname = "/q r";
  url.port = "8443";
  assert.equal(url.href, "https://h:8443/q%20r?x=1&y=%C3%A4%26b+c");
  url.search = "?n=2";
  assert.deepEqual([...url.searchParams], [["n", "2"]]);
  for (const text of ["https:", "HTTP", "ftp://x", "file:", "mailto", "wss:x", "", ":"]) {
    for (const before of ["http://u@h:443/a?b#c", "http://h/", "file:///a", "file://h/a", "mailto:a@b"]) {
      const [ours, theirs] = [new HookURL(before), new URL(before)];
      ours.protocol = theirs.protocol = text;
      assert.equal(ours.href, theirs.href, `${before} as ${text}`);
    }
  }
  const hosts = ["x", "X:81", "x:", "x:443z", "x:a", "x:99999", ":1", "", "[::1]", "[::1]:7", "a b", "u@x", "x/y:3", "x?y", "x\\y", "LocalHost", "x:8\t0", "a]"];
  const ports = ["8443", "443", "80", "", "0", "81x", "x", "-1", "99999", " 1", "8\n1", "/", "007"];
  const befores = ["http://u@h:8/a?b#c", "https://h", "file:///a", "file://h/a", "mailto:a@b", "foo://h:1/a", "foo:///a", "foo://u@h"];
  for (const before of befores) {
    for (const [part, texts] of [["host", hosts], ["hostname", hosts], ["port", ports], ["username", ["v", ""]], ["password", ["p"]]] as const) {
      for (const text of texts) {
        // Here versions of Node.js differ.
        if (before.startsWith("foo") && text.includes(":")) continue;
        const [ours, theirs] = [new HookURL(before), new URL(before)];
        ours[part] = theirs[part] = text;
        assert.equal(ours.href, theirs.href, `${part} of ${before} set to ${JSON.stringify(text)}`);
      }
    }
  }
  url.href = "http://u@h2/?m=3#x";
  assert.deepEqual([url.href, ...url.searchParams], ["http://u@h2/?m=3#x", ["m", "3"]]);
  assert.throws(() => (url.href = "nowhere"), TypeError);
  assert.equal(url.host, "h2");
  for (const text of ["a=%41%zz", "%c3%a4%C3=%E2%82", "%ef%bb%bfa=%", "a=b&a=c&d", "?x=%zz&y=+", "!'()~*=1"]) {
    assert.equal(String(new HookURLSearchParams(text)), String(new URLSearchParams(text)), text);
  }
});

test("requests are those of the platform", async () => {
  const type = (body: string | URLSearchParams | HookURLSearchParams | Uint8Array, headers = {}) =>
    new HookRequest("https://h/", { method: "POST", body, headers }).headers.get("content-type");
  const form = "application/x-www-form-urlencoded;charset=UTF-8";
  assert.deepEqual([type(new HookURLSearchParams("a=b")), type(new URLSearchParams("a=b"))], [form, form]);
  assert.equal(type("a"), "text/plain;charset=UTF-8");
  assert.equal(type("{}", { "Content-Type": "application/json" }), "application/json");
  assert.equal(type(new Uint8Array(1)), null);
  assert.equal(new HookResponse("a").headers.get("content-type"), "text/plain;charset=UTF-8");
  const made = [
    new HookURL("https://h/"), new HookURLSearchParams(), new HookHeaders(), new HookRequest("https://h/"), new HookResponse(),
    new HookAbortController(), new HookAbortController().signal,
  ];
  const names = ["URL", "URLSearchParams", "Headers", "Request", "Response", "AbortController", "AbortSignal"];
  assert.deepEqual(made.map((one) => Object.prototype.toString.call(one)), names.map((name) => `[object ${name}]`));
  const request = new HookRequest("https://h/", { method: "PUT", body: "x", headers: { a: "b" }, redirect: "manual" });
  const copy = request.clone();
  assert.equal(await request.text(), "x");
  assert.deepEqual([copy.method, copy.url, copy.headers.get("a"), copy.redirect], ["PUT", "https://h/", "b", "manual"]);
  assert.equal(await copy.text(), "x");
  assert.throws(() => copy.clone(), TypeError);
});

test("promises settle within a call, in the order of the language", async () => {
  const order = async (promise: PromiseConstructor, wait: () => unknown) => {
    const seen: unknown[] = [];
    const see = (what: unknown) => () => void seen.push(what);
    promise.resolve().then(see(1)).then(see(3));
    promise.reject(new Error("x")).catch((error: Error) => seen.push(error.message)).finally(see("finally"));
    promise.all([1, promise.resolve(2), { then: (done: (value: number) => void) => done(3) }]).then((all) => seen.push(all));
    promise.allSettled([1, promise.reject(2)]).then((all) => seen.push(all.map(({ status }) => status)));
    promise.race([promise.resolve("r"), promise.resolve("s")]).then((first) => seen.push(first));
    promise.any([promise.reject(1), promise.resolve("any")]).then((first) => seen.push(first));
    promise.any([promise.reject(1)]).catch((error: AggregateError) => seen.push(error.errors));
    promise.all([]).then((none) => seen.push(none));
    promise.resolve(promise.resolve(1)).then(see("nested"));
    new promise((_, reject) => reject(1)).then(undefined, see("rejected"));
    await wait();
    return seen;
  };
  const ours = await order(HookPromise as unknown as PromiseConstructor, runJobs);
  const theirs = await order(Promise, () => new Promise((done) => setTimeout(done, 0)));
  assert.deepEqual(ours.map((seen) => JSON.stringify(seen)).sort(), theirs.map((seen) => JSON.stringify(seen)).sort());
});

test("lists are made of what comes later", async () => {
  async function* later() {
    yield 1;
    yield 2;
  }
  assert.deepEqual(await fromAsync(later(), async (value, index) => value * 10 + index), [10, 21]);
  assert.deepEqual(await fromAsync([1, Promise.resolve(2)]), [1, 2]);
  assert.deepEqual(await fromAsync({ length: 1, 0: Promise.resolve("a") }), ["a"]);
  await assert.rejects(fromAsync([Promise.reject(new Error("no"))]), /no/);
});

test("a run waits for what happens within it, and for nothing else", () => {
  assert.equal(settle(3), 3);
  assert.equal(settle(HookPromise.resolve(3).then((value) => value + 1)), 4);
  assert.throws(() => settle(HookPromise.reject(new Error("no"))), /no/);
  assert.equal(settle(new HookPromise((done) => setTimer(() => done("later"), 0))), "later");
  assert.throws(() => settle(new HookPromise(() => {})), /nobody settles/);
  let id = 0;
  assert.throws(() => settle(new HookPromise((done) => (id = setTimer(done as never, 1000)))), /1000 ms for a timer/);
  clearTimer(id);
});

test("what a run starts and does not wait for happens within it, and nothing of it in the next", () => {
  const seen: string[] = [];
  const see = (what: string) => () => void seen.push(what);
  HookPromise.resolve().then(see("job"));
  setTimer(() => HookPromise.resolve().then(see("timer")), 0);
  assert.equal(settle("done"), "done");
  assert.deepEqual(seen, ["job", "timer"]);
  HookPromise.resolve().then(see("waited"));
  setTimer(see("after"), 0);
  settle(HookPromise.resolve());
  assert.deepEqual(seen.splice(2), ["waited", "after"]);
  // A run that failed has left some.
  HookPromise.resolve().then(see("left"));
  setTimer(see("left"), 0);
  setTimer(see("left"), 5000);
  HookPromise.reject(new Error("left"));
  endTimers();
  assert.throws(() => settle(new HookPromise(() => {})), /nobody settles/);
  assert.deepEqual(seen, ["job", "timer"]);
});

test("a rejection that nobody handles fails the run", () => {
  const rejected = HookPromise.reject(new Error("lost"));
  assert.throws(() => settle(undefined), /lost/);
  endTimers();
  assert.throws(() => settle(rejected), /lost/);
  rejected.finally(() => {}).catch(() => {});
  HookPromise.allSettled([HookPromise.reject(1)]);
  assert.equal(settle(HookPromise.race([1, HookPromise.reject(2)])), 1);
  const asked = HookPromise.reject(new Error("asked later"));
  setTimer(() => asked.catch(() => {}), 0);
  settle(undefined);
  HookPromise.resolve().then(() => HookPromise.reject(new Error("behind a job")));
  assert.throws(() => settle(undefined), /behind a job/);
  endTimers();
});

test("what is printed is formatted as people expect", () => {
  assert.equal(formatted(["a", 1, null, undefined, true]), "a 1 null undefined true");
  assert.equal(formatted(["%s is %d of %j%%", "a", 3, { b: 1 }, "rest"]), 'a is 3 of {"b":1}% rest');
  assert.equal(formatted([{ a: [1, "x"], "b-c": new Map([["k", 1]]), d: new Set() }]), "{ a: [ 1, 'x' ], 'b-c': Map(1) { 'k' => 1 }, d: Set(0) {} }");
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  assert.equal(formatted([circular]), "{ self: [Circular] }");
  class Point {
    x = 1;
  }
  assert.equal(formatted([new Point(), new Date(0), () => 1, 10n]), "Point { x: 1 } 1970-01-01T00:00:00.000Z [Function: (anonymous)] 10n");
});

test("what cannot be printed is no error", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const throws = {
    get bad(): never {
      throw new Error("no");
    },
    good: 1,
  };
  assert.equal(formatted(["%d %i %f", Symbol("s"), Symbol("s"), Symbol("s")]), "NaN NaN NaN");
  assert.equal(formatted(["%j %j", circular, 1n]), "{ self: [Circular] } 1n");
  assert.equal(formatted([throws, Symbol("s")]), "{ bad: [Thrown: no], good: 1 } Symbol(s)");
  assert.equal(formatted(["%j", throws]), "{ bad: [Thrown: no], good: 1 }");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.match(formatted([[proxy], Object.create(null)]), /^\[ \[Thrown: .*\] \] \{\}$/);
  const odd = new Error("x");
  Object.defineProperty(odd, "message", { value: Symbol("m") });
  assert.match(formatted([odd]), /Thrown/);
  // Outside of a run it is kept for the first one.
  for (const of of [hookConsole.count, hookConsole.countReset, hookConsole.time, hookConsole.timeLog, hookConsole.timeEnd]) {
    of(Symbol("s"));
    of(Object.create(null));
  }
  hookConsole.groupCollapsed(proxy);
  endConsole();
});

test("clones are apart", () => {
  const shared = { n: 1 };
  const value = { a: shared, b: shared, date: new Date(5), map: new Map([[shared, new Set([1])]]), bytes: new Uint8Array([1, 2]) };
  const copy = clone(value);
  assert.deepEqual(copy, structuredClone(value));
  assert.equal(copy.a, copy.b);
  assert.notEqual(copy.a, shared);
  assert.throws(() => clone({ f: () => 1 }), TypeError);
});

test("an abort is told", () => {
  const controller = new HookAbortController();
  let told = 0;
  controller.signal.addEventListener("abort", () => told++);
  controller.abort();
  controller.abort();
  assert.equal(told, 1);
  assert.throws(() => controller.signal.throwIfAborted(), { name: "AbortError" });
  assert.equal(HookAbortSignal.any([HookAbortSignal.timeout(5), HookAbortSignal.timeout(3)]).timeLimit, 3);
});

test("a stack is told by the author's lines", () => {
  const error = new Error("x", { cause: new Error("y") });
  error.stack = [
    "    at inner (componentize-qjs:user.js:12:5)",
    "    at own (componentize-qjs:user.js:3:1)",
    "    at <anonymous> (native)",
    "    at <anonymous> (componentize-qjs:user.js:20:9)",
  ].join("\n");
  (error.cause as Error).stack = "    at deep (componentize-qjs:user.js:13:40)";
  // Lines 0 to 9 are the SDK's; 10 on are a.ts from line 4; within line 12 something of b.ts.
  const origins = { sources: ["src/a.ts", "src/b.ts"], places: [0, 0, -1, 0, 10, 0, 0, 4, 12, 30, 1, 7, 13, 0, 0, 7] };
  (globalThis as { __hookboxOrigins?: string }).__hookboxOrigins = JSON.stringify(origins);
  const text = trace(error);
  const all = trace(new AggregateError([error, new Error("z"), "no error"], "all"));
  delete (globalThis as { __hookboxOrigins?: string }).__hookboxOrigins;
  assert.match(all, /^\none of: x\n    at inner \(src\/a.ts:6\)\n.*\ncaused by: y\n    at deep \(src\/b.ts:8\)\none of: z$/);
  assert.equal(text, "\n    at inner (src/a.ts:6)\n    at src/a.ts:14\ncaused by: y\n    at deep (src/b.ts:8)");
});
