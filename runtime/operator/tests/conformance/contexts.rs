//! What hooks are given: BEHAVIOUR A3, row by row.

use crate::support::*;
use serde_json::{Value, json};

#[tokio::test]
async fn on_startup_has_a_binding_and_nothing_else() {
    let mut bench = Bench::settled(&cluster(&[]).await, &[("echo", json!({"onStartup": 1}))]).await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
}

#[tokio::test]
async fn a_schedule_has_its_type_and_its_snapshots() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let config = json!({
        "kubernetes": [binding("maps", json!({"jqFilter": ".data.v", "executeHookOnSynchronization": false}))],
        "schedule": [
            {"name": "plain", "crontab": "* * * * * *", "queue": "plain"},
            {"name": "with", "crontab": "* * * * * *", "includeSnapshotsFrom": ["maps"]},
        ],
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let (mut plain, mut with) = (None, None);
    while plain.is_none() || with.is_none() {
        let run = bench.run("echo").await;
        let context = contexts(&run)[0].clone();
        if run.queue == "plain" {
            plain = Some(context)
        } else {
            with = Some(context)
        }
    }
    assert_eq!(
        plain.unwrap(),
        json!({"binding": "plain", "type": "Schedule"})
    );
    let item = json!({"object": shown("ns", "a", "1"), "filterResult": "1"});
    assert_eq!(
        with.unwrap(),
        json!({"binding": "with", "type": "Schedule", "snapshots": {"maps": [item]}})
    );
}

#[tokio::test]
async fn a_synchronization_has_the_objects_in_order() {
    let cluster = cluster(&[
        ns(),
        namespace("a", json!({})),
        config_map("ns", "b", "1"),
        config_map("a", "z", "2"),
        config_map("ns", "a", "3"),
    ])
    .await;
    let names = json!({"nameSelector": {"matchNames": ["ns", "a"]}});
    let hook = |more: Value| json!({"kubernetes": [binding("maps", more)]});
    let hooks = [
        ("echo-full", hook(json!({"namespace": names}))),
        (
            "echo-filtered",
            hook(json!({"namespace": names, "jqFilter": ".data.v"})),
        ),
        (
            "echo-dropped",
            hook(
                json!({"namespace": names, "jqFilter": ".data.v", "keepFullObjectsInMemory": false}),
            ),
        ),
        (
            "echo-neither",
            hook(json!({"namespace": names, "keepFullObjectsInMemory": false})),
        ),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    let objects =
        |items: Value| json!([{"binding": "maps", "type": "Synchronization", "objects": items}]);
    let (az, na, nb) = (
        shown("a", "z", "2"),
        shown("ns", "a", "3"),
        shown("ns", "b", "1"),
    );
    assert_eq!(
        bench.contexts("echo-full").await,
        objects(json!([{"object": az}, {"object": na}, {"object": nb}]))
    );
    assert_eq!(
        bench.contexts("echo-filtered").await,
        objects(
            json!([{"object": az, "filterResult": "2"}, {"object": na, "filterResult": "3"}, {"object": nb, "filterResult": "1"}])
        )
    );
    assert_eq!(
        bench.contexts("echo-dropped").await,
        objects(json!([{"filterResult": "2"}, {"filterResult": "3"}, {"filterResult": "1"}]))
    );
    assert_eq!(
        bench.contexts("echo-neither").await,
        objects(json!([{}, {}, {}]))
    );
}

#[tokio::test]
async fn a_synchronization_without_objects_has_an_empty_list() {
    let mut bench = Bench::settled(
        &cluster(&[ns()]).await,
        &[("echo", json!({"kubernetes": [binding("maps", json!({}))]}))],
    )
    .await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "maps", "type": "Synchronization", "objects": []}])
    );
}

