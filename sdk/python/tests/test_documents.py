"""Documents as types of Python, and their difference."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest

from hookbox.diff import difference
from hookbox.typed import from_json, text_of


class Named(TypedDict):
    name: str


@dataclass
class Container:
    image: str
    image_pull_policy: str | None = None


@dataclass
class Spec:
    containers: list[Container]
    node_name: str | None = None
    class_: str = field(default="none", metadata={"key": "priorityClassName"})
    extra: dict[str, Container] = field(default_factory=dict)
    anything: Any = None


def test_dataclasses_are_made_of_documents_and_back():
    document = {
        "nodeName": "n",
        "priorityClassName": "high",
        "containers": [{"image": "a", "imagePullPolicy": "Always", "ports": []}],
        "extra": {"x": {"image": "b"}},
        "unknown": 1,
    }
    spec = from_json(Spec, document)
    assert spec == Spec([Container("a", "Always")], "n", "high", {"x": Container("b")})
    assert text_of(spec) == (
        '{"containers":[{"image":"a","imagePullPolicy":"Always"}],"nodeName":"n","priorityClassName":"high",'
        '"extra":{"x":{"image":"b"}}}'
    )


@pytest.mark.parametrize(
    ("type_", "document", "said"),
    [
        (Spec, [], "this is a list, not a Spec"),
        (Spec, {"containers": [{"image": 1}]}, "containers: image: this is a number, not str"),
        (Spec, {}, "missing 1 required positional argument: 'containers'"),
        (int, True, "this is a boolean, not int"),
        (list[int], {}, "this is an object, not list"),
        (int | None, "a", "this is a string, not int"),
    ],
)
def test_what_is_not_of_a_type_is_said_with_its_place(type_, document, said):
    with pytest.raises(TypeError, match=said):
        from_json(type_, document)


def test_other_types():
    assert from_json(Named, {"name": "a"}) == {"name": "a"}
    assert from_json(float, 1) == 1.0
    assert from_json(int | None, None) is None
    assert from_json(lambda document: document["a"], {"a": 1}) == 1
    assert from_json(dict[str, int], {"a": 1}) == {"a": 1}


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError, match="a complex cannot be written as JSON"):
        text_of({"a": 1j})
    with pytest.raises(ValueError):
        text_of(float("nan"))


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, [{"op": "replace", "path": "/a", "value": True}]),
        ({"a": 1}, {"b": None}, [{"op": "remove", "path": "/a"}, {"op": "add", "path": "/b", "value": None}]),
        ({"a": {"b~/": [1]}}, {"a": {"b~/": [2]}}, [{"op": "replace", "path": "/a/b~0~1", "value": [2]}]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, []),
        (None, {"a": 1}, [{"op": "replace", "path": "", "value": {"a": 1}}]),
    ],
)
def test_the_difference_is_what_changed(before, after, patch):
    assert difference(before, after) == patch
