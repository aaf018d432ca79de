//! Documents with positions: YAML, of which JSON is the plain form.
//!
//! Scalars mean what they mean to Kubernetes (sigs.k8s.io/yaml), so that a document is read here as it is there: `yes`,
//! `no`, `on`, `off`, `y` and `n` without quotes are booleans, `0644` is octal, `0x1F`, `0b1`, `0o17` and `1_000` are
//! numbers, dates are text, whole numbers are exact from -2⁶³ to 2⁶⁴-1, keys that are numbers or booleans become text, and
//! `<<` merges mappings. Patch files have a reader of their own ([`Dialect::Patches`]). A key that is given twice is an
//! error but in configurations and in texts within patch files, where the last one counts, as it does for Kubernetes.
//!
//! Texts come from hooks and files, so all is bounded ([`Limits`]): size, depth, number of values, and what aliases
//! add.

mod base64;
mod json;
mod load;
mod merge;
mod node;
mod scalar;
mod tag;

use thiserror::Error;

pub(crate) use self::node::Duplicate;
pub use self::node::{Entry, Node, Position, Value};

/// By whose rules plain scalars, tags and merged mappings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// sigs.k8s.io/yaml, by which kubectl and shell-operator read manifests and configurations.
    Kubernetes,
    /// gopkg.in/yaml.v3, by which shell-operator reads patch files: `yes` and its like are text, what is written out has
    /// precedence over what is merged, and the topmost keys of an operation that are text stay as they are written. But a
    /// date is text here, where yaml.v3 makes a time of it.
    Patches,
}

/// How much a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text; aliases may add as much again.
    pub bytes: usize,
    /// How deep values may be nested.
    pub depth: usize,
    /// How many values there may be in all documents, with those that aliases add.
    pub values: usize,
}

impl Limits {
    /// For the configuration of a hook: 1 MiB.
    pub const CONFIG: Self = Self {
        bytes: 1 << 20,
        depth: 32,
        values: 50_000,
    };

    /// For a file of manifests: 64 MiB.
    pub const MANIFESTS: Self = Self {
        bytes: 64 << 20,
        depth: 100,
        values: 4_000_000,
    };
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}{} (document {document}, line {line}, column {column})", .help.map(|help| format!(": {help}")).unwrap_or_default())]
pub struct YamlError {
    /// What is wrong, for a person.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Which document of the text, from 1.
    pub document: usize,
    /// What kind of error.
    pub kind: YamlErrorKind,
    /// What to do about it, where that can be told.
    pub help: Option<&'static str>,
}

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum YamlErrorKind {
    /// The text is not YAML (or JSON).
    Syntax,
    /// One of [`Limits`] is exceeded.
    Limit,
    /// YAML, but nothing that Kubernetes or JSON could hold: foreign tags, mappings as keys, infinity.
    Unsupported,
    /// A key is given twice in a mapping.
    DuplicateKey,
}

impl YamlErrorKind {
    /// A stable word to match on.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Limit => "too-large",
            Self::Unsupported => "unsupported-yaml",
            Self::DuplicateKey => "duplicate-key",
        }
    }
}

impl YamlError {
    /// A stable word to match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Where it is.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }

    fn new(kind: YamlErrorKind, message: impl Into<String>, at: Position) -> Self {
        Self {
            message: message.into(),
            line: at.line,
            column: at.column,
            document: 1,
            kind,
            help: None,
        }
    }

    fn in_document(mut self, document: usize) -> Self {
        self.document = document;
        self
    }
}

/// Read the manifests in a text, bounded by [`Limits::MANIFESTS`]. Empty documents are left out.
///
/// # Errors
/// The first thing that is wrong, with the number of its document.
pub fn parse_documents(text: &str) -> Result<Vec<Node>, YamlError> {
    once(load(text, &Limits::MANIFESTS, Dialect::Kubernetes)?)
}

/// Read the documents of a file of settings, as [`parse_documents`] but bounded by [`Limits::CONFIG`].
///
/// # Errors
/// The first thing that is wrong, with the number of its document.
pub fn parse_settings(text: &str) -> Result<Vec<Node>, YamlError> {
    once(load(text, &Limits::CONFIG, Dialect::Kubernetes)?)
}

/// Read a text within a document, as [`parse_documents`], but of a key that is given twice the last one counts.
///
/// # Errors
/// The first thing that is wrong, with the number of its document.
pub fn parse_text(text: &str) -> Result<Vec<Node>, YamlError> {
    let documents = load(text, &Limits::MANIFESTS, Dialect::Kubernetes)?;
    Ok(documents.into_iter().map(|(_, node)| node).collect())
}

/// Read the operations in a patch file, as [`parse_documents`] but by [`Dialect::Patches`].
///
/// # Errors
/// The first thing that is wrong, with the number of its document.
pub fn parse_patches(text: &str) -> Result<Vec<Node>, YamlError> {
    once(load(text, &Limits::MANIFESTS, Dialect::Patches)?)
}

/// Documents in which no key is given twice.
fn once(documents: Vec<(usize, Node)>) -> Result<Vec<Node>, YamlError> {
    for (number, node) in &documents {
        if let Some(duplicate) = node.duplicate_keys().first() {
            let message = format!(
                "the key `{}` is given twice, first at {}",
                duplicate.shown_key(),
                duplicate.first
            );
            let error = YamlError::new(YamlErrorKind::DuplicateKey, message, duplicate.second);
            return Err(error.in_document(*number));
        }
    }
    Ok(documents.into_iter().map(|(_, node)| node).collect())
}

/// All documents that are not empty, with their numbers. Duplicate keys are kept.
pub(crate) fn load(
    text: &str,
    limits: &Limits,
    dialect: Dialect,
) -> Result<Vec<(usize, Node)>, YamlError> {
    if text.len() > limits.bytes {
        let message = format!(
            "the text has {} bytes, more than the {} that are allowed",
            text.len(),
            limits.bytes
        );
        return Err(YamlError::new(
            YamlErrorKind::Limit,
            message,
            Position::START,
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What looks like JSON is read as JSON: YAML's parser knows no surrogate pairs and no long keys. A flow mapping
    // of YAML looks like it too.
    if text.trim_start().starts_with(['{', '[']) {
        let json_error = match json::parse(text, limits) {
            Ok(nodes) => return Ok((1..).zip(nodes).collect()),
            Err(error) if error.kind == YamlErrorKind::Limit => return Err(error),
            Err(error) => error,
        };
        return load::load(text, limits, dialect).map_err(|yaml_error| {
            if yaml_error.kind == YamlErrorKind::Syntax && has_quoted_key(text) {
                json_error
            } else {
                yaml_error
            }
        });
    }
    let nodes = load::load(text, limits, dialect)?;
    match text.char_indices().find(|(_, c)| is_control(*c)) {
        None => Ok(nodes),
        Some((at, c)) => {
            let message = format!("there is a control character, U+{:04X}", u32::from(c));
            Err(YamlError::new(
                YamlErrorKind::Syntax,
                message,
                place(text, at),
            ))
        }
    }
}

/// What has no place in YAML, not even in quotes.
fn is_control(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        c => c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'),
    }
}

/// The place of a byte.
fn place(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }
}

/// Whether a text was probably meant to be JSON.
fn has_quoted_key(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '['))
        .starts_with('"')
}

#[cfg(test)]
mod tests;
