//! `hookbox try`: filters and crontabs.

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::scratch;

use super::components::{built_command, expect};

async fn jq(expr: &str, object: &str) -> (i32, String, String) {
    let run = hookbox(["try", "jq", expr]).input(object).run().await;
    (run.code.unwrap_or(-1), run.stdout, run.stderr)
}

#[tokio::test]
async fn a_filters_result_is_printed_as_it_is_stored() {
    built_command().await;
    for (expr, object, stored) in [
        (
            ".",
            r#"{"b":[1.0,-0.5],"a":"é<\n"}"#,
            "{\"a\":\"é<\\n\",\"b\":[1,-0.5]}",
        ),
        ("empty", "{}", "null"),
        (".a[]", r#"{"a":[1,2]}"#, "[1,2]"),
        ("[.a[]]", r#"{"a":[3]}"#, "[3]"),
        (
            ".a",
            r#"{"a":123456789012345678901234567890}"#,
            "123456789012345678901234567890",
        ),
        ("1, halt, 2", "null", "1"),
        ("$ENV | length", "null", "0"),
        ("-1", "null", "-1"),
    ] {
        let (code, out, err) = jq(expr, object).await;
        assert_eq!(
            (code, out.trim_end(), err.as_str()),
            (0, stored, ""),
            "{expr}"
        );
    }
}

#[tokio::test]
async fn what_has_no_result_is_refused() {
    built_command().await;
    for (expr, object, said) in [
        (".a | foo(", "{}", "filter:1:10"),
        ("nan", "{}", "the filter fails on this object"),
        ("error(\"no such thing\")", "{}", "no such thing"),
        (".", "{} {}", "<stdin> is not one JSON document"),
        (".", "", "<stdin> is not one JSON document"),
        (".", "{a: 1}", "<stdin> is not one JSON document"),
    ] {
        let (code, out, err) = jq(expr, object).await;
        assert_eq!((code, out.as_str()), (1, ""), "{expr} on {object}");
        assert!(err.contains(said), "{expr} on {object}: {err}");
    }
}

#[tokio::test]
async fn yaml_is_read_from_files_that_say_so() {
    built_command().await;
    let folder = scratch();
    let file = folder.path().join("pod.yaml");
    std::fs::write(&file, "metadata:\n  name: web\n").unwrap();
    let run = hookbox(["try", "jq", ".metadata.name", &file.to_string_lossy()]);
    assert_eq!(run.run().await.ok(), "\"web\"\n");
}

#[tokio::test]
async fn the_next_times_of_a_crontab() {
    built_command().await;
    let list = |texts: &[&str]| {
        let texts: Vec<serde_json::Value> = texts.iter().map(|t| (*t).into()).collect();
        serde_json::Value::Array(texts)
    };
    for (arguments, zone, expected) in [
        (
            ["*/20 * * * *", "2026-03-01T12:00:00Z"],
            "",
            list(&["2026-03-01T12:20:00Z", "2026-03-01T12:40:00Z"]),
        ),
        (
            ["30 2 * * *", "2026-03-28T00:00:00Z"],
            "Europe/Berlin",
            list(&["2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"]),
        ),
        (
            ["TZ=UTC 30 2 * * *", "2026-03-28T04:00:00+02:00"],
            "Europe/Berlin",
            list(&["2026-03-28T02:30:00Z", "2026-03-29T02:30:00Z"]),
        ),
        (["0 0 31 2 *", "2026-03-28T00:00:00Z"], "", list(&[])),
    ] {
        let [spec, from] = arguments;
        let run = hookbox(["try", "cron", spec, "--from", from, "-n", "2", "-o", "json"]);
        let text = run.env("TZ", zone).run().await.ok();
        let times: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(times, expected, "{spec}");
    }
}

#[tokio::test]
async fn a_crontab_that_is_none_is_refused() {
    built_command().await;
    let run = hookbox(["try", "cron", "* * * * 7"]).run().await;
    let finished = expect(
        run,
        1,
        &["End of range (7) above maximum (6)", "Sunday is 0"],
    );
    assert_eq!(finished.stdout, "");
    let run = hookbox(["try", "cron", "@daily", "--from", "soon"])
        .run()
        .await;
    expect(run, 2, &["--from"]);
}
