"""What documents become as values of types, and what is written of values."""

import dataclasses
import enum
import typing
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, TypeVar

import pytest

import hookbox
from hookbox._fields import fields_for
from hookbox.hook import registered
from hookbox.testing import Host
from hookbox.typed import from_json, prepare, text_of, to_document

T = TypeVar("T")
K = TypeVar("K")


@pytest.fixture(autouse=True)
def alone():
    registered.clear()
    yield
    registered.clear()


@dataclass
class Port:
    container_port: int = 0


@dataclass
class Box(Generic[T]):
    items: list[T]
    n: int = 0
    next: "Box[T] | None" = None


@dataclass
class Pair(Generic[K, T]):
    left: K
    right: dict[str, T] = field(default_factory=dict)


@dataclass
class Swapped(Pair[list[T], K], Generic[K, T]):
    own: T | None = None


@dataclass
class Ports(Box[Port]):
    other: Box[int] | None = None


class Point(NamedTuple):
    port: Port
    host_ip: str = "none"


class Named(NamedTuple, Generic[T]):
    of: T


class Phase(enum.Enum):
    A = "A"
    B = "B"


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Checked:
    name: str
    phase: Phase | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("the name is empty")


@dataclass
class Holder:
    checked: Checked
    mode: Literal["auto"] | Port = "auto"


@dataclass
class Start:
    seed: InitVar[int]
    kept: ClassVar[int] = 3
    more: InitVar[str] = "m"
    total: int = 0

    def __post_init__(self, seed: int, more: str) -> None:
        self.total += seed + len(more)


@dataclass
class Times:
    start_time: datetime
    day: date | None = None


Port_ = NewType("Port_", Port)
PORT = {"containerPort": 80}


