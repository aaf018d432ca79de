//! TypeScript and JavaScript: the project's own packages bundle it and put it into an engine. npm fetches them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::process::Command;

use super::{Built, not_started, run};
use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::{Tone, Ui};

/// The first version of Node.js that does.
const FIRST: u32 = 20;

/// The SDK's package.
const SDK: &str = "@hookbox/sdk";

/// What makes the component, in the SDK's package.
const MAKER: &str = "build/componentize.js";

/// What it makes it with.
const TOOLS: [&str; 2] = ["componentize-qjs", "esbuild"];

/// A project in TypeScript or JavaScript.
pub(super) struct Npm<'p> {
    /// The folder of its package.json.
    pub(super) root: &'p Path,
}

/// What matters here of a package.json.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    dependencies: Map<String, Value>,
    #[serde(default)]
    dev_dependencies: Map<String, Value>,
}

impl Manifest {
    /// The packages that it names.
    fn packages(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.dependencies.iter().chain(&self.dev_dependencies)
    }

    /// The project's name: that of the package, without its scope.
    fn name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        let name = name.rsplit('/').next().unwrap_or(name);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!name.is_empty() && !name.starts_with('.') && name.chars().all(plain)).then_some(name)
    }
}

impl Npm<'_> {
    /// Build the component. The messages of TypeScript's compiler and of the bundler go to standard error.
    pub(super) async fn build(&self, ui: &Ui) -> Outcome<Built> {
        let manifest = self.manifest()?;
        self.check_version().await?;
        let folder = self.root.join("target").join("typescript");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))
            .or_environment()?;
        self.install(&manifest, &folder.join("installed.json"), ui)
            .await?;
        let component = folder.join("component.wasm");
        let maker = self.package(SDK).join(MAKER);
        if !maker.is_file() {
            return Err(Failure::environment(anyhow!(
                "{} is not there: the package {SDK} is another one than this command knows",
                maker.display()
            )));
        }
        let mut command = self.command("NODE", "node");
        command
            .arg(maker)
            .arg("--project")
            .arg(self.root)
            .arg("--out")
            .arg(&component);
        if ui.is_terminal() {
            command.arg("--color");
        }
        let (code, _) = run(command, no_node).await?;
        let root = self.root.display();
        match code {
            Some(0) => Ok(Built {
                component,
                name: self.name(&manifest)?,
            }),
            Some(1) => Err(Failure::failed(anyhow!("{root} does not compile"))),
            Some(2) => Err(Failure::usage(anyhow!("{root} cannot be built, see above"))),
            _ => Err(Failure::environment(anyhow!(
                "the packages of {root} do not work, see above"
            ))
            .help("remove node_modules: it is fetched anew")),
        }
    }

    fn command(&self, variable: &str, program: &str) -> Command {
        let program = std::env::var_os(variable).unwrap_or_else(|| OsString::from(program));
        let mut command = Command::new(program);
        command
            .current_dir(self.root)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn manifest(&self) -> Outcome<Manifest> {
        let path = self.root.join("package.json");
        let text = std::fs::read(&path)
            .with_context(|| format!("{} cannot be read", path.display()))
            .or_usage()?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no manifest of a package", path.display()))
            .or_usage()?;
        if manifest.packages().any(|(name, _)| name == SDK) {
            return Ok(manifest);
        }
        Err(Failure::usage(anyhow!(
            "{} does not name {SDK} in its dependencies",
            path.display()
        ))
        .help("`hookbox new NAME --lang typescript` makes a project that does"))
    }

    fn name(&self, manifest: &Manifest) -> Outcome<String> {
        let folder = || self.root.file_name().and_then(|name| name.to_str());
        match manifest.name().or_else(folder) {
            Some(name) => Ok(name.to_owned()),
            None => Err(Failure::usage(anyhow!(
                "{} has no name that a file can have",
                self.root.join("package.json").display()
            ))),
        }
    }

    /// Where a package is: npm puts those of a workspace into a folder further up.
    fn package(&self, name: &str) -> PathBuf {
        let folders = self.root.ancestors().map(|f| f.join("node_modules"));
        let mut there = folders.map(|f| f.join(name)).filter(|p| p.is_dir());
        there
            .next()
            .unwrap_or_else(|| self.root.join("node_modules").join(name))
    }

    /// Where Node.js finds what makes the component, seen from the SDK: npm puts it beside the project's own packages.
    fn tools_in(&self) -> Option<PathBuf> {
        let sdk = self.package(SDK).canonicalize().ok()?;
        let there = |folder: &PathBuf| TOOLS.iter().all(|tool| folder.join(tool).is_dir());
        let mut folders = sdk.ancestors().map(|folder| folder.join("node_modules"));
        folders.find(there)
    }

    /// Whether the SDK is a folder outside of the project, whose own packages npm does not fetch.
    fn sdk_is_apart(&self) -> bool {
        let sdk = self.package(SDK).canonicalize();
        sdk.is_ok_and(|sdk| !sdk.starts_with(self.root))
    }

    async fn check_version(&self) -> Outcome {
        let mut command = self.command("NODE", "node");
        let output = command.arg("--version").output().await.map_err(no_node)?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match major(&said) {
            Some(major) if major < FIRST => Err(Failure::environment(anyhow!(
                "this is Node.js {said}; hooks need Node.js {FIRST} or later"
            ))
            .help("get one from https://nodejs.org, or name another one in NODE")),
            _ => Ok(()),
        }
    }

    /// Have npm fetch what package.json names, if something of it is missing, or other than at the last time.
    async fn install(&self, manifest: &Manifest, record: &Path, ui: &Ui) -> Outcome {
        let named: Map<String, Value> = manifest
            .packages()
            .map(|(name, version)| (name.clone(), version.clone()))
            .collect();
        let before: Option<Map<String, Value>> = std::fs::read(record)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let is_there = |name: &str| self.package(name).join("package.json").is_file();
        let complete = named.keys().all(|name| is_there(name));
        // What somebody else installed is good enough, until package.json says something else.
        let same = before.is_none_or(|before| before == named);
        if !complete || !same || (self.tools_in().is_none() && !self.sdk_is_apart()) {
            ui.status(
                Tone::Note,
                "Fetching",
                "the packages of package.json (npm install)",
            );
            npm(self.command("NPM", "npm")).await?;
        }
        if self.tools_in().is_none() && self.sdk_is_apart() {
            // Node.js looks for what the SDK imports from where the SDK is.
            let mut command = self.command("NPM", "npm");
            let sdk = self.package(SDK).canonicalize().or_environment()?;
            let what = format!(
                "the packages of the SDK into {} (npm install)",
                sdk.display()
            );
            ui.status(Tone::Note, "Fetching", what);
            command.current_dir(sdk);
            command.args(["--omit=dev", "--no-package-lock"]);
            npm(command).await?;
        }
        let text = serde_json::to_vec(&named).or_failed()?;
        std::fs::write(record, text)
            .with_context(|| format!("{} cannot be written", record.display()))
            .or_environment()
    }
}

