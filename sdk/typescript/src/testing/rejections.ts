// Rejections that nobody handles fail the run in which they were, as in a component.

type Listener = NodeJS.UnhandledRejectionListener;

// Tests may have others in their place.
const { setImmediate, setTimeout } = globalThis;

let runs = 0;
let others: Listener[] = [];
let tell: (reason: unknown) => boolean = () => false;

const listener: Listener = (reason, promise) => {
  if (tell(reason)) return;
  // Not a run's: as if nobody were here.
  if (others.length === 0) throw reason;
  for (const other of others) other(reason, promise);
};

/** Says who hears of rejections; it answers whether they are of a run. */
export function onRejection(of: (reason: unknown) => boolean): void {
  tell = of;
}

/** While runs last, their rejections are kept from the test runner, which would not say of which run they are. */
export async function listening<T>(of: () => Promise<T>): Promise<T> {
  if (runs++ === 0) {
    others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", listener);
  }
  try {
    return await of();
  } finally {
    // What the hook has started and does not wait for belongs to the run, but for timers with a delay.
    await new Promise((done) => setTimeout(done, 0));
    await new Promise((done) => setImmediate(done));
    if (--runs === 0) {
      process.off("unhandledRejection", listener);
      for (const other of others) process.on("unhandledRejection", other);
    }
  }
}
