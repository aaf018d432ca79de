//! What a hook sees and what it can do, in a test's host.

#![allow(clippy::unwrap_used, reason = "a test's helpers")]

use std::time::Duration;

use hookbox_sdk::prelude::*;
use hookbox_sdk::{Retry, testing};

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Node {
    name: String,
    ready: bool,
}

#[derive(Debug, Snapshots)]
struct Watches {
    #[watch(kind = "Pod", jq = ".metadata.name")]
    pods: Vec<String>,
    #[watch(kind = "Node")]
    nodes: Lazy<Node>,
    #[watch(kind = "Secret", jq = ".data", keep_full_objects = true, include_snapshots = [pods, nodes], group = "secrets")]
    secrets: Option<Lazy<serde_json::Value>>,
}

fn nothing(_input: Input<Watches>, _out: &mut Effects) {}

fn node(index: usize) -> serde_json::Value {
    json!({"name": format!("node-{index}"), "ready": index.is_multiple_of(2)})
}

#[test]
fn vec_lazy_and_missing_snapshots() -> Result {
    // More than a page.
    let input = Input::<Watches>::test()
        .snapshot("pods", ["a", "b"])
        .snapshot("nodes", (0..150).map(node))
        .build()?;
    assert_eq!(input.pods, ["a", "b"]);
    assert_eq!(input.nodes.len(), 150);
    assert_eq!(
        input.nodes.get(149)?.map(|node| node.name),
        Some("node-149".to_owned())
    );
    assert_eq!(input.nodes.get(150)?, None);
    assert_eq!(input.nodes.pointer::<bool>(3, "/ready")?, Some(false));
    assert_eq!(input.nodes.pointer::<bool>(3, "/absent")?, None);
    assert_eq!(
        input.nodes.object::<Node>(1)?,
        Some(Node {
            name: "node-1".to_owned(),
            ready: false
        })
    );
    let names: Vec<String> = input
        .nodes
        .iter()
        .map(|node| Ok(node?.name))
        .collect::<Result<_>>()?;
    assert_eq!(
        names,
        (0..150).map(|i| format!("node-{i}")).collect::<Vec<_>>()
    );
    assert!(
        input
            .nodes
            .pointer::<bool>(0, "ready")
            .unwrap_err()
            .message()
            .contains("invalid-pointer")
    );
    // The Synchronization of `pods` includes everything, that of `secrets` all but itself and its group's.
    assert!(input.secrets.as_ref().is_some_and(Lazy::is_empty));
    Ok(())
}

#[test]
fn entries_of_another_type_are_named() {
    let error = Input::<Watches>::test()
        .snapshot("pods", [json!("a"), json!({"name": "b"})])
        .build()
        .unwrap_err();
    assert_eq!(
        error.message(),
        "the test's input: snapshot `pods`, entry 1: invalid type: map, expected a string at line 1 column 0, in {\"name\":\"b\"}"
    );
    let error = Input::<Watches>::test()
        .snapshot("podz", ["a"])
        .build()
        .unwrap_err();
    assert_eq!(
        error.message(),
        "the test's input: the hook has no binding `podz`, it has [\"pods\", \"nodes\", \"secrets\"]"
    );
}

#[test]
fn a_run_without_a_required_snapshot_fails_instead_of_showing_it_empty() {
    let error = Input::<Watches>::test().on_startup().build().unwrap_err();
    assert!(
        error
            .message()
            .contains("a run at startup does not have the snapshot `pods`"),
        "{error}"
    );
}

