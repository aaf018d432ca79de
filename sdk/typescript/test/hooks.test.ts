import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allow,
  change,
  configMap,
  defineHook,
  deny,
  Input,
  isRefused,
  type KubernetesObject,
  NoRetryError,
  RetryAfterError,
  RetryError,
} from "../src/index.js";
import { HookRequest, hookFetch } from "../src/prelude/fetch.js";
import { Failure, TestHost } from "../src/testing/index.js";

const config = { onStartup: 1 };

function pod(name: string, labels: Record<string, string> = {}): KubernetesObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", labels } };
}

test("a configuration is the document of shell-operator, with all snapshots where none are named", () => {
  const hook = defineHook({
    name: "all",
    config: {
      onStartup: 10,
      schedule: [{ crontab: "* * * * *" }, { name: "alone", crontab: "0 3 * * *", includeSnapshotsFrom: [] }],
      kubernetes: [{ kind: "Pod", executeHookOnEvent: [] }, { name: "maps", kind: "ConfigMap", filter: () => 1 }],
      settings: { executionMinInterval: "1s", warmInstance: true },
    },
    run() {},
  });
  assert.deepEqual(new TestHost().config(hook), {
    configVersion: "v1",
    onStartup: 10,
    schedule: [
      { crontab: "* * * * *", includeSnapshotsFrom: ["kubernetes", "maps"] },
      { name: "alone", crontab: "0 3 * * *" },
    ],
    kubernetes: [
      { kind: "Pod", executeHookOnEvent: [], includeSnapshotsFrom: ["kubernetes", "maps"] },
      { name: "maps", kind: "ConfigMap", filter: true, includeSnapshotsFrom: ["kubernetes", "maps"] },
    ],
    settings: { executionMinInterval: "1s", warmInstance: true },
  });
  assert.throws(() => defineHook({ name: "a b", config }), /name/);
  const wrong = (given: object, message: string) =>
    assert.throws(() => defineHook({ name: "wrong", config: given }), { name: "TypeError", message: `the hook "wrong": ${message}` });
  wrong({ kubernetes: { kind: "Pod" } }, "`config.kubernetes` is a list of bindings: [{ … }]");
  wrong({ schedule: null }, "`config.schedule` is a list of bindings: [{ … }]");
  wrong({ kubernetes: [{ kind: "Pod" }, undefined] }, "`config.kubernetes[1]` is a binding: { … }");
  wrong({ schedule: [{ includeSnapshotsFrom: "a" }] }, "`config.schedule[0].includeSnapshotsFrom` is a list of names");
});

test("snapshots are read as a whole, one by one and in parts", async () => {
  const names = Array.from({ length: 250 }, (_, i) => `pod-${i}`);
  const hook = defineHook({
    name: "reads",
    config,
    run(input) {
      const pods = input.snapshot("pods");
      assert.equal(pods.length, 250);
      assert.deepEqual([...pods].map((entry) => entry.objectAt("/metadata/name")), names);
      assert.deepEqual(input.objects("pods").map((object) => object.metadata?.name), names);
      assert.equal(pods.at(-1)?.object?.metadata?.name, "pod-249");
      assert.equal(pods.at(250), undefined);
      assert.equal(pods.at(0)?.objectAt("/metadata/nothing"), undefined);
      assert.throws(() => pods.at(0)?.objectAt("metadata"), (thrown) => isRefused(thrown, "invalid-pointer"));
      assert.throws(() => input.filterResults("pods"), /snapshot "pods", entry 0: there is no filter result/);
      assert.equal(input.snapshot("nothing").length, 0);
      assert.deepEqual(input.objects("nothing"), []);
      const cut = input.objects("pods", { fields: ["/metadata/name", "/spec/containers/image"] });
      assert.deepEqual(cut.at(-1), { apiVersion: "v1", kind: "Pod", metadata: { name: names.at(-1), namespace: "default" } });
      assert.equal(cut.length, names.length);
      assert.throws(() => input.objects("pods", { fields: ["metadata"] }), (thrown) => isRefused(thrown, "invalid-pointer"));
      assert.deepEqual(input.filterResults<string>("words"), ["a", "b"]);
      assert.deepEqual(input.snapshotNames, ["pods", "words"]);
    },
  });
  await new TestHost().snapshot("pods", names.map((name) => pod(name))).filterResults("words", ["a", "b"]).run(hook);
});

