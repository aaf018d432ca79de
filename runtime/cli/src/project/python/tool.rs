//! Where componentize-py and Python come from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::anyhow;
use tokio::process::Command;

use super::super::not_started;
use crate::failure::{Failure, Outcome};
use crate::ui::{Tone, Ui};

/// The version of componentize-py that makes components of this contract.
pub(super) const VERSION: &str = "0.25.1";
/// The first version of Python that the SDK works with.
const FIRST: (u32, u32) = (3, 11);

/// The project's virtual environment: its `.venv`, else the one that is active.
pub(super) fn environment(root: &Path) -> Option<PathBuf> {
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    [Some(root.join(".venv")), active]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("pyvenv.cfg").is_file())
}

/// componentize-py of the right version: the project's, the one on PATH, or one that is put into `scratch`.
pub(super) async fn componentize(root: &Path, scratch: &Path, ui: &Ui) -> Outcome<PathBuf> {
    let own = scratch.join("venv");
    let mut places: Vec<PathBuf> = environment(root).into_iter().collect();
    places.push(own.clone());
    let mut places: Vec<PathBuf> = places
        .into_iter()
        .map(|folder| folder.join("bin").join("componentize-py"))
        .filter(|program| program.is_file())
        .collect();
    places.push(PathBuf::from("componentize-py"));
    for program in places {
        if version(&program).await.as_deref() == Some(VERSION) {
            return Ok(program);
        }
    }
    let python = venv(root, &own).await?;
    ui.status(
        Tone::Note,
        "Getting",
        format!("componentize-py {VERSION} into {}, once", own.display()),
    );
    let package = format!("componentize-py=={VERSION}");
    let arguments = ["--only-binary=:all:", package.as_str()].map(OsString::from);
    pip(&python, root, &arguments).await.map_err(|failure| {
        let Some(said) = failure else {
            return Failure::environment(anyhow!("pip could not be started"));
        };
        said.help(format!(
            "check the network, or install it by hand: python3 -m venv .venv && .venv/bin/python -m pip install {package}"
        ))
    })?;
    Ok(own.join("bin").join("componentize-py"))
}

async fn version(program: &Path) -> Option<String> {
    let output = quiet(program).arg("--version").output().await.ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.trim().strip_prefix("componentize-py ")?;
    output.status.success().then(|| version.to_owned())
}

fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Python of the virtual environment in `folder`, which is made where it is not there.
pub(super) async fn venv(root: &Path, folder: &Path) -> Outcome<PathBuf> {
    let inside = folder.join("bin").join("python");
    if folder.join("pyvenv.cfg").is_file() && inside.exists() {
        return Ok(inside);
    }
    let python = python(root).await?;
    let output = quiet(&python)
        .args(["-m", "venv", "--clear"])
        .arg(folder)
        .output()
        .await
        .map_err(|error| no_python(&python, error))?;
    if output.status.success() {
        return Ok(inside);
    }
    tell(&output.stdout);
    tell(&output.stderr);
    Err(Failure::environment(anyhow!(
        "{} cannot make a virtual environment in {}, see above",
        python.display(),
        folder.display()
    ))
    .help("its modules `venv` and `ensurepip` are needed; on Debian they are in the package python3-venv"))
}

/// Python itself, of a version that will do.
async fn python(root: &Path) -> Outcome<PathBuf> {
    let program = match std::env::var_os("PYTHON") {
        Some(program) => PathBuf::from(program),
        None => environment(root).map_or_else(
            || PathBuf::from("python3"),
            |folder| folder.join("bin").join("python"),
        ),
    };
    let output = quiet(&program)
        .arg("--version")
        .output()
        .await
        .map_err(|error| no_python(&program, error))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match numbers(&said) {
        Some(version) if version >= FIRST => Ok(program),
        _ => Err(Failure::environment(anyhow!(
            "{} is {}; hooks need Python {}.{} or later",
            program.display(),
            if said.is_empty() { "no Python" } else { &said },
            FIRST.0,
            FIRST.1
        ))
        .help("get one from https://www.python.org/downloads, and name it in PYTHON if it is not the first on PATH")),
    }
}

fn no_python(program: &Path, error: std::io::Error) -> Failure {
    let get = "get it from https://www.python.org/downloads or your system's packages (python3, python3-venv)";
    not_started(error, &program.display().to_string(), "Python", get)
}

/// Major and minor of `Python 3.11.7`.
fn numbers(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.strip_prefix("Python ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Install by pip, in the project's folder. Its words go to standard error where it fails; `None` where there is no pip.
pub(super) async fn pip(
    python: &Path,
    root: &Path,
    arguments: &[OsString],
) -> Result<(), Option<Failure>> {
    let output = quiet(python)
        .current_dir(root)
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .arg("--disable-pip-version-check")
        .args(arguments)
        .output()
        .await
        .map_err(|_| None)?;
    if output.status.success() {
        return Ok(());
    }
    tell(&output.stderr);
    Err(Some(Failure::environment(anyhow!(
        "pip cannot install what is needed, see above"
    ))))
}

fn tell(words: &[u8]) {
    use std::io::Write;
    let _ = anstream::stderr().write_all(words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(numbers("Python 3.11.7"), Some((3, 11)));
        assert_eq!(numbers("Python 3.14.0rc1"), Some((3, 14)));
        assert_eq!(numbers("Python 2.7.18"), Some((2, 7)));
        assert_eq!(numbers("pypy"), None);
    }
}
