"""What the real host refuses, the host of tests refuses with the same code.

``tests/hosts/cases.json`` of hookbox's repository is played on both.
"""

from __future__ import annotations

import ipaddress
import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from componentize_py_types import Err

from .._bindings.exports import admission
from .._bindings.imports import cluster, http, object_patches, types
from . import _json
from ._document import tokens
from ._json import refuse

_NAME = 253
_LABELS = 64
_LABEL_VALUE = 4 << 10
_BUCKETS = 200
_FILTER = 64 << 10

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,255}")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,255}")
_VERSION = re.compile(r"(?:[a-z0-9.-]+/)?[a-z0-9-]+")
_KIND = re.compile(r"[a-zA-Z0-9-][a-zA-Z0-9.-]*")
_SUBRESOURCE = re.compile(r"/?[a-z0-9-]{1,63}")
_READ_VERSION = re.compile(r"(?:([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*)/)?[a-z0-9-]{1,63}")
_READ_KIND = re.compile(r"[a-zA-Z0-9]{1,63}")
_READ_NAMESPACE = re.compile(r"[a-z0-9-]{1,63}")
_READ_NAME = re.compile(r"[!-~]{1,253}")
_TOKEN = re.compile(r"[a-zA-Z0-9!#$%&'*+.^_`|~-]+")
_URL = re.compile(
    r"https?://(?:\[([0-9a-fA-F:.]*)\]|([a-zA-Z0-9._-]+))(?::([0-9]+))?(?:[/?][!#-;=?-\[\]_a-z~]*)?"
)
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_ANNOTATION = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?")

# Headers that are the host's to write.
_OWN = frozenset(
    "connection content-length expect host http2-settings keep-alive proxy-authenticate proxy-authorization "
    "proxy-connection te trailer transfer-encoding upgrade".split()
)


def _bytes(text: str) -> int:
    return len(text.encode())


