/**
 * A document. A path is keys joined by dots, `web.replicas`, or a JSON Pointer, `/web/replicas`, where keys hold dots; the
 * empty one is the whole. A hook sees its own writes; they take effect outside when the run succeeded. What the host does
 * not accept is thrown as a `Refused`.
 */
export declare class Values {
    #private;
    /** @internal */
    constructor(of: "values" | "configValues");
    /** The value at a path; none where there is none. */
    get<T = unknown>(path: string): T | undefined;
    /** Whether there is a value at a path. */
    exists(path: string): boolean;
    /** Puts a value at a path, whose parent must be there. */
    set(path: string, value: unknown): void;
    /** Takes the value at a path away. That there is none is refused as `no-such-path`. */
    remove(path: string): void;
}
