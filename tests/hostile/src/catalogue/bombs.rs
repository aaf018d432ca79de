//! Components that are small and cost much to load.

use hookbox_guest_builder::Text;

use crate::{Asked, Attack, Must};

/// A component with these items in its core module, besides those of a hook.
fn with(items: &str) -> Vec<u8> {
    let core = format!(r#"(memory (export "memory") 1) {items}"#);
    Text {
        core: &core,
        ..Text::default()
    }
    .bytes()
}

/// A component with these items of its own.
fn component(items: &str) -> Vec<u8> {
    Text {
        imports: items,
        ..Text::default()
    }
    .bytes()
}

pub(super) fn all() -> Vec<Attack> {
    let load =
        |name, bytes: fn() -> Vec<u8>, must| Attack::made(name, bytes, must).asked(Asked::Load);
    vec![
        load(
            "load/nothing",
            Vec::new,
            Must::NotLoad(&["not-a-component"]),
        ),
        load(
            "load/text",
            || b"#!/bin/sh\nrm -rf /\n".to_vec(),
            Must::NotLoad(&["not-a-component"]),
        ),
        load(
            "load/core-module",
            || b"\0asm\x01\0\0\0".to_vec(),
            Must::NotLoad(&["core-module"]),
        ),
        load(
            "load/cut-off",
            || {
                let mut bytes = with("");
                bytes.truncate(bytes.len() / 2);
                bytes
            },
            Must::NotLoad(&["invalid"]),
        ),
        load(
            "load/length-that-lies",
            || {
                let mut bytes = with("");
                bytes[9..14].fill(0xff);
                bytes
            },
            Must::NotLoad(&["invalid"]),
        ),
        load(
            "load/too-large",
            || vec![0; (64 << 20) + 1],
            Must::NotLoad(&["too-large"]),
        ),
        load(
            "load/many-functions",
            || with(&"(func)".repeat(250_000)),
            Must::NotLoad(&["too-large"]),
        ),
        load(
            "load/long-function",
            || with(&format!("(func {})", "nop ".repeat(3 << 20))),
            Must::NotLoad(&["too-large"]),
        ),
        load(
            "load/deep-blocks",
            || {
                with(&format!(
                    "(func {} {})",
                    "block ".repeat(5_000),
                    "end ".repeat(5_000)
                ))
            },
            Must::Nothing,
        ),
        // Values times branches: each local is looked up, or joined, at each of them.
        load(
            "load/locals-times-loops",
            many_loops,
            Must::NotLoad(&["too-large"]),
        ),
        load(
            "load/locals-times-joins",
            many_joins,
            Must::NotLoad(&["too-large"]),
        ),
        load(
            "load/branch-tables",
            || with(&branch_tables(500, 1000)),
            Must::Nothing,
        ),
        load(
            "load/nested-components",
            || nested(50_000),
            Must::NotLoad(&["invalid", "wrong-world"]),
        ),
        load(
            "load/doubling-types",
            || component(&doubling_types(60)),
            Must::NotLoad(&["invalid"]),
        ),
        load(
            "load/many-types",
            || component(&"(type (tuple u8 u8))".repeat(50_000)),
            Must::Nothing,
        ),
        load(
            "load/long-import-name",
            || component(&format!("(import \"a:b/{}\" (func))", "c".repeat(200_000))),
            Must::NotLoad(&["invalid", "missing-import"]),
        ),
        load(
            "load/unknown-import",
            || component("(import \"a:b/c@1.0.0\" (instance))"),
            Must::NotLoad(&["missing-import"]),
        ),
    ]
}

/// A component that is small, and takes long to compile.
pub(crate) fn many_loops() -> Vec<u8> {
    with(&locals_times_loops(9_000, 4_000))
}

/// Another one.
pub(crate) fn many_joins() -> Vec<u8> {
    with(&locals_times_joins(9_000, 5_000))
}

/// Loops in loops, and within the innermost the use of all locals.
fn locals_times_loops(locals: usize, loops: usize) -> String {
    let uses: String = (0..locals)
        .map(|n| format!("local.get {n} drop "))
        .collect();
    format!(
        "(func (local {}) {} {uses} {})",
        "i32 ".repeat(locals),
        "loop ".repeat(loops),
        "i32.const 0 br_if 0 end ".repeat(loops)
    )
}

/// One join after the other, and behind them the use of all locals.
fn locals_times_joins(locals: usize, joins: usize) -> String {
    let uses: String = (0..locals)
        .map(|n| format!("local.get {n} drop "))
        .collect();
    format!(
        "(func (local {}) {} {uses})",
        "i32 ".repeat(locals),
        "block i32.const 0 br_if 0 end ".repeat(joins)
    )
}

/// Tables of branches, each to as many places.
fn branch_tables(count: usize, length: usize) -> String {
    let table = format!("block i32.const 0 br_table {} end ", "0 ".repeat(length));
    format!("(func {})", table.repeat(count))
}

/// Types of two of the one before.
fn doubling_types(steps: usize) -> String {
    let types: String = (1..steps)
        .map(|step| format!("(type $t{step} (tuple $t{} $t{}))", step - 1, step - 1))
        .collect();
    format!("(type $t0 (tuple u8 u8)) {types}")
}

/// Components in components, as bytes: no text is nested so deeply.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    const HEADER: [u8; 8] = *b"\0asm\x0d\0\x01\0";
    // From the innermost to the outermost: each is a header and one section of kind 4 that holds the one before.
    let mut heads = vec![HEADER.to_vec()];
    let mut length = HEADER.len();
    for _ in 1..depth {
        let mut head = HEADER.to_vec();
        head.push(4);
        let mut rest = length;
        while rest >= 0x80 {
            head.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        head.push(rest as u8);
        length += head.len();
        heads.push(head);
    }
    heads.reverse();
    heads.concat()
}
