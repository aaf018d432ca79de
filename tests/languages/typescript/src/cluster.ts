// Snapshots, contexts, and changes of objects.

import { defineHook, type KubernetesObject } from "@hookbox/sdk";

interface Pod extends KubernetesObject {
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  spec?: { nodeName?: string };
  status?: { phase?: string };
}

// Which node has which Pods, in a ConfigMap; Pods that are done go, and others are marked once.
export const reconcile = defineHook({
  name: "reconcile",
  config: {
    kubernetes: [{ name: "pods", apiVersion: "v1", kind: "Pod", labelSelector: { matchLabels: { app: "web" } } }],
  },
  run(input) {
    const pods = input.objects<Pod>("pods", { fields: ["/metadata/labels", "/spec/nodeName", "/status/phase"] });
    const nodes = new Map<string, string[]>();
    for (const pod of pods) {
      if (pod.status?.phase === "Succeeded") {
        input.patch.deleteInBackground(pod);
        continue;
      }
      const node = pod.spec?.nodeName ?? "";
      nodes.set(node, [...(nodes.get(node) ?? []), pod.metadata.name]);
      if (pod.metadata.labels?.seen === undefined) {
        input.patch.merge(pod, { metadata: { labels: { seen: "yes" } } });
      }
    }
    const data: Record<string, string> = {};
    for (const [node, names] of [...nodes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      input.metrics.set("pods_of_node", names.length, { node });
      data[node] = names.join(",");
    }
    const metadata = { name: "pods", namespace: "default" };
    input.patch.createOrUpdate({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
    input.log.info("reconciled", { pods: pods.length, nodes: nodes.size });
  },
});

interface Images {
  name: string;
  images: string[];
}

// The name of a Deployment and its images, each once and in order.
function images(object: KubernetesObject): Images {
  if (object.metadata?.annotations?.broken === "yes") throw new Error("this one is broken");
  const containers: { image?: string }[] = object.spec?.template?.spec?.containers ?? [];
  const found = new Set(containers.flatMap(({ image }) => image ?? []));
  return { name: object.metadata?.name ?? "", images: [...found].sort() };
}

// Counts the images that the filter found.
export const filtered = defineHook({
  name: "filtered",
  config: { kubernetes: [{ name: "deployments", apiVersion: "apps/v1", kind: "Deployment", filter: images }] },
  run(input) {
    for (const { name, images } of input.filterResults<Images>("deployments")) {
      input.log.info("images", { name, list: images.join(" ") });
      input.metrics.set("images", images.length, { deployment: name });
    }
  },
});

// Every kind of change, with every option.
export const patches = defineHook({
  name: "patches",
  config: { onStartup: 1 },
  run({ patch }) {
    const ref = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name });
    const map = (name: string) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "default" },
      data: { k: "v" },
    });
    patch.create(map("created"));
    patch.createIfNotExists(map("kept"));
    patch.createOrUpdate(map("replaced"));
    patch.delete(ref("foreground"));
    patch.deleteInBackground(ref("background"));
    patch.deleteNonCascading(ref("orphan"));
    patch.merge(ref("merged"), { data: { a: "1", b: null } });
    patch.json(ref("listed"), [{ op: "add", path: "/data/a", value: "ü" }]);
    patch.jq(ref("filtered"), '.data.n = "1"');
    patch.merge(
      { apiVersion: "v1", kind: "Node", name: "n1" },
      { status: { phase: "Running" } },
      { subresource: "status", ignoreMissingObject: true, ignoreHookError: true },
    );
  },
});

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// Tells why it runs, and what it sees.
export const contexts = defineHook({
  name: "contexts",
  config: {
    onStartup: 5,
    schedule: [{ name: "tick", crontab: "*/5 * * * *" }],
    kubernetes: [
      { name: "maps", apiVersion: "v1", kind: "ConfigMap", jqFilter: ".data.level" },
      {
        name: "secrets",
        apiVersion: "v1",
        kind: "Secret",
        jqFilter: ".metadata.name",
        group: "both",
        keepFullObjectsInMemory: false,
      },
    ],
  },
  async run(input) {
    const { log } = input;
    for (const context of input.contexts) {
      const { binding, kind } = context;
      if (kind === undefined && binding === "onStartup") log.info("startup");
      else if (kind === "Schedule") log.info("schedule", { name: binding });
      else if (kind === "Synchronization") log.info("synchronization", { binding, objects: context.objects.length });
      else if (kind === "Event") {
        const name = context.objectAt<string>("/metadata/name") ?? "";
        log.info("event", { binding, event: context.watchEvent, name, result: shown(context.filterResult) });
      } else if (kind === "Group") log.info("group", { name: context.group });
      else log.info("other", { binding });
    }
    for (const name of ["maps", "secrets"]) {
      if (!input.snapshotNames.includes(name)) {
        log.info("no snapshot", { name });
        continue;
      }
      const snapshot = input.snapshot(name);
      // What is awaited happens within the run.
      const results = await Promise.all(snapshot.filterResults().map(async (result) => shown(result)));
      log.info("snapshot", { name, entries: snapshot.length, results: results.join(" ") });
    }
    for (const entry of input.snapshot("maps")) {
      const name = entry.objectAt("/metadata/name");
      log.info("part", { name, nothing: entry.objectAt("/metadata/nothing") === undefined });
    }
  },
});