@pytest.mark.parametrize(
    ("type_", "document", "value"),
    [
        (Box[Port], {"items": [PORT], "n": 3}, Box([Port(80)], 3)),
        (Box[Port], {"items": [], "next": {"items": [PORT]}}, Box([], 0, Box([Port(80)]))),
        (Box[Box[Port]], {"items": [{"items": [PORT]}]}, Box([Box([Port(80)])])),
        (list[Box[Port]] | None, [{"items": [PORT]}], [Box([Port(80)])]),
        (Box, {"items": [PORT]}, Box([PORT])),
        (Box[Port | str], {"items": [PORT, "a"]}, Box([Port(80), "a"])),
        (Ports, {"items": [PORT], "other": {"items": [1]}}, Ports([Port(80)], other=Box([1]))),
        (
            Swapped[int, Port],
            {"left": [PORT], "right": {"a": 1}, "own": PORT},
            Swapped([Port(80)], {"a": 1}, Port(80)),
        ),
        (Named[Port], {"of": PORT}, Named(Port(80))),
        (Point, {"port": PORT, "hostIP": "1.2.3.4"}, Point(Port(80), "1.2.3.4")),
        (Point, {"port": PORT}, Point(Port(80))),
        (Point, [PORT, "1.2.3.4"], Point(Port(80), "1.2.3.4")),
        (list[Point], to_document([Point(Port(80))]), [Point(Port(80))]),
        (Literal["a", 1], 1, 1),
        (Literal["auto"] | Port, PORT, Port(80)),
        (Literal["auto"] | Port, "auto", "auto"),
        (Literal["auto", None], None, None),
        (Literal[Phase.A], "A", Phase.A),
        (Phase | str, "C", "C"),
        (Phase | str, "A", Phase.A),
        (Level, 1, Level.LOW),
        (datetime, "2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=timezone.utc)),
        (datetime | str, "soon", "soon"),
        (Times, {"startTime": "2026-03-01T10:00:00.5+02:00", "day": "2026-03-01"},
         Times(datetime(2026, 3, 1, 8, 0, 0, 500000, timezone.utc), date(2026, 3, 1))),
        (Iterable[Port], [PORT], [Port(80)]),
        (Collection[Port], [PORT], [Port(80)]),
        (Sequence[str], ["abc"], ["abc"]),
        (frozenset[str], ["a", "a"], frozenset("a")),
        (set[Literal[1]], [1], {1}),
        (MutableMapping[str, Port], {"a": PORT}, {"a": Port(80)}),
        (Mapping[str, Port], {"a": PORT}, {"a": Port(80)}),
        (Annotated[Port, []], PORT, Port(80)),
        (list[Annotated[Port, []]], [PORT], [Port(80)]),
        (Port_, PORT, Port(80)),
        (tuple, [1, 2], (1, 2)),
        (Start, {"seed": 2, "more": "xy", "total": 1}, Start(2, more="xy", total=1)),
        (Start, {"seed": 2}, Start(2)),
    ],
)  # fmt: skip
def test_a_document_becomes_a_value(type_, document, value):
    made = from_json(type_, document)
    assert made == value and type(made) is type(value)


@pytest.mark.parametrize(
    ("type_", "document", "fault"),
    [
        (Literal["a", 1], "b", "this is 'b', not one of 'a', 1"),
        (Literal["a"], PORT, "this is an object, not 'a'"),
        (Literal[1], True, "this is True, not 1"),
        (Phase, "C", "this is 'C', not a Phase"),
        (Checked, {"name": "a", "phase": "C"}, "phase: this is 'C', not a Phase"),
        (Holder, {"checked": {"name": ""}}, "checked: the name is empty"),
        (list[Checked] | str, [{"name": ""}], "the name is empty; this is a list, not str"),
        (Literal["auto"] | Port, "b", "this is 'b', not 'auto'; this is a string, not a Port"),
        (datetime, 3, "this is a number, not a datetime"),
        (Times, {"startTime": "soon"}, "startTime: Invalid isoformat string: 'soon'"),
        (Sequence[str], "abc", "this is a string, not list"),
        (Sequence, "abc", "this is a string, not list"),
        (tuple, "abc", "this is a string, not a list"),
        (Mapping, [], "this is a list, not dict"),
        (Point, [PORT, "a", "b"], "this is a list, not a Point"),
        (Point, [1], "port: this is a number, not a Port"),
        (Point, {"port": 1}, "port: this is a number, not a Port"),
        (Box[Port], {"items": [1]}, "items: this is a number, not a Port"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_type_error_that_says_where(type_, document, fault):
    with pytest.raises(TypeError) as raised:
        from_json(type_, document)
    assert str(raised.value) == fault


def test_where_a_value_was_refused_is_told():
    with pytest.raises(TypeError) as raised:
        from_json(Holder, {"checked": {"name": ""}})
    assert isinstance(raised.value.__cause__, ValueError)


def test_what_is_a_function_raises_what_it_raises():
    def parse(document):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        from_json(parse, {})


def alias(name, value, parameters=()):
    try:
        made = typing.TypeAliasType
    except AttributeError:
        made = pytest.importorskip("typing_extensions").TypeAliasType
    return made(name, value, type_params=parameters)


def test_aliases_are_what_they_stand_for():
    of_ports = alias("OfPorts", list[Port])
    assert from_json(of_ports, [PORT]) == [Port(80)] and fields_for(of_ports) == ["/containerPort"]
    swapped = alias("Swapped", Pair[T, K], (K, T))
    assert from_json(swapped[Port, int], {"left": 1, "right": {"a": PORT}}) == Pair(1, {"a": Port(80)})

    @dataclass
    class Uses:
        ports: of_ports = dataclasses.field(default_factory=list)

    assert from_json(Uses, {"ports": [PORT]}) == Uses([Port(80)]) and fields_for(Uses) == ["/ports/containerPort"]


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        (Box[Port], ["/items/containerPort", "/n", "/next"]),
        (Swapped[int, Port], ["/left/containerPort", "/right", "/own/containerPort"]),
        (Point, ["/port/containerPort", "/hostIP"]),
        (Box[Point], ["/items", "/n", "/next"]),
        (Annotated[Port, []], ["/containerPort"]),
        (Holder, ["/checked/name", "/checked/phase", "/mode/containerPort"]),
        (Iterable[Port], ["/containerPort"]),
        (Port_, ["/containerPort"]),
        (Start, ["/seed", "/more", "/total"]),
        (Times, ["/startTime", "/day"]),
    ],
)
def test_the_fields_of_a_type_are_those_that_it_is_made_of(type_, fields):
    assert fields_for(type_) == fields


@pytest.mark.parametrize("type_", [Annotated[Port, "x"], Box[Port], Point])
def test_objects_of_any_type(type_):
    document = {"items": [PORT], "port": PORT, "containerPort": 80}

    @hookbox.hook("reads")
    def reads(run):
        assert list(run.snapshots["a"].objects(type_)) == [from_json(type_, document)]

    prepare(type_)
    Host(snapshots={"a": [document]}).run(reads)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("node_name", "nodeName"),
        ("class_", "class"),
        ("cluster_ip", "clusterIP"),
        ("cluster_ips", "clusterIPs"),
        ("pod_cidrs", "podCIDRs"),
        ("server_address_by_client_cidrs", "serverAddressByClientCIDRs"),
        ("provider_id", "providerID"),
        ("system_uuid", "systemUUID"),
        ("non_resource_urls", "nonResourceURLs"),
        ("insecure_skip_tls_verify", "insecureSkipTLSVerify"),
        ("open_api_v3_schema", "openAPIV3Schema"),
        ("host_pid", "hostPID"),
        ("host_ipc", "hostIPC"),
        ("disk_uri", "diskURI"),
        ("ip", "ip"),
        ("ip_families", "ipFamilies"),
        ("api_version", "apiVersion"),
        ("uid", "uid"),
        ("run_as_user", "runAsUser"),
        ("ca_bundle", "caBundle"),
        ("hostIP", "hostIP"),
        ("_private", "_private"),
        ("_of_it", "_ofIt"),
    ],
)
def test_a_key_is_what_kubernetes_makes_of_a_name(name, key):
    of = dataclasses.make_dataclass("Of", [(name, str)])
    assert from_json(of, {key: "x"}) == of("x")
    assert fields_for(of) == [f"/{key}"]
    assert to_document(of("x")) == {key: "x"}


def test_null_is_nothing_where_there_is_a_default():
    @dataclass
    class Role:
        rules: list[str] = field(default_factory=list)
        name: str = "none"
        more: str | None = "more"
        any: Any = "any"
        level: Level = Level.LOW

    nulls = {"rules": None, "name": None, "more": None, "any": None, "level": None}
    assert from_json(Role, nulls) == Role([], "none", None, None)
    with pytest.raises(TypeError, match="items: this is null, not list"):
        from_json(Box, {"items": None})


def test_values_are_written_as_kubernetes_has_them():
    east = timezone(timedelta(hours=2))
    assert to_document([Phase.A, Level.LOW, {"at": datetime(2026, 3, 1, 10, tzinfo=east)}]) == [
        "A",
        1,
        {"at": "2026-03-01T08:00:00Z"},
    ]
    assert text_of(datetime(2026, 3, 1, 8)) == '"2026-03-01T08:00:00Z"'
    assert text_of(Times(datetime(2026, 3, 1, 8, 0, 0, 1), date(2026, 3, 1))) == (
        '{"startTime":"2026-03-01T08:00:00.000001Z","day":"2026-03-01"}'
    )
