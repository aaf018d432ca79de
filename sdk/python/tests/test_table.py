"""The table of tests/hosts, which the sandbox and the hosts of all SDKs play."""

import json
from pathlib import Path
from typing import Any

import pytest
from componentize_py_types import Err

from hookbox._bindings.exports import admission
from hookbox._bindings.imports import (
    cluster,
    config_values,
    http,
    metrics,
    object_patches,
    snapshots,
    values,
)
from hookbox.testing import Context, Host, _validate
from hookbox.testing._host import BindingContext, installed

TABLE = json.loads((Path(__file__).parents[3] / "tests/hosts/cases.json").read_text())


def text(value: Any) -> str:
    """A text: as it is, or pieces and how often each is there."""
    return "".join(piece * times for piece, times in value) if isinstance(value, list) else value


def maybe(value: Any) -> str | None:
    return None if value is None else text(value)


def pairs(value: Any) -> list[tuple[str, str]]:
    return [(text(name), text(content)) for name, content in value]


def found(part: str | None) -> dict[str, Any]:
    return {"none": True} if part is None else {"answer": json.loads(part)}


def on_values(of: Any, name: str, call: dict[str, Any]) -> dict[str, Any]:
    path = text(call["path"])
    match name:
        case "get":
            return found(of.get(path))
        case "exists":
            return {"answer": of.exists(path)}
        case "set":
            of.set(path, text(call["value"]))
        case "remove":
            of.remove(path)
    return {}


def tree(entry: snapshots.Entry) -> dict[str, Any]:
    parts = {"object": entry.object, "filterResult": entry.filter_result}
    return {key: json.loads(part) for key, part in parts.items() if part is not None}


def on_snapshots(name: str, call: dict[str, Any]) -> dict[str, Any]:
    if name == "names":
        return {"answer": snapshots.names()}
    snapshot = snapshots.open(call["binding"])
    if name == "open":
        return {"answer": snapshot is not None}
    assert snapshot is not None
    if name == "len":
        return {"answer": snapshot.len()}
    if name == "range":
        return {"answer": len(snapshot.range(call["start"], call["count"]))}
    if name == "select":
        fields = [text(field) for field in call["fields"]] * call.get("times", 1)
        entries = snapshot.select(call["start"], call["count"], fields, call.get("ignoreCase", False))
        return {"answer": [tree(entry) for entry in entries]}
    if name == "pointer":
        part = snapshots.Part.OBJECT if call["part"] == "object" else snapshots.Part.FILTER_RESULT
        return found(snapshot.pointer(call["index"], part, text(call["pointer"])))
    entry = snapshot.get(call["index"])
    if entry is None:
        return {"none": True}
    return {"answer": tree(entry)}


def on_patches(name: str, call: dict[str, Any]) -> None:
    if name == "create":
        modes = ["fail-if-exists", "keep-existing", "replace-existing"]
        object_patches.create(text(call["object"]), object_patches.CreateMode(modes.index(call["mode"])))
        return
    of = call["ref"]
    ref = object_patches.ObjectRef(
        maybe(of.get("apiVersion")), text(of["kind"]), maybe(of.get("namespace")), text(of["name"])
    )
    if name == "delete":
        ways = ["foreground", "background", "orphan"]
        object_patches.delete(ref, object_patches.Propagation(ways.index(call["propagation"])))
        return
    said = call["options"]
    options = object_patches.PatchOptions(
        maybe(said.get("subresource")), said.get("ignoreMissingObject", False), said.get("ignoreHookError", False)
    )
    patch = {"merge": object_patches.merge_patch, "json": object_patches.json_patch, "jq": object_patches.jq_patch}
    patch[name](ref, text(call["filter" if name == "jq" else "patch"]), options)


def on_metrics(name: str, call: dict[str, Any]) -> None:
    group = maybe(call.get("group"))
    if name == "expire":
        metrics.expire(group)
        return
    given = (text(call["name"]), float(call["value"]))
    labels = pairs(call["labels"])
    if name == "observe":
        metrics.observe(*given, [float(bound) for bound in call["buckets"]], labels, group)
    else:
        {"add": metrics.add, "set": metrics.set}[name](*given, labels, group)


def on_cluster(name: str, call: dict[str, Any]) -> dict[str, Any]:
    of = (text(call["apiVersion"]), text(call["kind"]))
    namespace = maybe(call.get("namespace"))
    if name == "get":
        return found(cluster.get(*of, namespace, text(call["name"])))
    selectors = maybe(call.get("labelSelector")), maybe(call.get("fieldSelector"))
    selection = cluster.Selection(namespace, *selectors, call.get("limit"), maybe(call.get("after")))
    return {"answer": [json.loads(one)["metadata"]["name"] for one in cluster.list(*of, selection).objects]}


def play(call: dict[str, Any], context: BindingContext) -> dict[str, Any]:
    room, _, name = call["call"].partition(".")
    match room:
        case "values":
            return on_values(values, name, call)
        case "configValues":
            return on_values(config_values, name, call)
        case "snapshots":
            return on_snapshots(name, call)
        case "contexts":
            return found(context.object_pointer(text(call["pointer"])))
        case "patches":
            on_patches(name, call)
        case "metrics":
            on_metrics(name, call)
        case "cluster":
            return on_cluster(name, call)
        case "http":
            headers = pairs(call["headers"])
            http.send(http.Request(text(call["method"]), text(call["url"]), headers, None, None, None))
        case "admission":
            audit = pairs(call["audit"])
            warnings = [text(one) for one in call["warnings"]]
            _validate.answer(admission.Response(True, None, warnings, audit, maybe(call.get("patch"))), call["mutates"])
        case "conversion":
            _validate.converted([text(one) for one in call["objects"]], call["given"])
        case _:
            raise AssertionError(f"no such call: {call}")
    return {}


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_the_host_answers_as_the_table_says(case: dict[str, Any]) -> None:
    world = TABLE["world"]

    def parts(key: str) -> dict[str, list[Any]]:
        of = {name: [entry[key] for entry in entries if key in entry] for name, entries in world["snapshots"].items()}
        return {name: given for name, given in of.items() if given}

    host = Host(
        snapshots=parts("object"),
        filter_results=parts("filterResult"),
        values=world["values"],
        config_values=world["configValues"],
        cluster=world["cluster"],
    )
    of = world["context"]
    context = BindingContext(host, Context(of["binding"], of["kind"], None, of["watchEvent"], of["object"]))
    wrong = []
    with installed(host):
        for call in case["calls"]:
            try:
                outcome = play(call, context)
            except Err as error:
                outcome = {"refused": error.value.code}
            expected = {key: call[key] for key in ("refused", "answer", "none") if key in call}
            if call["call"] == "snapshots.names":
                expected["answer"] = sorted(expected["answer"])
                outcome["answer"] = sorted(outcome["answer"])
            if outcome != expected:
                wrong.append(f"{json.dumps(call)}\n  came to {outcome}")
    assert not wrong, "\n".join(wrong)
