//! What is found while a document is checked.

use crate::offence::{Offence, Offences};
use crate::yaml::Duplicate;

use super::object::At;

/// Nobody reads more, and a hostile document could have very many.
const MOST: usize = 100;

/// At most this much of what was written is repeated.
const SHOWN: usize = 80;

/// What was written, shortened and without anything that would break a line.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start.escape_debug().to_string()
}

#[derive(Default)]
pub(super) struct Report {
    offences: Vec<Offence>,
    warnings: Vec<Offence>,
    /// How many offences are more than anybody reads.
    left_out: usize,
    /// Keys that are not known are ignored, and `null` stands for nothing.
    pub(super) lenient: bool,
}

/// Whether something keeps a document from being used.
#[derive(Clone, Copy)]
pub(super) enum Severity {
    Offence,
    Warning,
}

impl Report {
    pub(super) fn add(&mut self, severity: Severity, offence: Offence) {
        match severity {
            Severity::Offence if self.offences.len() >= MOST => self.left_out += 1,
            Severity::Offence => self.offences.push(offence),
            Severity::Warning if self.warnings.len() >= MOST => {}
            Severity::Warning => self.warnings.push(offence),
        }
    }

    /// An offence with a hint, which may be empty.
    pub(super) fn offence(
        &mut self,
        at: &At<'_>,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Offence, found(at, code, message, help));
    }

    pub(super) fn warning(&mut self, at: &At<'_>, code: &'static str, message: impl Into<String>) {
        self.add(Severity::Warning, found(at, code, message, ""));
    }

    pub(super) fn duplicate(&mut self, duplicate: &Duplicate) {
        let message = format!(
            "is given twice, first at {}: only the last one counts",
            duplicate.first
        );
        let offence = Offence::new(duplicate.path.as_str(), "duplicate-key", message);
        self.add(Severity::Warning, offence.at(duplicate.second));
    }

    /// All offences in the document's order, if there are any.
    pub(super) fn finish(&mut self) -> Result<(), Offences> {
        if self.offences.is_empty() {
            return Ok(());
        }
        let mut offences = std::mem::take(&mut self.offences);
        offences.sort_by_key(|offence| offence.position);
        if self.left_out > 0 {
            let message = format!("there are {} more offences", self.left_out);
            offences.push(Offence::new("", "more-offences", message));
        }
        Err(Offences(offences))
    }

    pub(super) fn into_warnings(mut self) -> Vec<Offence> {
        self.warnings.sort_by_key(|warning| warning.position);
        self.warnings
    }
}

pub(super) fn found(
    at: &At<'_>,
    code: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Offence {
    let help = help.into();
    let offence = Offence::new(at.path.as_str(), code, message).at(at.position);
    if help.is_empty() {
        offence
    } else {
        offence.with_help(help)
    }
}
