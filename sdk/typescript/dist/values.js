import { escaped } from "./diff.js";
import { ask, json, parsed } from "./host.js";
import { text } from "./text.js";
/**
 * A document. A path is keys joined by dots, `web.replicas`, or a JSON Pointer, `/web/replicas`, where keys hold dots; the
 * empty one is the whole. A hook sees its own writes; they take effect outside when the run succeeded. What the host does
 * not accept is thrown as a `Refused`.
 */
export class Values {
    #of;
    /** @internal */
    constructor(of) {
        this.#of = of;
    }
    /** The value at a path; none where there is none. */
    get(path) {
        return parsed(ask((host) => host[this.#of].get(pointer(path))));
    }
    /** Whether there is a value at a path. */
    exists(path) {
        return ask((host) => host[this.#of].exists(pointer(path)));
    }
    /** Puts a value at a path, whose parent must be there. */
    set(path, value) {
        const document = json(value, `the value for ${JSON.stringify(path)}`);
        ask((host) => host[this.#of].set(pointer(path), document));
    }
    /** Takes the value at a path away. That there is none is refused as `no-such-path`. */
    remove(path) {
        ask((host) => host[this.#of].remove(pointer(path)));
    }
}
/** The JSON Pointer of a path. */
function pointer(path) {
    const given = text(path, "the path of a value");
    return given === "" || given.startsWith("/") ? given : `/${escaped(given).replaceAll(".", "/")}`;
}
