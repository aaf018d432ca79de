//! Patch languages beside JSON Merge Patch.

mod json;
mod strategic;

pub(crate) use json::JsonPatch;
pub(crate) use strategic::strategic;
