//! The boundary itself, spoken wrongly: what no compiler would make.

use hookbox_guest_builder::Text;
use hookbox_sandbox::Limit;

use super::ms;
use crate::{Asked, Attack, Must};

/// Imports a function of the host under the name `host.now`, without memory and without arguments.
const NOW: &str = r#"(import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (export "now" (func (result u64)))))
    (alias export $clock "now" (func $now))
    (core func $now (canon lower (func $now)))
    (core instance $host (export "now" (func $now)))"#;

/// A component whose core module has these items, of which `own` are the exports.
fn core(core: &'static str, own: &'static [&'static str]) -> impl Fn() -> Vec<u8> {
    move || {
        Text {
            core,
            own,
            ..Text::default()
        }
        .bytes()
    }
}

/// The same with a function of the host to call.
fn calling(
    core: &'static str,
    own: &'static [&'static str],
    lift: &'static str,
) -> impl Fn() -> Vec<u8> {
    move || {
        Text {
            imports: NOW,
            with: r#"(with "host" (instance $host))"#,
            core,
            own,
            lift,
            ..Text::default()
        }
        .bytes()
    }
}

pub(super) fn all() -> Vec<Attack> {
    let trap = |says| Must::Fail("trap", says);
    let cpu = || Must::Stop(Limit::CpuTime, Some(100));
    vec![
        Attack::made(
            "boundary/realloc-that-loops",
            core(
                r#"(memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) unreachable)"#,
                &["realloc"],
            ),
            cpu(),
        )
        .with(|b| b.cpu_time = ms(100)),
        Attack::made(
            "boundary/realloc-that-traps",
            core(
                r#"(memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)"#,
                &["realloc"],
            ),
            trap("unreachable"),
        ),
        Attack::made(
            "boundary/realloc-outside-of-the-memory",
            core(
                r#"(memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0xfffffff0)"#,
                &["realloc"],
            ),
            trap("beyond end of memory"),
        ),
        Attack::made(
            "boundary/realloc-unaligned",
            core(
                r#"(memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1025)"#,
                &["realloc"],
            ),
            trap("aligned"),
        ),
        // The host is in the middle of handing over an argument, and is called.
        Attack::made(
            "boundary/reentrance-from-realloc",
            calling(
                r#"(import "host" "now" (func $now (result i64)))
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (drop (call $now)) i32.const 1024)"#,
                &["realloc"],
                "",
            ),
            trap("cannot leave component instance"),
        ),
        // And when the call is over already.
        Attack::made(
            "boundary/reentrance-after-the-run",
            calling(
                r#"(import "host" "now" (func $now (result i64)))
                (memory (export "memory") 1)
                (func (export "after") (param i32) (drop (call $now)))"#,
                &[],
                r#"(post-return (core func $core "after"))"#,
            ),
            trap("cannot leave component instance"),
        ),
        Attack::made(
            "boundary/loop-after-the-run",
            calling(
                r#"(import "host" "now" (func $now (result i64)))
                (memory (export "memory") 1)
                (func (export "after") (param i32) (loop (br 0)))"#,
                &[],
                r#"(post-return (core func $core "after"))"#,
            ),
            cpu(),
        )
        .with(|b| b.cpu_time = ms(100)),
        Attack::made(
            "boundary/trap-after-the-run",
            calling(
                r#"(import "host" "now" (func $now (result i64)))
                (memory (export "memory") 1)
                (func (export "after") (param i32) unreachable)"#,
                &[],
                r#"(post-return (core func $core "after"))"#,
            ),
            trap("unreachable"),
        ),
        Attack::made(
            "boundary/answer-outside-of-the-memory",
            core(
                r#"(memory (export "memory") 1)
                (func (export "run") (param i32 i32 i32 i32) (result i32) i32.const 0x7ffffff8)"#,
                &["run"],
            ),
            trap("out of bounds"),
        ),
        Attack::made(
            "boundary/answer-of-no-case",
            core(
                r#"(memory (export "memory") 1) (data (i32.const 64) "\07")
                (func (export "run") (param i32 i32 i32 i32) (result i32) i32.const 64)"#,
                &["run"],
            ),
            trap("discriminant"),
        ),
        Attack::made(
            "boundary/text-longer-than-the-memory",
            core(
                r#"(memory (export "memory") 1) (data (i32.const 64) "\01\00\00\00\00\00\00\00\00\00\00\00\ff\ff\ff\ff")
                (func (export "run") (param i32 i32 i32 i32) (result i32) i32.const 64)"#,
                &["run"],
            ),
            trap("out of bounds"),
        ),
        // The memory that the host would write to is gone: it never was there.
        Attack::made(
            "boundary/no-memory-to-write-to",
            core(r#"(memory (export "memory") 0)"#, &[]),
            trap("beyond end of memory"),
        ),
        Attack::made(
            "boundary/hooks-named-like-headers",
            core(
                r#"(memory (export "memory") 1)
                (data (i32.const 64) "\80\00\00\00\01\00\00\00")
                (data (i32.const 128) "\c0\00\00\00\08\00\00\00\00\00\00\00\00\00\00\00")
                (data (i32.const 192) "a\0d\0ab: c\00")
                (func (export "describe") (result i32) i32.const 64)"#,
                &["describe"],
            ),
            Must::Fail("description", "is not made of letters"),
        )
        .asked(Asked::Describe),
        // The names of functions are the guest's, and are shown where it trapped.
        Attack::made("boundary/giant-names-in-a-backtrace", || named(&"n".repeat(90_000)), trap("unreachable")),
        Attack::made("boundary/names-that-grow-when-they-are-read", || named(&doubling()), trap("unreachable")),
        Attack::made("boundary/names-for-a-terminal", || named("\u{1b}]0;owned\u{7}"), trap("unreachable")),
    ]
}

/// A hook that traps in a function of this name, twenty calls deep.
fn named(name: &str) -> Vec<u8> {
    let name: String = name
        .chars()
        .map(|char| match char {
            ' '..='~' if char != '"' && char != '\\' => char.to_string(),
            other => format!("\\u{{{:x}}}", u32::from(other)),
        })
        .collect();
    let core = format!(
        r#"(memory (export "memory") 1)
        (func $deep (@name "{name}") (param i32)
            (if (i32.eqz (local.get 0)) (then unreachable))
            (call $deep (i32.sub (local.get 0) (i32.const 1))))
        (func (export "run") (param i32 i32 i32 i32) (result i32) (call $deep (i32.const 30)) unreachable)"#
    );
    Text {
        core: &core,
        own: &["run"],
        ..Text::default()
    }
    .bytes()
}

/// A mangled name of C++ in which each argument is two of the one before: a few hundred bytes that name 2^60 of them.
fn doubling() -> String {
    let mut name = String::from("_Z1fI1aIiiE");
    let mut last = String::from("S0_");
    for step in 1..60 {
        name.push_str(&format!("S_I{last}{last}E"));
        last = format!("S{}_", base36(step));
    }
    name.push_str("Evv");
    name
}

fn base36(number: u32) -> String {
    let digit = |value: u32| {
        char::from_digit(value, 36)
            .unwrap_or('0')
            .to_ascii_uppercase()
    };
    match number {
        0..36 => digit(number).to_string(),
        _ => format!("{}{}", digit(number / 36), digit(number % 36)),
    }
}
