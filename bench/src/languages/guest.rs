//! A language's component: built, loaded, run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hookbox_sandbox::{
    Ask, Budget, Component, Context, Effects, ObjectPatch, Run, RunInput, Sandbox, Settings,
    Snapshot, Warm,
};
use hookbox_tests::hookbox::checkout;
use hookbox_tests::languages::{Language, Project};
use serde_json::Value;

use crate::{clock, print};

/// Which of them is measured.
const HOOK: &str = "reconcile";

/// How many instances are kept to see what one takes.
const KEPT: u32 = 16;

/// The hooks of tests/languages in one language.
pub(super) struct Guest {
    pub(super) language: Language,
    component: Component,
    warm: Warm,
    size: u64,
    build: Duration,
    compile: Duration,
    cached: Duration,
}

impl Guest {
    /// Build it as its author does, and load it.
    pub(super) async fn new(place: &Path, language: Language) -> Result<Self> {
        let sources = checkout().join("tests/languages").join(language.name());
        let project = Project::make(place, language, "suite", Some(&sources)).await;
        project.build().await;
        change(project.folder(), language)?;
        let started = clock::now();
        let path = project.build().await;
        let build = started.elapsed();
        let bytes = std::fs::read(&path)?;
        let size = bytes.len() as u64;
        let cache = tempfile::tempdir()?;
        let load = async |bytes| {
            let settings = Settings {
                cache_dir: Some(cache.path().to_owned()),
                warm_instances: KEPT + 1,
                ..Settings::default()
            };
            let loaded = Sandbox::new(settings)?.load(bytes).await;
            loaded.map_err(anyhow::Error::from)
        };
        let compile = load(bytes.clone()).await?.load_report().time;
        let component = load(bytes).await?;
        component.describe(&Budget::describe()).await?;
        let cached = component.load_report().time;
        Ok(Self {
            language,
            component,
            warm: Warm::default(),
            size,
            build,
            compile,
            cached,
        })
    }

    /// Print what it is.
    pub(super) fn tell(&self) {
        print::row(
            self.language.name(),
            format_args!(
                "{} KiB; built after a change in {:.1} s; compiled in {:.2} s; loaded from the cache in {:.1} ms",
                self.size >> 10,
                self.build.as_secs_f64(),
                self.compile.as_secs_f64(),
                self.cached.as_secs_f64() * 1e3,
            ),
        );
    }

    /// One run of the hook `reconcile`.
    pub(super) async fn run(&self, input: RunInput) -> Run {
        let budget = Budget::default();
        self.component.run(HOOK, input, &budget).await
    }

    /// One run in the instance of the run before.
    pub(super) async fn run_warm(&self, input: RunInput) -> Run {
        self.run_in(&self.warm, input).await
    }

    async fn run_in(&self, warm: &Warm, input: RunInput) -> Run {
        let budget = Budget::default();
        let asked = self
            .component
            .ask_warm(HOOK, &Ask::Run, input, &budget, warm);
        asked.await.0
    }

    /// Resident memory of an instance after a run, in bytes: that of some which are kept.
    pub(super) async fn resident(&self, input: &RunInput) -> Result<u64> {
        let mut kept = Vec::new();
        let before = clock::memory("RssAnon");
        for _ in 0..KEPT {
            let warm = Warm::default();
            self.run_in(&warm, input.clone()).await.result?;
            kept.push(warm);
        }
        let more = clock::memory("RssAnon").saturating_sub(before);
        Ok(more / u64::from(KEPT))
    }
}

/// A comment more in a source of the project, another one each time.
fn change(project: &Path, language: Language) -> Result<()> {
    let (source, comment) = match language {
        Language::C => ("src/hook.c", "//"),
        Language::Go => ("main.go", "//"),
        Language::Python => ("main.py", "#"),
        Language::Rust => ("src/lib.rs", "//"),
        Language::TypeScript => ("src/index.ts", "//"),
    };
    let path = project.join(source);
    let text = std::fs::read_to_string(&path)?;
    let process = std::process::id();
    std::fs::write(
        path,
        format!("{text}\n{comment} Changed by process {process}.\n"),
    )?;
    Ok(())
}

/// The first run with these objects.
pub(super) fn synchronization(snapshot: Arc<dyn Snapshot>) -> RunInput {
    let context = Context {
        binding: "pods".to_owned(),
        kind: Some("Synchronization".to_owned()),
        objects: Some(Arc::clone(&snapshot)),
        ..Context::default()
    };
    RunInput {
        contexts: vec![context],
        snapshots: BTreeMap::from([("pods".to_owned(), snapshot)]),
        ..RunInput::default()
    }
}

/// The object that a run made, where it made one and nothing else.
pub(super) fn made(effects: &Effects) -> Option<&Value> {
    match effects.object_patches.as_slice() {
        [ObjectPatch::CreateOrUpdate { object }] => Some(object),
        _ => None,
    }
}
