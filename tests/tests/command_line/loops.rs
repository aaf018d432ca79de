//! Hooks that answer themselves, panic, or cannot be bound: what `test`, `dev` and `exec` make of them.

use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::{Finished, http, scratch};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::components::{altered, expect, in_project, project, text};

const SOURCE: &str = r#"
use std::time::Duration;

use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;
use serde_json::json;

#[derive(Snapshots)]
struct Counts {
    #[watch(kind = "ConfigMap", namespace = "default", labels = "app=loop", jq = ".data.n")]
    counts: Vec<Option<String>>,
}

/// Answers its own changes, not too fast for those who read of it.
#[hook(settings(min_interval = "20ms", burst = 1))]
fn looper(input: Input<Counts>, out: &mut Effects) -> Result {
    let n: u32 = input.counts.iter().flatten().filter_map(|n| n.parse().ok()).max().unwrap_or(0);
    out.create_or_update(&ConfigMap::new("default", "count").label("app", "loop").data("n", (n + 1).to_string()));
    Ok(())
}

#[hook(schedule(name = "panic", crontab = "0 0 1 1 *"))]
fn panics(_input: Input, _out: &mut Effects) -> Result {
    panic!("boom")
}

#[hook(schedule(name = "advise", crontab = "0 0 1 1 *"))]
fn advises(_input: Input, out: &mut Effects) -> Result {
    out.patch(ObjectRef::config_map("default", "a"))
        .subresource("status")
        .ignore_hook_error()
        .merge(&json!({"status": {"phase": "Bad"}}));
    info!("first\nsecond");
    Err(Error::msg("not yet").retry_after(Duration::from_secs(9)))
}

#[hook(on_startup = 1)]
fn starts(input: Input, out: &mut Effects) -> Result {
    out.create_or_update(&ConfigMap::new("default", "started"));
    out.metric("mixed").add(1.0);
    out.metric("mixed").set(2.0);
    input.values().set("port", &80)?;
    info!("first\nsecond");
    Ok(())
}

hookbox_sdk::export!(looper, panics, advises, starts);
"#;

struct Built {
    project: PathBuf,
    component: PathBuf,
}

/// The project with these hooks, built once.
async fn built() -> &'static Built {
    static BUILT: OnceCell<Built> = OnceCell::const_new();
    BUILT
        .get_or_init(|| async {
            let project = project("looper").await;
            std::fs::write(project.join("src/lib.rs"), SOURCE).unwrap();
            let said = in_project(&project, &["build"])
                .run()
                .await
                .expect_code(0)
                .stdout;
            Built {
                project,
                component: PathBuf::from(said.trim()),
            }
        })
        .await
}