#[tokio::test]
async fn an_event_has_the_object_and_the_filter_result_of_its_time() {
    let cluster = cluster(&[ns()]).await;
    let quiet = |more: Value| {
        let mut kubernetes = binding("maps", more);
        kubernetes["executeHookOnSynchronization"] = json!(false);
        json!({"kubernetes": [kubernetes]})
    };
    let hooks = [
        ("echo-full", quiet(json!({}))),
        ("echo-filtered", quiet(json!({"jqFilter": ".data.w"}))),
        (
            "echo-dropped",
            quiet(json!({"jqFilter": ".data.v", "keepFullObjectsInMemory": false})),
        ),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    bench.settle().await;
    let events = bench.drain();
    let mut seen = std::collections::BTreeMap::new();
    for event in &events {
        if let hookbox_operator::OperatorEvent::RunFinished(run) = &**event {
            seen.insert(run.hook.clone(), contexts(run));
        }
    }
    let object = shown("ns", "a", "1");
    let event = |more: Value| {
        let mut context = json!({"binding": "maps", "type": "Event", "watchEvent": "Added"});
        for (key, value) in more.as_object().unwrap() {
            context[key] = value.clone();
        }
        json!([context])
    };
    assert_eq!(seen["echo-full"], event(json!({"object": object})));
    assert_eq!(
        seen["echo-filtered"],
        event(json!({"object": object, "filterResult": null}))
    );
    assert_eq!(seen["echo-dropped"], event(json!({"filterResult": "1"})));
}

#[tokio::test]
async fn a_group_has_only_its_name_and_the_snapshots_of_its_bindings() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let config = json!({
        "kubernetes": [
            binding("first", json!({"group": "g", "jqFilter": ".data.v", "keepFullObjectsInMemory": false})),
            {"kind": "Secret", "apiVersion": "v1", "group": "g", "namespace": {"nameSelector": {"matchNames": ["ns"]}}},
        ],
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let group = |binding: &str, first: Value| json!([{"binding": binding, "type": "Group", "groupName": "g", "snapshots": {"first": first, "kubernetes": []}}]);
    // Both Synchronizations become one run, named after the last.
    assert_eq!(
        bench.contexts("echo").await,
        group("kubernetes", json!([{"filterResult": "1"}]))
    );
    apply(&cluster, &[config_map("ns", "a", "2")]).await;
    assert_eq!(
        bench.contexts("echo").await,
        group("first", json!([{"filterResult": "2"}]))
    );
}

#[tokio::test]
async fn a_group_without_kubernetes_bindings_has_no_snapshots() {
    let config = json!({"schedule": [{"name": "tick", "crontab": "* * * * * *", "group": "g"}]});
    let mut bench = Bench::settled(&cluster(&[]).await, &[("echo", config)]).await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "tick", "type": "Group", "groupName": "g"}])
    );
}

#[tokio::test]
async fn all_requested_snapshots_are_there_and_empty_ones_are_lists() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({
        "kubernetes": [
            binding("maps", json!({"includeSnapshotsFrom": ["maps", "secrets"]})),
            {"name": "secrets", "kind": "Secret", "apiVersion": "v1", "executeHookOnSynchronization": false},
        ],
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "maps", "type": "Synchronization", "objects": [], "snapshots": {"maps": [], "secrets": []}}])
    );
}

