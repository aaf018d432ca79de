//! Errors as the API server tells them: a `Status` with the real one's reason and words.

use serde_json::{Map, Value, json};

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

/// One broken rule of an object: field path, reason and words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    reason: &'static str,
    message: String,
    field: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.field.is_empty() {
            write!(f, "<nil>: {}", self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

impl Fault {
    pub(crate) fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() {
            "Required value".into()
        } else {
            format!("Required value: {why}")
        };
        Self {
            reason: "FieldValueRequired",
            message,
            field: field.into(),
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {}: {why}", go_text(value)),
            field: field.into(),
        }
    }

    pub(crate) fn type_invalid(field: impl Into<String>, got: &str, why: &str) -> Self {
        Self {
            reason: "FieldValueTypeInvalid",
            message: format!("Invalid value: {got:?}: {why}"),
            field: field.into(),
        }
    }

    pub(crate) fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self {
            reason: "FieldValueForbidden",
            message: format!("Forbidden: {why}"),
            field: field.into(),
        }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self {
            reason: "FieldValueDuplicate",
            message: format!("Duplicate value: {}", go_text(value)),
            field: field.into(),
        }
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        Self {
            reason: "FieldValueTooLong",
            message: format!("Too long: may not be more than {limit} bytes"),
            field: field.into(),
        }
    }

    pub(crate) fn too_many(field: impl Into<String>, count: u64, limit: u64) -> Self {
        Self {
            reason: "FieldValueTooMany",
            message: format!("Too many: {count}: must have at most {limit} items"),
            field: field.into(),
        }
    }

    pub(crate) fn unsupported(
        field: impl Into<String>,
        value: &Value,
        supported: &[String],
    ) -> Self {
        let supported: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
        Self {
            reason: "FieldValueNotSupported",
            message: format!(
                "Unsupported value: {}: supported values: {}",
                go_text(value),
                supported.join(", ")
            ),
            field: field.into(),
        }
    }
}

/// A value as Go's field errors print it.
fn go_text(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
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
