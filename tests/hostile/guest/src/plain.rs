//! Attacks that need nothing of the host, so that every export can make them.

use std::hint::black_box;

use crate::{Answer, failed};

pub const NAMES: &[&str] = &[
    "loop",
    "trap",
    "memory",
    "recursion",
    "exit",
    "giant-error",
    "sleep",
];

pub fn run(hook: &str) -> Option<Answer> {
    match hook {
        "loop" => loop {
            black_box(());
        },
        "trap" => std::process::abort(),
        "memory" => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            loop {
                held.push(black_box(vec![1; 1 << 20]));
            }
        }
        "recursion" => {
            black_box(deeper(1));
        }
        "exit" => std::process::exit(0),
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "giant-error" => return Some(Err(failed("e".repeat(4 << 20)))),
        _ => return None,
    }
    Some(Ok(()))
}

#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth) + 1)) + 1
}