#[tokio::test]
async fn a_snapshot_is_the_same_in_all_contexts_of_a_run() {
    let cluster = cluster(&[ns(), config_map("ns", "switch", "1")]).await;
    let config = json!({
        "kubernetes": [
            binding("maps", json!({"labelSelector": {"matchLabels": {"x": "y"}}, "includeSnapshotsFrom": ["maps"], "executeHookOnSynchronization": false})),
        ],
        "settings": {"executionMinInterval": "2s", "executionBurst": 1},
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    // The skipped Synchronization used the token: both events wait and are combined.
    for name in ["a", "b"] {
        let mut object = config_map("ns", name, "1");
        object["metadata"]["labels"] = json!({"x": "y"});
        apply(&cluster, &[object]).await;
    }
    bench.settle().await;
    let runs = bench.drain_contexts("echo");
    assert_eq!(runs.len(), 1, "{runs:?}");
    let run = &runs[0];
    assert_eq!(run.as_array().unwrap().len(), 2);
    assert_eq!(run[0]["snapshots"], run[1]["snapshots"]);
    assert_eq!(run[0]["snapshots"]["maps"].as_array().unwrap().len(), 2);
    assert_eq!(run[0]["object"]["metadata"]["name"], "a");
}

/// shell-operator shows the first binding's objects for both; hookbox is right.
#[tokio::test]
async fn bindings_of_the_same_name_have_their_own_objects_and_the_first_ones_snapshot() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let config = json!({
        "kubernetes": [
            {"kind": "Secret", "apiVersion": "v1", "namespace": {"nameSelector": {"matchNames": ["ns"]}}},
            {"kind": "ConfigMap", "apiVersion": "v1", "namespace": {"nameSelector": {"matchNames": ["ns"]}}},
        ],
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    assert_eq!(bench.contexts("echo").await[0]["objects"], json!([]));
    assert_eq!(
        bench.contexts("echo").await[0]["objects"],
        json!([{"object": shown("ns", "a", "1")}])
    );
}

#[tokio::test]
async fn without_objects_the_order_is_that_of_the_whole_path() {
    let names = ["a", "a-b"];
    let cluster = cluster(&[
        namespace("a", json!({})),
        namespace("a-b", json!({})),
        config_map("a", "x", "of a"),
        config_map("a-b", "x", "of a-b"),
    ])
    .await;
    let hook = |keep: bool| {
        json!({"kubernetes": [binding("maps", json!({
            "namespace": {"nameSelector": {"matchNames": names}}, "jqFilter": ".data.v", "keepFullObjectsInMemory": keep,
        }))]})
    };
    let hooks = [("echo-kept", hook(true)), ("echo-dropped", hook(false))];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    let results = |contexts: &Value| -> Vec<String> {
        let items = contexts[0]["objects"].as_array().unwrap();
        let texts = items.iter().map(|i| i["filterResult"].as_str().unwrap());
        texts.map(str::to_owned).collect()
    };
    assert_eq!(
        results(&bench.contexts("echo-kept").await),
        ["of a", "of a-b"]
    );
    // `a-b/ConfigMap/x` comes before `a/ConfigMap/x`.
    assert_eq!(
        results(&bench.contexts("echo-dropped").await),
        ["of a-b", "of a"]
    );
}

#[tokio::test]
async fn an_event_shows_its_own_time_and_snapshots_show_that_of_the_run() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({
        "kubernetes": [binding("maps", json!({"jqFilter": ".data.v", "includeSnapshotsFrom": ["maps"], "executeHookOnSynchronization": false}))],
        "settings": {"executionMinInterval": "10m", "executionBurst": 1},
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    // The skipped Synchronization used the token: all wait for the same run.
    for value in ["1", "2"] {
        apply(&cluster, &[config_map("ns", "a", value)]).await;
        bench.catch_up().await;
    }
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    apply(&cluster, &[config_map("ns", "b", "3")]).await;
    bench.catch_up().await;
    leap();
    let seen = bench.contexts("echo").await;
    let seen = seen.as_array().unwrap();
    let told: Vec<_> = seen
        .iter()
        .map(|c| {
            let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {} {}",
                of(&c["watchEvent"]),
                of(&c["object"]["metadata"]["name"]),
                of(&c["object"]["data"]["v"]),
                of(&c["filterResult"])
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "Added a 1 1",
            "Modified a 2 2",
            "Deleted a 2 2",
            "Added b 3 3"
        ]
    );
    let now = json!([{"object": shown("ns", "b", "3"), "filterResult": "3"}]);
    assert!(seen.iter().all(|c| c["snapshots"]["maps"] == now));
}

#[tokio::test]
async fn an_event_of_a_binding_that_keeps_nothing_says_only_what_happened() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let bare = json!({"keepFullObjectsInMemory": false, "executeHookOnSynchronization": false});
    let config = json!({"kubernetes": [binding("maps", bare)]});
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    apply(&cluster, &[config_map("ns", "a", "2")]).await;
    let event =
        |happened: &str| json!([{"binding": "maps", "type": "Event", "watchEvent": happened}]);
    assert_eq!(bench.contexts("echo").await, event("Modified"));
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    assert_eq!(bench.contexts("echo").await, event("Deleted"));
}

#[tokio::test]
async fn a_schedule_in_a_group_has_its_own_snapshots_and_those_of_the_group() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let named = |name: &str, more: Value| {
        let mut more = more;
        more["executeHookOnSynchronization"] = json!(false);
        more["jqFilter"] = json!(".data.v");
        more["keepFullObjectsInMemory"] = json!(false);
        binding(name, more)
    };
    let config = json!({
        "kubernetes": [named("own", json!({})), named("grouped", json!({"group": "g"})), named("neither", json!({}))],
        "schedule": [{"name": "tick", "crontab": "* * * * * *", "group": "g", "includeSnapshotsFrom": ["own"]}],
    });
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let items = json!([{"filterResult": "1"}]);
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "tick", "type": "Group", "groupName": "g", "snapshots": {"own": items, "grouped": items}}])
    );
}

#[tokio::test]
async fn keys_are_sorted_as_shell_operator_writes_them() {
    let mut object = config_map("ns", "a", "1");
    object["metadata"]["labels"] = json!({"z": "1", "a": "2"});
    let cluster = cluster(&[ns(), object]).await;
    let config = json!({"kubernetes": [binding("maps", json!({"jqFilter": "{z: 1, a: {c: 2, b: 3}}", "includeSnapshotsFrom": ["maps"]}))]});
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let run = bench.run("echo").await;
    let text = &run.log[0].message;
    let sorted: Value = serde_json::from_str(text).unwrap();
    assert_eq!(*text, sorted.to_string());
    assert!(
        text.contains(r#""filterResult":{"a":{"b":3,"c":2},"z":1}"#),
        "{text}"
    );
}

/// Row "big integers kept": also where JSON is looked at on the way.
#[tokio::test]
async fn integers_of_any_size_stay_whole() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let folder = tempfile::tempdir().unwrap();
    let number = "123456789012345678901234567890";
    let config = json!({"kubernetes": [binding("maps", json!({"jqFilter": number, "keepFullObjectsInMemory": false}))]});
    let mut bench = Bench::with(&cluster, &[("echo", config)], |options| {
        options.journal = Some(folder.path().to_owned());
    })
    .await;
    let written = format!(
        r#"[{{"binding":"maps","objects":[{{"filterResult":{number}}}],"type":"Synchronization"}}]"#
    );
    let run = bench.run("echo").await;
    assert_eq!(run.log[0].message, written, "what the guest is given");
    patiently("the end", bench.running.stop()).await;
    let mut records = hookbox_operator::journal::read(folder.path()).unwrap();
    assert_eq!(records.next().unwrap().unwrap().contexts.text(), written);
}