test("an entry has its object and what the filter made of it", async () => {
  const hook = defineHook({
    name: "reads",
    config,
    run(input) {
      const entries = [...input.snapshot<KubernetesObject, number>("pods")];
      assert.deepEqual(entries.map((entry) => [entry.object?.metadata?.name, entry.filterResult]), [["a", 1], ["b", 2]]);
      assert.deepEqual(input.filterResults<number>("pods"), [1, 2]);
    },
  });
  await new TestHost().snapshot("pods", [pod("a"), pod("b")]).filterResults("pods", [1, 2]).run(hook);
  await new TestHost().filterResults("pods", [1, 2]).snapshot("pods", [pod("a"), pod("b")]).run(hook);
});

test("contexts say why a hook runs", async () => {
  const hook = defineHook({
    name: "why",
    config,
    run({ contexts: [event, synchronization] }) {
      assert.equal(event?.binding, "pods");
      assert.equal(event?.kind, "Event");
      assert.equal(event?.watchEvent, "Deleted");
      assert.equal(event?.object?.metadata?.name, "a");
      assert.equal(event?.objectAt("/metadata/name"), "a");
      assert.equal(event?.filterResult, null);
      assert.equal(event?.group, undefined);
      assert.deepEqual(synchronization?.objects.objects().map((object) => object.kind), ["Pod"]);
      assert.equal((synchronization?.toJSON() as { type: string }).type, "Synchronization");
    },
  });
  await new TestHost().run(
    hook,
    { binding: "pods", kind: "Event", watchEvent: "Deleted", object: pod("a"), filterResult: null },
    { binding: "pods", kind: "Synchronization", objects: [pod("a")] },
  );
});

test("a context is written as shell-operator does, with the objects of its binding and all snapshots", async () => {
  const given: unknown[] = [];
  const hook = defineHook({
    name: "writes",
    config,
    run({ contexts }) {
      given.push(...contexts.map((context) => [context.toJSON(), context.objects.length]));
    },
  });
  const host = new TestHost().snapshot("pods", [pod("a")]).filterResults("pods", ["A"]).filterResults("words", [null]);
  await host.run(
    hook,
    { binding: "pods", kind: "Synchronization" },
    { binding: "pods", kind: "Synchronization", objects: [pod("b"), pod("c")] },
    { binding: "all", kind: "Group", group: "g" },
  );
  await new TestHost().run(hook, { binding: "pods", kind: "Event", watchEvent: "Added", object: pod("a"), filterResult: null });
  const pods = [{ filterResult: "A", object: pod("a") }];
  const snapshots = { pods, words: [{ filterResult: null }] };
  assert.deepEqual(given, [
    [{ binding: "pods", type: "Synchronization", objects: pods, snapshots }, 1],
    [{ binding: "pods", type: "Synchronization", objects: [{ object: pod("b") }, { object: pod("c") }], snapshots }, 2],
    [{ binding: "all", type: "Group", groupName: "g", snapshots }, 0],
    [{ binding: "pods", type: "Event", watchEvent: "Added", object: pod("a"), filterResult: null }, 0],
  ]);
});

