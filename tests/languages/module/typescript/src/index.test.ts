import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost } from "@hookbox/sdk/testing";
import { typescript } from "./index";

test("its language is added", async () => {
  const host = new TestHost().filterResults("shared", ["a"]).values({ shared: { by: ["rust"] } });
  const effects = await host.run(typescript);
  assert.deepEqual(effects.values, { shared: { by: ["rust", "typescript"] } });
});
