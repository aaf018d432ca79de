export { settle } from "./timers.js";
/** A host is there: an instance begins. */
export declare function begin(): void;
