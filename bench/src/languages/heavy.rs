//! Reading very many objects, beside the same code as a native program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hookbox_sandbox::{Budget, Component, Entry};
use hookbox_tests::hookbox::checkout;
use hookbox_tests::languages::{Language, Project};

use super::{guest, pods};
use crate::stats::{Samples, ratio};
use crate::{clock, print, setup};

#[path = "../../languages/rust/src/count.rs"]
mod count;

const OBJECTS: usize = 10_000;
const WARM: usize = 1;
const RUNS: usize = 20;

/// Those whose code can be both.
const LANGUAGES: [Language; 3] = [Language::Rust, Language::C, Language::Go];

pub(super) async fn measure(place: &Path) -> Result<()> {
    let pods = pods::texts(OBJECTS);
    let bytes: usize = pods.iter().map(|pod| pod.len()).sum();
    print::line(format_args!(
        "-- reading {OBJECTS} Pods of {} KiB in all, in turn with a native program (µs)",
        bytes >> 10
    ));
    let entries: Arc<Vec<Entry>> = Arc::new(pods::entries(&pods));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("pods");
    std::fs::write(&file, pods.join("\n"))?;
    for language in LANGUAGES {
        let sources = source(language.name());
        let project = Project::make(place, language, "heavy", Some(&sources)).await;
        let bytes = std::fs::read(project.build().await)?;
        let component = setup::sandbox(None)?.load(bytes).await?;
        let native = Native::new(language, folder.path(), &file, &pods)?;
        for hook in component.describe(&Budget::describe()).await? {
            one(language, &hook.name, &component, &native, &entries).await?;
        }
    }
    Ok(())
}

/// Where the sources are.
fn source(of: &str) -> PathBuf {
    checkout().join("bench/languages").join(of)
}

async fn one(
    language: Language,
    hook: &str,
    component: &Component,
    native: &Native<'_>,
    entries: &Arc<Vec<Entry>>,
) -> Result<()> {
    let budget = Budget {
        cpu_time: Duration::from_secs(60),
        wall_clock: Duration::from_secs(60),
        ..Budget::default()
    };
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..WARM + RUNS {
        let (took, told) = native.run()?;
        let input = guest::synchronization(entries.clone());
        let started = clock::now();
        let run = component.run(hook, input, &budget).await;
        let ran = started.elapsed();
        let effects = run.result?;
        let made = guest::made(&effects).context("a ConfigMap")?;
        if made.pointer("/data/text").and_then(|text| text.as_str()) != Some(&told) {
            bail!("the hook counts {made}, the program {told}");
        }
        if round >= WARM {
            theirs.push(took);
            ours.push_time(ran);
        }
    }
    print::row(&format!("{}, hook `{hook}`", language.name()), &ours);
    print::row("  native program", &theirs);
    print::row("  times as long (goal 3)", ratio(&ours, &theirs));
    Ok(())
}

/// The native program: it prints how long it took, and what it counted.
enum Native<'p> {
    /// A part of this one.
    Here(&'p [Arc<str>]),
    /// One of its own, and the file that it reads.
    Program(PathBuf, PathBuf),
}

impl<'p> Native<'p> {
    fn new(language: Language, folder: &Path, file: &Path, pods: &'p [Arc<str>]) -> Result<Self> {
        let mut compiler = match language {
            Language::Rust => return Ok(Self::Here(pods)),
            Language::Go => go(folder)?,
            Language::C => c(folder)?,
            Language::Python | Language::TypeScript => bail!("there is no native program"),
        };
        let status = compiler.status().context("the native compiler")?;
        if !status.success() {
            bail!("the native program does not compile: {status}");
        }
        let program = folder.join(format!("native-{}", language.name()));
        Ok(Self::Program(program, file.to_owned()))
    }

    /// Microseconds, and what was counted.
    fn run(&self) -> Result<(f64, String)> {
        match self {
            Self::Here(pods) => {
                let started = clock::now();
                let mut counts = count::Counts::default();
                for pod in *pods {
                    counts.add(serde_json::from_str(pod)?);
                }
                let told = counts.text();
                Ok((started.elapsed().as_secs_f64() * 1e6, told))
            }
            Self::Program(program, file) => {
                let output = Command::new(program).arg(file).output()?;
                let said = String::from_utf8(output.stdout)?;
                let mut lines = said.lines();
                let took = lines.next().context("a time")?.parse()?;
                Ok((took, lines.next().context("what it counted")?.to_owned()))
            }
        }
    }
}

/// As `go build` does by itself.
fn go(folder: &Path) -> Result<Command> {
    let place = folder.join("go");
    std::fs::create_dir(&place)?;
    std::fs::copy(source("go/count.go"), place.join("count.go"))?;
    std::fs::copy(source("native/count.go"), place.join("main.go"))?;
    std::fs::write(place.join("go.mod"), "module native\n\ngo 1.24\n")?;
    let mut go = Command::new("go");
    go.args(["build", "-o"])
        .arg(folder.join("native-go"))
        .arg(".")
        .current_dir(place);
    Ok(go)
}

/// With the library that a hook in C has, and its host for unit tests, which is not used.
fn c(folder: &Path) -> Result<Command> {
    let sdk = checkout().join("sdk/c");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-std=c11", "-o"])
        .arg(folder.join("native-c"));
    for include in [sdk.join("include"), sdk.join("src"), source("c/src")] {
        cc.arg("-I").arg(include);
    }
    cc.arg(source("native/count.c"));
    for part in [source("c/src"), sdk.join("src"), sdk.join("native")] {
        for entry in std::fs::read_dir(part)? {
            let path = entry?.path();
            let is_main = path.ends_with("native/main.c");
            if path.extension().is_some_and(|ending| ending == "c") && !is_main {
                cc.arg(path);
            }
        }
    }
    cc.arg("-lm");
    Ok(cc)
}
