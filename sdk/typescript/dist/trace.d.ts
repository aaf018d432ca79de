/**
 * The places where an error was thrown, its causes, and those that it is made of, in the author's own files, each in a line of
 * its own.
 */
export declare function trace(error: Error): string;
