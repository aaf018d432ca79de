//! The configuration document of a hook: text, then values with positions, then a checked configuration.

use crate::check;
use crate::config::HookConfig;
use crate::offence::{Offence, Offences};
use crate::yaml::{self, Dialect, Limits, Node, Position};

/// Read and check a document, JSON or YAML.
///
/// # Errors
/// All that is wrong with it, in the document's order.
pub fn parse(text: &str) -> Result<HookConfig, Offences> {
    Document::parse(text)?.check()
}

/// Check capabilities that stand alone: what may be asked for and granted beyond snapshots, JSON or YAML.
///
/// # Errors
/// All that is wrong with them, in their order. They may still be more than somebody may have.
pub fn check_capabilities(text: &str) -> Result<(), Offences> {
    check::check_capabilities(&Document::parse(text)?.root)
}

/// Check the file of what hooks are granted, `{hooks: {NAME: capabilities}}`.
///
/// # Errors
/// All that is wrong with it, in its order.
pub fn check_grants(root: &Node) -> Result<(), Offences> {
    check::check_grants(root)
}

/// A document that is read but not yet checked. Keep it to find the place of a path later, such as
/// `kubernetes[0].jqFilter` when the filter does not compile.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    root: Node,
    /// Where a second document starts, of which nothing comes.
    ignored: Option<Position>,
}

impl Document {
    /// Read JSON or YAML, bounded by [`Limits::CONFIG`].
    ///
    /// # Errors
    /// One offence: a text that is empty, is neither JSON nor YAML, or holds too much. Of several documents the first
    /// counts, as in shell-operator; the others get a warning when the document is checked.
    pub fn parse(text: &str) -> Result<Self, Offences> {
        let mut documents = yaml::load(text, &Limits::CONFIG, Dialect::Kubernetes)
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
        let ignored = documents.next().map(|(_, second)| second.at);
        Ok(Self { root, ignored })
    }

    /// Check the document and fill in all defaults.
    ///
    /// # Errors
    /// All that is wrong with it, in the document's order; at most a hundred offences and one that says how many
    /// more there are.
    pub fn check(&self) -> Result<HookConfig, Offences> {
        let mut config = check::check(&self.root)?;
        if let Some(second) = self.ignored {
            let message = "a second document starts here, which is ignored";
            let warning = Offence::new("", "several-documents", message).with_help(
                "a hook has one configuration: several bindings are several items of its lists",
            );
            config.warnings.push(warning.at(second));
        }
        Ok(config)
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
