//! The `hookbox` command as it is built from this checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::environment;
use crate::program::Program;

/// The checkout's folder.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the checkout")
}

/// Path of the built command. Built when it is stale, once for each test process; `HOOKBOX_BIN` names another one.
///
/// # Panics
/// When it does not compile.
pub fn binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| environment::get("HOOKBOX_BIN").map_or_else(build, PathBuf::from))
}

/// The command, to run with arguments. It does not see the tests' `HOOKBOX_*` variables, nor those of shell-operator. As
/// an operator it has no live commands unless a test names a socket: all would want the same one.
pub fn hookbox<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Program {
    Program::new(binary())
        .env("HOOKBOX_DEBUG_UNIX_SOCKET", "")
        .args(arguments)
}

fn build() -> PathBuf {
    let cargo = environment::get("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // `--workspace`: the dependencies' features are then those of the tests' own build, and nothing is built twice.
    command.args([
        "build",
        "--workspace",
        "--bin=hookbox",
        "--message-format=json-render-diagnostics",
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command
        .current_dir(checkout())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "`hookbox` does not compile");
    executable(&String::from_utf8_lossy(&output.stdout)).expect("cargo names the built command")
}

/// The executable that cargo's messages name.
pub(crate) fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_other_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"target/debug/hookbox\"}\n{\"reason\":\"build-finished\"}";
        assert_eq!(
            executable(messages),
            Some(PathBuf::from("target/debug/hookbox"))
        );
        assert_eq!(executable("warning: text"), None);
    }
}
