//! What a hook is asked, and what it answers.

use serde_json::Value;

use crate::bindings::admission::exports::hookbox::hook::admission::Response;
use crate::budget::{Limit, LimitHit};
use crate::json::{self, JsonError};
use crate::memory::Memory;
use crate::{JsonText, RunError};

/// Most warnings of an answer, and their longest text in bytes.
const WARNINGS: usize = 100;
const WARNING: usize = 4 << 10;

/// Most annotations for the audit log, and the longest key and value in bytes.
const ANNOTATIONS: usize = 100;
const ANNOTATION_KEY: usize = 63;
const ANNOTATION: usize = 16 << 10;

/// Longest message in bytes; what is longer is cut.
const MESSAGE: usize = 16 << 10;

/// What a hook is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// To run for its contexts.
    Run,
    /// To say whether a request to the API server may go on.
    Validate {
        /// Name of the `kubernetesValidating` binding.
        binding: String,
        /// The `request` of an AdmissionReview.
        request: String,
    },
    /// The same, and to change the object of the request.
    Mutate {
        /// Name of the `kubernetesMutating` binding.
        binding: String,
        /// The `request` of an AdmissionReview.
        request: String,
    },
    /// To convert custom resources to another version.
    Convert {
        /// Name of the `kubernetesCustomResourceConversion` binding.
        binding: String,
        /// From this version, as the configuration writes it.
        from_version: String,
        /// To this one.
        to_version: String,
        /// The objects.
        objects: Vec<String>,
    },
}

/// What a hook answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Ask::Run`]: nothing.
    Done,
    /// To [`Ask::Validate`] and [`Ask::Mutate`].
    Admission(AdmissionResponse),
    /// To [`Ask::Convert`]: the objects in their new version, in the order of the old ones.
    Objects(Vec<String>),
}

/// The answer to an admission review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdmissionResponse {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Why not, for the person who made the request.
    pub message: Option<String>,
    /// For the person who made the request, whatever the answer. At most 100 of at most 4 KiB.
    pub warnings: Vec<String>,
    /// For the API server's audit log: keys without prefix, and values. At most 100 of at most 16 KiB.
    pub audit_annotations: Vec<(String, String)>,
    /// A JSON Patch (RFC 6902), an array, of the object.
    pub patch: Option<JsonText>,
}

/// Which optional exports a component has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Export {
    /// `filters`: filters in the hook's own language.
    Filters,
    /// `admission`: answers to admission reviews.
    Admission,
    /// `conversion`: conversion of custom resources.
    Conversion,
}

impl Export {
    /// Name of the contract's interface.
    #[must_use]
    pub fn interface(self) -> &'static str {
        match self {
            Self::Filters => "filters",
            Self::Admission => "admission",
            Self::Conversion => "conversion",
        }
    }
}

impl AdmissionResponse {
    /// Takes what a guest answered, within bounds. What is read of it may take no more than is left of `memory`.
    pub(crate) fn checked(
        response: Response,
        mutates: bool,
        memory: &mut Memory,
    ) -> Result<Self, RunError> {
        let Response {
            allowed,
            message,
            warnings,
            audit_annotations,
            patch,
        } = response;
        let wrong = |message: String| Err(RunError::Answer(message));
        if warnings.len() > WARNINGS {
            return wrong(format!(
                "it has {} warnings, at most {WARNINGS} are allowed",
                warnings.len()
            ));
        }
        if audit_annotations.len() > ANNOTATIONS {
            return wrong(format!(
                "it has {} audit annotations, at most {ANNOTATIONS} are allowed",
                audit_annotations.len()
            ));
        }
        if let Some((key, _)) = audit_annotations
            .iter()
            .find(|(key, _)| !annotation_key(key))
        {
            let key = crate::validate::quote(key);
            return wrong(format!(
                "the audit annotation {key} is not made of letters, digits, `-`, `_` and `.`, {ANNOTATION_KEY} at most"
            ));
        }
        if let Some(patch) = &patch {
            if !mutates {
                return wrong("it has a patch, but a validating hook changes nothing".to_owned());
            }
            // Whether it applies to the object is for the API server to say.
            match read(patch, memory)? {
                Ok(Value::Array(_)) => {}
                Ok(_) => return wrong("its patch is no JSON array".to_owned()),
                Err(error) => return wrong(format!("its patch is no JSON array: {error}")),
            }
        }
        Ok(Self {
            allowed,
            message: message.map(|text| cut(text, MESSAGE)),
            warnings: warnings
                .into_iter()
                .map(|text| cut(text, WARNING))
                .collect(),
            audit_annotations: audit_annotations
                .into_iter()
                .map(|(key, value)| (key, cut(value, ANNOTATION)))
                .collect(),
            patch: patch.map(JsonText::from),
        })
    }
}

/// The part of an annotation's key behind the webhook's name.
fn annotation_key(key: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric();
    key.len() <= ANNOTATION_KEY
        && key
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'-' | b'_' | b'.'))
        && key.bytes().next().is_some_and(word)
        && key.bytes().last().is_some_and(word)
}

fn cut(mut text: String, length: usize) -> String {
    if text.len() > length {
        text.truncate(text.floor_char_boundary(length));
        text.push('…');
    }
    text
}

/// Reads JSON that is looked at and not kept: little text can be a large tree.
fn read(text: &str, memory: &mut Memory) -> Result<Result<Value, String>, RunError> {
    let held = memory.held();
    let value = json::parse(text, memory);
    memory.reset(held);
    match value {
        Ok(value) => Ok(Ok(value)),
        Err(JsonError::Limit(hit)) => Err(hit.into()),
        Err(JsonError::TooDeep) => Ok(Err(format!("nested more than {} levels deep", json::DEPTH))),
        Err(JsonError::Invalid(message)) => Ok(Err(message)),
    }
}

/// Takes what a guest made of `given` objects. What is read of it may take no more than is left of `memory`.
pub(crate) fn converted(
    objects: Vec<String>,
    given: usize,
    allowed: u64,
    memory: &mut Memory,
) -> Result<Vec<String>, RunError> {
    let wrong = |message: String| Err(RunError::Answer(message));
    if objects.len() != given {
        return wrong(format!("it gave {} objects for {given}", objects.len()));
    }
    let used = objects
        .iter()
        .map(|o| o.len() as u64)
        .fold(0, u64::saturating_add);
    if used > allowed {
        return Err(LimitHit {
            limit: Limit::EffectBytes,
            used,
            allowed,
        }
        .into());
    }
    for (index, object) in objects.iter().enumerate() {
        match read(object, memory)? {
            Ok(Value::Object(_)) => {}
            Ok(_) => return wrong(format!("object {index} is not a JSON object")),
            Err(error) => return wrong(format!("object {index} is not JSON: {error}")),
        }
    }
    Ok(objects)
}
