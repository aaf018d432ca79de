//! `hookbox try`: filters, crontabs, patch files and metric files.

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::scratch;
use serde_json::{Value, json};

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
        let texts: Vec<Value> = texts.iter().map(|t| (*t).into()).collect();
        Value::Array(texts)
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
        let times: Value = serde_json::from_str(&text).unwrap();
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

const STATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default}
data: {k: '1', j: '2'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: other}
";

const PATCH: &str = "\
operation: CreateOrUpdate
object: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {k: '2'}}
---
operation: MergePatch
kind: ConfigMap
namespace: default
name: gone
ignoreMissingObject: true
mergePatch: |
  data: {x: z}
---
operation: Delete
kind: cm
namespace: other
name: b
---
operation: CreateIfNotExists
object: {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: other}}
";

#[tokio::test]
async fn a_patch_file_is_taken_apart_and_done_on_a_state() {
    built_command().await;
    let folder = scratch();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let (patch, state) = (file("patch.yaml", PATCH), file("state.yaml", STATE));
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let run = hookbox(["try", "patch", &patch, "-o", "json"]).run().await;
    let operations = json(&run.ok());
    assert_eq!(
        operations["operations"][1]["mergePatch"],
        json!({"data": {"x": "z"}})
    );
    assert_eq!(operations.get("changed"), None);
    let run = hookbox(["try", "patch", &patch, "--cluster", &state, "-o", "json"]);
    let done = json(&run.run().await.ok());
    let results: Vec<_> = done["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (&r["ok"], &r["changed"]))
        .collect();
    let (yes, no) = (&json!(true), &json!(false));
    assert_eq!(results, [(yes, yes), (yes, no), (yes, yes), (yes, yes)]);
    let map = |name, namespace| json!({"name": name, "namespace": namespace});
    assert_eq!(
        done["changed"],
        json!([
            {"change": "Modified", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": map("a", "default"), "data": {"k": "2"}}},
            {"change": "Deleted", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": map("b", "other")}},
            {"change": "Added", "object": {"apiVersion": "v1", "kind": "Secret", "metadata": map("s", "other"), "type": "Opaque"}},
        ])
    );
}

#[tokio::test]
async fn an_operation_that_fails_leaves_the_others() {
    built_command().await;
    let patch = "operation: MergePatch\nkind: ConfigMap\nnamespace: default\nname: gone\nmergePatch: {data: {x: y}}\n---\noperation: Create\nobject: {apiVersion: v1, kind: ConfigMap, metadata: {name: new, namespace: default}}\n";
    let folder = scratch();
    let state = folder.path().join("state.yaml");
    std::fs::write(&state, STATE).unwrap();
    let run = hookbox(["try", "patch", "-", "--cluster", &state.to_string_lossy()]);
    let finished = expect(
        run.input(patch).run().await,
        1,
        &["configmaps \"gone\" not found"],
    );
    for line in ["failed: not-found", "Added ConfigMap default/new"] {
        assert!(finished.stdout.contains(line), "{}", finished.stdout);
    }
}

#[tokio::test]
async fn mistakes_of_a_patch_file_are_told_at_once() {
    built_command().await;
    let patch = "operation: Creat\nobject: {a: 1}\n---\noperation: Delete\nkind: Pod\n---\noperation: MergePatch\nkind: Pod\nname: p\nmergePatch: {}\n";
    let run = hookbox(["try", "patch", "-"]).input(patch).run().await;
    let finished = expect(
        run,
        1,
        &[
            "`Creat` is no operation",
            "<stdin>:1:12",
            "document 2: is required",
            "must not be empty",
            "3 mistakes",
        ],
    );
    assert_eq!(finished.stdout, "");
    let patch = "operation: JQPatch\nkind: Pod\nname: p\njqFilter: '.a |'\n---\noperation: JSONPatch\nkind: Pod\nname: p\njsonPatch: [{op: add, path: /a, value: 1}, {op: nope, path: b}]\n";
    let run = hookbox(["try", "patch", "-"]).input(patch).run().await;
    expect(
        run,
        1,
        &[
            "jqFilter",
            "jsonPatch[1].op",
            "jsonPatch[1].path",
            "3 mistakes",
        ],
    );
    let run = hookbox(["try", "patch", "-"])
        .input("operation: [")
        .run()
        .await;
    expect(run, 1, &["neither JSON nor YAML"]);
}

#[tokio::test]
async fn metrics_are_shown_after_each_file() {
    built_command().await;
    let folder = scratch();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file(
        "1",
        r#"{"name":"size","set":1500000,"labels":{"disk":"a"}}{"name":"runs","add":2}{"name":"other","set":1,"group":"g"}"#,
    );
    file(
        "2",
        r#"{"name":"size","set":0.00001}{"name":"took","action":"observe","value":2,"buckets":[5,1]}"#,
    );
    let run = hookbox(["try", "metrics", "--hook", "h.sh", "1", "2"]).folder(folder.path());
    let expected = "\
# after 1
# HELP other other
# TYPE other gauge
other{hook=\"h.sh\"} 1
# HELP runs runs
# TYPE runs counter
runs{hook=\"h.sh\"} 2
# HELP size size
# TYPE size gauge
size{disk=\"a\",hook=\"h.sh\"} 1.5e+06
# after 2
# HELP other other
# TYPE other gauge
other{hook=\"h.sh\"} 1
# HELP size size
# TYPE size gauge
size{disk=\"\",hook=\"h.sh\"} 1e-05
# HELP took took
# TYPE took histogram
took_bucket{hook=\"h.sh\",le=\"1\"} 0
took_bucket{hook=\"h.sh\",le=\"5\"} 1
took_bucket{hook=\"h.sh\",le=\"+Inf\"} 1
took_sum{hook=\"h.sh\"} 2
took_count{hook=\"h.sh\"} 1
";
    assert_eq!(run.run().await.ok(), expected);
}

#[tokio::test]
async fn a_metric_file_that_fails_the_run_is_refused() {
    built_command().await;
    let run = hookbox(["try", "metrics", "-"]).input(r#"{"name":"","set":1}{"name":"b","set":1,"action":"x"}{"name":"o","action":"observe","value":1}"#);
    let told = [
        "document 1: name: is required",
        "document 3: buckets: is required",
        "2 mistakes",
    ];
    assert_eq!(expect(run.run().await, 1, &told).stdout, "");
    let run = hookbox(["try", "metrics", "-"]).input(r#"{"name":"a","set":"1"}"#);
    expect(
        run.run().await,
        1,
        &["document 1 of the metric file is invalid"],
    );
}
