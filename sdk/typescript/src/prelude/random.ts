// Random numbers of the host. Those of the engine itself would be the same in every run: it was started when the
// component was built.

import random from "wasi:random/random@0.2.0";
import { isThere } from "../host.js";

/** Bytes that are asked for at a time. */
const AHEAD = 512;

let pool: Uint8Array = new Uint8Array(0);
let used = 0;

function bytes(count: number): Uint8Array {
  if (!isThere()) throw new Error("there are no random numbers while the component is built");
  if (count > AHEAD) return random.getRandomBytes(count);
  if (used + count > pool.length) {
    pool = random.getRandomBytes(AHEAD);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}

/** `Math.random`. */
export function number(): number {
  const [a, b, c, d, e, f, g] = bytes(7) as unknown as [number, number, number, number, number, number, number];
  return ((a & 31) * 2 ** 48 + b * 2 ** 40 + c * 2 ** 32 + d * 2 ** 24 + e * 2 ** 16 + f * 2 ** 8 + g) / 2 ** 53;
}

/** `crypto`, of which there are only the random numbers. */
export const crypto = {
  getRandomValues<T extends ArrayBufferView>(into: T): T {
    if (into.byteLength > 65536) throw new RangeError("at most 65536 bytes are given at a time");
    const view = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    view.set(bytes(view.length));
    return into;
  },
  randomUUID(): string {
    const of = bytes(16).slice();
    of[6] = ((of[6] ?? 0) & 0x0f) | 0x40;
    of[8] = ((of[8] ?? 0) & 0x3f) | 0x80;
    const hex = [...of].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  },
};
