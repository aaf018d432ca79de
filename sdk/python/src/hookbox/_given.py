"""What is given to the host, checked before: a fault at the border ends the component, without file and line."""

from __future__ import annotations

from typing import Any

_MOST = (1 << 32) - 1


def text(value: Any, what: str) -> str:
    """A text.

    Raises:
        TypeError: when it is something else.
        ValueError: when it has half of a character, which UTF-8 does not have.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} is a text, not {value!r}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{what} has half of a character: {value[error.start]!r}") from None
    return value


def maybe(value: Any, what: str) -> str | None:
    """A text or nothing, likewise."""
    return None if value is None else text(value, what)


def whole(text: str) -> str:
    """A text for people, with ``?`` for halves of characters."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def count(value: Any, what: str) -> int | None:
    """A number that says how many at most, or nothing.

    Raises:
        TypeError: when it is something else.
        ValueError: when it is negative.
    """
    if value is None:
        return None
    if not isinstance(value, int):
        raise TypeError(f"{what} is a whole number, not {value!r}")
    if value < 0:
        raise ValueError(f"{what} is not negative, as {value} is")
    return min(int(value), _MOST)
