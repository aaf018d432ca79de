"""What a hook is run for: the parts of the document ``configVersion: v1``, as shell-operator has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

WatchEvent = Literal["Added", "Modified", "Deleted"]
"""A change of an object."""

Selector = str | Mapping[str, str]
"""Labels or fields: as kubectl has selectors, such as ``app=web,tier in (a, b)``, or a dict of what must be equal."""

Names = str | Sequence[str]
"""One name or several."""

_Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class NamespaceSelector:
    """Namespaces by their labels; it follows them as they come and go. Namespaces by name are said as names."""

    labels: Selector

    def document(self) -> _Document:
        """As the document has it."""
        return {"labelSelector": label_selector(self.labels)}


Namespace = str | Sequence[str] | NamespaceSelector
"""Names of namespaces, or a selector."""


@dataclass(frozen=True)
class Schedule:
    """A time to run at.

    Attributes:
        crontab: Five fields, or six with seconds first; ``@hourly``; ``@every 10s``.
        name: Name of the binding; ``schedule`` when left out.
        queue: Queue in which it runs; ``main`` when left out.
        group: Group of bindings that run the hook together.
        include_snapshots_from: The Kubernetes bindings whose snapshots belong to it; all of the hook when left out.
        allow_failure: A failed run is counted and not repeated.
    """

    crontab: str
    name: str | None = None
    queue: str | None = None
    group: str | None = None
    include_snapshots_from: Sequence[str] | None = None
    allow_failure: bool = False

    def document(self) -> _Document:
        """As the document has it."""
        return _only(
            crontab=self.crontab,
            name=self.name,
            queue=self.queue,
            group=self.group,
            includeSnapshotsFrom=_list(self.include_snapshots_from),
            allowFailure=self.allow_failure or None,
        )


@dataclass(frozen=True)
class Kubernetes:
    """Objects to run for, and to have in a snapshot.

    Attributes:
        kind: Kind of the objects.
        name: Name of the binding, and of its snapshot; ``kubernetes`` when left out.
        api_version: Group and version; the kind's preferred version when left out.
        events: Changes that run the hook; all when left out, ``[]`` for none.
        synchronization: Whether the hook runs for the objects that are there at the start.
        wait_for_synchronization: Accepted, without effect.
        keep_full_objects: Whether the snapshot holds the objects, or only the filter's results.
        metadata_only: Watch only ``metadata``.
        jq_filter: What of an object matters: a change elsewhere is no event.
        filter: The same in Python: a function that is given an object. The same object must give the same result.
        names: Names of the objects.
        labels: Labels of the objects: ``{"app": "web"}``, or as kubectl has them.
        fields: Fields of the objects: ``{"status.phase": "Running"}``, or as kubectl has them.
        namespace: Namespace, or several, or a :class:`NamespaceSelector`; all when left out.
        queue: Queue in which it runs; ``main`` when left out.
        group: Group of bindings that run the hook together.
        include_snapshots_from: The Kubernetes bindings whose snapshots belong to it; all of the hook when left out.
        allow_failure: A failed run is counted and not repeated.
    """

    kind: str
    name: str | None = None
    api_version: str | None = None
    events: Sequence[WatchEvent] | None = None
    synchronization: bool = True
    wait_for_synchronization: bool = True
    keep_full_objects: bool = True
    metadata_only: bool = False
    jq_filter: str | None = None
    filter: Callable[[Any], Any] | None = None
    names: Names | None = None
    labels: Selector | None = None
    fields: Selector | None = None
    namespace: Namespace | None = None
    queue: str | None = None
    group: str | None = None
    include_snapshots_from: Sequence[str] | None = None
    allow_failure: bool = False

    @property
    def binding(self) -> str:
        """Name of the binding."""
        return self.name or "kubernetes"

    def document(self) -> _Document:
        """As the document has it."""
        return _only(
            name=self.name,
            apiVersion=self.api_version,
            kind=self.kind,
            executeHookOnEvent=_list(self.events),
            executeHookOnSynchronization=None if self.synchronization else False,
            waitForSynchronization=None if self.wait_for_synchronization else False,
            keepFullObjectsInMemory=None if self.keep_full_objects else False,
            metadataOnly=self.metadata_only or None,
            jqFilter=self.jq_filter,
            filter=True if self.filter else None,
            nameSelector=None if self.names is None else {"matchNames": _list(self.names)},
            labelSelector=None if self.labels is None else label_selector(self.labels),
            fieldSelector=None if self.fields is None else field_selector(self.fields),
            namespace=None if self.namespace is None else _namespace(self.namespace),
            queue=self.queue,
            group=self.group,
            includeSnapshotsFrom=_list(self.include_snapshots_from),
            allowFailure=self.allow_failure or None,
        )


@dataclass(frozen=True)
class Settings:
    """How often a hook may run, and in what.

    Attributes:
        min_interval: How often another run is allowed: seconds, or text such as ``1m30s``. None: as often as wanted.
        burst: How many are allowed at once.
        warm_instance: Keep the hook's instance: what a run leaves in global variables is there in the next. What that
            gives up is in docs/configuration.md.
    """

    min_interval: float | str | None = None
    burst: int = 1
    warm_instance: bool = False

    def document(self) -> _Document:
        """As the document has it."""
        document: _Document = {}
        interval = self.min_interval
        if interval is not None:
            text = interval if isinstance(interval, str) else f"{round(interval * 1000)}ms"
            document |= {"executionMinInterval": text, "executionBurst": self.burst}
        if self.warm_instance:
            document["warmInstance"] = True
        return document


@dataclass(frozen=True)
class Rule:
    """Requests that a webhook is asked about. ``*`` stands for all.

    Attributes:
        resources: Resources in the plural: ``pods``, ``deployments/scale``.
        operations: ``CREATE``, ``UPDATE``, ``DELETE``, ``CONNECT``.
        api_groups: Groups; ``""`` is the one of Pods.
        api_versions: Versions.
        scope: ``Cluster``, ``Namespaced`` or ``*``, which is meant when it is left out.
    """

    resources: Names
    operations: Names = ("CREATE", "UPDATE")
    api_groups: Names = ("",)
    api_versions: Names = ("*",)
    scope: Literal["Cluster", "Namespaced", "*"] | None = None

    def document(self) -> _Document:
        """As the document has it."""
        return _only(
            apiGroups=_list(self.api_groups),
            apiVersions=_list(self.api_versions),
            operations=_list(self.operations),
            resources=_list(self.resources),
            scope=self.scope,
        )


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Which requests a hook is asked about: for :meth:`hookbox.Hook.validating` and :meth:`hookbox.Hook.mutating`.

    Attributes:
        name: Name, a domain of at least three segments.
        rules: Which requests.
        failure_policy: What no answer means: ``Fail`` when left out, or ``Ignore``.
        side_effects: ``None`` when left out, or ``NoneOnDryRun``.
        timeout_seconds: How long the API server waits: 1 to 30, 10 when left out.
        labels: Labels of the objects.
        namespace_labels: Labels of the namespaces.
        match_conditions: Conditions in CEL, by name.
        group: Group of bindings whose snapshots belong to it.
        include_snapshots_from: The Kubernetes bindings whose snapshots belong to it; all of the hook when left out.
    """

    name: str
    rules: Sequence[Rule]
    failure_policy: Literal["Fail", "Ignore"] | None = None
    side_effects: Literal["None", "NoneOnDryRun"] | None = None
    timeout_seconds: int | None = None
    labels: Selector | None = None
    namespace_labels: Selector | None = None
    match_conditions: Mapping[str, str] | None = None
    group: str | None = None
    include_snapshots_from: Sequence[str] | None = None

    def document(self) -> _Document:
        """As the document has it."""
        conditions = self.match_conditions
        return _only(
            name=self.name,
            rules=[rule.document() for rule in self.rules],
            failurePolicy=self.failure_policy,
            sideEffects=self.side_effects,
            timeoutSeconds=self.timeout_seconds,
            labelSelector=None if self.labels is None else label_selector(self.labels),
            namespace=None
            if self.namespace_labels is None
            else {"labelSelector": label_selector(self.namespace_labels)},
            matchConditions=None
            if conditions is None
            else [{"name": name, "expression": text} for name, text in conditions.items()],
            group=self.group,
            includeSnapshotsFrom=_list(self.include_snapshots_from),
        )


