"""One of several hooks of a module, each in a language of its own: all see the same values and objects."""

import hookbox


@hookbox.hook(
    kubernetes=hookbox.Kubernetes(
        "ConfigMap",
        name="shared",
        api_version="v1",
        labels={"app": "shared"},
        jq_filter=".metadata.name",
        events=[],
    ),
)
def python(run: hookbox.Run) -> None:
    run.values["/shared/by/-"] = "python"
    by = " ".join(run.values["/shared/by"])
    names = " ".join(run.snapshots["shared"].filter_results(str))
    run.patch.create_or_update(hookbox.config_map("default", "seen-python", {"seen": f"{by} of {names}"}))


RUNS: list[int] = []


@hookbox.hook(
    kubernetes=hookbox.Kubernetes(
        "ConfigMap", name="pings", api_version="v1", labels={"app": "ping"}, jq_filter=".metadata.name"
    ),
    settings=hookbox.Settings(warm_instance=True),
)
def python_kept(run: hookbox.Run) -> None:
    """Tells how many runs its instance had."""
    RUNS.append(len(RUNS))
    names = " ".join(run.snapshots["pings"].filter_results(str))
    run.patch.create_or_update(hookbox.config_map("default", "kept-python", {"runs": str(len(RUNS)), "pings": names}))
