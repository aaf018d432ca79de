"""Changes of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ._bindings.imports import object_patches as wit
from ._given import maybe, text
from .errors import call
from .typed import text_of, to_document


@dataclass(frozen=True)
class Ref:
    """Which object is meant.

    Attributes:
        kind: Kind, such as ``ConfigMap``.
        name: Name.
        namespace: Namespace; ``None`` for cluster-scoped objects.
        api_version: Group and version, such as ``apps/v1``; ``None`` lets the host find the kind's preferred version.
    """

    kind: str
    name: str
    namespace: str | None = None
    api_version: str | None = None


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


class _ToDict(Protocol):
    def to_dict(self) -> Any: ...


class _ModelDump(Protocol):
    def model_dump(self) -> Any: ...


Target = Ref | Mapping[str, Any] | _Dataclass | _ToDict | _ModelDump
"""Which object a change is for: a :class:`Ref`, or the object itself, of which kind, name and namespace are taken. It
is anything that a manifest may be."""


def ref_of(target: Target) -> Ref:
    """The reference of an object.

    Raises:
        TypeError: when it is no object.
        ValueError: when the object has no kind or no name.
    """
    if isinstance(target, Ref):
        return target
    document = target if isinstance(target, Mapping) else to_document(target)
    if not isinstance(document, Mapping):
        raise TypeError(f"a hookbox.Ref or an object is expected, not {target!r}")
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        metadata = to_document(metadata)
    kind, name = document.get("kind"), metadata.get("name")
    if not kind or not name:
        raise ValueError("an object is known by its `kind` and its `metadata.name`; this one lacks one of them")
    return Ref(kind, name, metadata.get("namespace"), document.get("apiVersion"))


def config_map(
    namespace: str,
    name: str,
    data: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A ConfigMap's manifest."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


class Patch:
    """Changes of objects. A call records the change; the host applies all of them, in their order, when the run
    succeeded.

    An object is anything that can be written as JSON: dicts, :mod:`dataclasses <hookbox.typed>`, what has ``to_dict``.
    What the host refuses, such as a manifest without a name, raises :class:`hookbox.Refused`.
    """

    def create(self, object: Any) -> None:
        """Create an object, a whole manifest. One that is there already is an error."""
        call(wit.create, text_of(object), wit.CreateMode.FAIL_IF_EXISTS)

    def create_if_not_exists(self, object: Any) -> None:
        """Create an object, and leave one that is there as it is."""
        call(wit.create, text_of(object), wit.CreateMode.KEEP_EXISTING)

    def create_or_update(self, object: Any) -> None:
        """Create an object, or replace the one that is there as a whole."""
        call(wit.create, text_of(object), wit.CreateMode.REPLACE_EXISTING)

    def delete(self, target: Target) -> None:
        """Delete an object, those that it owns first, and wait until it is gone, 20 s at most. One that is not there is
        no error."""
        call(wit.delete, raw_of(target), wit.Propagation.FOREGROUND)

    def delete_in_background(self, target: Target) -> None:
        """Delete an object, afterwards those that it owns, and do not wait."""
        call(wit.delete, raw_of(target), wit.Propagation.BACKGROUND)

    def delete_non_cascading(self, target: Target) -> None:
        """Delete an object, and leave what it owns."""
        call(wit.delete, raw_of(target), wit.Propagation.ORPHAN)

    def merge(
        self,
        target: Target,
        patch: Any,
        *,
        subresource: str | None = None,
        ignore_missing_object: bool = False,
        ignore_hook_error: bool = False,
    ) -> None:
        """Apply a JSON Merge Patch.

        Args:
            target: Which object.
            patch: The patch: what is ``None`` in it is removed.
            subresource: Subresource to patch, such as ``status``.
            ignore_missing_object: An object that is not there is no error.
            ignore_hook_error: Apply it though the hook fails afterwards; for the subresource ``status`` only.
        """
        options = _options(subresource, ignore_missing_object, ignore_hook_error)
        call(wit.merge_patch, raw_of(target), text_of(patch), options)

    def json(
        self,
        target: Target,
        operations: Sequence[Mapping[str, Any]],
        *,
        subresource: str | None = None,
        ignore_missing_object: bool = False,
        ignore_hook_error: bool = False,
    ) -> None:
        """Apply a JSON Patch: a list of operations. Options are those of :meth:`merge`."""
        options = _options(subresource, ignore_missing_object, ignore_hook_error)
        call(wit.json_patch, raw_of(target), text_of(operations), options)

    def jq(
        self,
        target: Target,
        filter: str,
        *,
        subresource: str | None = None,
        ignore_missing_object: bool = False,
        ignore_hook_error: bool = False,
    ) -> None:
        """Replace the object by what a jq filter makes of it. Options are those of :meth:`merge`."""
        options = _options(subresource, ignore_missing_object, ignore_hook_error)
        call(wit.jq_patch, raw_of(target), text(filter, "a filter"), options)


def raw_of(target: Target) -> wit.ObjectRef:
    """The reference of an object as the contract has it, checked."""
    ref = ref_of(target)
    return wit.ObjectRef(
        maybe(ref.api_version, "an object's `api_version`"),
        text(ref.kind, "an object's `kind`"),
        maybe(ref.namespace, "an object's `namespace`"),
        text(ref.name, "an object's `name`"),
    )


def _options(subresource: str | None, ignore_missing_object: bool, ignore_hook_error: bool) -> wit.PatchOptions:
    named = maybe(subresource, "a subresource")
    return wit.PatchOptions(named, bool(ignore_missing_object), bool(ignore_hook_error))
