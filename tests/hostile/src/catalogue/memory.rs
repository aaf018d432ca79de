//! Memory in many pieces: the limit is of all of them together.

use hookbox_guest_builder::Text;
use hookbox_sandbox::Limit;

use crate::{Attack, Must};

/// The core module of a hook whose run does this, and traps when it comes to the end.
fn run(items: &str, body: &str) -> Vec<u8> {
    let core = format!(
        r#"(memory (export "memory") 1) {items}
        (func (export "run") (param i32 i32 i32 i32) (result i32) {body} unreachable)"#
    );
    Text {
        core: &core,
        own: &["run"],
        ..Text::default()
    }
    .bytes()
}

fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

pub(super) fn all() -> Vec<Attack> {
    let stop = |limit| Must::Stop(limit, None);
    vec![
        // Four memories in turn, none of which comes near the limit.
        Attack::made(
            "memory/many-memories",
            || {
                let memories = repeat(3, |index| format!("(memory $m{index} 1)"));
                let grow = repeat(3, |index| {
                    format!(
                        "(if (i32.eq (memory.grow $m{index} (i32.const 16)) (i32.const -1)) (then unreachable))"
                    )
                });
                run(&memories, &format!("(loop {grow} (br 0))"))
            },
            stop(Limit::Memory),
        ),
        Attack::made(
            "memory/more-memories-than-there-are",
            || run(&repeat(50, |_| "(memory 1)".to_owned()), ""),
            Must::NotLoad(&["invalid"]),
        ),
        Attack::made(
            "memory/many-tables",
            || {
                let tables = repeat(7, |index| format!("(table $t{index} 1 funcref)"));
                let grow = repeat(7, |index| {
                    format!(
                        "(if (i32.eq (table.grow $t{index} (ref.null func) (i32.const 90000)) (i32.const -1)) (then unreachable))"
                    )
                });
                run(&tables, &grow)
            },
            stop(Limit::Memory),
        )
        .with(|b| b.memory = 2 << 20),
        Attack::made(
            "memory/more-tables-than-there-are",
            || run(&repeat(200, |_| "(table 1 funcref)".to_owned()), ""),
            Must::NotLoad(&["invalid"]),
        ),
        Attack::made(
            "memory/one-large-table",
            || {
                run(
                    "(table $t 1 funcref)",
                    "(if (i32.eq (table.grow $t (ref.null func) (i32.const 50000000)) (i32.const -1)) (then unreachable))",
                )
            },
            stop(Limit::TableElements),
        ),
        Attack::made(
            "memory/a-large-table-at-once",
            || run("(table 100001 funcref)", ""),
            Must::NotLoad(&["too-large"]),
        ),
        Attack::made(
            "memory/at-once",
            || run("(memory 2048)", ""),
            stop(Limit::Memory),
        ),
        Attack::made(
            "memory/more-at-once-than-any-run-has",
            || run("(memory 65536)", ""),
            Must::NotLoad(&["too-large"]),
        ),
        // Many instances of one module, each with a memory and a table of its own.
        Attack::made("memory/many-instances", || {
            let core = r#"(memory (export "memory") 1)"#;
            let many = format!(
                "(core module $small (table 1000 funcref)) {}",
                repeat(1000, |_| "(core instance (instantiate $small))".to_owned())
            );
            Text {
                core,
                imports: &many,
                ..Text::default()
            }
            .bytes()
        }, Must::NotLoad(&["invalid"])),
        // Filled by the module's own start, a page at a time.
        Attack::made(
            "memory/grown-at-the-start",
            || {
                run(
                    "(func $start (loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) (br 0))) (start $start)",
                    "",
                )
            },
            stop(Limit::Memory),
        ),
    ]
}
