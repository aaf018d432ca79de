"""What a component of hooks exports. `hookbox build` puts it together; nothing here is for hooks to call."""

from __future__ import annotations

import codecs
import importlib
import json
import linecache
import os.path
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from componentize_py_types import Err, Ok, Result

from ._bindings.exports import admission, hooks
from ._bindings.imports import contexts, types
from ._given import whole
from .errors import Denied, Failure, NoRetry, advice
from .hook import ConvertFunction, Hook, registered
from .log import standard_logging
from .reviews import ConversionRequest, Review
from .runs import Run
from .typed import prepare, text_of, to_document

T = TypeVar("T")

_OWN = os.path.dirname(__file__)
# What stands between the component's beginning and the author's first line.
_NOT_THE_AUTHORS = (_OWN, "<frozen importlib", importlib.__file__)
# Objects after which the collector of garbage looks for some.
_GARBAGE = 20_000
# Text in these is read and written without an import; others cost more than a few lines each.
_ENCODINGS = ("ascii", "latin-1", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
_UNKNOWN = "LookupError: unknown encoding: "
# Folders of the author, as the component knows them, with what they are called in the project.
_folders: dict[str, str] = {}


def load(module: str, folders: Mapping[str, str]) -> None:
    """Called when the component is made: imports the module that registers the hooks, keeps the sources' lines for
    tracebacks, since there are no files later, works out how values of its types are made, and lets the collector of
    garbage leave alone what was made so far.

    Args:
        module: Name of the module.
        folders: Folders of the author, as the component knows them, with what they are called in the project.
    """
    import gc

    _folders.update(folders)
    try:
        importlib.import_module(module)
        if not registered:
            raise ImportError(f"the module {module!r} has no hook: decorate a function with @hookbox.hook(...)")
    except BaseException as error:
        # What stands between these marks is shown to the author.
        sys.stderr.write(f"\x02{told(error)}\x03")
        raise
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    parses = "datetime" in sys.modules
    for loaded in list(sys.modules.values()):
        file = getattr(loaded, "__file__", None)
        if file and file.startswith(tuple(folders)) and not file.startswith(_OWN) and file.endswith(".py"):
            lines = linecache.updatecache(file)
            parses = parses or any("strptime" in line for line in lines)
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)
            for value in list(vars(loaded).values()):
                prepare(value)
    if parses:
        # `strptime` imports it when it is first called.
        importlib.import_module("_strptime")
    name_files_in_warnings()
    name_files_in_stacks()
    gc.collect()
    gc.freeze()
    # Most runs end before there is this much to look at.
    gc.set_threshold(_GARBAGE)


def _named_as_in_the_project(text: str) -> str:
    """The lines of a traceback, with files as they are called in the project."""
    return re.sub(r'File "(/\d+/)', lambda match: f'File "{_folders.get(match[1], "")}', text)


def name_files_in_stacks() -> None:
    """What `traceback` writes, for hooks and for `logging` too, names files as they are called in the project."""
    format = traceback.StackSummary.format_frame_summary

    def named(self: traceback.StackSummary, frame: traceback.FrameSummary, **options: Any) -> str:
        return _named_as_in_the_project(format(self, frame, **options))

    traceback.StackSummary.format_frame_summary = named  # type: ignore[assignment, method-assign]


