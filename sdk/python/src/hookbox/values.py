"""Values of the module that a hook belongs to."""

from __future__ import annotations

import json
from typing import Any, Protocol

from ._given import text
from .diff import escaped
from .errors import NoSuchPath, call
from .typed import from_json, text_of


class _Raw(Protocol):
    def get(self, path: str) -> str | None: ...
    def exists(self, path: str) -> bool: ...
    def set(self, path: str, value: str) -> None: ...
    def remove(self, path: str) -> None: ...


def _pointer(path: str) -> str:
    """The JSON Pointer of a path."""
    path = text(path, "a path")
    return path if not path or path.startswith("/") else "/" + escaped(path).replace(".", "/")


class Values:
    """A document. A path is keys joined by dots, ``web.replicas``, or a JSON Pointer, ``/web/replicas``, where keys
    hold dots; ``""`` is the whole.

    A hook sees its own writes; they take effect outside when the run succeeded::

        if "web" in run.values:
            run.values["web.replicas"] = 3
        replicas = run.values.get("web.replicas", 1)
        del run.values["web.replicas"]

    A call that the host refuses raises :class:`hookbox.Refused`, such as ``invalid-path``; where there is nothing it is
    :class:`hookbox.NoSuchPath`, which is a ``KeyError``.
    """

    def __init__(self, raw: Any) -> None:
        self._raw: _Raw = raw

    def get(self, path: str = "", default: Any = None, type_: Any = Any) -> Any:
        """The value at a path, as a :mod:`type <hookbox.typed>` of yours; `default` where there is none."""
        found = self._get(path)
        return default if found is None else from_json(type_, json.loads(found))

    def exists(self, path: str) -> bool:
        """Whether there is a value at a path."""
        return call(self._raw.exists, _pointer(path))

    def set(self, path: str, value: Any) -> None:
        """Put a value at a path, whose parent must be there."""
        call(self._raw.set, _pointer(path), text_of(value))

    def remove(self, path: str) -> None:
        """Take the value at a path away."""
        call(self._raw.remove, _pointer(path))

    def _get(self, path: str) -> str | None:
        return call(self._raw.get, _pointer(path))

    def __getitem__(self, path: str) -> Any:
        found = self._get(path)
        if found is None:
            raise NoSuchPath("no-such-path", f"there is nothing at {path!r}")
        return json.loads(found)

    def __setitem__(self, path: str, value: Any) -> None:
        self.set(path, value)

    def __delitem__(self, path: str) -> None:
        self.remove(path)

    def __contains__(self, path: str) -> bool:
        return self.exists(path)
