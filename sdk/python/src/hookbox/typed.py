"""JSON documents as types of yours, and back.

A *type* is whatever says how to make a value of a JSON document:

- a dataclass, or a ``NamedTuple``: each field is taken from the key of its name in camel case (``node_name`` from
  ``nodeName``, ``pod_ip`` from ``podIP``), or from ``field(metadata={"key": "..."})``; keys that it does not know are
  left out, what is missing has its default, and so has what is null where the field's type is never ``None``; a
  ``NamedTuple`` may also be a list of its fields, as which it is written;
- a ``TypedDict``: the document as it is; of objects of a snapshot nothing is there but its keys, and what names them;
- a ``dict``, ``list``, ``tuple``, ``str``, ``int`` … or a generic of them: the document as it is, dataclasses in it
  made;
- an ``Enum`` or a ``Literal``: one of its values; a ``datetime``: what an ISO 8601 text says;
- any other callable, such as ``Pod.from_dict``: it is called with the document.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast, is_typeddict

from ._decoding import decoder, is_record, key_of, table_of
from ._fields import fields_for
from ._given import text

T = TypeVar("T")

Type = type[T] | Callable[[Any], T]
"""How to make a value of a JSON document."""


def from_json(type_: Type[T], document: Any) -> T:
    """Make a value of a JSON document.

    Raises:
        TypeError: when the document cannot be one of the type.
    """
    return cast(T, decoder(type_)(document))


def prepare(type_: object) -> None:
    """Work out how values of a dataclass or a ``TypedDict`` are made, and of which fields, so that a run need not. It
    does nothing for anything else."""
    if is_record(type_) or is_typeddict(type_):
        fields_for(type_)
    if is_record(type_):
        try:
            table_of(type_)
        except Exception:
            # A type that cannot be found is a fault only of who makes values of it.
            pass


def to_json(value: Any) -> Any:
    """What ``json.dumps`` cannot write by itself, as a document: dataclasses, with fields in camel case and without
    those that are ``None``, the value of an ``Enum``, times in UTC, and whatever has ``to_dict`` or ``model_dump``."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((key_of(field), getattr(value, field.name)) for field in dataclasses.fields(value))
        return {key: part for key, part in pairs if part is not None}
    for name in ("to_dict", "model_dump"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if callable(getattr(value, "isoformat", None)):
        return _time(value)
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def _time(value: Any) -> str:
    # It is part of the component only if it is the hook's.
    from datetime import UTC, datetime

    if not isinstance(value, datetime):
        return str(value.isoformat())
    if value.tzinfo is not None:
        value = value.astimezone(UTC)
    return f"{value.replace(tzinfo=None).isoformat()}Z"


_ENCODER = json.JSONEncoder(default=to_json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def text_of(value: Any) -> str:
    """A document as the contract has it."""
    return text(_ENCODER.encode(value), "a document")


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
