import { difference } from "./diff.js";
import { json } from "./host.js";
import { Input } from "./input.js";
import { pairs, shown } from "./text.js";
/** A request that a webhook is asked about. It has what a run has, snapshots too. */
export class Review extends Input {
    /** Name of the webhook. */
    binding;
    /** The request as it came. */
    request;
    #before;
    /** @internal */
    constructor(hook, binding, request) {
        super(hook, []);
        this.binding = binding;
        this.request = JSON.parse(request);
        // The hook may change the object that it is given.
        this.#before = JSON.stringify(this.request.object ?? null);
    }
    /** What is asked for. */
    get operation() {
        return this.request.operation;
    }
    /** Name of the object; empty where the server is to choose one. */
    get name() {
        return this.request.name ?? "";
    }
    /** Namespace of the object; empty for cluster-scoped ones. */
    get namespace() {
        return this.request.namespace ?? "";
    }
    /** Whether nothing will be kept of it. */
    get dryRun() {
        return this.request.dryRun ?? false;
    }
    /** The object as it is to be; none when it is to be deleted. */
    get object() {
        return this.request.object ?? undefined;
    }
    /** The object as it was; none when it is to be created. */
    get oldObject() {
        return this.request.oldObject ?? undefined;
    }
    /** @internal The answer as the contract has it. */
    answer(verdict, mutates) {
        if (typeof verdict?.allowed !== "boolean") {
            throw new TypeError("a review is answered by allow(), deny(message) or change(object)");
        }
        let patch = null;
        if (mutates && verdict.object !== undefined) {
            const after = JSON.parse(json(verdict.object, "the object"));
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
/** Lets a request go on. */
export function allow(...warnings) {
    return { allowed: true, warnings };
}
/** Refuses a request. */
export function deny(message) {
    return { allowed: false, message };
}
/** Lets a request go on with another object. Only what differs is sent; the object of the review may be changed for it. */
export function change(object) {
    return { allowed: true, object };
}
