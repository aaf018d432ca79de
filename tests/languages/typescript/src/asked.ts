// What the API server asks.

import { allow, change as changed, defineHook, RetryError, type Rule } from "@hookbox/sdk";

const deployments: Rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] };

// Allows what somebody of the team `admins` asks for, and otherwise only small replicas.
export const review = defineHook({
  name: "review",
  config: {
    kubernetesValidating: [
      { name: "review.example.com", rules: [{ ...deployments, operations: ["CREATE", "UPDATE"] }] },
    ],
  },
  validate(review) {
    if (review.request.userInfo?.groups?.includes("admins")) return allow("an admin may do all");
    const replicas: number = review.object?.spec?.replicas ?? 1;
    if (replicas === 13) throw new RetryError("13 cannot be judged");
    if (replicas <= 5) return allow();
    return {
      allowed: false,
      message: `${review.name} has ${replicas} replicas, and 5 are enough`,
      warnings: ["ask an admin", "or use fewer"],
      audit: { replicas: String(replicas) },
    };
  },
});

// Labels with the namespace, and nothing when that is there.
export const change = defineHook({
  name: "change",
  config: { kubernetesMutating: [{ name: "change.example.com", rules: [deployments] }] },
  mutate({ object, namespace }) {
    if (object?.metadata?.labels?.["from/namespace"]) return allow();
    const labels = { ...object?.metadata?.labels, "from/namespace": namespace };
    return changed({ ...object, metadata: { ...object?.metadata, labels } });
  },
});

// From `v1`, where the spec is one text, to `v2`, where it has parts.
export const convert = defineHook({
  name: "convert",
  config: {
    kubernetesCustomResourceConversion: [
      { name: "convert", crdName: "things.example.com", conversions: [{ fromVersion: "v1", toVersion: "v2" }] },
    ],
  },
  convert(object) {
    const text: unknown = object.spec?.text;
    if (typeof text !== "string") throw new RetryError("the spec has no text");
    return { ...object, apiVersion: "example.com/v2", spec: { parts: text.split(" ") } };
  },
});
