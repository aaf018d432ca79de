import type { LogLevel } from "./bindings/contract.js";
import { host } from "./host.js";
import { shown } from "./text.js";

/** Fields of a record. What is no text is written as JSON. */
export type Fields = Record<string, unknown>;

/** Writes records to the operator's log. */
export class Log {
  readonly #fields: [string, string][];

  /** @internal */
  constructor(fields: [string, string][] = []) {
    this.#fields = fields;
  }

  /** A log whose records have these fields too. */
  with(fields: Fields): Log {
    return new Log([...this.#fields, ...written(fields)]);
  }

  /** For whoever follows the hook closely. */
  debug(message: string, fields?: Fields): void {
    this.#write("debug", message, fields);
  }

  /** What happens as expected. */
  info(message: string, fields?: Fields): void {
    this.#write("info", message, fields);
  }

  /** What somebody should look at. */
  warn(message: string, fields?: Fields): void {
    this.#write("warn", message, fields);
  }

  /** What went wrong. */
  error(message: string, fields?: Fields): void {
    this.#write("error", message, fields);
  }

  #write(level: LogLevel, message: string, fields?: Fields): void {
    host().log.log(level, shown(message), fields ? [...this.#fields, ...written(fields)] : this.#fields);
  }
}

function written(fields: Fields): [string, string][] {
  return Object.entries(fields).map(([name, value]) => [name.toWellFormed(), shown(value)]);
}
