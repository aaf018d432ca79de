// Failing, in every way.

import { configMap, defineHook, NoRetryError, RetryAfterError, RetryError } from "@hookbox/sdk";

// Fails as its config values say, after it asked for changes.
export const fail = defineHook({
  name: "fail",
  config: { onStartup: 6 },
  run(input) {
    input.patch.create(configMap("default", "never"));
    const node = { apiVersion: "v1", kind: "Node", name: "n1" };
    input.patch.merge(node, { status: { phase: "Failed" } }, { subresource: "status", ignoreHookError: true });
    input.log.debug("a detail", { of: "debug" });
    console.warn("about to fail");
    input.log.error("now", { code: 7 });
    const how = input.configValues.get<string>("/how");
    if (how === "plain") throw new RetryError("it did not work");
    if (how === "after") throw new RetryAfterError("not yet", 1500);
    if (how === "never") throw new NoRetryError("this will not work");
    if (how === "panic") {
      const nothing: { name: string }[] = [];
      console.log(nothing[how.length].name); // panics here
    }
  },
});