/// Run one case of a component.
async fn case(component: &Path, case: &str, state: &str, arguments: &[&str]) -> (Finished, String) {
    let folder = scratch();
    let dir = folder.path().join("tests/cases/one");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("case.yaml"), case).unwrap();
    std::fs::write(dir.join("cluster.yaml"), state).unwrap();
    let finished = hookbox(["test", text(folder.path()), "--component", text(component)])
        .args(arguments)
        .run()
        .await;
    let expected = std::fs::read_to_string(dir.join("expected.yaml")).unwrap_or_default();
    (finished, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_answers_itself_fails_its_case() {
    let component = &built().await.component;
    let looping = "hook: looper\ntrigger: {synchronization: {}}\n";
    let words = [
        "hook `looper` comes to no end: 21 runs",
        "`counts`",
        "jqFilter",
        "--max-runs",
    ];
    for bless in [&["--max-runs", "20"][..], &["--max-runs", "20", "--bless"]] {
        let (finished, expected) = case(component, looping, "", bless).await;
        let finished = expect(finished, 1, &words);
        assert_eq!(finished.stdout, "0 passed, 1 failed\n");
        assert!(
            !finished.stderr.contains("makes it the expectation"),
            "{finished:?}"
        );
        assert_eq!(expected, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_runs_for_startup_did_is_their_outcome() {
    // The looper has no end; it does not even begin.
    let component = &built().await.component;
    let (finished, expected) =
        case(component, "trigger: {onStartup: {}}\n", "", &["--bless"]).await;
    expect(finished, 0, &["Blessed one"]);
    assert!(expected.contains("name: started"), "{expected}");
    assert!(
        !expected.contains("looper") && !expected.contains("name: count"),
        "{expected}"
    );

    for (case_yaml, words) in [
        (
            "hook: looper\ntrigger: {onStartup: {}}",
            "`onStartup`, which hook `looper` has not",
        ),
        (
            "hook: panics\ntrigger: {synchronization: {}}",
            "no `kubernetes` binding hook `panics` has",
        ),
        ("trigger: {schedule: {name: pnic}}", "schedule `pnic`"),
        (
            "trigger: {schedule: {name: pnic}}",
            "there are: panic, advise",
        ),
        (
            "hook: lopper\ntrigger: {onStartup: {}}",
            "it holds: looper, panics, advises, starts",
        ),
        ("trigger: {events: []}", "case.yaml:1:19: `events` is empty"),
    ] {
        let (finished, expected) = case(component, case_yaml, "", &["--bless"]).await;
        expect(finished, 1, &["Failed one", words]);
        assert_eq!(expected, "", "{case_yaml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blessed_error_is_the_same_each_time() {
    let component = &built().await.component;
    let panics = "hook: panics\ntrigger: {schedule: {}}\n";
    let (finished, expected) = case(component, panics, "", &["--bless"]).await;
    expect(finished, 0, &["Blessed one"]);
    assert!(
        expected.contains("result: failed") && expected.contains("boom"),
        "{expected}"
    );
    for unstable in ["backtrace", "0x", "lib.rs", "RUST_BACKTRACE"] {
        assert!(!expected.contains(unstable), "{unstable}: {expected}");
    }
    let (finished, expected) = case(component, panics, "", &["--bless", "--host-calls", "0"]).await;
    expect(finished, 0, &["Blessed one"]);
    assert!(
        expected.contains("error: stopped at the host calls limit of 0"),
        "{expected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_cannot_be_enabled_is_told_with_its_reason() {
    let folder = scratch();
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let state = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default, labels: {app: hello}}\n";
    let synchronization = "trigger: {synchronization: {}}\n";
    let kind = altered("\"kind\":\"ConfigMap\"", "\"kind\":\"ConfigMop\"").await;
    let filter = altered(".data.name", "error(1)  ").await;
    for (component, reason) in [
        (write("kind.wasm", kind), "ConfigMop"),
        (write("filter.wasm", filter.clone()), "default/a"),
    ] {
        let said = ["binding greet/names cannot be enabled", reason];
        let (finished, _) = case(&component, synchronization, state, &[]).await;
        expect(finished, 1, &said);
        let (finished, expected) = case(&component, synchronization, state, &["--bless"]).await;
        expect(finished, 0, &said);
        for part in ["result: failed", "problems:", reason] {
            assert!(expected.contains(part), "{part}: {expected}");
        }
    }
    // A filter that fails on an event.
    let events = "trigger: {events: [{apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: default, labels: {app: hello}}}}]}\n";
    let component = folder.path().join("filter.wasm");
    let (finished, expected) = case(&component, events, "", &["--bless"]).await;
    expect(
        finished,
        0,
        &["the filter of greet/names fails on default/b"],
    );
    assert!(expected.contains("problems:"), "{expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_tells_the_advice_and_what_survives() {
    let component = text(&built().await.component);
    let arguments = ["exec", component, "--hook", "advises", "-o", "json"];
    let finished = hookbox(arguments).run().await;
    let finished = expect(
        finished,
        1,
        &[
            "not yet",
            "Advice again in 9.0 s",
            "Surviving 1 patch",
            "Log first\n             second",
        ],
    );
    let printed: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(printed["code"], "hook-failed");
    assert_eq!(printed["retry"]["afterSeconds"], 9.0);
    assert_eq!(printed["surviving"][0]["operation"], "MergePatch");
    let table = hookbox(["exec", component, "--hook", "starts", "-o", "table"])
        .run()
        .await
        .ok();
    assert!(
        table.contains("CreateOrUpdate   ConfigMap default/started"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_follows_its_author_although_a_hook_never_ends() {
    let folder = scratch();
    let Built { project, .. } = built().await;
    let copy = project.with_file_name("looping");
    let _ = std::fs::remove_dir_all(&copy);
    std::fs::create_dir_all(copy.join("src")).unwrap();
    // A name of its own: all are built in one folder.
    for file in ["Cargo.toml", "Cargo.lock"] {
        let content = std::fs::read_to_string(project.join(file)).unwrap();
        std::fs::write(
            copy.join(file),
            content.replace("\"looper\"", "\"looping\""),
        )
        .unwrap();
    }
    let source = copy.join("src/lib.rs");
    let with_text = SOURCE.replace("\"started\")", "include_str!(\"name.txt\").trim())");
    std::fs::write(&source, with_text).unwrap();
    std::fs::write(copy.join("src/name.txt"), "first").unwrap();

    // `--once` gives up, and says how it ended.
    let once = in_project(
        &copy,
        &["dev", "--once", "--max-runs", "20", "--kubeconfig-out", "k"],
    );
    let once = expect(
        once.run().await,
        1,
        &[
            "Ended ",
            "hook `looper` comes to no end",
            "--kubeconfig-out is not used",
        ],
    );
    assert!(!once.stderr.contains("again in"), "{once:?}");

    let state = folder.path().join("state.yaml");
    std::fs::write(&state, "").unwrap();
    let dev = in_project(
        &copy,
        &["dev", "--cluster", text(&state), "--max-runs", "20"],
    )
    .start();
    dev.stderr_line(|l| l.contains("ConfigMap default/first"))
        .await;
    dev.stderr_line(|l| l.contains("comes to no end")).await;
    dev.stderr_line(|l| l.contains("Watching")).await;
    // From then on its runs are summed up.
    dev.stderr_line(|l| l.contains("Busy looper: ") && l.ends_with("not shown"))
        .await;
    // What `run` would warn of.
    dev.stderr_line(|l| l.contains("Value /port = 80")).await;
    dev.stderr_line(|l| l.contains("belongs to no module"))
        .await;
    dev.stderr_line(|l| l.contains("`mixed` was dropped")).await;
    let line = dev.stderr_line(|l| l.contains("Metrics http://")).await;
    let address = line
        .split("http://")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let metrics = http::get(address, "/metrics/hooks").await.unwrap();
    assert!(metrics.body.contains("mixed"), "{metrics:?}");
    // Another session beside it.
    let first = dev.stderr_line(|l| l.contains("KUBECONFIG=")).await;
    let second = in_project(&copy, &["dev"]).start();
    let other = second.stderr_line(|l| l.contains("KUBECONFIG=")).await;
    assert!(
        first.ends_with("/kubeconfig") && other.ends_with("/kubeconfig-2"),
        "{first} {other}"
    );
    second.stop("INT").await.expect_code(0);
    assert!(copy.join("target/hookbox/kubeconfig").exists());

    // The state.
    let map = |name: &str, data: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {data}\n"
        )
    };
    std::fs::write(&state, map("one", "{a: b}") + &map("two", "{a: b}")).unwrap();
    dev.stderr_line(|l| l.contains("Apply ConfigMap default/two"))
        .await;
    std::fs::write(&state, map("one", "{a: b}") + &map("three", "[]")).unwrap();
    dev.stderr_line(|l| l.contains("state.yaml:7: document 2: the manifest is refused"))
        .await;
    dev.stderr_line(|l| l.contains("Kept the cluster as it was"))
        .await;
    std::fs::write(&state, map("one", "{a: c}")).unwrap();
    dev.stderr_line(|l| l.contains("Delete ConfigMap default/two"))
        .await;

    // A source, and a text that it includes.
    std::fs::write(copy.join("src/name.txt"), "second").unwrap();
    dev.stderr_line(|l| l.contains("Changed src/name.txt"))
        .await;
    dev.stderr_line(|l| l.contains("Patch ConfigMap default/second"))
        .await;
    dev.stop("INT").await.expect_code(0);
}