#[test]
fn reasons_are_typed_and_have_shell_operators_form() -> Result {
    let input = Input::<Watches>::test()
        .snapshot("pods", ["a"])
        .schedule("tick")
        .synchronization("pods")
        .modified("secrets", json!({"k": "v"}))
        .with_object(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}}))
        .group("secrets", "secrets")
        .build()?;
    let mut seen = Vec::new();
    for trigger in input.contexts() {
        seen.push(match trigger {
            Trigger::Schedule { name } => format!("schedule {name}"),
            Trigger::Synchronization(sync) => {
                format!(
                    "sync {} {:?}",
                    sync.binding(),
                    sync.objects::<String>()?.to_vec()?
                )
            }
            Trigger::Event(event) => {
                assert_eq!(
                    event.filter_result::<serde_json::Value>()?,
                    json!({"k": "v"})
                );
                assert_eq!(
                    event.pointer::<String>("/metadata/name")?.as_deref(),
                    Some("s")
                );
                assert_eq!(event.object::<serde_json::Value>()?["kind"], "Secret");
                format!("{} {}", event.watch_event(), event.object_ref()?)
            }
            Trigger::Group { name, binding } => format!("group {name} {binding}"),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(
        seen,
        [
            "schedule tick",
            "sync pods [\"a\"]",
            "Modified Secret n/s",
            "group secrets secrets"
        ]
    );
    let contexts = input.contexts_json()?;
    let snapshots = json!({"pods": [{"filterResult": "a"}], "nodes": [], "secrets": []});
    assert_eq!(
        contexts[0],
        json!({"binding": "tick", "type": "Schedule", "snapshots": snapshots})
    );
    assert_eq!(contexts[1]["objects"], json!([{"filterResult": "a"}]));
    assert_eq!(contexts[2]["watchEvent"], "Modified");
    assert_eq!(contexts[2]["object"]["metadata"]["name"], "s");
    assert_eq!(contexts[3]["groupName"], "secrets");
    Ok(())
}

#[test]
fn an_event_without_its_object_says_what_to_do() -> Result {
    let input = Input::<Watches>::test().added("pods", "a").build()?;
    let Trigger::Event(event) = input.last()? else {
        panic!("an event")
    };
    let error = event.object::<serde_json::Value>().unwrap_err();
    assert!(
        error.message().contains("keep_full_objects = true"),
        "{error}"
    );
    Ok(())
}

#[test]
fn changes_have_the_form_of_the_patch_file() -> Result {
    fn change(_: Input, out: &mut Effects) {
        let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
        let web = ObjectRef::namespaced("apps/v1", "Deployment", "default", "web");
        out.create(&manifest);
        out.create_if_not_exists(&manifest);
        out.create_or_update(&manifest);
        out.delete(&web);
        out.delete_in_background(ObjectRef::namespace("old"));
        out.delete_non_cascading(ObjectRef {
            kind: "Pod".into(),
            name: "p".into(),
            ..Default::default()
        });
        out.merge_patch(&web, &json!({"spec": {"replicas": 2}}));
        out.json_patch(&web, &json!([{"op": "remove", "path": "/spec/x"}]));
        out.jq_patch(&web, "del(.spec.y)");
        out.patch(&web)
            .subresource("status")
            .ignore_missing()
            .ignore_hook_error()
            .merge(&json!({"status": {}}));
    }
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "web"});
    let with = |more: serde_json::Value| {
        let mut operation = web.clone();
        let fields = operation.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        operation
    };
    let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
    let effects = testing::run(change, Input::test())?;
    let expected = [
        json!({"operation": "Create", "object": manifest}),
        json!({"operation": "CreateIfNotExists", "object": manifest}),
        json!({"operation": "CreateOrUpdate", "object": manifest}),
        with(json!({"operation": "Delete"})),
        json!({"operation": "DeleteInBackground", "apiVersion": "v1", "kind": "Namespace", "name": "old"}),
        json!({"operation": "DeleteNonCascading", "kind": "Pod", "name": "p"}),
        with(json!({"operation": "MergePatch", "mergePatch": {"spec": {"replicas": 2}}})),
        with(json!({"operation": "JSONPatch", "jsonPatch": [{"op": "remove", "path": "/spec/x"}]})),
        with(json!({"operation": "JQPatch", "jqFilter": "del(.spec.y)"})),
        with(
            json!({"operation": "MergePatch", "mergePatch": {"status": {}}, "subresource": "status",
                    "ignoreMissingObject": true, "ignoreHookError": true}),
        ),
    ];
    assert_eq!(effects.object_patches(), expected);
    let deployment = ObjectRef::namespaced("apps/v1", "Deployment", "default", "web");
    assert_eq!(effects.patches(&deployment).len(), 5);
    assert!(effects.deletes(&deployment));
    assert!(!effects.deletes(ObjectRef::namespace("new")));
    assert_eq!(effects.object("Pod", "p"), Some(&manifest));
    Ok(())
}

