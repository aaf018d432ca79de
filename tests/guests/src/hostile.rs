//! What a hook must not be able to do to anybody but itself.

use std::hint::black_box;
use std::time::Duration;

use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::object_patches::{self as patches, CreateMode};
use crate::hookbox::hook::{contexts, metrics, snapshots, values};
use crate::{Answer, failed};

pub const NAMES: &[&str] = &[
    "loop",
    "memory",
    "memory-polite",
    "values-flood",
    "values-deep",
    "print-flood",
    "error-flood",
    "log-flood",
    "effect-flood",
    "metric-flood",
    "giant-effect",
    "giant-effects",
    "giant-log",
    "many-values",
    "recursion",
    "recursion-frames",
    "panic",
    "trap",
    "exit",
    "sleep",
    "naps",
    "call-flood",
    "wasi-flood",
    "hoard-snapshots",
    "range-flood",
];

pub fn run(hook: &str, _contexts: usize) -> Option<Answer> {
    match hook {
        "loop" => loop {
            black_box(());
        },
        "memory" => memory(),
        "values-flood" => values_flood(),
        "values-deep" => return Some(values_deep()),
        "memory-polite" => return Some(memory_polite()),
        "print-flood" => print_flood(),
        "error-flood" => error_flood(),
        "log-flood" => log_flood(),
        "effect-flood" => effect_flood(),
        "metric-flood" => metric_flood(),
        "giant-effect" => giant_effect(64 << 20),
        "giant-effects" => giant_effects(),
        "giant-log" => log::log(Level::Info, &"x".repeat(2 << 20), &[]),
        "many-values" => many_values(),
        "recursion" => drop(black_box(recursion(1))),
        "recursion-frames" => drop(black_box(recursion_frames(&[1; 256]))),
        "panic" => panic!("of my own making"),
        "trap" => std::process::abort(),
        "exit" => std::process::exit(0),
        "sleep" => std::thread::sleep(Duration::from_secs(3600)),
        "naps" => loop {
            std::thread::sleep(Duration::from_millis(1));
        },
        "call-flood" => call_flood(),
        "wasi-flood" => loop {
            black_box(std::time::Instant::now());
        },
        "hoard-snapshots" => hoard_snapshots(),
        "range-flood" => range_flood(),
        _ => return None,
    }
    Some(Ok(()))
}

fn memory() {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(vec![1; 1 << 20]));
    }
}

/// Ask for too much, take no for an answer, and go on.
fn memory_polite() -> Answer {
    let mut wanted: Vec<u8> = Vec::new();
    match wanted.try_reserve_exact(1 << 30) {
        Ok(()) => Err(failed("got a gigabyte")),
        Err(_) => Ok(()),
    }
}

fn print_flood() {
    for _ in 0..200_000 {
        println!("flood flood flood");
    }
}

fn error_flood() {
    for number in 0..200_000 {
        eprintln!("line {number}");
    }
    panic!("after the flood");
}

fn log_flood() {
    loop {
        log::log(Level::Info, "flood", &[]);
    }
}

const MANIFEST: &str = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;

fn effect_flood() {
    loop {
        let _ = patches::create(MANIFEST, CreateMode::FailIfExists);
    }
}

fn metric_flood() {
    loop {
        let _ = metrics::add("flood", 1.0, &[], None);
    }
}

fn manifest(size: usize) -> String {
    let data = "x".repeat(size);
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"d":"{data}"}}}}"#
    )
}

fn giant_effect(size: usize) {
    let _ = patches::create(&manifest(size), CreateMode::FailIfExists);
}

fn giant_effects() {
    let manifest = manifest(1 << 20);
    loop {
        let _ = patches::create(&manifest, CreateMode::FailIfExists);
    }
}

/// Little text, large tree.
fn many_values() {
    let _ = values::set("/a", &format!("[{}0]", "0,".repeat(7 << 20)));
}

/// Endless, and with no frame in linear memory: the native stack ends first.
#[allow(unconditional_recursion)]
fn recursion(depth: u64) -> u64 {
    black_box(recursion(black_box(depth) + 1)) + 1
}

/// Endless, and with a frame in linear memory: the guest's own stack ends first.
#[allow(unconditional_recursion)]
fn recursion_frames(above: &[u64; 256]) -> u64 {
    let frame = black_box([above[0] + 1; 256]);
    black_box(recursion_frames(&frame)) + frame[1]
}

/// Two lists in turn, each write recorded with the whole list.
fn values_flood() {
    let _ = values::set("/m/other", "[]");
    loop {
        let _ = values::set("/m/list/-", "0");
        let _ = values::set("/m/other/-", "0");
    }
}

/// Deeper and deeper, until it is refused.
fn values_deep() -> Answer {
    let mut path = String::from("/m");
    loop {
        path.push_str("/d");
        if let Err(refusal) = values::set(&path, "{}") {
            log::log(
                Level::Info,
                &format!("{} at {}", refusal.code, path.len() / 2),
                &[],
            );
            return Ok(());
        }
    }
}

fn call_flood() {
    loop {
        let _ = black_box(values::exists("/a"));
    }
}

fn hoard_snapshots() {
    let mut held: Vec<contexts::Snapshot> = Vec::new();
    while let Some(snapshot) = snapshots::open("pods") {
        held.push(snapshot);
    }
}

fn range_flood() {
    if let Some(pods) = snapshots::open("pods") {
        loop {
            black_box(pods.range(0, u32::MAX));
        }
    }
}
