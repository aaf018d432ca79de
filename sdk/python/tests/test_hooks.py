"""Hooks, from what they are run for to what they ask for."""

import dataclasses
import functools
import json
import linecache
import logging
import re
import sys
import traceback
import warnings

import pytest

import hookbox
from hookbox import exports
from hookbox.config import field_selector, label_selector
from hookbox.hook import registered
from hookbox.testing import Context, Failure, Host, Metric, Record


@pytest.fixture(autouse=True)
def alone():
    registered.clear()
    yield
    registered.clear()


def described(name):
    documents = {hook.name: json.loads(hook.config) for hook in exports.Hooks().describe()}
    return documents[name]


def test_a_decorated_function_is_a_hook():
    @hookbox.hook(on_startup=10, schedule="0 3 * * *", kubernetes=hookbox.Kubernetes("Pod", name="pods", events=[]))
    def list_pods(run: hookbox.Run) -> None:
        """Doc."""

    assert list_pods.__doc__ == "Doc."
    assert described("list-pods") == {
        "configVersion": "v1",
        "onStartup": 10,
        "schedule": [{"crontab": "0 3 * * *", "includeSnapshotsFrom": ["pods"]}],
        "kubernetes": [
            {"name": "pods", "kind": "Pod", "executeHookOnEvent": [], "includeSnapshotsFrom": ["pods"]},
        ],
    }


def test_every_field_of_the_configuration_can_be_said():
    hook = hookbox.Hook(
        "all",
        schedule=[hookbox.Schedule("@hourly", name="s", queue="q", group="g", allow_failure=True)],
        kubernetes=hookbox.Kubernetes(
            "Deployment",
            name="d",
            api_version="apps/v1",
            events=["Added"],
            synchronization=False,
            wait_for_synchronization=False,
            keep_full_objects=False,
            metadata_only=True,
            jq_filter=".metadata",
            names="one",
            labels="app=web,tier in (a, b),!old,x!=y,there",
            fields={"metadata.name": "a"},
            namespace=hookbox.NamespaceSelector(labels={"team": "a"}),
            queue="q",
            group="g",
            include_snapshots_from=[],
            allow_failure=True,
        ),
        settings=hookbox.Settings(1.5, burst=3),
        capabilities={"http": [{"hosts": ["a.example.com"]}]},
    )
    rule = hookbox.Rule("pods", ["CREATE"], scope="Namespaced")

    @hook.validating(
        "a.example.com",
        rule,
        failure_policy="Ignore",
        side_effects="NoneOnDryRun",
        timeout_seconds=3,
        labels={"a": "b"},
        namespace_labels="team",
        match_conditions={"c": "true"},
        group="g",
        include_snapshots_from=["d"],
    )
    def validate(review):
        pass

    @hook.conversion("widgets.example.com", "v1", "v2", name="widgets")
    def convert(thing, request):
        return thing

    assert described("all") == {
        "configVersion": "v1",
        "schedule": [
            {
                "crontab": "@hourly",
                "name": "s",
                "queue": "q",
                "group": "g",
                "allowFailure": True,
                "includeSnapshotsFrom": ["d"],
            }
        ],
        "kubernetes": [
            {
                "name": "d",
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "executeHookOnEvent": ["Added"],
                "executeHookOnSynchronization": False,
                "waitForSynchronization": False,
                "keepFullObjectsInMemory": False,
                "metadataOnly": True,
                "jqFilter": ".metadata",
                "nameSelector": {"matchNames": ["one"]},
                "labelSelector": {
                    "matchLabels": {"app": "web"},
                    "matchExpressions": [
                        {"key": "tier", "operator": "In", "values": ["a", "b"]},
                        {"key": "old", "operator": "DoesNotExist"},
                        {"key": "x", "operator": "NotIn", "values": ["y"]},
                        {"key": "there", "operator": "Exists"},
                    ],
                },
                "fieldSelector": {"matchExpressions": [{"field": "metadata.name", "operator": "Equals", "value": "a"}]},
                "namespace": {"labelSelector": {"matchLabels": {"team": "a"}}},
                "queue": "q",
                "group": "g",
                "allowFailure": True,
            }
        ],
        "kubernetesValidating": [
            {
                "name": "a.example.com",
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["*"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                        "scope": "Namespaced",
                    }
                ],
                "failurePolicy": "Ignore",
                "sideEffects": "NoneOnDryRun",
                "timeoutSeconds": 3,
                "labelSelector": {"matchLabels": {"a": "b"}},
                "namespace": {"labelSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}},
                "matchConditions": [{"name": "c", "expression": "true"}],
                "group": "g",
                "includeSnapshotsFrom": ["d"],
            }
        ],
        "kubernetesCustomResourceConversion": [
            {
                "name": "widgets",
                "crdName": "widgets.example.com",
                "conversions": [{"fromVersion": "v1", "toVersion": "v2"}],
                "includeSnapshotsFrom": ["d"],
            }
        ],
        "settings": {"executionMinInterval": "1500ms", "executionBurst": 3},
        "capabilities": {"http": [{"hosts": ["a.example.com"]}]},
    }


