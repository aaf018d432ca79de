"""How values of types are made of documents, worked out once for each type."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import enum
import functools
import types
from collections.abc import Callable
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Decode = Callable[[Any], Any]
T = TypeVar("T")

SCALARS = (str, int, float, bool, type(None))
"""What is neither an object nor a list."""

SETS = (set, frozenset, abc.Set, abc.MutableSet)
LISTS = (list, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable, *SETS)
"""What says that a document is a list of something."""

_DICTS = (dict, abc.Mapping, abc.MutableMapping)

UNIONS = (Union, types.UnionType)
"""What says that a document is one of several."""

_PLAIN = (*SCALARS, list, dict)
_ABSENT: Any = object()

# Words that the keys of Kubernetes' API have in capitals: `podIP`, `nonResourceURLs`, `insecureSkipTLSVerify`.
_CAPITALS = frozenset("api cidr cpu fqdn id io ip ipc pid tls uid uri url uuid wwn".split())


def _kept(work_out: Callable[[Any], T]) -> Callable[[Any], T]:
    """Work out something once for each type. `A | B` and `B | A` are equal, but not tried in the same order: not only
    types are compared."""
    known: dict[Any, T] = {}

    @functools.wraps(work_out)
    def of(type_: Any) -> T:
        key = _ordered(type_)
        try:
            found = known.get(key)
        except TypeError:
            # What is in an `Annotated` need not be hashable.
            return work_out(type_)
        if found is None:
            found = known[key] = work_out(type_)
        return found

    return of


def _ordered(type_: Any) -> Any:
    arguments = get_args(type_)
    return (get_origin(type_), tuple(map(_ordered, arguments))) if arguments else (type(type_), type_)


def decoder(type_: Any) -> Decode:
    """What makes values of a type. It raises ``TypeError`` for a document that cannot be one."""
    type_ = bare(type_)
    if is_alias(type_):
        return _alias(type_)
    if is_record(type_):
        return _record(type_)
    origin, arguments = get_origin(type_) or type_, get_args(type_)
    if origin is Any or isinstance(origin, TypeVar) or is_typeddict(origin):
        return _as_it_is
    if origin is Literal:
        return _literal(arguments)
    if origin in UNIONS:
        return _union(arguments)
    if origin in LISTS:
        return _list(origin, arguments[0] if arguments else Any)
    if origin is tuple:
        return _tuple(arguments or (Any, Ellipsis))
    if origin in _DICTS:
        return _dict(arguments[1] if len(arguments) == 2 else Any)
    if isinstance(origin, type):
        return _enum(origin) if issubclass(origin, enum.Enum) else _plain(origin)
    return _plain(type(None) if type_ is None else type_)


def bare(type_: Any) -> Any:
    """A type without what is said of it, or the one that it is another name of."""
    while True:
        if get_origin(type_) is Annotated:
            type_ = get_args(type_)[0]
        elif isinstance(type_, NewType):
            type_ = type_.__supertype__
        else:
            return type_


def is_alias(type_: Any) -> bool:
    """Whether it is made by a ``type`` statement, which may name itself."""
    return type(get_origin(type_) or type_).__name__ == "TypeAliasType"


def aliased(type_: Any) -> Any:
    """What an alias stands for."""
    of = get_origin(type_) or type_
    return _filled(of.__value__, dict(zip(of.__type_params__, get_args(type_), strict=False)))


def is_record(type_: Any) -> bool:
    """Whether it is made of the fields of an object: a dataclass or a ``NamedTuple``, which may be generic."""
    of = get_origin(type_) or type_
    return isinstance(of, type) and (dataclasses.is_dataclass(of) or is_named_tuple(of))


def is_named_tuple(type_: Any) -> bool:
    """Whether it is a ``NamedTuple``, which is written as a list."""
    of = get_origin(type_) or type_
    return isinstance(of, type) and issubclass(of, tuple) and hasattr(of, "_fields")


class Field(NamedTuple):
    """A field that comes from a document."""

    key: str
    name: str
    type_: Any
    default: bool


def fields_of(type_: Any) -> list[Field]:
    """The fields of a dataclass or a ``NamedTuple`` that come from a document."""
    of: Any = get_origin(type_) or type_
    hints = _hints(type_)
    if not dataclasses.is_dataclass(of):
        return [Field(_key(name), name, hints.get(name, Any), name in of._field_defaults) for name in of._fields]
    fields = []
    for field in of.__dataclass_fields__.values():
        hint = hints[field.name]
        if isinstance(hint, dataclasses.InitVar):
            hint = hint.type
        elif hint is dataclasses.InitVar:
            hint = Any
        elif hint is ClassVar or get_origin(hint) is ClassVar or not field.init:
            continue
        default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        fields.append(Field(key_of(field), field.name, hint, default))
    return fields


def _hints(type_: Any) -> dict[str, Any]:
    """The types of a class's fields, with a generic's arguments in the place of its parameters."""
    of = get_origin(type_) or type_
    hints = get_type_hints(of)
    if hasattr(of, "__parameters__"):
        given = _parameters(type_)
        for name, hint in hints.items():
            owner = next((one for one in of.__mro__ if name in getattr(one, "__annotations__", ())), of)
            hints[name] = _filled(hint, given.get(owner, {}))
    return hints


def _parameters(type_: Any) -> dict[Any, dict[Any, Any]]:
    """What stands for the parameters of a class, and of those that it inherits from."""
    of = get_origin(type_) or type_
    given = dict(zip(getattr(of, "__parameters__", ()), get_args(type_), strict=False))
    found = {of: given}
    for base in of.__dict__.get("__orig_bases__", of.__bases__):
        # A `NamedTuple` is no class, and what a `Generic` has are parameters, not arguments.
        if isinstance(get_origin(base) or base, type) and get_origin(base) is not Generic:
            found = _parameters(_filled(base, given)) | found
    return found


def _filled(hint: Any, given: dict[Any, Any]) -> Any:
    """A type with others in the place of its parameters."""
    if isinstance(hint, TypeVar):
        return given.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ()) if get_origin(hint) is not None else ()
    return hint[tuple(given.get(one, one) for one in parameters)] if parameters and given else hint


def key_of(field: dataclasses.Field[Any]) -> str:
    """What the key of a field is in a document."""
    given = field.metadata.get("key")
    return _key(field.name) if given is None else str(given)


def _key(name: str) -> str:
    said = name.strip("_")
    first, *rest = said.split("_")
    private = name[: len(name) - len(name.lstrip("_"))]
    return private + first + "".join(map(_word, rest))


def _word(word: str) -> str:
    if word in _CAPITALS:
        return word.upper()
    return f"{word[:-1].upper()}s" if word.endswith("s") and word[:-1] in _CAPITALS else word.capitalize()


def name_of(document: Any) -> str:
    """What a document is, in words."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(document), "a number")


