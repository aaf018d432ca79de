//! The live commands, and settings that carry over from shell-operator.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hookbox_cluster::{Cluster, Server};
use hookbox_tests::hookbox::hookbox;
use hookbox_tests::{Background, Finished, Program, http, ports, scratch};
use serde_json::{Value, json};

use super::components::{built_command, expect, text};

/// Watches ConfigMaps and a kind that is not there.
const MAPS: &str = r#"#!/bin/sh
[ "$1" = --config ] || { echo seen; exit 0; }
cat <<'C'
configVersion: v1
kubernetes:
- {name: maps, kind: ConfigMap, apiVersion: v1, jqFilter: .data, namespace: {nameSelector: {matchNames: [default]}}}
- {name: secrets, kind: Secret, apiVersion: v1, namespace: {nameSelector: {matchNames: [default]}}}
- {name: odd, kind: ConfigMop}
C
"#;
/// Fails, and may.
const FAILS: &str = r#"#!/bin/sh
[ "$1" = --config ] || { echo cannot >&2; exit 3; }
echo '{"configVersion":"v1","kubernetes":[{"name":"all","kind":"Namespace","apiVersion":"v1","allowFailure":true,"queue":"slow"}]}'
"#;
const WRONG: &str = "#!/bin/sh\necho '{\"configVersion\":\"v1\",\"onStartup\":\"x\"}'\n";

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder with hooks, a cluster with two objects, and a place for the socket.
struct World {
    folder: tempfile::TempDir,
    _server: Server,
}

impl World {
    async fn new() -> Self {
        built_command().await;
        let folder = scratch();
        let hooks = folder.path().join("hooks");
        std::fs::create_dir(&hooks).unwrap();
        script(&hooks, "maps.sh", MAPS);
        script(&hooks, "fails.sh", FAILS);
        script(&hooks, "wrong.sh", WRONG);
        let cluster = Cluster::new();
        for object in [
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": "1"}, "metadata": {"name": "a", "namespace": "default"}}),
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"p": "c2VzYW1l"}, "metadata": {"name": "s", "namespace": "default"}}),
        ] {
            cluster.apply_manifest(object).await.expect("applied");
        }
        let server = cluster
            .listen("127.0.0.1:0".parse().unwrap())
            .await
            .expect("a server");
        std::fs::write(folder.path().join("kubeconfig"), server.kubeconfig()).unwrap();
        Self {
            folder,
            _server: server,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self) -> Program {
        hookbox(["run", "--native-hooks", "--log-format", "json"])
            .args(["--hooks-dir".as_ref(), self.path("hooks").as_path()])
            .args(["--kubeconfig".as_ref(), self.path("kubeconfig").as_path()])
            .args(["--listen", "127.0.0.1:0", "--debug-unix-socket"])
            .args([self.socket()])
    }

    fn socket(&self) -> PathBuf {
        self.path("run/debug.socket")
    }

    async fn ask(&self, arguments: &[&str]) -> Finished {
        let socket = self.socket();
        hookbox(arguments.iter().copied())
            .args(["--debug-unix-socket".as_ref(), socket.as_path()])
            .run()
            .await
    }

    async fn ok(&self, arguments: &[&str]) -> String {
        self.ask(arguments).await.ok()
    }
}

