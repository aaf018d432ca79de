"""Webhooks: what they are asked, and what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._bindings.exports import admission
from ._given import whole
from .diff import difference
from .runs import Run
from .typed import shown, text_of


@dataclass
class Verdict:
    """The answer to a review: :func:`allow`, :func:`deny` and :func:`change` make one.

    Attributes:
        allowed: Whether the request may go on.
        message: Why not; shown to the person who made the request.
        warnings: Shown to that person in any case.
        audit: For the API server's audit log.
        object: What the object becomes, for mutating reviews.
    """

    allowed: bool
    message: str | None = None
    warnings: Sequence[str] = ()
    audit: Mapping[str, object] = field(default_factory=dict)
    object: Any = None


def allow(*warnings: str, audit: Mapping[str, object] | None = None) -> Verdict:
    """Let a request go on."""
    return Verdict(True, warnings=warnings, audit=audit or {})


def deny(message: str, *warnings: str, audit: Mapping[str, object] | None = None) -> Verdict:
    """Refuse a request."""
    return Verdict(False, message, warnings, audit or {})


def change(object: Any, *warnings: str, audit: Mapping[str, object] | None = None) -> Verdict:
    """Let a request go on with another object. Only what is another than before is sent."""
    return Verdict(True, None, warnings, audit or {}, object)


class Review(Run):
    """A request that a webhook is asked about. It has what a run has, snapshots too.

    Attributes:
        binding: The webhook's name.
        request: The ``request`` of an AdmissionReview v1.
        object: The object as it is to be; ``None`` where there is none. A mutating hook may change it in place.
    """

    def __init__(self, hook: str, binding: str, request: str) -> None:
        super().__init__(hook, [])
        self.binding = binding
        self.request: dict[str, Any] = json.loads(request)
        self.object: Any = self.request.get("object")
        self._text = request

    @property
    def old_object(self) -> Any:
        """The object as it was; ``None`` where there was none."""
        return self.request.get("oldObject")

    @property
    def operation(self) -> str:
        """``CREATE``, ``UPDATE``, ``DELETE`` or ``CONNECT``."""
        return str(self.request.get("operation", ""))

    @property
    def name(self) -> str | None:
        """Name of the object; ``None`` where the API server is to make one."""
        return self.request.get("name") or None

    @property
    def namespace(self) -> str | None:
        """Namespace of the object; ``None`` for cluster-scoped ones."""
        return self.request.get("namespace") or None

    @property
    def user(self) -> dict[str, Any]:
        """Who makes the request: ``username``, ``groups`` …"""
        return self.request.get("userInfo") or {}

    @property
    def dry_run(self) -> bool:
        """Whether nothing will be kept of it."""
        return bool(self.request.get("dryRun"))

    def answer(self, given: Any, mutates: bool) -> admission.Response:
        """What a hook returned, as the contract has it."""
        verdict = self._verdict(given, mutates)
        patch = None
        if mutates and verdict.allowed:
            after = self.object if verdict.object is None else verdict.object
            operations = difference(json.loads(self._text).get("object"), json.loads(text_of(after)))
            patch = text_of(operations) if operations else None
        audit = sorted((whole(str(key)), whole(shown(value))) for key, value in verdict.audit.items())
        message = None if verdict.message is None else whole(str(verdict.message))
        return admission.Response(
            bool(verdict.allowed), message, [whole(str(one)) for one in verdict.warnings], audit, patch
        )

    def _verdict(self, given: Any, mutates: bool) -> Verdict:
        if isinstance(given, Verdict):
            return given
        if given is None:
            return allow()
        if isinstance(given, bool):
            return allow() if given else deny("the request is denied")
        if mutates:
            return change(given)
        raise TypeError(
            f"a validating hook returns hookbox.allow(), hookbox.deny(message), a bool or nothing, not {given!r}"
        )


class ConversionRequest(Run):
    """Objects that are to be converted. It has what a run has, snapshots too.

    Attributes:
        binding: Name of the binding.
        from_version: The version that the objects have, as the binding says it.
        to_version: The version that they are to have.
    """

    def __init__(self, hook: str, binding: str, from_version: str, to_version: str) -> None:
        super().__init__(hook, [])
        self.binding = binding
        self.from_version = from_version
        self.to_version = to_version
