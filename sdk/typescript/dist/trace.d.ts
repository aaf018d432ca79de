/** The places where an error was thrown, and its causes, in the author's own files, each in a line of its own. */
export declare function trace(error: Error): string;
