"""What goes wrong: refusals of the host, and failures with advice about a retry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from componentize_py_types import Err

from ._bindings.imports import types

# Each module that is imported is part of every component.
if TYPE_CHECKING:
    from datetime import timedelta

P = ParamSpec("P")
# What the contract's number of milliseconds holds.
_LONGEST = (1 << 64) - 1
T = TypeVar("T")


class Refused(Exception):
    """Why the host refused a call. The run goes on when it is caught, and fails when it is not.

    Attributes:
        code: A stable word to match on, such as ``invalid-path`` or ``not-granted``. New words may appear.
        message: For a person: what was wrong and where.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class NoSuchPath(Refused, KeyError):
    """There is nothing at a path of the values. It is a ``KeyError``, too."""


class Failure(Exception):
    """A failure that the hook means: its message is shown without a traceback. A plain one is tried again after the
    queue's growing pause, as any other exception."""


class RetryAfter(Failure):
    """Fail, and run again after a pause instead of the queue's growing one.

    Args:
        message: For a person: what went wrong.
        after: Seconds, or a ``timedelta``.
    """

    def __init__(self, message: str, after: float | timedelta) -> None:
        super().__init__(message)
        seconds = after if isinstance(after, (int, float)) else after.total_seconds()
        self.milliseconds = min(max(0, round(seconds * 1000)), _LONGEST)


class NoRetry(Failure):
    """Fail, and do not try again: the failure is counted and the run leaves the queue."""


class Denied(Exception):
    """Raised by a webhook: the request is denied with this message."""


def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the host, with its refusals as :class:`Refused`."""
    try:
        return function(*args, **kwargs)
    except Err as error:
        refusal = error.value
        kind = NoSuchPath if refusal.code == "no-such-path" else Refused
        raise kind(refusal.code, refusal.message) from None


def advice(error: BaseException) -> types.Retry:
    """What the host should do with a run that failed so: advice may be in what an exception was raised from."""
    seen: BaseException | None = error
    for _ in range(100):
        if isinstance(seen, RetryAfter):
            return types.Retry_After(seen.milliseconds)
        if isinstance(seen, NoRetry):
            return types.Retry_Never()
        if seen is None:
            break
        seen = seen.__cause__
    return types.Retry_BackOff()
