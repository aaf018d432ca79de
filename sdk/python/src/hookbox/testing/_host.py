"""What the contract's imports are in a test: functions of a host in memory."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._bindings.imports import (
    cluster,
    config_values,
    contexts,
    http,
    log,
    metrics,
    object_patches,
    snapshots,
    values,
)
from ..config import requirements
from . import _validate
from ._document import cut, part_of, tokens
from ._effects import Metric, Patch, Record
from ._json import refuse

if TYPE_CHECKING:
    from . import Context, Host

# Most entries that are given at a time: fewer than a hook asks for, so that it must go on.
_PAGE = 100
# Most fields that may be named.
_FIELDS = 256
# Whose host the imports are now.
_active: list[Host] = []


@contextmanager
def installed(host: Host) -> Iterator[None]:
    """The imports are those of this host meanwhile."""
    if _active:
        raise RuntimeError("a hook of a test runs already: run one after the other")
    replaced = []
    for module, functions in _functions(host):
        for name, function in functions.items():
            replaced.append((module, name, getattr(module, name)))
            setattr(module, name, function)
    _active.append(host)
    try:
        yield
    finally:
        _active.clear()
        for module, name, function in replaced:
            setattr(module, name, function)


class Snapshot(snapshots.Snapshot):
    """A snapshot of which what a hook asks for is counted."""

    def __init__(self, host: Host, entries: list[tuple[Any, ...]]) -> None:
        self._host = host
        self._entries = [
            snapshots.Entry(*(None if part is _NOTHING else json.dumps(part) for part in entry)) for entry in entries
        ]

    def len(self) -> int:
        return len(self._entries)

    def get(self, index: int) -> snapshots.Entry | None:
        return self._entries[index] if index < len(self._entries) else None

    def range(self, start: int, count: int) -> list[snapshots.Entry]:
        return self._entries[start : start + min(count, _PAGE)]

    def select(self, start: int, count: int, fields: list[str], ignore_case: bool) -> list[snapshots.Entry]:
        if len(fields) > _FIELDS:
            raise refuse("invalid-pointer", f"{len(fields)} fields are named, at most {_FIELDS} are allowed")
        paths = [tokens(field, "invalid-pointer") for field in fields]
        return [
            snapshots.Entry(
                None if entry.object is None else json.dumps(cut(json.loads(entry.object), paths, ignore_case)),
                entry.filter_result,
            )
            for entry in self.range(start, count)
        ]

    def pointer(self, index: int, part: snapshots.Part, pointer: str) -> str | None:
        entry = self._entries[index] if index < len(self._entries) else None
        text = None if entry is None else entry.object if part is snapshots.Part.OBJECT else entry.filter_result
        tokens(pointer, "invalid-pointer")
        return None if text is None else part_of(json.loads(text), pointer)


_NOTHING: Any = object()


class BindingContext(contexts.BindingContext):
    """A context as the test gave it."""

    def __init__(self, host: Host, given: Context) -> None:
        self._host, self._given = host, given

    def binding(self) -> str:
        return self._given.binding

    def kind(self) -> str | None:
        return self._given.kind

    def group(self) -> str | None:
        return self._given.group

    def watch_event(self) -> str | None:
        return self._given.watch_event

    def object(self) -> str | None:
        return None if self._given.object is None else json.dumps(self._given.object)

    def filter_result(self) -> str | None:
        return None if self._given.filter_result is None else json.dumps(self._given.filter_result)

    def object_pointer(self, pointer: str) -> str | None:
        tokens(pointer, "invalid-pointer")
        return None if self._given.object is None else part_of(self._given.object, pointer)

    def objects(self) -> snapshots.Snapshot | None:
        if self._given.kind != "Synchronization":
            return None
        return Snapshot(self._host, self._host._snapshots.get(self._given.binding, []))

    def snapshot_names(self) -> list[str]:
        return list(self._host._snapshots)

    def to_json(self) -> str:
        given = self._given
        whole = {
            "binding": given.binding,
            "type": given.kind,
            "groupName": given.group,
            "watchEvent": given.watch_event,
            "object": given.object,
            "filterResult": given.filter_result,
        }
        document = {key: value for key, value in whole.items() if value is not None}
        snapshots = {name: _listed(self._host._snapshots[name]) for name in sorted(self._host._snapshots)}
        if given.kind == "Synchronization":
            document["objects"] = snapshots.get(given.binding, [])
        if snapshots and given.binding != "onStartup":
            document["snapshots"] = snapshots
        return json.dumps(document)


def _listed(entries: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    parts = ("object", "filterResult")
    return [{key: part for key, part in zip(parts, entry, strict=True) if part is not _NOTHING} for entry in entries]


def _functions(host: Host) -> list[tuple[Any, dict[str, Callable[..., Any]]]]:
    def open_(binding: str) -> snapshots.Snapshot | None:
        return Snapshot(host, host._snapshots[binding]) if binding in host._snapshots else None

    def write(level: log.Level, message: str, fields: list[tuple[str, str]]) -> None:
        host._effects.log.append(Record(level.name.lower(), message, dict(fields)))

    def document(of: Any) -> dict[str, Callable[..., Any]]:
        return {"get": of.get, "exists": of.exists, "set": of.set, "remove": of.remove}

    return [
        (snapshots, {"names": lambda: list(host._snapshots), "open": open_}),
        (values, document(host._values)),
        (config_values, document(host._config_values)),
        (log, {"log": write}),
        (metrics, _metrics(host)),
        (object_patches, _patches(host)),
        (cluster, _cluster(host)),
        (http, {"send": lambda request: host._send(request)}),
    ]


def _metrics(host: Host) -> dict[str, Callable[..., Any]]:
    def record(
        action: str, name: str, value: float, labels: list[tuple[str, str]], group: str | None, buckets: list[float]
    ) -> None:
        _validate.metric(action, name, value, labels, group, buckets)
        bounds = sorted(set(buckets))
        host._effects.metrics.append(Metric(action, name, value, dict(labels), group or None, bounds))

    def add(name: str, value: float, labels: list[tuple[str, str]], group: str | None) -> None:
        record("add", name, value, labels, group, [])

    def set_(name: str, value: float, labels: list[tuple[str, str]], group: str | None) -> None:
        record("set", name, value, labels, group, [])

    def observe(
        name: str, value: float, buckets: list[float], labels: list[tuple[str, str]], group: str | None
    ) -> None:
        record("observe", name, value, labels, group, buckets)

    return {"add": add, "set": set_, "observe": observe, "expire": lambda group: record("expire", "", 0, [], group, [])}


def _patches(host: Host) -> dict[str, Callable[..., Any]]:
    modes = ["Create", "CreateIfNotExists", "CreateOrUpdate"]
    deletions = ["Delete", "DeleteInBackground", "DeleteNonCascading"]

    def create(text: str, mode: object_patches.CreateMode) -> None:
        manifest = _validate.manifest(text, always_new=mode is object_patches.CreateMode.FAIL_IF_EXISTS)
        metadata = manifest["metadata"]
        host._effects.patches.append(
            Patch(
                modes[mode.value],
                manifest["kind"],
                metadata.get("name") or "",
                metadata.get("namespace") or None,
                manifest["apiVersion"],
                object=manifest,
            )
        )

    def of(operation: str, ref: object_patches.ObjectRef) -> Patch:
        _validate.reference(ref)
        return Patch(operation, ref.kind, ref.name, ref.namespace or None, ref.api_version or None)

    def patch(operation: str) -> Callable[..., Any]:
        def record(ref: object_patches.ObjectRef, content: str, options: object_patches.PatchOptions) -> None:
            patch = of(operation, ref)
            patch.object = _validate.patch(operation, content, options)
            patch.subresource = options.subresource or None
            patch.ignore_missing_object = options.ignore_missing_object
            patch.ignore_hook_error = options.ignore_hook_error
            host._effects.patches.append(patch)

        return record

    return {
        "create": create,
        "delete": lambda ref, how: host._effects.patches.append(of(deletions[how.value], ref)),
        "merge_patch": patch("MergePatch"),
        "json_patch": patch("JSONPatch"),
        "jq_patch": patch("JQPatch"),
    }


def _cluster(host: Host) -> dict[str, Callable[..., Any]]:
    def of(api_version: str, kind: str) -> list[Any]:
        return [
            one
            for one in copy.deepcopy(host._cluster)
            if one.get("apiVersion") == api_version and one.get("kind") == kind
        ]

    def get(api_version: str, kind: str, namespace: str | None, name: str) -> str | None:
        _validate.read(api_version, kind, namespace)
        _validate.read_name(name)
        for one in of(api_version, kind):
            if (one["metadata"].get("namespace"), one["metadata"].get("name")) == (namespace, name):
                return json.dumps(one)
        return None

    def list_(api_version: str, kind: str, selection: cluster.Selection) -> cluster.Page:
        _validate.read(api_version, kind, selection.namespace)
        _validate.selection(selection)
        labels, fields = _wanted(selection.label_selector), _wanted(selection.field_selector)
        found = []
        for one in of(api_version, kind):
            metadata = one["metadata"]
            inside = selection.namespace is None or metadata.get("namespace") == selection.namespace
            if inside and _holds(labels, (metadata.get("labels") or {}).get) and _holds(fields, _field(one)):
                found.append(json.dumps(one))
        after = selection.after or "0"
        if not (after.isascii() and after.isdigit()):
            raise refuse("expired", "there is no such place in the listing")
        first = int(after)
        end = first + (500 if selection.limit is None else max(1, min(selection.limit, 500)))
        return cluster.Page(found[first:end], str(end) if end < len(found) else None, None)

    return {"get": get, "list": list_}


def _field(of: Any) -> Callable[[str], Any]:
    def read(path: str) -> Any:
        value = of
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        # A selector compares texts.
        return value if value is None or isinstance(value, str) else json.dumps(value)

    return read


def _wanted(selector: str | None) -> list[tuple[str, str, list[str]]]:
    try:
        return requirements(selector or "")
    except ValueError as error:
        raise refuse("invalid-argument", str(error)) from None


def _holds(wanted: list[tuple[str, str, list[str]]], value_of: Callable[[str], Any]) -> bool:
    for key, operator, given in wanted:
        there = value_of(key)
        if operator in ("exists", "absent"):
            holds = (there is not None) == (operator == "exists")
        else:
            holds = (there in given) == (operator in ("=", "in"))
        if not holds:
            return False
    return True
