use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

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

#[tokio::test]
async fn a_run_is_recorded_and_reads_back() {
    let dir = folder();
    let dir = dir.path().join("made/when/missing");
    let journal = write(&dir, JournalSettings::default(), ["a".to_owned()]).await;
    assert_eq!((journal.written(), journal.dropped()), (1, 0));
    let record = read(&dir).unwrap().next().unwrap().unwrap();
    assert_eq!(
        (
            record.id.as_str(),
            record.hook.as_str(),
            record.queue.as_str(),
            record.attempt
        ),
        ("a", "pods.wasm", "main", 2)
    );
    assert_eq!(record.contexts, json!([{"binding": "onStartup"}]));
    assert_eq!(
        record.effects,
        Some(json!({"objectPatches": [{"operation": "Create", "object": {"kind": "ConfigMap"}}]}))
    );
    assert_eq!(record.result, RunResult::success());
    assert_eq!(record.log[0].message, "hello");
    assert_eq!(record.usage.memory, 65536);
    assert_eq!(
        record.timings.finished.as_second() - record.timings.queued.as_second(),
        2
    );
    assert!(record.left_out.is_empty() && record.values.is_none());
}

#[tokio::test]
async fn only_the_owner_can_read_it() {
    let dir = folder();
    let dir = dir.path().join("journal");
    let _journal = write(&dir, JournalSettings::default(), ["a".to_owned()]).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("runs-00000001.jsonl")), 0o600);
}

#[tokio::test]
async fn secrets_are_replaced_unless_they_shall_be_kept() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "c2VzYW0="}});
    let secret_entry = || {
        let item = Entry {
            object: Some(secret.to_string().into()),
            filter_result: None,
        };
        let watched = Entry {
            object: None,
            filter_result: Some("\"c2VzYW0=\"".into()),
        };
        let mut entry = entry("a");
        entry.input.contexts = vec![Context {
            binding: "plain".into(),
            kind: Some("Synchronization".into()),
            objects: Some(Arc::new(vec![item.clone()]) as Arc<dyn Snapshot>),
            snapshot_names: Some(vec!["plain".into(), "watched".into()]),
            ..Context::default()
        }];
        entry
            .input
            .snapshots
            .insert("plain".into(), Arc::new(vec![item]));
        entry
            .input
            .snapshots
            .insert("watched".into(), Arc::new(vec![watched]));
        entry.secret_bindings.insert("watched".into());
        entry.effects = Some(Arc::new(Effects {
            object_patches: vec![ObjectPatch::CreateOrUpdate {
                object: secret.clone(),
            }],
            ..Effects::default()
        }));
        entry
    };
    for (keep_secrets, there) in [(false, 0), (true, 4)] {
        let dir = folder();
        let journal = Journal::open(
            dir.path(),
            JournalSettings {
                keep_secrets,
                ..JournalSettings::default()
            },
        )
        .unwrap();
        journal.record(secret_entry());
        journal.flush().await;
        let text = std::fs::read_to_string(dir.path().join("runs-00000001.jsonl")).unwrap();
        assert_eq!(text.matches("c2VzYW0=").count(), there, "{text}");
    }
}

#[tokio::test]
async fn files_are_rotated_by_size_and_only_some_are_kept() {
    let dir = folder();
    let settings = JournalSettings {
        file_bytes: 1,
        files: 3,
        ..JournalSettings::default()
    };
    let _journal = write(dir.path(), settings, (0..10).map(|i| i.to_string())).await;
    assert_eq!(ids(dir.path()), ["7", "8", "9"]);
    let files = files::list(dir.path()).unwrap();
    assert_eq!(
        files.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
        [8, 9, 10]
    );
}

#[tokio::test]
async fn a_record_that_was_cut_off_is_left_out_and_the_next_start_goes_on() {
    let dir = folder();
    write(dir.path(), JournalSettings::default(), ["a".to_owned()])
        .await
        .close(Duration::from_secs(60))
        .await;
    let path = dir.path().join("runs-00000001.jsonl");
    let whole = std::fs::read(&path).unwrap();
    // The process was killed in the middle of a line.
    let mut torn = whole.clone();
    torn.extend_from_slice(&whole[..whole.len() / 2]);
    std::fs::write(&path, torn).unwrap();
    assert_eq!(ids(dir.path()), ["a"]);
    let _journal = write(dir.path(), JournalSettings::default(), ["b".to_owned()]).await;
    assert_eq!(ids(dir.path()), ["a", "b"]);
}

#[tokio::test]
async fn a_line_that_is_no_record_is_reported_and_the_rest_is_read() {
    let dir = folder();
    write(dir.path(), JournalSettings::default(), ["a".to_owned()])
        .await
        .close(Duration::from_secs(60))
        .await;
    let path = dir.path().join("runs-00000001.jsonl");
    let mut text = b"{\"version\":1}\nnonsense\n".to_vec();
    text.extend(std::fs::read(&path).unwrap());
    std::fs::write(&path, text).unwrap();
    let all: Vec<_> = read(dir.path()).unwrap().collect();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].as_ref().unwrap_err().code(), "journal-line");
    assert!(
        all[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .starts_with("journal: line 2 of ")
    );
    assert_eq!(all[2].as_ref().unwrap().id, "a");
}

