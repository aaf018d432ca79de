//! Each kind of hostile guest fails its own run, with the error that names why, and no other run.

use hookbox_sandbox::{Budget, Limit, Run};

use crate::support::{assert_others_work, budget, guests, input, limit, messages, ms, run, trap};

/// Run a hostile guest with harmless ones beside it and one after it.
async fn beside_others(hook: &str, budget: &Budget) -> Run {
    let others = async {
        for _ in 0..3 {
            assert_others_work().await;
        }
    };
    let (run, ()) = tokio::join!(run(hook, budget), others);
    assert_others_work().await;
    assert!(run.result.is_err(), "{hook} went through");
    assert!(run.surviving.is_empty());
    run
}

#[tokio::test]
async fn an_endless_loop_is_stopped_at_its_cpu_time() {
    let run = beside_others(
        "loop",
        &Budget {
            cpu_time: ms(100),
            ..budget()
        },
    )
    .await;
    let (limit, used, allowed) = limit(&run);
    assert_eq!((limit, allowed), (Limit::CpuTime, 100));
    assert!(used >= 100 && run.usage.cpu_time >= ms(100));
    assert_eq!(
        run.result.unwrap_err().to_string(),
        format!("stopped at the CPU time limit: {used} of 100 ms")
    );
}

#[tokio::test]
async fn sleep_is_stopped_at_the_wall_clock_and_costs_no_cpu_time() {
    let run = beside_others(
        "sleep",
        &Budget {
            wall_clock: ms(100),
            ..budget()
        },
    )
    .await;
    let (limit, used, allowed) = limit(&run);
    assert_eq!((limit, allowed), (Limit::WallClock, 100));
    assert!(used >= 100);
    assert!(run.usage.cpu_time < ms(100), "{:?}", run.usage);
}

#[tokio::test]
async fn short_sleeps_do_not_get_around_the_limits() {
    let run = beside_others(
        "naps",
        &Budget {
            wall_clock: ms(200),
            cpu_time: ms(100),
            ..budget()
        },
    )
    .await;
    assert!(matches!(limit(&run).0, Limit::WallClock | Limit::CpuTime));
}

#[tokio::test]
async fn a_memory_bomb_is_named_as_the_memory_limit() {
    let run = beside_others("memory", &budget()).await;
    let (limit, used, allowed) = limit(&run);
    assert_eq!((limit, allowed), (Limit::Memory, 64 << 20));
    assert!(used > allowed && run.usage.memory <= allowed && run.usage.memory > 32 << 20);
}

#[tokio::test]
async fn a_guest_that_takes_no_for_an_answer_goes_on() {
    assert!(run("memory-polite", &budget()).await.result.is_ok());
}

#[tokio::test]
async fn the_sandboxs_own_bound_holds_above_every_budget() {
    let run = run(
        "memory",
        &Budget {
            memory: u64::MAX,
            ..budget()
        },
    )
    .await;
    assert_eq!((limit(&run).0, limit(&run).2), (Limit::Memory, 512 << 20));
}

#[tokio::test]
async fn endless_recursion_is_named_as_the_stack() {
    let run = beside_others("recursion", &budget()).await;
    assert_eq!(limit(&run), (Limit::Stack, 1 << 20, 1 << 20));
    let run = beside_others("recursion-frames", &budget()).await;
    assert!(
        trap(&run).starts_with("out of bounds memory access (endless recursion?"),
        "{}",
        trap(&run)
    );
}

#[tokio::test]
async fn a_panic_shows_its_message_and_where() {
    let run = beside_others("panic", &budget()).await;
    let message = trap(&run);
    assert!(
        message.starts_with("wasm `unreachable` instruction executed\n"),
        "{message}"
    );
    assert!(
        message.contains("of my own making") && message.contains("src/hostile.rs:"),
        "{message}"
    );
    assert!(
        message.contains("wasm backtrace") && message.contains("hookbox_guests"),
        "{message}"
    );
}

#[tokio::test]
async fn a_trap_and_an_exit_are_named() {
    let run = beside_others("trap", &budget()).await;
    assert!(
        trap(&run).starts_with("wasm `unreachable` instruction executed"),
        "{}",
        trap(&run)
    );
    let run = beside_others("exit", &budget()).await;
    assert!(
        trap(&run).starts_with("it called exit with success; a hook returns instead"),
        "{}",
        trap(&run)
    );
}

#[tokio::test]
async fn printing_too_much_is_cut_off_and_no_failure() {
    let run = run(
        "print-flood",
        &Budget {
            log_bytes: 10_000,
            cpu_time: ms(60_000),
            ..budget()
        },
    )
    .await;
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert_eq!(run.log.len(), 10_000 / 49 + 1);
    assert!(
        messages(&run)
            .last()
            .unwrap()
            .starts_with("log cut off: 10000 bytes are allowed, 33")
    );
    assert!(run.usage.log_bytes <= 10_000);
}

#[tokio::test]
async fn the_last_words_are_heard_after_a_flood() {
    let run = beside_others(
        "error-flood",
        &Budget {
            log_bytes: 100,
            cpu_time: ms(60_000),
            // For machines that have much else to do.
            wall_clock: ms(600_000),
            ..budget()
        },
    )
    .await;
    assert!(trap(&run).contains("after the flood"), "{}", trap(&run));
    assert!(trap(&run).contains("line 199999"));
    assert_eq!(run.log.len(), 3);
}