test("values are named by keys or pointers", async () => {
  const hook = defineHook({
    name: "paths",
    config: {},
    run({ values }) {
      for (const [path, value] of Object.entries({ "/web/a.b": 1, "web.c/d~e": 2, "/web/c~1d~0e": 2, ".x": 3, "web.a.b": undefined })) {
        assert.deepEqual([values.get(path), values.exists(path)], [value, value !== undefined], path);
      }
      assert.throws(() => values.get("/~"), (thrown) => isRefused(thrown, "invalid-path"));
      values.remove(".x");
      values.remove("web.c/d~e");
      values.set("web.n", 4);
    },
  });
  const effects = await new TestHost().values({ web: { "a.b": 1, "c/d~e": 2 }, "": { x: 3 } }).run(hook);
  assert.deepEqual(effects.values, { web: { "a.b": 1, n: 4 }, "": {} });
});

test("effects are recorded, and gone when the run fails", async () => {
  let fails = false;
  const hook = defineHook({
    name: "effects",
    config,
    async run(input) {
      input.values.set("/web/replicas", 3);
      assert.equal(input.values.get("/web/replicas"), 3);
      assert.equal(input.values.exists("/web/nothing"), false);
      input.values.remove("/old");
      assert.throws(() => input.values.remove("/old"), (thrown) => isRefused(thrown, "no-such-path"));
      assert.throws(() => input.values.set("/a/b", 1), (thrown) => isRefused(thrown, "no-such-path"));
      assert.throws(() => input.values.set("/web", undefined), TypeError);
      input.configValues.set("/on", true);
      await Promise.resolve();
      const map = configMap("default", "a", { b: "c" });
      input.patch.create(map);
      input.patch.createIfNotExists(map);
      input.patch.createOrUpdate({ ...map, data: { b: "d" } });
      input.patch.delete(map);
      input.patch.deleteInBackground({ kind: "Node", name: "n" });
      input.patch.deleteNonCascading({ apiVersion: "v1", kind: "Pod", namespace: "x", name: "p" });
      input.patch.merge(map, { data: null }, { ignoreMissingObject: true });
      input.patch.json(map, [{ op: "remove", path: "/data" }], { subresource: "status", ignoreHookError: true });
      input.patch.jq(map, ".data = {}");
      assert.throws(() => input.patch.create({ kind: "Pod" }), (thrown) => isRefused(thrown, "invalid-object"));
      input.metrics.add("seen", 1, { b: "1", a: "2" });
      input.metrics.group("g").set("gauge", 2);
      input.metrics.group("g").observe("took", 0.2, [0.1, 1]);
      input.metrics.expire();
      input.log.with({ of: "x" }).warn("careful", { count: 2, error: new Error("no") });
      if (fails) throw new Error("boom");
    },
  });
  const host = new TestHost().values({ web: {}, old: 1 }).configValues({});
  const effects = await host.run(hook);
  assert.deepEqual(effects.values, { web: { replicas: 3 } });
  assert.deepEqual(effects.configValues, { on: true });
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "a" };
  assert.deepEqual(
    effects.patches.map(({ object: _, ...rest }) => rest),
    [
      { operation: "Create", ...ref },
      { operation: "CreateIfNotExists", ...ref },
      { operation: "CreateOrUpdate", ...ref },
      { operation: "Delete", ...ref },
      { operation: "DeleteInBackground", kind: "Node", name: "n" },
      { operation: "DeleteNonCascading", apiVersion: "v1", kind: "Pod", namespace: "x", name: "p" },
      { operation: "MergePatch", ...ref, patch: { data: null }, ignoreMissingObject: true },
      { operation: "JSONPatch", ...ref, patch: [{ op: "remove", path: "/data" }], subresource: "status", ignoreHookError: true },
      { operation: "JQPatch", ...ref, patch: ".data = {}" },
    ],
  );
  assert.deepEqual(effects.object("ConfigMap", "default/a")?.["data"], { b: "d" });
  assert.deepEqual(effects.metrics, [
    { action: "add", name: "seen", value: 1, labels: { a: "2", b: "1" } },
    { action: "set", name: "gauge", value: 2, labels: {}, group: "g" },
    { action: "observe", name: "took", value: 0.2, buckets: [0.1, 1], labels: {}, group: "g" },
    { action: "expire" },
  ]);
  assert.deepEqual(effects.log, [{ level: "warn", message: "careful", fields: { of: "x", count: "2", error: "no" } }]);
  fails = true;
  const again = new TestHost().values({ web: {}, old: 1 });
  await assert.rejects(again.run(hook), (thrown) => thrown instanceof Failure && thrown.message === "boom");
  const looks = defineHook({ name: "looks", config, run: (input) => assert.equal(input.values.get("/old"), 1) });
  await again.run(looks);
});

