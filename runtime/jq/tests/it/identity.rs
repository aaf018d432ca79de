//! What goes through a filter unchanged comes out the same.

use crate::common::patient;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};

/// serde_json's reading may be off by a last digit, and by another one where the same number is written otherwise.
fn read_exactly(f: &f64) -> bool {
    let reads = |text: String| serde_json::from_str::<f64>(&text).is_ok_and(|read| read == *f);
    reads(f.to_string()) && reads(format!("{f:e}")) && reads(Value::from(*f).to_string())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Whole floats come back as integers, which serde_json tells apart.
        any::<f64>()
            .prop_filter("JSON has it", |f| f.is_finite() && f.fract() != 0.0)
            .prop_filter("serde_json reads it as it is", read_exactly)
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|m| Value::from(m.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[test]
fn values_survive() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let filters = [
        ".",
        "tojson | fromjson",
        "[.] | .[0]",
        "{a: .} | .a",
        "walk(.)",
        "[tostream] | fromstream(.[])",
        "if type == \"object\" then with_entries(.) else . end",
        "@base64 \"\\(tojson)\" | @base64d | fromjson",
        "reduce path(..) as $p (.; setpath($p; getpath($p)))",
    ];
    let filters: Vec<_> = filters
        .iter()
        .map(|f| runtime.block_on(patient().compile(f)).unwrap())
        .collect();
    let config = Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&json(), |value| {
            let text = value.to_string();
            // Not `value` itself: serde_json reads some floats with a last digit that is off.
            let value: Value = serde_json::from_str(&text).unwrap();
            for filter in &filters {
                let result = runtime.block_on(filter.apply(&text)).unwrap();
                let back: Value = serde_json::from_str(&result).unwrap();
                prop_assert_eq!(&back, &value, "{}", filter.text());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn text_is_canonical() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let identity = runtime.block_on(patient().compile(".")).unwrap();
    let config = Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&json(), |value| {
            let once = runtime
                .block_on(identity.apply(&serde_json::to_string_pretty(&value).unwrap()))
                .unwrap();
            let twice = runtime.block_on(identity.apply(&once)).unwrap();
            prop_assert_eq!(once, twice);
            Ok(())
        })
        .unwrap();
}
