"""What a run asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Patch:
    """A change of an object.

    Attributes:
        operation: ``Create``, ``CreateIfNotExists``, ``CreateOrUpdate``, ``Delete``, ``DeleteInBackground``,
            ``DeleteNonCascading``, ``MergePatch``, ``JSONPatch`` or ``JQPatch``.
        kind: Kind of the object.
        name: Its name.
        namespace: Its namespace.
        api_version: Its group and version, where they were said.
        object: The manifest, the patch, or the filter as text.
        subresource: Subresource of a patch.
        ignore_missing_object: Whether an object that is not there is no error.
        ignore_hook_error: Whether it is applied though the hook fails.
    """

    operation: str
    kind: str
    name: str
    namespace: str | None = None
    api_version: str | None = None
    object: Any = None
    subresource: str | None = None
    ignore_missing_object: bool = False
    ignore_hook_error: bool = False


@dataclass
class Metric:
    """An operation on a metric.

    Attributes:
        action: ``add``, ``set``, ``observe`` or ``expire``.
        name: Name of the metric.
        value: Value.
        labels: Labels.
        group: Group, where one was said.
        buckets: Upper bounds of a histogram.
    """

    action: str
    name: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    buckets: list[float] = field(default_factory=list)


@dataclass
class Record:
    """One record of the log.

    Attributes:
        level: ``debug``, ``info``, ``warn`` or ``error``.
        message: What it says.
        fields: Its fields.
    """

    level: str
    message: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Effects:
    """What a run asked for.

    Attributes:
        patches: Changes of objects, in their order.
        values: The values as they are afterwards.
        config_values: The config values as they are afterwards.
        metrics: Operations on metrics, in their order.
        log: Records of the log.
    """

    patches: list[Patch] = field(default_factory=list)
    values: Any = None
    config_values: Any = None
    metrics: list[Metric] = field(default_factory=list)
    log: list[Record] = field(default_factory=list)

    def object(self, kind: str, name: str) -> Any:
        """The last manifest that was to be created, of a kind and with ``namespace/name``; ``None`` where there is
        none."""
        for patch in reversed(self.patches):
            full = f"{patch.namespace}/{patch.name}" if patch.namespace else patch.name
            if patch.operation.startswith("Create") and (patch.kind, full) == (kind, name):
                return patch.object
        return None


class Failure(Exception):
    """Why a hook failed.

    Attributes:
        message: What it said.
        retry: Whether a retry makes sense.
        after: Seconds until then; ``None`` is the queue's growing pause.
        effects: What is left of the run: its patches of ``status`` with ``ignore_hook_error``, its log, and the values
            as they were.
    """

    def __init__(self, message: str, retry: bool, after: float | None, effects: Effects) -> None:
        super().__init__(message)
        self.message, self.retry, self.after, self.effects = message, retry, after, effects


@dataclass
class Verdict:
    """What a webhook answered.

    Attributes:
        allowed: Whether the request may go on.
        message: Why not.
        warnings: Shown in any case.
        audit: For the audit log.
        patch: A JSON Patch; ``None`` where there is none.
    """

    allowed: bool
    message: str | None
    warnings: list[str]
    audit: dict[str, str]
    patch: list[dict[str, Any]] | None


def left_of(effects: Effects) -> Effects:
    """What is left when the hook fails."""

    def survives(patch: Patch) -> bool:
        return patch.ignore_hook_error and (patch.subresource or "").removeprefix("/") == "status"

    return Effects(patches=[patch for patch in effects.patches if survives(patch)], log=effects.log)
