//! A real control plane on this machine: etcd, kube-apiserver, kube-controller-manager.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::OnceCell;

use crate::kubebox::{Kubebox, not_run};
use crate::processes::{Processes, Running};
use crate::program::Program;
use crate::wait;

mod start;

/// How long a server may take to end before it is killed. kube-apiserver waits up to 60 s for open watches.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 3;

/// What to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// With kube-controller-manager: garbage collection, ServiceAccounts, namespace deletion, Deployments, Jobs.
    pub controllers: bool,
    /// More flags for kube-apiserver.
    pub apiserver_flags: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            controllers: true,
            apiserver_flags: Vec::new(),
        }
    }
}

/// A running control plane. Stopped, with its state removed, when dropped or when the test process ends.
///
/// `HOOKBOX_KEEP=1` keeps its folder and says where it is.
pub struct RealCluster {
    kubebox: Kubebox,
    settings: Settings,
    folder: PathBuf,
    url: String,
    ports: [u16; 4],
    admin: String,
    running: Mutex<Servers>,
    // After `running`: its end stops what is left.
    processes: Processes,
}

#[derive(Default)]
struct Servers {
    etcd: Option<Running>,
    apiserver: Option<Running>,
    controllers: Option<Running>,
}

impl RealCluster {
    /// The control plane that all tests of this process share: one namespace for each test
    /// ([`namespace`](Self::namespace)), and nobody stops its servers.
    ///
    /// `None` after a loud `NOT RUN` where it cannot be had: the test returns.
    pub async fn shared() -> Option<&'static RealCluster> {
        static SHARED: OnceCell<Result<RealCluster, String>> = OnceCell::const_new();
        let shared = SHARED
            .get_or_init(|| Self::try_start(Settings::default()))
            .await;
        shared.as_ref().inspect_err(|reason| not_run(reason)).ok()
    }

    /// A control plane of the test's own, whose servers it may stop and start.
    ///
    /// `None` after a loud `NOT RUN` where it cannot be had.
    ///
    /// # Panics
    /// When a server does not get ready: with the end of its log.
    pub async fn start(settings: Settings) -> Option<Self> {
        Self::try_start(settings)
            .await
            .inspect_err(|reason| not_run(reason))
            .ok()
    }

    async fn try_start(settings: Settings) -> Result<Self, String> {
        // May build for minutes.
        let kubebox = tokio::task::spawn_blocking(Kubebox::find)
            .await
            .expect("no panic")?;
        for attempt in 1.. {
            let cluster = Self::prepare(kubebox.clone(), settings.clone());
            match cluster.bring_up().await {
                Ok(()) => return Ok(cluster),
                // Another process may have taken a port in between.
                Err(error) if attempt < ATTEMPTS && error.contains("address already in use") => {}
                Err(error) => panic!("the control plane does not start: {error}"),
            }
        }
        unreachable!("the loop returns or panics")
    }

    async fn config(&self) -> Result<kube::Config, String> {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).map_err(|e| e.to_string())?;
        let options = KubeConfigOptions::default();
        kube::Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|e| e.to_string())
    }

    async fn try_client(&self) -> Result<kube::Client, String> {
        kube::Client::try_from(self.config().await?).map_err(|e| e.to_string())
    }

    /// A client that may do everything. Made for the calling test's runtime: do not keep it in a static.
    pub async fn client(&self) -> kube::Client {
        self.try_client().await.expect("a client")
    }

    /// A client that acts as this user in these groups.
    pub async fn client_as(&self, user: &str, groups: &[&str]) -> kube::Client {
        let mut config = self.config().await.expect("a configuration");
        config.auth_info.impersonate = Some(user.to_owned());
        config.auth_info.impersonate_groups =
            Some(groups.iter().map(|group| (*group).to_owned()).collect());
        kube::Client::try_from(config).expect("a client")
    }

    /// Path of a kubeconfig that may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The API server's address, `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Bearer token that may do everything.
    pub fn token(&self) -> &str {
        &self.admin
    }

    /// Folder of keys, logs and the kubeconfig. `ca.crt` is the API server's authority.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The binary its programs come from.
    pub fn kubebox(&self) -> &Kubebox {
        &self.kubebox
    }

    /// `kubectl` against this cluster.
    pub fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        Program::new(self.kubebox.path())
            .args(["kubectl"])
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", &self.folder)
    }

    /// Puts hookbox's own CustomResourceDefinitions into it, and waits until they can be used.
    pub async fn define_tenants(&self) {
        let definitions = crate::hookbox::hookbox(["crds"]).run().await.ok();
        let apply = self.kubectl(["apply", "--server-side", "-f", "-"]);
        apply.input(definitions).run().await.ok();
        let wait = [
            "wait",
            "--for=condition=Established",
            "crd/hooks.hookbox.dev",
            "crd/hookpolicies.hookbox.dev",
        ];
        self.kubectl(wait).run().await.ok();
    }

    /// A new namespace whose name begins with `prefix`, ready for Pods.
    pub async fn namespace(&self, prefix: &str) -> String {
        let client = self.client().await;
        let metadata = ObjectMeta {
            generate_name: Some(format!("{prefix}-")),
            ..ObjectMeta::default()
        };
        let namespace = Namespace {
            metadata,
            ..Namespace::default()
        };
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let made = namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .expect("a namespace");
        let name = made.metadata.name.expect("a name");
        if self.settings.controllers {
            // Pods are refused until the namespace has it.
            let accounts: Api<ServiceAccount> = Api::namespaced(client, &name);
            wait::until(accounts, "default", |account| account.is_some()).await;
        }
        name
    }

    /// Kill the API server; clients see their connections break.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill_apiserver(&self) {
        let running = self
            .running
            .lock()
            .unwrap()
            .apiserver
            .take()
            .expect("a running API server");
        self.processes.kill(running);
    }

    /// Start the API server again on its address, with the state it had.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start_apiserver(&self) {
        self.bring_up_apiserver()
            .await
            .unwrap_or_else(|e| panic!("the API server does not start again: {e}"));
    }

    /// [`kill_apiserver`](Self::kill_apiserver), then [`start_apiserver`](Self::start_apiserver).
    ///
    /// # Panics
    /// As these.
    pub async fn restart_apiserver(&self) {
        self.kill_apiserver();
        self.start_apiserver().await;
    }

    /// Throw away the history of watches, so that a watch from an old resource version is answered with 410: etcd is
    /// compacted to its present revision. Takes effect in the API server after a restart, whose cache is empty.
    ///
    /// # Panics
    /// When etcd refuses.
    pub async fn compact_history(&self) {
        let url = format!("http://127.0.0.1:{}", self.ports[1]);
        let ask = |path: &'static str, body: String| {
            Program::new("curl")
                .args(["-fsS", "-X", "POST", "-d", &body, &format!("{url}{path}")])
                .run()
        };
        let answer = ask("/v3/kv/range", r#"{"key":"AA=="}"#.into()).await.ok();
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let revision = answer["header"]["revision"]
            .as_str()
            .expect("a revision")
            .to_owned();
        ask(
            "/v3/kv/compaction",
            format!(r#"{{"revision":"{revision}","physical":true}}"#),
        )
        .await
        .ok();
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        let mut servers = match self.running.lock() {
            Ok(mut servers) => std::mem::take(&mut *servers),
            Err(_) => return,
        };
        // In this order nobody waits for a server that is gone.
        for running in [
            servers.controllers.take(),
            servers.apiserver.take(),
            servers.etcd.take(),
        ]
        .into_iter()
        .flatten()
        {
            self.processes.stop(running, PATIENCE);
        }
    }
}
