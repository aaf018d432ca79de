import type { Exports } from "./bindings/contract.js";
/** What a component exports, from what its first module exports. The build calls it. */
export declare function component(module: Record<string, unknown>): Exports;
