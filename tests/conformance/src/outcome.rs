//! What came of a case, as `expected.yaml` has it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use similar::TextDiff;

use crate::case::{Case, yaml};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Outcome {
    /// Runs in the order in which they began.
    pub runs: Vec<RunOutcome>,
    /// The answers to what was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Value>,
    /// The objects that the case looks at; null where there is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, Value>,
    /// The hooks' metrics that the case looks at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// The operator's own metrics that the case looks at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_metrics: Vec<String>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOutcome {
    /// The hook.
    pub hook: String,
    /// Its binding contexts.
    pub contexts: Value,
}

impl Outcome {
    /// What is expected of hookbox.
    ///
    /// # Errors
    /// It is not written down, or cannot be read.
    pub fn expected(case: &Case) -> Result<Self, String> {
        Self::read(&case.folder.join("expected.yaml"))
    }

    /// What shell-operator does.
    ///
    /// # Errors
    /// As [`Outcome::expected`].
    pub fn of_shell_operator(case: &Case) -> Result<Self, String> {
        Self::read(&case.folder.join(Self::file_of_shell_operator(case)))
    }

    /// The file that has what shell-operator does.
    #[must_use]
    pub fn file_of_shell_operator(case: &Case) -> &'static str {
        match case.differs {
            Some(_) => "shell-operator.yaml",
            None => "expected.yaml",
        }
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        yaml(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// As text.
    ///
    /// # Panics
    /// Never: it can always be written.
    #[must_use]
    pub fn text(&self) -> String {
        serde_saphyr::to_string(&serde_json::to_value(self).expect("JSON")).expect("YAML")
    }

    /// What is left when nothing is compared that the case leaves open.
    #[must_use]
    pub fn comparable(mut self, case: &Case, like: Option<&Self>) -> Self {
        if case.apart {
            self.runs.sort_by(|a, b| a.hook.cmp(&b.hook));
        }
        for hook in &case.endless {
            let of_hook = |outcome: &Self| outcome.runs.iter().filter(|r| r.hook == *hook).count();
            let keep = like.map_or(usize::MAX, of_hook);
            let mut seen = 0;
            self.runs.retain(|run| {
                seen += usize::from(run.hook == *hook);
                run.hook != *hook || seen <= keep
            });
        }
        self
    }

    /// The difference to what is expected, as a text; none when there is none.
    #[must_use]
    pub fn difference(&self, expected: &Self) -> Option<String> {
        if self == expected {
            return None;
        }
        let (old, new) = (expected.text(), self.text());
        let diff = TextDiff::from_lines(&old, &new);
        let text = diff.unified_diff().header("expected", "seen").to_string();
        Some(text)
    }
}
