//! Filters that mean harm come to a limit, and nobody else notices.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::common::{jq, patient, run};
use hookbox_jq::{Jq, JqBudget};
use hookbox_sandbox::{Sandbox, Settings};

/// The code of the error that the filter ends with, and that another filter works afterwards.
async fn fate_in(jq: &Jq, filter: &str, json: &str) -> &'static str {
    let result = match jq.compile(filter).await {
        Ok(filter) => filter.apply(json).await,
        Err(error) => Err(error),
    };
    let normal = jq.compile(".a").await.unwrap().apply(r#"{"a":1}"#).await;
    assert_eq!(normal.unwrap(), "1", "after {filter}");
    result.map_or_else(|error| error.code(), |_| "ok")
}

#[tokio::test]
async fn loops_run_out_of_time() {
    for filter in [
        "def f: f; f",
        "limit(1e12; repeat(.)) | empty",
        "last(range(1e18))",
        "until(false; .)",
        "reduce repeat(1) as $x (0; $x)",
        "first(range(1e18) | select(. < 0))",
        "isempty(range(1e18) | empty)",
        "[limit(10; range(1e18) | select(. < 0))]",
    ] {
        assert_eq!(
            fate_in(jq(), filter, "null").await,
            "limit-time",
            "{filter}"
        );
    }
}

#[tokio::test]
async fn bombs_run_out_of_memory() {
    for filter in [
        "[repeat(1)]",
        "[range(1e18)]",
        "reduce range(100) as $i (\"x\"; . + .)",
        "reduce range(100) as $i ([1]; . + .)",
        "\"x\" * 2e8",
        "until(false; . + {\"\\(length)\": [range(1000)]})",
        ".[1e8] = 1",
        "[recurse(.; true)]",
        "[1, 2, 3] | [combinations(40)]",
        "[limit(1e9; repeat(\"abc\"))] | add",
        "repeat(1)",
    ] {
        let fate = fate_in(patient(), filter, "null").await;
        assert!(matches!(fate, "limit-memory"), "{filter}: {fate}");
    }
}

#[tokio::test]
async fn recursion_runs_out_of_stack() {
    for filter in [
        "def f: 1 + f; f",
        "def f: [f]; f",
        "def f: f | f; f",
        "def f: {a: f}; f",
        "def f(x): f(x | x) + 1; f(.)",
        "reduce range(2e5) as $i (null; [.])",
        "def f(x): x | f(x); f(.)",
        "reduce range(1e5) as $i (null; {a: .}) | tojson | length",
    ] {
        let fate = fate_in(patient(), filter, "null").await;
        assert!(matches!(fate, "limit-stack"), "{filter}: {fate}");
    }
}

#[tokio::test]
async fn every_way_to_spend_without_end_is_stopped() {
    // Which limit comes first is a matter of the machine.
    for filter in [
        "reduce range(1e9) as $i (3; . * .)",
        "def f: ., f; [f] | length",
        "def f(g): f(g, g); f(.)",
        "first(repeat(empty))",
        "until(false; [., .])",
        "\"x\" * 2e5 | until(false; gsub(\"x\"; \"yx\"))",
        "[range(1e5)] | sort_by(reduce range(1e5) as $i (0; . + $i))",
        "[range(3000)] | [.[] as $a | .[] as $b | .[] as $c | 1] | length",
        "label $x | def f: 1, f; [f, break $x]",
        "getpath([range(1e8)])",
        "[range(1e6) | tostring] | unique | map(test(\"(a|b)*c\"))",
        "def f: try error(.) catch f; f",
        "def f: . as [$x] ?// $x | f; f",
    ] {
        let fate = fate_in(jq(), filter, "null").await;
        assert!(fate.starts_with("limit-"), "{filter}: {fate}");
    }
}

