import { imports } from "./bindings/imports.js";
import type { AdmissionResponse, Exports } from "./bindings/contract.js";
import { document } from "./config.js";
import { failure, isDeliberate, NoRetryError } from "./errors.js";
import * as handlers from "./handlers.js";
import { type Hook, hooksOf } from "./hook.js";
import { provide } from "./host.js";
import { begin, end, settle } from "./prelude/index.js";
import { trace } from "./trace.js";

/** What a component exports, from what its first module exports. The build calls it. */
export function component(module: Record<string, unknown>): Exports {
  const hooks = hooksOf(module);
  if (hooks.length === 0) {
    throw new TypeError("the first module exports no hook: `export const greet = defineHook({ … })`");
  }
  // Each is written once, while the component is built.
  const described = hooks.map((hook) => ({ name: hook.name, config: JSON.stringify(document(hook.config)) }));

  const called = <T>(name: string, of: (hook: Hook) => T): T => {
    try {
      enter();
      const hook = hooks.find((one) => one.name === name);
      if (!hook) throw new NoRetryError(`the component has no hook ${JSON.stringify(name)}`);
      return of(hook);
    } catch (thrown) {
      // The engine makes the contract's error of what is thrown here.
      throw told(thrown);
    } finally {
      end();
    }
  };
  const admit = (name: string, binding: string, request: string, mutates: boolean): AdmissionResponse =>
    called(name, (hook) => {
      const { verdict, answer } = handlers.admit(hook, binding, request, mutates);
      return answer(settle(verdict));
    });
  return {
    hooks: {
      describe: () => described,
      run: (name, contexts) => {
        called(name, (hook) => settle(handlers.run(hook, contexts)));
      },
    },
    filters: {
      filter: (name, binding, objects) =>
        objects.map((object) => {
          try {
            const val = called(name, (hook) => handlers.filtered(settle(handlers.filter(hook, binding, object))));
            return { tag: "ok" as const, val };
          } catch (thrown) {
            return { tag: "err" as const, val: thrown as ReturnType<typeof failure> };
          }
        }),
    },
    admission: {
      validate: (name, binding, request) => admit(name, binding, request, false),
      mutate: (name, binding, request) => admit(name, binding, request, true),
    },
    conversion: {
      convert: (name, binding, from, to, objects) =>
        called(name, (hook) =>
          objects.map((object) => {
            try {
              return handlers.converted(settle(handlers.convert(hook, binding, from, to, object)));
            } catch (thrown) {
              throw handlers.unconverted(thrown, object);
            }
          }),
        ),
    },
  };
}

let entered = false;

/** What a module does while it is loaded happens when the component is built, where no host answers. */
function enter(): void {
  if (entered) return;
  entered = true;
  provide(() => imports);
  begin();
}

/** The contract's error; where what was not made on purpose was thrown is told in the log. */
function told(thrown: unknown): ReturnType<typeof failure> {
  const failed = failure(thrown);
  if (thrown instanceof Error && !isDeliberate(thrown)) {
    imports.log.log("error", `${failed.message}${trace(thrown)}`, []);
  }
  return failed;
}