#[tokio::test]
async fn floods_are_stopped_at_their_limits() {
    let table = [
        (
            "log-flood",
            Budget {
                log_bytes: 100,
                ..budget()
            },
            (Limit::LogBytes, 111, 100),
        ),
        (
            "effect-flood",
            Budget {
                effects: 100,
                ..budget()
            },
            (Limit::Effects, 101, 100),
        ),
        (
            "metric-flood",
            Budget {
                effects: 100,
                ..budget()
            },
            (Limit::Effects, 101, 100),
        ),
        (
            "effect-flood",
            Budget {
                effect_bytes: 100,
                ..budget()
            },
            (Limit::EffectBytes, 124, 100),
        ),
        (
            "call-flood",
            Budget {
                host_calls: 1000,
                ..budget()
            },
            (Limit::HostCalls, 1001, 1000),
        ),
        (
            "giant-log",
            budget(),
            (Limit::LogBytes, (2 << 20) + 32, 1 << 20),
        ),
    ];
    for (hook, budget, expected) in table {
        let run = beside_others(hook, &budget).await;
        assert_eq!(limit(&run), expected, "{hook}");
    }
}

#[tokio::test]
async fn calls_of_wasi_count_too() {
    let run = beside_others(
        "wasi-flood",
        &Budget {
            host_calls: 1000,
            cpu_time: ms(60_000),
            ..budget()
        },
    )
    .await;
    let (limit, used, allowed) = limit(&run);
    assert_eq!((limit, allowed), (Limit::HostCalls, 1000));
    assert!(used > 1000);
}

#[tokio::test]
async fn giant_effects_are_stopped_before_they_are_read() {
    // 64 MiB in one call: more than any one call may pass.
    let run = beside_others(
        "giant-effect",
        &Budget {
            memory: 512 << 20,
            ..budget()
        },
    )
    .await;
    assert_eq!(limit(&run), (Limit::CallBytes, 32 << 20, 32 << 20));
    // A mebibyte many times over.
    let run = beside_others(
        "giant-effects",
        &Budget {
            effect_bytes: 5 << 20,
            ..budget()
        },
    )
    .await;
    let (which, used, allowed) = limit(&run);
    assert_eq!((which, allowed), (Limit::EffectBytes, 5 << 20));
    assert!(used > allowed);
    // What the host holds counts as memory of the run.
    let run = beside_others(
        "giant-effects",
        &Budget {
            memory: 16 << 20,
            ..budget()
        },
    )
    .await;
    assert_eq!((limit(&run).0, limit(&run).2), (Limit::Memory, 16 << 20));
    // Little text, large tree.
    let run = beside_others(
        "many-values",
        &Budget {
            memory: 200 << 20,
            ..budget()
        },
    )
    .await;
    assert_eq!((limit(&run).0, limit(&run).2), (Limit::Memory, 200 << 20));
}

#[tokio::test]
async fn what_the_host_holds_for_a_guest_is_bounded() {
    let run = beside_others("hoard-snapshots", &budget()).await;
    let (limit, used, allowed) = limit(&run);
    assert_eq!(limit, Limit::Handles);
    assert_eq!(used, allowed + 1);
}

#[tokio::test]
async fn reading_without_end_costs_cpu_time() {
    let run = guests()
        .await
        .run(
            "range-flood",
            input(10_000),
            &Budget {
                cpu_time: ms(200),
                ..budget()
            },
        )
        .await;
    assert_eq!((limit(&run).0, limit(&run).2), (Limit::CpuTime, 200));
    assert_others_work().await;
}

#[tokio::test]
async fn bad_json_in_every_effect_is_refused() {
    for (hook, code, count) in [
        ("bad-json", "invalid-json", 25),
        ("deep-json", "too-deep", 10),
    ] {
        let run = run(hook, &budget()).await;
        assert!(run.result.clone().unwrap().is_empty(), "{:?}", run.result);
        assert_eq!(run.log.len(), count);
        for message in messages(&run) {
            assert!(message.ends_with(&format!(": {code}")), "{hook}: {message}");
        }
    }
}

#[tokio::test]
async fn bad_effects_are_refused_with_their_codes() {
    let run = run("bad-effects", &budget()).await;
    assert!(run.result.clone().unwrap().is_empty(), "{:?}", run.result);
    assert_eq!(
        messages(&run),
        [
            "create: invalid-object",
            "delete: invalid-object",
            "merge-patch: invalid-patch",
            "json-patch: invalid-patch",
            "jq-patch: invalid-patch",
            "subresource: invalid-object",
            "values: invalid-path",
            "values: no-such-path",
            "add: invalid-metric",
            "add: invalid-metric",
            "set: invalid-metric",
            "set: invalid-label",
            "observe: invalid-buckets",
            "observe: invalid-buckets",
            "expire: invalid-metric",
        ]
    );
}

#[tokio::test]
async fn bad_utf8_in_every_effect_traps() {
    let hooks = guests().await.describe(&Budget::describe()).await.unwrap();
    let hooks: Vec<_> = hooks
        .into_iter()
        .filter(|hook| hook.name.starts_with("bad-utf8/"))
        .collect();
    assert_eq!(hooks.len(), 14);
    for hook in hooks {
        let run = run(&hook.name, &budget()).await;
        assert!(
            trap(&run).starts_with("it passed a string that is not UTF-8"),
            "{}: {}",
            hook.name,
            trap(&run)
        );
    }
    assert_others_work().await;
}

#[tokio::test]
async fn what_is_recorded_of_values_counts_as_memory() {
    let run = beside_others("values-flood", &budget()).await;
    assert_eq!((limit(&run).0, limit(&run).2), (Limit::Memory, 64 << 20));
    let run = self::run("values-deep", &budget()).await;
    assert_eq!(messages(&run), ["too-deep at 100"]);
}
