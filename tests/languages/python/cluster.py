"""Snapshots, contexts, and changes of objects."""

from dataclasses import dataclass, field
from typing import Any

import hookbox
from hookbox import Kubernetes, Ref, Schedule


@dataclass
class Metadata:
    name: str
    namespace: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Spec:
    node_name: str = ""


@dataclass
class Status:
    phase: str = ""


@dataclass
class Pod:
    metadata: Metadata
    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


@hookbox.hook(kubernetes=Kubernetes("Pod", name="pods", api_version="v1", labels="app=web"))
def reconcile(run: hookbox.Run) -> None:
    """Which node has which Pods, in a ConfigMap; Pods that are done go, and others are marked once."""
    pods = run.snapshots["pods"]
    nodes: dict[str, list[str]] = {}
    for pod in pods.objects(Pod):
        ref = Ref("Pod", pod.metadata.name, pod.metadata.namespace, "v1")
        if pod.status.phase == "Succeeded":
            run.patch.delete_in_background(ref)
            continue
        nodes.setdefault(pod.spec.node_name, []).append(pod.metadata.name)
        if "seen" not in pod.metadata.labels:
            run.patch.merge(ref, {"metadata": {"labels": {"seen": "yes"}}})
    for node, names in sorted(nodes.items()):
        run.metrics.set("pods_of_node", len(names), labels={"node": node})
    data = {node: ",".join(names) for node, names in nodes.items()}
    run.patch.create_or_update(hookbox.config_map("default", "pods", data))
    run.log.info("reconciled", pods=len(pods), nodes=len(nodes))


def images(deployment: dict[str, Any]) -> dict[str, Any]:
    """The name of a Deployment and its images, each once and in order."""
    metadata = deployment["metadata"]
    if metadata.get("annotations", {}).get("broken") == "yes":
        raise hookbox.Failure("this one is broken")
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return {"name": metadata["name"], "images": sorted({one["image"] for one in containers})}


@hookbox.hook(kubernetes=Kubernetes("Deployment", name="deployments", api_version="apps/v1", filter=images))
def filtered(run: hookbox.Run) -> None:
    """Counts the images that the filter found."""
    for found in run.snapshots["deployments"].filter_results():
        run.log.info("images", name=found["name"], list=" ".join(found["images"]))
        run.metrics.set("images", len(found["images"]), labels={"deployment": found["name"]})


@hookbox.hook(on_startup=1)
def patches(run: hookbox.Run) -> None:
    """Every kind of change, with every option."""

    def config_map(name: str) -> dict[str, Any]:
        return hookbox.config_map("default", name, {"k": "v"})

    def named(name: str) -> Ref:
        return Ref("ConfigMap", name, "default", "v1")

    run.patch.create(config_map("created"))
    run.patch.create_if_not_exists(config_map("kept"))
    run.patch.create_or_update(config_map("replaced"))
    run.patch.delete(named("foreground"))
    run.patch.delete_in_background(named("background"))
    run.patch.delete_non_cascading(named("orphan"))
    run.patch.merge(named("merged"), {"data": {"a": "1", "b": None}})
    run.patch.json(named("listed"), [{"op": "add", "path": "/data/a", "value": "ü"}])
    run.patch.jq(named("filtered"), '.data.n = "1"')
    run.patch.merge(
        Ref("Node", "n1", api_version="v1"),
        {"status": {"phase": "Running"}},
        subresource="status",
        ignore_missing_object=True,
        ignore_hook_error=True,
    )


def shown(value: Any) -> str:
    """Text as it is, all else as JSON."""
    return hookbox.typed.shown(value)


@hookbox.hook(
    on_startup=5,
    schedule=Schedule("*/5 * * * *", name="tick"),
    kubernetes=[
        Kubernetes("ConfigMap", name="maps", api_version="v1", jq_filter=".data.level"),
        Kubernetes(
            "Secret",
            name="secrets",
            api_version="v1",
            jq_filter=".metadata.name",
            group="both",
            keep_full_objects=False,
        ),
    ],
)
def contexts(run: hookbox.Run) -> None:
    """Tells why it runs, and what it sees."""
    for context in run.contexts:
        match context.kind:
            case None:
                run.log.info("startup")
            case "Schedule":
                run.log.info("schedule", name=context.binding)
            case "Synchronization":
                run.log.info("synchronization", binding=context.binding, objects=len(context.objects or ()))
            case "Event":
                run.log.info(
                    "event",
                    binding=context.binding,
                    event=context.watch_event,
                    name=context.object_at("/metadata/name"),
                    result=shown(context.filter_result),
                )
            case "Group":
                run.log.info("group", name=context.group)
            case _:
                run.log.info("other", binding=context.binding)
    for name in ("maps", "secrets"):
        snapshot = run.snapshots.get(name)
        if snapshot is None:
            run.log.info("no snapshot", name=name)
            continue
        results = " ".join(shown(result) for result in snapshot.filter_results())
        run.log.info("snapshot", name=name, entries=len(snapshot), results=results)
    maps = run.snapshots.get("maps")
    for index in range(len(maps or ())):
        entry = run.snapshots["maps"][index]
        nothing = entry.object_at("/metadata/nothing") is None
        run.log.info("part", name=entry.object_at("/metadata/name"), nothing=nothing)
