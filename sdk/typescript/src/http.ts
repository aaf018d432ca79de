import type { HttpResponse as Raw } from "./bindings/contract.js";
import { ask, json } from "./host.js";
import { encode, decode } from "./prelude/utf8.js";
import { whole } from "./text.js";

/** Names and values of headers. */
export type HeadersInit = Record<string, string> | Iterable<readonly [string, string]>;

/** Headers that are the host's to write. */
export const HOST_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** A body: text, or bytes. */
export type Body =
  | string
  | Uint8Array
  | ArrayBuffer
  | {
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
export class HttpResponse {
  /** The status: 200. */
  readonly status: number;
  /** Headers by their names in small letters; several of the same name as one, with commas between. */
  readonly headers: Readonly<Record<string, string>>;
  /** All headers as they came. */
  readonly rawHeaders: readonly (readonly [string, string])[];
  /** The body. */
  readonly bytes: Uint8Array;

  /** @internal */
  constructor(raw: Raw) {
    this.status = raw.status;
    this.rawHeaders = raw.headers;
    this.bytes = raw.body;
    const headers: Record<string, string> = {};
    for (const [name, value] of raw.headers) {
      const key = name.toLowerCase();
      headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
    }
    this.headers = headers;
  }

  /** Whether the status is one of success. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The body as text. */
  text(): string {
    return decode(this.bytes);
  }

  /** The body as JSON. */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }
}

/**
 * Requests to the hosts that were granted. The global `fetch` asks the same host. What the host does not do is thrown as a
 * `Refused`: `not-granted`, `invalid-argument`, `unreachable`, `timed-out`, `broken`, `too-large`.
 */
export class Http {
  /** Sends a request and waits for the answer. A status that is no success is no error; redirects are not followed. */
  request(request: HttpRequest): HttpResponse {
    const headers = [...headerPairs(request.headers)];
    let body = request.body == null ? null : bodyBytes(request.body);
    if (request.json !== undefined) {
      body = encode(json(request.json, "the body"));
      if (!headers.some(([name]) => name.toLowerCase() === "content-type")) {
        headers.push(["content-type", "application/json"]);
      }
    }
    const raw = {
      method: String(request.method ?? "GET").toUpperCase().toWellFormed(),
      url: String(request.url).toWellFormed(),
      headers,
      body,
      timeout: whole(request.timeout, "the timeout of a request"),
      limit: whole(request.limit, "the limit of a request"),
    };
    return new HttpResponse(ask((host) => host.http.send(raw)));
  }

  /** Asks for a document. */
  get(url: string, options: Omit<HttpRequest, "method" | "url" | "body" | "json"> = {}): HttpResponse {
    return this.request({ ...options, url });
  }

  /** Sends a body. */
  post(url: string, body: Body | null, options: Omit<HttpRequest, "method" | "url" | "body"> = {}): HttpResponse {
    return this.request({ ...options, method: "POST", url, body });
  }
}

/** Headers as pairs. */
export function headerPairs(headers: HeadersInit | undefined): [string, string][] {
  if (!headers) return [];
  const listed = Symbol.iterator in headers ? headers : Object.entries(headers);
  return [...(listed as Iterable<readonly [string, string]>)].map(([name, value]) => [
    String(name).toWellFormed(),
    String(value).toWellFormed(),
  ]);
}

/** A body as bytes. */
export function bodyBytes(body: Body): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return encode(String(body));
}
