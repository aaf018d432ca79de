//! `hookbox dev`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use hookbox_tests::scratch;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

use super::components::{expect, greet, in_project, project, text};

/// A client by the kubeconfig that `dev` wrote.
async fn client(kubeconfig: &Path) -> Client {
    let file = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .expect("a usable kubeconfig");
    Client::try_from(config).expect("a client")
}

fn edit(source: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(source).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(source, text.replace(from, to)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_source_or_the_cluster_is_seen_at_once() {
    let project = project("reloaded").await;
    let source = project.join("src/lib.rs");
    let kubeconfig: PathBuf = project.join("target/hookbox/kubeconfig");
    let dev = in_project(&project, &["dev"]).start();
    let line = dev.stderr_line(|l| l.contains("export KUBECONFIG=")).await;
    assert!(line.ends_with(text(&kubeconfig)), "{line}");
    dev.stderr_line(|l| l.contains("text: Hello, world!")).await;
    dev.stderr_line(|l| l.contains("Watching") && l.contains("Ctrl-C"))
        .await;

    // The cluster changes, as by kubectl.
    let maps: Api<ConfigMap> = Api::namespaced(client(&kubeconfig).await, "default");
    let ada =
        json!({"metadata": {"name": "ada", "labels": {"app": "hello"}}, "data": {"name": "Ada"}});
    maps.create(
        &PostParams::default(),
        &serde_json::from_value(ada).unwrap(),
    )
    .await
    .expect("created");
    dev.stderr_line(|l| l.contains("Event greet/names: Added default/ada"))
        .await;
    dev.stderr_line(|l| l.contains("Hello, Ada!")).await;

    // A change that does not compile: the hooks go on as they were.
    edit(&source, "Hello, {name}!", "Hi, {nobody}!");
    dev.stderr_line(|l| l.contains("Changed src/lib.rs")).await;
    dev.stderr_line(|l| l.contains("cannot find value `nobody`"))
        .await;
    dev.stderr_line(|l| l.contains("does not compile")).await;
    dev.stderr_line(|l| l.contains("Kept the hooks as they were before the change"))
        .await;
    let patch = Patch::Merge(json!({"data": {"name": "Adele"}}));
    maps.patch("ada", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    dev.stderr_line(|l| l.contains("Hello, Adele!")).await;

    // The change is mended: the new hook looks at the cluster as it is.
    edit(&source, "Hi, {nobody}!", "Hi, {name}!");
    dev.stderr_line(|l| l.contains("Hi, Adele!")).await;

    // Ctrl-C.
    assert!(kubeconfig.exists());
    let ended = dev.stop("INT").await.expect_code(0);
    assert!(ended.stderr.contains("Stopped"), "{ended:?}");
    assert!(!kubeconfig.exists());
    assert_eq!(ended.stdout, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_with_a_bad_manifest_or_a_taken_port() {
    let folder = scratch();
    let project = &greet().await.project;
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        text(&path).to_owned()
    };
    let two = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\n";
    let broken = write("broken.yaml", &format!("{two}apiVersion: v1\nkind: [\n"));
    let unknown = write(
        "unknown.yaml",
        &format!("{two}apiVersion: v1\nkind: Foo\nmetadata: {{name: c}}\n"),
    );
    let out = text(&folder.path().join("kubeconfig")).to_owned();
    for (arguments, code, words) in [
        (
            ["--cluster", &broken],
            2,
            &["broken.yaml:11:1", "document 3"][..],
        ),
        (["--apply", &broken], 2, &["broken.yaml:11:1", "document 3"]),
        (
            ["--cluster", &unknown],
            2,
            &[
                "unknown.yaml:9: document 3",
                "no matches for kind",
                "CustomResourceDefinition",
            ],
        ),
        (["--cluster", "nowhere"], 2, &["nowhere cannot be read"]),
        (["--listen", "0.0.0.0:0"], 2, &["listens on loopback only"]),
    ] {
        let run = in_project(project, &["dev", "--kubeconfig-out", &out])
            .args(arguments)
            .run()
            .await;
        let finished = expect(run, code, words);
        assert!(!finished.stderr.contains("Loaded"), "{finished:?}");
        assert!(!folder.path().join("kubeconfig").exists());
    }

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = in_project(
        project,
        &["dev", "--listen", &address, "--kubeconfig-out", &out],
    );
    expect(
        run.run().await,
        3,
        &[&address, "cannot be listened on", "--listen"],
    );
    let run = in_project(project, &["dev", "--kubeconfig-out", "/dev/null/x"]);
    expect(run.run().await, 3, &["/dev/null"]);
    assert!(!folder.path().join("kubeconfig").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_ends_with_what_came_of_it() {
    let folder = scratch();
    let project = &greet().await.project;
    let later = folder.path().join("later.yaml");
    std::fs::write(
        &later,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bob, namespace: default, labels: {app: hello}}\ndata: {name: Bob}\n",
    )
    .unwrap();
    let run = in_project(project, &["dev", "--once", "--apply", text(&later)]);
    expect(
        run.run().await,
        0,
        &[
            "Apply ConfigMap default/bob",
            "Event greet/names: Added default/bob",
            "Hello, Bob!",
            "Done 2 runs, 2 objects changed",
        ],
    );
    // A run that fails would be repeated for ever; `--once` ends with it.
    let run = in_project(project, &["dev", "--once", "--host-calls", "1"]);
    expect(
        run.run().await,
        1,
        &["Failed greet for names Synchronization", "limit"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_does_not_compile_is_waited_for() {
    let project = project("mended").await;
    let source = project.join("src/lib.rs");
    edit(&source, "Ok(())", "Okay(())");
    let once = in_project(&project, &["dev", "--once"]).run().await;
    expect(once, 1, &["Okay", "does not compile"]);
    let dev = in_project(&project, &["dev"]).start();
    dev.stderr_line(|l| l.contains("does not compile")).await;
    dev.stderr_line(|l| l.contains("Watching")).await;
    edit(&source, "Okay(())", "Ok(())");
    dev.stderr_line(|l| l.contains("text: Hello, world!")).await;
    dev.stop("TERM").await.expect_code(0);
}
