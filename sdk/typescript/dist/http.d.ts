import type { HttpResponse as Raw } from "./bindings/contract.js";
/** Names and values of headers. */
export type HeadersInit = Record<string, string> | Iterable<readonly [string, string]>;
/** Headers that are the host's to write. */
export declare const HOST_HEADERS: ReadonlySet<string>;
/** A body: text, or bytes. */
export type Body = string | Uint8Array | ArrayBuffer | {
    /** The text. */
    toString(): string;
};
/** A request. */
export interface HttpRequest {
    /** `GET` when left out. */
    method?: string;
    /** Where to: scheme, host, path and query. */
    url: string;
    /** Headers beside those that are the host's to write. */
    headers?: HeadersInit;
    /** None when left out. */
    body?: Body | null;
    /** A body that is written as JSON, with the header `content-type: application/json`. */
    json?: unknown;
    /** How long to wait, in milliseconds: at most 60,000, which is meant when left out. */
    timeout?: number;
    /** How many bytes of a body to take: at most 16 MiB, which is meant when left out. */
    limit?: number;
}
/** What has been answered. */
export declare class HttpResponse {
    /** The status: 200. */
    readonly status: number;
    /** Headers by their names in small letters; several of the same name as one, with commas between. */
    readonly headers: Readonly<Record<string, string>>;
    /** All headers as they came. */
    readonly rawHeaders: readonly (readonly [string, string])[];
    /** The body. */
    readonly bytes: Uint8Array;
    /** @internal */
    constructor(raw: Raw);
    /** Whether the status is one of success. */
    get ok(): boolean;
    /** The body as text. */
    text(): string;
    /** The body as JSON. */
    json<T = unknown>(): T;
}
/**
 * Requests to the hosts that were granted. The global `fetch` asks the same host. What the host does not do is thrown as a
 * `Refused`: `not-granted`, `invalid-argument`, `unreachable`, `timed-out`, `broken`, `too-large`.
 */
export declare class Http {
    /** Sends a request and waits for the answer. A status that is no success is no error; redirects are not followed. */
    request(request: HttpRequest): HttpResponse;
    /** Asks for a document. */
    get(url: string, options?: Omit<HttpRequest, "method" | "url" | "body" | "json">): HttpResponse;
    /** Sends a body. */
    post(url: string, body: Body | null, options?: Omit<HttpRequest, "method" | "url" | "body">): HttpResponse;
}
/** Headers as pairs. */
export declare function headerPairs(headers: HeadersInit | undefined): [string, string][];
/** A body as bytes. */
export declare function bodyBytes(body: Body): Uint8Array;
