"""The operator's log."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from ._bindings.imports import log as wit
from ._given import whole
from .typed import shown


class Log:
    """Records with fields, in the operator's log: ``run.log.info("names to greet", count=3)``.

    What is printed is logged too, line by line; and so is what goes to the standard library's ``logging``, with its
    ``extra`` as fields.
    """

    def debug(self, message: str, /, **fields: object) -> None:
        """For whoever follows the hook closely."""
        _write(wit.Level.DEBUG, message, fields)

    def info(self, message: str, /, **fields: object) -> None:
        """What happens as expected."""
        _write(wit.Level.INFO, message, fields)

    def warning(self, message: str, /, **fields: object) -> None:
        """What somebody should look at."""
        _write(wit.Level.WARN, message, fields)

    def error(self, message: str, /, **fields: object) -> None:
        """What went wrong."""
        _write(wit.Level.ERROR, message, fields)


def _write(level: wit.Level, message: str, fields: dict[str, object]) -> None:
    wit.log(level, whole(str(message)), [(whole(str(name)), whole(shown(value))) for name, value in fields.items()])


_LEVELS = (
    (logging.ERROR, wit.Level.ERROR),
    (logging.WARNING, wit.Level.WARN),
    (logging.INFO, wit.Level.INFO),
)
# What every record has is not a field.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. One that cannot be formatted fails no run: it is told on standard error."""
        try:
            self._emit(record)
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)

    def _emit(self, record: logging.LogRecord) -> None:
        fields = {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.name != "root":
            fields["logger"] = record.name
        if record.exc_info and record.exc_info[0]:
            fields["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        level = next((to for least, to in _LEVELS if record.levelno >= least), wit.Level.DEBUG)
        _write(level, record.getMessage(), fields)


def _standard() -> list[object]:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return [one for one in streams if one is not None]


@contextmanager
def standard_logging() -> Iterator[None]:
    """The standard library's log goes to the operator's meanwhile, from the level INFO on if the hook says no other."""
    root, handler = logging.getLogger(), _Handler()
    level = root.level
    if level == logging.WARNING:
        root.setLevel(logging.INFO)
    # What is printed is in the log anyway: records would be there twice.
    printing = [one for one in root.handlers if getattr(one, "stream", None) in _standard()]
    for one in printing:
        root.removeHandler(one)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for one in printing:
            root.addHandler(one)
        root.setLevel(level)
