//! Attacks of a tenant on the operator that it shares with another one, one test each, one after the other, in one
//! operator. The other tenant's hook runs all the while: for each change of its objects once, with the right result, and
//! it never fails. How long it takes, alone and beside the attacks, is printed. After each attack the process must have
//! given back what it had allocated for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod neighbour;
mod outside;
mod stage;
mod times;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookbox_hostile::heap;
use hookbox_hostile::tenants::{self, Row};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use stage::{PATIENCE, Stage};
use times::Times;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Changes of the neighbour's objects before the first attack, to know how long they take alone.
const ALONE: usize = 100;

/// Bytes of the process's memory that may stay with the allocator after all attacks.
const RESIDENT_SLACK: u64 = 256 << 20;

struct Show {
    runtime: Runtime,
    stage: tokio::sync::Mutex<Stage>,
    beside: Mutex<Times>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // There is one neighbour, and what one attack leaves behind must be seen apart from the next.
    arguments.test_threads = Some(1);
    let rows = tenants::all();
    if arguments.list {
        libtest_mimic::run(&arguments, trials(rows, None)).exit();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut stage = runtime.block_on(Stage::start());
    // What is made once is made now.
    if let Some(row) = rows.first() {
        runtime.block_on(async {
            stage.attack(row).await.unwrap();
            let _ = stage.clean(row, PATIENCE).await;
        });
    }
    let alone = runtime.block_on(stage.alone(ALONE));
    let before = heap::resident();
    let show = Arc::new(Show {
        runtime,
        stage: tokio::sync::Mutex::new(stage),
        beside: Mutex::default(),
    });
    let conclusion = libtest_mimic::run(&arguments, trials(rows, Some(&show)));
    let after = heap::resident();
    let again = show.runtime.block_on(async {
        let mut stage = show.stage.lock().await;
        stage.alone(ALONE).await
    });
    eprintln!("the neighbour's runs, and the way from a change to its result:");
    eprintln!("  alone:   {alone}");
    eprintln!("  attacks: {}", show.beside.lock().unwrap());
    eprintln!("  again:   {again}");
    eprintln!(
        "memory of the process: {} MiB before, {} MiB after, {} MiB at most",
        before >> 20,
        after >> 20,
        heap::peak() >> 20
    );
    if !conclusion.has_failed() {
        show.runtime
            .block_on(async { show.stage.lock().await.never_failed() });
        assert!(
            after < before + RESIDENT_SLACK,
            "the process has kept memory"
        );
    }
    conclusion.exit();
}

fn trials(rows: Vec<Row>, show: Option<&Arc<Show>>) -> Vec<Trial> {
    let trial = |row: Row| {
        let show = show.cloned();
        Trial::test(row.name.clone(), move || match show {
            Some(show) => attack(&show, &row),
            None => Ok(()),
        })
    };
    rows.into_iter().map(trial).collect()
}

/// The first time finds what is made once; if something stays, the second time shows whether it stays each time.
fn attack(show: &Show, row: &Row) -> Result<(), Failed> {
    match once(show, row, Duration::from_secs(5))? {
        Ok(()) => Ok(()),
        Err(_) => {
            Ok(once(show, row, PATIENCE)?
                .inspect_err(|fault| eprintln!("{}: {fault}", row.name))?)
        }
    }
}

/// What came of an attack, and then of what it took.
fn once(show: &Show, row: &Row, patience: Duration) -> Result<Result<(), String>, Failed> {
    let (made, cleaned) = show.runtime.block_on(async {
        let mut stage = show.stage.lock().await;
        let made = stage.attack(row).await;
        (made, stage.clean(row, patience).await)
    });
    let made = made.inspect_err(|fault| eprintln!("{}: {fault}", row.name))?;
    eprintln!(
        "{}: {}; the neighbour: {}",
        row.name, made.outcome, made.times
    );
    show.beside.lock().unwrap().extend(made.times);
    Ok(cleaned)
}