#[test]
fn metrics_have_the_form_of_the_metrics_file() -> Result {
    fn measure(_: Input, out: &mut Effects) {
        out.metric("up")
            .label("app", "web")
            .label("n", 1)
            .group("g")
            .set(0.5);
        out.metric("runs").increment();
        out.metric("time").observe(0.2, &[0.1, 1.0]);
        out.expire("old");
        out.expire_own();
    }
    let effects = testing::run(measure, Input::test())?;
    assert_eq!(
        effects.metrics(),
        [
            json!({"name": "up", "action": "set", "value": 0.5, "labels": {"app": "web", "n": "1"}, "group": "g"}),
            json!({"name": "runs", "action": "add", "value": 1.0}),
            json!({"name": "time", "action": "observe", "value": 0.2, "buckets": [0.1, 1.0]}),
            json!({"action": "expire", "group": "old"}),
            json!({"action": "expire"}),
        ]
    );
    assert_eq!(effects.metric("runs"), Some(1.0));
    assert_eq!(
        effects.metric_with("up", &[("app", "web"), ("n", "1")]),
        Some(0.5)
    );
    assert_eq!(effects.metric_with("up", &[("app", "web")]), None);
    Ok(())
}

#[test]
fn a_refused_change_fails_the_run_with_the_authors_line() {
    fn refused(_: Input, out: &mut Effects) {
        out.create(&json!({"kind": "ConfigMap"}));
        out.merge_patch(ObjectRef::namespace("x"), &json!([1]));
    }
    let error = testing::run(refused, Input::test()).unwrap_err();
    assert!(error.message().contains("runs.rs:"), "{error}");
    assert!(
        error.message().ends_with(
            "cannot create the object: the manifest has no `apiVersion` [invalid-object]"
        ),
        "{error}"
    );

    fn patched(_: Input, out: &mut Effects) {
        out.merge_patch(ObjectRef::namespace("x"), &json!([1]));
    }
    let error = testing::run(patched, Input::test()).unwrap_err();
    assert!(
        error
            .message()
            .contains("cannot patch Namespace x: a merge patch is a JSON object"),
        "{error}"
    );

    fn negative(_: Input, out: &mut Effects) {
        out.metric("m").add(-1.0);
    }
    assert!(testing::run(negative, Input::test()).is_err());
}

#[test]
fn the_hooks_own_error_and_its_advice_come_first() {
    fn fails(_: Input, out: &mut Effects) -> Result {
        out.create(&json!({}));
        "x".parse::<u8>()
            .context("port")
            .retry_after(Duration::from_millis(1500))?;
        Ok(())
    }
    let error = testing::run(fails, Input::test()).unwrap_err();
    assert_eq!(error.message(), "port: invalid digit found in string");
    assert_eq!(error.retry(), Retry::After(Duration::from_millis(1500)));
}

