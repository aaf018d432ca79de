/** Text as bytes. What is no whole character becomes U+FFFD. */
export declare function encode(text: string): Uint8Array;
/** Bytes as text. What is no character becomes U+FFFD, or is thrown as a `TypeError` when `fatal`. */
export declare function decode(bytes: Uint8Array, fatal?: boolean): string;
/** `TextEncoder`. */
export declare class Utf8Encoder {
    readonly encoding = "utf-8";
    encode(text?: string): Uint8Array;
    encodeInto(text: string, into: Uint8Array): {
        read: number;
        written: number;
    };
}
/** `TextDecoder`, for UTF-8 only. */
export declare class Utf8Decoder {
    readonly encoding = "utf-8";
    readonly fatal: boolean;
    constructor(label?: string, options?: {
        fatal?: boolean;
    });
    decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}
