"""Snapshots: the objects that a hook's ``kubernetes`` bindings select."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

from ._bindings.imports import snapshots as wit
from ._decoding import decoder
from ._fields import IDENTITY, fields_for
from ._given import text
from .errors import call
from .typed import Type

T = TypeVar("T")

# Entries that are asked for at a time. The host gives fewer of large ones.
_PAGE = 256
# Characters that are parsed at a time.
_TOGETHER = 64 << 10
_MISSING: Any = object()


class Entry:
    """One object of a snapshot. What is not asked for is not copied into the hook."""

    __slots__ = ("_raw", "_snapshot", "_parsed", "index")

    def __init__(self, snapshot: wit.Snapshot, index: int, raw: wit.Entry | None = None) -> None:
        self._snapshot = snapshot
        self._raw = raw
        self._parsed: dict[wit.Part, Any] = {}
        self.index = index
        """Its place in the snapshot, from 0."""

    @property
    def object(self) -> Any:
        """The whole object; ``None`` where the binding keeps only filter results."""
        return self._whole(wit.Part.OBJECT)

    @property
    def filter_result(self) -> Any:
        """What the binding's filter gave; ``None`` where it has no filter, too."""
        return self._whole(wit.Part.FILTER_RESULT)

    def object_at(self, pointer: str) -> Any:
        """One part of the object by JSON Pointer, such as ``/metadata/name``; ``None`` where there is none. Nothing
        else of the object is copied.

        Raises:
            Refused: ``invalid-pointer``.
        """
        return self._at(wit.Part.OBJECT, pointer)

    def filter_result_at(self, pointer: str) -> Any:
        """The same of the filter's result."""
        return self._at(wit.Part.FILTER_RESULT, pointer)

    def _at(self, part: wit.Part, pointer: str) -> Any:
        return _read(call(self._snapshot.pointer, self.index, part, text(pointer, "a pointer")))

    def _text(self, part: wit.Part) -> str | None:
        if self._raw is None:
            return call(self._snapshot.pointer, self.index, part, "")
        return self._raw.object if part is wit.Part.OBJECT else self._raw.filter_result

    def _whole(self, part: wit.Part) -> Any:
        if part not in self._parsed:
            self._parsed[part] = _read(self._text(part))
        return self._parsed[part]

    def __repr__(self) -> str:
        return f"<Entry {self.index}>"


class Snapshot(Sequence[Entry]):
    """The objects of one binding, ordered by namespace, then name: a sequence of :class:`Entry`.

    ``snapshot[3]`` copies nothing; a loop over it reads entries in pages; :meth:`objects` and `filter_results` give
    what is in them, and :meth:`objects` no more than a type or ``fields`` name. It does not change during a run, and is
    valid only in the run.
    """

    def __init__(self, raw: wit.Snapshot) -> None:
        self._raw = raw
        self._len: int | None = None

    def __len__(self) -> int:
        if self._len is None:
            self._len = self._raw.len()
        return self._len

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [Entry(self._raw, at) for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"the snapshot has {len(self)} entries, not one at {index}")
        return Entry(self._raw, at)

    def __iter__(self) -> Iterator[Entry]:
        at = 0
        while page := self._page(at, None):
            for raw in page:
                yield Entry(self._raw, at, raw)
                at += 1

    @overload
    def objects(self, *, fields: str | Iterable[str] | None = None) -> Iterator[Any]: ...
    @overload
    def objects(self, type_: Type[T], *, fields: str | Iterable[str] | None = None) -> Iterator[T]: ...
    def objects(self, type_: Any = Any, *, fields: str | Iterable[str] | None = None) -> Iterator[Any]:
        """All objects, as they are read, as a :mod:`type <hookbox.typed>` of yours.

        Of an object nothing is copied and parsed but what the type takes of it: the fields of dataclasses and the keys
        of ``TypedDict``; all of it where the type is a ``dict`` or a function, unless `fields` say what they look at.

        Args:
            type_: What is made of each object.
            fields: JSON Pointers, in which lists are no step: ``/spec/containers/image`` keeps the image of every
                container. ``apiVersion``, ``kind``, name and namespace are always there.

        Raises:
            LookupError: where the binding keeps only filter results.
            TypeError: when an object is not of the type.
            Refused: ``invalid-pointer``.
        """
        if fields is None:
            return self._all(wit.Part.OBJECT, type_, fields_for(type_))
        named = [fields] if isinstance(fields, str) else fields
        return self._all(wit.Part.OBJECT, type_, [*IDENTITY, *(text(one, "a field") for one in named)])

    @overload
    def filter_results(self) -> Iterator[Any]: ...
    @overload
    def filter_results(self, type_: Type[T]) -> Iterator[T]: ...
    def filter_results(self, type_: Any = Any) -> Iterator[Any]:
        """What the binding's filter gave for each object, as a :mod:`type <hookbox.typed>` of yours.

        Raises:
            LookupError: where the binding has no filter.
            TypeError: when a result is not of the type.
        """
        return self._all(wit.Part.FILTER_RESULT, type_, None)

    def _all(self, part: wit.Part, type_: Any, fields: list[str] | None) -> Iterator[Any]:
        make, of_object = decoder(type_), part is wit.Part.OBJECT
        at = 0
        while page := self._page(at, fields):
            # Each call of the parser takes longer than a small document.
            for document in _parsed([raw.object if of_object else raw.filter_result for raw in page]):
                if document is _MISSING:
                    what = "object: the binding keeps only filter results" if of_object else "filter result"
                    raise LookupError(f"entry {at} has no {what}")
                try:
                    value = make(document)
                except TypeError as fault:
                    raise TypeError(f"entry {at}: {fault}") from fault.__cause__
                yield value
                at += 1

    def _page(self, at: int, fields: list[str] | None) -> list[wit.Entry]:
        if fields is None:
            return self._raw.range(at, _PAGE)
        return call(self._raw.select, at, _PAGE, fields, False)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self)}>"


class Snapshots(Mapping[str, Snapshot]):
    """All snapshots of a run, by the names of their bindings."""

    def __init__(self) -> None:
        self._opened: dict[str, Snapshot] = {}

    def __getitem__(self, binding: str) -> Snapshot:
        if binding not in self._opened:
            raw = wit.open(text(binding, "a snapshot's name"))
            if raw is None:
                there = ", ".join(repr(name) for name in self) or "none"
                raise KeyError(f"the run has no snapshot {binding!r}; it has {there}")
            self._opened[binding] = Snapshot(raw)
        return self._opened[binding]

    def __iter__(self) -> Iterator[str]:
        return iter(wit.names())

    def __len__(self) -> int:
        return len(wit.names())

    def __contains__(self, binding: object) -> bool:
        return binding in wit.names()


def _parsed(texts: list[str | None]) -> Iterator[Any]:
    """Documents, parsed some at a time; after the last one before a missing one there is :data:`_MISSING`."""
    some: list[str] = []
    length = 0
    for one in texts:
        if one is None:
            break
        some.append(one)
        length += len(one)
        if length > _TOGETHER:
            yield from json.loads(f"[{','.join(some)}]")
            some, length = [], 0
    yield from json.loads(f"[{','.join(some)}]")
    if None in texts:
        yield _MISSING


def _read(found: str | None) -> Any:
    return None if found is None else json.loads(found)