def _shown(document: Any) -> str:
    return repr(document) if isinstance(document, (str, int, float)) else name_of(document)


def _as_it_is(document: Any) -> Any:
    return document


def _exact(type_: Any) -> Any:
    """The type whose values are taken as they are; else one that nothing in a document has."""
    return type_ if type_ in (str, int, float, bool) else _Nothing


class _Nothing:
    pass


@_kept
def table_of(type_: Any) -> list[tuple[str, str, bool, Any, Decode]]:
    """The fields of a record: key, name, whether there is a default, the type that is taken as it is, and what makes
    all others."""
    return [
        (field.key, field.name, field.default, _exact(field.type_), decoder(field.type_)) for field in fields_of(type_)
    ]


@_kept
def _record(type_: Any) -> Decode:
    of = get_origin(type_) or type_
    # Later, since a dataclass may have itself in it.
    table: list[tuple[str, str, bool, Any, Decode]] | None = None
    listed = is_named_tuple(type_)

    def make(document: Any) -> Any:
        nonlocal table
        if table is None:
            table = table_of(type_)
        if listed and isinstance(document, list) and len(document) <= len(table):
            document = {key: one for (key, *_), one in zip(table, document, strict=False)}
        if not isinstance(document, dict):
            raise TypeError(f"this is {name_of(document)}, not a {of.__name__}")
        given = {}
        for key, name, default, exact, decode in table:
            value = document.get(key, _ABSENT)
            if type(value) is exact:
                given[name] = value
            elif value is not _ABSENT:
                try:
                    given[name] = decode(value)
                except TypeError as fault:
                    # Kubernetes writes null for a list that is empty.
                    if value is not None or not default:
                        raise TypeError(f"{key}: {fault}") from fault.__cause__
        try:
            return of(**given)
        except ValueError as fault:
            raise _refused(of, fault) from fault

    return make


