// `fetch`, `Headers`, `Request` and `Response` over the host's `http`. An answer is there as a whole.
import { bodyBytes, headerPairs, Http } from "../http.js";
import { encode, decode } from "./utf8.js";
/** `Headers`. */
export class HookHeaders {
    #values = new Map();
    constructor(init) {
        for (const [name, value] of headerPairs(init ?? undefined))
            this.append(name, value);
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
/** What `fetch` and `Response` have in common. */
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
        this.headers = new HookHeaders(init.headers);
    }
    get ok() {
        return this.status >= 200 && this.status < 300;
    }
    clone() {
        const copy = new HookResponse(this.copied(), { status: this.status, headers: this.headers });
        copy.url = this.url;
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
    /** As `fetch` takes it. */
    given;
    constructor(input, init = {}) {
        const from = input instanceof HookRequest ? input : undefined;
        const given = init.body ?? from?.given ?? null;
        super(given === null ? new Uint8Array(0) : bodyBytes(given));
        this.given = given;
        this.url = from?.url ?? String(input);
        this.method = (init.method ?? from?.method ?? "GET").toUpperCase();
        this.headers = new HookHeaders(init.headers ?? from?.headers);
        this.signal = init.signal ?? from?.signal ?? null;
    }
}
/** `fetch`. What the host refuses is rejected with a `Refused`. */
export async function hookFetch(input, init = {}) {
    const request = new HookRequest(input, init);
    if (request.signal?.aborted)
        throw request.signal.reason;
    const asked = { method: request.method, url: request.url, headers: request.headers, body: request.given };
    if (request.signal?.timeLimit !== undefined)
        asked.timeout = request.signal.timeLimit;
    const follow = init.redirect ?? "follow";
    for (let hops = 0;; hops++) {
        const answer = new Http().request(asked);
        const location = REDIRECTS.includes(answer.status) ? answer.headers["location"] : undefined;
        if (location === undefined || follow === "manual")
            return response(answer, asked.url, hops > 0);
        if (follow === "error" || hops === MOST_REDIRECTS)
            throw new TypeError(`too many redirects, the last to ${location}`);
        const next = new URL(location, asked.url);
        if (next.origin !== new URL(asked.url).origin) {
            asked.headers = [...new HookHeaders(asked.headers)].filter(([name]) => !["authorization", "cookie"].includes(name));
        }
        asked.url = next.href;
        if (answer.status === 303 || (answer.status < 303 && asked.method === "POST")) {
            asked.method = asked.method === "HEAD" ? "HEAD" : "GET";
            asked.body = null;
        }
    }
}
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;
function response(answer, url, redirected) {
    const response = new HookResponse(answer.bytes, { status: answer.status, headers: answer.rawHeaders });
    response.url = url;
    response.redirected = redirected;
    return response;
}
