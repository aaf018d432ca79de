//! Builds the WebAssembly guests that tests run.
//!
//! Guests are crates of their own, outside the workspace, since they are for WebAssembly only. They are built once in
//! a test process, into one folder shared by all processes; cargo's own lock on that folder keeps parallel builds
//! apart.

mod text;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

pub use text::Text;

/// Why a guest could not be built.
#[derive(Debug)]
pub enum BuildError {
    /// Cargo could not be started, or its output not be read.
    Io(PathBuf, std::io::Error),
    /// Cargo failed; its messages.
    Cargo(PathBuf, String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(what, error) => write!(f, "{}: {error}", what.display()),
            Self::Cargo(manifest, output) => {
                write!(
                    f,
                    "the guest {} does not build (is the target installed? `rustup target add wasm32-wasip2`)\n{output}",
                    manifest.display()
                )
            }
        }
    }
}

impl std::error::Error for BuildError {}

/// The component of the hostile and harmless guests in `tests/guests`.
///
/// # Errors
/// When it does not build.
pub fn guests() -> Result<Vec<u8>, BuildError> {
    component(&workspace().join("tests/guests"), "hookbox_guests")
}

/// The component of the attacks in `tests/hostile/guest`.
///
/// # Errors
/// When it does not build.
pub fn attacks() -> Result<Vec<u8>, BuildError> {
    component(
        &workspace().join("tests/hostile/guest"),
        "hookbox_hostile_guest",
    )
}

/// The component that plays the table of `tests/hosts/cases.json`.
///
/// # Errors
/// When it does not build.
pub fn player() -> Result<Vec<u8>, BuildError> {
    component(
        &workspace().join("tests/hosts/guest"),
        "hookbox_hosts_guest",
    )
}

/// Build the crate in `folder` for `wasm32-wasip2` and return its component. `name` is the crate's name with
/// underscores.
///
/// # Errors
/// When it does not build.
pub fn component(folder: &Path, name: &str) -> Result<Vec<u8>, BuildError> {
    static BUILT: Mutex<Option<HashMap<PathBuf, PathBuf>>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let built = built.get_or_insert_default();
    let path = match built.get(folder) {
        Some(path) => path.clone(),
        None => {
            let path = build(folder, name)?;
            built.insert(folder.to_path_buf(), path.clone());
            path
        }
    };
    std::fs::read(&path).map_err(|error| BuildError::Io(path, error))
}

/// A component with `tests/hostile/guest/src/selected.rs` with other hooks than all of its own, given as their names
/// and configurations.
///
/// # Panics
/// When it is none of these, or the hooks take more room than there is.
#[must_use]
#[allow(clippy::panic, reason = "a test's mistake")]
pub fn with_hooks(mut component: Vec<u8>, hooks: &[(&str, &str)]) -> Vec<u8> {
    const MARK: &[u8] = b"hooks of this component: ";
    const LENGTH: usize = 4096;
    let lines: String = hooks
        .iter()
        .map(|(name, config)| format!("{name}\t{config}\n"))
        .collect();
    let at = component.windows(MARK.len()).position(|part| part == MARK);
    let start = at.unwrap_or_else(|| panic!("the component has no place for hooks")) + MARK.len();
    match component.get_mut(start..start + lines.len()) {
        Some(place) if MARK.len() + lines.len() <= LENGTH => {
            place.copy_from_slice(lines.as_bytes())
        }
        _ => panic!("{} bytes are too many for the hooks", lines.len()),
    }
    component
}

fn build(folder: &Path, name: &str) -> Result<PathBuf, BuildError> {
    let target = workspace().join("target/guests");
    let manifest = folder.join("Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--target", "wasm32-wasip2"])
        .arg("--manifest-path")
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target)
        // Flags of the tests' own build, such as coverage, do not suit WebAssembly.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| BuildError::Io(manifest.clone(), error))?;
    if !output.status.success() {
        return Err(BuildError::Cargo(
            manifest,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    Ok(target
        .join("wasm32-wasip2/release")
        .join(name)
        .with_extension("wasm"))
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