#[tokio::test]
async fn nesting_is_bounded() {
    let nested = |open: &str, middle: &str, close: &str, n: usize| {
        open.repeat(n) + middle + &close.repeat(n)
    };
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{a:", "1", "}"),
        ("-", "1", ""),
        ("if . then ", "1", " end"),
        ("\"\\(", "1", ")\""),
        ("def f: ", "1", "; f"),
        ("1 // ", "1", ""),
        ("try ", "1", ""),
        ("reduce ", "1", " as $x (0; 1)"),
        ("label $x | ", "1", ""),
    ] {
        let filter = nested(open, middle, close, 2500);
        assert_eq!(
            fate_in(patient(), &filter, "null").await,
            "limit-stack",
            "{open}"
        );
        assert_eq!(
            fate_in(patient(), &nested(open, middle, close, 40), "null").await,
            "ok",
            "{open}"
        );
    }
    let pattern = format!(". as {} | 1", nested("[", "$x", "]", 4000));
    assert_eq!(fate_in(patient(), &pattern, "null").await, "limit-stack");
    // Not nested as written, but so in jq's tree.
    for filter in [
        ".|".repeat(30_000) + ".",
        "1+".repeat(30_000) + "1",
        ".a".repeat(30_000),
        ".,".repeat(30_000) + ".",
    ] {
        let fate = fate_in(patient(), &filter, "null").await;
        assert!(
            matches!(fate, "ok" | "limit-stack"),
            "{}: {fate}",
            &filter[..4]
        );
    }
    assert_eq!(
        fate_in(patient(), &"(".repeat(100_000), "null").await,
        "limit-filter"
    );
    for (open, middle, close) in [("[", "", "]"), ("{\"a\":", "1", "}")] {
        assert_eq!(
            fate_in(patient(), ".", &nested(open, middle, close, 100_000)).await,
            "limit-stack"
        );
        assert_eq!(
            fate_in(patient(), ".", &nested(open, middle, close, 2000)).await,
            "ok"
        );
    }
    assert_eq!(
        fate_in(
            patient(),
            "fromjson",
            &format!("\"{}\"", "[".repeat(100_000))
        )
        .await,
        "runtime"
    );
}

#[tokio::test]
async fn regular_expressions_are_linear_and_bounded() {
    let text = format!("\"{}\"", "a".repeat(20_000));
    assert_eq!(
        run(
            "test(\"(a*)*b\"), test(\"^(a|aa)+$\"), test(\"(a?){50}c\")",
            &text
        )
        .await
        .unwrap(),
        "[false,true,false]"
    );
    for filter in [
        "test(\"((a{100}){100}){100}\")",
        "test(\"(?i)\\\\pL{1000}{1000}\")",
    ] {
        assert_eq!(
            fate_in(patient(), filter, &text).await,
            "runtime",
            "{filter}"
        );
    }
    let deep = format!("test(\"{}a{}\")", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(fate_in(patient(), &deep, &text).await, "runtime");
}

#[tokio::test]
async fn others_get_their_turn_meanwhile() {
    let endless = jq().compile("def f: f; f").await.unwrap();
    // One worker for both: the loop has to give way.
    let (stopped, mut turns) = (endless.apply("1"), 0);
    tokio::pin!(stopped);
    let error = loop {
        tokio::select! {
            biased;
            result = &mut stopped => break result.unwrap_err(),
            () = tokio::task::yield_now() => turns += 1,
        }
    };
    assert_eq!(error.code(), "limit-time");
    // A second of CPU time, in pieces of about 10 ms.
    assert!(turns > 5, "{turns}");
}

#[tokio::test]
async fn a_large_object_does_not_stay_in_memory() {
    let sandbox = Sandbox::new(Settings::default()).unwrap();
    let jq = Jq::with_budget(
        &sandbox,
        JqBudget {
            time: Duration::from_secs(20),
            ..JqBudget::default()
        },
    )
    .unwrap();
    let filter = jq.compile("length").await.unwrap();
    assert_eq!(filter.apply("[1,2]").await.unwrap(), "2");
    assert_eq!(jq.warm_instances(), 1);
    let large = format!("[{}1]", "1,".repeat(500_000));
    assert_eq!(filter.apply(&large).await.unwrap(), "500001");
    assert_eq!(jq.warm_instances(), 0);
    assert_eq!(filter.apply("[1,2,3]").await.unwrap(), "3");
}

/// The thread that interrupts guests rests while none runs. It must be there again when one does.
#[test]
fn a_loop_after_a_long_idle_time_runs_out_of_time() {
    // On a thread of its own: a loop that nobody interrupts would never come back.
    let (done, stopped) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        done.send(runtime.block_on(async {
            // Shared with no other test, as their filters would keep the thread awake.
            let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
            let sandbox = Sandbox::new(Settings {
                cache_dir: Some(cache),
                ..Settings::default()
            })
            .unwrap();
            let jq = Jq::new(&sandbox).unwrap();
            let filter = jq.compile("if . == 1 then def f: f; f else . end").await;
            let filter = filter.unwrap();
            let mut fates = Vec::new();
            // A warm instance, a loop in it, and a loop in a new one.
            for json in ["0", "1", "1"] {
                // All of this test stands still: nothing runs in the sandbox.
                thread::sleep(Duration::from_millis(100));
                let result = filter.apply(json).await;
                fates.push(result.map_or_else(|error| error.code(), |_| "ok"));
            }
            fates
        }))
    });
    let fates = stopped
        .recv_timeout(Duration::from_secs(120))
        .expect("a loop was not stopped");
    assert_eq!(fates, ["ok", "limit-time", "limit-time"]);
}
