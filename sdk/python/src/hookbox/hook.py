"""Hooks: functions with what they are run for."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from .config import Kubernetes, Rule, Schedule, Selector, Settings, Webhook
from .reviews import ConversionRequest, Review, Verdict
from .runs import Run
from .typed import text_of

RunFunction = Callable[[Run], object]
"""What a hook does. What it returns is not looked at."""
ValidateFunction = Callable[[Review], Verdict | bool | None]
"""Answers a review: :func:`hookbox.allow`, :func:`hookbox.deny`, a bool, or nothing, which allows."""
MutateFunction = Callable[[Review], Any]
"""Answers a review: what the object becomes, :func:`hookbox.change`, or nothing when ``review.object`` was changed."""
ConvertFunction = Callable[[Any, ConversionRequest], Any]
"""Converts one object."""
FilterFunction = Callable[[Any], Any]
"""Filters one object."""

F = TypeVar("F", bound=Callable[..., Any])

_BINDINGS = (
    "schedule",
    "kubernetes",
    "kubernetesValidating",
    "kubernetesMutating",
    "kubernetesCustomResourceConversion",
)


class Hook:
    """A hook. Its functions are given by decorators: :meth:`run`, :meth:`validating`, :meth:`mutating`,
    :meth:`conversion`, :meth:`filter`. Called, it runs as a plain function does.

    Args:
        name: Name, unique in the component: letters, digits, ``-``, ``_``, ``.`` and ``/``.
        on_startup: Run once at the start, hooks with smaller numbers first.
        schedule: Run at times: one :class:`hookbox.Schedule`, a crontab, or several of them.
        kubernetes: Run for objects: one :class:`hookbox.Kubernetes` or several.
        settings: How often it may run.
        capabilities: What it wants beyond its snapshots, in the form of grants: ``{"http": [{"hosts": [...]}]}``.
        config: The whole document, as YAML or JSON text or as a dict, in place of the arguments before.
    """

    def __init__(
        self,
        name: str,
        *,
        on_startup: int | None = None,
        schedule: str | Schedule | Iterable[str | Schedule] = (),
        kubernetes: Kubernetes | Iterable[Kubernetes] = (),
        settings: Settings | None = None,
        capabilities: Mapping[str, Any] | None = None,
        config: str | Mapping[str, Any] | None = None,
    ) -> None:
        self.name = _named(name, "hookbox.Hook(name, ...)")
        self._on_startup = on_startup
        schedules = [schedule] if isinstance(schedule, (str, Schedule)) else schedule
        self._schedule = [Schedule(one) if isinstance(one, str) else one for one in schedules]
        self._kubernetes = [kubernetes] if isinstance(kubernetes, Kubernetes) else list(kubernetes)
        for binding in self._kubernetes:
            if binding.filter is not None:
                _usable(binding.filter)
        self._settings = settings
        self._capabilities = capabilities
        self._config = config
        if config is not None and (self._schedule or self._kubernetes or on_startup is not None or settings):
            raise ValueError("`config` is the whole document: it stands in place of all that is said of bindings")
        self._run: RunFunction | None = None
        self._filters: dict[str, FilterFunction] = {}
        self._webhooks: dict[tuple[str, str], tuple[Webhook | None, Callable[[Review], Any]]] = {}
        self._conversions: list[_Conversion] = []
        register(self)

    def __call__(self, run: Run) -> object:
        if self._run is None:
            raise TypeError(f"the hook {self.name!r} has no function to run")
        return self._run(run)

    def run(self, function: F) -> F:
        """Decorates what it does when one of its bindings fires."""
        self._run = _usable(function)
        return function

    def filter(self, binding: str) -> Callable[[F], F]:
        """Decorates the filter of a Kubernetes binding, in place of a jq filter. It is given an object; the same object
        must give the same result."""
        _named(binding, "filter(binding)")

        def decorate(function: F) -> F:
            self._filters[binding] = _usable(function)
            return function

        return decorate

    def validating(
        self,
        name: str,
        rules: Rule | Iterable[Rule] | None = None,
        *,
        failure_policy: Literal["Fail", "Ignore"] | None = None,
        side_effects: Literal["None", "NoneOnDryRun"] | None = None,
        timeout_seconds: int | None = None,
        labels: Selector | None = None,
        namespace_labels: Selector | None = None,
        match_conditions: Mapping[str, str] | None = None,
        group: str | None = None,
        include_snapshots_from: Sequence[str] | None = None,
    ) -> Callable[[F], F]:
        """Decorates what answers validating reviews. Arguments are those of :class:`hookbox.config.Webhook`; without
        rules the webhook is one of the hook's own ``config``."""
        webhook = None
        if rules is not None:
            webhook = Webhook(
                name=name,
                rules=[rules] if isinstance(rules, Rule) else list(rules),
                failure_policy=failure_policy,
                side_effects=side_effects,
                timeout_seconds=timeout_seconds,
                labels=labels,
                namespace_labels=namespace_labels,
                match_conditions=match_conditions,
                group=group,
                include_snapshots_from=include_snapshots_from,
            )
        return self._answers("kubernetesValidating", name, webhook)

    def mutating(
        self,
        name: str,
        rules: Rule | Iterable[Rule] | None = None,
        *,
        failure_policy: Literal["Fail", "Ignore"] | None = None,
        side_effects: Literal["None", "NoneOnDryRun"] | None = None,
        timeout_seconds: int | None = None,
        labels: Selector | None = None,
        namespace_labels: Selector | None = None,
        match_conditions: Mapping[str, str] | None = None,
        group: str | None = None,
        include_snapshots_from: Sequence[str] | None = None,
    ) -> Callable[[F], F]:
        """Decorates what answers mutating reviews. Arguments are those of :class:`hookbox.config.Webhook`; without
        rules the webhook is one of the hook's own ``config``."""
        webhook = None
        if rules is not None:
            webhook = Webhook(
                name=name,
                rules=[rules] if isinstance(rules, Rule) else list(rules),
                failure_policy=failure_policy,
                side_effects=side_effects,
                timeout_seconds=timeout_seconds,
                labels=labels,
                namespace_labels=namespace_labels,
                match_conditions=match_conditions,
                group=group,
                include_snapshots_from=include_snapshots_from,
            )
        return self._answers("kubernetesMutating", name, webhook)

    def _answers(self, kind: str, name: str, webhook: Webhook | None) -> Callable[[F], F]:
        _named(name, f"{'validating' if kind == 'kubernetesValidating' else 'mutating'}(name, rules)")
        if webhook is None and self._config is None:
            raise ValueError(f"the webhook {name!r} has no rules: which requests is it asked about?")

        def decorate(function: F) -> F:
            self._webhooks[kind, name] = (webhook, _usable(function))
            return function

        return decorate

    def conversion(
        self,
        crd: str,
        from_version: str,
        to_version: str,
        *,
        name: str | None = None,
        group: str | None = None,
        include_snapshots_from: Sequence[str] | None = None,
    ) -> Callable[[F], F]:
        """Decorates what converts the objects of a CustomResourceDefinition from one version to another. It is given
        one object and the :class:`hookbox.ConversionRequest`, and returns the object as it is to be. ``apiVersion``,
        ``kind`` and ``metadata`` need not be said.

        Args:
            crd: The CustomResourceDefinition: ``widgets.example.com``.
            from_version: From which version.
            to_version: To which version.
            name: Name of the binding; the definition's when left out.
            group: Group of bindings whose snapshots belong to it.
            include_snapshots_from: The Kubernetes bindings whose snapshots belong to it; all of the hook when left out.
        """

        def decorate(function: F) -> F:
            _usable(function)
            self._conversions.append(
                _Conversion(name or crd, crd, from_version, to_version, function, group, include_snapshots_from)
            )
            return function

        return decorate

    def document(self) -> str:
        """Its configuration, as the contract has it."""
        if isinstance(self._config, str):
            return self._config
        if self._config is not None:
            document = copy.deepcopy(dict(self._config))
        else:
            document = {"configVersion": "v1"}
        if self._on_startup is not None:
            document["onStartup"] = self._on_startup
        if self._schedule:
            document["schedule"] = [one.document() for one in self._schedule]
        if self._kubernetes:
            document["kubernetes"] = [self._binding(one) for one in self._kubernetes]
        for (kind, _), (webhook, _) in self._webhooks.items():
            if webhook is not None:
                document.setdefault(kind, []).append(webhook.document())
        if self._config is None and self._conversions:
            document["kubernetesCustomResourceConversion"] = _conversions(self._conversions)
        if self._settings is not None:
            document["settings"] = self._settings.document()
        if self._capabilities is not None:
            document["capabilities"] = self._capabilities
        if self._config is None:
            # A binding that says nothing of snapshots has those of all Kubernetes bindings.
            named = [one.binding for one in self._kubernetes]
            # Of two with the same name nobody knows which is meant.
            every = [name for name in named if named.count(name) == 1]
            for binding in (binding for kind in _BINDINGS for binding in document.get(kind, ())):
                binding.setdefault("includeSnapshotsFrom", every)
                if not binding["includeSnapshotsFrom"]:
                    # The document has no empty list.
                    del binding["includeSnapshotsFrom"]
        return text_of(document)

    def _binding(self, of: Kubernetes) -> dict[str, Any]:
        document = of.document()
        if of.binding in self._filters:
            document["filter"] = True
        return document

    def filter_of(self, binding: str) -> FilterFunction | None:
        """The filter of a Kubernetes binding."""
        given = self._filters.get(binding)
        if given is not None:
            return given
        return next((one.filter for one in self._kubernetes if one.binding == binding and one.filter), None)

    def answer_of(self, kind: str, binding: str) -> Callable[[Review], Any] | None:
        """What answers the reviews of a webhook."""
        found = self._webhooks.get((kind, binding))
        return found[1] if found else None

    def convert_of(self, binding: str, from_version: str, to_version: str) -> ConvertFunction | None:
        """What converts from one version to another."""
        for one in self._conversions:
            if (one.name, one.from_version, one.to_version) == (binding, from_version, to_version):
                return one.function
        return None

    @property
    def runs(self) -> bool:
        """Whether it has a function to run."""
        return self._run is not None

    def __repr__(self) -> str:
        return f"<Hook {self.name}>"


