import { ask, json } from "./host.js";
import { encode, decode } from "./prelude/utf8.js";
import { whole } from "./text.js";
/** Headers that are the host's to write. */
export const HOST_HEADERS = new Set([
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
/** What has been answered. */
export class HttpResponse {
    /** The status: 200. */
    status;
    /** Headers by their names in small letters; several of the same name as one, with commas between. */
    headers;
    /** All headers as they came. */
    rawHeaders;
    /** The body. */
    bytes;
    /** @internal */
    constructor(raw) {
        this.status = raw.status;
        this.rawHeaders = raw.headers;
        this.bytes = raw.body;
        const headers = {};
        for (const [name, value] of raw.headers) {
            const key = name.toLowerCase();
            headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
        }
        this.headers = headers;
    }
    /** Whether the status is one of success. */
    get ok() {
        return this.status >= 200 && this.status < 300;
    }
    /** The body as text. */
    text() {
        return decode(this.bytes);
    }
    /** The body as JSON. */
    json() {
        return JSON.parse(this.text());
    }
}
/**
 * Requests to the hosts that were granted. The global `fetch` asks the same host. What the host does not do is thrown as a
 * `Refused`: `not-granted`, `invalid-argument`, `unreachable`, `timed-out`, `broken`, `too-large`.
 */
export class Http {
    /** Sends a request and waits for the answer. A status that is no success is no error; redirects are not followed. */
    request(request) {
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
    get(url, options = {}) {
        return this.request({ ...options, url });
    }
    /** Sends a body. */
    post(url, body, options = {}) {
        return this.request({ ...options, method: "POST", url, body });
    }
}
/** Headers as pairs. */
export function headerPairs(headers) {
    if (!headers)
        return [];
    const listed = Symbol.iterator in headers ? headers : Object.entries(headers);
    return [...listed].map(([name, value]) => [
        String(name).toWellFormed(),
        String(value).toWellFormed(),
    ]);
}
/** A body as bytes. */
export function bodyBytes(body) {
    if (body instanceof Uint8Array)
        return body;
    if (body instanceof ArrayBuffer)
        return new Uint8Array(body);
    if (ArrayBuffer.isView(body))
        return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    return encode(String(body));
}
