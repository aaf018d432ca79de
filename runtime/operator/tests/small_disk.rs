//! A disk that takes half a record and no more. A program of its own, because the limit on the size of files that
//! stands in for such a disk holds for the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::Path;

use hookbox_operator::journal::{Journal, JournalSettings, RunEntry, RunResult, Timings, read};
use hookbox_sandbox::{LogLevel, LogRecord, RunInput, Usage};
use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Sent to a process that goes over the limit; it ends one that does not handle it.
const SIGXFSZ: i32 = 25;

fn entry(id: &str) -> RunEntry {
    RunEntry {
        id: id.to_owned(),
        hook: "pods".into(),
        queue: "main".into(),
        attempt: 1,
        component: "sha256:00".into(),
        input: RunInput::default(),
        secret_bindings: Default::default(),
        effects: None,
        surviving: None,
        patches: Vec::new(),
        result: RunResult::success(),
        log: vec![LogRecord {
            level: LogLevel::Info,
            message: "x".repeat(5000),
            fields: Vec::new(),
        }]
        .into(),
        timings: Timings {
            queued: Timestamp::UNIX_EPOCH,
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
        },
        usage: Usage::default(),
        reads: Vec::new(),
        requests: Vec::new(),
        missing_grants: Vec::new(),
    }
}

/// Files may have so many bytes from here on.
fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

fn ids(folder: &Path) -> Vec<String> {
    let records = read(folder).unwrap();
    records.map(|record| record.unwrap().id).collect()
}

#[tokio::test]
async fn a_record_that_fits_in_part_leaves_nothing_of_itself() {
    let _handled = signal(SignalKind::from_raw(SIGXFSZ)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("runs-00000001.jsonl");
    let journal = Journal::open(dir.path(), JournalSettings::default()).unwrap();
    journal.record(entry("a"));
    journal.flush().await;
    let before = std::fs::read_to_string(&file).unwrap();

    limit(Some(before.len() as u64 + 100));
    for id in ["b", "c"] {
        journal.record(entry(id));
    }
    journal.flush().await;
    let full = std::fs::read_to_string(&file).unwrap();
    limit(None);
    assert_eq!((journal.written(), journal.dropped()), (1, 2));
    assert!(full == before, "something is left of a record");

    journal.record(entry("d"));
    journal.flush().await;
    assert_eq!((journal.written(), journal.dropped()), (2, 2));
    assert_eq!(ids(dir.path()), ["a", "d"]);
    let text = std::fs::read_to_string(&file).unwrap();
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("whole lines only");
    }
}
