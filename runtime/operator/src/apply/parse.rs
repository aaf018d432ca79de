//! shell-operator's patch file (BEHAVIOUR C1).
//!
//! The text is read as a stream of JSON documents and, if that fails anywhere, as a multi-document YAML file. Every
//! mistake in it is reported, not only the first. Where shell-operator is wrong this is right:
//!
//! - its schema asks for a `value` in the first item of `jsonPatch`, so that a lone `remove` is refused; here it is not;
//! - later items of `jsonPatch` are not looked at; here the [`Gate`](super::Gate) checks all;
//! - integers of a YAML file make `CreateOrUpdate` of an existing object panic; here they are numbers as in JSON;
//! - an unknown key is dropped without a word; here it is dropped and reported in [`Parsed::unknown`]
//!   (`ignoreMissingObjects`, as one SDK writes it, has no effect in shell-operator either);
//! - an empty YAML document between two `---` asks for nothing, and is no error.

mod fields;

use std::fmt;

use hookbox_config::yaml;
use hookbox_sandbox::ObjectPatch;
use serde_json::Value;

use fields::{Fields, type_name};

use crate::any_case;

/// Documents that a patch file may have.
const MAX_DOCUMENTS: usize = 10_000;
/// Bytes that a patch file may have.
const MAX_BYTES: usize = 32 << 20;
/// Errors that are reported at most.
const MAX_ERRORS: usize = 50;

const OPERATIONS: [&str; 9] = [
    "Create",
    "CreateIfNotExists",
    "CreateOrUpdate",
    "Delete",
    "DeleteInBackground",
    "DeleteNonCascading",
    "MergePatch",
    "JSONPatch",
    "JQPatch",
];
const KEYS: [&str; 12] = [
    "operation",
    "apiVersion",
    "kind",
    "namespace",
    "name",
    "subresource",
    "object",
    "jqFilter",
    "mergePatch",
    "jsonPatch",
    "ignoreMissingObject",
    "ignoreHookError",
];

/// A patch file's content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// The patches, in the file's order.
    pub patches: Vec<ObjectPatch>,
    /// Keys that mean nothing: number of the document, from 1, and the key.
    pub unknown: Vec<(usize, String)>,
}

/// One mistake in a patch file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// A stable word: `too-large`, `not-an-object`, `operation`, `required`, `type`, `syntax` or another of
    /// [`yaml::YamlErrorKind::code`].
    pub code: &'static str,
    /// Number of the document, from 1; none when the file as a whole is meant.
    pub document: Option<usize>,
    /// The key in the document; empty when the document as a whole is meant.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Line and column in the file, from 1, where known.
    pub position: Option<(usize, usize)>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(document) = self.document {
            write!(f, "document {document}: ")?;
        }
        if let Some((line, column)) = self.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// All mistakes of a patch file, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseErrors(pub Vec<ParseError>);

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the patch file is invalid: ")?;
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseErrors {}

impl ParseErrors {
    /// A stable word for these errors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "patch-file"
    }
}

fn whole(code: &'static str, message: String, position: Option<(usize, usize)>) -> ParseErrors {
    ParseErrors(vec![ParseError {
        code,
        document: None,
        path: String::new(),
        message,
        position,
    }])
}

/// Read a patch file. An empty one is fine.
///
/// # Errors
/// All mistakes, and then no patch at all.
pub fn parse(text: &str) -> Result<Parsed, ParseErrors> {
    if text.len() > MAX_BYTES {
        return Err(whole(
            "too-large",
            format!("{} bytes, at most {MAX_BYTES} are allowed", text.len()),
            None,
        ));
    }
    let documents = documents(text)?;
    if documents.len() > MAX_DOCUMENTS {
        return Err(whole(
            "too-large",
            format!(
                "{} documents, at most {MAX_DOCUMENTS} are allowed",
                documents.len()
            ),
            None,
        ));
    }
    let mut parsed = Parsed::default();
    let mut errors = Vec::new();
    for (number, value) in documents {
        match document(number, value, &mut parsed.unknown) {
            Ok(patch) => parsed.patches.push(patch),
            Err(found) => errors.extend(found),
        }
        if errors.len() >= MAX_ERRORS {
            errors.truncate(MAX_ERRORS);
            break;
        }
    }
    if errors.is_empty() {
        return Ok(parsed);
    }
    // Where in the text is only looked up when there is something to show.
    if let Ok(nodes) = yaml::parse_patches(text) {
        for error in &mut errors {
            let node = error
                .document
                .and_then(|number| nodes.get(number.saturating_sub(1)));
            error.position = node
                .map(|n| n.position(&error.path).unwrap_or(n.at))
                .map(|at| (at.line, at.column));
        }
    }
    Err(ParseErrors(errors))
}

