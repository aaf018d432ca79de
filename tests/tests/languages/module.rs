//! One module, whose hooks are in several languages: they share values, see the same objects, and keep their instances.

use hookbox_cluster::Cluster;
use hookbox_tests::hookbox::hookbox;
use hookbox_tests::languages::Language;
use hookbox_tests::{Background, scratch, wait};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn hooks_of_several_languages_share_values_and_snapshots() {
    let folder = scratch();
    let hooks = folder.path().join("hooks");
    std::fs::create_dir(&hooks).expect("a folder");
    // One after the other: a build takes what there is.
    for language in Language::ALL {
        let component =
            crate::build(language, &format!("module-{}", language.name()), "module").await;
        let name = format!("{}.wasm", language.name());
        std::fs::copy(component, hooks.join(name)).expect("a component");
    }
    let cluster = Cluster::new();
    for name in ["a", "b"] {
        let metadata = json!({"name": name, "namespace": "default", "labels": {"app": "shared"}});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        cluster.apply_manifest(map).await.expect("a ConfigMap");
    }
    let listener = cluster
        .listen(([127, 0, 0, 1], 0).into())
        .await
        .expect("a port");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("kubeconfig"), listener.kubeconfig()).expect("a kubeconfig");
    std::fs::write(path("values.yaml"), "shared: {by: [values]}\n").expect("values");
    let running = hookbox([
        "run",
        "--hooks-dir",
        &path("hooks"),
        "--kubeconfig",
        &path("kubeconfig"),
        "--values",
        &path("values.yaml"),
        "--cache-dir",
        &path("cache"),
        "--listen",
        "127.0.0.1:0",
    ])
    .limit(8 * wait::LIMIT)
    .start();
    // Their Synchronizations are in the order of their files: each sees what those before it set.
    let mut by = vec!["values"];
    for language in Language::ALL {
        by.push(language.name());
        let expected = format!("{} of a b", by.join(" "));
        let name = format!("seen-{}", language.name());
        let seen = told(&cluster, &name, |_| true, &running).await;
        assert_eq!(seen["seen"], Value::from(expected), "{name}");
    }
    // Each language's runtime goes on in an instance that is kept, and gives back what it opened: 64 handles may be left.
    let mut pings = String::new();
    for runs in 1..=70 {
        for language in Language::ALL {
            let name = format!("kept-{}", language.name());
            let told = told(&cluster, &name, |data| data["pings"] == *pings, &running).await;
            assert_eq!(told["runs"], runs.to_string(), "{name}");
        }
        let name = format!("ping-{runs:02}");
        pings = format!("{pings} {name}").trim().to_owned();
        let metadata = json!({"name": name, "namespace": "default", "labels": {"app": "ping"}});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        cluster.apply_manifest(map).await.expect("a ConfigMap");
    }
    running.stop("TERM").await.expect_code(0);
    listener.shutdown().await;
}

/// The data of a hook's ConfigMap, once they are so.
async fn told(
    cluster: &Cluster,
    name: &str,
    so: impl Fn(&Value) -> bool,
    running: &Background,
) -> Value {
    // Before the first of them five components are compiled.
    let end = tokio::time::Instant::now() + 4 * wait::LIMIT;
    loop {
        let objects = cluster.objects();
        let map = objects.iter().find(|o| o["metadata"]["name"] == *name);
        if let Some(data) = map.map(|map| &map["data"]).filter(|data| so(data)) {
            return data.clone();
        }
        let printed = running.printed();
        assert!(
            tokio::time::Instant::now() < end,
            "no such {name}: {map:?}\n{printed}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
