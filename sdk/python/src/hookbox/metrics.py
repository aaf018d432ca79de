"""Metrics of a hook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ._bindings.imports import metrics as wit
from ._given import maybe, text
from .errors import call
from .typed import shown

Labels = Mapping[str, object]
"""Labels of a series: names and values; what is no text is written as JSON."""


class Metrics:
    """Metrics of the hook, exposed by the host for Prometheus when the run succeeded.

    All series of a group that a run names are replaced by those that it gives; without a group they belong to the group
    of the hook itself.
    """

    def __init__(self, group: str | None = None) -> None:
        self._group = maybe(group, "a group")

    def group(self, name: str) -> Metrics:
        """The metrics of a group."""
        return Metrics(name)

    def add(self, name: str, value: float = 1, labels: Labels | None = None) -> None:
        """Add to a counter.

        Raises:
            Refused: when the value is negative or not finite, or a name is none for Prometheus.
        """
        call(wit.add, _name(name), float(value), _raw(labels), self._group)

    def set(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Set a gauge."""
        call(wit.set, _name(name), float(value), _raw(labels), self._group)

    def observe(self, name: str, value: float, buckets: Sequence[float], labels: Labels | None = None) -> None:
        """Put an observation into a histogram with these upper bounds."""
        call(wit.observe, _name(name), float(value), [float(bound) for bound in buckets], _raw(labels), self._group)

    def expire(self) -> None:
        """Remove all series of the group."""
        call(wit.expire, self._group)


def _raw(labels: Labels | None) -> list[tuple[str, str]]:
    pairs = (labels or {}).items()
    return sorted((text(name, "a label's name"), text(shown(value), "a label")) for name, value in pairs)


def _name(name: str) -> str:
    return text(name, "a metric's name")
