// What has to be granted.

import { defineHook, difference, isRefused, NoRetryError, RetryError } from "@hookbox/sdk";

// The code of what is refused.
function code(of: () => unknown): string {
  try {
    of();
  } catch (thrown) {
    if (isRefused(thrown)) return thrown.code;
    throw thrown;
  }
  throw new NoRetryError("it was not refused");
}

// Asks the server that its config values name.
export const fetches = defineHook({
  name: "fetch",
  config: {
    onStartup: 3,
    capabilities: { http: [{ hosts: ["127.0.0.1"], schemes: ["http"], methods: ["GET", "POST"] }] },
  },
  async run(input) {
    const server = input.configValues.get<string>("/server") ?? "";
    let answer: Response;
    try {
      answer = await fetch(`http://${server}/json?q=1`, { headers: { "x-asked-by": "a hook" } });
    } catch (thrown) {
      throw new RetryError(`no answer: ${isRefused(thrown) ? thrown.code : ""}`);
    }
    const body = (await answer.json()) as { version: number };
    const kind = answer.headers.get("content-type");
    input.log.info("got", { status: answer.status, kind, version: body.version });
    const sent = { name: "ü", of: [1, 2] };
    const echoed = input.http.request({ method: "POST", url: `http://${server}/echo`, json: sent });
    const same = difference(echoed.json(), sent).length === 0;
    input.log.info("echoed", { status: echoed.status, same });
    const missing = input.http.get(`http://${server}/missing`);
    input.log.info("missing", { status: missing.status, bytes: missing.bytes.length });
    for (const url of [`http://${server}/json`, "http://other.example/", "nonsense"]) {
      const method = url.endsWith("json") ? "DELETE" : "GET";
      input.log.info("refused", { code: code(() => input.http.request({ method, url })) });
    }
    input.metrics.set("version", body.version);
  },
});

// Reads objects that it does not watch.
export const read = defineHook({
  name: "read",
  config: {
    onStartup: 4,
    capabilities: {
      kubernetes: [{ apiGroups: [""], kinds: ["ConfigMap"], namespaces: ["default"], verbs: ["get", "list"] }],
    },
  },
  run({ cluster, log }) {
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default" };
    const a = cluster.get({ ...ref, name: "a" });
    const none = cluster.get({ ...ref, name: "none" });
    log.info("got", { level: a?.data.level, none: none === undefined });
    const listed = cluster.list("v1", "ConfigMap", { namespace: "default", labelSelector: "app=web", pageSize: 2 });
    log.info("listed", { names: [...listed].map((object) => object.metadata?.name).join(" ") });
    log.info("refused", { code: code(() => cluster.get({ ...ref, kind: "Secret", name: "s" })) });
  },
});
