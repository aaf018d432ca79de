//! Answers to AdmissionReviews (BEHAVIOUR D1).

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde::Serialize;

/// What the API server is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether the request may go on.
    pub(crate) allowed: bool,
    /// HTTP status code of the refusal.
    pub(crate) code: u16,
    /// Why not.
    pub(crate) message: String,
    /// For the person who made the request.
    pub(crate) warnings: Vec<String>,
    /// For the audit log.
    pub(crate) audit_annotations: Vec<(String, String)>,
    /// A JSON Patch.
    pub(crate) patch: Option<String>,
}

impl Answer {
    /// The request is refused.
    pub(crate) fn refused(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            ..Self::default()
        }
    }

    /// The request goes on although the hook did not answer (`failurePolicy: Ignore`).
    pub(crate) fn ignored(warning: String) -> Self {
        Self {
            allowed: true,
            warnings: vec![warning],
            ..Self::default()
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    kind: &'static str,
    api_version: String,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<ByteString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Status<'a> {
    metadata: Empty,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    code: u16,
}

#[derive(Serialize)]
struct Empty {}

/// The body of an answer to the review `uid`, in this version of AdmissionReview.
pub(crate) fn render(version: &str, uid: &str, answer: &Answer) -> Vec<u8> {
    let patch = answer.patch.as_ref().filter(|_| answer.allowed);
    let review = Review {
        kind: "AdmissionReview",
        api_version: format!("admission.k8s.io/{version}"),
        response: Response {
            uid,
            allowed: answer.allowed,
            status: (!answer.allowed).then_some(Status {
                metadata: Empty {},
                message: &answer.message,
                code: answer.code,
            }),
            patch: patch.map(|patch| ByteString(patch.as_bytes().to_vec())),
            patch_type: patch.map(|_| "JSONPatch"),
            audit_annotations: answer
                .audit_annotations
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            warnings: &answer.warnings,
        },
    };
    // Texts, numbers and maps with text keys: it cannot fail.
    serde_json::to_vec(&review).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn response(answer: &Answer) -> Value {
        let mut review: Value = serde_json::from_slice(&render("v1", "u1", answer)).unwrap();
        assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(review["kind"], "AdmissionReview");
        review["response"].take()
    }

    #[test]
    fn an_allowed_request_has_no_status() {
        let answer = Answer {
            allowed: true,
            message: "not shown".to_owned(),
            warnings: vec!["careful".to_owned()],
            audit_annotations: vec![("k".to_owned(), "v".to_owned())],
            ..Answer::default()
        };
        assert_eq!(
            response(&answer),
            json!({"uid": "u1", "allowed": true, "warnings": ["careful"], "auditAnnotations": {"k": "v"}})
        );
    }

    #[test]
    fn a_patch_is_encoded() {
        let answer = Answer {
            allowed: true,
            patch: Some("[]".to_owned()),
            ..Answer::default()
        };
        assert_eq!(
            response(&answer),
            json!({"uid": "u1", "allowed": true, "patch": "W10=", "patchType": "JSONPatch"})
        );
    }

    #[test]
    fn a_refusal_has_its_code_and_no_patch() {
        let mut answer = Answer::refused(403, "no");
        answer.patch = Some("[]".to_owned());
        assert_eq!(
            response(&answer),
            json!({"uid": "u1", "allowed": false, "status": {"metadata": {}, "code": 403, "message": "no"}})
        );
    }
}
