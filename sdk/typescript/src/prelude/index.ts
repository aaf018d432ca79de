// What a hook expects to be there and the engine does not have. It is the first module of a component.

import { HookAbortController, HookAbortSignal } from "./abort.js";
import { clone } from "./clone.js";
import { beginConsole, endConsole, hookConsole } from "./console.js";
import { HookHeaders, HookRequest, HookResponse, hookFetch } from "./fetch.js";
import { enqueue, fromAsync, HookPromise } from "./promise.js";
import { crypto, number } from "./random.js";
import { clearTimer, endTimers, setRepeated, setTimer } from "./timers.js";
import { HookURL, HookURLSearchParams } from "./url.js";
import { Utf8Decoder, Utf8Encoder } from "./utf8.js";

export { settle } from "./timers.js";

// The engine's own clock counts from when it was started, which was while the component was built.
const ticking = performance.now.bind(performance);
let origin = ticking();
let timeOrigin = Date.now();

const globals: Record<string, unknown> = {
  Promise: HookPromise,
  queueMicrotask: enqueue,
  setTimeout: setTimer,
  clearTimeout: clearTimer,
  setImmediate: (of: (...given: unknown[]) => void, ...given: unknown[]) => setTimer(of, 0, ...given),
  clearImmediate: clearTimer,
  setInterval: setRepeated,
  clearInterval: clearTimer,
  console: hookConsole,
  structuredClone: (value: unknown) => clone(value),
  TextEncoder: Utf8Encoder,
  TextDecoder: Utf8Decoder,
  URL: HookURL,
  URLSearchParams: HookURLSearchParams,
  AbortController: HookAbortController,
  AbortSignal: HookAbortSignal,
  fetch: hookFetch,
  Headers: HookHeaders,
  Request: HookRequest,
  Response: HookResponse,
  crypto,
  performance: {
    now: () => ticking() - origin,
    get timeOrigin() {
      return timeOrigin;
    },
  },
};

for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

Object.defineProperty(Array, "fromAsync", { value: fromAsync, writable: true, configurable: true, enumerable: false });

const built = Math.random;
let running = false;
Math.random = () => (running ? number() : built());

/** A host is there: an instance begins. */
export function begin(): void {
  running = true;
  origin = ticking();
  timeOrigin = Date.now();
  beginConsole();
}

/** A call of the host is over. */
export function end(): void {
  endTimers();
  endConsole();
}
