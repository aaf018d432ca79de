// Timers. A run has nothing to wait with: those without a delay run when all else is done, others never.

import { dropJobs, runJobs, throwUnhandled } from "./promise.js";

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

/** The value of what may be a promise. All that was started happens within the call, whether it waits for it or not. */
export function settle(value: unknown): unknown {
  const then = (value as { then?: unknown } | null | undefined)?.then;
  const given = typeof then === "function" ? settled(value, then as Then) : value;
  do runJobs();
  while (fireTimer());
  throwUnhandled();
  return given;
}

/** Drops what is left of a call, of which the next one knows nothing. */
export function endTimers(): void {
  timers = [];
  dropJobs();
}

type Then = (...settlers: unknown[]) => void;

function settled(value: unknown, then: Then): unknown {
  let settled: { value?: unknown; reason?: unknown; ok: boolean } | undefined;
  then.call(
    value,
    (given: unknown) => (settled ??= { value: given, ok: true }),
    (reason: unknown) => (settled ??= { reason, ok: false }),
  );
  for (;;) {
    runJobs();
    if (settled) break;
    if (!fireTimer()) throw new Error(why());
  }
  const { ok, value: given, reason } = settled as { value?: unknown; reason?: unknown; ok: boolean };
  if (!ok) throw reason;
  return given;
}

/** Runs the next timer without a delay, if there is one. */
function fireTimer(): boolean {
  const at = timers.findIndex((timer) => timer.delay === 0);
  const [timer] = at < 0 ? [] : timers.splice(at, 1);
  timer?.of();
  return timer !== undefined;
}

function why(): string {
  const [timer] = timers;
  return timer
    ? `the hook waits ${timer.delay} ms for a timer, but a run cannot wait: throw a RetryAfterError to go on later`
    : "the hook waits for a promise that nobody settles";
}
