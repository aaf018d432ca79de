/** Text as bytes. What is no whole character becomes U+FFFD. */
export declare function encode(text: string): Uint8Array;
/**
 * Bytes as text, without the mark at their beginning unless it is to be kept. What is no character becomes U+FFFD, or is
 * thrown as a `TypeError` when `fatal`.
 */
export declare function decode(bytes: Uint8Array, fatal?: boolean, keepMark?: boolean): string;
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
    #private;
    readonly encoding = "utf-8";
    readonly fatal: boolean;
    readonly ignoreBOM: boolean;
    constructor(label?: string, options?: {
        fatal?: boolean;
        ignoreBOM?: boolean;
    });
    decode(bytes?: ArrayBuffer | ArrayBufferView, options?: {
        stream?: boolean;
    }): string;
}
