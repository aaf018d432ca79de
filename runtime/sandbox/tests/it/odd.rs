//! Hostile guests that no compiler would make, written as text.

use hookbox_guest_builder::Text;
use hookbox_sandbox::{Budget, Limit, Run, RunError, RunInput};

use crate::support::{assert_others_work, budget, limit, ms, sandbox};

/// Load a component written as text and run it.
async fn run_text(text: &Text<'_>, budget: &Budget) -> Run {
    let component = sandbox().await.load(text.bytes()).await.unwrap();
    let run = component.run("any", RunInput::default(), budget).await;
    assert_others_work().await;
    run
}

#[tokio::test]
async fn two_memories_are_under_one_cap() {
    let core = r#"(memory (export "memory") 1) (memory $other 1)
        (func (export "run") (param i32 i32 i32 i32) (result i32)
            (loop $more
                (br_if 1 (i32.eq (memory.grow 0 (i32.const 16)) (i32.const -1)))
                (br_if 1 (i32.eq (memory.grow $other (i32.const 16)) (i32.const -1)))
                (br $more))
            unreachable)"#;
    // Leaving the loop by its label 1 ends the function without a value: trap in either way.
    let core = core
        .replace("br_if 1 (", "if (")
        .replace("(i32.const -1)))", "(i32.const -1)) (then unreachable))");
    let run = run_text(
        &Text {
            core: &core,
            own: &["run"],
            ..Text::default()
        },
        &budget(),
    )
    .await;
    let (limit, used, allowed) = limit(&run);
    assert_eq!((limit, allowed), (Limit::Memory, 64 << 20));
    // Neither of the two is over the cap by itself.
    assert!(used > 64 << 20 && used <= (64 << 20) + (1 << 20), "{used}");
}

#[tokio::test]
async fn a_table_bomb_is_stopped() {
    let core = r#"(memory (export "memory") 1) (table $table 1 funcref)
        (func (export "run") (param i32 i32 i32 i32) (result i32)
            (if (i32.eq (table.grow $table (ref.null func) (i32.const 50000000)) (i32.const -1)) (then unreachable))
            i32.const 64)"#;
    let text = Text {
        core,
        own: &["run"],
        ..Text::default()
    };
    let run = run_text(&text, &budget()).await;
    assert_eq!(limit(&run), (Limit::TableElements, 50_000_001, 100_000));
    // Many small ones count as memory.
    let core = r#"(memory (export "memory") 1) (table $table 1 funcref)
        (func (export "run") (param i32 i32 i32 i32) (result i32)
            (if (i32.eq (table.grow $table (ref.null func) (i32.const 90000)) (i32.const -1)) (then unreachable))
            i32.const 64)"#;
    let text = Text {
        core,
        own: &["run"],
        ..Text::default()
    };
    assert!(run_text(&text, &budget()).await.result.is_ok());
    let run = run_text(
        &text,
        &Budget {
            memory: 256 << 10,
            ..budget()
        },
    )
    .await;
    assert_eq!(
        limit(&run),
        (Limit::Memory, (64 << 10) + 90_001 * 8, 256 << 10)
    );
}

#[tokio::test]
async fn a_start_function_that_loops_is_stopped() {
    let core = r#"(memory (export "memory") 1) (func $endless (loop (br 0))) (start $endless)"#;
    let text = Text {
        core,
        ..Text::default()
    };
    let budget = Budget {
        cpu_time: ms(50),
        ..budget()
    };
    let run = run_text(&text, &budget).await;
    assert_eq!((limit(&run).0, limit(&run).2), (Limit::CpuTime, 50));
    let component = sandbox().await.load(text.bytes()).await.unwrap();
    let error = component.describe(&budget).await.unwrap_err();
    assert!(
        matches!(
            error,
            RunError::Limit {
                limit: Limit::CpuTime,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn memory_for_the_start_counts() {
    let core = r#"(memory (export "memory") 2048)"#;
    let run = run_text(
        &Text {
            core,
            ..Text::default()
        },
        &budget(),
    )
    .await;
    assert_eq!(limit(&run), (Limit::Memory, 128 << 20, 64 << 20));
}

#[tokio::test]
async fn descriptions_that_are_none_are_refused() {
    // No hook at all.
    let component = sandbox().await.load(Text::default().bytes()).await.unwrap();
    let error = component.describe(&Budget::describe()).await.unwrap_err();
    assert_eq!(error, RunError::Description("there is none".to_owned()));
    // A name that is not text; one outside of the memory; a list outside of the memory.
    let list = |pointer: u32, length: u32, data: &str| {
        format!(
            r#"(memory (export "memory") 1) (data (i32.const 128) "{data}")
            (func (export "describe") (result i32)
                (i32.store (i32.const 64) (i32.const {pointer}))
                (i32.store (i32.const 68) (i32.const {length}))
                i32.const 64)"#
        )
    };
    let bad_name = list(128, 1, "\\c0\\00\\00\\00\\02\\00\\00\\00").replace(
        "(func (export",
        "(data (i32.const 192) \"\\ff\\fe\") (func (export",
    );
    for (core, says) in [
        (bad_name, "not UTF-8"),
        (
            list(128, 1, "\\00\\00\\ff\\ff\\01\\00\\00\\00"),
            "out of bounds",
        ),
        (list(65528, 10, ""), "out of bounds"),
    ] {
        let text = Text {
            core: &core,
            own: &["describe"],
            ..Text::default()
        };
        let component = sandbox().await.load(text.bytes()).await.unwrap();
        let error = component.describe(&Budget::describe()).await.unwrap_err();
        assert_eq!(error.code(), "trap");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_others_work().await;
}

#[tokio::test]
async fn what_wasi_holds_for_a_guest_is_bounded() {
    let imports = r#"(import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (alias outer 1 $pollable (type $pollable))
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
        (alias export $clock "subscribe-duration" (func $subscribe))
        (core func $subscribe (canon lower (func $subscribe)))
        (core instance $host (export "subscribe" (func $subscribe)))"#;
    let core = r#"(import "host" "subscribe" (func $subscribe (param i64) (result i32)))
        (memory (export "memory") 1)
        (func (export "run") (param i32 i32 i32 i32) (result i32)
            (loop (drop (call $subscribe (i64.const 1000000000000))) (br 0))
            unreachable)"#;
    let text = Text {
        imports,
        core,
        with: r#"(with "host" (instance $host))"#,
        own: &["run"],
        ..Text::default()
    };
    let run = run_text(&text, &budget()).await;
    assert_eq!(limit(&run), (Limit::Handles, 4097, 4096));
}
