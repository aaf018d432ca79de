// One behaviour, all languages: the hooks in TypeScript.

export * from "./asked";
export * from "./cluster";
export * from "./failing";
export * from "./outside";
export * from "./stored";
