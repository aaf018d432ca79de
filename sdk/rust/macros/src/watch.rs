//! One `#[watch(…)]`: one `kubernetes` binding.

use hookbox_config::selector::{FieldSelector, LabelSelector};
use proc_macro2::Span;
use serde_json::{Value, json};
use syn::Error;

use crate::args::{Arg, Args, Errors, Word};
use crate::document::Item;

const KEYS: &[&str] = &[
    "kind",
    "api_version",
    "name",
    "jq",
    "filter",
    "metadata_only",
    "namespace",
    "namespaces",
    "namespace_labels",
    "names",
    "labels",
    "fields",
    "on_event",
    "on_synchronization",
    "wait_for_synchronization",
    "keep_full_objects",
    "metadata_only",
    "queue",
    "group",
    "allow_failure",
    "include_snapshots",
];

/// What the rest of the macro wants to know of a binding.
pub(crate) struct Watch {
    pub(crate) name: Word,
    pub(crate) filtered: bool,
    /// Whether anything of it runs the hook, and not only its snapshot is wanted.
    pub(crate) runs: bool,
    pub(crate) group: Option<String>,
    /// The author's own list, if there is one.
    pub(crate) includes: Option<(Vec<Word>, Span)>,
    pub(crate) item: Item,
    /// The author's filter function.
    pub(crate) filter: Option<syn::Path>,
}

impl Watch {
    /// Reads the arguments for the field `name`, the `index`th of the struct.
    pub(crate) fn new(args: &Args, index: usize, name: Word, errors: &mut Errors) -> Self {
        let known = args.check_keys("`#[watch]`", KEYS, &[], errors);
        let mut item = Item::new("kubernetes", index, name.span);
        let name = args.read("name", errors, Arg::text).unwrap_or(name);
        item.set("name", name.text.as_str(), name.span);
        if args.get("kind").is_none() && known {
            errors.at(
                item_span(args, &name),
                "`#[watch]` needs a kind: `kind = \"Pod\"`",
            );
        }
        // Where it is missing or wrong, which was told, the other mistakes are shown too.
        item.set_default("kind", "Pod");
        for (key, field) in [
            ("kind", "kind"),
            ("api_version", "apiVersion"),
            ("jq", "jqFilter"),
            ("queue", "queue"),
            ("group", "group"),
        ] {
            if let Some(word) = args.read(key, errors, Arg::text) {
                item.set(field, word.text, word.span);
            }
        }
        for (key, field) in [
            ("on_synchronization", "executeHookOnSynchronization"),
            ("wait_for_synchronization", "waitForSynchronization"),
            ("allow_failure", "allowFailure"),
            ("metadata_only", "metadataOnly"),
        ] {
            if let (Some(value), Some(arg)) = (args.read(key, errors, Arg::bool), args.get(key)) {
                item.set(field, value, arg.span());
            }
        }
        selectors(args, &mut item, errors);
        events(args, &mut item, errors);
        let filter = args.read("filter", errors, Arg::path);
        if let Some(arg) = args.get("filter") {
            item.set("filter", true, arg.span());
        }
        let filtered = args.get("jq").is_some() || args.get("filter").is_some();
        keep_objects(args, filtered, &mut item, errors);
        jq_filter(args, errors);
        let runs = runs(&item);
        let includes = args.read("include_snapshots", errors, Arg::words);
        let includes = includes.zip(args.get("include_snapshots").map(Arg::span));
        let group = item
            .fields
            .get("group")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Self {
            name,
            filtered,
            runs,
            group,
            includes,
            item,
            filter,
        }
    }
}

fn item_span(args: &Args, name: &Word) -> Span {
    args.0.first().map_or(name.span, |arg| arg.key.span())
}

/// Notes the mistake in a filter. A key that is not text is noted elsewhere.
fn jq_filter(args: &Args, errors: &mut Errors) {
    let Some(Ok(word)) = args.get("jq").map(Arg::text) else {
        return;
    };
    if let Err(error) = hookbox_jq_syntax::filter(&word.text) {
        let (line, column) = error.line_and_column(&word.text);
        let message = format!(
            "not a jq filter: {} (line {line}, column {column})",
            error.message
        );
        errors.at(word.span, message);
    }
}