def _refused(type_: Any, fault: ValueError) -> TypeError:
    return TypeError(str(fault) or f"this is no {type_.__name__}")


@_kept
def _alias(type_: Any) -> Decode:
    # Later, since it may have itself in it.
    decode: Decode | None = None

    def make(document: Any) -> Any:
        nonlocal decode
        if decode is None:
            decode = decoder(aliased(type_))
        return decode(document)

    return make


def _plain(type_: Any) -> Decode:
    if not isinstance(type_, type):
        return type_ if callable(type_) else _as_it_is
    iso: Any = getattr(type_, "fromisoformat", None)

    def json(document: Any) -> Any:
        if type_ is float and isinstance(document, int) and not isinstance(document, bool):
            return float(document)
        if not isinstance(document, type_) or (type_ is int and isinstance(document, bool)):
            raise TypeError(f"this is {name_of(document)}, not {type_.__name__}")
        return document

    def time(document: Any) -> Any:
        if not isinstance(document, str):
            raise TypeError(f"this is {name_of(document)}, not a {type_.__name__}")
        try:
            return iso(document)
        except ValueError as fault:
            raise _refused(type_, fault) from fault

    def other(document: Any) -> Any:
        if isinstance(document, type_):
            return document
        try:
            return type_(document)
        except ValueError as fault:
            raise _refused(type_, fault) from fault

    return json if type_ in _PLAIN else time if callable(iso) else other


def _enum(type_: Any) -> Decode:
    def make(document: Any) -> Any:
        try:
            return type_(document)
        except (TypeError, ValueError):
            raise TypeError(f"this is {_shown(document)}, not a {type_.__name__}") from None

    return make


def _literal(choices: tuple[Any, ...]) -> Decode:
    values = [(one.value if isinstance(one, enum.Enum) else one, one) for one in choices]
    named = ", ".join(repr(value) for value, _ in values)

    def make(document: Any) -> Any:
        for value, choice in values:
            if type(value) is type(document) and value == document:
                return choice
        raise TypeError(f"this is {_shown(document)}, not {'one of ' if len(values) > 1 else ''}{named}")

    return make


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
    decode = decoder(item)
    to: Any = list if origin not in SETS else frozenset if origin is frozenset else set

    def make(document: Any) -> Any:
        if not isinstance(document, list):
            raise TypeError(f"this is {name_of(document)}, not list")
        if decode is _as_it_is and to is list:
            return document
        made = [decode(one) for one in document]
        return made if to is list else to(made)

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


def _dict(value: Any) -> Decode:
    decode, exact = decoder(value), _exact(value)

    def make(document: Any) -> Any:
        if not isinstance(document, dict):
            raise TypeError(f"this is {name_of(document)}, not dict")
        if decode is _as_it_is:
            return document
        return {key: one if type(one) is exact else decode(one) for key, one in document.items()}

    return make
