mod disk;
mod records;

use std::collections::BTreeSet;

use hookbox_sandbox::{
    Context, Effects, Entry, LogLevel, LogRecord, ObjectPatch, RunInput, Snapshot, Usage,
};
use jiff::Timestamp;
use serde_json::json;

use super::*;

fn entry(id: &str) -> RunEntry {
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
    RunEntry {
        id: id.to_owned(),
        hook: "pods.wasm".into(),
        queue: "main".into(),
        attempt: 2,
        component: "sha256:00".into(),
        input: RunInput {
            contexts: vec![Context {
                binding: "onStartup".into(),
                ..Context::default()
            }],
            ..RunInput::default()
        },
        secret_bindings: BTreeSet::new(),
        effects: Some(Arc::new(Effects {
            object_patches: vec![ObjectPatch::Create {
                object: json!({"kind": "ConfigMap"}),
            }],
            ..Effects::default()
        })),
        surviving: None,
        patches: vec![],
        result: RunResult::success(),
        log: vec![LogRecord {
            level: LogLevel::Info,
            message: "hello".into(),
            fields: vec![("a".into(), "b".into())],
        }]
        .into(),
        timings: Timings {
            queued: at(0),
            started: at(1),
            finished: at(2),
        },
        usage: Usage {
            memory: 65536,
            ..Usage::default()
        },
        reads: vec![],
        requests: vec![],
        missing_grants: vec![],
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn ids(folder: &Path) -> Vec<String> {
    read(folder).unwrap().map(|r| r.unwrap().id).collect()
}

async fn write(
    folder: &Path,
    settings: JournalSettings,
    ids: impl IntoIterator<Item = String>,
) -> Journal {
    let journal = Journal::open(folder, settings).unwrap();
    for id in ids {
        journal.record(entry(&id));
        journal.flush().await;
    }
    journal
}
