//! JSON Patch, RFC 6902, with the leniency of the real server's library.

use json_patch::{AddOperation, PatchOperation};
use serde_json::Value;

use crate::error::ApiError;

/// Operations in one patch, as many as the real server takes.
const MAX_OPERATIONS: usize = 10_000;

/// A parsed JSON Patch.
pub(crate) struct JsonPatch(Vec<PatchOperation>);

impl JsonPatch {
    /// Parses the body of a request. What is JSON and no patch is refused like a patch that does not fit.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let wrong = |why: &str| ApiError::bad_request(format!("error decoding patch: {why}"));
        let patch: Value =
            serde_json::from_slice(body).map_err(|error| wrong(&error.to_string()))?;
        let Value::Array(operations) = patch else {
            return Err(wrong(
                "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
            ));
        };
        let count = operations.len();
        if count > MAX_OPERATIONS {
            let why = format!(
                "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}"
            );
            return Err(ApiError::new(413, "RequestEntityTooLarge", why));
        }
        let operations = operations.into_iter().map(serde_json::from_value);
        operations
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|_| ApiError::patch_failed())
    }

    /// Applies all operations or none.
    pub(crate) fn apply(&self, old: &Value) -> Result<Value, ApiError> {
        let mut object = old.clone();
        for operation in &self.0 {
            if let Some(operation) = lenient(&object, operation) {
                json_patch::patch(&mut object, &[operation])
                    .map_err(|_| ApiError::patch_failed())?;
            }
        }
        Ok(object)
    }
}

/// What the real server's library makes of an operation: a missing key can be replaced, and tested for null.
fn lenient(object: &Value, operation: &PatchOperation) -> Option<PatchOperation> {
    let is_missing_key = |path: &str| {
        let parent = path
            .rsplit_once('/')
            .and_then(|(parent, _)| object.pointer(parent));
        parent.is_some_and(Value::is_object) && object.pointer(path).is_none()
    };
    match operation {
        PatchOperation::Replace(replace) if is_missing_key(replace.path.as_str()) => {
            Some(PatchOperation::Add(AddOperation {
                path: replace.path.clone(),
                value: replace.value.clone(),
            }))
        }
        PatchOperation::Test(test)
            if test.value.is_null() && is_missing_key(test.path.as_str()) =>
        {
            None
        }
        other => Some(other.clone()),
    }
}