#[tokio::test]
async fn a_full_disk_loses_records_and_nothing_else() {
    let dir = folder();
    std::os::unix::fs::symlink("/dev/full", dir.path().join("runs-00000001.jsonl")).unwrap();
    let journal = write(
        dir.path(),
        JournalSettings::default(),
        (0..3).map(|i| i.to_string()),
    )
    .await;
    assert_eq!((journal.written(), journal.dropped()), (0, 3));
    journal.close(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn a_slow_disk_loses_records_and_does_not_hold_up_runs() {
    let dir = folder();
    // A pipe that nobody reads from takes 64 KiB and then blocks for ever.
    let pipe = dir.path().join("runs-00000001.jsonl");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let journal = Journal::open(
        dir.path(),
        JournalSettings {
            queue: 4,
            ..JournalSettings::default()
        },
    )
    .unwrap();
    let mut big = entry("big");
    big.log = vec![LogRecord {
        level: LogLevel::Info,
        message: "x".repeat(1 << 20),
        fields: vec![],
    }]
    .into();
    for _ in 0..50 {
        journal.record(big.clone());
    }
    // One is being written, four wait.
    assert!(journal.dropped() >= 45, "{}", journal.dropped());
    assert_eq!(journal.written(), 0);
    // Let it end: take what it wrote until the pipe is closed.
    let reader = std::thread::spawn(move || {
        std::io::copy(
            &mut std::fs::File::open(pipe).unwrap(),
            &mut std::io::sink(),
        )
    });
    journal.close(Duration::from_secs(60)).await;
    drop(journal);
    reader.join().unwrap().unwrap();
}

#[tokio::test]
async fn bytes_that_wait_are_bounded() {
    let dir = folder();
    let pipe = dir.path().join("runs-00000001.jsonl");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let journal = Journal::open(
        dir.path(),
        JournalSettings {
            queue_bytes: 3 << 20,
            ..JournalSettings::default()
        },
    )
    .unwrap();
    let mut big = entry("big");
    big.log = vec![LogRecord {
        level: LogLevel::Info,
        message: "x".repeat(1 << 20),
        fields: vec![],
    }]
    .into();
    for _ in 0..10 {
        journal.record(big.clone());
    }
    assert_eq!(
        journal.dropped(),
        8,
        "two of a bit more than 1 MiB fit into 3 MiB"
    );
    let reader = std::thread::spawn(move || {
        std::io::copy(
            &mut std::fs::File::open(pipe).unwrap(),
            &mut std::io::sink(),
        )
    });
    journal.close(Duration::from_secs(60)).await;
    drop(journal);
    reader.join().unwrap().unwrap();
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_said_clearly() {
    let dir = folder();
    let path = dir.path().join("file");
    std::fs::write(&path, "").unwrap();
    let error = Journal::open(&path, JournalSettings::default()).unwrap_err();
    assert_eq!(error.code(), "journal-io");
    assert_eq!(
        error.to_string(),
        format!("journal: cannot make the folder {}", path.display())
    );
}

#[tokio::test]
async fn two_processes_do_not_share_a_folder() {
    let dir = folder();
    let first = Journal::open(dir.path(), JournalSettings::default()).unwrap();
    assert_eq!(
        Journal::open(dir.path(), JournalSettings::default())
            .unwrap_err()
            .code(),
        "journal-in-use"
    );
    first.close(Duration::from_secs(60)).await;
    drop(first);
    assert!(Journal::open(dir.path(), JournalSettings::default()).is_ok());
}

#[tokio::test]
async fn a_record_that_is_too_great_loses_its_contexts_first() {
    let dir = folder();
    let journal = Journal::open(
        dir.path(),
        JournalSettings {
            record_bytes: 4096,
            ..JournalSettings::default()
        },
    )
    .unwrap();
    let big: Arc<str> = json!({"x": "y".repeat(10_000)}).to_string().into();
    let mut contexts = entry("contexts");
    contexts.input.contexts = vec![Context {
        binding: "a".into(),
        kind: Some("Event".into()),
        object: Some(big),
        ..Context::default()
    }];
    let mut log = entry("log");
    log.log = vec![LogRecord {
        level: LogLevel::Info,
        message: "x".repeat(10_000),
        fields: vec![],
    }]
    .into();
    let mut hopeless = entry("hopeless");
    hopeless.hook = "h".repeat(10_000);
    for entry in [contexts, log, hopeless] {
        journal.record(entry);
    }
    journal.flush().await;
    let records: Vec<_> = read(dir.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(
        records
            .iter()
            .map(|r| (r.id.as_str(), r.left_out.join(",")))
            .collect::<Vec<_>>(),
        [
            ("contexts", "contexts".to_owned()),
            ("log", "contexts,effects,log".to_owned())
        ]
    );
    assert!(records[0].effects.is_some() && records[0].contexts.is_null());
    assert_eq!(journal.dropped(), 1);
}

#[tokio::test]
async fn after_closing_records_are_counted_as_lost() {
    let dir = folder();
    let journal = write(dir.path(), JournalSettings::default(), ["a".to_owned()]).await;
    journal.close(Duration::from_secs(60)).await;
    journal.record(entry("b"));
    journal.flush().await;
    assert_eq!((journal.written(), journal.dropped()), (1, 1));
    assert_eq!(ids(dir.path()), ["a"]);
}

#[test]
fn failures_are_recorded_with_their_code() {
    let error = hookbox_sandbox::RunError::NoSuchHook("x".into());
    let result = RunResult::run_failed(&error);
    assert_eq!(
        (result.outcome, result.code.as_deref()),
        (RunOutcome::RunFailed, Some("no-such-hook"))
    );
    assert_eq!(
        serde_json::to_value(&result).unwrap(),
        json!({"outcome": "run-failed", "code": "no-such-hook", "message": "the component has no hook `x`"})
    );
}