test("of a failed run its status patches and its log are left", async () => {
  const run = (input: Input) => {
    input.log.info("looking");
    input.metrics.add("looks", 1);
    input.values.set("/a", 1);
    const pod = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "p" };
    const all = [{ subresource: "scale" }, { subresource: "status" }, { subresource: "/status" }];
    for (const how of [{}, ...all]) input.patch.merge(pod, { status: {} }, { ...how, ignoreHookError: true });
    input.patch.merge(pod, { status: {} }, { subresource: "status" });
    throw new Error("no luck");
  };
  const host = new TestHost().values({ a: 0 });
  const failed = await host.run(defineHook({ name: "fails", config, run })).catch((thrown: unknown) => thrown);
  assert.ok(failed instanceof Failure);
  const { patches, metrics, log, values } = failed.effects;
  assert.deepEqual(patches.map((patch) => patch.subresource), ["status", "/status"]);
  assert.deepEqual([metrics, log.map((record) => record.message), values], [[], ["looking"], { a: 0 }]);
  // What a later run changes is not of the earlier.
  const sets = (to: number) => defineHook({ name: "sets", config, run: (input) => input.values.set("/a", to) });
  const [one, two] = [await host.run(sets(1)), await host.run(sets(2))];
  assert.deepEqual([failed.effects.values, one.values, two.values], [{ a: 0 }, { a: 1 }, { a: 2 }]);
});

test("a failure says where the hook threw", async () => {
  const deep = (n: number): number => deep(n + 1) + 1;
  const wrong = (): void => {
    throw new TypeError("boom");
  };
  const runs: Record<string, () => void> = { wrong, deep: () => void deep(0) };
  for (const [place, run] of Object.entries(runs)) {
    await assert.rejects(new TestHost().run(defineHook({ name: place, config, run })), (thrown: Failure) => {
      const [last] = thrown.stack?.split("\n").filter((line) => line.includes("hooks.test")) ?? [];
      assert.match(last ?? "", new RegExp(`^ +at (Object\\.)?${place} .*hooks\\.test\\.`), thrown.stack);
      return thrown.stack?.startsWith(`Failure: ${thrown.message}\n`) ?? false;
    });
  }
});

test("an error says whether a retry makes sense, wrapped or not", async () => {
  const throws = (thrown: unknown) => {
    const run = () => {
      throw thrown;
    };
    return new TestHost().run(defineHook({ name: "throws", config, run })).then(
      () => assert.fail("it did not fail"),
      (failure: Failure) => [failure.message, failure.retry],
    );
  };
  assert.deepEqual(await throws(new Error("plain")), ["plain", "back-off"]);
  assert.deepEqual(await throws(new RetryError("known")), ["known", "back-off"]);
  assert.deepEqual(await throws(new NoRetryError("no")), ["no", "never"]);
  assert.deepEqual(await throws(new RetryAfterError("later", 1500)), ["later", { afterMilliseconds: 1500 }]);
  const wrapped = new Error("around", { cause: new RetryAfterError("later", 60_000) });
  assert.deepEqual(await throws(wrapped), ["around", { afterMilliseconds: 60_000 }]);
  assert.deepEqual(await throws(new TypeError("odd")), ["TypeError: odd", "back-off"]);
  assert.deepEqual(await throws("text"), ["text", "back-off"]);
  assert.deepEqual(await throws(undefined), ["thrown: undefined", "back-off"]);
  const none = defineHook({ name: "none", config });
  await assert.rejects(new TestHost().run(none), { message: 'the hook "none" has no run()', retry: "never" });
});

