import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, TestHost } from "@hookbox/sdk/testing";
import { fail, reconcile } from "./index";

test("Pods are counted by their nodes", async () => {
  const pod = (name: string) => ({ metadata: { name, namespace: "default" }, spec: { nodeName: "n" }, kind: "Pod" });
  const effects = await new TestHost().snapshot("pods", [pod("a"), pod("b")]).run(reconcile);
  assert.deepEqual(effects.object("ConfigMap", "default/pods")?.data, { n: "a,b" });
});

test("an error says when to retry", async () => {
  const run = new TestHost().configValues({ how: "after" }).run(fail);
  await assert.rejects(run, (thrown: Failure) => typeof thrown.retry === "object" && thrown.retry.afterMilliseconds === 1500);
});
