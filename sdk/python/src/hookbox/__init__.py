"""Kubernetes hooks in Python, run by hookbox as sandboxed WebAssembly components.

A hook is a function and what it is run for::

    import hookbox

    @hookbox.hook(
        kubernetes=hookbox.Kubernetes(
            "Pod", name="pods", api_version="v1", namespace="default", jq_filter=".metadata.name"
        ),
    )
    def list_pods(run: hookbox.Run) -> None:
        names = run.snapshots["pods"].filter_results(str)
        run.patch.create_or_update(hookbox.config_map("default", "pods", {"names": ",".join(names)}))

``hookbox build`` makes a component of it. Nothing that a hook asks for happens while it runs: object patches, values
and metrics are recorded, and applied by the host when the run succeeded.

Outside of a component, as in pytest, :mod:`hookbox.testing` runs hooks without a cluster.
"""

from . import _native as _native  # First: bindings stand on it.
from . import http, typed
from .cluster import Cluster
from .config import Kubernetes, NamespaceSelector, Rule, Schedule, Settings
from .errors import Denied, Failure, NoRetry, NoSuchPath, Refused, RetryAfter
from .hook import Hook, hook, mutating, validating
from .log import Log
from .metrics import Metrics
from .patch import Patch, Ref, config_map
from .reviews import ConversionRequest, Review, Verdict, allow, change, deny
from .runs import Context, Run
from .snapshots import Entry, Snapshot, Snapshots
from .values import Values

__version__ = "0.1.0"

__all__ = [
    "Cluster",
    "Context",
    "ConversionRequest",
    "Denied",
    "Entry",
    "Failure",
    "Hook",
    "Kubernetes",
    "Log",
    "Metrics",
    "NamespaceSelector",
    "NoRetry",
    "NoSuchPath",
    "Patch",
    "Ref",
    "Refused",
    "RetryAfter",
    "Review",
    "Rule",
    "Run",
    "Schedule",
    "Settings",
    "Snapshot",
    "Snapshots",
    "Values",
    "Verdict",
    "allow",
    "change",
    "config_map",
    "deny",
    "hook",
    "http",
    "mutating",
    "typed",
    "validating",
]
