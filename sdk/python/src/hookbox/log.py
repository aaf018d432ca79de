"""The operator's log."""

from __future__ import annotations

import logging
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
        fields = {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.name != "root":
            fields["logger"] = record.name
        if record.exc_info and record.exc_info[0]:
            fields["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        level = next((to for least, to in _LEVELS if record.levelno >= least), wit.Level.DEBUG)
        _write(level, record.getMessage(), fields)


@contextmanager
def standard_logging() -> Iterator[None]:
    """The standard library's log goes to the operator's meanwhile, from the level INFO on if the hook says no other."""
    root, handler = logging.getLogger(), _Handler()
    level = root.level
    if level == logging.WARNING:
        root.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
