/** Labels of a series. What is no text is written as JSON. */
export type Labels = Record<string, unknown>;
/** Metrics of the hook. All series of a group that a run names are replaced by those that it gives. */
export declare class Metrics {
    #private;
    /** @internal */
    constructor(group?: string | null);
    /** The metrics of a group; without one they belong to the group of the hook itself. */
    group(name: string): Metrics;
    /** Adds to a counter. */
    add(name: string, value: number, labels?: Labels): void;
    /** Sets a gauge. */
    set(name: string, value: number, labels?: Labels): void;
    /** Puts an observation into a histogram with these upper bounds. */
    observe(name: string, value: number, buckets: number[], labels?: Labels): void;
    /** Removes all series of the group. */
    expire(): void;
}
