//! Calls of the host as a text says: what fuzzing speaks through. The script is the
//! config value `script`, or else the object of the first context. A line is a call, its parts are apart by tabs: a word,
//! and its arguments. A part that is missing is empty. What the host refuses is no
//! failure; of object patches it is said.

use crate::hookbox::hook::contexts::BindingContext;
use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::object_patches::{
    self as patches, CreateMode, ObjectRef, PatchOptions, Propagation,
};
use crate::hookbox::hook::types::Refusal;
use crate::hookbox::hook::{config_values, metrics, snapshots, values};
use crate::{Answer, failed, say};

pub const NAMES: &[&str] = &["script"];

pub fn run(contexts: &[BindingContext]) -> Answer {
    let script = match config_values::get("/script") {
        // A JSON string whose lines and tabs are escaped, and nothing else.
        Ok(Some(script)) => Some(unescaped(&script)),
        _ => contexts.first().and_then(BindingContext::object),
    };
    let Some(script) = script else {
        return Err(failed("no script"));
    };
    for line in script.lines() {
        let mut parts = line.split('\t');
        let word = parts.next().unwrap_or_default();
        let parts: Vec<&str> = parts.collect();
        call(word, &|index| parts.get(index).copied().unwrap_or_default());
    }
    Ok(())
}

fn unescaped(text: &str) -> String {
    let text = text.trim_matches('"');
    text.replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\r", "\r")
        .replace("\\\"", "\"")
}

/// Says why the host refused, in a word.
fn heard(answer: Result<(), Refusal>) {
    if let Err(refusal) = answer {
        say(&refusal.code);
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn call<'a>(word: &str, part: &dyn Fn(usize) -> &'a str) {
    let object = || ObjectRef {
        kind: part(0).to_owned(),
        name: part(1).to_owned(),
        namespace: given(part(2)),
        api_version: given(part(3)),
    };
    let options = || PatchOptions {
        subresource: given(part(5)),
        ignore_missing_object: part(6) == "missing",
        ignore_hook_error: part(6) == "error",
    };
    let labels = || {
        let label = |text: &str| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (name.to_owned(), value.to_owned())
        };
        part(3)
            .split(',')
            .filter(|text| !text.is_empty())
            .map(label)
            .collect::<Vec<_>>()
    };
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    let group = || given(part(2));
    match word {
        "create" => heard(patches::create(part(0), CreateMode::FailIfExists)),
        "keep" => heard(patches::create(part(0), CreateMode::KeepExisting)),
        "replace" => heard(patches::create(part(0), CreateMode::ReplaceExisting)),
        "delete" => heard(patches::delete(&object(), Propagation::Foreground)),
        "background" => heard(patches::delete(&object(), Propagation::Background)),
        "orphan" => heard(patches::delete(&object(), Propagation::Orphan)),
        "merge" => heard(patches::merge_patch(&object(), part(4), &options())),
        "json" => heard(patches::json_patch(&object(), part(4), &options())),
        "jq" => heard(patches::jq_patch(&object(), part(4), &options())),
        "set" => drop(values::set(part(0), part(1))),
        "remove" => drop(values::remove(part(0))),
        "get" => drop(values::get(part(0))),
        "exists" => drop(values::exists(part(0))),
        "config-set" => drop(config_values::set(part(0), part(1))),
        "config-remove" => drop(config_values::remove(part(0))),
        "config-get" => drop(config_values::get(part(0))),
        "add" => drop(metrics::add(
            part(0),
            number(part(1)),
            &labels(),
            group().as_deref(),
        )),
        "gauge" => drop(metrics::set(
            part(0),
            number(part(1)),
            &labels(),
            group().as_deref(),
        )),
        "observe" => {
            let buckets: Vec<f64> = part(4).split(',').map(number).collect();
            let _ = metrics::observe(
                part(0),
                number(part(1)),
                &buckets,
                &labels(),
                group().as_deref(),
            );
        }
        "expire" => drop(metrics::expire(group().as_deref())),
        "log" => log::log(Level::Warn, part(0), &labels()),
        "print" => println!("{}", part(0)),
        "pointer" => {
            if let Some(pods) = snapshots::open("pods") {
                let index = part(1).parse().unwrap_or_default();
                let _ = pods.pointer(index, snapshots::Part::Object, part(0));
            }
        }
        _ => {}
    }
}
