// `fetch`, `Headers`, `Request` and `Response` over the host's `http`. An answer is there as a whole.
import { bodyBytes, headerPairs, HOST_HEADERS, Http } from "../http.js";
import { encode, decode } from "./utf8.js";
/** `Headers`. */
export class HookHeaders {
    #values = new Map();
    constructor(init) {
        for (const [name, value] of headerPairs(init ?? undefined))
            this.append(name, value);
    }
    get [Symbol.toStringTag]() {
        return "Headers";
    }
    get(name) {
        return this.#values.get(String(name).toLowerCase()) ?? null;
    }
    has(name) {
        return this.#values.has(String(name).toLowerCase());
    }
    set(name, value) {
        this.#values.set(String(name).toLowerCase(), String(value).trim());
    }
    append(name, value) {
        const before = this.get(name);
        this.set(name, before === null ? value : `${before}, ${value}`);
    }
    delete(name) {
        this.#values.delete(String(name).toLowerCase());
    }
    forEach(of) {
        for (const [name, value] of this)
            of(value, name, this);
    }
    entries() {
        return this[Symbol.iterator]();
    }
    keys() {
        return [...this].map(([name]) => name)[Symbol.iterator]();
    }
    values() {
        return [...this].map(([, value]) => value)[Symbol.iterator]();
    }
    [Symbol.iterator]() {
        return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))[Symbol.iterator]();
    }
}
/** The headers of a message, with what its body is where they do not say so. */
function headersFor(body, init) {
    const headers = new HookHeaders(init);
    if (body == null || headers.has("content-type") || body instanceof ArrayBuffer || ArrayBuffer.isView(body))
        return headers;
    const isForm = Object.prototype.toString.call(body) === "[object URLSearchParams]";
    headers.set("content-type", isForm ? "application/x-www-form-urlencoded;charset=UTF-8" : "text/plain;charset=UTF-8");
    return headers;
}
/** What `Request` and `Response` have in common. */
class HookBody {
    bodyUsed = false;
    #bytes;
    constructor(bytes) {
        this.#bytes = bytes;
    }
    async bytes() {
        if (this.bodyUsed)
            throw new TypeError("the body has been read already");
        this.bodyUsed = true;
        return this.#bytes;
    }
    async text() {
        return decode(await this.bytes());
    }
    async json() {
        return JSON.parse(await this.text());
    }
    async arrayBuffer() {
        return (await this.bytes()).slice().buffer;
    }
    copied() {
        if (this.bodyUsed)
            throw new TypeError("the body has been read already");
        return this.#bytes.slice();
    }
}
/** `Response`. */
export class HookResponse extends HookBody {
    status;
    statusText;
    headers;
    redirected = false;
    type = "basic";
    url = "";
    constructor(body, init = {}) {
        super(body == null ? new Uint8Array(0) : bodyBytes(body));
        this.status = init.status ?? 200;
        this.statusText = init.statusText ?? "";
        this.headers = headersFor(body, init.headers);
    }
    get [Symbol.toStringTag]() {
        return "Response";
    }
    get ok() {
        return this.status >= 200 && this.status < 300;
    }
    clone() {
        const copy = new HookResponse(this.copied(), { status: this.status, statusText: this.statusText, headers: this.headers });
        copy.url = this.url;
        copy.redirected = this.redirected;
        return copy;
    }
    static json(value, init = {}) {
        const headers = new HookHeaders(init.headers);
        if (!headers.has("content-type"))
            headers.set("content-type", "application/json");
        return new HookResponse(encode(JSON.stringify(value)), { ...init, headers });
    }
}
/** `Request`. */
export class HookRequest extends HookBody {
    url;
    method;
    headers;
    signal;
    redirect;
    /** As `fetch` takes it. */
    given;
    constructor(input, init = {}) {
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
    get [Symbol.toStringTag]() {
        return "Request";
    }
    clone() {
        if (this.bodyUsed)
            throw new TypeError("the body has been read already");
        return new HookRequest(this);
    }
}
/** `fetch`. What the host refuses is rejected with a `Refused`. */
export async function hookFetch(input, init = {}) {
    const request = new HookRequest(input, init);
    if (request.signal?.aborted)
        throw request.signal.reason;
    // Clients for other places write some of what the host writes here.
    const headers = [...request.headers].filter(([name]) => !HOST_HEADERS.has(name));
    const asked = { method: request.method, url: request.url, headers, body: request.given };
    if (request.signal?.timeLimit !== undefined)
        asked.timeout = request.signal.timeLimit;
    for (let hops = 0;; hops++) {
        const answer = new Http().request(asked);
        const location = REDIRECTS.includes(answer.status) ? answer.headers["location"] : undefined;
        if (location === undefined || request.redirect === "manual")
            return response(answer, asked.url, hops > 0);
        if (request.redirect === "error")
            throw new TypeError(`${asked.url} redirects to ${location}, which the request does not allow`);
        if (hops === MOST_REDIRECTS)
            throw new TypeError(`too many redirects, the last to ${location}`);
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
function response(answer, url, redirected) {
    const response = new HookResponse(answer.bytes, { status: answer.status, headers: answer.rawHeaders });
    response.url = url;
    response.redirected = redirected;
    return response;
}
