"""Which fields of objects a type looks at: the host leaves out all others, and they are neither copied nor parsed."""

from __future__ import annotations

import functools
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

from ._decoding import LISTS, SCALARS, UNIONS, aliased, bare, fields_of, is_alias, is_named_tuple, is_record
from .diff import escaped

IDENTITY = ("/apiVersion", "/kind", "/metadata/name", "/metadata/namespace")
"""By what an object is named: enough to change it."""

# The most fields that the host takes, and how long and deep their pointers may be.
_MOST = 256
_LENGTH = 8 << 10
_STEPS = 128


def fields_for(type_: Any) -> list[str] | None:
    """The fields that make the same value of an object as all of it; ``None`` when it must be whole."""
    return _kept(type_) if isinstance(type_, type) else _find(type_)


@functools.cache
def _kept(type_: Any) -> list[str] | None:
    return _find(type_)


def _find(type_: Any) -> list[str] | None:
    found: dict[str, None] = {}
    try:
        _walk(type_, "", True, (), found)
    except Exception:
        # Too many, or types that cannot be found: who makes values of them says so.
        return None
    return None if "" in found else list(found)


def _walk(type_: Any, path: str, made: bool, above: tuple[Any, ...], found: dict[str, None]) -> None:
    """Note the fields of a type that lies at a path.

    Args:
        type_: The type.
        path: Where it is.
        made: Whether values are made of what is there; in a ``TypedDict`` it stays as it is.
        above: The types in which it lies.
        found: Where fields are noted.
    """
    below: list[tuple[str, Any]] = []
    type_ = bare(type_)
    if type_ in above:
        # One that has itself in it has no end.
        pass
    elif is_typeddict(type_):
        if not path:
            found.update(dict.fromkeys(IDENTITY))
        made = False
        below = list(get_type_hints(type_).items())
    elif path and is_named_tuple(type_):
        # It may be a list of its fields, in which each would be cut to all of them.
        pass
    elif made and is_record(type_):
        below = [(field.key, field.type_) for field in fields_of(type_)]
        if not path and not below:
            return
    elif is_alias(type_):
        return _walk(aliased(type_), path, made, (*above, type_), found)
    else:
        # What is an object must not be a scalar, whatever is in it; a list's items lie where the list does.
        parts = [part for part in _parts(type_) if part not in SCALARS and get_origin(part) is not Literal]
        for part in parts:
            _walk(part, path, made, above, found)
        if parts:
            return
    for key, hint in below:
        _walk(hint, f"{path}/{escaped(key)}", made, (*above, type_), found)
    if not below:
        if len(found) >= _MOST or len(path.encode()) > _LENGTH or path.count("/") > _STEPS:
            raise OverflowError(f"there are more than {_MOST} fields")
        found[path] = None


def _parts(type_: Any) -> tuple[Any, ...]:
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in UNIONS:
        return arguments
    if origin in LISTS:
        return arguments[:1]
    if origin is tuple:
        return tuple(item for item in arguments if item is not Ellipsis)
    return ()
