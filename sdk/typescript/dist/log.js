import { host } from "./host.js";
import { shown } from "./text.js";
/** Writes records to the operator's log. */
export class Log {
    #fields;
    /** @internal */
    constructor(fields = []) {
        this.#fields = fields;
    }
    /** A log whose records have these fields too. */
    with(fields) {
        return new Log([...this.#fields, ...written(fields)]);
    }
    /** For whoever follows the hook closely. */
    debug(message, fields) {
        this.#write("debug", message, fields);
    }
    /** What happens as expected. */
    info(message, fields) {
        this.#write("info", message, fields);
    }
    /** What somebody should look at. */
    warn(message, fields) {
        this.#write("warn", message, fields);
    }
    /** What went wrong. */
    error(message, fields) {
        this.#write("error", message, fields);
    }
    #write(level, message, fields) {
        host().log.log(level, shown(message), fields ? [...this.#fields, ...written(fields)] : this.#fields);
    }
}
function written(fields) {
    return Object.entries(fields).map(([name, value]) => [name.toWellFormed(), shown(value)]);
}
