//! Values of expected types, with an offence where they are of another.

use crate::path::Path;
use crate::suggest;
use crate::yaml::{Entry, Node, Position, Value};

use super::report::{Report, shown};
use super::v0;

/// A value and where it is.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) path: Path,
    pub(super) position: Position,
}

impl<'a> At<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self {
            node,
            path: Path::default(),
            position: node.at,
        }
    }

    pub(super) fn inner(&self, key: &str, node: &'a Node) -> Self {
        Self {
            node,
            path: self.path.key(key),
            position: node.at,
        }
    }

    fn item(&self, index: usize, node: &'a Node) -> Self {
        Self {
            node,
            path: self.path.index(index),
            position: node.at,
        }
    }

    /// The same path at the place of something else, such as its key.
    pub(super) fn placed(mut self, position: Position) -> Self {
        self.position = position;
        self
    }

    fn wrong_type(&self, expected: &str, report: &mut Report) {
        let (found, help) = match &self.node.value {
            Value::Null => ("nothing".to_owned(), String::new()),
            // It may have been written as another word.
            Value::Bool(value) if expected == TEXT => (
                format!("`{value}`"),
                "write it in quotes: without them, yes, no, on, off, y and n are true or false"
                    .to_owned(),
            ),
            Value::Bool(value) => (format!("`{value}`"), String::new()),
            Value::Number(number) => (
                format!("the number {number}"),
                in_quotes(expected, &number.to_string()),
            ),
            Value::String(text) => (
                format!("the text `{}`", shown(text)),
                unquoted(expected, text),
            ),
            Value::Sequence(_) => ("a list".to_owned(), String::new()),
            Value::Mapping(_) => ("a mapping".to_owned(), String::new()),
        };
        let message = format!("must be {expected}, found {found}");
        report.offence(self, "wrong-type", message, help);
    }

    pub(super) fn text(&self, report: &mut Report) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            _ => {
                self.wrong_type(TEXT, report);
                None
            }
        }
    }

    /// Text that is not empty.
    pub(super) fn name(&self, report: &mut Report) -> Option<&'a str> {
        let text = self.text(report)?;
        if text.is_empty() {
            report.offence(self, "empty", "must not be empty", "");
            return None;
        }
        Some(text)
    }

    pub(super) fn integer(&self, report: &mut Report) -> Option<i64> {
        let Value::Number(number) = &self.node.value else {
            self.wrong_type(INTEGER, report);
            return None;
        };
        // JSON knows no difference between 10 and 10.0.
        let whole =
            |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
        let value = number.as_i64().or_else(|| number.as_f64().and_then(whole));
        if value.is_none() {
            self.wrong_type(INTEGER, report);
        }
        value
    }

    /// One of some words, and what it stands for.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)], report: &mut Report) -> Option<T> {
        let text = self.text(report)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!(
            "must be one of {}, found `{}`",
            known.join(", "),
            shown(text)
        );
        let help = suggest::nearest(text, &known).map_or_else(String::new, did_you_mean);
        report.offence(self, "unknown-word", message, help);
        None
    }

    pub(super) fn items(&self, report: &mut Report) -> Option<Vec<At<'a>>> {
        match &self.node.value {
            Value::Sequence(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.item(index, item))
                    .collect(),
            ),
            _ => {
                self.wrong_type("a list", report);
                None
            }
        }
    }

    /// A list of at least so many items.
    pub(super) fn at_least(&self, least: usize, report: &mut Report) -> Option<Vec<At<'a>>> {
        let items = self.items(report)?;
        if items.len() < least {
            report.offence(self, "too-few-items", "must not be empty", "");
        }
        Some(items)
    }

    /// A list of texts; those that are none are left out.
    pub(super) fn texts(
        &self,
        least: usize,
        report: &mut Report,
    ) -> Option<Vec<(At<'a>, &'a str)>> {
        let items = self.at_least(least, report)?;
        Some(
            items
                .into_iter()
                .filter_map(|at| at.text(report).map(|text| (at, text)))
                .collect(),
        )
    }

    /// A mapping with any keys.
    pub(super) fn entries(&self, report: &mut Report) -> Option<&'a [Entry]> {
        match &self.node.value {
            Value::Mapping(entries) => Some(entries),
            _ => {
                self.wrong_type("a mapping", report);
                None
            }
        }
    }
}

/// No hook has nearly as many. With groups the effective lists of snapshots grow with the square of it.
const MOST_BINDINGS: usize = 256;

const TEXT: &str = "text";
const FLAG: &str = "true or false";
const INTEGER: &str = "a whole number";

fn did_you_mean(word: &str) -> String {
    format!("did you mean `{word}`?")
}

fn in_quotes(expected: &str, written: &str) -> String {
    if expected == TEXT {
        format!("write it in quotes: \"{written}\"")
    } else {
        String::new()
    }
}