test("reviews are answered, and of a changed object only what differs is sent", async () => {
  const hook = defineHook({
    name: "reviews",
    config,
    validate: (review) => {
      if (review.operation === "DELETE") return { allowed: true, audit: { by: "me" } };
      return review.object?.metadata?.labels?.["team"] ? allow("w1", "w2") : deny("no team");
    },
    async mutate(review) {
      const object = review.object as KubernetesObject;
      const labels = (object.metadata!.labels ??= {});
      labels["a/b~c"] = "1";
      delete labels["old"];
      object["spec"] = { list: [1, 2] };
      return change(object);
    },
  });
  const request = (object: unknown) => ({ uid: "u", operation: object ? "CREATE" : "DELETE", object });
  const host = new TestHost();
  const denied = await host.validate(hook, "a.b.c", request(pod("a")));
  assert.deepEqual(denied, { allowed: false, message: "no team", warnings: [], audit: {}, patch: undefined });
  const allowed = await host.validate(hook, "a.b.c", request(pod("a", { team: "x" })));
  assert.deepEqual(allowed.warnings, ["w1", "w2"]);
  assert.deepEqual((await host.validate(hook, "a.b.c", request(null))).audit, { by: "me" });
  const changed = await host.mutate(hook, "a.b.c", request(pod("a", { old: "x", same: "y" })));
  assert.deepEqual(changed.patch, [
    { op: "remove", path: "/metadata/labels/old" },
    { op: "add", path: "/metadata/labels/a~1b~0c", value: "1" },
    { op: "add", path: "/spec", value: { list: [1, 2] } },
  ]);
  const silent = defineHook({ name: "silent", config, validate: () => undefined as never });
  await assert.rejects(host.validate(silent, "a.b.c", request(pod("a"))), /answered by allow/);
  await assert.rejects(host.mutate(silent, "a.b.c", request(pod("a"))), /does not answer reviews of "a.b.c"/);
});

test("filters and conversions are functions of the hook", async () => {
  const hook = defineHook({
    name: "functions",
    config: {
      kubernetes: [
        { name: "pods", kind: "Pod", filter: (object) => object.metadata?.name },
        { name: "nothing", kind: "Pod", filter: () => undefined },
      ],
    },
    convert: async (object, { from, to }) => ({ ...object, apiVersion: `example.com/${to}`, from }),
  });
  const host = new TestHost();
  assert.equal(await host.filter(hook, "pods", pod("a")), "a");
  assert.equal(await host.filter(hook, "nothing", pod("a")), null);
  await assert.rejects(host.filter(hook, "other", pod("a")), /no filter/);
  const converted = await host.convert(hook, "v1", "v2", { apiVersion: "example.com/v1", kind: "Thing" });
  assert.deepEqual(converted, [{ apiVersion: "example.com/v2", kind: "Thing", from: "v1" }]);
  const fails = defineHook({ name: "fails", config, convert: () => Promise.reject(new NoRetryError("no")) });
  const named = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "a" } };
  await assert.rejects(host.convert(fails, "v1", "v2", named), { message: "a: no", retry: "never" });
});

