//! Python with what tests of hooks in Python need: found in the cache, or made once (`tests/python/get.sh`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The virtual environment's folder.
///
/// # Panics
/// When it cannot be made: Python is missing, or its packages cannot be had.
pub fn environment() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| made("requirements.txt"))
}

/// The folder of one in which `bin/python -m ziglang` is Zig, with its compiler for C.
///
/// # Panics
/// As [`environment`].
pub fn zig() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| made("zig.txt"))
}

/// The folder of an environment with the packages of a file of `tests/python`.
fn made(packages: &str) -> PathBuf {
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/get.sh"))
        .arg(packages)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("the script starts");
    assert!(
        output.status.success(),
        "there is no Python for these tests, see above"
    );
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// A PATH that begins with the programs in it.
///
/// # Panics
/// As [`environment`].
pub fn path() -> OsString {
    let mut path = environment().join("bin").into_os_string();
    path.push(":");
    path.push(crate::environment::get("PATH").unwrap_or_default());
    path
}