def _control(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" for c in text)


def _segment(field: str, name: Any) -> None:
    """A name that becomes one part of an address."""
    if not isinstance(name, str) or not name:
        raise refuse("invalid-object", f"`{field}` is missing, empty or no string")
    bad = name in (".", "..") or _control(name) or any(c in "/%?#\\" or c.isspace() for c in name)
    if bad or _bytes(name) > _NAME:
        raise refuse("invalid-object", f"{name!r} is not a valid `{field}`")


def _type(api_version: Any, kind: Any) -> None:
    if api_version is not None:
        good = isinstance(api_version, str) and _VERSION.fullmatch(api_version) and ".." not in api_version
        if not good or len(api_version) > _NAME:
            raise refuse("invalid-object", f"{api_version!r} is not an apiVersion such as `apps/v1`")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or len(kind) > _NAME:
        raise refuse("invalid-object", f"{kind!r} is not a kind")


def manifest(text: str, always_new: bool) -> dict[str, Any]:
    """A manifest that is to be created."""
    tree = _json.read(text)
    if not isinstance(tree, dict):
        raise refuse("invalid-object", "a manifest is a JSON object")
    _type(tree.get("apiVersion", ""), tree.get("kind"))
    if tree["apiVersion"] is None:
        raise refuse("invalid-object", "`apiVersion` is no string")
    metadata = tree.get("metadata")
    if not isinstance(metadata, dict):
        raise refuse("invalid-object", "the manifest has no `metadata`")
    if metadata.get("namespace") not in (None, "") or metadata.get("namespace") is False:
        _segment("metadata.namespace", metadata["namespace"])
    if metadata.get("name") is None and "generateName" in metadata:
        if not always_new:
            raise refuse("invalid-object", "`metadata.generateName` always makes a new object: use create")
        _segment("metadata.generateName", metadata["generateName"])
    else:
        _segment("metadata.name", metadata.get("name"))
    return tree


def reference(ref: object_patches.ObjectRef) -> None:
    """A reference to an object. What is empty counts as left out."""
    _type(ref.api_version or None, ref.kind)
    if ref.namespace:
        _segment("namespace", ref.namespace)
    _segment("name", ref.name)


def patch(operation: str, content: str, options: object_patches.PatchOptions) -> Any:
    """A patch of an object and its options: the document, or the filter."""
    if options.subresource and not _SUBRESOURCE.fullmatch(options.subresource):
        raise refuse("invalid-object", f"{options.subresource!r} is not the name of a subresource")
    if operation == "JQPatch":
        if not content.strip() or _bytes(content) > _FILTER:
            raise refuse("invalid-patch", "a jq filter is neither empty nor longer than 64 KiB")
        return content
    tree = _json.read(content)
    if operation == "MergePatch":
        if not isinstance(tree, dict):
            raise refuse("invalid-patch", "a merge patch is a JSON object")
        return tree
    if not isinstance(tree, list):
        raise refuse("invalid-patch", "a JSON patch is an array of operations")
    for index, one in enumerate(tree):
        if what := _fault(one):
            raise refuse("invalid-patch", f"operation {index}: {what}")
    return tree


def _fault(one: Any) -> str | None:
    if not isinstance(one, dict):
        return "not an object"
    op = one.get("op")
    if op not in ("add", "remove", "replace", "move", "copy", "test"):
        return f"`op` {op!r} is none of add, remove, replace, move, copy, test"
    for key in ("path", "from") if op in ("move", "copy") else ("path",):
        pointer = one.get(key)
        if not isinstance(pointer, str):
            return f"`{key}` is missing or no string"
        try:
            tokens(pointer, "invalid-patch")
        except Err as error:
            return str(error.value.message)
    if op in ("add", "replace", "test") and "value" not in one:
        return f"`{op}` without `value`"
    return None


def metric(
    action: str, name: str, value: float, labels: Sequence[tuple[str, str]], group: str | None, buckets: Sequence[float]
) -> None:
    """An operation on a metric."""
    if action != "expire":
        _series(action, name, value, labels, buckets)
    if group and (_bytes(group) > _NAME or _control(group)):
        raise refuse("invalid-metric", f"{group!r} is not the name of a group")


def _series(
    action: str, name: str, value: float, labels: Sequence[tuple[str, str]], buckets: Sequence[float]
) -> None:
    if not _METRIC.fullmatch(name):
        raise refuse("invalid-metric", f"{name!r} is not the name of a metric")
    if not math.isfinite(value):
        raise refuse("invalid-metric", f"{name}: the value {value} is not finite")
    if action == "add" and value < 0:
        raise refuse("invalid-metric", f"{name}: a counter cannot go down")
    if len(labels) > _LABELS:
        raise refuse("invalid-label", f"{name}: {len(labels)} labels, at most {_LABELS} are allowed")
    seen = set()
    for label, content in labels:
        reserved = label.startswith("__") or (action == "observe" and label == "le")
        if reserved or not _LABEL.fullmatch(label):
            raise refuse("invalid-label", f"{name}: {label!r} is not the name of a label")
        if _bytes(content) > _LABEL_VALUE:
            raise refuse("invalid-label", f"{name}: label {label} has more than {_LABEL_VALUE} bytes")
        if label in seen:
            raise refuse("invalid-label", f"{name}: label {label} is there twice")
        seen.add(label)
    if action == "observe" and not (0 < len(buckets) <= _BUCKETS and all(map(math.isfinite, buckets))):
        raise refuse("invalid-buckets", f"{name}: buckets have 1 to {_BUCKETS} finite bounds")


def read(api_version: str, kind: str, namespace: str | None) -> None:
    """What a read of the cluster is about."""
    version = _READ_VERSION.fullmatch(api_version)
    if not version or len(version[1] or "") > _NAME:
        raise refuse("invalid-argument", f"{api_version!r} is no group and version")
    if not _READ_KIND.fullmatch(kind):
        raise refuse("invalid-argument", f"{kind!r} is no kind")
    if namespace is not None and not _READ_NAMESPACE.fullmatch(namespace):
        raise refuse("invalid-argument", f"{namespace!r} is no namespace")


def read_name(name: str) -> None:
    """The name of an object that is read."""
    if name in (".", "..") or not _READ_NAME.fullmatch(name) or any(c in "/%?#\\" for c in name):
        raise refuse("invalid-argument", f"{name!r} is no name of an object")


def selection(of: cluster.Selection) -> None:
    """Which objects are listed."""
    if any(_bytes(selector or "") > 4 << 10 for selector in (of.label_selector, of.field_selector)):
        raise refuse("invalid-argument", "the selector has more than 4 KiB")
    if _bytes(of.after or "") > 16 << 10:
        raise refuse("invalid-argument", "this is no place to go on")


def request(of: http.Request) -> None:
    """A request over HTTP."""
    if not _TOKEN.fullmatch(of.method):
        raise refuse("invalid-argument", f"{of.method!r} is no method")
    if _bytes(of.url) > 8 << 10:
        raise refuse("invalid-argument", "the URL is longer than 8 KiB")
    if len(of.headers) > 100 or sum(_bytes(name) + _bytes(value) for name, value in of.headers) > 16 << 10:
        raise refuse("invalid-argument", "the headers are more than 100, or have more than 16 KiB")
    for name, value in of.headers:
        if not _TOKEN.fullmatch(name):
            raise refuse("invalid-argument", f"{name!r} is no name of a header")
        if name.lower() in _OWN:
            raise refuse("invalid-argument", f"the header {name} is the host's to write")
        if any((c < " " and c != "\t") or c == "\x7f" for c in value):
            raise refuse("invalid-argument", f"the header {name} has a value that cannot be sent")
    # Nobody sends a fragment.
    url = of.url.partition("#")[0]
    parts = _URL.fullmatch(url)
    if not parts:
        raise refuse("invalid-argument", f"{url!r} is no URL of HTTP")
    address, host, port = parts.groups()
    if port is not None and not 0 < int(port[:6]) < 1 << 16:
        raise refuse("invalid-argument", f"the port is no number between 1 and 65535: {url!r}")
    name = (host or "").removesuffix(".").lower()
    try:
        if address is not None:
            ipaddress.IPv6Address(address)
        elif _NUMBER.fullmatch(name):
            ipaddress.IPv4Address(name)
        elif not _HOST.fullmatch(name) or len(name) > _NAME:
            raise ValueError("the host is no name")
    except ValueError as error:
        raise refuse("invalid-argument", f"{error}: {url!r}") from None


def answer(of: admission.Response, mutates: bool) -> None:
    """The answer to a review."""
    if len(of.warnings) > 100 or len(of.audit_annotations) > 100:
        raise refuse("answer", "an answer has at most 100 warnings and 100 audit annotations")
    for key, _ in of.audit_annotations:
        if not _ANNOTATION.fullmatch(key):
            raise refuse(
                "answer",
                f"the audit annotation {key!r} is not made of letters, digits, `-`, `_` and `.`, 63 at most",
            )
    if of.patch is None:
        return
    if not mutates:
        raise refuse("answer", "it has a patch, but a validating hook changes nothing")
    if not isinstance(_read(of.patch), list):
        raise refuse("answer", "its patch is no JSON array")


def converted(objects: Sequence[str], given: int) -> None:
    """What was made of so many objects."""
    if len(objects) != given:
        raise refuse("answer", f"it gave {len(objects)} objects for {given}")
    for index, text in enumerate(objects):
        if not isinstance(_read(text), dict):
            raise refuse("answer", f"object {index} is not a JSON object")


def _read(text: str) -> Any:
    try:
        return _json.read(text)
    except Err:
        return None


def message(error: Err[types.Refusal]) -> str:
    """What a refusal says."""
    return f"the host does not take the answer: {error.value.message}"
