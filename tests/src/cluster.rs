//! A real control plane on this machine: etcd, kube-apiserver, kube-controller-manager.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use crate::kubebox::Kubebox;
use crate::processes::{Processes, Running};
use crate::program::Program;
use crate::{environment, keys, ports, wait};

/// How long a server may take to get ready, on a busy machine.
const READY: Duration = Duration::from_secs(120);
/// How long a server may take to end before it is killed. kube-apiserver waits up to 60 s for open watches.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 3;

/// Controllers that tests rely on; the rest need nodes or a cloud.
const CONTROLLERS: &str = "namespace-controller,garbage-collector-controller,serviceaccount-controller,\
    serviceaccount-token-controller,root-ca-certificate-publisher-controller,deployment-controller,\
    replicaset-controller,job-controller";

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
        static SHARED: OnceCell<Option<RealCluster>> = OnceCell::const_new();
        let shared = SHARED
            .get_or_init(|| Self::start(Settings::default()))
            .await
            .as_ref();
        if shared.is_none() {
            // Each test says for itself that it did not run.
            let _ = Kubebox::get();
        }
        shared
    }

    /// A control plane of the test's own, whose servers it may stop and start.
    ///
    /// `None` after a loud `NOT RUN` where it cannot be had.
    ///
    /// # Panics
    /// When a server does not get ready: with the end of its log.
    pub async fn start(settings: Settings) -> Option<Self> {
        // May build for minutes.
        let kubebox = tokio::task::spawn_blocking(Kubebox::get)
            .await
            .expect("no panic")?;
        for attempt in 1.. {
            let cluster = Self::prepare(kubebox.clone(), settings.clone());
            match cluster.bring_up().await {
                Ok(()) => return Some(cluster),
                // Another process may have taken a port in between.
                Err(error) if attempt < ATTEMPTS && error.contains("address already in use") => {}
                Err(error) => panic!("the control plane does not start: {error}"),
            }
        }
        unreachable!("the loop returns or panics")
    }

    fn prepare(kubebox: Kubebox, settings: Settings) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("hookbox-cluster-")
            .tempdir()
            .expect("a folder")
            .keep();
        let keep = environment::keep();
        let processes = Processes::new(&folder, !keep);
        let ports = ports::free::<4>();
        let url = format!("https://127.0.0.1:{}", ports[0]);
        let keys = keys::write(&folder).expect("keys");
        let authority = folder.join("ca.crt");
        for (name, token) in [
            ("kubeconfig", &keys.admin),
            ("controllers.kubeconfig", &keys.controllers),
        ] {
            keys::kubeconfig(&folder.join(name), &url, &authority, token).expect("a kubeconfig");
        }
        if keep {
            crate::kubebox::say(&format!("cluster: its files stay in {}", folder.display()));
        }
        Self {
            kubebox,
            settings,
            folder,
            url,
            ports,
            admin: keys.admin,
            running: Mutex::default(),
            processes,
        }
    }

    async fn bring_up(&self) -> Result<(), String> {
        let [_, client, peer, _] = self.ports;
        let client = format!("http://127.0.0.1:{client}");
        let peer = format!("http://127.0.0.1:{peer}");
        let etcd = self.processes.start(
            "etcd",
            self.program("etcd")
                .args([
                    "--name=test",
                    "--data-dir=etcd",
                    "--unsafe-no-fsync",
                    "--log-level=warn",
                ])
                .args([
                    format!("--listen-client-urls={client}"),
                    format!("--advertise-client-urls={client}"),
                    format!("--listen-peer-urls={peer}"),
                    format!("--initial-advertise-peer-urls={peer}"),
                    format!("--initial-cluster=test={peer}"),
                ]),
        );
        self.running.lock().unwrap().etcd = Some(etcd);
        self.until_ready(
            "etcd",
            |servers| &mut servers.etcd,
            || self.etcd_is_healthy(),
        )
        .await?;
        self.bring_up_apiserver().await?;
        if self.settings.controllers {
            self.bring_up_controllers().await?;
        }
        Ok(())
    }

    async fn bring_up_apiserver(&self) -> Result<(), String> {
        let [port, etcd, ..] = self.ports;
        let apiserver = self.processes.start(
            "kube-apiserver",
            self.program("kube-apiserver")
                .args([
                    format!("--etcd-servers=http://127.0.0.1:{etcd}"),
                    format!("--secure-port={port}"),
                ])
                .args([
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    // Loopback is refused as an endpoint of the service `kubernetes`.
                    "--endpoint-reconciler-type=none",
                    "--tls-cert-file=apiserver.crt",
                    "--tls-private-key-file=apiserver.key",
                    "--client-ca-file=ca.crt",
                    "--token-auth-file=tokens.csv",
                    "--authorization-mode=RBAC",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-account-key-file=sa.pub",
                    "--service-account-signing-key-file=sa.key",
                    "--service-cluster-ip-range=10.0.0.0/24",
                    "--allow-privileged=true",
                    "--profiling=false",
                ])
                .args(&self.settings.apiserver_flags),
        );
        self.running.lock().unwrap().apiserver = Some(apiserver);
        self.until_ready(
            "kube-apiserver",
            |servers| &mut servers.apiserver,
            || self.apiserver_is_ready(),
        )
        .await
    }

    async fn bring_up_controllers(&self) -> Result<(), String> {
        let [.., port] = self.ports;
        let controllers = self.processes.start(
            "kube-controller-manager",
            self.program("kube-controller-manager").args([
                "--kubeconfig=controllers.kubeconfig",
                "--authentication-kubeconfig=controllers.kubeconfig",
                "--authorization-kubeconfig=controllers.kubeconfig",
                "--bind-address=127.0.0.1",
                &format!("--secure-port={port}"),
                "--leader-elect=false",
                "--use-service-account-credentials=true",
                "--service-account-private-key-file=sa.key",
                "--root-ca-file=ca.crt",
                &format!("--controllers={CONTROLLERS}"),
                "--profiling=false",
            ]),
        );
        self.running.lock().unwrap().controllers = Some(controllers);
        // It works when it has made the first ServiceAccount.
        let account = || async {
            let Ok(client) = self.try_client().await else {
                return false;
            };
            Api::<ServiceAccount>::namespaced(client, "default")
                .get("default")
                .await
                .is_ok()
        };
        self.until_ready(
            "kube-controller-manager",
            |servers| &mut servers.controllers,
            account,
        )
        .await
    }

    /// Ask until the answer is yes, the program has ended, or the time is over.
    async fn until_ready<F: Future<Output = bool>>(
        &self,
        name: &str,
        server: impl Fn(&mut Servers) -> &mut Option<Running>,
        ready: impl Fn() -> F,
    ) -> Result<(), String> {
        let end = Instant::now() + READY;
        loop {
            if ready().await {
                return Ok(());
            }
            self.check_alive(name, &server, Instant::now() > end)?;
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// An error when the server has ended, or is late.
    fn check_alive(
        &self,
        name: &str,
        server: impl Fn(&mut Servers) -> &mut Option<Running>,
        late: bool,
    ) -> Result<(), String> {
        let mut servers = self.running.lock().unwrap();
        let Some(running) = server(&mut servers) else {
            return Err(format!("{name} was stopped"));
        };
        let late = late.then(|| format!("{name} did not get ready in {READY:?}"));
        match running.ended().or(late) {
            Some(failure) => Err(format!("{failure}\n{}", running.log_tail())),
            None => Ok(()),
        }
    }

    async fn etcd_is_healthy(&self) -> bool {
        let ask = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.ports[1])).await?;
            stream.write_all(b"GET /health HTTP/1.0\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        ask.await
            .is_ok_and(|answer| answer.contains(r#""health":"true""#))
    }

    async fn apiserver_is_ready(&self) -> bool {
        let Ok(client) = self.try_client().await else {
            return false;
        };
        let request = http::Request::get("/readyz")
            .body(Vec::new())
            .expect("a request");
        client
            .request_text(request)
            .await
            .is_ok_and(|answer| answer == "ok")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.kubebox.path());
        command.arg(name);
        command
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

    /// `kubectl` against this cluster.
    pub fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        Program::new(self.kubebox.path())
            .args(["kubectl"])
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", &self.folder)
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
