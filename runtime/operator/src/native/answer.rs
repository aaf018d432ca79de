//! What a native hook wrote to its files (BEHAVIOUR B7, C, D).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_sandbox::{
    AdmissionResponse, Answer, Ask, Budget, Effects, HookError, JsonText, Retry, RunError,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::files::{self, Files};
use crate::{apply, metrics};

/// Reads all files of a run that succeeded.
pub(super) async fn read(
    files: &Files,
    ask: &Ask,
    budget: &Budget,
) -> Result<(Effects, Option<Answer>), RunError> {
    let limit = budget.effect_bytes;
    let text = async |what: &str, path: &Path| {
        let text = files::read(path, limit).await;
        text.map_err(|error| wrong(format!("its {what} file cannot be read: {error}")))
    };
    let parsed = metrics::parse(&text("metric", &files.metrics).await?).map_err(|error| {
        wrong(format!(
            "its metric file is invalid: {}",
            crate::api::chain(&error)
        ))
    })?;
    for (number, action) in &parsed.dropped {
        tracing::warn!(
            document = number,
            action,
            "a metric operation with an unknown action is dropped"
        );
    }
    let answer = match ask {
        Ask::Run => Some(Answer::Done),
        Ask::Validate { .. } | Ask::Mutate { .. } => {
            admission(&text("admission response", &files.admission).await?)?.map(Answer::Admission)
        }
        Ask::Convert { objects, .. } => {
            let text = text("conversion response", &files.conversion).await?;
            conversion(&text, objects.len())?.map(Answer::Objects)
        }
    };
    let patches = apply::parse(&text("patch", &files.patches).await?)
        .map_err(|error| wrong(error.to_string()))?;
    for (document, key) in &patches.unknown {
        tracing::warn!(document, key, "an unknown key in the patch file is ignored");
    }
    let effects = Effects {
        object_patches: patches.patches,
        metrics: parsed.operations,
        ..Effects::default()
    };
    let count = effects
        .object_patches
        .len()
        .saturating_add(effects.metrics.len());
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if count > budget.effects {
        return Err(RunError::Limit {
            limit: hookbox_sandbox::Limit::Effects,
            used: count,
            allowed: budget.effects,
        });
    }
    Ok((effects, answer))
}

fn wrong(why: String) -> RunError {
    RunError::Answer(why)
}

#[derive(Deserialize)]
struct AdmissionFile {
    #[serde(default)]
    allowed: Option<bool>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    #[serde(default)]
    patch: Option<String>,
}

/// None: the file is empty.
fn admission(text: &str) -> Result<Option<AdmissionResponse>, RunError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let file: AdmissionFile = serde_json::from_str(text)
        .map_err(|error| wrong(format!("its admission response file is invalid: {error}")))?;
    let patch = match file.patch.filter(|patch| !patch.is_empty()) {
        None => None,
        Some(patch) => {
            let patch = STANDARD.decode(patch.trim()).map_err(|error| {
                wrong(format!(
                    "the `patch` of its admission response is not base64: {error}"
                ))
            })?;
            let patch = String::from_utf8(patch).map_err(|_| {
                wrong("the `patch` of its admission response is not text".to_owned())
            })?;
            serde_json::from_str::<Vec<serde::de::IgnoredAny>>(&patch).map_err(|error| {
                wrong(format!(
                    "the `patch` of its admission response is no JSON array: {error}"
                ))
            })?;
            Some(JsonText::from(patch))
        }
    };
    Ok(Some(AdmissionResponse {
        allowed: file.allowed.unwrap_or_default(),
        message: file.message.filter(|message| !message.is_empty()),
        warnings: file.warnings.unwrap_or_default(),
        audit_annotations: Vec::new(),
        patch,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConversionFile {
    #[serde(default)]
    failed_message: Option<String>,
    #[serde(default)]
    converted_objects: Option<Vec<Box<RawValue>>>,
}

/// None: the file is empty.
fn conversion(text: &str, given: usize) -> Result<Option<Vec<String>>, RunError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let file: ConversionFile = serde_json::from_str(text)
        .map_err(|error| wrong(format!("its conversion response file is invalid: {error}")))?;
    if let Some(message) = file.failed_message.filter(|message| !message.is_empty()) {
        return Err(RunError::Failed(HookError {
            message,
            retry: Retry::BackOff,
        }));
    }
    let objects = file.converted_objects.unwrap_or_default();
    if objects.len() != given {
        return Err(wrong(format!(
            "it gave {} objects for {given}",
            objects.len()
        )));
    }
    let object = |(index, object): (usize, Box<RawValue>)| {
        let text = object.get();
        match text.starts_with('{') {
            true => Ok(text.to_owned()),
            false => Err(wrong(format!("object {index} is not a JSON object"))),
        }
    };
    objects
        .into_iter()
        .enumerate()
        .map(object)
        .collect::<Result<_, _>>()
        .map(Some)
}
