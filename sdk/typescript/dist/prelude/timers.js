// Timers. A run has nothing to wait with: those without a delay run when all else is done, others never.
import { dropJobs, runJobs, throwUnhandled } from "./promise.js";
let timers = [];
let next = 1;
/** `setTimeout`. */
export function setTimer(of, delay, ...given) {
    const id = next++;
    timers.push({ id, delay: Math.max(0, Number(delay) || 0), of: () => of(...given) });
    return id;
}
/** `clearTimeout`. */
export function clearTimer(id) {
    timers = timers.filter((timer) => timer.id !== id);
}
/** `setInterval`. */
export function setRepeated() {
    throw new Error("a run cannot wait: there is no setInterval; use a schedule");
}
/** The value of what may be a promise. All that was started happens within the call, whether it waits for it or not. */
export function settle(value) {
    const then = value?.then;
    const given = typeof then === "function" ? settled(value, then) : value;
    do
        runJobs();
    while (fireTimer());
    throwUnhandled();
    return given;
}
/** Drops what is left of a call, of which the next one knows nothing. */
export function endTimers() {
    timers = [];
    dropJobs();
}
function settled(value, then) {
    let settled;
    then.call(value, (given) => (settled ??= { value: given, ok: true }), (reason) => (settled ??= { reason, ok: false }));
    for (;;) {
        runJobs();
        if (settled)
            break;
        if (!fireTimer())
            throw new Error(why());
    }
    const { ok, value: given, reason } = settled;
    if (!ok)
        throw reason;
    return given;
}
/** Runs the next timer without a delay, if there is one. */
function fireTimer() {
    const at = timers.findIndex((timer) => timer.delay === 0);
    const [timer] = at < 0 ? [] : timers.splice(at, 1);
    timer?.of();
    return timer !== undefined;
}
function why() {
    const [timer] = timers;
    return timer
        ? `the hook waits ${timer.delay} ms for a timer, but a run cannot wait: throw a RetryAfterError to go on later`
        : "the hook waits for a promise that nobody settles";
}