/// Have npm install.
async fn npm(mut command: Command) -> Outcome {
    command.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]);
    let (code, said) = run(command, no_npm).await?;
    match code {
        Some(0) => Ok(()),
        _ => Err(npm_failed(&said)),
    }
}

fn no_node(error: std::io::Error) -> Failure {
    let get = format!(
        "get version {FIRST} or later from https://nodejs.org, or name another one in NODE"
    );
    not_started(error, "node", "which runs JavaScript (Node.js)", &get)
}

fn no_npm(error: std::io::Error) -> Failure {
    let get = "it comes with Node.js (https://nodejs.org; in Debian the package npm), or name another one in NPM";
    not_started(error, "npm", "Node.js's package manager", get)
}

/// Why npm did not install, by what it said.
fn npm_failed(said: &str) -> Failure {
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if any(&[
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "ENETUNREACH",
        "EHOSTUNREACH",
        "ERR_SOCKET_TIMEOUT",
        "ENOTCACHED",
    ]) {
        return Failure::environment(anyhow!("npm cannot get the packages, see above"))
            .help("check the network and npm's registry (`npm config get registry`); what was fetched once is there without a network");
    }
    if any(&[
        "E404",
        "ETARGET",
        "ERESOLVE",
        "EJSONPARSE",
        "EINVALIDPACKAGENAME",
        "EUNSUPPORTEDPROTOCOL",
        "EINVALIDTAGNAME",
        "ENOENT",
    ]) {
        return Failure::usage(anyhow!(
            "npm cannot use the project's package.json, see above"
        ));
    }
    Failure::environment(anyhow!("npm does not install the packages, see above"))
}

/// The first number of `v20.11.1`; none of what is no version.
fn major(said: &str) -> Option<u32> {
    said.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("v24.0.0-nightly"), Some(24));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }

    #[test]
    fn a_project_is_called_as_its_package_without_the_scope() {
        for (name, called) in [
            ("sweep", Some("sweep")),
            ("@team/sweep", Some("sweep")),
            ("..", None),
            ("a b", None),
            ("", None),
        ] {
            let text = serde_json::json!({ "name": name }).to_string();
            let manifest: Manifest = serde_json::from_str(&text).expect("a manifest");
            assert_eq!(manifest.name(), called, "{name}");
        }
    }

    #[test]
    fn what_npm_says_tells_who_is_to_blame() {
        let exit = |said: &str| npm_failed(said).exit;
        assert_eq!(exit("npm error code EAI_AGAIN"), Exit::Environment);
        assert_eq!(exit("npm error code E404"), Exit::Usage);
        assert_eq!(exit("npm error code EACCES"), Exit::Environment);
    }
}