test("the cluster and other hosts are read as far as they are known", async () => {
  const hook = defineHook({
    name: "reads",
    config,
    async run(input) {
      const ref = { apiVersion: "v1", kind: "Pod", namespace: "default" };
      assert.equal(input.cluster.get({ ...ref, name: "a" })?.metadata?.name, "a");
      assert.equal(input.cluster.get({ ...ref, name: "z" }), undefined);
      const all = [...input.cluster.list("v1", "Pod", { pageSize: 1 })];
      assert.deepEqual(all.map((object) => object.metadata?.name), ["a", "b"]);
      const some = [...input.cluster.list("v1", "Pod", { namespace: "default", labelSelector: "app=web,!old" })];
      assert.deepEqual(some.map((object) => object.metadata?.name), ["b"]);

      const answer = input.http.request({ method: "post", url: "https://example.com/a", json: { a: 1 }, timeout: 100 });
      assert.deepEqual([answer.status, answer.ok, answer.headers["x-a"], answer.json()], [201, true, "1", { got: '{"a":1}' }]);
      assert.throws(() => input.http.get("https://other.example.com"), (thrown) => isRefused(thrown, "not-granted"));

      const fetched = await fetch("https://example.com/b", { method: "POST", body: "ä", headers: { "X-B": "2" } });
      assert.deepEqual([fetched.status, await fetched.json()], [201, { got: "ä" }]);
      const moved = await fetch(new URL("https://example.com/moved"));
      assert.deepEqual([moved.redirected, moved.url], [true, "https://example.com/b"]);
      const moving = new HookRequest("https://example.com/moved", { redirect: "manual" });
      assert.equal((await hookFetch(moving)).status, 302);
      await assert.rejects(fetch("https://example.com/moved", { redirect: "error" }), /redirects to \/b, which/);
      const posting = new Request("https://example.com/b", { method: "POST", body: "ö" });
      assert.deepEqual(await (await fetch(posting)).json(), { got: "ö" });
      assert.equal((await fetch(new Request("https://example.com/moved", { redirect: "manual" }))).status, 302);
      const headers = { Host: "example.com", "Content-Length": "1", Cookie: "c=1" };
      const sent = await fetch("https://example.com/headers", { method: "POST", headers, body: new URLSearchParams({ a: "ä b" }) });
      assert.deepEqual(await sent.json(), {
        headers: [["content-type", "application/x-www-form-urlencoded;charset=UTF-8"], ["cookie", "c=1"]],
        body: "a=%C3%A4+b",
      });
      const again = await fetch("https://example.com/posted", { method: "POST", body: "x" });
      assert.deepEqual(await again.json(), { headers: [], method: "GET" });
      assert.throws(() => input.http.get("https://example.com/", { headers }), (thrown) => isRefused(thrown, "invalid-argument"));
      await assert.rejects(fetch("https://other.example.com"), (thrown) => isRefused(thrown, "not-granted"));
    },
  });
  const host = new TestHost()
    .cluster(pod("a", { app: "web", old: "" }), pod("b", { app: "web" }), configMap("default", "c", {}))
    .http("https://example.com/moved", { status: 302, headers: { Location: "/b" } })
    .http("https://example.com/posted", { status: 302, headers: { Location: "/headers" } })
    .http("https://example.com/headers", ({ headers, method, body }) => ({
      json: method === "GET" ? { headers, method } : { headers, body },
    }))
    .http("https://example.com/", (request) => ({ status: 201, headers: { "X-A": "1" }, json: { got: request.body ?? "" } }));
  await host.run(hook);
});

test("two hosts run at the same time, each with its own world", async () => {
  const hook = defineHook({
    name: "turns",
    config,
    async run(input) {
      await new Promise((done) => setImmediate(done));
      input.values.set("/seen", input.values.get("/name"));
    },
  });
  const runs = ["a", "b"].map((name) => new TestHost().values({ name }).run(hook));
  const seen = (await Promise.all(runs)).map((effects) => (effects.values as { seen: string }).seen);
  assert.deepEqual(seen, ["a", "b"]);
});

