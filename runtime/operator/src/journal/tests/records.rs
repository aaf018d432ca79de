//! What a record holds.

use hookbox_sandbox::effects::{ObjectRef, PatchOptions};

use super::*;

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
    assert_eq!(record.contexts.value(), json!([{"binding": "onStartup"}]));
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
async fn numbers_of_any_size_stay_whole() {
    let dir = folder();
    let journal = Journal::open(dir.path(), JournalSettings::default()).unwrap();
    let mut numbers = entry("numbers");
    let number = "123456789012345678901234567890";
    numbers.input.contexts = vec![Context {
        binding: "a".into(),
        filter_result: Some(number.into()),
        ..Context::default()
    }];
    journal.record(numbers);
    journal.flush().await;
    let records: Vec<_> = read(dir.path()).unwrap().map(Result::unwrap).collect();
    let written = format!(r#"[{{"binding":"a","filterResult":{number}}}]"#);
    assert_eq!(records[0].contexts.text(), written);
}

#[tokio::test]
async fn a_snapshot_that_is_larger_than_a_record_is_not_even_read() {
    /// Says how large it is, and must not be read.
    struct Large;
    impl Snapshot for Large {
        fn len(&self) -> usize {
            panic!("it was read")
        }
        fn entry(&self, _: usize) -> Option<Entry> {
            panic!("it was read")
        }
        fn json_bytes(&self) -> u64 {
            200 << 20
        }
    }
    let dir = folder();
    let journal = Journal::open(dir.path(), JournalSettings::default()).unwrap();
    let mut large = entry("large");
    large.input.contexts = vec![Context {
        binding: "a".into(),
        snapshot_names: Some(vec!["a".into()]),
        ..Context::default()
    }];
    large.input.snapshots.insert("a".into(), Arc::new(Large));
    journal.record(large);
    journal.flush().await;
    let records: Vec<_> = read(dir.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(records[0].left_out, ["contexts"]);
    assert!(records[0].effects.is_some());
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
async fn patches_that_survive_a_failure_are_recorded_and_redacted() {
    let object = ObjectRef {
        kind: "Secret".into(),
        name: "s".into(),
        ..ObjectRef::default()
    };
    let patch = ObjectPatch::MergePatch {
        object,
        patch: json!({"data": {"password": "c2VzYW0="}, "status": {"x": "y".repeat(500)}}),
        options: PatchOptions {
            subresource: Some("status".into()),
            ignore_missing_object: false,
            ignore_hook_error: true,
        },
    };
    let mut entry = entry("a");
    entry.effects = None;
    entry.surviving = Some(Arc::new(Effects {
        object_patches: vec![patch],
        ..Effects::default()
    }));
    let record = |limit| {
        let redactor = redact::Redactor::new().unwrap();
        let text = entry.render(Some(&redactor), limit).unwrap();
        let record: RunRecord = serde_json::from_slice(&text).unwrap();
        record
    };
    let whole = record(usize::MAX);
    assert!(whole.effects.is_none() && whole.left_out.is_empty());
    let patches = whole.surviving_patches.unwrap();
    assert_eq!(patches[0]["operation"], "MergePatch");
    assert_eq!(patches[0]["ignoreHookError"], true);
    let password = patches[0]["mergePatch"]["data"]["password"].as_str();
    assert!(password.unwrap().starts_with("redacted:"), "{patches}");
    let small = record(800);
    assert_eq!(small.left_out, ["contexts", "survivingPatches"]);
    assert_eq!((small.surviving_patches, small.log.len()), (None, 1));
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
