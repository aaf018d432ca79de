//! JSON Patch, RFC 6902.

use serde_json::Value;

use crate::error::ApiError;

/// Operations in one patch, as many as the real server takes.
const MAX_OPERATIONS: usize = 10_000;

/// A parsed JSON Patch.
pub(crate) struct JsonPatch(json_patch::Patch);

impl JsonPatch {
    /// Parses the body of a request.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let patch: json_patch::Patch = serde_json::from_slice(body)
            .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
        if patch.0.len() > MAX_OPERATIONS {
            return Err(ApiError::new(
                413,
                "RequestEntityTooLarge",
                format!(
                    "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
                    patch.0.len()
                ),
            ));
        }
        Ok(Self(patch))
    }

    /// Applies all operations or none.
    pub(crate) fn apply(&self, old: &Value) -> Result<Value, ApiError> {
        let mut object = old.clone();
        json_patch::patch(&mut object, &self.0).map_err(|_| ApiError::patch_failed())?;
        Ok(object)
    }
}
