//! The binary that holds the Kubernetes programs: found in the cache, or built once (`tests/kubebox/get.sh`).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::environment;

/// The built binary of etcd, kube-apiserver, kube-controller-manager and kubectl.
#[derive(Clone, Debug)]
pub struct Kubebox {
    path: PathBuf,
}

/// Exit code of `get.sh` for "cannot be built on this machine".
const CANNOT: i32 = 3;

impl Kubebox {
    /// The binary, built when the cache does not hold it yet (5 to 20 minutes, shown on standard error).
    ///
    /// `None` after a loud `NOT RUN` when Go is missing or the real server was left out: the caller returns. Where
    /// tests must run (`CI=true`, `HOOKBOX_REQUIRE_REAL=1`) that is a panic instead.
    pub fn get() -> Option<Self> {
        Self::find().inspect_err(|reason| not_run(reason)).ok()
    }

    /// As [`get`](Self::get), with the reason, and without a word.
    pub(crate) fn find() -> Result<Self, String> {
        static FOUND: OnceLock<Result<Kubebox, String>> = OnceLock::new();
        let found = FOUND.get_or_init(find).clone();
        found.map_err(|reason| format!("real kube-apiserver and kubectl: {reason}"))
    }

    /// The binary's path; its first argument picks the program.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Say that a test did not run, past the capture of the test runner; a failure where tests must run.
///
/// # Panics
/// With `CI=true` or `HOOKBOX_REQUIRE_REAL=1`.
pub fn not_run(reason: &str) {
    assert!(!environment::must_run(), "NOT RUN: {reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    say(&format!("NOT RUN: {test}: {reason}"));
}

/// Say something past the capture of the test runner, which shows what `eprintln` prints only for a failed test.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

fn find() -> Result<Kubebox, String> {
    if environment::without_real_server() {
        return Err("left out (HOOKBOX_REAL=0)".into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubebox/get.sh");
    let mut child = Command::new(&script)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|e| format!("{}: {e}", script.display()))?;
    let mut answer = String::new();
    let mut stdout = child.stdout.take().expect("piped");
    std::io::Read::read_to_string(&mut stdout, &mut answer).map_err(|e| e.to_string())?;
    let status = child.wait().map_err(|e| e.to_string())?;
    match status.code() {
        Some(0) => Ok(Kubebox {
            path: PathBuf::from(answer.trim()),
        }),
        Some(CANNOT) => Err(answer.trim().to_owned()),
        // A build that breaks is never a reason to pass.
        _ => panic!("{} failed: {status}", script.display()),
    }
}
