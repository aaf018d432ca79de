//! The gate: all or nothing.

use std::sync::Arc;

use hookbox_operator::apply::{Gate, Limits};
use hookbox_sandbox::effects::{MetricAction, MetricOperation, ObjectRef, PatchOptions};
use hookbox_sandbox::{Effects, ObjectPatch};
use serde_json::json;

use crate::world::{World, config_map};

fn delete(name: &str) -> ObjectPatch {
    ObjectPatch::Delete(ObjectRef {
        kind: "ConfigMap".into(),
        namespace: Some("default".into()),
        name: name.into(),
        ..ObjectRef::default()
    })
}

fn jq(filter: &str) -> ObjectPatch {
    let object = ObjectRef {
        kind: "ConfigMap".into(),
        namespace: Some("default".into()),
        name: "a".into(),
        ..ObjectRef::default()
    };
    ObjectPatch::JQPatch {
        object,
        filter: filter.into(),
        options: PatchOptions::default(),
    }
}

#[tokio::test]
async fn one_invalid_patch_refuses_all_and_each_is_named() {
    let world = World::new();
    world.seed(config_map("a", json!({}))).await;
    let error = world
        .refused(vec![
            delete("a"),
            delete("../x"),
            ObjectPatch::Create {
                object: json!({"kind": "ConfigMap"}),
            },
            jq(".data |"),
            jq(".data = {}"),
        ])
        .await;
    let found: Vec<_> = error
        .offences
        .iter()
        .map(|o| (o.index, o.code, o.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (1, "name", "objectPatches[1].name"),
            (2, "required", "objectPatches[2].object.metadata.name"),
            (3, "jq", "objectPatches[3].jqFilter"),
        ]
    );
    assert!(error.to_string().starts_with("the run's effects are refused, nothing was applied: objectPatches[1].name (Delete ConfigMap default/../x): `../x` is no name of an object; "), "{error}");
    assert!(world.get("ConfigMap", "a").is_some());
    assert!(world.cluster.requests().is_empty(), "nothing was asked");
}

#[tokio::test]
async fn metrics_are_checked_before_any_patch_is_applied() {
    let world = World::new();
    let bad = MetricOperation {
        name: "my-metric".into(),
        action: MetricAction::Set,
        value: None,
        buckets: None,
        labels: Default::default(),
        group: None,
    };
    let effects = Effects {
        object_patches: vec![delete("a")],
        metrics: vec![bad],
        ..Effects::default()
    };
    let error = world.gate.check(Arc::new(effects)).await.unwrap_err();
    let found: Vec<_> = error
        .offences
        .iter()
        .map(|o| (o.code, o.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("metric-name", "metrics[0].name"),
            ("required", "metrics[0].value")
        ]
    );
}

#[tokio::test]
async fn sizes_and_numbers_are_bounded() {
    let world = World::new();
    let big = ObjectPatch::Create {
        object: config_map("a", json!({"x": "y".repeat(4 << 20)})),
    };
    let error = world.refused(vec![big]).await;
    assert_eq!(
        (error.code(), error.offences[0].path.as_str()),
        ("too-large", "objectPatches[0]")
    );
    assert_eq!(
        world.refused(vec![jq(&" ".repeat(70_000))]).await.offences[0].path,
        "objectPatches[0].jqFilter"
    );
    let error = world.refused(vec![delete("a"); 10_001]).await;
    assert_eq!(
        error.to_string(),
        "the run's effects are refused, nothing was applied: objectPatches (all): 10001 object patches, at most 10000 are allowed"
    );
    let error = world.refused(vec![delete(""); 500]).await;
    assert_eq!((error.offences.len(), error.more), (20, 480));
}

#[tokio::test]
async fn limits_can_be_set() {
    let mut limits = Limits::default();
    limits.patches = 1;
    let gate = Gate::new(None).with_limits(limits);
    let effects = |patches| {
        Arc::new(Effects {
            object_patches: patches,
            ..Effects::default()
        })
    };
    assert!(gate.check(effects(vec![delete("a")])).await.is_ok());
    assert_eq!(
        gate.check(effects(vec![delete("a"), delete("b")]))
            .await
            .unwrap_err()
            .code(),
        "too-many"
    );
    assert_eq!(
        gate.check(effects(vec![jq(".")])).await.unwrap_err().code(),
        "jq",
        "there is no jq here"
    );
}