class _Conversion:
    def __init__(
        self,
        name: str,
        crd: str,
        from_version: str,
        to_version: str,
        function: ConvertFunction,
        group: str | None,
        include_snapshots_from: Sequence[str] | None,
    ) -> None:
        self.name, self.crd = name, crd
        self.from_version, self.to_version = from_version, to_version
        self.function = function
        self.group, self.include_snapshots_from = group, include_snapshots_from


def _conversions(given: list[_Conversion]) -> list[dict[str, Any]]:
    bindings: dict[str, dict[str, Any]] = {}
    for one in given:
        binding = bindings.setdefault(one.name, {"name": one.name, "crdName": one.crd, "conversions": []})
        binding["conversions"].append({"fromVersion": one.from_version, "toVersion": one.to_version})
        if one.group is not None:
            binding["group"] = one.group
        if one.include_snapshots_from is not None:
            binding["includeSnapshotsFrom"] = list(one.include_snapshots_from)
    return list(bindings.values())


registered: dict[str, Hook] = {}
"""The hooks of the component, by name."""


def register(hook: Hook) -> None:
    """Make a hook one of the component's. :class:`Hook` does it by itself.

    Raises:
        ValueError: when there is one of that name.
    """
    if hook.name in registered:
        raise ValueError(f"there are two hooks with the name {hook.name!r}")
    registered[hook.name] = hook