/// Wait until the first Synchronizations are done.
async fn settled(operator: &Background) {
    operator
        .stderr_line(|l| l.contains("live commands are served"))
        .await;
    for (hook, binding) in [("maps.sh", "secrets"), ("fails.sh", "all")] {
        operator
            .stderr_line(|l| {
                let said = l.contains("run succeeded") || l.contains("run failed");
                let of = l.contains(&format!(r#""hook":"{hook}""#));
                said && of
                    && (hook == "fails.sh" || l.contains(&format!(r#""binding":"{binding}""#)))
            })
            .await;
    }
}

/// The lines of a table as cells.
fn cells(table: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        line.split("   ")
            .map(|c| c.trim().to_owned())
            .filter(|c| !c.is_empty())
            .collect()
    };
    table.lines().map(cells).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_operator_tells_what_it_does() {
    let world = World::new().await;
    let operator = world.run().start();
    settled(&operator).await;

    let hooks = world.ok(&["hook", "list"]).await;
    let rows = cells(&hooks);
    assert_eq!(rows[0][..4], ["NAME", "STATE", "RUNS", "FAILED"]);
    assert_eq!(rows[1][..4], ["fails.sh", "ready", "1", "1"], "{hooks}");
    assert_eq!(
        rows[2][..4],
        ["maps.sh", "not enabled", "2", "0"],
        "{hooks}"
    );
    let json: Value =
        serde_json::from_str(&world.ok(&["hook", "list", "-o", "json"]).await).unwrap();
    assert_eq!(json, json!(["fails.sh", "maps.sh"]));

    let snapshot = world.ok(&["hook", "snapshot", "maps.sh"]).await;
    assert_eq!(
        cells(&snapshot),
        [
            vec!["BINDING", "NAMESPACE", "NAME", "FILTER RESULT"],
            vec!["maps", "default", "a", "{\"x\":\"1\"}"],
            vec!["secrets", "default", "s"]
        ]
    );
    let yaml = world
        .ok(&["hook", "snapshot", "maps.sh", "-o", "yaml"])
        .await;
    assert!(yaml.starts_with("maps:\n  operations:\n"), "{yaml}");
    assert!(
        yaml.contains("p: redacted:") && !yaml.contains("c2VzYW1l"),
        "{yaml}"
    );

    let finished = world.ask(&["queue", "list"]).await.expect_code(0);
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("", "no queue has a task\n")
    );
    let queues = world.ok(&["queue", "list", "--show-empty"]).await;
    assert_eq!(cells(&queues)[2][0], "slow", "{queues}");
    assert_eq!(
        world.ok(&["queue", "list", "-o", "text"]).await,
        "Summary:\n- 'main' queue: empty.\n- 1 other queue (0 active, 1 empty): 0 tasks.\n- no tasks to handle.\n"
    );
    let main: Value = serde_json::from_str(&world.ok(&["raw", "/queue/main.json"]).await).unwrap();
    assert_eq!(main, json!({"name": "main", "tasksCount": 0}));

    let runs = world.ok(&["runs", "list", "--failed"]).await;
    let rows = cells(&runs);
    assert_eq!(rows[1][1..3], ["fails.sh", "all"], "{runs}");
    assert_eq!(rows[1].last().unwrap(), "exit status: 3: cannot", "{runs}");
    let shown = world.ok(&["runs", "show", &rows[1][0]]).await;
    for words in [
        "Hook:     fails.sh\n",
        "Outcome:  allowed-failure\n",
        "Error:    hook-failed: exit status: 3: cannot\n",
        "\nContexts:\n  all Synchronization\n",
        "\nLog:\n  warn cannot\n",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }

    let why = world.ok(&["why", "maps.sh"]).await;
    assert!(
        why.starts_with("hook maps.sh (maps.sh)\n\n- its last run, ")
            && why.contains("ago, succeeded\n"),
        "{why}"
    );
    assert!(
        why.contains("- binding `odd` is not enabled: its kind is not served: the API server has no kind `ConfigMop`"),
        "{why}"
    );
    let why = world.ok(&["why", "wrong.sh"]).await;
    assert!(
        why.contains("- it was left out when hookbox started: ")
            && why.contains("onStartup: must be a whole number")
    );
    expect(
        world.ask(&["why", "map.sh"]).await,
        2,
        &["there is no hook `map.sh`; did you mean `maps.sh`?"],
    );

    let set = world
        .ask(&["config", "set", "log.level", "debug", "10m"])
        .await;
    expect(set, 0, &["Set log.level = debug until "]);
    let list: Value =
        serde_json::from_str(&world.ok(&["config", "list", "-o", "json"]).await).unwrap();
    assert_eq!(
        (&list[0]["value"], &list[0]["default"]),
        (&json!("debug"), &json!("info"))
    );
    let wrong = world.ask(&["config", "set", "log.level", "loud"]).await;
    expect(wrong, 2, &["`loud` is no log level"]);
    expect(world.ask(&["raw", "nothing"]).await, 2, &["no such path"]);

    // As shell-operator's users know it.
    let curl = Program::new("curl")
        .args([
            "-s",
            "--unix-socket",
            text(&world.socket()),
            "http://unix/hook/list.yaml",
        ])
        .run()
        .await
        .ok();
    assert_eq!(curl, "- fails.sh\n- maps.sh\n");
    operator.stop("TERM").await.expect_code(0);
    assert!(!world.socket().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_goes_on_until_it_is_told_to_end() {
    let world = World::new().await;
    let operator = world.run().start();
    settled(&operator).await;
    let watch = hookbox([
        "queue",
        "list",
        "-w",
        "-t",
        "10ms",
        "-o",
        "json",
        "--debug-unix-socket",
    ])
    .args([world.socket()])
    .start();
    watch.stdout_line(|line| line.contains("totalTasks")).await;
    let finished = watch.stop("INT").await.expect_code(0);
    assert!(finished.stderr.is_empty(), "{finished:?}");
    // The operator ends before the next look.
    let watch = hookbox([
        "queue",
        "list",
        "-w",
        "-t",
        "10ms",
        "-o",
        "json",
        "--debug-unix-socket",
    ])
    .args([world.socket()])
    .start();
    watch.stdout_line(|line| line.contains("totalTasks")).await;
    operator.stop("TERM").await.expect_code(0);
    let finished = watch.finish().await.expect_code(3);
    assert!(finished.stderr.starts_with("error: "), "{finished:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_not_there_or_taken_is_told() {
    let world = World::new().await;
    let nobody = world.ask(&["queue", "list"]).await;
    expect(
        nobody,
        3,
        &[
            "no operator serves live commands here",
            text(&world.socket()),
            "kubectl exec",
        ],
    );
    // As after a kill.
    std::fs::create_dir(world.path("run")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(world.socket()).unwrap());
    expect(
        world.ask(&["queue", "list"]).await,
        3,
        &[
            "nobody listens there",
            "has ended without removing its socket",
        ],
    );
    let first = world.run().start();
    settled(&first).await;
    expect(
        world.run().run().await,
        3,
        &[
            "another process serves live commands at",
            text(&world.socket()),
            "--debug-unix-socket",
        ],
    );
    world.ok(&["hook", "list"]).await;
    first.stop("TERM").await.expect_code(0);
    let file = world.path("file");
    std::fs::write(&file, "").unwrap();
    let socket = file.join("debug.socket");
    let run = hookbox([
        "run",
        "--no-cluster",
        "--native-hooks",
        "--debug-unix-socket",
        text(&socket),
        "--hooks-dir",
    ])
    .args([world.path("hooks")]);
    expect(
        run.run().await,
        3,
        &["the folder", "for the socket cannot be made"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_and_variables_of_shell_operator_carry_over() {
    let world = World::new().await;
    let [port] = ports::free();
    let operator = hookbox([
        "start",
        "--native-hooks",
        "--log-type=json",
        "--listen-address",
        "127.0.0.1",
    ])
    .args(["--hooks-dir".as_ref(), world.path("hooks").as_path()])
    .args([
        "--prometheus-metrics-prefix=my_",
        "--debug-keep-tmp-files=false",
    ])
    .env("KUBE_CONFIG", world.path("kubeconfig"))
    .env("SHELL_OPERATOR_LISTEN_PORT", port.to_string())
    .env("SHELL_OPERATOR_PROMETHEUS_METRICS_PREFIX", "theirs_")
    .env("LOG_LEVEL", "info")
    .env("TRACING_OTLP_ENDPOINT", "localhost:4317")
    .env("SHELL_OPERATOR_HOOK_DIR", "hooks")
    .env("SHELL_OPERATOR_PORT_9115_TCP_ADDR", "10.0.0.1")
    .start();
    operator
        .stderr_line(|l| l.contains("hookbox runs") && l.contains(&format!("127.0.0.1:{port}")))
        .await;
    let metrics = http::get(("127.0.0.1", port), "/metrics")
        .await
        .expect("an answer");
    assert!(
        metrics.body.contains("\nmy_tasks_queue_length{"),
        "{metrics:?}"
    );
    let stopped = operator.stop("TERM").await.expect_code(0);
    for words in [
        r#""variables":"SHELL_OPERATOR_LISTEN_PORT, KUBE_CONFIG, LOG_LEVEL""#,
        "TRACING_OTLP_ENDPOINT has no effect: hookbox sends no traces",
        "SHELL_OPERATOR_HOOK_DIR is no setting; did you mean SHELL_OPERATOR_HOOKS_DIR?",
    ] {
        assert!(stopped.stderr.contains(words), "{words}\n{stopped:?}");
    }
    assert!(
        !stopped.stderr.contains("SHELL_OPERATOR_PORT_9115"),
        "{stopped:?}"
    );
    let both = hookbox(["start", "--listen=127.0.0.1:1", "--listen-port=2"])
        .run()
        .await;
    expect(
        both,
        2,
        &["--listen and --listen-port cannot be used together"],
    );
}
