/** What a run has asked for until now. */
export class Recorded {
    patches = [];
    metrics = [];
    log = [];
    #world;
    constructor(world) {
        this.#world = world;
    }
    get values() {
        return this.#world.values.tree;
    }
    get configValues() {
        return this.#world.configValues.tree;
    }
    object(kind, name) {
        const created = this.patches.filter((patch) => patch.object && patch.kind === kind);
        return created.findLast((patch) => (patch.namespace ? `${patch.namespace}/` : "") + patch.name === name)?.object;
    }
}
