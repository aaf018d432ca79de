//! An operator as a program: shell-operator, or one that can be asked the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookbox_tests::{Background, Program, http};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::case::Case;
use crate::script::{Folder, SeenRun};

/// How long it may take to end in order.
const END: Duration = Duration::from_secs(40);

/// How much of the end of its log is shown, in bytes.
const WORDS: usize = 4000;

/// Requests a second: so many that nobody waits.
const RATES: [&str; 8] = [
    "--kube-client-qps",
    "500",
    "--kube-client-burst",
    "500",
    "--object-patcher-kube-client-qps",
    "500",
    "--object-patcher-kube-client-burst",
    "500",
];

/// An operator as a program.
pub struct Process {
    case: Case,
    place: TempDir,
    folder: Folder,
    program: PathBuf,
    kubeconfig: PathBuf,
    id: String,
    listen: SocketAddr,
    webhooks: [SocketAddr; 2],
    running: Option<Background>,
}

impl Process {
    /// Start shell-operator, this program, with the case's hooks as executables.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn shell_operator(case: &Case, id: &str, program: &Path, kubeconfig: &Path) -> Self {
        let place = hookbox_tests::scratch();
        let folder = Folder::write(place.path(), case);
        let mut process = Self {
            case: case.clone(),
            place,
            folder,
            program: program.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            id: id.to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            webhooks: [([127, 0, 0, 1], 0).into(); 2],
            running: None,
        };
        process.launch();
        process
    }

    fn socket(&self) -> PathBuf {
        self.place.path().join("debug.sock")
    }

    fn launch(&mut self) {
        let [port, admission, conversion] = hookbox_tests::free_ports();
        self.listen = ([127, 0, 0, 1], port).into();
        self.webhooks = [admission, conversion].map(|port| ([127, 0, 0, 1], port).into());
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let program = Program::new(&self.program)
            .args(["start", "--listen-address", "127.0.0.1"])
            .args(["--listen-port", &port.to_string()])
            .args(["--hooks-dir", &path(self.folder.hooks())])
            .args(["--tmp-dir", &path(self.place.path().join("tmp"))])
            .args(["--kube-config", &path(self.kubeconfig.clone())])
            .args(["--debug-unix-socket", &path(self.socket())])
            .args(RATES)
            .args(["--namespace", &self.id])
            .args(self.webhook_flags())
            .folder(self.place.path())
            .limit(END);
        self.running = Some(program.start());
    }

    fn webhook_flags(&self) -> Vec<String> {
        let keys = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("keys");
        let file = |name: &str, text: String| {
            let path = self.place.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.to_string_lossy().into_owned()
        };
        let certificate = file("tls.crt", keys.cert.pem());
        let key = file("tls.key", keys.signing_key.serialize_pem());
        let of = |(kind, address): (&str, SocketAddr)| {
            [
                ("listen-address", "127.0.0.1".to_owned()),
                ("listen-port", address.port().to_string()),
                ("server-cert", certificate.clone()),
                ("server-key", key.clone()),
                ("ca", certificate.clone()),
            ]
            .map(|(name, value)| format!("--{kind}-webhook-{name}={value}"))
        };
        let kinds = ["validating", "conversion"].into_iter().zip(self.webhooks);
        let name = format!("--validating-webhook-configuration-name={}", self.id);
        kinds.flat_map(of).chain([name]).collect()
    }

    pub(super) fn webhook(&self, conversion: bool) -> SocketAddr {
        self.webhooks[usize::from(conversion)]
    }

    pub(super) fn runs(&self) -> Vec<SeenRun> {
        self.folder.runs()
    }

    pub(super) async fn queues(&self) -> BTreeMap<String, usize> {
        // Not there yet counts as not idle.
        let unknown = || BTreeMap::from([("(unknown)".to_owned(), 1)]);
        let Ok(text) = self.ask("/queue/list.json").await else {
            return unknown();
        };
        let Ok(list) = serde_json::from_str::<Value>(&text) else {
            return unknown();
        };
        let active = list["active"].as_array().into_iter().flatten();
        let count = |queue: &Value| {
            let name = queue["name"].as_str().unwrap_or_default().to_owned();
            let tasks = queue["tasksCount"].as_u64().unwrap_or_default();
            (name, usize::try_from(tasks).unwrap_or_default())
        };
        active.map(count).collect()
    }

    pub(super) async fn snapshot(&self, hook: &str, binding: &str) -> Option<usize> {
        let text = self
            .ask(&format!("/hook/{hook}/snapshots.json"))
            .await
            .ok()?;
        let snapshots: Value = serde_json::from_str(&text).ok()?;
        Some(snapshots[binding]["snapshot"].as_array()?.len())
    }

    async fn ask(&self, path: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(self.socket()).await?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: unix\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok(body.to_owned())
    }

    pub(super) fn release(&self, hook: &str) {
        self.folder.release(hook, &self.case.hooks[hook].runs);
    }

    pub(super) async fn metrics(&self, own: bool) -> String {
        let path = if own { "/metrics" } else { "/metrics/hooks" };
        match http::get(self.listen, path).await {
            Ok(answer) => answer.body,
            Err(error) => format!("# {error}"),
        }
    }

    pub(super) async fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop("TERM").await;
        }
        self.launch();
    }

    pub(super) fn words(&self) -> String {
        let running = self.running.as_ref();
        let all = running.map(Background::printed).unwrap_or_default();
        let from = all.len().saturating_sub(WORDS);
        let from = (from..=all.len())
            .find(|at| all.is_char_boundary(*at))
            .unwrap_or_default();
        format!("…{}", &all[from..])
    }

    /// At once: nothing of it is to be kept.
    pub(super) async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop("KILL").await;
        }
    }
}