#[test]
fn of_a_failed_run_its_status_patches_and_its_log_are_left() -> Result {
    fn fails(input: Input, out: &mut Effects) -> Result {
        info!("looking");
        input.values().set("web.replicas", &3)?;
        input.config_values().set("web", &json!({}))?;
        out.metric("looks").increment();
        let pod = || ObjectRef::namespaced("v1", "Pod", "default", "p");
        for (subresource, ignore) in [
            (None, true),
            (Some("scale"), true),
            (Some("status"), false),
            (Some("status"), true),
            (Some("/status"), true),
        ] {
            let mut patch = out.patch(pod());
            if let Some(subresource) = subresource {
                patch = patch.subresource(subresource);
            }
            if ignore {
                patch = patch.ignore_hook_error();
            }
            patch.merge(&json!({"status": {}}));
        }
        out.delete(pod());
        bail!("no luck")
    }
    let input = || Input::test().values(json!({"web": {"replicas": 2}}));
    let (error, left) = testing::fail(fails, input())?;
    assert_eq!(error.message(), "no luck");
    assert_eq!(left.log().len(), 1);
    assert_eq!(left.value("web.replicas"), Some(json!(2)));
    assert_eq!(left.config_value("web"), None);
    let patch = |subresource: &str| {
        json!({"operation": "MergePatch", "apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "p",
            "subresource": subresource, "ignoreHookError": true, "mergePatch": {"status": {}}})
    };
    assert_eq!(
        left.to_json(),
        json!({"objectPatches": [patch("status"), patch("/status")]})
    );

    fn works(_: Input) {}
    let error = testing::fail(|input, _: &mut Effects| works(input), input()).unwrap_err();
    assert_eq!(error.message(), "the hook did not fail");
    Ok(())
}

#[test]
fn values_show_own_writes_and_are_recorded_as_patches() -> Result {
    fn write(input: Input, _: &mut Effects) -> Result {
        let values = input.values();
        assert_eq!(values.get::<u32>("web.replicas")?, Some(2));
        assert_eq!(values.get::<u32>("web.absent")?, None);
        assert!(values.get::<String>("web.replicas").is_err());
        values.set("web.hosts", &["a"])?;
        values.set("/web/hosts/-", "b")?;
        assert_eq!(
            values.get::<Vec<String>>("web.hosts")?,
            Some(vec!["a".into(), "b".into()])
        );
        values.remove("web.replicas")?;
        assert!(!values.exists("web.replicas")?);
        assert!(
            values
                .remove("web.replicas")
                .unwrap_err()
                .message()
                .contains("no-such-path")
        );
        assert!(values.set("nowhere.x", &1).is_err());
        input.config_values().set("web", &json!({"on": true}))
    }
    let effects = testing::run(write, Input::test().values(json!({"web": {"replicas": 2}})))?;
    assert_eq!(
        effects.to_json(),
        json!({
            "values": [
                {"op": "add", "path": "/web/hosts", "value": ["a", "b"]},
                {"op": "remove", "path": "/web/replicas"},
            ],
            "configValues": [{"op": "add", "path": "/web", "value": {"on": true}}],
        })
    );
    assert_eq!(effects.config_value("web.on"), Some(json!(true)));
    Ok(())
}

#[test]
fn logs_are_recorded_and_are_no_effect() -> Result {
    let effects = testing::run(
        |_: Input, _: &mut Effects| info!("hello"; name = "world"),
        Input::test(),
    )?;
    assert!(effects.is_empty());
    assert_eq!(effects.log()[0].to_string(), "info: hello name=world");
    assert!(testing::run(nothing, Input::test())?.log().is_empty());
    Ok(())
}

#[test]
fn typed_snapshots_need_no_json() -> Result {
    let nodes = testing::lazy::<serde_json::Value>([])?;
    assert!(nodes.is_empty());
    #[derive(Snapshots)]
    struct Names {
        #[watch(kind = "Pod", jq = ".metadata.name")]
        names: Lazy<String>,
    }
    fn count(input: Input<Names>, out: &mut Effects) -> Result {
        out.metric("names").set(input.names.to_vec()?.len() as f64);
        Ok(())
    }
    let names = testing::lazy(["a".to_owned(), "b".to_owned()])?;
    assert_eq!(
        testing::run(count, Input::test().snapshots(Names { names }))?.metric("names"),
        Some(2.0)
    );
    Ok(())
}
