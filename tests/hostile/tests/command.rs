//! The `hookbox` command in the hands of somebody who tries a hostile file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::path::PathBuf;
use std::time::Duration;

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::{Finished, Program, scratch};
use tempfile::TempDir;

/// A folder with the guest of attacks, and a cache for all tests.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = scratch();
        let attacks = hookbox_guest_builder::attacks().unwrap_or_else(|error| panic!("{error}"));
        std::fs::write(folder.path().join("attacks.wasm"), attacks).unwrap();
        std::fs::write(folder.path().join("object.json"), "{}").unwrap();
        Self { folder }
    }

    fn command(&self, arguments: &[&str]) -> Program {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("components");
        hookbox(arguments.iter().copied())
            .folder(self.folder.path())
            .env("HOOKBOX_CACHE_DIR", cache)
            .limit(Duration::from_secs(120))
    }

    async fn exec(&self, hook: &str, flags: &[&str]) -> Finished {
        let exec = [
            "exec",
            "attacks.wasm",
            "--hook",
            hook,
            "--trigger",
            "onStartup",
        ];
        self.command(&exec).args(flags.iter().copied()).run().await
    }
}

#[tokio::test]
async fn a_run_ends_at_its_limits_and_says_which() {
    let place = Place::new();
    for (hook, flags, says) in [
        ("loop", &["--cpu-time", "100ms"][..], "CPU time limit"),
        ("memory", &["--memory", "32"], "memory limit"),
        ("recursion", &[], "stack limit"),
        ("trap", &[], "trapped"),
        ("hoarded", &["--snapshots", "object.json"], "no pods"),
        ("million-metrics", &[], "effects limit"),
        ("empty-fields", &[], "log bytes limit"),
    ] {
        let finished = place.exec(hook, flags).await.expect_code(1);
        assert!(
            finished.stderr.contains(says),
            "{hook}: {}",
            finished.stderr
        );
    }
    let finished = place.exec("files", &[]).await.expect_code(0);
    assert!(
        finished.stdout.contains("result: ok"),
        "{}",
        finished.stdout
    );
}

/// A hook's words do nothing to the terminal of who reads them, colours or not.
#[tokio::test]
async fn words_are_only_words() {
    let place = Place::new();
    for color in ["always", "never"] {
        let finished = place
            .exec("terminal", &["--color", color])
            .await
            .expect_code(1);
        let all = format!("{}{}", finished.stderr, finished.stdout);
        for bad in [
            "\u{1b}]",
            "\u{1b}[2J",
            "\u{1b}[1A",
            "\u{1b}[8m",
            "\u{9b}",
            "\r",
            "\u{7}",
        ] {
            assert!(!all.contains(bad), "{bad:?} in {all:?}");
        }
        assert!(all.contains("Finished all is well"), "{all:?}");
    }
}

#[tokio::test]
async fn filters_that_run_away_are_stopped() {
    let place = Place::new();
    let deep = "[".repeat(20_000);
    for filter in [
        "def f: f; f",
        "[range(1e12)]",
        "reduce range(1e9) as $i (\"\"; . + \"x\")",
        "def f: [f]; f",
        "last(repeat(1))",
        "[limit(1e9; repeat(\"x\"))] | add",
        "try error(\"x\" * 1e9) catch .",
        deep.as_str(),
    ] {
        let finished = place
            .command(&["try", "jq", filter, "object.json"])
            .run()
            .await;
        let short: String = filter.chars().take(40).collect();
        assert!(
            matches!(finished.code, Some(0 | 1)),
            "{short}: {:?} {}",
            finished.code,
            finished.stderr
        );
        assert!(finished.stdout.len() < 1 << 20, "{short}");
    }
}

#[tokio::test]
async fn files_that_are_no_components_are_refused() {
    let place = Place::new();
    for (name, bytes) in [
        ("empty.wasm", Vec::new()),
        ("text.wasm", b"#!/bin/sh\n".to_vec()),
        ("zeros.wasm", vec![0; 1 << 20]),
        (
            "cut.wasm",
            b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\x0f".to_vec(),
        ),
    ] {
        std::fs::write(place.folder.path().join(name), bytes).unwrap();
        for command in ["check", "inspect"] {
            let finished = place.command(&[command, name]).run().await.expect_code(1);
            assert!(
                finished.stderr.contains("not a WebAssembly component")
                    || finished.stderr.contains("not a valid component"),
                "{command} {name}: {}",
                finished.stderr
            );
        }
    }
}
