//! What a hook may do beyond its input: nothing, but what was granted.

use std::sync::{Arc, Mutex};

use hookbox_sandbox::reads::Reading;
use hookbox_sandbox::{
    Budget, ClusterReads, Grants, Limit, Page, Read, ReadAnswer, ReadRefusal, RecordedReads, Run,
    RunInput,
};
use serde_json::json;

use crate::support::{budget, guests, input, limit, messages};

/// A cluster of two ConfigMaps in each namespace, which notes what it was asked.
#[derive(Default)]
struct Cluster {
    asked: Mutex<Vec<Read>>,
}

impl ClusterReads for Cluster {
    fn read<'a>(&'a self, read: &'a Read, max_bytes: u64) -> Reading<'a> {
        self.asked.lock().unwrap().push(read.clone());
        let object = |name: &str| json!({"metadata": {"name": name}}).to_string();
        Box::pin(async move {
            // As a request does.
            tokio::task::yield_now().await;
            let answer = match read {
                Read::Get { name, .. } if name == "none" => ReadAnswer::Object(None),
                Read::Get { name, .. } if name == "big" => {
                    ReadAnswer::Object(Some("x".repeat(1 << 20).into()))
                }
                Read::Get { name, .. } if name == "secret" => {
                    return Err(ReadRefusal::new("forbidden", "RBAC says no"));
                }
                Read::Get { name, .. } => ReadAnswer::Object(Some(object(name).into())),
                Read::List { after: None, .. } => ReadAnswer::Page(Page {
                    objects: vec![object("a").into()],
                    next: Some("more".to_owned()),
                    resource_version: Some("7".to_owned()),
                }),
                Read::List { .. } => ReadAnswer::Page(Page {
                    objects: vec![object("b").into()],
                    ..Page::default()
                }),
            };
            match answer.bytes() > max_bytes {
                true => Err(ReadRefusal::new("too-large", "too much")),
                false => Ok(answer),
            }
        })
    }
}

fn grants(capabilities: serde_json::Value) -> Grants {
    Grants::new(serde_json::from_value(capabilities).unwrap()).unwrap()
}

fn configmaps(cluster: &Arc<Cluster>) -> Grants {
    let cluster: Arc<dyn ClusterReads> = cluster.clone();
    grants(json!({"kubernetes": [
        {"apiGroups": [""], "kinds": ["ConfigMap"], "namespaces": ["a"], "verbs": ["get", "list"]},
    ]}))
    .with_cluster(cluster)
}

async fn reach(script: &[&str], grants: Grants, budget: &Budget) -> Run {
    let input = RunInput {
        values: Arc::new(json!({"script": script})),
        grants: Arc::new(grants),
        ..input(0)
    };
    guests().await.run("reach", input, budget).await
}

