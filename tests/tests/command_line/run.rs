//! `hookbox run`.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use hookbox_cluster::Cluster;
use hookbox_tests::hookbox::{binary, hookbox};
use hookbox_tests::{Background, Program, http, scratch};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::components::{altered, built_command, expect, greet, text};

const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// A folder of components, with the greeter in it.
async fn hooks(name: &str) -> tempfile::TempDir {
    let folder = scratch();
    std::fs::copy(&greet().await.component, folder.path().join(name)).unwrap();
    folder
}

fn run(hooks: &Path) -> Program {
    hookbox(["run", "--log-format", "json", "--hooks-dir", text(hooks)]).args(ANY_PORT)
}

/// Wait until it runs; where it serves metrics and health.
async fn address(operator: &Background) -> SocketAddr {
    let line = operator
        .stderr_line(|line| line.contains("hookbox runs"))
        .await;
    let record: Value = serde_json::from_str(&line).expect("JSON");
    record["address"]
        .as_str()
        .unwrap()
        .parse()
        .expect("an address")
}

fn kubeconfig(folder: &Path, server: &str) -> String {
    let path = folder.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": server}}],
        "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    text(&path).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_hooks_there_is_nothing_to_run() {
    built_command().await;
    let folder = scratch();
    let missing = run(&folder.path().join("nowhere")).args(["--no-cluster"]);
    expect(
        missing.run().await,
        2,
        &["nowhere` cannot be read", "--hooks-dir"],
    );
    let empty = run(folder.path()).args(["--no-cluster"]);
    expect(empty.run().await, 2, &["holds no hooks", "end in .wasm"]);
    std::fs::write(folder.path().join("a.wasm"), "text").unwrap();
    std::fs::write(folder.path().join("b.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let broken = run(folder.path()).args(["--no-cluster"]);
    expect(
        broken.run().await,
        1,
        &[
            "a.wasm` cannot be loaded",
            "text file",
            "b.wasm` cannot be loaded",
            "core WebAssembly module",
            "no hook that can run",
            "hookbox check",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_components_and_unknown_kinds_stop_nobody_else() {
    let folder = hooks("good.wasm").await;
    std::fs::write(folder.path().join("broken.wasm"), "text").unwrap();
    // Another hook, of another name, that watches what does not exist.
    let mut unknown = altered("\"kind\":\"ConfigMap\"", "\"kind\":\"ConfigMop\"").await;
    let name = b"greet";
    let places: Vec<usize> = (0..unknown.len() - name.len())
        .filter(|at| unknown[*at..].starts_with(name) && !unknown[*at..].starts_with(b"greetings"))
        .collect();
    for at in places {
        unknown[at..at + name.len()].copy_from_slice(b"other");
    }
    std::fs::write(folder.path().join("unknown.wasm"), unknown).unwrap();

    let cluster = Cluster::new();
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"name": "Ada"},
        "metadata": {"name": "a", "namespace": "default", "labels": {"app": "hello"}},
    });
    cluster.apply_manifest(map).await.expect("applied");
    let server = cluster
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .expect("a server");
    let config = folder.path().join("kubeconfig");
    std::fs::write(&config, server.kubeconfig()).unwrap();

    let operator = run(folder.path())
        .args(["--kubeconfig", text(&config)])
        .start();
    operator
        .stderr_line(|l| l.contains("broken.wasm") && l.contains("ERROR"))
        .await;
    operator.stderr_line(|l| l.contains("ConfigMop")).await;
    let address = address(&operator).await;
    operator.stderr_line(|l| l.contains("1 to greet")).await;
    // The good hook's work is done although the other one's kind is still waited for.
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(cluster.client(), "default");
    hookbox_tests::wait::until(maps, "greetings", |map| map.is_some()).await;
    let metrics = http::get(address, "/metrics").await.expect("an answer");
    assert!(
        metrics.status == 200 && metrics.body.contains("shell_operator_"),
        "{metrics:?}"
    );
    operator.stop("INT").await.expect_code(0);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_not_there_or_forbids_ends_it() {
    let folder = hooks("greet.wasm").await;
    let with = |config: &str| run(folder.path()).args(["--kubeconfig", config]).run();
    expect(with("nowhere").await, 2, &["nowhere cannot be read"]);
    let bad = folder.path().join("bad");
    std::fs::write(&bad, "text").unwrap();
    expect(with(text(&bad)).await, 2, &["bad is no kubeconfig"]);

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let config = kubeconfig(folder.path(), &url);
    let finished = expect(
        with(&config).await,
        3,
        &[&url, "cannot be reached", "refused", "check the address"],
    );
    assert_eq!(finished.stderr.lines().count(), 2, "{finished:?}");
    let other = run(folder.path()).args(["--kubeconfig", &config, "--kube-context", "other"]);
    expect(
        other.run().await,
        2,
        &["has no context `other`", "it has: a"],
    );

    // A web server.
    let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = kubeconfig(
        folder.path(),
        &format!("http://{}", web.local_addr().unwrap()),
    );
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let page = format!(
                "<!doctype html>\n<html>\n{}</html>\n",
                "<p>not here</p>\n".repeat(1000)
            );
            let head = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let finished = expect(
        with(&config).await,
        3,
        &["is no Kubernetes API server: HTTP 404: <!doctype html>"],
    );
    assert!(
        finished.stderr.lines().count() == 2 && finished.stderr.len() < 500,
        "{finished:?}"
    );
    server.abort();

    let forbidding = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = kubeconfig(
        folder.path(),
        &format!("http://{}", forbidding.local_addr().unwrap()),
    );
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = forbidding.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"nobody may","reason":"Forbidden","code":403}"#;
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    expect(
        with(&config).await,
        3,
        &["does not let us in: nobody may", "credentials"],
    );
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_or_a_journal_that_cannot_be_had_ends_it() {
    let folder = hooks("greet.wasm").await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run_with = |arguments: &[&str]| {
        hookbox(["run", "--no-cluster", "--hooks-dir", text(folder.path())])
            .args(arguments)
            .run()
    };
    expect(
        run_with(&["--listen", &address]).await,
        3,
        &[&address, "in use already"],
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let journal = file.join("journal");
    let finished = run_with(&["--journal", text(&journal), "--listen", "127.0.0.1:0"]).await;
    expect(
        finished,
        3,
        &["the journal cannot be written", text(&journal)],
    );
    // One journal, one writer.
    let journal = folder.path().join("journal");
    let first = run(folder.path())
        .args(["--no-cluster", "--journal", text(&journal)])
        .start();
    self::address(&first).await;
    let finished = run_with(&["--journal", text(&journal), "--listen", "127.0.0.1:0"]).await;
    expect(finished, 3, &["journal"]);
    first.stop("TERM").await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cluster_it_warns_of_the_bindings_that_never_run() {
    let folder = hooks("greet.wasm").await;
    let operator = run(folder.path()).args(["--no-cluster"]).start();
    let line = operator
        .stderr_line(|line| line.contains("these bindings never run"))
        .await;
    let record: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(
        [&record["level"], &record["hook"], &record["bindings"]],
        ["WARN", "greet", "names"]
    );
    let stopped = operator.stop("TERM").await.expect_code(0);
    assert!(!stopped.stderr.contains("ERROR"), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_go_on_when_the_journal_s_disk_is_full() {
    let folder = hooks("greet.wasm").await;
    let place = scratch();
    let (cache, journal) = (place.path().join("cache"), place.path().join("journal"));
    let state = Cluster::new();
    let server = state
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .expect("a server");
    let config = place.path().join("kubeconfig");
    std::fs::write(&config, server.kubeconfig()).unwrap();
    // Compiled before the disk is full.
    hookbox(["check", text(folder.path()), "--cache-dir", text(&cache)])
        .run()
        .await
        .expect_code(0);
    // No file can grow: what a full disk does, without one.
    let operator = Program::new("sh")
        .env("HOOKBOX_DEBUG_UNIX_SOCKET", "")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" run \"$@\""])
        .args([binary()])
        .args([
            "--hooks-dir",
            text(folder.path()),
            "--cache-dir",
            text(&cache),
        ])
        .args([
            "--journal",
            text(&journal),
            "--kubeconfig",
            text(&config),
            "--log-format",
            "json",
        ])
        .args(ANY_PORT)
        .start();
    address(&operator).await;
    operator
        .stderr_line(|l| l.contains("the journal loses records; runs go on"))
        .await;
    let stopped = operator.stop("TERM").await.expect_code(0);
    assert!(stopped.stderr.contains("0 to greet"), "{stopped:?}");
    // A hook's record without fields has no empty ones.
    assert!(!stopped.stderr.contains(r#""fields":"""#), "{stopped:?}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_recorded_in_the_journal() {
    let folder = hooks("greet.wasm").await;
    let journal = folder.path().join("journal");
    let cluster = Cluster::new();
    let server = cluster
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .expect("a server");
    let config = folder.path().join("kubeconfig");
    std::fs::write(&config, server.kubeconfig()).unwrap();
    let operator = run(folder.path())
        .args(["--kubeconfig", text(&config), "--journal", text(&journal)])
        .start();
    operator.stderr_line(|l| l.contains("0 to greet")).await;
    operator.stop("TERM").await.expect_code(0);
    let records: Vec<Value> = std::fs::read_dir(&journal)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines()
                .map(|l| serde_json::from_str(l).expect("JSON"))
                .collect::<Vec<Value>>()
        })
        .collect();
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["hook"], "greet");
    let contexts = &records[0]["contexts"];
    assert_eq!(contexts[0]["binding"], "names");
    assert_eq!(contexts[0]["type"], "Synchronization");
    assert_eq!(contexts[0]["objects"], json!([]));
    assert_eq!(
        records[0]["effects"]["objectPatches"][0]["operation"],
        "CreateOrUpdate"
    );
    server.shutdown().await;
}
