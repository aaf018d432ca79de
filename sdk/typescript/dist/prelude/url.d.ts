/** `URL`. */
export declare class HookURL {
    #private;
    readonly searchParams: HookURLSearchParams;
    constructor(url: string | {
        toString(): string;
    }, base?: string | {
        toString(): string;
    });
    get [Symbol.toStringTag](): string;
    static canParse(url: string, base?: string): boolean;
    static parse(url: string, base?: string): HookURL | null;
    get href(): string;
    set href(text: string);
    get origin(): string;
    get protocol(): string;
    /** One of another sort, or none at all, is ignored. */
    set protocol(text: string);
    get username(): string;
    set username(text: string);
    get password(): string;
    set password(text: string);
    get host(): string;
    /** What is no host is ignored; without a port, that of before stays. */
    set host(text: string);
    get hostname(): string;
    set hostname(text: string);
    get port(): string;
    /** The number that the text begins with; what is none is ignored. */
    set port(text: string | number);
    get pathname(): string;
    set pathname(text: string);
    get search(): string;
    set search(text: string);
    get hash(): string;
    set hash(text: string);
    toString(): string;
    toJSON(): string;
}
/** `URLSearchParams`. */
export declare class HookURLSearchParams implements Iterable<[string, string]> {
    #private;
    /** Told of every change. */
    changed: ((search: string) => void) | undefined;
    constructor(init?: string | Record<string, string> | Iterable<readonly [string, string]> | null);
    /** Takes all from a text. */
    read(text: string): void;
    get [Symbol.toStringTag](): string;
    get size(): number;
    get(name: string): string | null;
    getAll(name: string): string[];
    has(name: string, value?: string): boolean;
    append(name: string, value: string): void;
    set(name: string, value: string): void;
    delete(name: string, value?: string): void;
    sort(): void;
    forEach(of: (value: string, name: string, params: HookURLSearchParams) => void): void;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
    [Symbol.iterator](): IterableIterator<[string, string]>;
    toString(): string;
}