def test_an_instance_is_kept_where_that_is_asked_for():
    assert hookbox.Settings(warm_instance=True).document() == {"warmInstance": True}
    both = hookbox.Settings("1s", warm_instance=True).document()
    assert both == {"executionMinInterval": "1s", "executionBurst": 1, "warmInstance": True}


def test_a_whole_document_can_be_given():
    @hookbox.hook("raw", config="onStartup: 1\nconfigVersion: v1\n")
    def raw(run):
        run.log.info("there")

    assert exports.Hooks().describe()[0].config == "onStartup: 1\nconfigVersion: v1\n"
    assert Host().run(raw).log == [Record("info", "there")]
    with pytest.raises(ValueError, match="whole document"):
        hookbox.Hook("both", config="a", on_startup=1)


@pytest.mark.parametrize("selector", ["a=b=c", "a in b", "(x)", "a in (b"])
def test_a_selector_that_cannot_be_read_is_refused(selector):
    with pytest.raises(ValueError, match="cannot be read"):
        label_selector(selector)


def test_fields_are_equal_or_not():
    assert field_selector("status.phase!=Running")["matchExpressions"][0]["operator"] == "NotEquals"
    with pytest.raises(ValueError, match="equal to something or not"):
        field_selector("a in (b)")


def test_names_are_unique():
    hookbox.Hook("one")
    with pytest.raises(ValueError, match="two hooks with the name 'one'"):
        hookbox.Hook("one")


async def asynchronous(*_):
    pass


def generator(*_):
    yield


async def asynchronous_generator(*_):
    yield


class Asynchronous:
    async def __call__(self, *_):
        pass


LAZY = [asynchronous, generator, asynchronous_generator, Asynchronous(), functools.partial(asynchronous, 1)]


@pytest.mark.parametrize("function", LAZY)
def test_a_function_that_would_do_nothing_is_refused(function):
    rules = hookbox.Rule("pods")
    for decorate in (
        hookbox.hook("lazy"),
        hookbox.validating("a.example.com", rules, hook="lazy"),
        hookbox.mutating("a.example.com", rules, hook="lazy"),
        lambda one: hookbox.Hook("lazy", kubernetes=hookbox.Kubernetes("Pod", filter=one)),
    ):
        with pytest.raises(TypeError, match="would do nothing"):
            decorate(function)
        assert "lazy" not in registered
    it = hookbox.Hook("it")
    for decorate in (
        it.run,
        it.filter("pods"),
        it.validating("a.example.com", rules),
        it.mutating("a.example.com", rules),
        it.conversion("widgets.example.com", "v1", "v2"),
    ):
        with pytest.raises(TypeError, match="would do nothing"):
            decorate(function)


def test_a_decorator_without_its_parentheses_is_refused():
    def tick(run):
        pass

    given = hookbox.Hook("given", config={"configVersion": "v1"})
    for decorate, usage in (
        (hookbox.hook, "@hookbox.hook()"),
        (hookbox.Hook, "hookbox.Hook(name, ...)"),
        (given.filter, "filter(binding)"),
        (given.validating, "validating(name, rules)"),
        (given.mutating, "mutating(name, rules)"),
        (lambda one: hookbox.mutating(one, hookbox.Rule("pods")), "@hookbox.mutating(name, rules)"),
    ):
        with pytest.raises(TypeError, match=re.escape(f"write `{usage}`")):
            decorate(tick)
    with pytest.raises(TypeError, match="a function is expected, not None"):
        hookbox.hook()(None)
    assert list(registered) == ["given"]


@dataclasses.dataclass
class Metadata:
    name: str
    namespace: str | None = None


@dataclasses.dataclass
class Pod:
    metadata: Metadata
    api_version: str = "v1"


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": {}}


