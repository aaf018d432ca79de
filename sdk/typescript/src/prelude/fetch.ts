// `fetch`, `Headers`, `Request` and `Response` over the host's `http`. An answer is there as a whole.

import { type Body, bodyBytes, headerPairs, type HeadersInit, HOST_HEADERS, Http, type HttpRequest, type HttpResponse } from "../http.js";
import { encode, decode } from "./utf8.js";

/** `Headers`. */
export class HookHeaders implements Iterable<[string, string]> {
  readonly #values = new Map<string, string>();

  constructor(init?: HeadersInit | null) {
    for (const [name, value] of headerPairs(init ?? undefined)) this.append(name, value);
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  get(name: string): string | null {
    return this.#values.get(String(name).toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(String(name).toLowerCase());
  }

  set(name: string, value: string): void {
    this.#values.set(String(name).toLowerCase(), String(value).trim());
  }

  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  delete(name: string): void {
    this.#values.delete(String(name).toLowerCase());
  }

  forEach(of: (value: string, name: string, headers: HookHeaders) => void): void {
    for (const [name, value] of this) of(value, name, this);
  }

  entries(): IterableIterator<[string, string]> {
    return this[Symbol.iterator]();
  }

  keys(): IterableIterator<string> {
    return [...this].map(([name]) => name)[Symbol.iterator]();
  }

  values(): IterableIterator<string> {
    return [...this].map(([, value]) => value)[Symbol.iterator]();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))[Symbol.iterator]();
  }
}

/** The headers of a message, with what its body is where they do not say so. */
function headersFor(body: Body | null | undefined, init: HeadersInit | undefined): HookHeaders {
  const headers = new HookHeaders(init);
  if (body == null || headers.has("content-type") || body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return headers;
  const isForm = Object.prototype.toString.call(body) === "[object URLSearchParams]";
  headers.set("content-type", isForm ? "application/x-www-form-urlencoded;charset=UTF-8" : "text/plain;charset=UTF-8");
  return headers;
}

/** What `Request` and `Response` have in common. */
class HookBody {
  bodyUsed = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async bytes(): Promise<Uint8Array> {
    if (this.bodyUsed) throw new TypeError("the body has been read already");
    this.bodyUsed = true;
    return this.#bytes;
  }

  async text(): Promise<string> {
    return decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).slice().buffer as ArrayBuffer;
  }

  protected copied(): Uint8Array {
    if (this.bodyUsed) throw new TypeError("the body has been read already");
    return this.#bytes.slice();
  }
}

/** `Response`. */
export class HookResponse extends HookBody {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HookHeaders;
  redirected = false;
  readonly type = "basic";
  url = "";

  constructor(body?: Body | null, init: { status?: number; statusText?: string; headers?: HeadersInit } = {}) {
    super(body == null ? new Uint8Array(0) : bodyBytes(body));
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? "";
    this.headers = headersFor(body, init.headers);
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  clone(): HookResponse {
    const copy = new HookResponse(this.copied(), { status: this.status, statusText: this.statusText, headers: this.headers });
    copy.url = this.url;
    copy.redirected = this.redirected;
    return copy;
  }

  static json(value: unknown, init: { status?: number; headers?: HeadersInit } = {}): HookResponse {
    const headers = new HookHeaders(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new HookResponse(encode(JSON.stringify(value)), { ...init, headers });
  }
}

/** What `fetch` takes beside the address. */
export interface FetchInit {
  method?: string;
  headers?: HeadersInit;
  body?: Body | null;
  signal?: { aborted: boolean; reason?: unknown; timeLimit?: number } | null;
  /** `follow` when left out. */
  redirect?: "follow" | "manual" | "error";
}

/** `Request`. */
export class HookRequest extends HookBody {
  readonly url: string;
  readonly method: string;
  readonly headers: HookHeaders;
  readonly signal: FetchInit["signal"];
  readonly redirect: NonNullable<FetchInit["redirect"]>;
  /** As `fetch` takes it. */
  readonly given: Body | null;

  constructor(input: string | { toString(): string } | HookRequest, init: FetchInit = {}) {
    const from = input instanceof HookRequest ? input : undefined;
    const given = init.body ?? from?.given ?? null;
    super(given === null ? new Uint8Array(0) : bodyBytes(given));
    this.given = given;
    this.url = from?.url ?? String(input);
    this.method = (init.method ?? from?.method ?? "GET").toUpperCase();
    this.headers = headersFor(init.body, init.headers ?? from?.headers);
    this.signal = init.signal ?? from?.signal ?? null;
    this.redirect = init.redirect ?? from?.redirect ?? "follow";
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }

  clone(): HookRequest {
    if (this.bodyUsed) throw new TypeError("the body has been read already");
    return new HookRequest(this);
  }
}

/** `fetch`. What the host refuses is rejected with a `Refused`. */
export async function hookFetch(input: string | { toString(): string } | HookRequest, init: FetchInit = {}): Promise<HookResponse> {
  const request = new HookRequest(input, init);
  if (request.signal?.aborted) throw request.signal.reason;
  // Clients for other places write some of what the host writes here.
  const headers = [...request.headers].filter(([name]) => !HOST_HEADERS.has(name));
  const asked: HttpRequest = { method: request.method, url: request.url, headers, body: request.given };
  if (request.signal?.timeLimit !== undefined) asked.timeout = request.signal.timeLimit;
  for (let hops = 0; ; hops++) {
    const answer = new Http().request(asked);
    const location = REDIRECTS.includes(answer.status) ? answer.headers["location"] : undefined;
    if (location === undefined || request.redirect === "manual") return response(answer, asked.url, hops > 0);
    if (request.redirect === "error") throw new TypeError(`${asked.url} redirects to ${location}, which the request does not allow`);
    if (hops === MOST_REDIRECTS) throw new TypeError(`too many redirects, the last to ${location}`);
    const next = new URL(location, asked.url);
    if (next.origin !== new URL(asked.url).origin) {
      asked.headers = [...new HookHeaders(asked.headers)].filter(([name]) => !PRIVATE.includes(name));
    }
    asked.url = next.href;
    if (answer.status === 303 || (answer.status < 303 && asked.method === "POST")) {
      asked.method = asked.method === "HEAD" ? "HEAD" : "GET";
      asked.body = null;
      asked.headers = [...new HookHeaders(asked.headers)].filter(([name]) => !name.startsWith("content-"));
    }
  }
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;
/** Headers that another origin does not get to see. */
const PRIVATE = ["authorization", "cookie"];

function response(answer: HttpResponse, url: string, redirected: boolean): HookResponse {
  const response = new HookResponse(answer.bytes, { status: answer.status, headers: answer.rawHeaders });
  response.url = url;
  response.redirected = redirected;
  return response;
}
