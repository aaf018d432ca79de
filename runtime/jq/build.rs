//! Builds the guest: the jq interpreter as a WebAssembly module, which the library holds as bytes.

use std::env;
use std::fmt;
use std::path::Path;
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// What went wrong, shown as it is.
struct BuildError(String);

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Settings of the build that this one is a part of. They are for another target, and must not leak into the guest.
fn is_of_outer_build(name: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "CARGO_BUILD_",
        "CARGO_CFG_",
        "CARGO_ENCODED_",
        "CARGO_FEATURE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "CARGO_PROFILE_",
        "CARGO_TARGET_",
    ];
    const NAMES: [&str; 12] = [
        "CARGO_PRIMARY_PACKAGE",
        "CLIPPY_ARGS",
        "DEBUG",
        "HOST",
        "OPT_LEVEL",
        "PROFILE",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
        "TARGET",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

fn variable(name: &str) -> Result<String, BuildError> {
    #[allow(
        clippy::disallowed_methods,
        reason = "cargo tells a build script by its environment alone"
    )]
    env::var(name)
        .map_err(|error| BuildError(format!("{name}: {error}; build this crate with cargo")))
}

/// Tell a missing target before cargo does, in the words that help.
fn check_target() -> Result<(), BuildError> {
    let rustc = variable("RUSTC")?;
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let output =
        output.map_err(|error| BuildError(format!("{rustc} cannot be started: {error}")))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    Err(BuildError(format!(
        "jq filters run as WebAssembly, and the Rust target {TARGET} is not installed.\n\
         Install it with:\n\n    rustup target add {TARGET}\n"
    )))
}

fn main() -> Result<(), BuildError> {
    for path in [
        "build.rs",
        "guest/Cargo.toml",
        "guest/Cargo.lock",
        "guest/src",
        "syntax/Cargo.toml",
        "syntax/src",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    check_target()?;
    let out = variable("OUT_DIR")?;
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--lib",
            "--target",
            TARGET,
        ])
        .args(["--manifest-path", "guest/Cargo.toml", "--target-dir"])
        .arg(Path::new(&out).join("guest"));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_of_outer_build) {
            cargo.env_remove(&name);
        }
    }
    let output = cargo
        .output()
        .map_err(|error| BuildError(format!("cargo cannot be started: {error}")))?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        return Err(BuildError(format!(
            "the jq guest does not build:\n{messages}"
        )));
    }
    let module = Path::new(&out)
        .join("guest")
        .join(TARGET)
        .join("release/hookbox_jq_guest.wasm");
    println!("cargo::rustc-env=HOOKBOX_JQ_GUEST={}", module.display());
    Ok(())
}