def name_files_in_warnings() -> None:
    """Warnings name files as they are called in the project."""
    format = warnings.formatwarning

    def named(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        if line is None:
            line = linecache.getline(filename, lineno)
        for folder, name in _folders.items():
            if filename.startswith(folder):
                filename = name + filename.removeprefix(folder)
                break
        return format(message, category, filename, lineno, line)

    warnings.formatwarning = named


def told(error: BaseException) -> str:
    """A traceback, from the hook's own function on, with files as they are called in the project."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_NOT_THE_AUTHORS):
        trace = trace.tb_next
    lines = traceback.TracebackException(type(error), error, trace).format()
    return _named_as_in_the_project("".join(lines))


def failed(error: BaseException) -> types.Error:
    """What the contract says of an exception. Its traceback goes to standard error, unless it is meant."""
    if isinstance(error, SystemExit):
        return types.Error(whole(f"the hook ended by exit({error.code})"), advice(error))
    if not isinstance(error, Failure) or error.__cause__ is not None:
        sys.stderr.write(told(error))
    message = str(error)
    if not isinstance(error, Failure):
        name = type(error).__name__
        message = f"{name}: {message}" if message else name
        if sys.platform == "wasi":
            if isinstance(error, ModuleNotFoundError):
                message += "; import it at the top of a module: there are no files when a hook runs"
            elif message.startswith(_UNKNOWN):
                look_up = f"codecs.lookup({message.removeprefix(_UNKNOWN)!r})"
                message += f"; write `{look_up}` at the top of a module: there are no files when a hook runs"
    return types.Error(whole(message) or type(error).__name__, advice(error))


@contextmanager
def _guarded() -> Iterator[None]:
    # The state of `random` is part of the component: without this each run had the same numbers.
    random = sys.modules.get("random")
    if random is not None and sys.platform == "wasi":
        random.seed()
    try:
        with standard_logging():
            yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except SystemExit as error:
        if error.code:
            raise Err(failed(error)) from None
    except BaseException as error:
        raise Err(failed(error)) from None
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _named(name: str) -> Hook:
    if name not in registered:
        raise NoRetry(f"the component has no hook {name!r}")
    return registered[name]


class Hooks:
    """The export ``hooks``."""

    def describe(self) -> list[hooks.Hook]:
        """The component's hooks."""
        return [hooks.Hook(hook.name, hook.document()) for hook in registered.values()]

    def run(self, hook: str, contexts: list[contexts.BindingContext]) -> None:
        """Run a hook."""
        with _guarded():
            of = _named(hook)
            if not of.runs:
                raise NoRetry(f"the hook {hook!r} has no function to run")
            of(Run(hook, contexts))


class Filters:
    """The export ``filters``."""

    def filter(self, hook: str, binding: str, objects: list[str]) -> list[Result[str, types.Error]]:
        """The filter's results for objects."""
        results: list[Result[str, types.Error]] = []
        for text in objects:

            def one(text: str = text) -> str:
                of = _named(hook).filter_of(binding)
                if of is None:
                    raise NoRetry(f"the binding {binding!r} has no filter")
                return text_of(of(json.loads(text)))

            try:
                results.append(Ok(_guard(one)))
            except Err as error:
                results.append(error)
        return results


class Admission:
    """The export ``admission``."""

    def validate(self, hook: str, binding: str, request: str) -> admission.Response:
        """Answer a validating review."""
        return _answer("kubernetesValidating", hook, binding, request)

    def mutate(self, hook: str, binding: str, request: str) -> admission.Response:
        """Answer a mutating review."""
        return _answer("kubernetesMutating", hook, binding, request)


def _answer(kind: str, hook: str, binding: str, request: str) -> admission.Response:
    def answer() -> admission.Response:
        decide = _named(hook).answer_of(kind, binding)
        if decide is None:
            raise NoRetry(f"the hook {hook!r} does not answer reviews of {binding!r}")
        review = Review(hook, binding, request)
        try:
            given = decide(review)
        except Denied as denied:
            return admission.Response(False, whole(str(denied)), [], [], None)
        return review.answer(given, kind == "kubernetesMutating")

    return _guard(answer)


def _guard(function: Callable[[], T]) -> T:
    with _guarded():
        return function()
    raise Err(types.Error("the hook ended by exit() without an answer", types.Retry_BackOff()))


class Conversion:
    """The export ``conversion``."""

    def convert(self, hook: str, binding: str, from_version: str, to_version: str, objects: list[str]) -> list[str]:
        """Convert objects from one version to another."""

        def convert() -> list[str]:
            of = _named(hook).convert_of(binding, from_version, to_version)
            if of is None:
                raise NoRetry(f"the hook {hook!r} does not convert {binding!r} from {from_version} to {to_version}")
            request = ConversionRequest(hook, binding, from_version, to_version)
            return [text_of(_converted(of, json.loads(text), request)) for text in objects]

        return _guard(convert)


def _converted(convert: ConvertFunction, before: dict[str, Any], request: ConversionRequest) -> Any:
    """One object in the other version. What the hook says nothing of stays: a conversion never changes it."""
    name = str((before.get("metadata") or {}).get("name", ""))
    kept = {key: before[key] for key in ("apiVersion", "kind", "metadata") if key in before}
    try:
        after = to_document(convert(before, request))
    except Failure as error:
        # Which of many objects it was.
        error.args = (f"{name}: {error}",)
        raise
    except Exception as error:
        error.add_note(f"while the object {name!r} was converted")
        raise
    if not isinstance(after, dict):
        raise TypeError(f"a conversion returns an object, not {after!r}")
    whole = kept | after
    if whole.get("apiVersion") == kept.get("apiVersion"):
        group = str(kept.get("apiVersion", "")).rpartition("/")[0]
        short = "/" not in request.to_version and group
        whole["apiVersion"] = f"{group}/{request.to_version}" if short else request.to_version
    return whole