def test_a_run_sees_and_asks():
    @hookbox.hook("sweep")
    def sweep(run):
        pods = run.snapshots["pods"]
        assert len(pods) == 3 and "nodes" not in run.snapshots and list(run.snapshots) == ["pods"]
        assert pods[-1].object_at("/metadata/name") == "c"
        assert pods[0].object["kind"] == "Pod" and pods[0].filter_result == "a"
        assert [entry.index for entry in pods[1:]] == [1, 2]
        assert pods[0].object_at("/status") is None
        assert [one.metadata.name for one in pods.objects(Pod)] == list(pods.filter_results(str))
        context = run.contexts[0]
        assert (context.binding, context.kind, context.watch_event) == ("pods", "Event", "Added")
        assert context.object["metadata"] == {"name": "c", "namespace": "default"}
        assert context.object_at("/metadata/name") == "c" and context.objects is None
        assert context.to_dict()["type"] == "Event"

        assert run.values["/web/replicas"] == 1 and "/db" not in run.values
        assert run.values.get("/db", 7) == 7 and run.values.get("/web", type_=dict) == {"replicas": 1}
        run.values["/web/replicas"] = 2
        del run.values["/gone"]
        run.config_values.set("/a", [1])

        run.patch.create(hookbox.config_map("default", "names", {"a": "b"}, labels={"x": "y"}))
        run.patch.merge(context.object, {"metadata": {"labels": {"seen": None}}}, ignore_missing_object=True)
        run.patch.json(hookbox.Ref("Node", "n"), [{"op": "remove", "path": "/a"}], subresource="status")
        run.patch.jq(hookbox.Ref("Node", "n", api_version="v1"), ".", ignore_hook_error=True)
        run.patch.delete_in_background(pods[0].object)
        run.metrics.add("seen", labels={"node": 1})
        run.metrics.group("g").set("pods", len(pods))
        run.metrics.observe("size", 3, [1, 5])
        run.metrics.group("g").expire()
        run.log.warning("swept", pods=3, dry=False, of=["a"])
        logging.getLogger("mine").info("by %s", "hand", extra={"k": "v"})

    names = ["a", "b", "c"]
    host = Host(
        snapshots={"pods": map(pod, names)},
        filter_results={"pods": names},
        values={"web": {"replicas": 1}, "gone": 1},
    )
    effects = host.run(sweep, Context("pods", "Event", watch_event="Added", object=pod("c"), filter_result="c"))
    assert effects.values == {"web": {"replicas": 2}} and effects.config_values == {"a": [1]}
    assert [patch.operation for patch in effects.patches] == [
        "Create",
        "MergePatch",
        "JSONPatch",
        "JQPatch",
        "DeleteInBackground",
    ]
    assert effects.object("ConfigMap", "default/names")["metadata"]["labels"] == {"x": "y"}
    merge, json_, jq, delete = effects.patches[1:]
    assert (merge.kind, merge.name, merge.namespace, merge.ignore_missing_object) == ("Pod", "c", "default", True)
    assert merge.object == {"metadata": {"labels": {"seen": None}}}
    assert json_.subresource == "status" and json_.api_version is None
    assert jq.object == "." and jq.ignore_hook_error and delete.name == "a"
    assert effects.metrics == [
        Metric("add", "seen", 1, {"node": "1"}),
        Metric("set", "pods", 3, group="g"),
        Metric("observe", "size", 3, buckets=[1, 5]),
        Metric("expire", "", 0, group="g"),
    ]
    assert effects.log == [
        Record("warn", "swept", {"pods": "3", "dry": "false", "of": '["a"]'}),
        Record("info", "by hand", {"k": "v", "logger": "mine"}),
    ]


def test_nothing_is_copied_that_is_not_asked_for(monkeypatch):
    from hookbox.testing import _host

    asked = []
    for name in ("get", "range", "pointer"):
        method = getattr(_host.Snapshot, name)
        monkeypatch.setattr(
            _host.Snapshot,
            name,
            lambda self, *a, name=name, method=method: (asked.append((name, a)), method(self, *a))[1],
        )

    @hookbox.hook("lazy")
    def lazy(run):
        entry = run.snapshots["pods"][2]
        assert entry.object_at("/metadata/name") == "c"

    Host(snapshots={"pods": map(pod, "abc")}).run(lazy)
    assert [name for name, _ in asked] == ["pointer"]


