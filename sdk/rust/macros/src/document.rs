//! The configuration document that the macros write, and where in the source each part of it comes from.

use proc_macro2::Span;
use serde_json::{Map, Value, json};
use syn::Error;

use crate::args::Errors;

/// A `configVersion: v1` document with a place in the source for each path.
pub(crate) struct Document {
    root: Map<String, Value>,
    /// Where errors go that no path fits.
    span: Span,
    spans: Vec<(String, Span)>,
}

/// One item of a list in the document.
pub(crate) struct Item {
    path: String,
    pub(crate) fields: Map<String, Value>,
    spans: Vec<(String, Span)>,
}

impl Item {
    pub(crate) fn new(list: &str, index: usize, span: Span) -> Self {
        let path = format!("{list}[{index}]");
        Self {
            spans: vec![(path.clone(), span)],
            path,
            fields: Map::new(),
        }
    }

    /// Sets a field that stands at `span` in the source.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Value>, span: Span) {
        self.fields.insert(key.to_owned(), value.into());
        self.spans.push((format!("{}.{key}", self.path), span));
    }

    /// Sets a field that the author did not write.
    pub(crate) fn set_default(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.insert(key.to_owned(), value.into());
    }

    /// Sets a field that the author did not write, unless it is there.
    pub(crate) fn set_default_if_absent(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.entry(key).or_insert_with(|| value.into());
    }

    /// Says where a part of a field stands.
    pub(crate) fn locate(&mut self, part: &str, span: Span) {
        self.spans.push((format!("{}.{part}", self.path), span));
    }

    /// The fields as JSON without the braces around them.
    pub(crate) fn json_fields(&self) -> String {
        let text = Value::Object(self.fields.clone()).to_string();
        text.strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn json(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }
}

impl Document {
    pub(crate) fn new(span: Span) -> Self {
        let mut root = Map::new();
        root.insert("configVersion".to_owned(), json!("v1"));
        Self {
            root,
            span,
            spans: Vec::new(),
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: Value, span: Span) {
        self.root.insert(key.to_owned(), value);
        self.spans.push((key.to_owned(), span));
    }

    pub(crate) fn locate(&mut self, path: &str, span: Span) {
        self.spans.push((path.to_owned(), span));
    }

    pub(crate) fn push(&mut self, list: &str, item: &Item) {
        let items = self.root.entry(list).or_insert_with(|| json!([]));
        if let Value::Array(items) = items {
            items.push(Value::Object(item.fields.clone()));
        }
        self.spans.extend(item.spans.iter().cloned());
    }

    /// Whether there is anything but the version, which alone is not a valid document.
    fn is_empty(&self) -> bool {
        self.root.len() == 1
    }

    /// Checks the document as the operator will and notes each offence where its cause stands.
    pub(crate) fn check(self, errors: &mut Errors) {
        if self.is_empty() {
            return;
        }
        let text = Value::Object(self.root).to_string();
        let Err(offences) = hookbox_config::parse(&text) else {
            return;
        };
        for offence in offences.0 {
            let span = nearest(&self.spans, &offence.path).unwrap_or(self.span);
            let help = offence
                .help
                .map(|help| format!("\nhelp: {}", words(&help)))
                .unwrap_or_default();
            errors.push(Error::new(
                span,
                format!("{}{help}", words(&offence.message)),
            ));
        }
    }
}

/// The document's words and the attributes'.
const WORDS: &[(&str, &str)] = &[
    ("nameSelector.matchNames", "names"),
    ("nameSelector", "names"),
    ("labelSelector", "labels"),
    ("fieldSelector", "fields"),
    ("jqFilter", "jq"),
    ("apiVersion", "api_version"),
    ("executeHookOnEvent", "on_event"),
    ("executeHookOnSynchronization", "on_synchronization"),
    ("waitForSynchronization", "wait_for_synchronization"),
    ("keepFullObjectsInMemory", "keep_full_objects"),
    ("includeSnapshotsFrom", "include_snapshots"),
    ("allowFailure", "allow_failure"),
    ("onStartup", "on_startup"),
    ("executionMinInterval", "min_interval"),
    ("executionBurst", "burst"),
    ("warmInstance", "warm_instance"),
    ("failurePolicy", "failure_policy"),
    ("sideEffects", "side_effects"),
    ("timeoutSeconds", "timeout_seconds"),
    ("apiGroups", "groups"),
    ("apiVersions", "versions"),
    ("crdName", "crd"),
    ("fromVersion", "from"),
    ("toVersion", "to"),
];

/// A message in the words of the attributes.
fn words(message: &str) -> String {
    WORDS
        .iter()
        .fold(message.to_owned(), |message, (theirs, ours)| {
            message
                .replace(&format!("`{theirs}`"), &format!("`{ours}`"))
                .replace(theirs, &format!("`{ours}`"))
        })
}

/// The place of the longest known path that leads to `path`.
fn nearest(spans: &[(String, Span)], path: &str) -> Option<Span> {
    let leads = |known: &str| {
        path.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    spans
        .iter()
        .filter(|(known, _)| leads(known))
        .max_by_key(|(known, _)| known.len())
        .map(|(_, span)| *span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_the_author_wrote() {
        assert_eq!(
            words(
                "fieldSelector 'metadata.name' and nameSelector.matchNames are mutually exclusive"
            ),
            "`fields` 'metadata.name' and `names` are mutually exclusive"
        );
        assert_eq!(words("without `jqFilter` each is"), "without `jq` each is");
        assert_eq!(words("must be a whole number"), "must be a whole number");
    }

    #[test]
    fn paths_lead_to_whole_segments_only() {
        let at = |line| (line, Span::call_site());
        let spans: Vec<_> = [at("kubernetes[1]"), at("kubernetes[1].queue")]
            .map(|(path, span)| (path.to_owned(), span))
            .to_vec();
        assert!(nearest(&spans, "kubernetes[1].queue").is_some());
        assert!(nearest(&spans, "kubernetes[10].kind").is_none());
        assert!(nearest(&spans, "schedule[1]").is_none());
    }
}
