/** A host is there. */
export declare function beginConsole(): void;
/** A call of the host is over: the next one begins anew. */
export declare function endConsole(): void;
declare const group: (...given: unknown[]) => void;
/** The global `console`. */
export declare const hookConsole: {
    log: (...given: unknown[]) => void;
    info: (...given: unknown[]) => void;
    debug: (...given: unknown[]) => void;
    warn: (...given: unknown[]) => void;
    error: (...given: unknown[]) => void;
    trace: (...given: unknown[]) => void;
    dir: (value: unknown) => void;
    dirxml: (...given: unknown[]) => void;
    table: (value: unknown) => void;
    assert: (holds: unknown, ...given: unknown[]) => void;
    group: typeof group;
    groupCollapsed: typeof group;
    groupEnd: () => void;
    count: (label?: unknown) => void;
    countReset: (label?: unknown) => void;
    time: (label?: unknown) => void;
    timeLog: (label?: unknown, ...given: unknown[]) => void;
    timeEnd: (label?: unknown) => void;
};
/** As Node.js formats what it prints, roughly. It never throws: what is printed is often what went wrong. */
export declare function formatted(given: readonly unknown[]): string;
export {};