def test_a_snapshot_that_is_not_there_says_which_are():
    @hookbox.hook("typo")
    def typo(run):
        run.snapshots["podz"]

    with pytest.raises(Failure, match="no snapshot 'podz'; it has 'pods'"):
        Host(snapshots={"pods": []}).run(typo)


def test_what_an_entry_lacks_is_said():
    @hookbox.hook("lacks")
    def lacks(run):
        list(run.snapshots["pods"].objects())

    with pytest.raises(Failure, match="entry 0 has no object: the binding keeps only filter results"):
        Host(filter_results={"pods": ["a"]}).run(lacks)


def test_failures_have_advice(capsys):
    @hookbox.hook("after")
    def after(run):
        run.values["/a"] = 1
        raise hookbox.RetryAfter("later", 1.5)

    @hookbox.hook("never")
    def never(run):
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise hookbox.NoRetry("never") from error

    @hookbox.hook("wrapped")
    def wrapped(run):
        try:
            raise hookbox.NoRetry("inner")
        except hookbox.NoRetry as error:
            raise ValueError("outer") from error

    @hookbox.hook("plain")
    def plain(run):
        return 1 / 0

    @hookbox.hook("exits")
    def exits(run):
        sys.exit(run.values.get("/code", 3))

    host = Host()
    failures = {}
    for hook in (after, never, wrapped, plain, exits):
        with pytest.raises(Failure) as caught:
            host.run(hook)
        failures[hook.name] = (caught.value.message, caught.value.retry, caught.value.after)
    assert failures == {
        "after": ("later", True, 1.5),
        "never": ("never", False, None),
        "wrapped": ("ValueError: outer", False, None),
        "plain": ("ZeroDivisionError: division by zero", True, None),
        "exits": ("the hook ended by exit(3)", True, None),
    }
    assert host.values == {}
    said = capsys.readouterr().err
    assert "return 1 / 0" in said and "exports.py" not in said and "later" not in said
    Host(values={"code": 0}).run(exits)


def test_of_a_failed_run_its_status_patches_and_its_log_are_left():
    @hookbox.hook("fails")
    def fails(run):
        run.log.info("looking")
        run.metrics.add("looks")
        run.values["/a"] = 1
        pod = hookbox.Ref("Pod", "p", "default")
        for subresource, ignore in [(None, True), ("scale", True), ("status", False), ("status", True), ("/status", True)]:
            run.patch.merge(pod, {"status": {}}, subresource=subresource, ignore_hook_error=ignore)
        raise ValueError("no luck")

    with pytest.raises(Failure) as caught:
        Host(values={"a": 0}).run(fails)
    left = caught.value.effects
    assert [patch.subresource for patch in left.patches] == ["status", "/status"]
    assert (left.metrics, [record.message for record in left.log]) == ([], ["looking"])
    assert left.values == {"a": 0}


def test_values_are_named_by_keys_or_pointers():
    @hookbox.hook("paths")
    def paths(run):
        for path, value in {"/web/a.b": 1, "web.c/d~e": 2, "/web/c~1d~0e": 2, ".x": 3}.items():
            assert run.values[path] == run.values.get(path) == value and path in run.values
        assert "web.a.b" not in run.values and run.values.get("/web/a/b") is None
        del run.values[".x"]
        run.values.remove("web.c/d~e")
        run.values["web.n"] = 4

    effects = Host(values={"web": {"a.b": 1, "c/d~e": 2}, "": {"x": 3}}).run(paths)
    assert effects.values == {"web": {"a.b": 1, "n": 4}, "": {}}


def test_refusals_have_codes():
    @hookbox.hook("refused")
    def refused(run):
        for code, refuse in {
            "no-such-path": lambda: run.values.remove("/a/b"),
            "invalid-path": lambda: run.values.get("/~"),
            "invalid-object": lambda: run.patch.create({"kind": "Pod"}),
            "invalid-metric": lambda: run.metrics.add("a", -1),
            "invalid-pointer": lambda: run.snapshots["pods"][0].object_at("metadata"),
            "invalid-argument": lambda: list(run.cluster.list("v1", "Pod", labels="((")),
            "not-granted": lambda: hookbox.http.get("https://example.com"),
        }.items():
            with pytest.raises(hookbox.Refused) as caught:
                refuse()
            assert caught.value.code == code
        with pytest.raises(KeyError):
            run.values["/nothing"]

    Host(snapshots={"pods": [pod("a")]}).run(refused)


