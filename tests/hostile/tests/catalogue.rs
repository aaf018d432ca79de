//! Every attack of the catalogue, one test each. They are made one after the other in one sandbox, in which a hook of
//! somebody else's runs all the time: its runs must neither fail nor give another result. How long they take while an
//! attack goes on, compared to what they took before, is printed. After each attack the process must have given back
//! what it had allocated for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

use std::sync::Arc;
use std::time::Duration;

use hookbox_hostile::{Attack, Stage, catalogue, heap};
use libtest_mimic::{Arguments, Failed, Trial};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Runs of one attack: the first finds what is made once, the second shows what stays.
const TIMES: usize = 2;

/// Bytes that may be allocated after an attack and were not before it: buffers that grew once, in host and test.
const SLACK: i64 = 512 << 10;

/// Within this time the memory must be back. A compilation that was given up runs out by itself.
const BACK: Duration = Duration::from_secs(120);

/// Bytes of the process's memory that may stay with the allocator after all attacks.
const RESIDENT_SLACK: u64 = 256 << 20;

fn main() {
    let mut arguments = Arguments::from_args();
    // What one attack leaves behind must be seen apart from the next.
    arguments.test_threads = Some(1);
    let attacks = catalogue::all();
    if arguments.list {
        libtest_mimic::run(&arguments, trials(attacks, None)).exit();
    }
    let stage = Arc::new(Stage::new());
    let before = heap::resident();
    let conclusion = libtest_mimic::run(&arguments, trials(attacks, Some(&stage)));
    let (after, peak) = (heap::resident(), heap::peak());
    eprintln!(
        "memory of the process: {} MiB before, {} MiB after, {} MiB at most",
        before >> 20,
        after >> 20,
        peak >> 20
    );
    assert!(
        after < before + RESIDENT_SLACK,
        "the process has kept memory"
    );
    conclusion.exit();
}

fn trials(attacks: Vec<Attack>, stage: Option<&Arc<Stage>>) -> Vec<Trial> {
    let trial = |attack: Attack| {
        let stage = stage.cloned();
        Trial::test(attack.name, move || match stage {
            Some(stage) => show(&stage, &attack),
            None => Ok(()),
        })
    };
    attacks.into_iter().map(trial).collect()
}

fn show(stage: &Stage, attack: &Attack) -> Result<(), Failed> {
    let mut quiet = stage.neighbour.told();
    let mut baseline = None;
    for _ in 0..TIMES {
        let seen = stage.attack(attack);
        if let Some(fault) = seen.fault(attack) {
            eprintln!("{}: {fault}", attack.name);
            return Err(fault.into());
        }
        drop(seen);
        if baseline.is_none() {
            let _rest = stage.neighbour.rest();
            settle();
            baseline = Some(heap::live());
        }
    }
    let mut beside = stage.neighbour.told();
    let after = stage.neighbour.told();
    for told in [&quiet, &beside, &after] {
        if let Some(wrong) = &told.wrong {
            return Err(format!("somebody else's run: {wrong}").into());
        }
    }
    if let (Some(alone), Some(beside)) = (quiet.median(), beside.median()) {
        eprintln!(
            "{}: somebody else's runs took {:.2} times as long",
            attack.name,
            beside / alone
        );
    }
    returns(stage, baseline.unwrap_or_default())
}

/// Until nothing more is given back.
fn settle() {
    let mut last = heap::live();
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(20));
        let live = heap::live();
        if (live - last).abs() < 4096 {
            return;
        }
        last = live;
    }
}

/// What was allocated is given back.
fn returns(stage: &Stage, baseline: i64) -> Result<(), Failed> {
    let mut waited = Duration::ZERO;
    loop {
        let stays = {
            let _rest = stage.neighbour.rest();
            heap::live() - baseline
        };
        if stays <= SLACK {
            return Ok(());
        }
        if waited >= BACK {
            return Err(format!("{stays} bytes stay allocated").into());
        }
        std::thread::sleep(Duration::from_millis(20));
        waited += Duration::from_millis(20);
    }
}
