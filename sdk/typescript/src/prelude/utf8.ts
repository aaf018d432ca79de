// UTF-8, which the engine has no words for.

/** Text as bytes. What is no whole character becomes U+FFFD. */
export function encode(text: string): Uint8Array {
  let bytes = new Uint8Array(text.length + (text.length >> 1) + 8);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0xd800 && code < 0xe000) {
      const low = code < 0xdc00 ? text.charCodeAt(i + 1) : Number.NaN;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        i++;
      } else {
        code = 0xfffd;
      }
    }
    if (at + 4 > bytes.length) {
      const more = new Uint8Array(bytes.length * 2);
      more.set(bytes);
      bytes = more;
    }
    if (code < 0x80) {
      bytes[at++] = code;
    } else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.slice(0, at);
}

/**
 * Bytes as text, without the mark at their beginning unless it is to be kept. What is no character becomes U+FFFD, or is
 * thrown as a `TypeError` when `fatal`.
 */
export function decode(bytes: Uint8Array, fatal = false, keepMark = false): string {
  const parts: string[] = [];
  let codes: number[] = [];
  let at = !keepMark && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length) {
    const first = bytes[at++] as number;
    let code = 0xfffd;
    if (first < 0x80) {
      code = first;
    } else {
      const more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : 0;
      let value = first & (0x3f >> more);
      let taken = 0;
      for (; taken < more; taken++) {
        const next = bytes[at + taken];
        if (next === undefined || !follows(first, taken, next)) break;
        value = (value << 6) | (next & 0x3f);
      }
      at += taken;
      if (more > 0 && taken === more) code = value;
      else if (fatal) throw new TypeError("the bytes are no UTF-8");
    }
    codes.push(code);
    if (codes.length >= 4096) {
      parts.push(String.fromCodePoint(...codes));
      codes = [];
    }
  }
  parts.push(String.fromCodePoint(...codes));
  return parts.join("");
}

/** Whether a byte may be the next of a character: neither too long a form, nor a surrogate, nor past the last one. */
function follows(first: number, taken: number, byte: number): boolean {
  let [low, high] = [0x80, 0xbf];
  if (taken === 0) {
    if (first === 0xe0) low = 0xa0;
    if (first === 0xed) high = 0x9f;
    if (first === 0xf0) low = 0x90;
    if (first === 0xf4) high = 0x8f;
  }
  return byte >= low && byte <= high;
}

/** `TextEncoder`. */
export class Utf8Encoder {
  readonly encoding = "utf-8";

  encode(text = ""): Uint8Array {
    return encode(String(text));
  }

  encodeInto(text: string, into: Uint8Array): { read: number; written: number } {
    let [read, written] = [0, 0];
    for (const character of text) {
      const bytes = encode(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

/** `TextDecoder`, for UTF-8 only. */
export class Utf8Decoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  /** The beginning of a character of which the rest is in the next chunk. */
  #left = NOTHING;
  #begun = false;

  constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    if (!["utf-8", "utf8", "unicode-1-1-utf-8"].includes(String(label).trim().toLowerCase())) {
      throw new RangeError(`the encoding ${JSON.stringify(label)} is not there: only utf-8 is`);
    }
    this.fatal = options.fatal ?? false;
    this.ignoreBOM = options.ignoreBOM ?? false;
  }

  decode(bytes?: ArrayBuffer | ArrayBufferView, options: { stream?: boolean } = {}): string {
    let whole = this.#left;
    if (bytes !== undefined) {
      const view = ArrayBuffer.isView(bytes)
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : new Uint8Array(bytes);
      whole = new Uint8Array(this.#left.length + view.length);
      whole.set(this.#left);
      whole.set(view, this.#left.length);
    }
    const end = options.stream ? whole.length - unfinished(whole) : whole.length;
    this.#left = options.stream ? whole.slice(end) : NOTHING;
    const text = decode(whole.subarray(0, end), this.fatal, this.ignoreBOM || this.#begun);
    this.#begun = options.stream ? this.#begun || end > 0 : false;
    return text;
  }
}

const NOTHING = new Uint8Array(0);

/** How many bytes at the end are the beginning of a character. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return back < length ? back : 0;
  }
  return 0;
}