def test_the_cluster_is_read_page_by_page():
    @hookbox.hook("reads")
    def reads(run):
        assert run.cluster.get(hookbox.Ref("Pod", "p7", "default", "v1"), Pod).metadata.name == "p7"
        assert run.cluster.get(hookbox.Ref("Pod", "x", "default", "v1")) is None
        assert [one["metadata"]["name"] for one in run.cluster.list("v1", "Pod", limit=2)] == names
        few = run.cluster.list("v1", "Pod", Pod, namespace="default", fields={"metadata.name": "p3"})
        assert [one.metadata.name for one in few] == ["p3"]

    names = [f"p{n}" for n in range(9)]
    Host(cluster=map(pod, names)).run(reads)


def test_requests_over_http():
    @hookbox.hook("fetch")
    def fetch(run):
        answer = hookbox.http.post(
            "https://a.example.com/x", params={"q": "1 ü", "of": [1, True]}, json={"a": 1}, timeout=2
        )
        assert answer.ok and answer.json() == {"b": 2} and answer.header("X-Y") == "z"
        with pytest.raises(hookbox.http.StatusError, match="status 503"):
            hookbox.http.get("https://a.example.com/").raise_for_status()
        with pytest.raises(hookbox.Refused, match="slow"):
            hookbox.http.get("https://b.example.com/")

    host = Host()
    host.respond("POST", "https://a.example.com/x?q=1%20%C3%BC&of=1&of=true", headers={"x-y": "z"}, json={"b": 2})
    host.respond("GET", "https://a.example.com/", status=503)
    host.refuse("GET", "https://b.example.com/", "timed-out", "slow")
    host.run(fetch)
    sent = host.requests[0]
    assert (sent.method, sent.body, sent.timeout) == ("POST", b'{"a":1}', 2)
    assert sent.headers == [("content-type", "application/json")]


def test_filters():
    @hookbox.hook("filters", kubernetes=hookbox.Kubernetes("Pod", name="a", filter=lambda one: one["metadata"]["name"]))
    def filters(run):
        pass

    more = hookbox.Hook("more", kubernetes=hookbox.Kubernetes("Pod"))

    @more.filter("kubernetes")
    def node(one):
        return one["spec"]["nodeName"]

    assert described("filters")["kubernetes"][0]["filter"] is True
    assert described("more")["kubernetes"][0]["filter"] is True
    assert Host().filter(filters, "a", pod("p")) == "p"
    with pytest.raises(Failure, match="KeyError: 'nodeName'"):
        Host().filter(more, "kubernetes", pod("p"))
    with pytest.raises(Failure, match="has no filter"):
        Host().filter(filters, "b", pod("p"))


@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        (ValueError, lambda run: run.cluster.list("v1", "Pod", limit=-1)),
        (TypeError, lambda run: run.cluster.list("v1", "Pod", limit="1")),
        (TypeError, lambda run: run.cluster.list("v1", "Pod", namespace=5)),
        (TypeError, lambda run: run.cluster.get(hookbox.Ref("Pod", "a", "default", 1))),
        (TypeError, lambda run: run.patch.delete(hookbox.Ref("ConfigMap", "a", namespace=5))),
        (TypeError, lambda run: run.patch.delete({"kind": "Pod", "metadata": {"name": 5}})),
        (TypeError, lambda run: run.patch.jq(hookbox.Ref("Pod", "a"), None)),
        (TypeError, lambda run: run.patch.merge(hookbox.Ref("Pod", "a"), {}, subresource=True)),
        (ValueError, lambda run: run.patch.create(hookbox.config_map("default", "a", {"a": "\ud800"}))),
        (ValueError, lambda run: run.values.set("/\ud800", 1)),
        (TypeError, lambda run: run.values.get(5)),
        (TypeError, lambda run: 5 in run.values),
        (TypeError, lambda run: run.snapshots[5]),
        (TypeError, lambda run: run.snapshots["pods"][0].object_at(5)),
        (TypeError, lambda run: run.snapshots["pods"].objects(fields=[5])),
        (TypeError, lambda run: run.contexts[0].object_at(None)),
        (TypeError, lambda run: run.metrics.add(5)),
        (TypeError, lambda run: run.metrics.group(5)),
        (ValueError, lambda run: run.metrics.add("a", labels={"a": "\udcff"})),
        (TypeError, lambda run: hookbox.http.get(None)),
        (TypeError, lambda run: hookbox.http.get("https://a.example.com/", headers={"a": 1})),
        (TypeError, lambda run: hookbox.http.post("https://a.example.com/", body=3)),
        (ValueError, lambda run: hookbox.http.get("https://a.example.com/", limit=-1)),
        (ValueError, lambda run: hookbox.http.get("https://a.example.com/", params={"a": "\ud800"})),
    ],
)
def test_what_the_host_cannot_be_given_is_an_exception_of_the_call(kind, ask):
    @hookbox.hook(on_startup=1)
    def asks(run):
        with pytest.raises(kind, match=" is | has half of a character"):
            ask(run)

    Host(snapshots={"pods": [pod("a")]}).run(asks)


