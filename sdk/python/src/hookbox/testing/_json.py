"""JSON as the real host reads it: no key twice, no half of a character, not nested too deeply, of finite numbers."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from componentize_py_types import Err

from .._bindings.imports import types

DEPTH = 100
"""Deepest nesting."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def refuse(code: str, message: str) -> Err[types.Refusal]:
    """A refusal, to be raised."""
    return Err(types.Refusal(code, message))


def read(text: str) -> Any:
    """A document that a hook gave."""
    level = 0
    for c in _STRING.sub("", text):
        level += (c in "[{") - (c in "]}")
        if level > DEPTH:
            raise too_deep()
    try:
        tree = json.loads(
            text, object_pairs_hook=_fields, parse_float=_number, parse_int=_integer, parse_constant=_constant
        )
        # Half of a character cannot be encoded.
        json.dumps(tree, ensure_ascii=False).encode()
        return tree
    except ValueError as error:
        raise refuse("invalid-json", str(error)) from None


def too_deep() -> Err[types.Refusal]:
    """Refuses what is nested too deeply."""
    return refuse("too-deep", f"nested more than {DEPTH} levels deep")


def depth(tree: Any) -> int:
    """How deeply lists and objects are nested; 0 for anything else."""
    below = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else None
    return 0 if below is None else 1 + max(map(depth, below), default=0)


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key is there twice")
    return fields


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text} is out of range")
    return number


def _integer(text: str) -> int | float:
    # Longer ones are decimal numbers to the host.
    return int(text) if len(text) < 100 else _number(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")
