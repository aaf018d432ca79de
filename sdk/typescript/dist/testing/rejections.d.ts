/** Says who hears of rejections; it answers whether they are of a run. */
export declare function onRejection(of: (reason: unknown) => boolean): void;
/** While runs last, their rejections are kept from the test runner, which would not say of which run they are. */
export declare function listening<T>(of: () => Promise<T>): Promise<T>;
