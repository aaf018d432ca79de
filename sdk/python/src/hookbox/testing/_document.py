"""A JSON document that is read and changed by JSON Pointers, as the host does it."""

from __future__ import annotations

import json
import re
from typing import Any

from . import _json
from ._json import refuse

# Longest pointer, in bytes, and deepest, in steps.
_LENGTH = 8 << 10
_STEPS = 128


def tokens(pointer: str, code: str) -> list[str]:
    """The parts of a JSON Pointer; refused with `code` when it is none."""
    bad = pointer and not pointer.startswith("/")
    if bad or re.search("~(?![01])", pointer) or len(pointer.encode()) > _LENGTH or pointer.count("/") > _STEPS:
        raise refuse(code, f"{pointer!r} is no JSON Pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _index(part: str, end: int) -> int | None:
    if not (part.isascii() and part.isdigit()) or (len(part) > 1 and part.startswith("0")):
        return None
    index = int(part)
    return index if index < end else None


def find(tree: Any, parts: list[str]) -> tuple[Any, bool]:
    """What is at a place, and whether there is something."""
    for part in parts:
        if isinstance(tree, dict) and part in tree:
            tree = tree[part]
            continue
        index = _index(part, len(tree)) if isinstance(tree, list) else None
        if index is None:
            return None, False
        tree = tree[index]
    return tree, True


def part_of(document: Any, pointer: str) -> str | None:
    """One part of a document, as text."""
    found, there = find(document, tokens(pointer, "invalid-pointer"))
    return json.dumps(found) if there else None


def cut(tree: Any, paths: list[list[str]], ignore_case: bool) -> Any:
    """A value with nothing but what is at these paths, in which lists are no step."""
    if [] in paths:
        return tree
    if isinstance(tree, list):
        return [cut(item, paths, ignore_case) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kept = {}
    for key, below in tree.items():
        if ignore_case and not key.isascii():
            # Which letters beyond ASCII are the same in another case is for the hook to say.
            kept[key] = below
            continue
        rest = [path[1:] for path in paths if _same(path[0], key, ignore_case)]
        if rest:
            kept[key] = cut(below, rest, ignore_case)
    return kept


def _same(step: str, key: str, ignore_case: bool) -> bool:
    return step == key or (ignore_case and step.isascii() and step.lower() == key.lower())


class Document:
    """The interfaces ``values`` and ``config-values``."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def get(self, path: str) -> str | None:
        """The value at a path."""
        found, there = find(self.tree, tokens(path, "invalid-path"))
        return json.dumps(found) if there else None

    def exists(self, path: str) -> bool:
        """Whether there is a value at a path."""
        return find(self.tree, tokens(path, "invalid-path"))[1]

    def set(self, path: str, value: str) -> None:
        """Put a value at a path."""
        parts = tokens(path, "invalid-path")
        new = _json.read(value)
        if len(parts) + _json.depth(new) > _json.DEPTH:
            raise _json.too_deep()
        if not parts:
            if not isinstance(new, dict):
                raise refuse("invalid-value", "the whole document is an object")
            self.tree = new
            return
        parent, last = self._parent(path, parts)
        if isinstance(parent, dict):
            parent[last] = new
        elif isinstance(parent, list) and (last == "-" or last == str(len(parent))):
            parent.append(new)
        elif isinstance(parent, list) and (index := _index(last, len(parent))) is not None:
            parent[index] = new
        else:
            raise refuse("no-such-path", f"there is nothing at {path!r}")

    def remove(self, path: str) -> None:
        """Take the value at a path away."""
        parts = tokens(path, "invalid-path")
        if not parts:
            raise refuse("no-such-path", "the whole document cannot be removed")
        parent, last = self._parent(path, parts)
        if isinstance(parent, dict) and last in parent:
            del parent[last]
        elif isinstance(parent, list) and (index := _index(last, len(parent))) is not None:
            del parent[index]
        else:
            raise refuse("no-such-path", f"there is nothing at {path!r}")

    def _parent(self, path: str, parts: list[str]) -> tuple[Any, str]:
        parent, there = find(self.tree, parts[:-1])
        if not there:
            raise refuse("no-such-path", f"there is nothing at {path!r}")
        return parent, parts[-1]
