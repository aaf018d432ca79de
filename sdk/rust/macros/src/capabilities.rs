//! `capabilities(…)`: what a hook wants to be granted.

use proc_macro2::Span;
use serde_json::{Map, Value, json};

use crate::args::{Arg, Args, Errors, list};
use crate::document::Document;

/// How the value of a key is written.
enum Shape {
    Text,
    Words,
    Numbers,
}

/// A key of an entry: in the attribute, in the document, how it is written, and what it is where it is left out.
struct Key {
    name: &'static str,
    field: &'static str,
    shape: Shape,
    default: Option<&'static str>,
    required: bool,
}

const fn key(name: &'static str, field: &'static str, shape: Shape, required: bool) -> Key {
    Key {
        name,
        field,
        shape,
        default: None,
        required,
    }
}

/// What may be wanted as often as needed, with the keys of each.
const ENTRIES: &[(&str, &[Key])] = &[
    (
        "kubernetes",
        &[
            Key {
                default: Some(""),
                ..key("groups", "apiGroups", Shape::Words, false)
            },
            key("kinds", "kinds", Shape::Words, true),
            key("namespaces", "namespaces", Shape::Words, true),
            key("verbs", "verbs", Shape::Words, true),
        ],
    ),
    (
        "http",
        &[
            key("hosts", "hosts", Shape::Words, true),
            key("schemes", "schemes", Shape::Words, false),
            key("ports", "ports", Shape::Numbers, false),
            key("methods", "methods", Shape::Words, false),
            key("addresses", "addresses", Shape::Words, false),
        ],
    ),
    (
        "files",
        &[
            key("path", "path", Shape::Text, true),
            key("mount", "mount", Shape::Text, false),
        ],
    ),
    (
        "environment",
        &[
            key("name", "name", Shape::Text, true),
            key("value", "value", Shape::Text, false),
        ],
    ),
];

/// `capabilities(http(hosts = ["a.example"]), wall_clock = true)` as JSON.
pub(crate) fn capabilities(
    arg: &Arg,
    document: &mut Document,
    errors: &mut Errors,
) -> Option<String> {
    let args = errors.take(arg.nested())?;
    let lists: Vec<&str> = ENTRIES.iter().map(|(name, _)| *name).collect();
    let known: Vec<&str> = lists.iter().copied().chain(["wall_clock"]).collect();
    args.check_keys("`capabilities`", &known, &lists, errors);
    let mut all = Map::new();
    let mut spans: Vec<(String, Span)> = Vec::new();
    for (name, keys) in ENTRIES {
        for arg in args.0.iter().filter(|arg| arg.key == *name) {
            let Some(nested) = errors.take(arg.nested()) else {
                continue;
            };
            let items = all.entry(*name).or_insert_with(|| json!([]));
            let Value::Array(items) = items else { continue };
            let path = format!("capabilities.{name}[{}]", items.len());
            spans.push((path.clone(), arg.key.span()));
            let span = arg.key.span();
            items.push(entry(name, keys, nested, (&path, span), &mut spans, errors));
        }
    }
    if let Some(value) = args.read("wall_clock", errors, Arg::bool) {
        all.insert("wallClock".to_owned(), value.into());
    }
    let text = Value::Object(all.clone()).to_string();
    document.set("capabilities", Value::Object(all), arg.key.span());
    for (path, span) in spans {
        document.locate(&path, span);
    }
    Some(text)
}

/// One entry, whose keyword stands at a place.
fn entry(
    name: &str,
    keys: &[Key],
    args: &Args,
    (path, span): (&str, Span),
    spans: &mut Vec<(String, Span)>,
    errors: &mut Errors,
) -> Value {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let known = args.check_keys(&format!("`{name}`"), &names, &[], errors);
    let mut fields = Map::new();
    for key in keys {
        let path = format!("{path}.{}", key.field);
        let Some(arg) = args.get(key.name) else {
            if let Some(default) = key.default {
                fields.insert(key.field.to_owned(), json!([default]));
            }
            continue;
        };
        spans.push((path.clone(), arg.span()));
        let mut items = Vec::new();
        match key.shape {
            Shape::Text => {
                if let Some(text) = errors.take(arg.text()) {
                    fields.insert(key.field.to_owned(), text.text.into());
                }
                continue;
            }
            Shape::Words => {
                let words = errors.take(arg.words()).unwrap_or_default();
                items.extend(words.into_iter().map(|word| (json!(word.text), word.span)));
            }
            Shape::Numbers => {
                let numbers = errors.take(arg.ints()).unwrap_or_default();
                items.extend(numbers.into_iter().map(|(n, span)| (json!(n), span)));
            }
        }
        let place = |(i, (_, span)): (usize, &(Value, Span))| (format!("{path}[{i}]"), *span);
        spans.extend(items.iter().enumerate().map(place));
        let values = items.into_iter().map(|(value, _)| value).collect();
        fields.insert(key.field.to_owned(), Value::Array(values));
    }
    let missing = keys
        .iter()
        .filter(|key| key.required && args.get(key.name).is_none());
    let missing: Vec<&str> = missing.map(|key| key.name).collect();
    if known && !missing.is_empty() {
        errors.at(span, format!("`{name}` needs {}", list(&missing)));
    }
    // What is missing is told already.
    for key in keys.iter().filter(|key| key.required) {
        let stand_in = match key.shape {
            Shape::Text if name == "files" => json!("/"),
            Shape::Text => json!("x"),
            _ if key.name == "verbs" => json!(["get"]),
            _ => json!(["x"]),
        };
        fields.entry(key.field).or_insert(stand_in);
    }
    Value::Object(fields)
}
