//! `hookbox try contexts`: the binding contexts of a configuration, step by step. What is expected here was printed by
//! shell-operator's own generator of contexts for the same input.

use std::path::Path;

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::scratch;
use serde_json::{Value, json};

use super::components::{built_command, expect};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// The contexts of each step.
async fn contexts(config: &str, files: &[(&str, &str)], steps: &[&str]) -> Vec<Value> {
    built_command().await;
    let folder = scratch();
    write(folder.path(), files);
    let arguments = ["try", "contexts", "--config", "-"]
        .into_iter()
        .chain(steps.iter().copied());
    let run = hookbox(arguments).folder(folder.path()).input(config);
    let finished = expect(run.run().await, 0, &[]);
    let lines = finished.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn pod(name: &str, app: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "n", "labels": {"app": app}}})
}

#[tokio::test]
async fn a_step_has_the_contexts_of_one_run() {
    let config = "
configVersion: v1
onStartup: 1
kubernetes:
- {name: pods, kind: pods, executeHookOnEvent: [Added, Deleted], includeSnapshotsFrom: [names]}
- {name: names, kind: Pod, jqFilter: '.metadata.name, .metadata.labels.app', keepFullObjectsInMemory: false, executeHookOnSynchronization: false}
- {name: web, kind: Pod, group: g, labelSelector: {matchLabels: {app: web}}}
schedule:
- {name: often, crontab: '* * * * *', group: g}
- {name: also, crontab: '* * * * *', queue: other, includeSnapshotsFrom: [names]}
";
    let (a, b) = (pod("a", "web"), pod("b", "db"));
    let changed = pod("a", "other");
    let files = [
        ("none", ""),
        ("one", &*format!("{a}\n---\n{b}\n")),
        ("two", &*format!("---\n# changed\n---\n{changed}\n")),
    ];
    let steps = [
        "none",
        "one",
        "two",
        "schedule:* * * * *",
        "schedule:0 * * * *",
    ];
    let names = json!([{"filterResult": ["a", "web"]}, {"filterResult": ["b", "db"]}]);
    let left = json!([{"filterResult": ["a", "other"]}]);
    let event = |of: &Value, snapshot: &Value, event: &str| json!({"binding": "pods", "type": "Event", "watchEvent": event, "object": of, "snapshots": {"names": snapshot}});
    let named = |event: &str, result: Value| json!({"binding": "names", "type": "Event", "watchEvent": event, "filterResult": result});
    let group = |binding: &str, snapshot: Value| json!({"binding": binding, "type": "Group", "groupName": "g", "snapshots": {"web": snapshot}});
    assert_eq!(
        contexts(config, &files, &steps).await,
        [
            json!([
                {"binding": "pods", "type": "Synchronization", "objects": [], "snapshots": {"names": []}},
                group("web", json!([])),
            ]),
            json!([
                event(&a, &names, "Added"),
                named("Added", json!(["a", "web"])),
                group("web", json!([{"object": a}])),
                event(&b, &names, "Added"),
                named("Added", json!(["b", "db"])),
            ]),
            // The pod leaves the group's binding: for it, that is a deletion.
            json!([
                named("Modified", json!(["a", "other"])),
                group("web", json!([])),
                event(&b, &left, "Deleted"),
                named("Deleted", json!(["b", "db"])),
            ]),
            json!([
                group("often", json!([])),
                {"binding": "also", "type": "Schedule", "snapshots": {"names": left}},
            ]),
            json!([]),
        ]
    );
    let first = contexts(config, &files, &["none", "--startup"]).await;
    assert_eq!(first[0][0], json!({"binding": "onStartup"}));
    assert_eq!(first[0].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn objects_are_shown_as_they_are_written() {
    let config = "{configVersion: v1, kubernetes: [{kind: Widget, apiVersion: example.com/v1}]}";
    let state = "
apiVersion: v1
kind: List
items:
- apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: {name: widgets.example.com}
  spec:
    group: example.com
    names: {kind: Widget, plural: widgets}
    scope: Namespaced
    versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
- {apiVersion: example.com/v1, kind: Widget, metadata: {name: w, resourceVersion: '7'}, spec: {b: 0o17, a: null}}
";
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "resourceVersion": "7"}, "spec": {"a": null, "b": 15}});
    assert_eq!(
        contexts(config, &[("s", state)], &["s"]).await,
        [
            json!([{"binding": "kubernetes", "type": "Synchronization", "objects": [{"object": widget}]}])
        ]
    );
}

