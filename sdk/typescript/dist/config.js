/** The name of a binding, as snapshots and contexts have it. */
export function bindingName(binding) {
    return binding.name ?? "kubernetes";
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