#[tokio::test]
async fn a_granted_read_is_answered_and_recorded() {
    let cluster = Arc::new(Cluster::default());
    let script = [
        "get v1 ConfigMap a x",
        "get v1 ConfigMap a none",
        "get v1 ConfigMap a secret",
        "list v1 ConfigMap a -",
        "list v1 ConfigMap a 9999 app=web more",
    ];
    let run = reach(&script, configmaps(&cluster), &budget()).await;
    assert!(run.result.is_ok(), "{run:?}");
    assert_eq!(
        messages(&run),
        [
            r#"Some("{\"metadata\":{\"name\":\"x\"}}")"#,
            "None",
            "forbidden: RBAC says no",
            r#"Page { objects: ["{\"metadata\":{\"name\":\"a\"}}"], next: Some("more"), resource-version: Some("7") }"#,
            r#"Page { objects: ["{\"metadata\":{\"name\":\"b\"}}"], next: None, resource-version: None }"#,
        ]
    );
    assert_eq!(run.usage.cluster_reads, 5);
    assert!(run.usage.transfer_bytes > 50);
    assert!(run.missing_grants.is_empty());
    let asked: Vec<Read> = run.reads.iter().map(|record| record.read.clone()).collect();
    assert_eq!(asked, *cluster.asked.lock().unwrap());
    let Read::List {
        limit,
        label_selector,
        ..
    } = &asked[4]
    else {
        panic!("{asked:?}");
    };
    assert_eq!((*limit, label_selector.as_deref()), (500, Some("app=web")));

    // The same run again, without a cluster.
    let recorded: Arc<dyn ClusterReads> = Arc::new(RecordedReads::new(run.reads.clone()));
    let grants = configmaps(&cluster).with_cluster(recorded);
    let again = reach(&script, grants, &budget()).await;
    assert_eq!(messages(&again), messages(&run));
    assert_eq!(cluster.asked.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn a_read_that_was_not_granted_asks_nobody_and_names_the_grant() {
    let cluster = Arc::new(Cluster::default());
    let script = [
        "get v1 Secret a x",
        "get v1 ConfigMap b x",
        "get v1 ConfigMap b x",
        "list v1 ConfigMap - -",
        "get v1 ConfigMap a ../../secrets/x",
    ];
    let run = reach(&script, configmaps(&cluster), &budget()).await;
    assert!(run.result.is_ok(), "{run:?}");
    let said: Vec<&str> = messages(&run)
        .into_iter()
        .filter(|text| text.starts_with("not-granted: ") || text.starts_with("invalid-argument: "))
        .collect();
    assert_eq!(said.len(), 5, "{:?}", messages(&run));
    assert!(
        said[0].contains(r#""kinds":["Secret"],"namespaces":["a"],"verbs":["get"]"#),
        "{}",
        said[0]
    );
    assert!(said[3].contains(r#""namespaces":["*"]"#), "{}", said[3]);
    assert_eq!(run.missing_grants.len(), 3);
    assert!(cluster.asked.lock().unwrap().is_empty());
    assert_eq!(run.usage.cluster_reads, 0);
    assert!(run.reads.is_empty());
}

#[tokio::test]
async fn a_granted_read_without_a_cluster_is_refused() {
    let grants = grants(json!({"kubernetes": [
        {"apiGroups": ["*"], "kinds": ["*"], "namespaces": ["*"], "verbs": ["get"]},
    ]}));
    let run = reach(&["get v1 Node - x"], grants, &budget()).await;
    assert_eq!(
        messages(&run),
        ["no-cluster: there is no cluster to read from"]
    );
}

#[tokio::test]
async fn a_flood_of_reads_is_stopped_at_its_limit() {
    let cluster = Arc::new(Cluster::default());
    let few = Budget {
        cluster_reads: 10,
        ..budget()
    };
    let run = reach(&["flood v1 ConfigMap a x"], configmaps(&cluster), &few).await;
    assert_eq!(limit(&run), (Limit::ClusterReads, 11, 10));
    assert_eq!(cluster.asked.lock().unwrap().len(), 10);
}

#[tokio::test]
async fn answers_are_bounded_by_what_may_be_transferred_and_by_memory() {
    let cluster = Arc::new(Cluster::default());
    let little = Budget {
        transfer_bytes: 3 << 19,
        ..budget()
    };
    let script = ["get v1 ConfigMap a big", "get v1 ConfigMap a big"];
    let run = reach(&script, configmaps(&cluster), &little).await;
    assert_eq!(messages(&run)[1], "too-large: too much");
    // What is recorded of the answers is held until the end, on the run's own account.
    let run = reach(
        &["flood v1 ConfigMap a big"],
        configmaps(&cluster),
        &Budget {
            memory: 8 << 20,
            wall_clock: std::time::Duration::from_secs(20),
            ..budget()
        },
    )
    .await;
    let (limit, _, _) = limit(&run);
    assert!(
        matches!(limit, Limit::Memory | Limit::ClusterReads),
        "{limit:?}"
    );
    assert!(run.usage.memory <= 8 << 20);
}

#[tokio::test]
async fn folders_are_read_only_and_nothing_leads_out_of_them() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.txt"), "hello").unwrap();
    std::fs::create_dir(path("..data")).unwrap();
    std::fs::write(path("..data/b.txt"), "linked").unwrap();
    let link = |to: &std::path::Path, name: &str| std::os::unix::fs::symlink(to, path(name));
    // As a mounted ConfigMap has them.
    link("..data/b.txt".as_ref(), "b.txt").unwrap();
    link(&outside.path().join("secret"), "absolute").unwrap();
    let name = outside.path().file_name().unwrap();
    link(
        &std::path::Path::new("..").join(name).join("secret"),
        "relative",
    )
    .unwrap();
    link(outside.path(), "dir").unwrap();
    let files = json!({"files": [{"path": folder.path(), "mount": "/templates"}]});
    let absolute = format!("read {}", outside.path().join("secret").display());
    let script = [
        "read /templates/a.txt",
        "read /templates/b.txt",
        "read /templates/absolute",
        "read /templates/relative",
        "read /templates/dir/secret",
        "read /templates/../../../../etc/passwd",
        "read /etc/passwd",
        &absolute,
        "write /templates/a.txt",
        "write /templates/new.txt",
        "link /templates/a.txt /templates/c.txt",
        "dir /templates/dir",
        "dir /",
    ];
    let run = reach(&script, grants(files), &budget()).await;
    assert!(run.result.is_ok(), "{run:?}");
    let said = messages(&run);
    assert_eq!(said[..2], [r#"read "hello""#, r#"read "linked""#]);
    for (line, said) in script.iter().zip(&said).skip(2) {
        assert!(
            [
                "PermissionDenied",
                "NotFound",
                "ReadOnlyFilesystem",
                "Unsupported",
                "Uncategorized"
            ]
            .contains(said),
            "{line}: {said}"
        );
    }
    assert_eq!(said.len(), script.len());
    assert_eq!(std::fs::read_to_string(path("a.txt")).unwrap(), "hello");
    assert!(!path("new.txt").exists() && !path("c.txt").exists());
    // Without the grant there is no file at all.
    let run = reach(&script[..1], Grants::default(), &budget()).await;
    assert_ne!(messages(&run), [r#"read "hello""#]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_fails_the_run_before_it_begins() {
    let run = reach(
        &["env"],
        grants(json!({"files": [{"path": "/no/such/folder"}]})),
        &budget(),
    )
    .await;
    let error = run.result.unwrap_err();
    assert_eq!(error.code(), "instantiate");
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}

#[tokio::test]
async fn the_environment_and_the_clock_are_what_was_granted() {
    let script = ["env", "clock"];
    let run = reach(&script, Grants::default(), &budget()).await;
    let said = messages(&run);
    assert_eq!(said[0], "[]");
    // The clock stands still, at a whole second.
    assert!(said[1].ends_with(" 0 false"), "{}", said[1]);
    let granted = json!({"environment": [{"name": "REGION", "value": "eu"}], "wallClock": true});
    let run = reach(&script, grants(granted), &budget()).await;
    let said = messages(&run);
    assert_eq!(said[0], r#"[("REGION", "eu")]"#);
    assert!(said[1].ends_with(" true"), "{}", said[1]);
}
