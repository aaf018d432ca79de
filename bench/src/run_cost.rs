//! What a run costs, beside wasmtime alone.

use anyhow::{Result, anyhow};
use hookbox_sandbox::{Budget, Context, RunInput};

use crate::bare::Bare;
use crate::stats::{Samples, ratio};
use crate::{clock, guests, print, setup};

const WARM: u32 = 1000;
const RUNS: u32 = 10_000;
const HOOK: &str = "nothing";

pub(crate) async fn measure() -> Result<()> {
    print::title(
        "1. A run of a trivial hook, and wasmtime alone with the same component, in turn (µs)",
    );
    let bytes = guests::trivial()?;
    print::row(
        "component",
        format_args!("{} bytes, Rust, WASI 0.2", bytes.len()),
    );
    let bare = Bare::new(&bytes).map_err(|e| anyhow!("{e:#}"))?;
    let component = setup::sandbox(None)?.load(bytes).await?;
    component.describe(&Budget::describe()).await?;
    let context = Context {
        binding: "onStartup".to_owned(),
        ..Context::default()
    };
    let input = RunInput {
        contexts: vec![context],
        ..RunInput::default()
    };
    let budget = Budget::default();

    let (mut ours, mut theirs, mut instance) =
        (Samples::default(), Samples::default(), Samples::default());
    for run in 0..WARM + RUNS {
        let given = input.clone();
        let mut times = [std::time::Duration::ZERO; 2];
        // Each goes first every other time.
        for turn in 0..2 {
            let started = clock::now();
            if (run + turn) % 2 == 0 {
                let done = component.run(HOOK, given.clone(), &budget).await;
                times[0] = started.elapsed();
                done.result?;
                if run >= WARM {
                    instance.push_time(done.usage.instantiate);
                }
            } else {
                bare.run(HOOK).await.map_err(|e| anyhow!("{e:#}"))?;
                times[1] = started.elapsed();
            }
        }
        if run >= WARM {
            let [run, bare] = times;
            ours.push_time(run);
            theirs.push_time(bare);
        }
    }
    print::row("Component::run", &ours);
    print::row("  of it making the instance", &instance);
    print::row("wasmtime alone", &theirs);
    print::row("ratio of medians (target 1.5)", ratio(&ours, &theirs));
    Ok(())
}
