import type { KubernetesObject } from "../objects.js";
import type { Document } from "./document.js";
import type { World } from "./host.js";

/** A change of an object. */
export interface PatchEffect {
  /** What is done. */
  operation:
    | "Create"
    | "CreateIfNotExists"
    | "CreateOrUpdate"
    | "Delete"
    | "DeleteInBackground"
    | "DeleteNonCascading"
    | "MergePatch"
    | "JSONPatch"
    | "JQPatch";
  /** Group and version of the object. */
  apiVersion?: string;
  /** Its kind. */
  kind?: string;
  /** Its namespace. */
  namespace?: string;
  /** Its name. */
  name?: string;
  /** The manifest of one that is created. */
  object?: KubernetesObject;
  /** The patch, or the jq filter. */
  patch?: unknown;
  /** Such as `status`. */
  subresource?: string;
  /** Whether a missing object is no error. */
  ignoreMissingObject?: boolean;
  /** Whether it is applied even if the hook fails. */
  ignoreHookError?: boolean;
}

/** An operation on a metric. */
export interface MetricEffect {
  /** What is done. */
  action: "add" | "set" | "observe" | "expire";
  /** Name of the metric. */
  name?: string;
  /** What was added, set or observed. */
  value?: number;
  /** Upper bounds of a histogram. */
  buckets?: number[];
  /** Labels of the series. */
  labels?: Record<string, string>;
  /** Its group. */
  group?: string;
}

/** A record of the log. */
export interface LogRecord {
  /** How much it matters. */
  level: "debug" | "info" | "warn" | "error";
  /** What was said. */
  message: string;
  /** With their values as text. */
  fields: Record<string, string>;
}

/** What a run asked for. */
export interface Effects {
  /** Changes of objects, in their order. */
  readonly patches: PatchEffect[];
  /** Operations on metrics, in their order. */
  readonly metrics: MetricEffect[];
  /** Records of the log. */
  readonly log: LogRecord[];
  /** The values as they are afterwards. */
  readonly values: unknown;
  /** The config values as they are afterwards. */
  readonly configValues: unknown;
  /** The last manifest that was to be created, of a kind and with `namespace/name`. */
  object(kind: string, name: string): KubernetesObject | undefined;
}

/** What a run has asked for until now. */
export class Recorded implements Effects {
  readonly patches: PatchEffect[] = [];
  readonly metrics: MetricEffect[] = [];
  readonly log: LogRecord[] = [];
  readonly #values: Document;
  readonly #configValues: Document;

  constructor({ values, configValues }: World) {
    this.#values = values;
    this.#configValues = configValues;
  }

  get values(): unknown {
    return this.#values.tree;
  }

  get configValues(): unknown {
    return this.#configValues.tree;
  }

  object(kind: string, name: string): KubernetesObject | undefined {
    const created = this.patches.filter((patch) => patch.object && patch.kind === kind);
    return created.findLast((patch) => (patch.namespace ? `${patch.namespace}/` : "") + patch.name === name)?.object;
  }

  /** What is left when the hook fails, in the world as it was. */
  left(world: World): Recorded {
    const left = new Recorded(world);
    const survives = ({ subresource, ignoreHookError }: PatchEffect) => ignoreHookError && /^\/?status$/.test(subresource ?? "");
    left.patches.push(...this.patches.filter(survives));
    left.log.push(...this.log);
    return left;
  }
}
