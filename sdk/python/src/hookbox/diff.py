"""The difference of two documents."""

from __future__ import annotations

from typing import Any


def difference(before: Any, after: Any) -> list[dict[str, Any]]:
    """The JSON Patch that leads from one document to another. Lists that differ are replaced as a whole."""
    operations: list[dict[str, Any]] = []
    _differ(operations, "", before, after)
    return operations


def _differ(operations: list[dict[str, Any]], path: str, before: Any, after: Any) -> None:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if not _same(before, after):
            operations.append({"op": "replace", "path": path, "value": after})
        return
    for key in sorted(before):
        at = f"{path}/{escaped(key)}"
        if key in after:
            _differ(operations, at, before[key], after[key])
        else:
            operations.append({"op": "remove", "path": at})
    for key in sorted(after.keys() - before.keys()):
        operations.append({"op": "add", "path": f"{path}/{escaped(key)}", "value": after[key]})


def _same(before: Any, after: Any) -> bool:
    # To Python 1, 1.0 and True are equal.
    if type(before) is not type(after):
        return False
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    return bool(before == after)


def escaped(key: str) -> str:
    """A key as a step of a JSON Pointer."""
    return key.replace("~", "~0").replace("/", "~1")
