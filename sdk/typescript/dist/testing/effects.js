/** What a run has asked for until now. */
export class Recorded {
    patches = [];
    metrics = [];
    log = [];
    #values;
    #configValues;
    constructor({ values, configValues }) {
        this.#values = values;
        this.#configValues = configValues;
    }
    get values() {
        return this.#values.tree;
    }
    get configValues() {
        return this.#configValues.tree;
    }
    object(kind, name) {
        const created = this.patches.filter((patch) => patch.object && patch.kind === kind);
        return created.findLast((patch) => (patch.namespace ? `${patch.namespace}/` : "") + patch.name === name)?.object;
    }
    /** What is left when the hook fails, in the world as it was. */
    left(world) {
        const left = new Recorded(world);
        const survives = ({ subresource, ignoreHookError }) => ignoreHookError && /^\/?status$/.test(subresource ?? "");
        left.patches.push(...this.patches.filter(survives));
        left.log.push(...this.log);
        return left;
    }
}