def hook(
    name: str | None = None,
    *,
    on_startup: int | None = None,
    schedule: str | Schedule | Iterable[str | Schedule] = (),
    kubernetes: Kubernetes | Iterable[Kubernetes] = (),
    settings: Settings | None = None,
    capabilities: Mapping[str, Any] | None = None,
    config: str | Mapping[str, Any] | None = None,
) -> Callable[[RunFunction], Hook]:
    """Decorates a function that is a hook::

        @hookbox.hook(schedule="*/5 * * * *")
        def tick(run: hookbox.Run) -> None:
            run.log.info("tick")

    Arguments are those of :class:`hookbox.Hook`; without a name it has that of the function, with ``-`` for ``_``.
    """

    if name is not None:
        _named(name, "@hookbox.hook()")

    def decorate(function: RunFunction) -> Hook:
        _usable(function)
        made = Hook(
            name or _name_of(function),
            on_startup=on_startup,
            schedule=schedule,
            kubernetes=kubernetes,
            settings=settings,
            capabilities=capabilities,
            config=config,
        )
        made.run(function)
        functools.update_wrapper(made, function)
        return made

    return decorate


def _named(name: str, usage: str) -> str:
    """A name that was given to a decorator, which is given the function where its parentheses are missing."""
    if not isinstance(name, str):
        raise TypeError(f"a name is expected, not {name!r}: write `{usage}`")
    return name


def _usable(function: F) -> F:
    """A function that does what it does when it is called."""
    kinds = (
        ("an `async def`", inspect.iscoroutinefunction),
        ("an asynchronous generator", inspect.isasyncgenfunction),
        ("a generator, since it has `yield`", inspect.isgeneratorfunction),
    )
    if not callable(function):
        raise TypeError(f"a function is expected, not {function!r}")
    for one in (function, getattr(type(function), "__call__", None)):
        for kind, is_one in kinds:
            if is_one(one):
                name = getattr(function, "__name__", repr(function))
                raise TypeError(f"{name} is {kind}: called, it would do nothing; a hook is a plain function")
    return function


def _name_of(function: Callable[..., Any]) -> str:
    return function.__name__.strip("_").replace("_", "-")


def validating(name: str, rules: Rule | Iterable[Rule], *, hook: str | None = None, **options: Any) -> Callable[[F], F]:
    """Decorates a function that is a hook for validating reviews only::

        @hookbox.validating("pods.policy.example.com", hookbox.Rule("pods"))
        def team_label(review: hookbox.Review) -> hookbox.Verdict: ...

    Args:
        name: The webhook's name, a domain of at least three segments.
        rules: Which requests.
        hook: The hook's name; the function's when left out.
        options: Those of :meth:`hookbox.Hook.validating`; and ``kubernetes`` for its snapshots.
    """
    return _alone("validating", name, rules, hook, options)


def mutating(name: str, rules: Rule | Iterable[Rule], *, hook: str | None = None, **options: Any) -> Callable[[F], F]:
    """Decorates a function that is a hook for mutating reviews only, as :func:`hookbox.validating` does."""
    return _alone("mutating", name, rules, hook, options)


def _alone(kind: str, name: str, rules: Any, hook: str | None, options: dict[str, Any]) -> Callable[[F], F]:
    kubernetes = options.pop("kubernetes", ())
    _named(name, f"@hookbox.{kind}(name, rules)")

    def decorate(function: F) -> F:
        _usable(function)
        made = Hook(hook or _name_of(function), kubernetes=kubernetes)
        decorated: F = getattr(made, kind)(name, rules, **options)(function)
        return decorated

    return decorate
