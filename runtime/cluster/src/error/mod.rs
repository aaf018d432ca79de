//! Errors as the API server tells them: a `Status` with the real one's reason and words.

mod fault;

use serde_json::{Map, Value, json};

pub(crate) use fault::Fault;

use crate::kinds::Kind;
use crate::tree::Tree;

/// A refusal of the API server.
///
/// Its text, reason and HTTP status are those of a real kube-apiserver, see
/// <https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#status-v1-meta>.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    status: u16,
    reason: &'static str,
    message: String,
    details: Option<Map<String, Value>>,
    retry_after: Option<u32>,
    continue_token: Option<String>,
    plain: bool,
    by_webhook: bool,
}

impl ApiError {
    /// An error with any status code and reason.
    #[must_use]
    pub fn new(status: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: message.into(),
            details: None,
            retry_after: None,
            continue_token: None,
            plain: false,
            by_webhook: false,
        }
    }

    /// Kubernetes' machine-readable reason, for instance `NotFound`; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.reason
    }

    /// HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Seconds after which to try again.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// Whether a webhook said so, or gave no answer.
    #[must_use]
    pub fn is_by_webhook(&self) -> bool {
        self.by_webhook
    }

    pub(crate) fn by_webhook(mut self) -> Self {
        self.by_webhook = true;
        self
    }

    /// Whether the body is plain text instead of a `Status`, as for paths that no handler knows.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The body: a `Status`.
    #[must_use]
    pub fn to_status(&self) -> Value {
        let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message});
        if let Some(token) = &self.continue_token {
            status.put("metadata", json!({"continue": token}));
        }
        if let Some(map) = status.as_object_mut() {
            if !self.reason.is_empty() {
                map.insert("reason".into(), self.reason.into());
            }
            if let Some(details) = &self.details {
                map.insert("details".into(), Value::Object(details.clone()));
            }
            map.insert("code".into(), self.status.into());
        }
        status
    }

    fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details
            .get_or_insert_default()
            .insert(key.into(), value.into());
        self
    }

    fn about(mut self, group: &str, what: &str, name: &str) -> Self {
        let details = self.details.get_or_insert_default();
        if !name.is_empty() {
            details.insert("name".into(), name.into());
        }
        if !group.is_empty() {
            details.insert("group".into(), group.into());
        }
        details.insert("kind".into(), what.into());
        self
    }

    pub(crate) fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self.detail("retryAfterSeconds", seconds)
    }

    pub(crate) fn with_causes(self, causes: Value) -> Self {
        self.detail("causes", causes)
    }

    pub(crate) fn with_continue(mut self, token: String) -> Self {
        self.continue_token = Some(token);
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A path that no handler knows.
    pub(crate) fn no_such_path() -> Self {
        Self {
            plain: true,
            ..Self::new(404, "NotFound", "404 page not found")
        }
    }

    /// A resource that the group version does not have.
    pub(crate) fn no_such_resource() -> Self {
        let mut error = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        error.details = Some(Map::new());
        error
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::not_found_in(&kind.group, &kind.plural, name)
    }

    pub(crate) fn not_found_in(group: &str, plural: &str, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", qualified(group, plural)),
        )
        .about(group, plural, name)
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!(
                "{} \"{name}\" already exists",
                qualified(&kind.group, &kind.plural)
            ),
        )
        .about(&kind.group, &kind.plural, name)
    }

    /// The generated name was taken.
    pub(crate) fn generated_name_taken(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists, the server was not able to generate a unique name for the object", qualified(&kind.group, &kind.plural)))
            .about(&kind.group, &kind.plural, name)
            .with_retry_after(1)
    }

    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(
            409,
            "Conflict",
            format!(
                "Operation cannot be fulfilled on {} \"{name}\": {why}",
                qualified(&kind.group, &kind.plural)
            ),
        )
        .about(&kind.group, &kind.plural, name)
    }

    /// A precondition of a delete does not hold; the real one names the kind here, not the resource.
    pub(crate) fn precondition(kind: &Kind, name: &str, why: &str) -> Self {
        let subject = qualified(&kind.group, &kind.kind);
        Self::new(
            409,
            "Conflict",
            format!("Operation cannot be fulfilled on {subject} \"{name}\": {why}"),
        )
        .about(&kind.group, &kind.kind, name)
    }

    /// Server-side apply met fields of other managers: `(message, field)` each.
    pub(crate) fn apply_conflict(conflicts: &[(String, String)]) -> Self {
        let message = match conflicts {
            [(who, field)] => format!("Apply failed with 1 conflict: {who}: {field}"),
            _ => {
                let mut lines: Vec<String> = Vec::new();
                let mut last = "";
                for (who, field) in conflicts {
                    if who != last {
                        lines.push(format!("{}:", who.replacen("conflict", "conflicts", 1)));
                        last = who;
                    }
                    lines.push(format!("- {field}"));
                }
                format!(
                    "Apply failed with {} conflicts: {}",
                    conflicts.len(),
                    lines.join("\n")
                )
            }
        };
        let causes: Vec<Value> = conflicts.iter().map(|(message, field)| json!({"reason": "FieldManagerConflict", "message": message, "field": field})).collect();
        Self::new(409, "Conflict", message).detail("causes", causes)
    }

    pub(crate) fn forbidden(kind_group: &str, plural: &str, name: &str, why: &str) -> Self {
        let subject = if name.is_empty() {
            format!("{} is forbidden", qualified(kind_group, plural))
        } else {
            format!("{} \"{name}\" is forbidden", qualified(kind_group, plural))
        };
        Self::new(403, "Forbidden", format!("{subject}: {why}")).about(kind_group, plural, name)
    }

    /// A path beside the resources that the user may not read.
    pub(crate) fn forbidden_path(user: &str, path: &str) -> Self {
        let mut error = Self::new(
            403,
            "Forbidden",
            format!("forbidden: User {user:?} cannot get path {path:?}"),
        );
        error.details = Some(Map::new());
        error
    }

    pub(crate) fn method_not_allowed() -> Self {
        let mut error = Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        error.details = Some(Map::new());
        error
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let mut error = Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        error.details = Some(Map::new());
        error
    }

    /// A patch language that this kind does not speak.
    pub(crate) fn unknown_patch_language() -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )
    }

    /// An operation of a JSON patch does not fit the object.
    pub(crate) fn patch_failed() -> Self {
        let mut error = Self::new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        );
        error.details = Some(Map::new());
        error
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {limit}"),
        )
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn version_too_large(asked: u64, current: u64) -> Self {
        Self::new(
            504,
            "Timeout",
            format!("Timeout: Too large resource version: {asked}, current: {current}"),
        )
        .detail(
            "causes",
            json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]),
        )
        .with_retry_after(1)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {}", message.into()),
        )
    }

    /// The object breaks rules: all of them at once, in the order given.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, faults: &[Fault]) -> Self {
        let subject = if group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{group}")
        };
        let mut listed: Vec<String> = Vec::new();
        for fault in faults {
            let line = fault.to_string();
            if !listed.contains(&line) {
                listed.push(line);
            }
        }
        let text = match listed.as_slice() {
            [one] => one.clone(),
            _ => format!("[{}]", listed.join(", ")),
        };
        let causes: Vec<Value> = faults.iter().map(|fault| json!({"reason": fault.reason, "message": fault.message, "field": fault.field})).collect();
        Self::new(
            422,
            "Invalid",
            format!("{subject} \"{name}\" is invalid: {text}"),
        )
        .about(group, kind, name)
        .detail("causes", causes)
    }
}

/// `deployments.apps`, or `configmaps` in the core group.
pub(crate) fn qualified(group: &str, plural: &str) -> String {
    if group.is_empty() {
        plural.to_owned()
    } else {
        format!("{plural}.{group}")
    }
}
