/** `Math.random`. */
export declare function number(): number;
/** `crypto`, of which there are only the random numbers. */
export declare const crypto: {
    getRandomValues<T extends ArrayBufferView>(into: T): T;
    randomUUID(): string;
};