/// What is in quotes and must not be.
fn unquoted(expected: &str, text: &str) -> String {
    let meant = match (expected, text.to_ascii_lowercase().as_str()) {
        (FLAG, "true" | "yes" | "on" | "y") => "true",
        (FLAG, "false" | "no" | "off" | "n") => "false",
        (INTEGER, _) if text.len() < 20 && text.parse::<i64>().is_ok() => text,
        _ => return String::new(),
    };
    format!("write {meant} without quotes")
}

/// A mapping of which only some keys are known.
pub(super) struct Object<'a> {
    at: At<'a>,
    entries: &'a [Entry],
    /// `null` stands for nothing.
    lenient: bool,
}

impl<'a> Object<'a> {
    /// Each key that is not known is an offence.
    pub(super) fn read(at: At<'a>, known: &[&str], report: &mut Report) -> Option<Self> {
        let entries = at.entries(report)?;
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let at = at.inner(&entry.key, &entry.value).placed(entry.at);
                let help = match suggest::nearest(&entry.key, known) {
                    Some(word) => did_you_mean(word),
                    None => format!("known keys are {}", known.join(", ")),
                };
                if report.lenient {
                    v0::ignored(&at, help, report);
                } else {
                    report.offence(&at, "unknown-key", "is not a known key", help);
                }
            }
        }
        Some(Self {
            at,
            entries,
            lenient: report.lenient,
        })
    }

    /// Any keys.
    pub(super) fn open(at: At<'a>, report: &mut Report) -> Option<Self> {
        let entries = at.entries(report)?;
        Some(Self {
            at,
            entries,
            lenient: report.lenient,
        })
    }

    pub(super) fn at(&self) -> &At<'a> {
        &self.at
    }

    pub(super) fn keys(&self) -> &'a [Entry] {
        self.entries
    }

    pub(super) fn field(&self, key: &str) -> Option<At<'a>> {
        let entry = self.entries.iter().rev().find(|entry| entry.key == key)?;
        let nothing = self.lenient && entry.value.value == Value::Null;
        (!nothing).then(|| self.at.inner(key, &entry.value))
    }

    pub(super) fn required(&self, key: &str, report: &mut Report) -> Option<At<'a>> {
        let field = self.field(key);
        if field.is_none() {
            let at = self.at.inner(key, self.at.node);
            report.offence(&at, "missing", "is required", "");
        }
        field
    }

    pub(super) fn text(&self, key: &str, report: &mut Report) -> Option<&'a str> {
        self.field(key)?.text(report)
    }

    /// Text; the empty one is as good as none.
    pub(super) fn text_or_none(&self, key: &str, report: &mut Report) -> Option<String> {
        self.text(key, report)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    pub(super) fn text_or(&self, key: &str, default: &str, report: &mut Report) -> String {
        self.text_or_none(key, report)
            .unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn flag(&self, key: &str, default: bool, report: &mut Report) -> bool {
        match self.field(key) {
            None => default,
            Some(at) => match &at.node.value {
                Value::Bool(value) => *value,
                _ => {
                    at.wrong_type(FLAG, report);
                    default
                }
            },
        }
    }

    pub(super) fn integer(&self, key: &str, report: &mut Report) -> Option<i64> {
        self.field(key)?.integer(report)
    }

    /// A list of bindings: at least one, at most [`MOST_BINDINGS`].
    pub(super) fn bindings<T>(
        &self,
        key: &str,
        report: &mut Report,
        read: impl FnMut(At<'a>, &mut Report) -> Option<T>,
    ) -> Vec<T> {
        self.some_bindings(key, 1, report, read)
    }

    /// A list of bindings: at least so many, at most [`MOST_BINDINGS`].
    pub(super) fn some_bindings<T>(
        &self,
        key: &str,
        least: usize,
        report: &mut Report,
        mut read: impl FnMut(At<'a>, &mut Report) -> Option<T>,
    ) -> Vec<T> {
        let mut left = MOST_BINDINGS;
        let items = self.field(key).and_then(|at| at.at_least(least, report));
        let items = items.unwrap_or_default().into_iter();
        let mut bindings: Vec<T> = items
            .filter_map(|at| {
                left = left.checked_sub(1)?;
                read(at, report)
            })
            .collect();
        if let Some(at) = self.field(key)
            && let Value::Sequence(items) = &at.node.value
            && items.len() > MOST_BINDINGS
        {
            let message = format!("must not have more than {MOST_BINDINGS} items");
            report.offence(&at, "too-many-items", message, "");
        }
        // They are kept for as long as the hook is, and there may be thousands of hooks.
        bindings.shrink_to_fit();
        bindings
    }

    /// A list of at least one item; those that have offences are left out.
    pub(super) fn items<T>(
        &self,
        key: &str,
        report: &mut Report,
        mut read: impl FnMut(At<'a>, &mut Report) -> Option<T>,
    ) -> Vec<T> {
        let items = self.field(key).and_then(|at| at.at_least(1, report));
        items
            .unwrap_or_default()
            .into_iter()
            .filter_map(|at| read(at, report))
            .collect()
    }
}