_REQUIREMENT = re.compile(
    r"\s*(?:(?P<not>!)\s*(?P<absent>[^\s!=,()]+)"
    r"|(?P<key>[^\s!=,()]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[^\s!=,()]*)"
    r"|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)


def requirements(selector: str) -> list[tuple[str, str, list[str]]]:
    """What a selector of kubectl's form demands: key, operator (``=``, ``!=``, ``in``, ``notin``, ``exists``,
    ``absent``) and values.

    Raises:
        ValueError: when it has another form.
    """
    found: list[tuple[str, str, list[str]]] = []
    at = 0
    while at < len(selector):
        match = _REQUIREMENT.match(selector, at)
        if match is None:
            raise ValueError(f"the selector {selector!r} cannot be read from {selector[at:]!r} on")
        at = match.end()
        if match["not"]:
            found.append((match["absent"], "absent", []))
        elif match["set"]:
            found.append((match["key"], match["set"], [value.strip() for value in match["values"].split(",")]))
        elif match["op"]:
            found.append((match["key"], "!=" if match["op"] == "!=" else "=", [match["value"]]))
        else:
            found.append((match["key"], "exists", []))
    return found


_OPERATORS = {"!=": "NotIn", "in": "In", "notin": "NotIn", "exists": "Exists", "absent": "DoesNotExist"}


def label_selector(given: Selector) -> _Document:
    """Labels as the document has them."""
    if not isinstance(given, str):
        return {"matchLabels": dict(given)}
    labels, expressions = {}, []
    for key, operator, values in requirements(given):
        if operator == "=" and key not in labels:
            labels[key] = values[0]
        else:
            expressions.append(_only(key=key, operator=_OPERATORS.get(operator, "In"), values=values or None))
    return _only(matchLabels=labels or None, matchExpressions=expressions or None)


def field_selector(given: Selector) -> _Document:
    """Fields as the document has them."""
    if not isinstance(given, str):
        wanted = [(key, "=", [value]) for key, value in given.items()]
    else:
        wanted = requirements(given)
    expressions = []
    for field, operator, values in wanted:
        if operator not in ("=", "!="):
            raise ValueError(f"a field is equal to something or not; {field!r} says {operator!r}")
        expressions.append(
            {"field": field, "operator": "Equals" if operator == "=" else "NotEquals", "value": values[0]}
        )
    return {"matchExpressions": expressions}


def _namespace(given: Namespace) -> _Document:
    if isinstance(given, NamespaceSelector):
        return given.document()
    return {"nameSelector": {"matchNames": _list(given)}}


def _list(given: str | Iterable[str] | None) -> list[str] | None:
    if given is None:
        return None
    return [given] if isinstance(given, str) else list(given)


def _only(**fields: Any) -> _Document:
    return {key: value for key, value in fields.items() if value is not None}