/// The documents with their numbers from 1. Empty YAML documents are left out.
fn documents(text: &str) -> Result<Vec<(usize, Value)>, ParseErrors> {
    let stream = serde_json::Deserializer::from_str(text)
        .into_iter::<Value>()
        .collect::<Result<Vec<_>, _>>();
    if let Ok(values) = stream
        && values.iter().all(Value::is_object)
    {
        let known = |value| match value {
            Value::Object(map) => Value::Object(any_case::known(map, &KEYS)),
            other => other,
        };
        return Ok((1..).zip(values.into_iter().map(known)).collect());
    }
    match yaml::parse_patches(text) {
        Ok(nodes) => Ok(nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (i + 1, node.to_json()))
            .collect()),
        Err(error) => Err(whole(
            error.code(),
            format!("neither JSON nor YAML: {}", error.message),
            Some((error.line, error.column)),
        )),
    }
}

fn document(
    number: usize,
    value: Value,
    unknown: &mut Vec<(usize, String)>,
) -> Result<ObjectPatch, Vec<ParseError>> {
    let Value::Object(map) = value else {
        let help = if value.is_array() {
            "; write one document for each operation, without a list around them"
        } else {
            ""
        };
        let message = format!(
            "must be an object with an `operation`, not {}{help}",
            type_name(&value)
        );
        return Err(vec![ParseError {
            code: "not-an-object",
            document: Some(number),
            path: String::new(),
            message,
            position: None,
        }]);
    };
    let room = MAX_ERRORS.saturating_sub(unknown.len());
    unknown.extend(
        map.keys()
            .filter(|k| !KEYS.contains(&k.as_str()))
            .take(room)
            .map(|k| (number, k.clone())),
    );

    let mut fields = Fields {
        number,
        map,
        errors: Vec::new(),
    };
    let operation = fields.required_text("operation");
    let patch = match operation.as_str() {
        "Create" => Some(ObjectPatch::Create {
            object: fields.nested("object", "an object", Value::is_object),
        }),
        "CreateIfNotExists" => Some(ObjectPatch::CreateIfNotExists {
            object: fields.nested("object", "an object", Value::is_object),
        }),
        "CreateOrUpdate" => Some(ObjectPatch::CreateOrUpdate {
            object: fields.nested("object", "an object", Value::is_object),
        }),
        "Delete" => Some(ObjectPatch::Delete(fields.object_ref())),
        "DeleteInBackground" => Some(ObjectPatch::DeleteInBackground(fields.object_ref())),
        "DeleteNonCascading" => Some(ObjectPatch::DeleteNonCascading(fields.object_ref())),
        "MergePatch" => Some(ObjectPatch::MergePatch {
            object: fields.object_ref(),
            patch: fields.nested("mergePatch", "an object", Value::is_object),
            options: fields.options(),
        }),
        "JSONPatch" => Some(ObjectPatch::JSONPatch {
            object: fields.object_ref(),
            patch: fields.nested("jsonPatch", "a list", Value::is_array),
            options: fields.options(),
        }),
        "JQPatch" => Some(ObjectPatch::JQPatch {
            object: fields.object_ref(),
            filter: fields.required_text("jqFilter"),
            options: fields.options(),
        }),
        "" => None,
        other => {
            let message = format!(
                "`{}` is no operation; known are {}",
                other.chars().take(50).collect::<String>(),
                OPERATIONS.join(", ")
            );
            fields.error("operation", "operation", message);
            None
        }
    };
    match patch {
        Some(patch) if fields.errors.is_empty() => Ok(patch),
        _ => Err(fields.errors),
    }
}

#[cfg(test)]
mod tests;
