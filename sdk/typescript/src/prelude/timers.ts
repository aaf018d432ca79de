// Timers. A run has nothing to wait with: those without a delay run when all else is done, others never.

import { runJobs } from "./promise.js";

interface Timer {
  id: number;
  delay: number;
  of: () => void;
}

let timers: Timer[] = [];
let next = 1;

/** `setTimeout`. */
export function setTimer(of: (...given: unknown[]) => void, delay?: number, ...given: unknown[]): number {
  const id = next++;
  timers.push({ id, delay: Math.max(0, Number(delay) || 0), of: () => of(...given) });
  return id;
}

/** `clearTimeout`. */
export function clearTimer(id?: unknown): void {
  timers = timers.filter((timer) => timer.id !== id);
}

/** `setInterval`. */
export function setRepeated(): never {
  throw new Error("a run cannot wait: there is no setInterval; use a schedule");
}

/** The value of what may be a promise. All that it waits for happens within the call. */
export function settle(value: unknown): unknown {
  const then = (value as { then?: unknown } | null | undefined)?.then;
  if (typeof then !== "function") return value;
  let settled: { value?: unknown; reason?: unknown; ok: boolean } | undefined;
  (then as (...settlers: unknown[]) => void).call(
    value,
    (given: unknown) => (settled ??= { value: given, ok: true }),
    (reason: unknown) => (settled ??= { reason, ok: false }),
  );
  for (;;) {
    runJobs();
    if (settled) break;
    const at = timers.findIndex((timer) => timer.delay === 0);
    const [timer] = at < 0 ? [] : timers.splice(at, 1);
    if (!timer) throw new Error(why());
    timer.of();
  }
  const { ok, value: given, reason } = settled as { value?: unknown; reason?: unknown; ok: boolean };
  if (!ok) throw reason;
  return given;
}

function why(): string {
  const [timer] = timers;
  return timer
    ? `the hook waits ${timer.delay} ms for a timer, but a run cannot wait: throw a RetryAfterError to go on later`
    : "the hook waits for a promise that nobody settles";
}
