"""Requests over HTTP, to hosts that were granted::

    answer = hookbox.http.get("https://api.example.com/teams", timeout=5)
    answer.raise_for_status()
    teams = answer.json()

Sockets are not there in a component: ``urllib`` and other clients reach nothing.
"""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._bindings.imports import http as wit
from ._given import count, text
from .errors import call
from .typed import shown, text_of


class StatusError(Exception):
    """A response with a status of 400 or more, by :meth:`Response.raise_for_status`."""

    def __init__(self, url: str, response: Response) -> None:
        super().__init__(f"{url} answered with status {response.status}")
        self.response = response
        """The response."""


@dataclass(frozen=True)
class Response:
    """What a server answered.

    Attributes:
        status: The status, such as 200.
        headers: Headers in their order, with names in lower case.
        body: The body.
        url: What was asked for.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body as text, in UTF-8. What is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: when it is none.
        """
        return _json.loads(self.body)

    def header(self, name: str, default: str | None = None) -> str | None:
        """The first header of a name, in any case."""
        return next((value for key, value in self.headers if key == name.lower()), default)

    def raise_for_status(self) -> Response:
        """The response itself.

        Raises:
            StatusError: when the status is 400 or more.
        """
        if not self.ok:
            raise StatusError(self.url, self)
        return self


Headers = Mapping[str, str] | Iterable[tuple[str, str]]
"""Headers of a request."""


def request(
    method: str,
    url: str,
    *,
    headers: Headers = (),
    params: Mapping[str, Any] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    timeout: float | None = None,
    limit: int | None = None,
) -> Response:
    """Send a request and wait for the whole answer. Redirects are not followed.

    Args:
        method: Such as ``GET``.
        url: An absolute URL of a host that was granted.
        headers: Headers.
        params: Put behind the URL as its query; a list gives a name several times, ``None`` leaves it out.
        body: The body; text is sent as UTF-8.
        json: Sent as the body, with its content type.
        timeout: Seconds until the answer has come whole; ``None``, and more than 60, mean 60.
        limit: Bytes of the answer's body at most; ``None``, and more than 16 MiB, mean 16 MiB.

    Raises:
        Refused: ``not-granted``, ``invalid-argument``, ``unreachable``, ``timed-out``, ``broken`` or ``too-large``.
    """
    given = headers.items() if isinstance(headers, Mapping) else headers
    pairs = [(text(name, "a header's name"), text(value, "a header")) for name, value in given]
    query = "&".join(_query(params or {}))
    if query:
        address, hash, fragment = url.partition("#")
        url = f"{address}{'&' if '?' in address else '?'}{query}{hash}{fragment}"
    if json is not None:
        if body is not None:
            raise ValueError("a request has a body or JSON, not both")
        body = text_of(json)
        if all(name.lower() != "content-type" for name, _ in pairs):
            pairs.append(("content-type", "application/json"))
    if body is not None and not isinstance(body, (str, bytes, bytearray)):
        raise TypeError(f"a body is bytes or text, not {body!r}")
    content = body.encode() if isinstance(body, str) else None if body is None else bytes(body)
    milliseconds = None if timeout is None else count(max(0, round(timeout * 1000)), "a timeout")
    text(method, "a method")
    text(url, "a URL")
    answer = call(wit.send, wit.Request(method, url, pairs, content, milliseconds, count(limit, "a limit")))
    received = tuple((name.lower(), value) for name, value in answer.headers)
    return Response(answer.status, received, bytes(answer.body), url)


_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _query(params: Mapping[str, Any]) -> Iterator[str]:
    # The standard library has it too, with modules that would be part of every component.
    def quoted(given: str) -> str:
        return "".join(
            one if one in _UNRESERVED else "".join(f"%{byte:02X}" for byte in one.encode())
            for one in text(given, "a parameter")
        )

    for name, value in params.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                yield f"{quoted(name)}={quoted(shown(one))}"


def get(url: str, **options: Any) -> Response:
    """Send a GET. Options are those of :func:`request`."""
    return request("GET", url, **options)


def post(url: str, **options: Any) -> Response:
    """Send a POST. Options are those of :func:`request`."""
    return request("POST", url, **options)


def put(url: str, **options: Any) -> Response:
    """Send a PUT. Options are those of :func:`request`."""
    return request("PUT", url, **options)


def patch(url: str, **options: Any) -> Response:
    """Send a PATCH. Options are those of :func:`request`."""
    return request("PATCH", url, **options)


def delete(url: str, **options: Any) -> Response:
    """Send a DELETE. Options are those of :func:`request`."""
    return request("DELETE", url, **options)
