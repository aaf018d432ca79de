//! From the start of the process until hooks ran.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::RunResult;

use crate::child::Child;
use crate::guests::When;
use crate::stats::Samples;
use crate::{Role, guests, print, setup};

const COMPONENTS: u32 = 100;
const REPEAT: u32 = 10;

pub(crate) async fn measure() -> Result<()> {
    print::title(
        "5. Start of 100 distinct components with a startup hook each, from the start of the process (ms)",
    );
    let folder = tempfile::tempdir()?;
    let (hooks, cache) = (folder.path().join("hooks"), folder.path().join("cache"));
    let paths = guests::many(&hooks, COMPONENTS, 1, When::Startup)?;
    let size = paths
        .first()
        .map(std::fs::metadata)
        .transpose()?
        .map_or(0, |file| file.len());
    print::row("component", format_args!("{size} bytes, Rust, WASI 0.2"));
    for (name, repeat) in [("cold: each is compiled", 1), ("cached", REPEAT)] {
        let mut series = Series::default();
        for _ in 0..repeat {
            series.start(&hooks, &cache).await?;
        }
        print::line(format_args!("-- {name}"));
        print::row("all loaded and described", &series.loaded);
        let target = if repeat > 1 { " (target 1000)" } else { "" };
        print::row(&format!("first run is over{target}"), &series.first);
        print::row("all 100 runs are over", &series.all);
    }
    Ok(())
}

#[derive(Default)]
struct Series {
    loaded: Samples,
    first: Samples,
    all: Samples,
}

impl Series {
    async fn start(&mut self, hooks: &Path, cache: &Path) -> Result<()> {
        let mut child = Child::start(Role::Start, &[hooks.as_os_str(), cache.as_os_str()])?;
        for (word, series) in [
            ("loaded", &mut self.loaded),
            ("first", &mut self.first),
            ("all", &mut self.all),
        ] {
            let (said, _, after) = child.next().await?.context("the process ended")?;
            ensure!(said == word, "it said {said}");
            series.push(after.as_secs_f64() * 1e3);
        }
        child.all().await?;
        Ok(())
    }
}

/// The measuring process.
pub(crate) async fn child(hooks: &Path, cache: &Path) -> Result<()> {
    let sandbox = setup::sandbox(Some(cache.to_owned()))?;
    let jq = setup::jq(&sandbox)?;
    let running = setup::operator(None, setup::folder(hooks)?, &sandbox, &jq).await?;
    print::line("loaded 1");
    let mut events = running.events();
    let mut runs = 0;
    while runs < COMPONENTS {
        let event = events.recv().await?;
        let OperatorEvent::RunFinished(run) = &*event else {
            continue;
        };
        ensure!(run.result == RunResult::Succeeded, "{:?}", run.result);
        runs += 1;
        if runs == 1 {
            print::line("first 1");
        }
    }
    print::line("all 1");
    running.stop().await;
    Ok(())
}
