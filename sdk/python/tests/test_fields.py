"""Objects that are cut down to what a type looks at make the same values as whole ones."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, Optional, TypedDict

import pytest

import hookbox
from hookbox._fields import IDENTITY, fields_for
from hookbox.hook import registered
from hookbox.testing import Failure, Host
from hookbox.testing._document import cut, tokens
from hookbox.typed import from_json, prepare


@pytest.fixture(autouse=True)
def alone():
    registered.clear()
    yield
    registered.clear()


@dataclass
class Nothing:
    pass


@dataclass
class Port:
    container_port: int
    name: str | None = None


@dataclass
class Container:
    image: str
    ports: Optional[list[Port]] = None
    pair: tuple[Port, int] | None = None
    all_ports: tuple[Port, ...] = ()


@dataclass
class Tree:
    name: str
    tree: "Tree | None" = None
    trees: "list[Tree]" = field(default_factory=list)


class Env(TypedDict):
    name: str
    of: NotRequired["Container"]


class Spec(TypedDict, total=False):
    env: list[Env]
    node: str


@dataclass
class Whole:
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    containers: list[Container] = field(default_factory=list)
    either: Port | Container | str | None = None
    loose: Port | dict[str, Any] | None = None
    other: Mapping[str, Port] = field(default_factory=dict)
    several: Sequence[Port] = ()
    mode: Literal["a", "b"] | None = None
    number: float = 0
    spec: Spec | None = None
    tree: Tree | None = None
    nothing: Nothing | None = None
    odd: Any = field(default=None, metadata={"key": "a/b~c"})
    computed: str = field(default="", init=False)


KEYS = ["name", "labels", "containers", "either", "loose", "other", "several", "number", "spec", "tree", "trees"]
KEYS += ["nothing", "a/b~c", "image", "ports", "containerPort", "pair", "allPorts", "env", "node", "of", "computed"]
KEYS += ["mode", "unknown"]


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        (Port, ["/containerPort", "/name"]),
        (list[Port], ["/containerPort", "/name"]),
        (Optional[Port], ["/containerPort", "/name"]),
        (Port | str, ["/containerPort", "/name"]),
        (Nothing, []),
        (Env, [*IDENTITY, "/name", "/of"]),
        (Spec, [*IDENTITY, "/env/name", "/env/of", "/node"]),
        (Tree, ["/name", "/tree", "/trees"]),
        (
            Container,
            ["/image"]
            + [f"/{ports}/{of}" for ports in ("ports", "pair", "allPorts") for of in ("containerPort", "name")],
        ),
        (Any, None),
        (dict, None),
        (dict[str, Port], None),
        (Port | dict, None),
        (from_json, None),
        (str, None),
    ],
)
def test_a_type_names_its_fields(type_, fields):
    assert fields_for(type_) == fields


def test_whole_objects_where_more_fields_are_named_than_the_host_takes():
    def of(count, key="f"):
        types = {"__annotations__": {f"{key}{n}": str for n in range(count)}}
        return dataclass(type("Wide", (), types))

    assert len(fields_for(of(256))) == 256
    assert fields_for(of(257)) is None
    assert fields_for(of(1, key="f" * (8 << 10))) is None
    assert fields_for(of(200) | of(100)) is not None
    assert fields_for(of(200) | of(100, "g")) is None


def test_types_that_are_not_found_are_a_fault_of_who_uses_them():
    @dataclass
    class Broken:
        of: "Missing"  # noqa: F821

    prepare(Broken)
    prepare(3)
    assert fields_for(Broken) is None
    with pytest.raises(NameError):
        from_json(Broken, {"of": 1})


def document(random, depth=0):
    """A document that mostly fits, of keys that types know."""
    kind = random.choice(["object", "object", "list", "leaf"]) if depth < 5 else "leaf"
    if kind == "object":
        return {random.choice(KEYS): document(random, depth + 1) for _ in range(random.randrange(9))}
    if kind == "list":
        return [document(random, depth + 1) for _ in range(random.randrange(3))]
    return random.choice([None, True, 1, 1.5, "a", ""])


def port(random):
    return {"containerPort": random.randrange(9), "protocol": "TCP"}


def container(random):
    rest = {
        "ports": [port(random)],
        "pair": [port(random), 1],
        "allPorts": [port(random), port(random)],
        "env": [{}],
        "unknown": {"name": "x"},
    }
    return {"image": "i"} | {key: rest[key] for key in random.sample(sorted(rest), 3)}


def whole(random):
    rest = {
        "containers": [container(random), container(random)],
        "either": random.choice([port(random), container(random), "text", None]),
        "loose": random.choice([port(random), {"x": 1}, None]),
        "other": {"a": port(random)},
        "several": [port(random)],
        "spec": {"env": [{"name": "e", "of": container(random)}]},
        "tree": {"name": "t", "x": 1, "tree": {"name": "u", "trees": [{"name": "v"}], "y": 2}},
        "nothing": {"something": 1},
        "a/b~c": {"k": [1]},
        "number": 3,
        "labels": {"k": "v"},
        "status": {"phase": "Running"},
    }
    return {"name": "n"} | {key: rest[key] for key in random.sample(sorted(rest), random.randrange(len(rest)))}


def fitting(random):
    """A document that fits one of the types, in most cases."""
    document_ = random.choice([port, container, whole])(random)
    if random.random() < 0.3:
        document_[random.choice(KEYS)] = document(random)
    return document_


def known(value):
    """A value with what its type knows: a `TypedDict` is the document as it is."""
    if isinstance(value, Whole) and isinstance(value.spec, dict):
        value.spec = {key: one for key, one in value.spec.items() if key in ("env", "node")}
        env = value.spec.get("env")
        if isinstance(env, (dict, list)):
            value.spec["env"] = cut(env, [["name"], ["of"]], False)
    return value


def made(type_, document):
    try:
        return known(from_json(type_, document))
    except TypeError as fault:
        return str(fault)


@pytest.mark.parametrize("type_", [Whole, Container, Tree, Port | Container, Container | Tree | None])
def test_a_cut_document_makes_what_the_whole_one_makes(type_):
    numbers = random.Random(7)
    paths = [tokens(path, "invalid-pointer") for path in fields_for(type_)]
    values = faults = 0
    for _ in range(3000):
        given = numbers.choice([fitting, document])(numbers)
        expected = made(type_, given)
        assert made(type_, cut(given, paths, False)) == expected
        faults += isinstance(expected, str)
        values += not isinstance(expected, str)
    assert min(values, faults) > 30


def pods(count):
    meta = {"namespace": "default", "uid": "u"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{n}"} | meta,
            "spec": {"nodeName": "n", "containers": [{"image": "a", "env": []}, {"image": "b"}]},
        }
        for n in range(count)
    ]


class Named(TypedDict):
    metadata: dict[str, Any]


def test_only_what_is_named_is_copied(monkeypatch):
    from hookbox.testing import _host

    asked = []
    select = _host.Snapshot.select
    monkeypatch.setattr(
        _host.Snapshot, "select", lambda self, *given: (asked.append(given[2]), select(self, *given))[1]
    )
    identity = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p0", "namespace": "default"}}

    @hookbox.hook("reads")
    def reads(run):
        of = run.snapshots["pods"]
        images = list(of.objects(fields=["/spec/containers/image"]))
        assert len(images) == 250 and [one["metadata"]["name"] for one in images] == [f"p{n}" for n in range(250)]
        assert images[0] == identity | {"spec": {"containers": [{"image": "a"}, {"image": "b"}]}}
        assert next(of.objects(fields=[])) == identity
        assert next(of.objects(fields="/spec/nodeName"))["spec"] == {"nodeName": "n"}
        assert next(of.objects(lambda one: one["spec"], fields=["/spec/nodeName"])) == {"nodeName": "n"}
        run.patch.delete(next(of.objects(Named)))
        del asked[:]
        assert next(of.objects()) == pods(1)[0] and next(iter(of)).object == pods(1)[0]
        assert [one["kind"] for one in of.objects(dict[str, Any])] == ["Pod"] * 250
        assert asked == []
        with pytest.raises(hookbox.Refused, match="invalid-pointer"):
            list(of.objects(fields=["metadata"]))
        with pytest.raises(hookbox.Refused, match="invalid-pointer"):
            list(of.objects(fields=[f"/{n}" for n in range(253)]))
        assert next(of.objects(fields=[f"/{n}" for n in range(252)])) == identity

    patches = Host(snapshots={"pods": pods(250)}).run(reads).patches
    assert [(patch.kind, patch.name, patch.namespace) for patch in patches] == [("Pod", "p0", "default")]


def test_what_does_not_fit_says_which_entry():
    @hookbox.hook("reads")
    def reads(run):
        list(run.snapshots["pods"].objects(Port))

    with pytest.raises(Failure, match="entry 0: .*missing 1 required positional argument: 'container_port'"):
        Host(snapshots={"pods": pods(1)}).run(reads)
