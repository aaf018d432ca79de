// `URL` and `URLSearchParams`, for addresses as HTTP has them. Names of hosts are ASCII.
import { decode } from "./utf8.js";
/** Of the schemes that the standard treats in a way of their own. */
const DEFAULT_PORTS = {
    "http:": "80",
    "https:": "443",
    "ws:": "80",
    "wss:": "443",
    "ftp:": "21",
    "file:": "",
};
function invalid(text) {
    return new TypeError(`Invalid URL: ${JSON.stringify(text)}`);
}
/** Percent-encodes what may not stand in a part; what is encoded already stays. */
function encoded(text, forbidden) {
    return text.replace(forbidden, (character) => encodeURIComponent(character));
}
const IN_PATH = /[\u0000-\u0020"#<>?`{}]|[^\u0000-\u007e]+/g;
const IN_QUERY = /[\u0000-\u0020"#<>]|[^\u0000-\u007e]+/g;
const IN_USER = /[\u0000-\u0020"#<>?`{}/:;=@[\\\]^|]|[^\u0000-\u007e]+/g;
function withoutDots(path) {
    const out = [];
    const parts = path.split("/");
    parts.forEach((part, index) => {
        const last = index === parts.length - 1;
        const plain = part.replace(/%2e/gi, ".");
        if (plain === "..") {
            if (out.length > 1)
                out.pop();
            if (last)
                out.push("");
        }
        else if (plain === ".") {
            if (last)
                out.push("");
        }
        else {
            out.push(part);
        }
    });
    return out.join("/");
}
/** `URL`. */
export class HookURL {
    #protocol = "";
    /** Whether a host is named, be it an empty one. */
    #hosted = false;
    #username = "";
    #password = "";
    #hostname = "";
    #port = "";
    #pathname = "";
    #search = "";
    #hash = "";
    searchParams;
    constructor(url, base) {
        const text = String(url).trim().replace(/[\t\n\r]/g, "");
        if (!this.#absolute(text)) {
            if (base === undefined)
                throw invalid(text);
            this.#relative(text, new HookURL(base));
        }
        this.searchParams = new HookURLSearchParams(this.#search);
        this.searchParams.changed = (search) => {
            this.#search = search ? `?${search}` : "";
        };
    }
    get [Symbol.toStringTag]() {
        return "URL";
    }
    static canParse(url, base) {
        return HookURL.parse(url, base) !== null;
    }
    static parse(url, base) {
        try {
            return new HookURL(url, base);
        }
        catch {
            return null;
        }
    }
    #absolute(text) {
        const [, protocol, rest] = /^([A-Za-z][A-Za-z0-9+.-]*:)(.*)$/s.exec(text) ?? [];
        if (protocol === undefined || rest === undefined)
            return false;
        this.#protocol = protocol.toLowerCase();
        const special = this.#special();
        const [, slashes, authority = "", after = ""] = /^([\\/]{2})?([^\\/?#]*)(.*)$/s.exec(rest) ?? [];
        if (slashes) {
            this.#authority(authority, text);
            this.#after(after, special);
        }
        else if (this.#protocol === "file:") {
            this.#hosted = true;
            this.#after(rest, special);
        }
        else if (special) {
            throw invalid(text);
        }
        else {
            this.#after(rest, false);
        }
        return true;
    }
    #special() {
        return Object.hasOwn(DEFAULT_PORTS, this.#protocol);
    }
    #authority(authority, text) {
        const at = authority.lastIndexOf("@");
        if (at >= 0) {
            const [user = "", ...password] = authority.slice(0, at).split(":");
            this.#username = encoded(user, IN_USER);
            this.#password = encoded(password.join(":"), IN_USER);
        }
        const isFile = this.#protocol === "file:";
        const [host, port] = this.#hostIn(authority.slice(at + 1)) ?? [];
        if (host === undefined || (host === "" && this.#special() && !isFile))
            throw invalid(text);
        if (isFile && (at >= 0 || port))
            throw invalid(text);
        if (port && (!/^\d*$/.test(port) || Number(port) > 65535))
            throw invalid(text);
        this.#hosted = true;
        this.#hostname = host;
        this.#port = port ? this.#unlessDefault(port) : "";
    }
    /** The host that a text begins with, and what stands behind its colon, if it has one. */
    #hostIn(text) {
        const end = this.#special() ? /[\\/?#]/ : /[/?#]/;
        const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(.*))?$/s.exec(text.split(end)[0] ?? "") ?? [];
        if (host === undefined || /[\u0000-\u0020"#%<>?@\\^`{|}]|[^\u0000-\u007e]/.test(host))
            return undefined;
        const named = this.#special() ? host.toLowerCase() : host;
        return [this.#protocol === "file:" && named === "localhost" ? "" : named, port];
    }
    #unlessDefault(port) {
        const number = String(Number(port));
        return number === DEFAULT_PORTS[this.#protocol] ? "" : number;
    }
    /** Whether it names no server, so that it has no port and no user. */
    #serverless() {
        return this.#hostname === "" || this.#protocol === "file:";
    }
    /** What is no host changes nothing. */
    #move(text, withPort) {
        if (!this.#hosted && !this.#pathname.startsWith("/"))
            return;
        const [host, port] = this.#hostIn(text.replace(/[\t\n\r]/g, "")) ?? [];
        const isFile = this.#protocol === "file:";
        if (host === undefined || (port !== undefined && (!withPort || host === "" || isFile)))
            return;
        if (host === "" && !isFile && (this.#special() || this.#username || this.#password || this.#port))
            return;
        this.#hosted = true;
        this.#hostname = host;
        if (port)
            this.port = port;
    }
    #after(text, special) {
        const [, path = "", search = "", hash = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text) ?? [];
        const slashed = special ? path.replaceAll("\\", "/") : path;
        this.#pathname = slashed.startsWith("/") || special ? withoutDots(encoded(slashed || "/", IN_PATH)) : slashed;
        this.#search = search.length > 1 ? encoded(search, IN_QUERY) : "";
        this.#hash = hash.length > 1 ? `#${encoded(hash.slice(1), /[\u0000-\u0020"<>`]|[^\u0000-\u007e]+/g)}` : "";
    }
    #relative(text, base) {
        this.#protocol = base.#protocol;
        if (/^[\\/]{2}/.test(text)) {
            this.#absolute(base.#protocol + text);
            return;
        }
        this.#hosted = base.#hosted;
        this.#username = base.#username;
        this.#password = base.#password;
        this.#hostname = base.#hostname;
        this.#port = base.#port;
        const [, path = "", search = "", hash = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text) ?? [];
        if (path === "") {
            this.#after(base.#pathname + (search || base.#search) + hash, this.#special());
        }
        else {
            const folder = base.#pathname.slice(0, base.#pathname.lastIndexOf("/") + 1);
            this.#after((/^[\\/]/.test(path) ? path : folder + path) + search + hash, this.#special());
        }
    }
    get href() {
        const password = this.#password ? `:${this.#password}` : "";
        const user = this.#username || password ? `${this.#username}${password}@` : "";
        const authority = this.#hosted ? `//${user}${this.host}` : "";
        return this.#protocol + authority + this.#pathname + this.#search + this.#hash;
    }
    set href(text) {
        const other = new HookURL(text);
        this.#protocol = other.#protocol;
        this.#hosted = other.#hosted;
        this.#username = other.#username;
        this.#password = other.#password;
        this.#hostname = other.#hostname;
        this.#port = other.#port;
        this.#pathname = other.#pathname;
        this.#hash = other.#hash;
        this.search = other.#search;
    }
    get origin() {
        return this.#special() && this.#protocol !== "file:" ? `${this.#protocol}//${this.host}` : "null";
    }
    get protocol() {
        return this.#protocol;
    }
    /** One of another sort, or none at all, is ignored. */
    set protocol(text) {
        const [, name] = /^([A-Za-z][A-Za-z0-9+.-]*)(?::|$)/.exec(String(text)) ?? [];
        if (name === undefined)
            return;
        const protocol = `${name.toLowerCase()}:`;
        if (Object.hasOwn(DEFAULT_PORTS, protocol) !== this.#special())
            return;
        if (protocol === "file:" && (this.#username || this.#password || this.#port))
            return;
        if (this.#protocol === "file:" && this.#hostname === "")
            return;
        this.#protocol = protocol;
        if (this.#port === DEFAULT_PORTS[protocol])
            this.#port = "";
    }
    get username() {
        return this.#username;
    }
    set username(text) {
        if (this.#serverless())
            return;
        this.#username = encoded(String(text), IN_USER);
    }
    get password() {
        return this.#password;
    }
    set password(text) {
        if (this.#serverless())
            return;
        this.#password = encoded(String(text), IN_USER);
    }
    get host() {
        return this.#hostname + (this.#port ? `:${this.#port}` : "");
    }
    /** What is no host is ignored; without a port, that of before stays. */
    set host(text) {
        this.#move(String(text), true);
    }
    get hostname() {
        return this.#hostname;
    }
    set hostname(text) {
        this.#move(String(text), false);
    }
    get port() {
        return this.#port;
    }
    /** The number that the text begins with; what is none is ignored. */
    set port(text) {
        if (this.#serverless())
            return;
        const [digits] = /^\d*/.exec(String(text).replace(/[\t\n\r]/g, "")) ?? [];
        if (String(text) === "")
            this.#port = "";
        else if (digits && Number(digits) <= 65535)
            this.#port = this.#unlessDefault(digits);
    }
    get pathname() {
        return this.#pathname;
    }
    set pathname(text) {
        const path = encoded(String(text), IN_PATH);
        this.#pathname = withoutDots(path.startsWith("/") ? path : `/${path}`);
    }
    get search() {
        return this.#search;
    }
    set search(text) {
        const search = String(text).replace(/^\?/, "");
        this.#search = search ? `?${encoded(search, IN_QUERY)}` : "";
        this.searchParams.read(this.#search);
    }
    get hash() {
        return this.#hash;
    }
    set hash(text) {
        const hash = String(text).replace(/^#/, "");
        this.#hash = hash ? `#${encoded(hash, /[\u0000-\u0020"<>`]|[^\u0000-\u007e]+/g)}` : "";
    }
    toString() {
        return this.href;
    }
    toJSON() {
        return this.href;
    }
}
function form(text) {
    return encodeURIComponent(text)
        .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
        .replaceAll("%20", "+");
}
function plain(text) {
    const bytes = (run) => Uint8Array.from(run.slice(1).split("%"), (digits) => Number.parseInt(digits, 16));
    return text.replaceAll("+", " ").replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => decode(bytes(run), false, true));
}
/** `URLSearchParams`. */
export class HookURLSearchParams {
    #pairs = [];
    /** Told of every change. */
    changed = undefined;
    constructor(init) {
        if (typeof init === "string")
            this.read(init);
        else if (init != null) {
            const listed = Symbol.iterator in init ? init : Object.entries(init);
            for (const [name, value] of listed)
                this.#pairs.push([String(name), String(value)]);
        }
    }
    /** Takes all from a text. */
    read(text) {
        const parts = text.replace(/^\?/, "").split("&").filter(Boolean);
        this.#pairs = parts.map((part) => {
            const at = part.indexOf("=");
            return at < 0 ? [plain(part), ""] : [plain(part.slice(0, at)), plain(part.slice(at + 1))];
        });
    }
    get [Symbol.toStringTag]() {
        return "URLSearchParams";
    }
    get size() {
        return this.#pairs.length;
    }
    get(name) {
        return this.#pairs.find(([one]) => one === name)?.[1] ?? null;
    }
    getAll(name) {
        return this.#pairs.filter(([one]) => one === name).map(([, value]) => value);
    }
    has(name, value) {
        return this.#pairs.some(([one, of]) => one === name && (value === undefined || of === value));
    }
    append(name, value) {
        this.#pairs.push([String(name), String(value)]);
        this.changed?.(this.toString());
    }
    set(name, value) {
        const at = this.#pairs.findIndex(([one]) => one === name);
        const kept = this.#pairs.filter(([one], index) => one !== name || index === at);
        if (at < 0)
            kept.push([String(name), String(value)]);
        this.#pairs = kept.map(([one, of]) => (one === name ? [one, String(value)] : [one, of]));
        this.changed?.(this.toString());
    }
    delete(name, value) {
        this.#pairs = this.#pairs.filter(([one, of]) => one !== name || (value !== undefined && of !== value));
        this.changed?.(this.toString());
    }
    sort() {
        this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
        this.changed?.(this.toString());
    }
    forEach(of) {
        for (const [name, value] of this.#pairs)
            of(value, name, this);
    }
    entries() {
        return this[Symbol.iterator]();
    }
    keys() {
        return this.#pairs.map(([name]) => name)[Symbol.iterator]();
    }
    values() {
        return this.#pairs.map(([, value]) => value)[Symbol.iterator]();
    }
    [Symbol.iterator]() {
        return this.#pairs.map(([name, value]) => [name, value])[Symbol.iterator]();
    }
    toString() {
        return this.#pairs.map(([name, value]) => `${form(name)}=${form(value)}`).join("&");
    }
}
