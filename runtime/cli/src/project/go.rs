//! Go: its standard toolchain makes a module for WASI, of which a component is made here.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, anyhow};
use tokio::process::Command;

use super::{Built, not_started, run};
use crate::failure::{Failure, OrFail, Outcome};

/// The first version of Go that exports functions to WebAssembly.
const FIRST: (u32, u32) = (1, 24);

/// A Go project.
pub(super) struct Go<'p> {
    /// The folder of its go.mod.
    pub(super) root: &'p Path,
}

impl Go<'_> {
    /// Build the component. The compiler's own messages go to standard error.
    pub(super) async fn build(&self) -> Outcome<Built> {
        self.check_version().await?;
        let folder = self.root.join("target").join("go");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))
            .or_environment()?;
        let (module, component) = (folder.join("module.wasm"), folder.join("component.wasm"));
        let mut command = self.command();
        command
            .args(["build", "-buildmode=c-shared", "-trimpath"])
            .args(["-ldflags=-s -w", "-o"])
            .arg(&module)
            .arg(".")
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm");
        let (code, said) = run(command, no_go).await?;
        if code != Some(0) {
            return Err(self.why(&said));
        }
        let made = std::fs::read(&module)
            .with_context(|| format!("{} cannot be read", module.display()))
            .or_environment()?;
        let made = hookbox_toolchains::go::componentize(&made).map_err(|error| {
            Failure::failed(error.context(format!("{} is no hook", self.root.display())))
                .help("the package is `main` and imports github.com/hookbox/hookbox/sdk/go")
        })?;
        std::fs::write(&component, made)
            .with_context(|| format!("{} cannot be written", component.display()))
            .or_environment()?;
        Ok(Built {
            component,
            name: self.name()?,
        })
    }

    fn command(&self) -> Command {
        let go = std::env::var_os("GO").unwrap_or_else(|| OsString::from("go"));
        let mut command = Command::new(go);
        command
            .current_dir(self.root)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// The project's name: the last part of its module's path.
    fn name(&self) -> Outcome<String> {
        let path = self.root.join("go.mod");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))
            .or_usage()?;
        let module = module_of(&text)
            .ok_or_else(|| Failure::usage(anyhow!("{} names no module", path.display())))?;
        Ok(module.to_owned())
    }

    async fn check_version(&self) -> Outcome {
        let output = self
            .command()
            .args(["env", "GOVERSION"])
            .output()
            .await
            .map_err(no_go)?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match version(&said) {
            // What cannot be read is a version that is made by oneself.
            Some(version) if version < FIRST => Err(Failure::environment(anyhow!(
                "this is {said}; hooks need Go {}.{} or later",
                FIRST.0,
                FIRST.1
            ))
            .help("get one from https://go.dev/dl")),
            _ => Ok(()),
        }
    }

    /// Why go did not build, by what it said.
    fn why(&self, said: &str) -> Failure {
        let root = self.root.display();
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if any(&["dial tcp", "no such host", "i/o timeout", "proxyconnect"]) {
            return Failure::environment(anyhow!("go cannot get the dependencies, see above"))
                .help("check the network and GOPROXY; what was downloaded once is there without a network");
        }
        if any(&[
            "go.mod:",
            "go: updates to go.mod needed",
            "no required module provides",
        ]) {
            return Failure::usage(anyhow!("go cannot use the project's modules, see above"))
                .help("`go mod tidy` mends most of it");
        }
        Failure::failed(anyhow!("{root} does not compile"))
    }
}

fn no_go(error: std::io::Error) -> Failure {
    not_started(
        error,
        "go",
        "Go's build tool",
        "get it from https://go.dev/dl",
    )
}

/// Major and minor of `go1.26.8`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.strip_prefix("go")?.split(['.', '-', ' ']);
    let digits = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit());
        part.get(..end.unwrap_or(part.len()))?.parse().ok()
    };
    Some((digits(parts.next()?)?, digits(parts.next()?)?))
}

/// The last part of the module's path in a go.mod.
fn module_of(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("module")?;
        rest.starts_with([' ', '\t']).then_some(rest)
    })?;
    let path = line.split("//").next()?.trim().trim_matches('"');
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next()?;
    // `example.com/hook/v2` is `hook`.
    let is_major = last
        .strip_prefix('v')
        .is_some_and(|n| n.parse::<u32>().is_ok());
    match is_major {
        true => parts.next().or(Some(last)),
        false => Some(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(version("go1.26.8"), Some((1, 26)));
        assert_eq!(version("go1.24rc1"), Some((1, 24)));
        assert_eq!(
            version("go1.25.0-custom X:nocoverageredesign"),
            Some((1, 25))
        );
        assert_eq!(version("devel"), None);
    }

    #[test]
    fn a_project_is_called_as_the_end_of_its_modules_path() {
        for (text, name) in [
            ("module example.com/team/sweep\n", Some("sweep")),
            (
                "// x\nmodule \"example.com/sweep/v2\" // y\ngo 1.24\n",
                Some("sweep"),
            ),
            ("module sweep", Some("sweep")),
            ("modules x", None),
            ("", None),
        ] {
            assert_eq!(module_of(text), name, "{text}");
        }
    }
}
