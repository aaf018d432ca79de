"""All that is public has a text: what `python -m pydoc hookbox` shows."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import pydoc

import pytest

import hookbox

# Names that begin with `_` are nobody's but the SDK's.
MODULES = ["hookbox"] + [
    name
    for _, name, _ in pkgutil.walk_packages(hookbox.__path__, "hookbox.")
    if not any(part.startswith("_") for part in name.split(".")) and name != "hookbox.exports"
]


def undocumented(name: str) -> list[str]:
    module = importlib.import_module(name)
    found = [] if inspect.getdoc(module) else [name]
    public = getattr(module, "__all__", None)
    for member, value in inspect.getmembers(module):
        here = getattr(value, "__module__", None) == name if public is None else member in public
        if member.startswith("_") or not here or not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        found += [] if inspect.getdoc(value) else [f"{name}.{member}"]
        for attribute, part in vars(value).items() if inspect.isclass(value) else ():
            documented = isinstance(part, property | staticmethod | classmethod) or inspect.isroutine(part)
            if documented and not attribute.startswith("_") and not inspect.getdoc(getattr(value, attribute)):
                found.append(f"{name}.{member}.{attribute}")
    return found


@pytest.mark.parametrize("name", MODULES)
def test_all_that_is_public_is_documented(name: str) -> None:
    assert undocumented(name) == []


def test_pydoc_shows_it() -> None:
    text = pydoc.plain(pydoc.render_doc(hookbox))
    for word in ("A hook is a function and what it is run for", "class Run(", "class Kubernetes(", "config_map("):
        assert word in text