#[tokio::test]
async fn a_kind_without_a_definition_is_taken_as_it_is_used() {
    built_command().await;
    let folder = scratch();
    let state = "
{apiVersion: example.com/v1, kind: NodeGroup, metadata: {name: w}, spec: {a: 1}}
---
{apiVersion: example.com/v1, kind: Policy, metadata: {name: p, namespace: nn}}
";
    write(folder.path(), &[("state", state), ("none", "")]);
    let config = "
configVersion: v1
kubernetes:
- {name: groups, kind: nodegroups, apiVersion: example.com/v1, jqFilter: .spec.a, keepFullObjectsInMemory: false}
- {name: policies, kind: Policy, apiVersion: example.com/v1, namespace: {nameSelector: {matchNames: [nn]}}, jqFilter: .kind, keepFullObjectsInMemory: false}
- {name: others, kind: Other, apiVersion: example.com/v2}
";
    let run = hookbox(["try", "contexts", "--config", "-", "none", "state", "none"]);
    let run = run.folder(folder.path()).input(config).run().await;
    let said = [
        "CustomResourceDefinition of NodeGroup: it is taken as a kind of the scope Cluster",
        "of Policy: it is taken as a kind of the scope Namespaced",
        "of Other:",
    ];
    let finished = expect(run, 0, &said);
    let lines: Vec<Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let synchronization =
        |name: &str| json!({"binding": name, "type": "Synchronization", "objects": []});
    let event = |name: &str, event: &str, result: Value| json!({"binding": name, "type": "Event", "watchEvent": event, "filterResult": result});
    assert_eq!(
        lines,
        [
            json!(["groups", "policies", "others"].map(synchronization)),
            json!([
                event("groups", "Added", json!(1)),
                event("policies", "Added", json!("Policy"))
            ]),
            json!([
                event("groups", "Deleted", json!(1)),
                event("policies", "Deleted", json!("Policy"))
            ]),
        ]
    );
}

#[tokio::test]
async fn what_no_cluster_takes_is_refused() {
    built_command().await;
    let good = "{configVersion: v1, kubernetes: [{kind: Pod, jqFilter: .spec.a + 1}]}";
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}}";
    let twice = format!("{map}\n---\n{map}\n");
    let failing = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {a: x}}";
    for (config, state, said) in [
        (
            "{configVersion: v1, kubernetes: [{}, {kind: 7}]}",
            "",
            &["kubernetes[0].kind", "kubernetes[1].kind", "2 mistakes"][..],
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, jqFilter: '.a |'}]}",
            "",
            &["kubernetes[0].jqFilter"],
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, filter: true}]}",
            "",
            &["kubernetes[0].filter", "component"],
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pdo}]}",
            "",
            &["binding `kubernetes` cannot be enabled", "Pdo"],
        ),
        (
            good,
            "{apiVersion: v1, kind: Pod}\n---\nkind: Pod\n",
            &[
                "state:1: document 1",
                "metadata.name",
                "document 2",
                "2 mistakes",
            ],
        ),
        (good, &twice, &["state:3: document 2", "is there already"]),
        (
            good,
            "{apiVersion: v1, kind: Pdo, metadata: {name: p}}",
            &["state:1", "Pdo"],
        ),
        (
            good,
            "{apiVersion: batch.k8s.io/v1, kind: Job, metadata: {name: p}}",
            &["state:1", "Job"],
        ),
        (good, failing, &["cannot be enabled", "cannot add"]),
        (good, "a: [\n", &["state:"]),
    ] {
        let folder = scratch();
        write(folder.path(), &[("state", state)]);
        let run = hookbox(["try", "contexts", "--config", "-", "state"]);
        let run = run.folder(folder.path()).input(config).run().await;
        let finished = expect(run, 1, said);
        assert_eq!(finished.stdout, "", "{config} {state}");
    }
}

#[tokio::test]
async fn a_filter_that_fails_later_gives_no_event() {
    built_command().await;
    let folder = scratch();
    let of = |name: &str, a: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{a: {a}}}}}\n---\n"
        )
    };
    let before = of("p", "1");
    let after = of("p", "x") + &of("q", "2");
    let files = [("before", &*before), ("after", &after)];
    write(folder.path(), &files);
    let config = "{configVersion: v1, kubernetes: [{kind: Pod, jqFilter: .spec.a + 1, keepFullObjectsInMemory: false}]}";
    let run = hookbox([
        "try",
        "contexts",
        "--config",
        "-",
        "before",
        "after",
        "schedule:x",
    ]);
    let run = run.folder(folder.path()).input(config).run().await;
    let finished = expect(
        run,
        0,
        &["the filter fails on p", "no schedule has the crontab `x`"],
    );
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let event =
        r#"[{"binding":"kubernetes","filterResult":3,"type":"Event","watchEvent":"Added"}]"#;
    assert_eq!(lines.get(1..), Some(&[event, "[]"][..]));
}

#[tokio::test]
async fn the_first_step_is_a_state() {
    built_command().await;
    let run = hookbox(["try", "contexts", "--config", "x", "schedule:* * * * *"])
        .run()
        .await;
    expect(run, 2, &["the first step is a state"]);
    let run = hookbox(["try", "contexts", "--config", "-", "-"])
        .run()
        .await;
    expect(run, 2, &["only one file can be `-`"]);
}
