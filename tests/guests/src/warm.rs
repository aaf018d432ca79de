//! What a hook's instance keeps from one run to the next, where it is kept; and what it must not be able to.

use std::cell::{Cell, RefCell};

use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::object_patches::{self as patches, CreateMode};
use crate::hookbox::hook::snapshots::{self, Snapshot};
use crate::hookbox::hook::values;
use crate::{Answer, BindingContext, failed};

pub const NAMES: &[&str] = &[
    "warm-count",
    "warm-other",
    "warm-effects",
    "warm-snapshot",
    "warm-drops-late",
    "warm-context",
    "warm-timer",
    "warm-hoard",
    "warm-grow",
    "warm-trap",
    "warm-fail",
    "warm-sleep",
    "warm-nap",
    "warm-calls",
    "warm-work",
];

thread_local! {
    static RUNS: Cell<u32> = const { Cell::new(0) };
    static SNAPSHOTS: RefCell<Vec<Snapshot>> = const { RefCell::new(Vec::new()) };
    static CONTEXTS: RefCell<Vec<BindingContext>> = const { RefCell::new(Vec::new()) };
    static TIMERS: RefCell<Vec<wasip2::io::poll::Pollable>> = const { RefCell::new(Vec::new()) };
    static HEAP: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// How many runs this instance had, this one included.
pub fn count() -> u32 {
    RUNS.set(RUNS.get() + 1);
    RUNS.get()
}

fn say(message: impl AsRef<str>) {
    log::log(Level::Info, message.as_ref(), &[]);
}

fn open() -> Result<Snapshot, crate::Error> {
    snapshots::open("pods").ok_or_else(|| failed("no snapshot"))
}

pub fn run(hook: &str, contexts: Vec<BindingContext>) -> Answer {
    let count = count();
    match hook {
        "warm-count" | "warm-other" => say(count.to_string()),
        "warm-effects" => {
            // The handle of standard output is opened once, at the first line.
            println!("out {count}");
            eprintln!("err {count}");
            say(format!("said {count}"));
            say(format!(
                "{:?}",
                values::get("/m/run").map_err(|r| failed(r.message))?
            ));
            values::set("/m/run", &count.to_string()).map_err(|r| failed(r.message))?;
            let name = format!(
                r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"run-{count}"}}}}"#
            );
            patches::create(&name, CreateMode::ReplaceExisting).map_err(|r| failed(r.message))?;
            say(format!("{} pods", open()?.len()));
            let now = std::time::SystemTime::now();
            let now = now
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default();
            say(format!("{now:?}"));
        }
        // Used in the run after the one that opened it.
        "warm-snapshot" => SNAPSHOTS.with_borrow_mut(|held| {
            for snapshot in &*held {
                say(format!("{} pods", snapshot.len()));
            }
            held.push(open()?);
            Ok::<_, crate::Error>(())
        })?,
        "warm-context" => CONTEXTS.with_borrow_mut(|held| {
            for context in &*held {
                say(context.to_json());
            }
            held.extend(contexts);
        }),
        // Given back late, as the garbage collector of a language does: after another was opened.
        "warm-drops-late" => SNAPSHOTS.with_borrow_mut(|held| {
            let now = open()?;
            held.clear();
            say(format!("{} pods", now.len()));
            held.push(now);
            Ok::<_, crate::Error>(())
        })?,
        "warm-timer" => TIMERS.with_borrow_mut(|held| {
            held.push(wasip2::clocks::monotonic_clock::subscribe_duration(1));
        }),
        "warm-hoard" => SNAPSHOTS.with_borrow_mut(|held| {
            for _ in 0..30 {
                held.push(open()?);
            }
            say(held.len().to_string());
            Ok::<_, crate::Error>(())
        })?,
        "warm-grow" => HEAP.with_borrow_mut(|held| {
            held.push(vec![count as u8; 6 << 20]);
            say(count.to_string());
        }),
        "warm-trap" if count == 2 => panic!("the second"),
        "warm-fail" if count == 2 => return Err(failed("the second")),
        "warm-sleep" if count == 2 => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "warm-nap" if count > 1 => std::thread::sleep(std::time::Duration::from_millis(100)),
        "warm-calls" => {
            for _ in 0..600 {
                let _ = values::exists("/m");
            }
        }
        // About 50 ms of the processor, less where others have it too.
        "warm-work" => {
            let begin = std::time::Instant::now();
            while begin.elapsed() < std::time::Duration::from_millis(50) {
                for step in 0..1_000_000 {
                    std::hint::black_box(step);
                }
            }
        }
        _ => {}
    }
    Ok(())
}
