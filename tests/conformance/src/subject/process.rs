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

/// An operator as a program.
pub struct Process {
    case: Case,
    place: TempDir,
    folder: Folder,
    program: PathBuf,
    arguments: Vec<String>,
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
        Self::start(case, id, program, vec!["start".to_owned()], kubeconfig)
    }

    /// Start `hookbox run --native-hooks` with the case's hooks as executables.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn hookbox(case: &Case, id: &str, kubeconfig: &Path) -> Self {
        let cache = crate::folder().join("../../target/tmp/conformance");
        let cache = format!("--cache-dir={}", cache.display());
        let arguments = ["run", "--native-hooks", "--log-format=json", &cache].map(str::to_owned);
        let program = hookbox_tests::hookbox::binary();
        Self::start(case, id, program, arguments.into(), kubeconfig)
    }

    fn start(
        case: &Case,
        id: &str,
        program: &Path,
        arguments: Vec<String>,
        kubeconfig: &Path,
    ) -> Self {
        let place = hookbox_tests::scratch();
        let folder = Folder::write(place.path(), case);
        let mut process = Self {
            case: case.clone(),
            place,
            folder,
            program: program.to_owned(),
            arguments,
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
        let mut program = Program::new(&self.program)
            .args(&self.arguments)
            .folder(self.place.path())
            .limit(END);
        for (name, value) in self.environment() {
            program = program.env(&name, value);
        }
        self.running = Some(program.start());
    }

    /// shell-operator's variables: hookbox knows them too.
    fn environment(&self) -> Vec<(String, String)> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let keys = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("keys");
        let file = |name: &str, text: String| {
            let file = self.place.path().join(name);
            std::fs::write(&file, text).expect("a file");
            path(&file)
        };
        let certificate = file("tls.crt", keys.cert.pem());
        let key = file("tls.key", keys.signing_key.serialize_pem());
        let mut all = vec![
            ("SHELL_OPERATOR_HOOKS_DIR", path(&self.folder.hooks())),
            (
                "SHELL_OPERATOR_TMP_DIR",
                path(&self.place.path().join("tmp")),
            ),
            (
                "SHELL_OPERATOR_LISTEN_ADDRESS",
                self.listen.ip().to_string(),
            ),
            ("SHELL_OPERATOR_LISTEN_PORT", self.listen.port().to_string()),
            ("SHELL_OPERATOR_NAMESPACE", self.id.clone()),
            ("KUBE_CONFIG", path(&self.kubeconfig)),
            ("DEBUG_UNIX_SOCKET", path(&self.socket())),
            ("VALIDATING_WEBHOOK_CONFIGURATION_NAME", self.id.clone()),
            (
                "VALIDATING_WEBHOOK_SERVICE_NAME",
                "shell-operator-validating-svc".to_owned(),
            ),
            (
                "CONVERSION_WEBHOOK_SERVICE_NAME",
                "shell-operator-conversion-svc".to_owned(),
            ),
        ];
        // Requests a second: so many that nobody waits.
        for name in [
            "KUBE_CLIENT_QPS",
            "KUBE_CLIENT_BURST",
            "OBJECT_PATCHER_KUBE_CLIENT_QPS",
            "OBJECT_PATCHER_KUBE_CLIENT_BURST",
        ] {
            all.push((name, "500".to_owned()));
        }
        let mut all: Vec<(String, String)> = all
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        for (kind, address) in ["VALIDATING", "CONVERSION"].into_iter().zip(self.webhooks) {
            for (name, value) in [
                ("LISTEN_ADDRESS", address.ip().to_string()),
                ("LISTEN_PORT", address.port().to_string()),
                ("SERVER_CERT", certificate.clone()),
                ("SERVER_KEY", key.clone()),
                ("CA", certificate.clone()),
            ] {
                all.push((format!("{kind}_WEBHOOK_{name}"), value));
            }
        }
        all
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
