// Generated from wit/ by hookbox-bindings. Do not edit.
export {};
