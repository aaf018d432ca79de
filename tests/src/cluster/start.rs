//! Starting the servers, with their flags.

use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use tokio::time::{Instant, sleep};

use super::{RealCluster, Servers, Settings};
use crate::kubebox::Kubebox;
use crate::processes::{Processes, Running};
use crate::{environment, http, keys, ports};

/// How long a server may take to get ready, on a busy machine.
const READY: Duration = Duration::from_secs(120);

/// Controllers that tests rely on; the rest need nodes or a cloud.
const CONTROLLERS: &str = "namespace-controller,garbage-collector-controller,serviceaccount-controller,\
    serviceaccount-token-controller,root-ca-certificate-publisher-controller,deployment-controller,\
    replicaset-controller,job-controller";

impl RealCluster {
    pub(super) fn prepare(kubebox: Kubebox, settings: Settings) -> Self {
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

    pub(super) async fn bring_up(&self) -> Result<(), String> {
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

    pub(super) async fn bring_up_apiserver(&self) -> Result<(), String> {
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
        http::get(("127.0.0.1", self.ports[1]), "/health")
            .await
            .is_ok_and(|answer| answer.body.contains(r#""health":"true""#))
    }

    async fn apiserver_is_ready(&self) -> bool {
        let Ok(client) = self.try_client().await else {
            return false;
        };
        let request = ::http::Request::get("/readyz")
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
}
