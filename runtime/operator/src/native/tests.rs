use std::os::unix::fs::PermissionsExt;

use hookbox_sandbox::{AdmissionResponse, Context, Limit, LogLevel};
use serde_json::Value;
use tempfile::TempDir;

use super::*;

/// A hooks folder with one executable, and a folder for its files.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir };
        let path = place.path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("hooks/sub/My hook.sh")
    }

    fn tmp(&self) -> PathBuf {
        self.dir.path().join("tmp")
    }

    async fn describe(&self) -> Result<(Native, String), NativeError> {
        let mut settings = NativeSettings::new(self.tmp());
        settings.time = Duration::from_secs(20);
        self.describe_with(settings).await
    }

    async fn describe_with(
        &self,
        settings: NativeSettings,
    ) -> Result<(Native, String), NativeError> {
        let hooks = self.dir.path().join("hooks");
        Native::describe(&self.path(), "sub/My hook.sh", &hooks, Arc::new(settings)).await
    }
}

/// What a script answers that is first asked for its configuration, which is empty.
async fn ask(script: &str, ask: Ask) -> (Run, Option<Answer>) {
    let place = Place::new(&format!("[ \"$1\" = --config ] && exit 0\n{script}"));
    let (native, _) = place.describe().await.unwrap();
    let result = native
        .ask(&ask, &startup(), &Budget::default(), &mut |_| {})
        .await;
    let left: Vec<_> = std::fs::read_dir(place.tmp()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    result
}

fn startup() -> RunInput {
    RunInput {
        contexts: vec![Context {
            binding: "onStartup".to_owned(),
            ..Context::default()
        }],
        ..RunInput::default()
    }
}

fn message((run, answer): (Run, Option<Answer>)) -> String {
    assert_eq!(answer, None);
    run.result.unwrap_err().to_string()
}

#[tokio::test]
async fn the_configuration_is_what_is_printed_for_config_in_the_hooks_folder() {
    let place = Place::new("pwd; echo \"$# $1\"; echo unheard >&2");
    let (native, config) = place.describe().await.unwrap();
    let hooks = place.dir.path().join("hooks").canonicalize().unwrap();
    assert_eq!(config, format!("{}\n1 --config\n", hooks.display()));
    assert!(native.digest().starts_with("sha256:"));

    let failed = Place::new("echo 'no jq' >&2; exit 3").describe().await;
    let failed = failed.unwrap_err();
    assert_eq!(failed.code(), "native-failed");
    assert_eq!(
        failed.to_string(),
        "`--config` failed: exit status: 3: no jq"
    );
    let endless = Place::new(
        "while echo 0123456789012345678901234567890123456789; do :; done | head -c 2000000",
    );
    assert_eq!(
        endless.describe().await.unwrap_err().code(),
        "native-too-long"
    );
    let place = Place::new("");
    std::fs::write(place.path(), "no program").unwrap();
    assert_eq!(place.describe().await.unwrap_err().code(), "native-start");
}

#[tokio::test]
async fn a_run_is_told_by_files_and_answers_by_files() {
    let script = r#"
        [ $# = 0 ] || exit 9
        pwd; cat "$BINDING_CONTEXT_PATH" >&2
        [ "$VALIDATING_RESPONSE_PATH" = "$ADMISSION_RESPONSE_PATH" ] || exit 8
        for f in "$METRICS_PATH" "$CONVERSION_RESPONSE_PATH" "$ADMISSION_RESPONSE_PATH" "$KUBERNETES_PATCH_PATH"; do
            [ -f "$f" ] && [ ! -s "$f" ] || exit 7
        done
        echo '{"name": "m", "set": 1}' >"$METRICS_PATH"
        printf 'operation: Delete\nkind: Pod\nnamespace: n\nname: p\n' >"$KUBERNETES_PATCH_PATH"
        printf 'no end of line'
    "#;
    let (run, answer) = ask(script, Ask::Run).await;
    assert_eq!(answer, Some(Answer::Done));
    let effects = run.result.unwrap();
    assert_eq!(effects.metrics.len(), 1);
    assert_eq!(effects.object_patches.len(), 1);
    let lines = |level| -> Vec<String> {
        let log = run.log.iter();
        log.filter(|r| r.level == level)
            .map(|r| r.message.clone())
            .collect()
    };
    let out = lines(LogLevel::Info);
    assert!(out[0].ends_with("/hooks/sub"), "{out:?}");
    assert_eq!(out[1], "no end of line");
    let contexts: Value = serde_json::from_str(&lines(LogLevel::Warn)[0]).unwrap();
    assert_eq!(contexts, serde_json::json!([{"binding": "onStartup"}]));
    assert!(run.usage.memory > 0 && run.usage.wall_clock > Duration::ZERO);
}

#[tokio::test]
async fn of_a_failed_run_no_file_is_read() {
    let script = "echo nonsense >$KUBERNETES_PATCH_PATH; echo one >&2; echo two >&2; exit 2";
    assert_eq!(
        message(ask(script, Ask::Run).await),
        "exit status: 2: one\ntwo"
    );
    assert_eq!(
        message(ask("kill -9 $$", Ask::Run).await),
        "signal: 9 (SIGKILL)"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_the_run() {
    for (script, says) in [
        ("echo '{' >$METRICS_PATH", "metric file is invalid"),
        (
            "echo 'operation: Nothing' >$KUBERNETES_PATCH_PATH",
            "Nothing",
        ),
        ("rm $METRICS_PATH; mkfifo $METRICS_PATH", "no file any more"),
        (
            "head -c 40000000 /dev/zero >$KUBERNETES_PATCH_PATH",
            "more than 33554432 bytes",
        ),
    ] {
        let message = message(ask(script, Ask::Run).await);
        assert!(message.contains(says), "{script}: {message}");
    }
    let (run, _) = ask("rm $METRICS_PATH $KUBERNETES_PATCH_PATH", Ask::Run).await;
    assert!(run.result.unwrap().is_empty());
}

#[tokio::test]
async fn reviews_are_answered() {
    let review = || Ask::Mutate {
        binding: "b".to_owned(),
        request: "{}".to_owned(),
    };
    let says = |json: &str| format!("echo '{json}' >$ADMISSION_RESPONSE_PATH");
    let whole = says(
        r#"{"allowed": true, "message": "m", "warnings": ["w"], "patch": "W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2EifV0=", "more": 1}"#,
    );
    let (_, answer) = ask(&whole, review()).await;
    let expected = AdmissionResponse {
        allowed: true,
        message: Some("m".to_owned()),
        warnings: vec!["w".to_owned()],
        audit_annotations: Vec::new(),
        patch: Some(r#"[{"op":"remove","path":"/a"}]"#.into()),
    };
    assert_eq!(answer, Some(Answer::Admission(expected)));
    let (run, none) = ask("true", review()).await;
    assert!(run.result.is_ok() && none.is_none());
    for (json, wrong) in [
        ("nonsense", "invalid"),
        (r#"{"allowed": "yes"}"#, "invalid"),
        (r#"{"allowed": true, "patch": "!"}"#, "base64"),
        (r#"{"allowed": true, "patch": "e30="}"#, "no JSON array"),
    ] {
        let message = message(ask(&says(json), review()).await);
        assert!(message.contains(wrong), "{json}: {message}");
    }
}

#[tokio::test]
async fn objects_are_converted() {
    let convert = || Ask::Convert {
        binding: "b".to_owned(),
        from_version: "v1".to_owned(),
        to_version: "v2".to_owned(),
        objects: vec![r#"{"a":1}"#.to_owned()],
    };
    let says = |json: &str| format!("echo '{json}' >$CONVERSION_RESPONSE_PATH");
    let (_, answer) = ask(&says(r#"{"convertedObjects": [{"b": 1}]}"#), convert()).await;
    assert_eq!(
        answer,
        Some(Answer::Objects(vec![r#"{"b": 1}"#.to_owned()]))
    );
    assert_eq!(ask("true", convert()).await.1, None);
    for (json, wrong) in [
        (r#"{"failedMessage": "cannot"}"#, "cannot"),
        (r#"{"convertedObjects": []}"#, "0 objects for 1"),
        (r#"{"convertedObjects": [1]}"#, "not a JSON object"),
    ] {
        let message = message(ask(&says(json), convert()).await);
        assert!(message.contains(wrong), "{json}: {message}");
    }
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_killed_with_all_that_it_started() {
    let place = Place::new("[ \"$1\" = --config ] && exit 0\nsleep 1000 & echo $!; echo $$; wait");
    let mut settings = NativeSettings::new(place.tmp());
    settings.time = Duration::from_millis(300);
    let (native, _) = place.describe_with(settings).await.unwrap();
    let (run, _) = native
        .ask(&Ask::Run, &startup(), &Budget::default(), &mut |_| {})
        .await;
    let error = run.result.unwrap_err();
    assert!(
        matches!(
            error,
            RunError::Limit {
                limit: Limit::WallClock,
                allowed: 300,
                ..
            }
        ),
        "{error}"
    );
    for record in &run.log {
        let pid = record.message.parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let mut tries = 0;
        // A killed process is there until somebody has looked at its end.
        while rustix::process::test_kill_process(pid).is_ok() && !zombie(pid.as_raw_nonzero().get())
        {
            tries += 1;
            assert!(tries < 1000, "{pid:?} still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(run.log.len(), 2);
}

fn zombie(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|s| s.starts_with('Z')))
}

#[tokio::test]
async fn what_a_run_leaves_behind_does_not_keep_it() {
    let (run, answer) = ask("sleep 5 & echo done", Ask::Run).await;
    assert_eq!(answer, Some(Answer::Done));
    assert!(run.usage.wall_clock < Duration::from_secs(5));
}

/// A configuration is made of what `--config` prints, whatever it looks like; a run's objects are records.
#[tokio::test]
async fn json_objects_are_records_of_the_log() {
    let place = Place::new(
        r#"
        [ "$1" = --config ] && { echo '{"configVersion": "v1",'; echo '"onStartup": 1}'; exit 0; }
        printf '{"level":"err'; printf 'or","msg":"m","time":"t","n":1}\n'
        printf '{\n"msg": "long"\n}\nplain\n{"msg": "cut off",\n'
        echo '{"msg":"s"}' >&2
        "#,
    );
    let (native, config) = place.describe().await.unwrap();
    assert_eq!(config, "{\"configVersion\": \"v1\",\n\"onStartup\": 1}\n");
    let (run, _) = native
        .ask(&Ask::Run, &startup(), &Budget::default(), &mut |_| {})
        .await;
    run.result.unwrap();
    let of = |level: LogLevel| {
        let log = run.log.iter().filter(|r| r.level == level);
        log.map(|r| r.message.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(LogLevel::Error), ["m"]);
    // Which stream is read first is not known.
    let mut info = of(LogLevel::Info);
    info.retain(|message| *message != "s");
    assert_eq!(info, ["long", "plain", "{\"msg\": \"cut off\","]);
    let error = run.log.iter().find(|r| r.level == LogLevel::Error).unwrap();
    assert_eq!(error.fields, [("hook_n".to_owned(), "1".to_owned())]);
    assert_eq!(run.log.len(), 5);
}

#[tokio::test]
async fn the_log_is_bounded_and_long_lines_are_parted() {
    let place = Place::new(
        "[ \"$1\" = --config ] && exit 0\nhead -c 20000 /dev/zero | tr '\\0' x; echo; yes | head -n 1000",
    );
    let (native, _) = place.describe().await.unwrap();
    let budget = Budget {
        log_bytes: 21_000,
        ..Budget::default()
    };
    let mut told = 0;
    let (run, _) = native
        .ask(&Ask::Run, &startup(), &budget, &mut |_| told += 1)
        .await;
    assert!(run.result.is_ok());
    assert_eq!(told, run.log.len());
    assert_eq!(run.log[0].message.len(), 16 << 10);
    assert_eq!(run.log[1].message.len(), 20_000 - (16 << 10));
    let last = &run.log.last().unwrap().message;
    assert!(last.starts_with("log cut off"), "{last}");
}

#[tokio::test]
async fn files_may_be_kept() {
    let place = Place::new("");
    let mut settings = NativeSettings::new(place.tmp());
    settings.keep_files = true;
    let (native, _) = place.describe_with(settings).await.unwrap();
    native
        .ask(&Ask::Run, &startup(), &Budget::default(), &mut |_| {})
        .await;
    let mut names: Vec<_> = std::fs::read_dir(place.tmp())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 5);
    assert!(names[0].starts_with("hook-sub-my-hook-sh-admission-response-"));
    assert!(names[4].starts_with("sub-my-hook-sh-object-patch-"));
}
