//! An operator that goes step by step: the same cluster leads to the same runs.

use crate::support::*;
use hookbox_operator::OperatorEvent;
use serde_json::{Value, json};

/// Lets all go that waits, each when all before it is seen. The runs that ended.
async fn steps(bench: &mut Bench) -> Vec<hookbox_operator::event::RunFinished> {
    loop {
        patiently("the operator to be still", bench.running.still()).await;
        bench.catch_up().await;
        if !patiently("a step", bench.running.step()).await {
            break;
        }
    }
    let finished = |event: &OperatorEvent| match event {
        OperatorEvent::RunFinished(run) => Some((**run).clone()),
        _ => None,
    };
    bench.drain().iter().filter_map(|e| finished(e)).collect()
}

fn names(contexts: &Value) -> Vec<&str> {
    let contexts = contexts.as_array().unwrap();
    let name = |c: &'_ Value| c.pointer("/object/metadata/name").is_some();
    assert!(contexts.iter().all(name), "{contexts:?}");
    contexts
        .iter()
        .map(|c| c["object"]["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_unless_it_is_let_and_what_happened_together_runs_together_in_its_order() {
    let cluster = cluster(&[ns()]).await;
    let watch = |queue: &str| {
        let quiet = json!({"queue": queue, "executeHookOnSynchronization": false});
        let mut secrets = binding("secrets", quiet.clone());
        secrets["kind"] = json!("Secret");
        json!({"kubernetes": [secrets, binding("maps", quiet)]})
    };
    let hooks = [
        ("echo-z", watch("a")),
        ("echo-y", watch("main")),
        ("echo-x", watch("b")),
    ];
    let mut bench = Bench::with(&cluster, &hooks, |options| options.stepped = true).await;
    assert!(steps(&mut bench).await.is_empty());

    let mut made = Vec::new();
    for i in 0..30 {
        let mut object = config_map("ns", &format!("o{i:02}"), "");
        if i % 3 == 0 {
            object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": object["metadata"]});
        }
        apply(&cluster, &[object]).await;
        made.push(format!("o{i:02}"));
    }
    bench.catch_up().await;
    patiently("the operator to be still", bench.running.still()).await;
    let begun = |e: &OperatorEvent| matches!(e, OperatorEvent::RunStarted { .. });
    assert!(!bench.drain().iter().any(|e| begun(e)));

    let runs = steps(&mut bench).await;
    let hooks: Vec<_> = runs.iter().map(|run| run.hook.as_str()).collect();
    assert_eq!(hooks, ["echo-y", "echo-z", "echo-x"]);
    for run in &runs {
        assert_eq!(names(&contexts(run)), made, "{}", run.hook);
    }
    assert!(!bench.running.step().await);
}

#[tokio::test]
async fn without_it_there_are_no_steps() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("echo", json!({"kubernetes": [binding("maps", json!({}))]}))];
    let mut bench = Bench::start(&cluster, &hooks).await;
    bench.run("echo").await;
    patiently("the operator to be still", bench.running.still()).await;
    assert!(!bench.running.step().await);
}
