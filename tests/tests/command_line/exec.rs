//! `hookbox exec`.

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::scratch;
use serde_json::{Value, json};

use super::components::{expect, greet, text};

const CLUSTER: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default, labels: {app: hello}}
data: {name: Ada}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: default}
data: {name: Bob}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: default, labels: {app: hello}}
data: {name: Carol}
";

/// The greeting of these people, as exec prints effects.
fn greetings(names: &[&str]) -> Value {
    let lines: Vec<String> = names.iter().map(|name| format!("Hello, {name}!")).collect();
    json!({
        "objectPatches": [{"operation": "CreateOrUpdate", "object": {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greetings", "namespace": "default"},
            "data": {"text": lines.join("\n")},
        }}],
        "metrics": [{"name": "greetings", "action": "set", "value": names.len() as f64}],
    })
}

/// Run the greeter with standard input as one of the files.
async fn exec(arguments: &[&str], input: &str) -> hookbox_tests::Finished {
    hookbox(["exec", text(&greet().await.component), "-o", "json"])
        .args(arguments)
        .input(input)
        .run()
        .await
}

async fn effects(arguments: &[&str], input: &str) -> Value {
    let finished = exec(arguments, input).await;
    let printed: Value = serde_json::from_str(&finished.ok()).expect("JSON");
    assert_eq!(printed["hook"], "greet");
    assert_eq!(printed["result"], "ok");
    assert!(
        printed["usage"]["wallClockSeconds"]
            .as_f64()
            .is_some_and(|s| s > 0.0),
        "{printed}"
    );
    assert!(
        printed["usage"]["memoryBytes"]
            .as_u64()
            .is_some_and(|n| n > 0),
        "{printed}"
    );
    printed["effects"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_prints_its_effects_whatever_it_is_given() {
    assert_eq!(effects(&[], "").await, greetings(&[]));
    assert_eq!(
        effects(&["--cluster", "-"], CLUSTER).await,
        greetings(&["Ada", "Carol"])
    );
    let snapshots = r#"{"names": [{"filterResult": "Ada"}, {"filterResult": "Bob"}]}"#;
    assert_eq!(
        effects(&["--snapshots", "-"], snapshots).await,
        greetings(&["Ada", "Bob"])
    );
    let as_yaml = "names:\n- filterResult: Ada\n";
    assert_eq!(
        effects(
            &["--snapshots", "-", "--trigger", "synchronization:names"],
            as_yaml
        )
        .await,
        greetings(&["Ada"])
    );
    let contexts = json!([{
        "binding": "names", "type": "Event", "watchEvent": "Added", "filterResult": "Ada",
        "snapshots": {"names": [{"filterResult": "Ada"}]},
    }]);
    assert_eq!(
        effects(&["--contexts", "-"], &contexts.to_string()).await,
        greetings(&["Ada"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_is_told_with_its_reason() {
    // Without its snapshot the hook cannot work.
    let run = exec(&["--contexts", "-"], r#"[{"binding": "names"}]"#).await;
    let finished = expect(
        run,
        1,
        &["Failed greet", "does not have the snapshot `names`"],
    );
    let printed: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert!(
        printed["result"].as_str().unwrap().starts_with("failed: "),
        "{printed}"
    );
    assert_eq!(printed.get("effects"), None);

    let run = exec(&["--host-calls", "1"], "").await;
    expect(run, 1, &["Failed greet", "limit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_named_with_what_is_wrong_in_it() {
    for (arguments, input, words) in [
        (
            &["--contexts", "-"][..],
            "[]",
            "<stdin>: binding contexts are a list with at least one item",
        ),
        (&["--contexts", "-"], "[{", "<stdin> is not JSON"),
        (&["--contexts", "-"], "", "<stdin> is empty"),
        (
            &["--contexts", "-"],
            "[{\"type\": \"Event\"}]",
            "<stdin>: context 0: it has no `binding`",
        ),
        (
            &["--contexts", "-"],
            "[{\"binding\": \"a\", \"type\": \"Evnt\"}]",
            "`type` is `Evnt`, not one of Synchronization",
        ),
        (
            &["--contexts", "-"],
            "[{\"binding\": \"name\"}]",
            "context 0: the hook has no binding `name`; it has: names",
        ),
        (
            &["--snapshots", "-"],
            "names: [{objekt: 1}]",
            "item 0 of the snapshot `names` has the unknown key `objekt`",
        ),
        (&["--contexts", "-"], "a: [", "<stdin>:2:1"),
        (
            &["--contexts", "-"],
            "a: 1\n---\nb: 1\n",
            "<stdin> holds 2 documents, not one",
        ),
        (&["--contexts", "nowhere"], "", "nowhere cannot be read"),
        (
            &["--snapshots", "-"],
            "[]",
            "<stdin>: snapshots are a map of binding names to lists",
        ),
        (
            &["--snapshots", "-"],
            "names: 1",
            "<stdin>: the snapshot `names` is not a list",
        ),
        (
            &["--snapshots", "-"],
            "names: [1]",
            "item 0 of the snapshot `names`",
        ),
        (
            &["--snapshots", "-"],
            "name: []",
            "the hook has no kubernetes binding `name`",
        ),
        (&["--values", "-"], "[1]", "<stdin>: values are a map"),
        (
            &["--values", "-", "--config-values", "-"],
            "{}",
            "only one file can be `-`",
        ),
        (&["--cluster", "nowhere"], "", "nowhere cannot be read"),
        (
            &["--cluster", "-"],
            "kind: ConfigMap\nmetadata: {name: a}\n",
            "<stdin>:1: document 1 is not a manifest: it has no `apiVersion`",
        ),
        (&["--trigger", "often"], "", "`often` is no trigger"),
        (
            &["--trigger", "schedule"],
            "",
            "the hook has no schedule binding",
        ),
        (
            &["--trigger", "synchronization:pods"],
            "",
            "the hook has no kubernetes binding `pods`",
        ),
        (&["--hook", "other"], "", "holds no hook `other`"),
        (
            &["--contexts", "-", "--snapshots", "x"],
            "",
            "cannot be used with",
        ),
    ] {
        let finished = expect(exec(arguments, input).await, 2, &[words]);
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_third_manifest_is_found_there() {
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\n";
    for (third, words) in [
        ("apiVersion: v1\nkind: [\n", ["document 3", "<stdin>:11:1"]),
        (
            "apiVersion: v1\nmetadata: {name: c}\n",
            ["<stdin>:9: document 3", "it has no `kind`"],
        ),
        (
            "apiVersion: v1\nkind: Foo\nmetadata: {name: c}\n",
            ["<stdin>:9: document 3", "no matches for kind \"Foo\""],
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 5}\n",
            ["<stdin>:9: document 3", "ConfigMap.data"],
        ),
    ] {
        let run = exec(&["--cluster", "-"], &format!("{two}{third}")).await;
        let finished = expect(run, 2, &words);
        assert_eq!(finished.stdout, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_fails_or_never_ends_costs_nobody_more_than_its_budget() {
    let folder = scratch();
    for (filter, words) in [
        ("error(1)  ", "error"),
        ("def f:f;f ", "was stopped after 1000 ms"),
    ] {
        let path = folder.path().join("filter.wasm");
        std::fs::write(
            &path,
            super::components::altered(".data.name", filter).await,
        )
        .unwrap();
        let run = hookbox(["exec", text(&path), "--cluster", "-"])
            .input(CLUSTER)
            .run()
            .await;
        expect(run, 1, &["the snapshot `names` cannot be selected", words]);
    }
}
