//! What must not be said of a patch on a Secret: errors go into the log, the journal and events, and their texts may
//! hold values.

use hookbox_jq::JqError;
use hookbox_sandbox::ObjectPatch;
use serde_json::Value;

use super::error::Cause;
use super::object_ref;
use crate::api::{ApiError, chain};

/// In place of what the API server says.
const LEFT_OUT: &str = "its message is left out, because it may hold a value of the Secret";

/// Texts of the API server that never hold values of a Secret; those of admission (webhooks, policies, decoders) may.
const HARMLESS: [&str; 7] = [
    "secrets \"",
    "secrets is forbidden: ",
    "Secret \"",
    "Operation cannot be fulfilled on secrets \"",
    "namespaces \"",
    "the server rejected our request due to an error in our request",
    "the server could not find the requested resource",
];

/// Whether the words of a patch or a manifest mean the Secrets of the core group.
pub(crate) fn is_secret(api_version: Option<&str>, kind: &str) -> bool {
    api_version.is_none_or(|version| version.is_empty() || version == "v1")
        && (kind.eq_ignore_ascii_case("secret") || kind.eq_ignore_ascii_case("secrets"))
}

/// Whether a patch is for a Secret.
pub(super) fn is_for_secret(patch: &ObjectPatch) -> bool {
    let object = object_ref(patch);
    is_secret(object.api_version.as_deref(), &object.kind)
}

/// The same cause, without the texts that may hold a value where `patch` is for a Secret.
pub(super) fn hide(cause: Cause, patch: &ObjectPatch) -> Cause {
    if !is_for_secret(patch) {
        return cause;
    }
    let hidden = |message: String| match is_harmless(&message, patch) {
        true => message,
        false => LEFT_OUT.to_owned(),
    };
    match cause {
        Cause::Filter(error) => Cause::Filter(error.without_values()),
        Cause::Api(ApiError::Status {
            code,
            reason,
            message,
            retry_after,
        }) => Cause::Api(ApiError::Status {
            code,
            reason,
            message: hidden(message),
            retry_after,
        }),
        Cause::Forbidden { message, rule } => Cause::Forbidden {
            message: hidden(message),
            rule,
        },
        Cause::Conflict { attempts, message } => Cause::Conflict {
            attempts,
            message: hidden(message),
        },
        other => other,
    }
}

/// Why the filter of a patch on a Secret cannot be compiled.
pub(super) fn compile_text(error: &JqError) -> String {
    match error {
        JqError::Compile { position, .. } => format!(
            "the filter cannot be compiled ({position}); what is wrong is left out, because it may hold a value of the Secret"
        ),
        other => chain(other),
    }
}

fn is_harmless(message: &str, patch: &ObjectPatch) -> bool {
    HARMLESS.iter().any(|start| message.starts_with(start))
        // Policies speak in the name of the resource, and say what they like.
        && !message.contains("denied request")
        && !hidden_parts(patch).any(|part| message.contains(&part))
}

/// What the journal replaces in the paths of a JSON Patch.
fn hidden_parts(patch: &ObjectPatch) -> impl Iterator<Item = String> + '_ {
    let items = match patch {
        ObjectPatch::JSONPatch { patch, .. } => patch.as_array(),
        _ => None,
    };
    let paths = items
        .into_iter()
        .flatten()
        .flat_map(|item| [item.get("path"), item.get("from")]);
    paths
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(split_data_path)
        .flat_map(|(_, below)| below.split('/').map(unescape).collect::<Vec<_>>())
        .filter(|part| !part.is_empty())
}

/// A JSON Pointer into the data of a Secret: up to the data (`/data/`), and below. None: it leads elsewhere.
pub(crate) fn split_data_path(path: &str) -> Option<(&str, &str)> {
    ["/data/", "/stringData/"]
        .into_iter()
        .find_map(|start| Some((path.get(..start.len())?, path.strip_prefix(start)?)))
}

/// A part of a JSON Pointer as it is meant.
pub(crate) fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
    use serde_json::json;

    use super::*;

    fn json_patch(kind: &str, path: &str) -> ObjectPatch {
        ObjectPatch::JSONPatch {
            object: ObjectRef {
                kind: kind.into(),
                name: "s".into(),
                ..ObjectRef::default()
            },
            patch: json!([{"op": "remove", "path": path}]),
            options: PatchOptions::default(),
        }
    }

    fn said(patch: &ObjectPatch, message: &str) -> String {
        let error = ApiError::Status {
            code: 422,
            reason: "Invalid".into(),
            message: message.into(),
            retry_after: None,
        };
        hide(Cause::Api(error), patch).to_string()
    }

    #[test]
    fn the_api_servers_texts_are_kept_only_when_they_hold_no_values() {
        let patch = json_patch("Secret", "/data/nope/se~1same");
        for harmless in [
            "secrets \"s\" not found",
            "Secret \"s\" is invalid: data: Forbidden: field is immutable when `immutable` is set",
            "the server rejected our request due to an error in our request",
        ] {
            assert!(said(&patch, harmless).ends_with(harmless), "{harmless}");
        }
        for quoting in [
            "admission webhook \"w\" denied the request: `sesame` is too short",
            "secrets \"s\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: sesame",
            "json: cannot unmarshal number 12345 into Go struct field Secret.data",
            "Secret \"s\" is invalid: data[se/same]: Invalid value",
        ] {
            let text = said(&patch, quoting);
            assert_eq!(
                text,
                format!("the API server answered 422 Invalid: {LEFT_OUT}"),
                "{quoting}"
            );
            let other = json_patch("ConfigMap", "/data/nope/se~1same");
            assert!(said(&other, quoting).ends_with(quoting), "{quoting}");
        }
    }

    #[test]
    fn secrets_are_those_of_the_core_group() {
        for (api_version, kind) in [
            (None, "Secret"),
            (Some("v1"), "secrets"),
            (Some(""), "SECRET"),
        ] {
            assert!(is_secret(api_version, kind), "{api_version:?} {kind}");
        }
        for (api_version, kind) in [(Some("vault.example/v1"), "Secret"), (None, "SecretStore")] {
            assert!(!is_secret(api_version, kind), "{api_version:?} {kind}");
        }
    }
}
