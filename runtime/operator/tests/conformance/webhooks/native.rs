//! BEHAVIOUR B7 and D for hooks that are executables: what they write to their files is what the API server is told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use hookbox_operator::native::NativeSettings;
use hookbox_operator::{HookSource, HookSpec};
use serde_json::{Value, json};

use super::client::*;
use crate::support::*;

/// A script that prints its configuration, or does this.
fn script(folder: &Path, name: &str, config: &Value, does: &str) -> HookSpec {
    let path = folder.join(name);
    let mut config = config.clone();
    config["configVersion"] = json!("v1");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --config ]; then cat <<'X'\n{config}\nX\nexit; fi\n{does}\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    HookSpec::from(HookSource::Native {
        path,
        name: name.to_owned(),
        dir: folder.to_owned(),
        settings: Arc::new(NativeSettings::new(folder.join("tmp"))),
    })
}

fn refused(code: u16, message: &str) -> Value {
    json!({"uid": "u1", "allowed": false, "status": {"metadata": {}, "code": code, "message": message}})
}

#[tokio::test(flavor = "multi_thread")]
async fn files_become_answers() {
    let cluster = cluster(&[ns()]).await;
    let folder = tempfile::tempdir().unwrap();
    let says = |json: &str| format!("echo '{json}' >$VALIDATING_RESPONSE_PATH");
    let cases = [
        ("allow", says(r#"{"allowed": true, "message": "m", "warnings": ["w"]}"#), json!({"uid": "u1", "allowed": true, "warnings": ["w"]})),
        ("deny", says(r#"{"allowed": false, "message": "no"}"#), refused(403, "no")),
        ("exit", "echo secret >&2; exit 1".to_owned(), refused(403, "Hook failed")),
        ("odd", says("{"), refused(403, "Hook failed")),
        ("empty", "true".to_owned(), refused(500, "handle AdmissionReview: hook task prop error")),
        ("context", "jq -c '.[0]' $BINDING_CONTEXT_PATH >/dev/null 2>&1; printf '{\"allowed\": false, \"message\": \"%s\"}' \"$(tr -d '\\n' <$BINDING_CONTEXT_PATH | sed 's/[\"\\\\]/./g')\" >$ADMISSION_RESPONSE_PATH".to_owned(), Value::Null),
    ];
    let bench = {
        let specs = cases.iter().map(|(name, does, _)| {
            script(
                folder.path(),
                name,
                &validating(&format!("{name}.example.com")),
                does,
            )
        });
        let specs: Vec<_> = specs.collect();
        serve_with(&cluster, &[], options(), |o| o.hooks = specs).await
    };
    let client = Client::of(&bench).await;
    for (name, _, expected) in &cases {
        let answer = client
            .review(
                &format!("{name}-example-com"),
                json!({"operation": "CREATE"}),
            )
            .await;
        if *name == "context" {
            let message = answer["status"]["message"].as_str().unwrap();
            for part in [
                ".type.:.Validating.",
                ".binding.:.context.example.com.",
                ".oldObject.:null",
                ".options.:null",
                ".userInfo.:{}",
                ".operation.:.CREATE.",
            ] {
                assert!(message.contains(part), "{part}: {message}");
            }
        } else {
            assert_eq!(answer, *expected, "{name}");
        }
    }
}
