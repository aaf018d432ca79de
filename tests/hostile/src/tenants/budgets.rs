//! What a run does to itself and to the host: each budget, memory, what the host holds for it, traps, handles.

use hookbox_guest_builder::Text;
use serde_json::json;

use super::{Comes, Row, STARTUP};

/// A hook whose run does this, and traps when it comes to the end.
fn run(items: &str, body: &str) -> Vec<u8> {
    let core = format!(
        r#"(memory (export "memory") 2) {items}
        (func (export "run") (param i32 i32 i32 i32) (result i32) {body} unreachable)"#
    );
    Text {
        core: &core,
        own: &["run"],
        config: STARTUP,
        ..Text::default()
    }
    .bytes()
}

fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

fn grow(what: &str, by: u32) -> String {
    format!("(if (i32.eq ({what} (i32.const {by})) (i32.const -1)) (then unreachable))")
}

pub(super) fn all() -> Vec<Row> {
    let limit = |says| Comes::Fails("limit", says);
    let trap = |says| Comes::Fails("trap", says);
    let failed = |says| Comes::Fails("hook-failed", says);
    let mut rows: Vec<Row> = [
        ("budget/cpu-time", "loop", limit("CPU time")),
        ("budget/wall-clock", "sleep", limit("wall clock")),
        ("budget/memory", "memory", limit("memory")),
        ("budget/stack", "recursion", limit("stack")),
        ("budget/effects", "million-effects", limit("effects")),
        ("budget/metrics", "million-metrics", limit("effects")),
        (
            "budget/values-that-are-none",
            "million-values",
            limit("CPU time"),
        ),
        ("budget/log-bytes", "empty-fields", limit("log bytes")),
        ("buffer/one-giant-effect", "giant-effect", limit("")),
        ("buffer/giant-log-field", "giant-field", limit("log bytes")),
        ("buffer/labels", "empty-labels", Comes::Runs(&[])),
        ("buffer/buckets", "many-buckets", limit("effect bytes")),
        ("buffer/metric-names", "metric-names", limit("effect")),
        (
            "buffer/members-of-log-lines",
            "json-lines",
            Comes::Runs(&[]),
        ),
        ("buffer/one-long-line", "long-line", Comes::Runs(&[])),
        ("json/deep", "deep-json", failed("nothing of it")),
        ("json/deep-pointer", "deep-pointer", Comes::Runs(&[])),
        (
            "json/duplicate-keys",
            "duplicate-keys",
            failed("nothing of it"),
        ),
        ("json/huge-numbers", "huge-numbers", failed("nothing of it")),
        ("run/trap", "trap", trap("unreachable")),
        ("run/exit", "exit", trap("called exit")),
        ("error/giant", "giant-error", failed("eee")),
        ("error/terminal", "terminal", failed("hidden")),
        ("escape/files-and-network", "files", Comes::Runs(&[])),
        ("metrics/series", "series", Comes::Drops("1000 series")),
        ("metrics/names", "names", Comes::Drops("100 metrics")),
        ("metrics/label-names", "label-names", Comes::Drops("label")),
    ]
    .into_iter()
    .map(|(name, hook, comes)| Row::hook(name, hook, comes).soon())
    .collect();
    // Those with a snapshot of their own.
    rows.extend(
        [
            ("handle/hoarded", "hoarded", limit("handles")),
            ("handle/opened", "churned", limit("CPU time")),
            ("handle/dropped", "dropped", trap("unknown handle index")),
            (
                "handle/dropped-twice",
                "dropped-twice",
                trap("unknown handle index"),
            ),
            ("handle/of-another-type", "wrong-type", trap("handle index")),
            ("handle/guessed", "guessed", trap("unknown handle index")),
            ("handle/forgotten", "forgotten", Comes::Runs(&[])),
            ("handle/index-behind-the-end", "index", Comes::Runs(&[])),
            ("budget/host-calls", "churned", limit("host calls")),
        ]
        .map(|(name, hook, comes)| {
            let row = Row::configured(name, hook, watching(""), comes);
            row.soon().with(|row| {
                if name == "budget/host-calls" {
                    row.budget["hostCalls"] = json!(1000);
                }
            })
        }),
    );
    rows.extend([
        Row::made(
            "memory/many-memories",
            || {
                let memories = repeat(3, |index| format!("(memory $m{index} 1)"));
                let grow = repeat(3, |index| grow(&format!("memory.grow $m{index}"), 16));
                run(&memories, &format!("(loop {grow} (br 0))"))
            },
            limit("memory"),
        ),
        Row::made(
            "memory/many-tables",
            || {
                let tables = repeat(7, |index| format!("(table $t{index} 1 funcref)"));
                let grow = repeat(7, |index| {
                    grow(&format!("table.grow $t{index} (ref.null func)"), 90_000)
                });
                run(&tables, &grow)
            },
            limit("memory"),
        )
        .with(|row| row.budget["memory"] = json!("2Mi")),
        Row::made(
            "memory/one-large-table",
            || {
                let grow = grow("table.grow $t (ref.null func)", 50_000_000);
                run("(table $t 1 funcref)", &grow)
            },
            limit("table"),
        ),
        Row::made(
            "boundary/answer-outside-of-the-memory",
            || run("", "(return (i32.const 0x7ffffff8))"),
            trap("out of bounds"),
        ),
        Row::made(
            "boundary/realloc-that-loops",
            || {
                let core = r#"(memory (export "memory") 2)
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) unreachable)"#;
                Text {
                    core,
                    own: &["realloc"],
                    config: STARTUP,
                    ..Text::default()
                }
                .bytes()
            },
            limit("CPU time"),
        )
        .soon(),
    ]);
    rows
}

/// A hook that runs for its Synchronization, with a snapshot `pods` of its own ConfigMaps, filtered so.
pub(super) fn watching(filter: &str) -> String {
    let mut binding = json!({
        "name": "pods", "apiVersion": "v1", "kind": "ConfigMap",
        "namespace": {"nameSelector": {"matchNames": [super::HOSTILE]}},
        "labelSelector": {"matchLabels": {"watched": "yes"}},
        "includeSnapshotsFrom": ["pods"],
    });
    match filter {
        "" => {}
        "export" => binding["filter"] = json!(true),
        jq => binding["jqFilter"] = json!(jq),
    }
    json!({"configVersion": "v1", "kubernetes": [binding]}).to_string()
}
