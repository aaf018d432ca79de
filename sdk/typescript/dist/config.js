/** The name of a binding, as snapshots and contexts have it. */
export function bindingName(binding) {
    return binding.name ?? "kubernetes";
}
/** Fields of a configuration that are lists of bindings. */
const LISTS = [
    "schedule",
    "kubernetes",
    "kubernetesValidating",
    "kubernetesMutating",
    "kubernetesCustomResourceConversion",
];
/** What keeps the document from being made, whose fields the host checks: bindings that are none. */
export function listFault(config) {
    for (const field of LISTS) {
        const list = config[field];
        if (list === undefined)
            continue;
        if (!Array.isArray(list))
            return `\`config.${field}\` is a list of bindings: [{ … }]`;
        for (const [index, binding] of list.entries()) {
            const where = `\`config.${field}[${index}]`;
            if (typeof binding !== "object" || binding === null)
                return `${where}\` is a binding: { … }`;
            const { includeSnapshotsFrom } = binding;
            if (includeSnapshotsFrom !== undefined && !Array.isArray(includeSnapshotsFrom)) {
                return `${where}.includeSnapshotsFrom\` is a list of names`;
            }
        }
    }
    return undefined;
}
/** The document that the host reads. A binding that says nothing of snapshots has those of all `kubernetes` bindings. */
export function document(config) {
    const named = (config.kubernetes ?? []).map(bindingName);
    // Of two with the same name nobody knows which is meant.
    const all = named.filter((name) => named.indexOf(name) === named.lastIndexOf(name));
    const included = (binding) => {
        const { includeSnapshotsFrom = all, ...rest } = binding;
        // The document has no empty list.
        return (includeSnapshotsFrom.length === 0 ? rest : { includeSnapshotsFrom, ...rest });
    };
    const written = { configVersion: "v1", ...config };
    if (config.kubernetes) {
        written["kubernetes"] = config.kubernetes.map((binding) => {
            const { filter, ...rest } = included(binding);
            return typeof filter === "function" ? { ...rest, filter: true } : rest;
        });
    }
    if (config.schedule)
        written["schedule"] = config.schedule.map(included);
    if (config.kubernetesValidating)
        written["kubernetesValidating"] = config.kubernetesValidating.map(included);
    if (config.kubernetesMutating)
        written["kubernetesMutating"] = config.kubernetesMutating.map(included);
    if (config.kubernetesCustomResourceConversion) {
        written["kubernetesCustomResourceConversion"] = config.kubernetesCustomResourceConversion.map(included);
    }
    return written;
}
