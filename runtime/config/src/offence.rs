//! What is wrong with a document, and where.

use std::fmt;

use serde::Serialize;

use crate::yaml::Position;

/// One thing that is wrong (or, as a warning, not as it seems) in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offence {
    /// Which value: `kubernetes[0].labelSelector.matchExpressions[1].operator`. Keys that are not plain words are
    /// written in brackets and quotes: `matchLabels["a.b/c"]`. Empty for the whole document.
    pub path: String,
    /// A stable word to match on, such as `unknown-key`. New words may appear.
    pub code: &'static str,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the text; for a missing value, where the mapping that lacks it starts.
    pub position: Option<Position>,
}

impl Offence {
    /// An offence without help and position.
    pub fn new(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            code,
            message: message.into(),
            help: None,
            position: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with its place.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// All that is wrong with a document, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offences(pub Vec<Offence>);

impl Offences {
    /// A stable word for errors that carry this one.
    pub const CODE: &'static str = "invalid-config";

    /// See [`Offences::CODE`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        Self::CODE
    }
}

impl fmt::Display for Offences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, offence) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            offence.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Offences {}

impl From<Offence> for Offences {
    fn from(offence: Offence) -> Self {
        Self(vec![offence])
    }
}

impl IntoIterator for Offences {
    type Item = Offence;
    type IntoIter = std::vec::IntoIter<Offence>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Offences {
    type Item = &'a Offence;
    type IntoIter = std::slice::Iter<'a, Offence>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
