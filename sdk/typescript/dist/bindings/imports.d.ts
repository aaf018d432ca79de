import type { Imports } from "./contract.js";
/** The host of a component. */
export declare const imports: Imports;
