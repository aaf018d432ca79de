//! The configuration document of a hook: text, then values with positions, then a checked configuration.

use crate::check;
use crate::config::HookConfig;
use crate::offence::{Offence, Offences};
use crate::yaml::{self, Limits, Node, Position};

/// Read and check a document, JSON or YAML.
///
/// # Errors
/// All that is wrong with it, in the document's order.
pub fn parse(text: &str) -> Result<HookConfig, Offences> {
    Document::parse(text)?.check()
}

/// A document that is read but not yet checked. Keep it to find the place of a path later, such as
/// `kubernetes[0].jqFilter` when the filter does not compile.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    root: Node,
}

impl Document {
    /// Read JSON or YAML, bounded by [`Limits::CONFIG`].
    ///
    /// # Errors
    /// One offence: a text that is empty, is neither JSON nor YAML, holds more than one document, or too much.
    pub fn parse(text: &str) -> Result<Self, Offences> {
        let mut documents = yaml::load(text, &Limits::CONFIG)
            .map_err(|error| {
                let offence = Offence::new("", error.code(), error.message.clone());
                let offence = match error.help {
                    Some(help) => offence.with_help(help),
                    None => offence,
                };
                offence.at(error.position())
            })?
            .into_iter();
        let Some((_, root)) = documents.next() else {
            return Err(Offence::new("", "empty", "the document is empty")
                .with_help("a configuration starts with `configVersion: v1`")
                .at(Position::START)
                .into());
        };
        if let Some((_, second)) = documents.next() {
            return Err(
                Offence::new("", "several-documents", "a second document starts here")
                    .with_help("a hook has one configuration: several bindings are several items of its lists")
                    .at(second.at)
                    .into(),
            );
        }
        Ok(Self { root })
    }

    /// Check the document and fill in all defaults.
    ///
    /// # Errors
    /// All that is wrong with it, in the document's order; at most a hundred offences and one that says how many
    /// more there are.
    pub fn check(&self) -> Result<HookConfig, Offences> {
        check::check(&self.root)
    }

    /// Where the value of a path starts; for a missing value, where the nearest one around it starts. None when the
    /// path is malformed.
    #[must_use]
    pub fn position(&self, path: &str) -> Option<Position> {
        self.root.position(path)
    }

    /// The values with their positions.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }
}
