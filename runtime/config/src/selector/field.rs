//! Field selectors.

use serde::Serialize;

use super::{SelectorError, within_bounds};

/// Which fields an object must have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldSelector {
    /// All of these.
    pub match_expressions: Vec<FieldRequirement>,
}

/// One condition on one field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct FieldRequirement {
    /// Path of the field, such as `metadata.name` or `status.phase`.
    pub field: String,
    /// How it is compared.
    pub operator: FieldOperator,
    /// What it is compared with.
    pub value: String,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum FieldOperator {
    /// Written `=`, `==` or `Equals`.
    Equals,
    /// Written `!=` or `NotEquals`.
    NotEquals,
}

impl FieldSelector {
    /// A condition that a field has a value.
    #[must_use]
    pub fn equals(field: &str, value: &str) -> Self {
        Self {
            match_expressions: vec![FieldRequirement {
                field: field.to_owned(),
                operator: FieldOperator::Equals,
                value: value.to_owned(),
            }],
        }
    }

    /// Whether everything is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_expressions.is_empty()
    }

    /// Whether an object is selected, whose fields `lookup` gives. An absent field is as good as an empty one.
    pub fn matches(&self, lookup: impl Fn(&str) -> Option<String>) -> bool {
        self.match_expressions.iter().all(|requirement| {
            let found = lookup(&requirement.field).unwrap_or_default();
            match requirement.operator {
                FieldOperator::Equals => found == requirement.value,
                FieldOperator::NotEquals => found != requirement.value,
            }
        })
    }

    /// As the API's `fieldSelector` parameter, not yet percent-encoded: `metadata.name=a,status.phase!=Running`.
    #[must_use]
    pub fn to_query(&self) -> String {
        let terms: Vec<String> = self
            .match_expressions
            .iter()
            .map(|requirement| {
                let operator = match requirement.operator {
                    FieldOperator::Equals => "=",
                    FieldOperator::NotEquals => "!=",
                };
                format!(
                    "{}{operator}{}",
                    requirement.field,
                    escape(&requirement.value)
                )
            })
            .collect();
        terms.join(",")
    }

    /// Read the API's `fieldSelector` parameter: `a=b`, `a==b`, `a!=b` with commas between; `\` before `,`, `=` and
    /// `\` in values. Empty selects everything.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn parse_query(text: &str) -> Result<Self, SelectorError> {
        within_bounds(text)?;
        let match_expressions = terms(text)
            .filter(|term| !term.is_empty())
            .map(requirement)
            .collect::<Result<_, _>>()?;
        Ok(Self { match_expressions })
    }
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '=') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The parts between commas that no backslash stands before.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let boundary = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        boundary
    })
}

fn requirement(term: &str) -> Result<FieldRequirement, SelectorError> {
    let invalid = || SelectorError::Query {
        message: format!(
            "found '{}', expected a field, '=', '==' or '!=', and a value",
            term.chars().take(80).collect::<String>().escape_debug()
        ),
    };
    // The operator that comes first counts, and of `=` and `==` the longer.
    let (at, _) = term
        .char_indices()
        .find(|(at, c)| {
            *c == '=' || (*c == '!' && term.get(at + 1..).is_some_and(|r| r.starts_with('=')))
        })
        .ok_or_else(invalid)?;
    let (field, rest) = term.split_at(at);
    let (operator, value) = if let Some(value) = rest.strip_prefix("!=") {
        (FieldOperator::NotEquals, value)
    } else {
        let value = rest.strip_prefix("==").or_else(|| rest.strip_prefix('='));
        (FieldOperator::Equals, value.unwrap_or_default())
    };
    if field.is_empty() {
        return Err(invalid());
    }
    Ok(FieldRequirement {
        field: field.to_owned(),
        operator,
        value: unescape(value).ok_or_else(invalid)?,
    })
}

fn unescape(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c @ ('\\' | ',' | '=') => text.push(c),
                _ => return None,
            },
            ',' | '=' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}
