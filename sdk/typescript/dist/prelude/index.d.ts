export { settle } from "./timers.js";
/** A host is there: an instance begins. */
export declare function begin(): void;
/** A call of the host is over. */
export declare function end(): void;
