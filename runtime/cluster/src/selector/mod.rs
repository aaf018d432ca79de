//! Label and field selectors of lists and watches.

mod labels;

use std::collections::BTreeMap;

use labels::Parser;

use crate::error::ApiError;
use crate::kinds::Kind;
use crate::store::Stored;

/// Which objects a list or a watch shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
}

#[derive(Debug, Clone, PartialEq)]
struct FieldRequirement {
    field: String,
    value: String,
    equal: bool,
}

impl Filter {
    /// Parses both selectors; empty texts select everything.
    pub(crate) fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Self, ApiError> {
        let labels = Parser::new(labels).requirements().map_err(|error| {
            ApiError::bad_request(if error.ends_with("identifier after ','") {
                error
            } else {
                format!("unable to parse requirement: {error}")
            })
        })?;
        let fields = parse_fields(fields).map_err(ApiError::bad_request)?;
        for requirement in &fields {
            let field = requirement.field.as_str();
            let known = field == "metadata.name"
                || (field == "metadata.namespace"
                    && (kind.namespaced || kind.selectable.is_empty()))
                || kind.selectable.iter().any(|one| &*one.label == field)
                || (field == "name" && kind.is("", "namespaces"));
            if !known {
                return Err(ApiError::bad_request(
                    if kind.selectable.is_empty() && kind.custom.is_none() {
                        format!(
                            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                        )
                    } else if kind.is("batch", "jobs") {
                        format!("field label {field:?} not supported for Job")
                    } else {
                        format!("field label not supported: {field}")
                    },
                ));
            }
        }
        Ok(Self { labels, fields })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The only name that can match, when a field selector says so.
    pub(crate) fn single_name(&self) -> Option<&str> {
        self.fields
            .iter()
            .find(|one| one.equal && one.field == "metadata.name")
            .map(|one| one.value.as_str())
    }

    pub(crate) fn matches(&self, object: &Stored) -> bool {
        self.labels
            .iter()
            .all(|one| one.matches(&object.meta.labels))
            && self.fields.iter().all(|one| one.matches(object))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
            Operator::Greater | Operator::Less => {
                let number = |text: &String| text.parse::<i64>().ok();
                let (Some(have), Some(want)) =
                    (value.and_then(number), self.values.first().and_then(number))
                else {
                    return false;
                };
                if self.operator == Operator::Greater {
                    have > want
                } else {
                    have < want
                }
            }
        }
    }
}

impl FieldRequirement {
    fn matches(&self, object: &Stored) -> bool {
        let meta = &object.meta;
        let have = match self.field.as_str() {
            "metadata.name" | "name" => meta.name.as_str(),
            "metadata.namespace" => meta.namespace.as_deref().unwrap_or_default(),
            field => meta
                .fields
                .iter()
                .find(|(label, _)| **label == *field)
                .map(|(_, value)| value.as_str())
                .unwrap_or_default(),
        };
        (have == self.value) == self.equal
    }
}

/// The name that a field selector demands, for authorisation: a list of one name is a request for that name.
pub(crate) fn exact_name(fields: &str) -> Option<String> {
    let requirements = parse_fields(fields).ok()?;
    requirements
        .into_iter()
        .find(|one| one.equal && one.field == "metadata.name")
        .map(|one| one.value)
}

/// `a=b,c!=d`, with `\` before a comma, an equals sign or a backslash in a value.
fn parse_fields(text: &str) -> Result<Vec<FieldRequirement>, String> {
    let mut terms = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        let last = terms.len() - 1;
        let Some(term) = terms.get_mut(last) else {
            break;
        };
        match c {
            _ if escaped => {
                term.extend(['\\', c]);
                escaped = false;
            }
            '\\' => escaped = true,
            ',' => terms.push(String::new()),
            _ => term.push(c),
        }
    }
    let mut requirements = Vec::new();
    for term in terms.iter().filter(|term| !term.is_empty()) {
        let (field, rest, equal) = match (term.find("!="), term.find('=')) {
            (Some(at), Some(eq)) if at < eq => (term.get(..at), term.get(at + 2..), false),
            (_, Some(at)) => (
                term.get(..at),
                term.get(at + 1..)
                    .map(|rest| rest.strip_prefix('=').unwrap_or(rest)),
                true,
            ),
            _ => {
                return Err(format!(
                    "invalid selector: '{text}'; can't understand '{term}'"
                ));
            }
        };
        let mut value = String::new();
        let mut escaped = false;
        for c in rest.unwrap_or_default().chars() {
            match c {
                '\\' if !escaped => escaped = true,
                ',' | '=' | '\\' if escaped => {
                    value.push(c);
                    escaped = false;
                }
                _ if escaped => {
                    return Err(format!(
                        "invalid field selector: invalid escape sequence in {term:?}"
                    ));
                }
                _ => value.push(c),
            }
        }
        requirements.push(FieldRequirement {
            field: field.unwrap_or_default().to_owned(),
            value,
            equal,
        });
    }
    Ok(requirements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn selects(selector: &str, pairs: &[(&str, &str)]) -> bool {
        Parser::new(selector)
            .requirements()
            .unwrap()
            .iter()
            .all(|one| one.matches(&labels(pairs)))
    }

    #[test]
    fn label_selectors_follow_the_grammar() {
        assert!(selects("", &[]));
        assert!(selects("a=b", &[("a", "b")]));
        assert!(selects("a==b, c != d", &[("a", "b")]));
        assert!(!selects("a=b,c!=d", &[("a", "b"), ("c", "d")]));
        assert!(selects("a in (x, y),!z", &[("a", "y")]));
        assert!(selects("a notin (x,y)", &[]));
        assert!(selects("a", &[("a", "")]));
        assert!(selects("a=", &[("a", "")]));
        assert!(selects("n>3,n<5", &[("n", "4")]));
        assert!(selects("example.com/in=in", &[("example.com/in", "in")]));
    }

    #[test]
    fn mistakes_are_told() {
        for wrong in [
            "a in", "a in x", "a in (x", ",", "a=b,", "a b", "=x", "!", "a=b c",
        ] {
            assert!(Parser::new(wrong).requirements().is_err(), "{wrong}");
        }
    }

    #[test]
    fn field_selectors_unescape_values() {
        let parsed = parse_fields(r"metadata.name=a\,b,status.phase!=x\=y").unwrap();
        assert_eq!(
            parsed[0],
            FieldRequirement {
                field: "metadata.name".into(),
                value: "a,b".into(),
                equal: true
            }
        );
        assert_eq!(
            parsed[1],
            FieldRequirement {
                field: "status.phase".into(),
                value: "x=y".into(),
                equal: false
            }
        );
        assert!(parse_fields("nothing").is_err());
    }
}
