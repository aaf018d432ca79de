import type { AdmissionResponse } from "./bindings/contract.js";
import { difference } from "./diff.js";
import { json } from "./host.js";
import { Input } from "./input.js";
import type { KubernetesObject } from "./objects.js";
import { pairs, shown } from "./text.js";

/** The `request` of an AdmissionReview v1. */
export interface AdmissionRequest {
  /** Tells requests apart. */
  uid: string;
  /** What is asked for. */
  operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  /** Name of the object; empty where the server is to choose one. */
  name?: string;
  /** Namespace of the object; none for cluster-scoped ones. */
  namespace?: string;
  /** Whether nothing will be kept of it. */
  dryRun?: boolean;
  /** The object as it is to be; none for `DELETE`. */
  object?: KubernetesObject | null;
  /** The object as it is; none for `CREATE`. */
  oldObject?: KubernetesObject | null;
  /** Who asks. */
  userInfo?: {
    /** Such as `system:serviceaccount:default:builder`. */
    username?: string;
    /** Tells users of the same name apart, over time. */
    uid?: string;
    /** Groups that the user is in. */
    groups?: string[];
    /** What else the API server knows of the user. */
    extra?: Record<string, string[]>;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

/** A request that a webhook is asked about. It has what a run has, snapshots too. */
export class Review<T = KubernetesObject> extends Input {
  /** Name of the webhook. */
  readonly binding: string;
  /** The request as it came. */
  readonly request: AdmissionRequest;
  readonly #before: string;

  /** @internal */
  constructor(hook: string, binding: string, request: string) {
    super(hook, []);
    this.binding = binding;
    this.request = JSON.parse(request) as AdmissionRequest;
    // The hook may change the object that it is given.
    this.#before = JSON.stringify(this.request.object ?? null);
  }

  /** What is asked for. */
  get operation(): AdmissionRequest["operation"] {
    return this.request.operation;
  }

  /** Name of the object; empty where the server is to choose one. */
  get name(): string {
    return this.request.name ?? "";
  }

  /** Namespace of the object; empty for cluster-scoped ones. */
  get namespace(): string {
    return this.request.namespace ?? "";
  }

  /** Whether nothing will be kept of it. */
  get dryRun(): boolean {
    return this.request.dryRun ?? false;
  }

  /** The object as it is to be; none when it is to be deleted. */
  get object(): T | undefined {
    return (this.request.object as T | null | undefined) ?? undefined;
  }

  /** The object as it was; none when it is to be created. */
  get oldObject(): T | undefined {
    return (this.request.oldObject as T | null | undefined) ?? undefined;
  }

  /** @internal The answer as the contract has it. */
  answer(verdict: Verdict, mutates: boolean): AdmissionResponse {
    if (typeof verdict?.allowed !== "boolean") {
      throw new TypeError("a review is answered by allow(), deny(message) or change(object)");
    }
    let patch: string | null = null;
    if (mutates && verdict.object !== undefined) {
      const after: unknown = JSON.parse(json(verdict.object, "the object"));
      const changes = difference(JSON.parse(this.#before), after);
      patch = changes.length === 0 ? null : JSON.stringify(changes);
    }
    return {
      allowed: verdict.allowed,
      message: verdict.message ? shown(verdict.message) : null,
      warnings: Array.from(verdict.warnings ?? [], shown),
      auditAnnotations: pairs(verdict.audit),
      patch,
    };
  }
}

/** The answer to a review. */
export interface Verdict {
  /** Whether the request may go on. */
  allowed: boolean;
  /** Why not, to the person who made the request. */
  message?: string;
  /** Shown to that person in any case. */
  warnings?: readonly string[];
  /** For the API server's audit log. */
  audit?: Record<string, string>;
  /** What the object becomes; for `mutate` only. Left out it stays as it is. */
  object?: object;
}

/** Lets a request go on. */
export function allow(...warnings: string[]): Verdict {
  return { allowed: true, warnings };
}

/** Refuses a request. */
export function deny(message: string): Verdict {
  return { allowed: false, message };
}

/** Lets a request go on with another object. Only what differs is sent; the object of the review may be changed for it. */
export function change(object: object): Verdict {
  return { allowed: true, object };
}
