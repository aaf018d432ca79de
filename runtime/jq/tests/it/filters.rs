//! How filters are compiled and applied.

use std::time::Duration;

use crate::common::{patient, run};
use hookbox_jq::{Jq, JqBudget, JqError, JqLimit, MAX_FILTER, Position};
use hookbox_sandbox::{Sandbox, Settings};

#[tokio::test]
async fn none_one_and_several_outputs() {
    assert_eq!(run("empty", "1").await.unwrap(), "null");
    assert_eq!(
        run(".a", r#"{"a": {"z": 1, "b": [2.0, "x"]}}"#)
            .await
            .unwrap(),
        r#"{"b":[2,"x"],"z":1}"#
    );
    assert_eq!(run(".[]", "[1, [2]]").await.unwrap(), "[1,[2]]");
    assert_eq!(run("1, halt, 2", "null").await.unwrap(), "1");
}

#[tokio::test]
async fn mistakes_say_what_and_where() {
    let place = |line, column| Position { line, column };
    for (filter, at, wanted) in [
        (
            ".a | .b }",
            place(1, 9),
            "expected the end of the filter, found `}`",
        ),
        (".a |\n  foo", place(2, 3), "there is no function `foo`"),
        (
            "startswith(1; 2)",
            place(1, 1),
            "`startswith` takes 1 argument, not 2",
        ),
        (".a | $x", place(1, 6), "there is no variable `$x`"),
        (
            "{a: 1",
            place(1, 6),
            "expected `}`, found the end of the filter",
        ),
        (
            r#""äöü" + "abc"#,
            place(1, 9),
            "this string has no closing quote",
        ),
        (r#""\q""#, place(1, 2), "an unknown escape"),
        (
            "if . then 1",
            place(1, 12),
            "expected `end`, found the end of the filter",
        ),
        ("@yaml", place(1, 1), "there is no format `@yaml`"),
        (
            "import \"a\" as a; .",
            place(1, 1),
            "`import`: a hook's filter has no modules to load",
        ),
        ("break $out", place(1, 7), "there is no label `$out`"),
        ("debug", place(1, 1), "there is no function `debug`"),
    ] {
        let error = patient().compile(filter).await.unwrap_err();
        let JqError::Compile {
            message, position, ..
        } = &error
        else {
            panic!("{filter}: {error:?}")
        };
        assert!(message.starts_with(wanted), "{filter}: {message}");
        assert_eq!(*position, at, "{filter}");
        assert_eq!(error.code(), "compile");
    }
}

#[tokio::test]
async fn failures_are_runtime_errors() {
    for (filter, wanted) in [
        (r#"error("no")"#, "no"),
        ("error({a: 1})", r#"{"a":1}"#),
        ("halt_error", r#"halt error: {"a":1}"#),
        ("try halt_error catch 1", r#"halt error: {"a":1}"#),
        (".a.b", "expected an object but got: number (1)"),
        (".[]+{}", "cannot add: number (1) and object ({})"),
        ("nan", "the result holds NaN, which JSON cannot say"),
        (
            "[1, {a: infinite}]",
            "the result holds inf, which JSON cannot say",
        ),
        ("1 / 0", "cannot divide number (1) by: number (0)"),
    ] {
        let error = run(filter, r#"{"a":1}"#).await.unwrap_err();
        assert_eq!(error.to_string(), wanted, "{filter}");
        assert_eq!(error.code(), "runtime", "{filter}");
    }
}

#[tokio::test]
async fn there_is_no_input_to_ask_for() {
    for filter in ["input", "[inputs]", "input?"] {
        let error = run(filter, "null").await.unwrap_err();
        assert_eq!(error.code(), "compile", "{filter}");
        assert!(error.to_string().starts_with("input(s)/0 is not allowed"));
    }
    assert_eq!(run("def input: 1; input", "null").await.unwrap(), "1");
}

#[tokio::test]
async fn nothing_of_the_host_is_seen() {
    assert_eq!(run("[env, $ENV]", "null").await.unwrap(), "[{},{}]");
    for filter in [
        "input_filename",
        "$__prog_args",
        "get_search_list",
        "stderr",
        "input_line_number",
        "$__loc__",
    ] {
        assert_eq!(
            run(filter, "null").await.unwrap_err().code(),
            "compile",
            "{filter}"
        );
    }
    // The clock is the host's.
    assert_eq!(run("now > 1700000000", "null").await.unwrap(), "true");
}

#[tokio::test]
async fn an_object_that_is_not_json_is_refused() {
    for json in [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "1 2",
        "nan",
        "\"\u{1}\"",
        "01",
        "\"\\x\"",
    ] {
        assert_eq!(run(".", json).await.unwrap_err().code(), "object", "{json}");
    }
}

#[tokio::test]
async fn sizes_are_bounded() {
    let long = format!(".{}", " ".repeat(MAX_FILTER));
    assert_eq!(
        patient().compile(&long).await.unwrap_err().code(),
        "limit-filter"
    );
    let large = format!("\"{}\"", "x".repeat(hookbox_jq::MAX_OBJECT));
    assert_eq!(run(".", &large).await.unwrap_err().code(), "limit-object");
    let sandbox = Sandbox::new(Settings::default()).unwrap();
    let budget = JqBudget {
        time: Duration::from_secs(60),
        memory: 256 << 20,
    };
    let roomy = Jq::with_budget(&sandbox, budget).unwrap();
    let filter = roomy.compile("\"x\" * 2e7").await.unwrap();
    assert_eq!(filter.apply("1").await.unwrap_err().code(), "limit-result");
}

#[tokio::test]
async fn a_batch_keeps_order_and_errors_apart() {
    let filter = patient().compile(".a + 1").await.unwrap();
    let results = filter
        .apply_many(&[r#"{"a":1}"#, r#"{"a":"x"}"#, "{", r#"{"a":2}"#])
        .await;
    let results: Vec<_> = results
        .iter()
        .map(|r| r.as_deref().map_err(JqError::code))
        .collect();
    assert_eq!(results, [Ok("2"), Err("runtime"), Err("object"), Ok("3")]);
}

#[tokio::test]
async fn a_batch_gives_up_on_a_filter_that_never_ends() {
    let sandbox = Sandbox::new(Settings::default()).unwrap();
    let budget = JqBudget {
        time: Duration::from_millis(300),
        ..JqBudget::default()
    };
    let jq = Jq::with_budget(&sandbox, budget).unwrap();
    let filter = jq
        .compile("if . == 0 then 0 else repeat(.) | empty end")
        .await
        .unwrap();
    let objects: Vec<_> = (0..1000).map(|i| if i < 3 { "0" } else { "1" }).collect();
    let started = tokio::time::Instant::now();
    let results = filter.apply_many(&objects).await;
    assert!(started.elapsed() < Duration::from_secs(100));
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 3);
    let stopped = JqError::Limit {
        limit: JqLimit::Time,
        allowed: 300,
    };
    assert!(
        results[3..]
            .iter()
            .all(|r| r.as_ref().unwrap_err() == &stopped)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_share_a_filter() {
    let filter = patient().compile(".n * 2").await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let filter = filter.clone();
            tokio::spawn(async move { (n, filter.apply(&format!("{{\"n\":{n}}}")).await.unwrap()) })
        })
        .collect();
    for task in tasks {
        let (n, result) = task.await.unwrap();
        assert_eq!(result, (n * 2).to_string());
    }
}

#[tokio::test]
async fn idle_filters_share_a_bounded_number_of_instances() {
    let room = 4;
    let sandbox = Sandbox::new(Settings {
        spare_instances: room,
        ..Settings::default()
    })
    .unwrap();
    let jq = Jq::new(&sandbox).unwrap();
    let mut filters = Vec::new();
    for i in 0..50 {
        filters.push(jq.compile(&format!(". + {i}")).await.unwrap());
        assert!(jq.warm_instances() <= room as usize);
    }
    for (i, filter) in filters.iter().enumerate() {
        assert_eq!(filter.apply("1").await.unwrap(), (i + 1).to_string());
    }
    assert_eq!(jq.warm_instances(), room as usize);
    drop(filters);
    assert_eq!(jq.warm_instances(), 0);
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_no_trace() {
    let filter = patient()
        .compile("if . == 1 then repeat(.) | empty else . end")
        .await
        .unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(30), filter.apply("1")).await;
    assert!(given_up.is_err());
    assert_eq!(filter.apply("2").await.unwrap(), "2");
}

#[tokio::test]
async fn what_the_parser_knows_the_interpreter_has() {
    for (name, arities) in hookbox_jq_syntax::BUILTINS {
        for n in *arities {
            let args = match n {
                0 => String::new(),
                n => format!("({})", vec!["."; *n].join(";")),
            };
            let filter = format!("def f: {name}{args}; .");
            let compiled = patient().compile(&filter).await;
            assert!(compiled.is_ok(), "{filter}: {:?}", compiled.err());
        }
    }
}
