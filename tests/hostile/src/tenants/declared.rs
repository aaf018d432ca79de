//! What is told before any run: components and configurations that are none, that never end, that cost much.

use hookbox_guest_builder::Text;
use serde_json::json;

use super::budgets::watching;
use super::{Comes, Row, STARTUP};
use crate::catalogue::bombs;

/// A component whose `describe` does this.
fn describe(core: &'static str) -> Vec<u8> {
    Text {
        core,
        own: &["describe"],
        ..Text::default()
    }
    .bytes()
}

/// A component with this configuration.
fn configured(config: &str) -> Vec<u8> {
    Text {
        core: r#"(memory (export "memory") 16)"#,
        config,
        ..Text::default()
    }
    .bytes()
}

pub(super) fn all() -> Vec<Row> {
    let not_ready = |reason, says| Comes::Condition("Ready", reason, says);
    let component = |says| not_ready("InvalidComponent", says);
    let hook = |says| not_ready("InvalidHook", says);
    let not_enabled = |says| Comes::Condition("BindingsEnabled", "NotEnabled", says);
    let mut rows = vec![
        Row::made(
            "describe/loop",
            || {
                describe(
                    r#"(memory (export "memory") 1) (func (export "describe") (result i32) (loop (br 0)) unreachable)"#,
                )
            },
            component("CPU time"),
        ),
        Row::made(
            "describe/memory",
            || {
                describe(
                    r#"(memory (export "memory") 1) (func (export "describe") (result i32)
                (loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) (br 0)) unreachable)"#,
                )
            },
            component("memory"),
        ),
        Row::made(
            "describe/trap",
            || {
                describe(
                    r#"(memory (export "memory") 1) (func (export "describe") (result i32) unreachable)"#,
                )
            },
            component("unreachable"),
        ),
        Row::made(
            "describe/endless-list",
            || {
                describe(
                    r#"(memory (export "memory") 1) (data (i32.const 64) "\80\00\00\00\ff\ff\ff\1f")
                (func (export "describe") (result i32) i32.const 64)"#,
                )
            },
            component("out of bounds"),
        ),
        Row::made(
            "start/loop",
            || {
                describe(
                    r#"(memory (export "memory") 1) (func $endless (loop (br 0))) (start $endless)
                (func (export "describe") (result i32) i32.const 64)"#,
                )
            },
            component("CPU time"),
        ),
        Row::made(
            "load/text",
            || b"#!/bin/sh\nrm -rf /\n".to_vec(),
            component("not a WebAssembly component"),
        ),
        Row::made(
            "load/core-module",
            || b"\0asm\x01\0\0\0".to_vec(),
            component(""),
        ),
        Row::made(
            "load/nested-components",
            || bombs::nested(50_000),
            component(""),
        ),
        Row::made("load/locals-times-loops", bombs::many_loops, component("")),
        Row::made("load/locals-times-joins", bombs::many_joins, component("")),
        Row::made("config/aliases", || configured(&aliases()), hook("")),
        Row::made("config/deep", || configured(&"[".repeat(100_000)), hook("")),
        Row::made(
            "config/many-bindings",
            || configured(&many_bindings(2_000)),
            hook(""),
        ),
        Row::made("config/no-configuration", || configured("no"), hook("")),
    ];
    // Filters that run away: the binding is not enabled, and says why.
    for (name, filter) in [
        ("filter/jq-recursion", "def f: f; f"),
        ("filter/jq-memory", "[range(1e12)]"),
        (
            "filter/jq-text",
            "reduce range(1e9) as $i (\"\"; . + \"x\")",
        ),
        ("filter/jq-depth", "def f: [f]; f"),
    ] {
        rows.push(Row::configured(
            name,
            "files",
            watching(filter),
            not_enabled("filter"),
        ));
    }
    for (name, hook) in [
        ("filter/loop", "loop"),
        ("filter/memory", "memory"),
        ("filter/trap", "trap"),
        ("filter/too-many-results", "answer/too-many"),
        ("filter/giant-results", "answer/giant"),
    ] {
        rows.push(Row::configured(
            name,
            hook,
            watching("export"),
            not_enabled("filter"),
        ));
    }
    // A snapshot of what it may not see.
    let config = watching("").replace(super::HOSTILE, super::NEIGHBOUR);
    rows.push(Row::configured(
        "watch/other",
        "files",
        config,
        not_enabled("list"),
    ));
    let everywhere = json!({"configVersion": "v1", "kubernetes": [{"name": "pods", "apiVersion": "v1", "kind": "ConfigMap"}]});
    rows.push(Row::configured(
        "watch/everywhere",
        "files",
        everywhere.to_string(),
        not_enabled("list"),
    ));
    let large = watching("\"x\" * 1000000");
    rows.push(
        Row::configured(
            "watch/large-snapshot",
            "files",
            large,
            not_enabled("snapshot"),
        )
        .with(|row| row.quota["snapshotBytes"] = json!("64Ki")),
    );
    rows.push(
        Row::made(
            "load/over-the-quota",
            || configured(STARTUP),
            Comes::Runs(&[]),
        )
        .with(|row| row.quota["compileTimePerHour"] = json!("1s")),
    );
    rows
}

/// A text that is twice as long with each line.
fn aliases() -> String {
    let mut text = "configVersion: v1\nonStartup: 1\na0: &a0 [x, x]\n".to_owned();
    for step in 1..60 {
        let before = step - 1;
        text.push_str(&format!("a{step}: &a{step} [*a{before}, *a{before}]\n"));
    }
    text
}

/// As many bindings.
fn many_bindings(count: usize) -> String {
    let binding = |number: usize| json!({"name": format!("b{number}"), "apiVersion": "v1", "kind": "ConfigMap"});
    let bindings: Vec<_> = (0..count).map(binding).collect();
    json!({"configVersion": "v1", "kubernetes": bindings}).to_string()
}
