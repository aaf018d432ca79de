"""JSON documents as types of yours, and back.

A *type* is whatever says how to make a value of a JSON document:

- a dataclass: each field is taken from the key of its name in camel case (``node_name`` from ``nodeName``), or from
  ``field(metadata={"key": "..."})``; keys that it does not know are left out, what is missing has its default;
- a ``TypedDict``, ``dict``, ``list``, ``str``, ``int`` … or a generic of them: the document as it is, dataclasses in it
  made;
- any other callable, such as ``Pod.from_dict``: it is called with the document.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")

Type = type[T] | Callable[[Any], T]
"""How to make a value of a JSON document."""


def from_json(type_: Type[T], document: Any) -> T:
    """Make a value of a JSON document.

    Raises:
        TypeError: when the document cannot be one of the type.
    """
    return cast(T, _make(type_, document))


def to_json(value: Any) -> Any:
    """What ``json.dumps`` cannot write by itself, as a document: dataclasses, with fields in camel case and without
    those that are ``None``, and whatever has ``to_dict`` or ``model_dump``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((_key(field), getattr(value, field.name)) for field in dataclasses.fields(value))
        return {key: part for key, part in pairs if part is not None}
    for name in ("to_dict", "model_dump"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def text_of(value: Any) -> str:
    """A document as the contract has it."""
    return json.dumps(value, default=to_json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_document(value: Any) -> Any:
    """A value as a document of dicts, lists, texts, numbers."""
    return json.loads(text_of(value))


def shown(value: object) -> str:
    """A value in a log or on a label: text as it is, documents as JSON, all else as ``str`` has it."""
    if value is None or isinstance(value, (bool, int, float, list, tuple, dict)):
        try:
            return text_of(value)
        except (TypeError, ValueError):
            pass
    return str(value)


def _make(type_: Any, document: Any) -> Any:
    if type_ is Any or is_typeddict(type_):
        return document
    if type_ is None:
        type_ = type(None)
    if dataclasses.is_dataclass(type_) and isinstance(type_, type):
        return _dataclass(type_, document)
    origin = get_origin(type_)
    if origin is None:
        return _plain(type_, document)
    arguments = get_args(type_)
    if origin in (Union, types.UnionType):
        return _union(arguments, document)
    if origin is list and isinstance(document, list) and arguments:
        return [_make(arguments[0], item) for item in document]
    if origin is dict and isinstance(document, dict) and len(arguments) == 2:
        return {key: _make(arguments[1], item) for key, item in document.items()}
    if isinstance(origin, type):
        return _plain(origin, document)
    return document


def _plain(type_: Any, document: Any) -> Any:
    if not isinstance(type_, type):
        return type_(document) if callable(type_) else document
    if type_ is float and isinstance(document, int) and not isinstance(document, bool):
        return float(document)
    if type_ in (str, int, float, bool, list, dict, type(None)):
        if not isinstance(document, type_) or (type_ is int and isinstance(document, bool)):
            raise TypeError(f"this is {_name_of(document)}, not {type_.__name__}")
        return document
    return document if isinstance(document, type_) else type_(document)


def _union(choices: tuple[Any, ...], document: Any) -> Any:
    if document is None and type(None) in choices:
        return None
    faults = []
    for choice in choices:
        if choice is type(None):
            continue
        try:
            return _make(choice, document)
        except TypeError as fault:
            faults.append(str(fault))
    raise TypeError("; ".join(faults) or f"this is {_name_of(document)}")


def _name_of(document: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")


@functools.cache
def _hints(type_: type) -> dict[str, Any]:
    return get_type_hints(type_)


def _key(field: dataclasses.Field[Any]) -> str:
    given = field.metadata.get("key")
    if given is not None:
        return str(given)
    first, *rest = field.name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def _dataclass(type_: Any, document: Any) -> Any:
    if not isinstance(document, dict):
        raise TypeError(f"this is {_name_of(document)}, not a {type_.__name__}")
    hints = _hints(type_)
    given = {}
    for field in dataclasses.fields(type_):
        if not field.init:
            continue
        key = _key(field)
        if key not in document:
            continue
        try:
            given[field.name] = _make(hints[field.name], document[key])
        except TypeError as fault:
            raise TypeError(f"{key}: {fault}") from None
    return type_(**given)