fn runs(item: &Item) -> bool {
    let events = item.fields.get("executeHookOnEvent");
    let none = events.is_some_and(|events| events.as_array().is_some_and(Vec::is_empty));
    !none || item.fields.get("executeHookOnSynchronization") != Some(&Value::Bool(false))
}

/// Objects are kept when nothing else would be left to read.
fn keep_objects(args: &Args, filtered: bool, item: &mut Item, errors: &mut Errors) {
    let keep = args.read("keep_full_objects", errors, Arg::bool);
    match (keep, args.get("keep_full_objects")) {
        (Some(false), Some(arg)) if !filtered => errors.at(
            arg.span(),
            "without a filter and without full objects there is nothing to read\nhelp: add a filter for what the hook needs: `jq = \".metadata.name\"`",
        ),
        (Some(keep), Some(arg)) => item.set("keepFullObjectsInMemory", keep, arg.span()),
        _ => item.set_default("keepFullObjectsInMemory", !filtered),
    }
}

fn events(args: &Args, item: &mut Item, errors: &mut Errors) {
    let words = args.read("on_event", errors, Arg::words);
    let (Some(words), Some(arg)) = (words, args.get("on_event")) else {
        return;
    };
    item.set("executeHookOnEvent", texts(&words), arg.span());
    for (i, word) in words.iter().enumerate() {
        item.locate(&format!("executeHookOnEvent[{i}]"), word.span);
    }
}

fn texts(words: &[Word]) -> Value {
    words.iter().map(|word| word.text.as_str()).collect()
}

fn selectors(args: &Args, item: &mut Item, errors: &mut Errors) {
    if let (Some(names), Some(arg)) = (args.read("names", errors, Arg::words), args.get("names")) {
        some(&names, arg, errors);
        item.set(
            "nameSelector",
            json!({"matchNames": texts(&names)}),
            arg.span(),
        );
    }
    if let Some(text) = args.read("labels", errors, Arg::text)
        && let Some(selector) = errors.take(label_selector(&text))
    {
        item.set("labelSelector", selector, text.span);
    }
    if let Some(text) = args.read("fields", errors, Arg::text)
        && let Some(selector) = errors.take(field_selector(&text))
    {
        item.set("fieldSelector", selector, text.span);
    }
    namespaces(args, item, errors);
}

fn namespaces(args: &Args, item: &mut Item, errors: &mut Errors) {
    let given: Vec<&Arg> = ["namespace", "namespaces", "namespace_labels"]
        .iter()
        .filter_map(|key| args.get(key))
        .collect();
    let [arg] = given.as_slice() else {
        if let [_, second, ..] = given.as_slice() {
            errors.at(
                second.key.span(),
                "give either `namespace` or `namespace_labels`: with labels, names are ignored",
            );
        }
        return;
    };
    if arg.key == "namespace_labels" {
        if let Some(text) = errors.take(arg.text())
            && let Some(selector) = errors.take(label_selector(&text))
        {
            item.set("namespace", json!({"labelSelector": selector}), text.span);
        }
    } else if let Some(names) = errors.take(arg.words()) {
        some(&names, arg, errors);
        item.set(
            "namespace",
            json!({"nameSelector": {"matchNames": texts(&names)}}),
            arg.span(),
        );
    }
}

/// An empty list of names selects all, which nobody means by it.
fn some(names: &[Word], arg: &Arg, errors: &mut Errors) {
    if names.is_empty() {
        let message = format!("an empty list selects all: leave `{}` out", arg.key);
        errors.at(arg.span(), message);
    }
}

/// The selector's text as the document has it.
pub(crate) fn label_selector(text: &Word) -> syn::Result<Value> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::new(text.span, format!("not a label selector: {error}"))
    };
    let selector = LabelSelector::parse_query(&text.text).map_err(|error| wrong(&error))?;
    serde_json::to_value(selector).map_err(|error| wrong(&error))
}

/// `a.b=x,c!=y` as the document has it.
fn field_selector(text: &Word) -> syn::Result<Value> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::new(text.span, format!("not a field selector: {error}"))
    };
    let selector = FieldSelector::parse_query(&text.text).map_err(|error| wrong(&error))?;
    serde_json::to_value(selector).map_err(|error| wrong(&error))
}