def test_large_numbers_are_as_large_as_the_host_takes():
    @hookbox.hook(on_startup=1)
    def asks(run):
        assert list(run.cluster.list("v1", "Pod", limit=1 << 99)) == []
        hookbox.http.get("https://a.example.com/", limit=1 << 99, timeout=1e99)
        raise hookbox.RetryAfter("later", 1e99)

    host = Host()
    host.respond("GET", "https://a.example.com/")
    with pytest.raises(Failure, match="later"):
        host.run(asks)


def test_texts_for_people_have_no_half_characters():
    policy = hookbox.Hook("policy")

    @policy.run
    def fails(run):
        run.log.info("\ud800", of="\udcff", **{"\ud800": 1})
        logging.warning("\ud800ä")
        raise ValueError("\udcff bad")

    @policy.validating("a.example.com", hookbox.Rule("pods"))
    def denies(review):
        return hookbox.deny("\ud800", "\ud800", audit={"k": "\ud800"})

    @policy.validating("b.example.com", hookbox.Rule("pods"))
    def raises(review):
        raise hookbox.Denied("\ud800")

    host = Host()
    with pytest.raises(Failure, match=re.escape("ValueError: ? bad")):
        host.run(policy)
    assert host._effects.log == [Record("info", "?", {"of": "?", "?": "1"}), Record("warn", "?ä")]
    verdict = host.validate(policy, "a.example.com", request())
    assert (verdict.message, verdict.warnings, verdict.audit) == ("?", ["?"], {"k": "?"})
    assert host.validate(policy, "b.example.com", request()).message == "?"


def test_a_record_that_cannot_be_formatted_fails_no_run(capsys, monkeypatch):
    # Those of pytest raise.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])

    @hookbox.hook(on_startup=1)
    def logs(run):
        logging.getLogger("mine").info("%d items", "many")
        logging.getLogger("mine").info("on")

    assert [record.message for record in Host().run(logs).log] == ["on"]
    assert "Logging error" in capsys.readouterr().err


def test_records_are_logged_once(capsys, monkeypatch):
    printing = logging.StreamHandler()
    kept = logging.NullHandler()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [printing, kept])

    @hookbox.hook(on_startup=1)
    def logs(run):
        logging.getLogger("mine").warning("once")

    assert [record.message for record in Host().run(logs).log] == ["once"]
    assert capsys.readouterr().err == "" and set(root.handlers) == {printing, kept}


