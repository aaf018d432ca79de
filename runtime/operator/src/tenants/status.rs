//! What a Hook's status says, and writing it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};

use super::resources::GROUP;
use crate::api::{self, ApiError};

/// Longest message of a condition, in characters; the API server takes 32768 bytes.
const MESSAGE: usize = 4000;
/// Who writes.
const MANAGER: &str = "hookbox";
/// Time for one request.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// A condition before it is known since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: &'static str,
    /// True, False or, where it cannot be told, none.
    pub(super) holds: Option<bool>,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Said {
    pub(super) fn new(
        kind: &'static str,
        holds: bool,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            holds: Some(holds),
            reason: reason.into(),
            message: message.into(),
        }
    }
}

/// The conditions now: one that is as before keeps its time.
pub(super) fn conditions(
    said: &[Said],
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    said.iter()
        .map(|said| {
            let status = match said.holds {
                Some(true) => "True",
                Some(false) => "False",
                None => "Unknown",
            };
            let same = before
                .iter()
                .find(|c| c.type_ == said.kind && c.status == status);
            Condition {
                type_: said.kind.to_owned(),
                status: status.to_owned(),
                reason: said.reason.clone(),
                message: clipped(&said.message),
                observed_generation: generation,
                last_transition_time: same.map_or(Time(now), |c| c.last_transition_time.clone()),
            }
        })
        .collect()
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An object whose status is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// `hooks` or `hookpolicies`.
    pub(super) plural: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) uid: Option<&'a str>,
}

/// Writes a status as a whole; of an object that is another by now, nothing.
pub(super) async fn write(
    client: &Client,
    place: Place<'_>,
    status: &Value,
) -> Result<(), ApiError> {
    let namespace = place
        .namespace
        .map(|ns| format!("/namespaces/{ns}"))
        .unwrap_or_default();
    let path = format!(
        "/apis/{GROUP}/v1alpha1{namespace}/{}/{}/status?fieldManager={MANAGER}&force=true",
        place.plural, place.name
    );
    let mut metadata = json!({"name": place.name});
    if let (Some(metadata), Some(uid)) = (metadata.as_object_mut(), place.uid) {
        metadata.insert("uid".to_owned(), uid.into());
    }
    let body = json!({
        "apiVersion": format!("{GROUP}/v1alpha1"),
        "kind": place.kind,
        "metadata": metadata,
        "status": status,
    });
    let request = http::Request::patch(path)
        .header(http::header::CONTENT_TYPE, "application/apply-patch+yaml")
        .body(serde_json::to_vec(&body).map_err(ApiError::Answer)?)
        .map_err(ApiError::Request)?;
    api::request::<Value>(client, request, TIMEOUT)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_until_its_status_changes() {
        let (first, second) = (
            Timestamp::UNIX_EPOCH,
            Timestamp::UNIX_EPOCH + jiff::Span::new().seconds(9),
        );
        let ready = |holds, reason: &str| [Said::new("Ready", holds, reason, "m")];
        let before = conditions(&ready(false, "A"), &[], Some(1), first);
        let same = conditions(&ready(false, "B"), &before, Some(2), second);
        assert_eq!(same[0].last_transition_time, Time(first));
        assert_eq!(
            (same[0].reason.as_str(), same[0].observed_generation),
            ("B", Some(2))
        );
        let other = conditions(&ready(true, "C"), &same, Some(2), second);
        assert_eq!(other[0].last_transition_time, Time(second));
    }

    #[test]
    fn messages_have_an_end() {
        let long = "ä".repeat(MESSAGE + 1);
        assert_eq!(clipped(&long).chars().count(), MESSAGE + 1);
        assert!(clipped(&long).ends_with('…'));
    }
}
