/** A host is there. */
export declare function beginConsole(): void;
/** A call of the host is over: the next one begins anew. */
export declare function endConsole(): void;
/** The global `console`. */
export declare const hookConsole: {
    log: (...given: unknown[]) => void;
    info: (...given: unknown[]) => void;
    debug: (...given: unknown[]) => void;
    warn: (...given: unknown[]) => void;
    error: (...given: unknown[]) => void;
    trace: (...given: unknown[]) => void;
    dir: (value: unknown) => void;
    table: (value: unknown) => void;
    assert: (holds: unknown, ...given: unknown[]) => void;
    group: (...given: unknown[]) => void;
    groupEnd: () => void;
    count: (label?: string) => void;
    countReset: (label?: string) => void;
    time: (label?: string) => void;
    timeEnd: (label?: string) => void;
};
/** As Node.js formats what it prints, roughly. */
export declare function formatted(given: readonly unknown[]): string;
