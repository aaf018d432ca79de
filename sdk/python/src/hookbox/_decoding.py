"""How values of types are made of documents, worked out once for each type."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

Decode = Callable[[Any], Any]

SCALARS = (str, int, float, bool, type(None))
"""What is neither an object nor a list."""

LISTS = (list, Sequence)
"""What says that a document is a list of something."""

UNIONS = (Union, types.UnionType)
"""What says that a document is one of several."""

_PLAIN = (*SCALARS, list, dict)
_ABSENT: Any = object()


def decoder(type_: Any) -> Decode:
    """What makes values of a type. It raises ``TypeError`` for a document that cannot be one.

    Only what is made for classes is kept: `A | B` and `B | A` are the same key, and are not tried in the same order.
    """
    if type_ is Any or is_typeddict(type_) or is_typeddict(get_origin(type_)):
        return _as_it_is
    if is_record(type_):
        return _record(type_)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is None:
        return _plain(type(None) if type_ is None else type_)
    if origin in UNIONS:
        return _union(arguments)
    if origin in LISTS and arguments:
        return _list(origin, arguments[0])
    if origin is tuple and arguments:
        return _tuple(arguments)
    if origin in (dict, Mapping) and len(arguments) == 2:
        return _dict(origin, arguments[1])
    return _plain(origin) if isinstance(origin, type) else _as_it_is


def is_record(type_: Any) -> bool:
    """Whether it is a dataclass."""
    return isinstance(type_, type) and dataclasses.is_dataclass(type_)


def fields_of(type_: Any) -> list[tuple[str, str, Any]]:
    """The fields of a dataclass that come from a document: key, name and type."""
    hints = get_type_hints(type_)
    return [(key_of(field), field.name, hints[field.name]) for field in dataclasses.fields(type_) if field.init]


def key_of(field: dataclasses.Field[Any]) -> str:
    """What the key of a field is in a document."""
    given = field.metadata.get("key")
    if given is not None:
        return str(given)
    first, *rest = field.name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def name_of(document: Any) -> str:
    """What a document is, in words."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")


def _as_it_is(document: Any) -> Any:
    return document


def _exact(type_: Any) -> Any:
    """The type whose values are taken as they are; else one that nothing in a document has."""
    return type_ if type_ in (str, int, float, bool) else _Nothing


class _Nothing:
    pass


@functools.cache
def table_of(type_: Any) -> list[tuple[str, str, Any, Decode]]:
    """The fields of a dataclass: key, name, the type that is taken as it is, and what makes all others."""
    return [(key, name, _exact(hint), decoder(hint)) for key, name, hint in fields_of(type_)]


@functools.cache
def _record(type_: Any) -> Decode:
    # Later, since a dataclass may have itself in it.
    table: list[tuple[str, str, Any, Decode]] | None = None

    def make(document: Any) -> Any:
        nonlocal table
        if not isinstance(document, dict):
            raise TypeError(f"this is {name_of(document)}, not a {type_.__name__}")
        if table is None:
            table = table_of(type_)
        given = {}
        for key, name, exact, decode in table:
            value = document.get(key, _ABSENT)
            if type(value) is exact:
                given[name] = value
            elif value is not _ABSENT:
                try:
                    given[name] = decode(value)
                except TypeError as fault:
                    raise TypeError(f"{key}: {fault}") from None
        return type_(**given)

    return make


def _plain(type_: Any) -> Decode:
    if not isinstance(type_, type):
        return type_ if callable(type_) else _as_it_is

    def json(document: Any) -> Any:
        if type_ is float and isinstance(document, int) and not isinstance(document, bool):
            return float(document)
        if not isinstance(document, type_) or (type_ is int and isinstance(document, bool)):
            raise TypeError(f"this is {name_of(document)}, not {type_.__name__}")
        return document

    def other(document: Any) -> Any:
        return document if isinstance(document, type_) else type_(document)

    return json if type_ in _PLAIN else other


def _union(choices: tuple[Any, ...]) -> Decode:
    nothing = type(None) in choices
    decoders = [decoder(choice) for choice in choices if choice is not type(None)]

    def make(document: Any) -> Any:
        if document is None and nothing:
            return None
        faults = []
        for decode in decoders:
            try:
                return decode(document)
            except TypeError as fault:
                faults.append(str(fault))
        raise TypeError("; ".join(faults) or f"this is {name_of(document)}")

    return make


def _list(origin: Any, item: Any) -> Decode:
    decode, other = decoder(item), _plain(origin)

    def make(document: Any) -> Any:
        return [decode(one) for one in document] if isinstance(document, list) else other(document)

    return make


def _tuple(items: tuple[Any, ...]) -> Decode:
    each = decoder(items[0]) if len(items) == 2 and items[1] is Ellipsis else None
    decoders = [] if each else [decoder(item) for item in items]

    def make(document: Any) -> Any:
        if not isinstance(document, (list, tuple)):
            raise TypeError(f"this is {name_of(document)}, not a list")
        if each:
            return tuple(map(each, document))
        if len(document) != len(decoders):
            raise TypeError(f"this is a list of {len(document)}, not of {len(decoders)}")
        return tuple(decode(one) for decode, one in zip(decoders, document, strict=True))

    return make


def _dict(origin: Any, value: Any) -> Decode:
    decode, exact, other = decoder(value), _exact(value), _plain(origin)

    def make(document: Any) -> Any:
        if not isinstance(document, dict):
            return other(document)
        return {key: one if type(one) is exact else decode(one) for key, one in document.items()}

    return make