test("what is given of another kind is written as text, or refused where it was given", async () => {
  // Objects of Kubernetes have fields of any kind.
  // biome-ignore lint/suspicious/noExplicitAny: as these
  const any = (value: unknown): any => value;
  const wrong = (of: () => unknown, message: RegExp) =>
    assert.throws(of, (thrown) => thrown instanceof TypeError && message.test(thrown.message));
  const hook = defineHook({
    name: "any",
    config,
    run(input) {
      const { log, metrics, patch, values } = input;
      metrics.set("m", 1, { code: 200, none: null, half: "\ud800", text: "a" });
      wrong(() => metrics.set("m", any("5")), /the metric m is to be a number, and is "5"/);
      wrong(() => metrics.add("m", any(undefined)), /the metric m is to be a number, and is undefined/);
      wrong(() => metrics.set(any(1), 1), /the name of a metric/);
      wrong(() => metrics.observe("m", 1, any(["1"])), /a bound of the metric m/);
      wrong(() => patch.delete(any({ kind: "Pod" })), /`name` of the object to refer to is to be a string, and is undefined/);
      wrong(() => patch.delete(any({ kind: "Pod", metadata: { name: 1 } })), /`metadata.name` .* and is 1/);
      wrong(() => patch.delete(any({ metadata: { name: "a" } })), /`kind`/);
      wrong(() => patch.delete(any(undefined)), /not by undefined/);
      wrong(() => patch.jq({ kind: "Pod", name: "a" }, any(1)), /the jq filter/);
      wrong(() => values.get(any(1)), /the path of a value/);
      wrong(() => input.snapshot(any(null)), /the name of a binding/);
      wrong(() => input.contexts[0]?.objectAt(any(1)), /a JSON Pointer/);
      wrong(() => input.cluster.list("v1", "Pod", { labelSelector: any({ a: 1 }) }).next(), /labelSelector .* \{"a":1\}/);
      log.info(any({ a: 1 }), { half: "\udc00", big: 1n, odd: Object.create(null), symbol: Symbol("s") });
      log.info("\ud800");
    },
    validate: () => ({ allowed: false, message: any({ a: 1 }), warnings: any([1]), audit: any({ a: 2 }) }),
  });
  const { metrics, log } = await new TestHost().run(hook);
  assert.deepEqual(metrics, [
    { action: "set", name: "m", value: 1, labels: { code: "200", half: "\ufffd", none: "null", text: "a" } },
  ]);
  const fields = { half: "\ufffd", big: "1", odd: "{}", symbol: "Symbol(s)" };
  assert.deepEqual(log, [
    { level: "info", message: '{"a":1}', fields },
    { level: "info", message: "\ufffd", fields: {} },
  ]);
  const answered = await new TestHost().validate(hook, "a.b.c", { uid: "u", operation: "CREATE" });
  assert.deepEqual([answered.message, answered.warnings, answered.audit], ['{"a":1}', ["1"], { a: "2" }]);
  const half = defineHook({ name: "half", config, run: () => Promise.reject(new Error("\ud800")) });
  await assert.rejects(new TestHost().run(half), { message: "\ufffd" });
});

test("what a hook starts and does not wait for belongs to its run", async () => {
  const run = (of: () => void) => new TestHost().run(defineHook({ name: "starts", config, run: () => of() }));
  const late = async () => {
    await null;
    new Input("starts", []).patch.create(configMap("default", "late"));
  };
  assert.equal((await run(() => void late())).patches.length, 1);
  assert.equal((await run(() => void setTimeout(() => void late(), 0))).patches.length, 1);
  const lost = async () => {
    await null;
    throw new NoRetryError("lost");
  };
  await assert.rejects(run(() => void lost()), { message: "lost", retry: "never" });
  const before = process.listenerCount("unhandledRejection");
  const both = await Promise.allSettled([run(() => void lost()), run(() => {})]);
  assert.deepEqual(both.map(({ status }) => status), ["rejected", "fulfilled"]);
  assert.equal(process.listenerCount("unhandledRejection"), before);
});

test("outside of a run there is no host", () => {
  assert.throws(() => new Input("outside", []).values.get(""), /only while a hook runs/);
});
