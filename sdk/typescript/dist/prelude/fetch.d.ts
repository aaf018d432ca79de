import { type Body, type HeadersInit } from "../http.js";
/** `Headers`. */
export declare class HookHeaders implements Iterable<[string, string]> {
    #private;
    constructor(init?: HeadersInit | null);
    get [Symbol.toStringTag](): string;
    get(name: string): string | null;
    has(name: string): boolean;
    set(name: string, value: string): void;
    append(name: string, value: string): void;
    delete(name: string): void;
    forEach(of: (value: string, name: string, headers: HookHeaders) => void): void;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
    [Symbol.iterator](): IterableIterator<[string, string]>;
}
/** What `Request` and `Response` have in common. */
declare class HookBody {
    #private;
    bodyUsed: boolean;
    constructor(bytes: Uint8Array);
    bytes(): Promise<Uint8Array>;
    text(): Promise<string>;
    json(): Promise<unknown>;
    arrayBuffer(): Promise<ArrayBuffer>;
    protected copied(): Uint8Array;
}
/** `Response`. */
export declare class HookResponse extends HookBody {
    readonly status: number;
    readonly statusText: string;
    readonly headers: HookHeaders;
    redirected: boolean;
    readonly type = "basic";
    url: string;
    constructor(body?: Body | null, init?: {
        status?: number;
        statusText?: string;
        headers?: HeadersInit;
    });
    get [Symbol.toStringTag](): string;
    get ok(): boolean;
    clone(): HookResponse;
    static json(value: unknown, init?: {
        status?: number;
        headers?: HeadersInit;
    }): HookResponse;
}
/** What `fetch` takes beside the address. */
export interface FetchInit {
    method?: string;
    headers?: HeadersInit;
    body?: Body | null;
    signal?: {
        aborted: boolean;
        reason?: unknown;
        timeLimit?: number;
    } | null;
    /** `follow` when left out. */
    redirect?: "follow" | "manual" | "error";
}
/** `Request`. */
export declare class HookRequest extends HookBody {
    readonly url: string;
    readonly method: string;
    readonly headers: HookHeaders;
    readonly signal: FetchInit["signal"];
    readonly redirect: NonNullable<FetchInit["redirect"]>;
    /** As `fetch` takes it. */
    readonly given: Body | null;
    constructor(input: string | {
        toString(): string;
    } | HookRequest, init?: FetchInit);
    get [Symbol.toStringTag](): string;
    clone(): HookRequest;
}
/** `fetch`. What the host refuses is rejected with a `Refused`. */
export declare function hookFetch(input: string | {
    toString(): string;
} | HookRequest, init?: FetchInit): Promise<HookResponse>;
export {};
