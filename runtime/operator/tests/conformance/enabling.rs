//! Bindings whose kind, objects or filter are not there yet, or no longer.

use crate::support::*;
use hookbox_operator::OperatorEvent;
use serde_json::json;

#[tokio::test]
async fn a_filter_that_fails_at_the_start_keeps_the_binding_from_being_enabled_but_not_the_others()
{
    let cluster = cluster(&[ns(), config_map("ns", "a", "bad")]).await;
    let config = json!({"kubernetes": [
        binding("broken", json!({"jqFilter": r#"if .data.v == "bad" then error("no") else .data.v end"#})),
        binding("fine", json!({"jqFilter": ".data.v", "keepFullObjectsInMemory": false})),
    ]});
    let mut bench = Bench::start(&cluster, &[("echo", config)]).await;
    let code = bench.event_where(|event| match event {
        OperatorEvent::BindingFailed { binding, code, .. } if binding == "broken" => {
            Some(code.clone())
        }
        _ => None,
    });
    assert_eq!(code.await, "filter");
    assert_eq!(bench.contexts("echo").await[0]["binding"], "fine");
    // Once the object is mended the binding comes by itself.
    apply(&cluster, &[config_map("ns", "a", "good")]).await;
    let late = loop {
        let contexts = bench.contexts("echo").await;
        if contexts[0]["binding"] == "broken" {
            break contexts;
        }
    };
    assert_eq!(late[0]["objects"][0]["filterResult"], "good");
}

#[tokio::test]
async fn an_unknown_kind_stops_nobody_and_comes_later() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetes": [{"name": "widgets", "apiVersion": "example.com/v1", "kind": "Widget"}]});
    let mut bench = Bench::start(
        &cluster,
        &[
            ("echo-widgets", config),
            ("echo", json!({"kubernetes": [binding("maps", json!({}))]})),
        ],
    )
    .await;
    let code = bench.event_where(|event| match event {
        OperatorEvent::BindingFailed { code, .. } => Some(code.clone()),
        _ => None,
    });
    assert_eq!(code.await, "unknown-kind");
    assert_eq!(bench.contexts("echo").await[0]["binding"], "maps");
    apply(
        &cluster,
        &[definition("example.com", "Widget", "Namespaced", "v1")],
    )
    .await;
    assert_eq!(
        bench.contexts("echo-widgets").await[0]["type"],
        "Synchronization"
    );
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "ns"}});
    apply(&cluster, &[widget]).await;
    let added = bench.contexts("echo-widgets").await;
    assert_eq!(
        (
            &added[0]["watchEvent"],
            &added[0]["object"]["metadata"]["name"]
        ),
        (&json!("Added"), &json!("w"))
    );
}

#[tokio::test]
async fn nobody_runs_with_a_snapshot_that_is_not_known() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "bad")]).await;
    let config = json!({"kubernetes": [
        binding("broken", json!({"jqFilter": r#"if .data.v == "bad" then error("no") else .data.v end"#})),
        binding("needs", json!({"includeSnapshotsFrom": ["broken"], "nameSelector": {"matchNames": ["other"]}})),
        {"name": "fine", "kind": "Secret", "apiVersion": "v1"},
        {"name": "absent", "kind": "Nothing", "apiVersion": "example.com/v1"},
        {"name": "needs-absent", "kind": "Secret", "apiVersion": "v1", "includeSnapshotsFrom": ["absent"]},
    ]});
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let ran: Vec<_> = bench
        .drain_contexts("echo")
        .iter()
        .map(|c| c[0]["binding"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ran, ["fine", "needs-absent"]);
    apply(&cluster, &[config_map("ns", "a", "good")]).await;
    let mut ran = Vec::new();
    while ran.len() < 2 {
        let contexts = bench.contexts("echo").await;
        if contexts[0]["binding"] == "needs" {
            assert_eq!(
                contexts[0]["snapshots"]["broken"][0]["filterResult"],
                "good"
            );
        }
        ran.push(contexts[0]["binding"].as_str().unwrap().to_owned());
    }
    ran.sort();
    assert_eq!(ran, ["broken", "needs"]);
}