def test_warnings_name_files_as_the_project_does(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(exports, "_folders", {"/1/": "", "/2/": "src/"})
    monkeypatch.setitem(linecache.cache, "/1/main.py", (1, None, ["  first\n"], "/1/main.py"))
    exports.name_files_in_warnings()
    assert warnings.formatwarning("old", UserWarning, "/1/main.py", 1) == "main.py:1: UserWarning: old\n  first\n"
    assert warnings.formatwarning("old", UserWarning, "/2/a.py", 3) == "src/a.py:3: UserWarning: old\n"
    assert warnings.formatwarning("old", UserWarning, "/other.py", 3) == "/other.py:3: UserWarning: old\n"


def test_stacks_name_files_as_the_project_does(monkeypatch):
    summary = traceback.StackSummary
    monkeypatch.setattr(summary, "format_frame_summary", summary.format_frame_summary)
    monkeypatch.setattr(exports, "_folders", {"/1/": "", "/2/": "src/"})
    exports.name_files_in_stacks()

    def fails(run):
        try:
            exec(compile("1 / 0", run.values["file"], "exec"))
        except ZeroDivisionError:
            logging.getLogger("mine").exception("it failed")

    hook = hookbox.Hook("fails")
    hook.run(fails)
    for file, called in {"/1/main.py": "main.py", "/2/a.py": "src/a.py", "/other.py": "/other.py"}.items():
        told = Host(values={"file": file}).run(hook).log[0].fields["exception"]
        assert f'File "{called}", line 1, in <module>' in told


def test_what_is_not_there_in_a_component_says_how_it_is(monkeypatch):
    monkeypatch.setattr(sys, "platform", "wasi")
    told = exports.failed(LookupError("unknown encoding: idna")).message
    assert told.endswith("write `codecs.lookup('idna')` at the top of a module: there are no files when a hook runs")
    assert exports.failed(LookupError("other")).message == "LookupError: other"


def test_a_context_is_written_as_shell_operator_does():
    seen = []

    @hookbox.hook("sync")
    def sync(run):
        seen.extend(context.to_dict() for context in run.contexts)

    host = Host(snapshots={"pods": [{"kind": "Pod"}], "b": []}, filter_results={"pods": [None], "a": ["x"]})
    host.run(sync, Context("pods", "Synchronization"), Context("s", "Schedule"), Context())
    entries = [{"object": {"kind": "Pod"}, "filterResult": None}]
    snapshots = {"a": [{"filterResult": "x"}], "b": [], "pods": entries}
    assert seen == [
        {"binding": "pods", "type": "Synchronization", "objects": entries, "snapshots": snapshots},
        {"binding": "s", "type": "Schedule", "snapshots": snapshots},
        {"binding": "onStartup"},
    ]


def test_fields_that_are_no_texts_are_compared_as_such():
    def names(run, fields):
        return [one["metadata"]["name"] for one in run.cluster.list("v1", "Node", fields=fields)]

    @hookbox.hook("reads")
    def reads(run):
        assert names(run, {"spec.unschedulable": "true"}) == ["a"]
        assert names(run, "spec.unschedulable!=true") == ["b"]
        assert names(run, {"spec.size": "3"}) == ["b"]

    nodes = {"a": {"unschedulable": True}, "b": {"size": 3}}
    Host(
        cluster=[{"apiVersion": "v1", "kind": "Node", "metadata": {"name": n}, "spec": s} for n, s in nodes.items()]
    ).run(reads)


@dataclasses.dataclass
class Whole:
    kind: str
    metadata: Metadata
    api_version: str = "v1"


class Written:
    def to_dict(self):
        return pod("b")


def test_an_object_is_meant_by_whatever_a_manifest_is():
    @hookbox.hook("deletes")
    def deletes(run):
        run.patch.delete(Whole("Pod", Metadata("a", "default")))
        run.patch.delete(Written())
        run.patch.delete({"kind": "Pod", "metadata": Metadata("c")})
        assert run.cluster.get(Whole("Pod", Metadata("a", "default")))["metadata"]["name"] == "a"
        with pytest.raises(TypeError, match="a hookbox.Ref or an object is expected"):
            run.patch.delete(["a"])
        with pytest.raises(TypeError, match="cannot be written as JSON"):
            run.patch.delete(object())
        with pytest.raises(ValueError, match="is known by"):
            run.patch.delete(Metadata("a"))

    patches = Host(cluster=[pod("a")]).run(deletes).patches
    assert [(one.kind, one.namespace, one.name, one.api_version) for one in patches] == [
        ("Pod", "default", "a", "v1"),
        ("Pod", "default", "b", "v1"),
        ("Pod", None, "c", None),
    ]


@pytest.mark.parametrize(
    ("url", "params", "whole"),
    [
        ("/x", {"y": 1}, "/x?y=1"),
        ("/x?a=b#frag", {"y": 1}, "/x?a=b&y=1#frag"),
        ("/x#frag?", {"y": 1}, "/x?y=1#frag?"),
        ("/x", {"y": None}, "/x"),
        ("/x", {"y": [1, None], "z": ""}, "/x?y=1&z="),
        ("/x", {}, "/x"),
    ],
)
def test_parameters_are_put_where_a_query_is(url, params, whole):
    @hookbox.hook("fetch")
    def fetch(run):
        hookbox.http.get(f"https://a.example.com{url}", params=params)

    host = Host()
    host.respond("GET", f"https://a.example.com{whole}")
    host.run(fetch)


def request(**more):
    return {"uid": "1", "operation": "CREATE", "name": "p", "namespace": "default", "object": pod("p")} | more


def test_reviews():
    rules = hookbox.Rule("pods")

    @hookbox.validating("validate.example.com", rules, kubernetes=hookbox.Kubernetes("Pod", name="pods"))
    def check(review):
        assert (review.name, review.namespace, review.operation) == ("p", "default", "CREATE")
        assert not review.dry_run and review.old_object is None and review.user == {}
        if len(review.snapshots["pods"]):
            raise hookbox.Denied("there is one")
        return hookbox.allow("careful", audit={"k": "v"})

    policy = hookbox.Hook("policy")

    @policy.mutating("in-place.example.com", rules)
    def in_place(review):
        review.object["spec"]["a/b"] = 1

    @policy.mutating("another.example.com", rules)
    def another(review):
        return {**review.object, "kind": "Rod"}

    @policy.mutating("same.example.com", rules)
    def same(review):
        return None

    @policy.validating("wrong.example.com", rules)
    def wrong(review):
        return "no"

    verdict = Host(snapshots={"pods": []}).validate("check", "validate.example.com", request())
    assert (verdict.allowed, verdict.warnings, verdict.audit, verdict.patch) == (True, ["careful"], {"k": "v"}, None)
    verdict = Host(snapshots={"pods": [{}]}).validate("check", "validate.example.com", request())
    assert (verdict.allowed, verdict.message) == (False, "there is one")
    host = Host()
    assert host.mutate(policy, "in-place.example.com", request()).patch == [
        {"op": "add", "path": "/spec/a~1b", "value": 1}
    ]
    assert host.mutate(policy, "another.example.com", request()).patch == [
        {"op": "replace", "path": "/kind", "value": "Rod"}
    ]
    assert host.mutate(policy, "same.example.com", request()).patch is None
    with pytest.raises(Failure, match="returns hookbox.allow"):
        host.validate(policy, "wrong.example.com", request())
    with pytest.raises(Failure, match="does not answer reviews of 'x'"):
        host.mutate(policy, "x", request())
    with pytest.raises(ValueError, match="no rules"):
        policy.validating("x.example.com")


def test_conversions():
    hook = hookbox.Hook("convert")

    @hook.conversion("widgets.example.com", "v1", "v2")
    def up(widget, request):
        widget["metadata"] = None
        return {"from": request.from_version, "spec": Metadata("s")}

    @hook.conversion("widgets.example.com", "v2", "v1")
    def down(widget, request):
        raise hookbox.NoRetry("no way back")

    binding = described("convert")["kubernetesCustomResourceConversion"][0]
    assert [one["toVersion"] for one in binding["conversions"]] == ["v2", "v1"]
    host = Host()
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    assert host.convert(hook, "widgets.example.com", "v1", "v2", [widget]) == [
        widget | {"apiVersion": "example.com/v2", "from": "v1", "spec": {"name": "s"}}
    ]
    with pytest.raises(Failure, match="w: no way back"):
        host.convert(hook, "widgets.example.com", "v2", "v1", [widget])
    with pytest.raises(Failure, match="does not convert"):
        host.convert(hook, "widgets.example.com", "v1", "v3", [{}])


def test_bindings_of_one_name_are_not_included():
    hookbox.Hook("twins", kubernetes=[hookbox.Kubernetes("Pod"), hookbox.Kubernetes("Node")])
    assert all("includeSnapshotsFrom" not in one for one in described("twins")["kubernetes"])


def test_a_configuration_that_was_given_stays_as_it_is():
    given = {"configVersion": "v1", "kubernetesValidating": []}
    hook = hookbox.Hook("given", config=given)

    @hook.validating("a.example.com", hookbox.Rule("pods"))
    def validate(review):
        pass

    assert described("given") == described("given")
    assert given == {"configVersion": "v1", "kubernetesValidating": []}


def test_a_field_may_have_the_name_of_a_parameter():
    @hookbox.hook(on_startup=1)
    def tells(run):
        run.log.info("failed", message="why", self=1)

    effects = Host().run(tells)
    assert effects.log[0].fields == {"message": "why", "self": "1"}


def test_what_the_host_refuses_is_refused():
    @hookbox.hook(on_startup=1)
    def asks(run):
        run.patch.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}})
        for code, call in {
            "no-such-path": lambda: run.values.remove(""),
            "invalid-value": lambda: run.values.set("", 1),
            "invalid-metric": lambda: run.metrics.set("not a name", 1),
        }.items():
            with pytest.raises(hookbox.Refused) as refused:
                call()
            assert refused.value.code == code

    assert Host().run(asks).patches[0].operation == "Create"
