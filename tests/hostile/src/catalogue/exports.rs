//! The same attacks from every export.

use hookbox_guest_builder::Text;
use hookbox_sandbox::Limit;

use super::ms;
use crate::{Asked, Attack, Must};

const EXPORTS: [(Asked, [&str; 5]); 5] = [
    (
        Asked::Run(3),
        [
            "run/loop",
            "run/trap",
            "run/memory",
            "run/recursion",
            "run/exit",
        ],
    ),
    (
        Asked::Filter,
        [
            "filter/loop",
            "filter/trap",
            "filter/memory",
            "filter/recursion",
            "filter/exit",
        ],
    ),
    (
        Asked::Validate,
        [
            "validate/loop",
            "validate/trap",
            "validate/memory",
            "validate/recursion",
            "validate/exit",
        ],
    ),
    (
        Asked::Mutate,
        [
            "mutate/loop",
            "mutate/trap",
            "mutate/memory",
            "mutate/recursion",
            "mutate/exit",
        ],
    ),
    (
        Asked::Convert,
        [
            "convert/loop",
            "convert/trap",
            "convert/memory",
            "convert/recursion",
            "convert/exit",
        ],
    ),
];

/// A component whose `describe` does this.
fn describe(core: &'static str) -> impl Fn() -> Vec<u8> {
    move || {
        Text {
            core,
            own: &["describe"],
            ..Text::default()
        }
        .bytes()
    }
}

pub(super) fn all() -> Vec<Attack> {
    let musts = || {
        [
            ("loop", Must::Stop(Limit::CpuTime, Some(100))),
            ("trap", Must::Fail("trap", "unreachable")),
            ("memory", Must::Stop(Limit::Memory, Some(64 << 20))),
            ("recursion", Must::Stop(Limit::Stack, None)),
            ("exit", Must::Fail("trap", "called exit")),
        ]
    };
    let mut attacks = Vec::new();
    for (asked, names) in EXPORTS {
        for (name, (hook, must)) in names.into_iter().zip(musts()) {
            let attack = Attack::new(name, hook, must).asked(asked);
            attacks.push(match hook {
                "loop" => attack.with(|b| b.cpu_time = ms(100)),
                _ => attack,
            });
        }
    }
    let of_describe = |name, core, must| {
        Attack::made(name, describe(core), must)
            .asked(Asked::Describe)
            .with(|b| b.cpu_time = ms(100))
    };
    attacks.extend([
        of_describe(
            "describe/loop",
            r#"(memory (export "memory") 1) (func (export "describe") (result i32) (loop (br 0)) unreachable)"#,
            Must::Stop(Limit::CpuTime, Some(100)),
        ),
        of_describe(
            "describe/trap",
            r#"(memory (export "memory") 1) (func (export "describe") (result i32) unreachable)"#,
            Must::Fail("trap", "unreachable"),
        ),
        of_describe(
            "describe/memory",
            r#"(memory (export "memory") 1) (func (export "describe") (result i32)
                (loop (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)) (br 0)) unreachable)"#,
            Must::Stop(Limit::Memory, Some(64 << 20)),
        ),
        of_describe(
            "describe/recursion",
            r#"(memory (export "memory") 1) (func $more (export "describe") (result i32) (i32.add (call $more) (call $more)))"#,
            Must::Stop(Limit::Stack, None),
        ),
        // A list of half a billion hooks, all in the same place.
        of_describe(
            "describe/endless-list",
            r#"(memory (export "memory") 1) (data (i32.const 64) "\80\00\00\00\ff\ff\ff\1f")
                (func (export "describe") (result i32) i32.const 64)"#,
            Must::Fail("trap", "out of bounds"),
        ),
        // Four thousand hooks whose names and configurations are the same 64 KiB of zeros.
        of_describe(
            "describe/many-large",
            r#"(memory (export "memory") 3)
                (func (export "describe") (result i32)
                    (local $at i32)
                    (local.set $at (i32.const 128))
                    (loop $more
                        (i32.store (local.get $at) (i32.const 65536))
                        (i32.store offset=4 (local.get $at) (i32.const 65536))
                        (i32.store offset=8 (local.get $at) (i32.const 65536))
                        (i32.store offset=12 (local.get $at) (i32.const 65536))
                        (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 65536))))
                    (i32.store (i32.const 64) (i32.const 128))
                    (i32.store (i32.const 68) (i32.const 4000))
                    i32.const 64)"#,
            Must::Stop(Limit::CallBytes, None),
        ),
        of_describe(
            "describe/no-hooks",
            r#"(memory (export "memory") 1) (func (export "describe") (result i32) i32.const 64)"#,
            Must::Fail("description", "there is none"),
        ),
    ]);
    let start = |name, core: &'static str, must, asked| {
        Attack::made(
            name,
            move || {
                Text {
                    core,
                    ..Text::default()
                }
                .bytes()
            },
            must,
        )
        .asked(asked)
        .with(|b| b.cpu_time = ms(100))
    };
    let looping = r#"(memory (export "memory") 1) (func $endless (loop (br 0))) (start $endless)"#;
    let trapping = r#"(memory (export "memory") 1) (func $no unreachable) (start $no)"#;
    let stopped = || Must::Stop(Limit::CpuTime, Some(100));
    attacks.extend([
        start("start/loop", looping, stopped(), Asked::Run(1)),
        start(
            "start/loop-of-describe",
            looping,
            stopped(),
            Asked::Describe,
        ),
        start(
            "start/trap",
            trapping,
            Must::Fail("trap", "unreachable"),
            Asked::Run(1),
        ),
    ]);
    attacks
}
