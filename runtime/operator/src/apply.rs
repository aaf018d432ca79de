//! What a run asked to change in the cluster, checked and written.
//!
//! Effects pass one [`Gate`], which checks all of them before anything is executed, and then one [`Writer`], which is
//! the only code of hookbox that changes hooks' objects in a cluster. [`Checked`] is the ticket from one to the other:
//! only the gate can make it. [`parse()`] reads the same patches from shell-operator's patch file.

mod check;
mod conflict;
mod error;
mod gate;
pub(crate) mod limiter;
mod operations;
pub mod parse;
mod reserved;
mod secret;
mod target;
mod writer;

use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::ObjectRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::{Cause, WriteError, WriteErrors};
pub(crate) use gate::json_bytes;
pub use gate::{Checked, Gate, GateError, Limits, Offence};
pub use parse::{ParseError, ParseErrors, Parsed, parse};
pub(crate) use secret::{is_secret, split_data_path, unescape};
pub use writer::{Observe, Outcome, Writer, WriterSettings};

/// What the API server was asked to do, as RBAC calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `POST`.
    Create,
    /// `PUT`.
    Update,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

/// One object patch that was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// The operation as the hook asked for it, such as `CreateOrUpdate`.
    pub operation: String,
    /// What was done to the object in the end.
    pub verb: Verb,
    /// The object. Its name is the one that the API server gave where the manifest has `generateName`.
    pub object: ObjectRef,
    /// Whether the object is different now. For a merge or JSON patch this is known only with [`Observe::Before`];
    /// it is true otherwise.
    pub changed: bool,
    /// The object before, as far as [`WriterSettings::observe`] asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The object after, as far as [`WriterSettings::observe`] asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The operation's name in shell-operator's patch file.
#[must_use]
pub fn operation(patch: &ObjectPatch) -> &'static str {
    match patch {
        ObjectPatch::Create { .. } => "Create",
        ObjectPatch::CreateIfNotExists { .. } => "CreateIfNotExists",
        ObjectPatch::CreateOrUpdate { .. } => "CreateOrUpdate",
        ObjectPatch::Delete(_) => "Delete",
        ObjectPatch::DeleteInBackground(_) => "DeleteInBackground",
        ObjectPatch::DeleteNonCascading(_) => "DeleteNonCascading",
        ObjectPatch::MergePatch { .. } => "MergePatch",
        ObjectPatch::JSONPatch { .. } => "JSONPatch",
        ObjectPatch::JQPatch { .. } => "JQPatch",
    }
}

/// Which object a patch is for, as far as the patch says.
#[must_use]
pub fn object_ref(patch: &ObjectPatch) -> ObjectRef {
    match patch {
        ObjectPatch::Create { object }
        | ObjectPatch::CreateIfNotExists { object }
        | ObjectPatch::CreateOrUpdate { object } => manifest_ref(object),
        ObjectPatch::Delete(object)
        | ObjectPatch::DeleteInBackground(object)
        | ObjectPatch::DeleteNonCascading(object) => object.clone(),
        ObjectPatch::MergePatch { object, .. }
        | ObjectPatch::JSONPatch { object, .. }
        | ObjectPatch::JQPatch { object, .. } => object.clone(),
    }
}

fn manifest_ref(manifest: &Value) -> ObjectRef {
    let text = |pointer: &str| {
        manifest
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
    };
    ObjectRef {
        api_version: text("/apiVersion"),
        kind: text("/kind").unwrap_or_default(),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap_or_default(),
    }
}

/// `ConfigMap default/settings`, for a person.
#[must_use]
pub fn display_ref(object: &ObjectRef) -> String {
    let name = if object.name.is_empty() {
        "(generated name)"
    } else {
        object.name.as_str()
    };
    match object.namespace.as_deref() {
        Some(namespace) if !namespace.is_empty() => format!("{} {namespace}/{name}", object.kind),
        _ => format!("{} {name}", object.kind),
    }
}
