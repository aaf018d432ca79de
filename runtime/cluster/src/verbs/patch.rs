//! patch: a part of an object, in one of four languages.

use std::sync::Arc;

use serde_json::Value;

use super::{input, prepare};
use crate::error::{ApiError, Fault};
use crate::kinds::Kind;
use crate::managed;
use crate::patch;
use crate::request::{Call, FieldValidation};
use crate::server::{Reply, Server};
use crate::store::Clash;

/// Times a patch is tried again on a newer version, when another writer was faster.
const ATTEMPTS: u32 = 64;

enum Language {
    Merge(Value),
    Json(patch::JsonPatch),
    Strategic(Value),
}

impl Server {
    pub(super) async fn patch(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let kind = &call.kind;
        let body = &call.body;
        let language = match call.content_type() {
            "application/merge-patch+json" => Language::Merge(parse(body)?),
            "application/json-patch+json" => Language::Json(patch::JsonPatch::parse(body)?),
            "application/strategic-merge-patch+json" if kind.custom.is_none() => {
                Language::Strategic(parse(body)?)
            }
            "application/apply-patch+yaml" => return self.apply(call).await,
            _ if kind.custom.is_some() => return Err(ApiError::unknown_patch_language()),
            _ => return Err(ApiError::unsupported_media_type()),
        };
        let validation = call.query.field_validation()?;
        let writer = managed::Writer::update(call);
        let dry = call.query.dry_run()?;
        for _ in 0..ATTEMPTS {
            let seen = self.find(call)?;
            let old = self.view(kind, &seen).await?.value();
            let (object, mut warnings) = self.patched(call, &language, &old, validation)?;
            let new = self
                .next_version(call, object, &old, &writer, &mut warnings)
                .await?;
            match self.replace(kind, &seen, &old, new, dry).await? {
                Ok(stored) => return Ok(self.show(call, 200, &stored).await?.warned(warnings)),
                Err(Clash::Exists | Clash::Changed) => {}
            }
        }
        Err(ApiError::modified(kind, call.named()))
    }

    fn patched(
        &self,
        call: &Call,
        language: &Language,
        old: &Value,
        validation: FieldValidation,
    ) -> Result<(Value, Vec<String>), ApiError> {
        let kind = &call.kind;
        let mut object = match language {
            Language::Merge(patch) => {
                let mut object = old.clone();
                json_patch::merge(&mut object, patch);
                object
            }
            Language::Json(patch) => patch.apply(old)?,
            Language::Strategic(patch) => patch::strategic(kind.schema.get(), old, patch)?,
        };
        let patched = object.clone();
        let warnings = input::conform(kind, &mut object, validation)
            .map_err(|error| unfit(kind, &patched, error))?;
        prepare::scope(kind, call.namespace.as_deref(), &mut object)?;
        same_name(call, &object)?;
        Ok((object, warnings))
    }
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let patch: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    if patch.is_object() {
        Ok(patch)
    } else {
        Err(ApiError::bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}",
        ))
    }
}

/// What a patch made is not of its type: then the patch is to blame.
fn unfit(kind: &Kind, patched: &Value, error: ApiError) -> ApiError {
    const STRICT: &str = "strict decoding error: ";
    let message = error.to_string();
    let told = match message.split_once(&format!("cannot be handled as a {}: ", kind.kind)) {
        Some((_, told)) if !told.starts_with("converting ") => told,
        None if message.starts_with(STRICT) => &message,
        _ => return error,
    };
    let fault = Fault::invalid("patch", &Value::from(patched.to_string()), told);
    ApiError::invalid("", "", "", &[fault])
}

/// No write can rename.
pub(super) fn same_name(call: &Call, object: &Value) -> Result<(), ApiError> {
    let name = prepare::text(object, "name");
    if name == call.named() {
        return Ok(());
    }
    let kind = &call.kind;
    Err(if name.is_empty() {
        ApiError::invalid(
            &kind.group,
            &kind.kind,
            "",
            &[Fault::required("metadata.name", "name must be provided")],
        )
    } else {
        ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.named()
        ))
    })
}
