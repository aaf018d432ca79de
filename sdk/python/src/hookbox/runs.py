"""What a run has."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Literal, cast

from ._bindings.imports import config_values, contexts, values
from ._given import text
from .cluster import Cluster
from .errors import call
from .log import Log
from .metrics import Metrics
from .patch import Patch
from .snapshots import Snapshot, Snapshots
from .values import Values


class Context:
    """One reason for a run. It is read when it is asked for."""

    def __init__(self, raw: contexts.BindingContext) -> None:
        self._raw = raw

    @cached_property
    def binding(self) -> str:
        """Name of the binding that fired: ``onStartup``, or the binding's name."""
        return self._raw.binding()

    @cached_property
    def kind(self) -> str | None:
        """``Schedule``, ``Synchronization``, ``Event`` or ``Group``; ``None`` for ``onStartup`` and bindings of a
        module's life. New words may appear."""
        return self._raw.kind()

    @cached_property
    def group(self) -> str | None:
        """Name of the group, for the kind ``Group``."""
        return self._raw.group()

    @cached_property
    def watch_event(self) -> Literal["Added", "Modified", "Deleted"] | None:
        """What happened, for the kind ``Event``."""
        return cast('Literal["Added", "Modified", "Deleted"] | None', self._raw.watch_event())

    @cached_property
    def object(self) -> Any:
        """The object as it was at the event; ``None`` where there is none."""
        found = self._raw.object()
        return None if found is None else json.loads(found)

    @cached_property
    def filter_result(self) -> Any:
        """The filter's result at the event; ``None`` where there is none, and where it is null."""
        found = self._raw.filter_result()
        return None if found is None else json.loads(found)

    def object_at(self, pointer: str) -> Any:
        """A part of the object by JSON Pointer; ``None`` where there is none. Nothing else of it is copied.

        Raises:
            Refused: ``invalid-pointer``.
        """
        found = call(self._raw.object_pointer, text(pointer, "a pointer"))
        return None if found is None else json.loads(found)

    @cached_property
    def objects(self) -> Snapshot | None:
        """All objects of the binding, for the kind ``Synchronization``."""
        raw = self._raw.objects()
        return None if raw is None else Snapshot(raw)

    @cached_property
    def snapshot_names(self) -> list[str]:
        """Names of the snapshots that belong to the context."""
        return self._raw.snapshot_names()

    def to_dict(self) -> dict[str, Any]:
        """The whole context as shell-operator writes it, snapshots included. Costs as much as all that it holds."""
        return cast(dict[str, Any], json.loads(self._raw.to_json()))

    def __repr__(self) -> str:
        return f"<Context {self.binding} {self.kind or ''}>"


class Run:
    """What a run has: why it happens, what it sees, and what it may ask for.

    Nothing that it asks for happens while it runs. The host applies all of it when the hook has returned.
    """

    def __init__(self, hook: str, reasons: list[contexts.BindingContext]) -> None:
        self.hook = hook
        """Name of the hook."""
        self.contexts = [Context(raw) for raw in reasons]
        """The reasons for the run, at least one, oldest first."""
        self.snapshots = Snapshots()
        """The objects of the hook's Kubernetes bindings, by their names."""
        self.values = Values(values)
        """Values of the module."""
        self.config_values = Values(config_values)
        """What the cluster's administrator set for the module."""
        self.patch = Patch()
        """Changes objects when the run succeeded."""
        self.metrics = Metrics()
        """Metrics of the hook."""
        self.cluster = Cluster()
        """Reads what was granted."""
        self.log = Log()
        """The operator's log."""
