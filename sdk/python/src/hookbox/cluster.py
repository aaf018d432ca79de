"""Reads of the cluster beyond snapshots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar, overload

from ._bindings.imports import cluster as wit
from ._decoding import decoder
from ._given import count, maybe, text
from .errors import call
from .patch import Target, raw_of
from .typed import Type, from_json

T = TypeVar("T")


class Cluster:
    """Reads objects during a run, as far as it was granted. What is watched costs nothing to read; here each read is a
    request.

    Refusals raise :class:`hookbox.Refused` with a code: ``not-granted``, ``forbidden``, ``unknown-kind``,
    ``invalid-argument``, ``expired``, ``too-large``, ``unavailable``, ``no-cluster``.
    """

    @overload
    def get(self, target: Target) -> Any: ...
    @overload
    def get(self, target: Target, type_: Type[T]) -> T | None: ...
    def get(self, target: Target, type_: Any = Any) -> Any:
        """One object, as a :mod:`type <hookbox.typed>` of yours; ``None`` where there is none. Its
        ``api_version`` must be said."""
        ref = raw_of(target)
        found = call(wit.get, ref.api_version or "", ref.kind, ref.namespace, ref.name)
        return None if found is None else from_json(type_, json.loads(found))

    @overload
    def list(
        self,
        api_version: str,
        kind: str,
        *,
        namespace: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        fields: str | Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Any]: ...
    @overload
    def list(
        self,
        api_version: str,
        kind: str,
        type_: Type[T],
        *,
        namespace: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        fields: str | Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[T]: ...
    def list(
        self,
        api_version: str,
        kind: str,
        type_: Any = Any,
        *,
        namespace: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        fields: str | Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """The objects of a kind, page by page, as they are asked for.

        Args:
            api_version: Group and version, such as ``apps/v1``.
            kind: Kind.
            type_: A :mod:`type <hookbox.typed>` of yours.
            namespace: Namespace; ``None`` for all of them, and for cluster-scoped objects.
            labels: As kubectl's ``--selector`` has it, or a dict of labels.
            fields: As kubectl's ``--field-selector`` has it, or a dict of fields.
            limit: Objects of one page, 500 at most.
        """
        text(api_version, "an `api_version`")
        text(kind, "a kind")
        maybe(namespace, "a namespace")
        selectors = maybe(_selector(labels), "a selector"), maybe(_selector(fields), "a selector")
        return _list(api_version, kind, type_, wit.Selection(namespace, *selectors, count(limit, "a limit"), None))


def _list(api_version: str, kind: str, type_: Any, selection: wit.Selection) -> Iterator[Any]:
    make = decoder(type_)
    while True:
        page = call(wit.list, api_version, kind, selection)
        for one in page.objects:
            yield make(json.loads(one))
        selection = replace(selection, after=page.next)
        if page.next is None:
            return


def _selector(given: str | Mapping[str, str] | None) -> str | None:
    if given is None or isinstance(given, str):
        return given
    return ",".join(f"{key}={value}" for key, value in given.items())
