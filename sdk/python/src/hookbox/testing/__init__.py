"""Runs hooks in tests, without a cluster and without WebAssembly::

    import main
    from hookbox.testing import Host

    def test_everybody_is_greeted():
        host = Host(filter_results={"names": ["Ada", "Grace"]})
        effects = host.run(main.greet)
        assert effects.object("ConfigMap", "default/greetings")["data"]["text"] == "Hello, Ada!\\nHello, Grace!"

A run that fails raises :class:`Failure`, from the hook's own exception and with what is left of the run. One hook runs
at a time.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from componentize_py_types import Err

from .. import exports
from .._bindings.imports import http as wit_http
from .._bindings.imports import types
from ..hook import Hook
from ..http import Headers
from ..typed import text_of
from . import _validate
from ._document import Document
from ._effects import Effects, Failure, Metric, Patch, Record, Verdict, left_of
from ._host import _NOTHING, BindingContext, installed
from ._json import refuse

__all__ = ["Context", "Effects", "Failure", "Host", "Metric", "Patch", "Record", "Request", "Verdict"]


@dataclass
class Context:
    """One reason for a run.

    Attributes:
        binding: Name of the binding.
        kind: ``Schedule``, ``Synchronization``, ``Event`` or ``Group``; ``None`` for ``onStartup``.
        group: Name of the group, for the kind ``Group``.
        watch_event: ``Added``, ``Modified`` or ``Deleted``, for the kind ``Event``.
        object: The object, for the kind ``Event``.
        filter_result: The filter's result, for the kind ``Event``.
    """

    binding: str = "onStartup"
    kind: str | None = None
    group: str | None = None
    watch_event: str | None = None
    object: Any = None
    filter_result: Any = None


@dataclass
class Request:
    """A request over HTTP that a hook sent.

    Attributes:
        method: Such as ``GET``.
        url: Where to.
        headers: Headers in their order.
        body: The body.
        timeout: Seconds.
        limit: Bytes of the answer's body.
    """

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    timeout: float | None
    limit: int | None


class Host:
    """What a hook sees of the world in a test.

    Args:
        snapshots: Objects by binding.
        filter_results: What the filters of bindings gave, by binding. A binding that has both has as many of each.
        values: Values of the module.
        config_values: Config values of the module.
        cluster: Objects that the hook may read by ``run.cluster``.
    """

    def __init__(
        self,
        *,
        snapshots: Mapping[str, Iterable[Any]] | None = None,
        filter_results: Mapping[str, Iterable[Any]] | None = None,
        values: Any = None,
        config_values: Any = None,
        cluster: Iterable[Any] = (),
    ) -> None:
        self._snapshots: dict[str, list[tuple[Any, ...]]] = {}
        objects = {name: list(map(_plain, given)) for name, given in (snapshots or {}).items()}
        results = {name: list(map(_plain, given)) for name, given in (filter_results or {}).items()}
        for name in dict.fromkeys([*objects, *results]):
            left, right = objects.get(name), results.get(name)
            if left is not None and right is not None and len(left) != len(right):
                raise ValueError(f"{name!r} has {len(left)} objects and {len(right)} filter results")
            size = len(left if left is not None else right or [])
            self._snapshots[name] = list(zip(left or [_NOTHING] * size, right or [_NOTHING] * size, strict=True))
        self._values = Document(_plain(values if values is not None else {}))
        self._config_values = Document(_plain(config_values if config_values is not None else {}))
        self._cluster = [_plain(one) for one in cluster]
        self._answers: dict[tuple[str, str], Callable[[Request], wit_http.Response]] = {}
        self._effects = Effects()
        self._before: tuple[Any, Any] = (None, None)
        self.requests: list[Request] = []
        """Requests over HTTP that hooks sent, in their order."""

    @property
    def values(self) -> Any:
        """The values as they are now."""
        return self._values.tree

    @property
    def config_values(self) -> Any:
        """The config values as they are now."""
        return self._config_values.tree

    def respond(
        self,
        method: str,
        url: str,
        *,
        status: int = 200,
        headers: Headers = (),
        body: bytes | str = b"",
        json: Any = None,
    ) -> None:
        """What the server answers to a request. To all others it is refused as ``not-granted``."""
        content = text_of(json) if json is not None else body
        raw = content.encode() if isinstance(content, str) else content
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        self._answers[method, url] = lambda _: wit_http.Response(status, pairs, raw)

    def refuse(self, method: str, url: str, code: str, message: str = "refused") -> None:
        """The host refuses a request with this code, such as ``timed-out``."""

        def refused(_: Request) -> wit_http.Response:
            raise refuse(code, message)

        self._answers[method, url] = refused

    def _send(self, request: wit_http.Request) -> wit_http.Response:
        _validate.request(request)
        timeout = None if request.timeout is None else request.timeout / 1000
        sent = Request(request.method, request.url, list(request.headers), request.body, timeout, request.limit)
        self.requests.append(sent)
        answer = self._answers.get((sent.method, sent.url))
        if answer is None:
            raise refuse("not-granted", f"this test says nothing of {sent.method} {sent.url}")
        return answer(sent)

    def run(self, hook: Hook | str, *contexts: Context) -> Effects:
        """Run a hook for these reasons, or for ``onStartup``.

        Raises:
            Failure: when the hook fails. Its effects are what is left of the run.
        """
        reasons = [BindingContext(self, one) for one in contexts or (Context(),)]

        def run() -> None:
            exports.Hooks().run(_name(hook), list(reasons))

        self._called(run)
        return self._with_values(self._effects)

    def validate(self, hook: Hook | str, binding: str, request: Any) -> Verdict:
        """Ask a hook about a request: the ``request`` of an AdmissionReview."""
        return self._review(exports.Admission().validate, hook, binding, request, False)

    def mutate(self, hook: Hook | str, binding: str, request: Any) -> Verdict:
        """Ask a hook about a request, and for a change of its object."""
        return self._review(exports.Admission().mutate, hook, binding, request, True)

    def _review(
        self, ask: Callable[[str, str, str], Any], hook: Hook | str, binding: str, request: Any, mutates: bool
    ) -> Verdict:
        answer = self._called(lambda: ask(_name(hook), binding, text_of(request)))
        self._taken(lambda: _validate.answer(answer, mutates))
        patch = None if answer.patch is None else json.loads(answer.patch)
        return Verdict(answer.allowed, answer.message, answer.warnings, dict(answer.audit_annotations), patch)

    def convert(
        self, hook: Hook | str, binding: str, from_version: str, to_version: str, objects: Iterable[Any]
    ) -> list[Any]:
        """Have a hook convert objects."""
        texts = [text_of(one) for one in objects]
        converted = self._called(
            lambda: exports.Conversion().convert(_name(hook), binding, from_version, to_version, texts)
        )
        self._taken(lambda: _validate.converted(converted, len(texts)))
        return [json.loads(text) for text in converted]

    def filter(self, hook: Hook | str, binding: str, object: Any) -> Any:
        """What the filter of a binding makes of an object."""

        def filter() -> Any:
            result = exports.Filters().filter(_name(hook), binding, [text_of(object)])[0]
            if isinstance(result, Err):
                raise result
            return result.value

        return json.loads(self._called(filter))

    def _taken(self, check: Callable[[], None]) -> None:
        """What the host does not take of an answer is the run's failure."""
        try:
            check()
        except Err as error:
            raise Failure(_validate.message(error), True, None, self._given_up()) from None

    def _called(self, function: Callable[[], Any]) -> Any:
        self._effects = Effects()
        self._before = copy.deepcopy((self._values.tree, self._config_values.tree))
        with installed(self):
            try:
                return function()
            except Err as error:
                retry = error.value.retry
                after = retry.value / 1000 if isinstance(retry, types.Retry_After) else None
                raise Failure(
                    error.value.message, not isinstance(retry, types.Retry_Never), after, self._given_up()
                ) from error.__context__

    def _given_up(self) -> Effects:
        """What is left of a run that failed; the values are as they were."""
        self._values.tree, self._config_values.tree = self._before
        return self._with_values(left_of(self._effects))

    def _with_values(self, effects: Effects) -> Effects:
        effects.values = copy.deepcopy(self._values.tree)
        effects.config_values = copy.deepcopy(self._config_values.tree)
        return effects


def _name(hook: Hook | str) -> str:
    return hook if isinstance(hook, str) else hook.name


def _plain(value: Any) -> Any:
    return json.loads(text_of(value))
