//! Replicas of `hookbox run` on a real API server: whatever becomes of the leader, no event's effect is lost, and no two
//! ever write at the same time.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hookbox_tests::mirror::Sources;
use hookbox_tests::operator::{Hooks, Operator, Place};
use hookbox_tests::{RealCluster, Settings, scratch};
use kube::Api;
use serde_json::Value;

/// All writes of ConfigMaps, with what was written and by whom.
const POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  verbs: [create, update, patch, delete]
  resources: [{group: "", resources: [configmaps]}]
- level: None
"#;

struct World {
    cluster: RealCluster,
    namespace: String,
    hooks: Hooks,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Option<Self> {
        let folder = scratch();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("policy.yaml"), POLICY).unwrap();
        let cluster = RealCluster::start(Settings {
            controllers: false,
            apiserver_flags: vec![
                format!("--audit-policy-file={}", path("policy.yaml")),
                format!("--audit-log-path={}", path("audit.log")),
            ],
        })
        .await?;
        Some(Self {
            namespace: cluster.namespace("mirror").await,
            hooks: Hooks::build(&["tests/hooks"]).await,
            cluster,
            folder,
        })
    }

    /// A replica. `times`: lease duration, renew deadline, retry period.
    fn launch(&self, name: &str, lease: &str, times: [&str; 3]) -> Operator {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let place = Place {
            kubeconfig: kubeconfig(&self.cluster.kubeconfig(), &folder, name),
            folder,
        };
        let flags = [
            "--leader-election",
            "--leader-election-namespace",
            &self.namespace,
            "--leader-election-lease",
            lease,
            "--leader-election-identity",
            name,
            "--leader-election-lease-duration",
            times[0],
            "--leader-election-renew-deadline",
            times[1],
            "--leader-election-retry-period",
            times[2],
        ];
        Operator::launch_with(&self.hooks, &place, &flags)
    }

    /// All writes of copies in the order in which they came to the API server.
    fn writes(&self) -> Vec<Write> {
        let log = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        let entries = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut writes: Vec<Write> = entries.filter_map(|entry| Write::of(&entry)).collect();
        writes.sort_by(|a, b| a.at.cmp(&b.at));
        writes
    }
}

/// A kubeconfig with a user of its own, so that the API server's audit tells replicas apart.
fn kubeconfig(of: &Path, folder: &Path, name: &str) -> PathBuf {
    let text = std::fs::read_to_string(of).unwrap();
    let user = format!("user: {{as: {name}, as-groups: [\"system:masters\"], token:");
    assert!(text.contains("user: {token:"), "{text}");
    let path = folder.join("kubeconfig");
    std::fs::write(&path, text.replace("user: {token:", &user)).unwrap();
    path
}

/// One request that changes a copy.
#[derive(Debug)]
struct Write {
    at: String,
    by: String,
    name: String,
    value: String,
    done: bool,
}

impl Write {
    fn of(entry: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            entry
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let by = text("/impersonatedUser/username")?;
        let value = text("/requestObject/data/value").unwrap_or_default();
        let name = text("/objectRef/name").or_else(|| text("/requestObject/metadata/name"))?;
        let code = entry
            .pointer("/responseStatus/code")
            .and_then(Value::as_u64);
        Some(Self {
            at: text("/requestReceivedTimestamp")?,
            by,
            name,
            value,
            done: matches!(code, Some(200 | 201)),
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_the_leader_no_effect_is_lost_and_no_two_write_at_the_same_time() {
    let Some(world) = World::start().await else {
        return;
    };
    let mut sources = Sources::new(Api::namespaced(
        world.cluster.client().await,
        &world.namespace,
    ));
    let short = ["8s", "5s", "500ms"];

    // One leads, the other stands by.
    sources.create(5).await;
    let first = world.launch("first", "short", short);
    first.until_readyz_says("leader: first_").await;
    let second = world.launch("second", "short", short);
    second
        .until_readyz_says("standby: the leader is first_")
        .await;
    second.until_ready().await;
    sources.create(5).await;
    sources.change().await;
    sources.until_copied(&[&first, &second]).await;

    // The leader is killed in the middle of its work.
    sources.create(20).await;
    sources.change().await;
    first.kill().await;
    sources.create(5).await;
    sources.change().await;
    second.until_readyz_says("leader: second_").await;
    sources.change().await;
    sources.until_copied(&[&second]).await;

    // The leader is stopped in the middle of its work, for so long that another one leads, and goes on.
    let third = world.launch("third", "short", short);
    third
        .until_readyz_says("standby: the leader is second_")
        .await;
    sources.create(20).await;
    sources.change().await;
    second.program().signal("STOP");
    sources.create(5).await;
    sources.change().await;
    third.until_readyz_says("leader: third_").await;
    sources.change().await;
    sources.until_copied(&[&third]).await;
    second.program().signal("CONT");
    second
        .until_readyz_says("standby: the leader is third_")
        .await;
    sources.create(5).await;
    sources.change().await;
    sources.until_copied(&[&second, &third]).await;

    // The leader is asked to end. The lease would be too long to wait for.
    second.stop().await;
    third.stop().await;
    let long = ["500s", "400s", "500ms"];
    let fourth = world.launch("fourth", "long", long);
    fourth.until_readyz_says("leader: fourth_").await;
    let fifth = world.launch("fifth", "long", long);
    fifth
        .until_readyz_says("standby: the leader is fourth_")
        .await;
    sources.create(20).await;
    fourth.stop().await;
    sources.change().await;
    fifth.until_readyz_says("leader: fifth_").await;
    sources.create(5).await;
    sources.until_copied(&[&fifth]).await;
    fifth.stop().await;

    // Each wrote for one time without a gap, after the one before had written for the last time.
    let writes = world.writes();
    let mut order: Vec<&str> = writes.iter().map(|write| &*write.by).collect();
    order.dedup();
    assert_eq!(
        order,
        ["first", "second", "third", "fourth", "fifth"],
        "{writes:#?}"
    );
    // And each wrote what a source was once at most.
    let mut written: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    for write in writes.iter().filter(|write| write.done) {
        *written
            .entry((&write.by, &write.name, &write.value))
            .or_default() += 1;
    }
    let twice: Vec<_> = written.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(written.len() > 100, "{}", written.len());
}
