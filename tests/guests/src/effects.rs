//! Bad effects: each must be refused with its code, and leave nothing behind. Strings that are no strings cannot even
//! be refused: the call traps.

use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::object_patches::{
    self as patches, CreateMode, ObjectRef, PatchOptions, Propagation,
};
use crate::hookbox::hook::types::Refusal;
use crate::hookbox::hook::{config_values, metrics, values};
use crate::{Answer, failed};

pub const NAMES: &[&str] = &[
    "bad-json",
    "deep-json",
    "bad-effects",
    "bad-utf8/create",
    "bad-utf8/delete",
    "bad-utf8/merge-patch",
    "bad-utf8/json-patch",
    "bad-utf8/jq-patch",
    "bad-utf8/metric",
    "bad-utf8/label",
    "bad-utf8/group",
    "bad-utf8/values",
    "bad-utf8/path",
    "bad-utf8/config-values",
    "bad-utf8/log",
    "bad-utf8/field",
    "bad-utf8/error",
];

pub fn run(hook: &str) -> Option<Answer> {
    Some(match hook {
        "bad-json" => each(&["{", "", "nul", "{\"a\":1}x", "\"\\ud800\""]),
        "deep-json" => each(&[
            &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
            &"[".repeat(1 << 20),
        ]),
        "bad-effects" => bad_effects(),
        _ => bad_utf8(hook.strip_prefix("bad-utf8/")?),
    })
}

/// A string that is none.
fn bad() -> String {
    // SAFETY: it is not sound, and that is the point: nobody but the host looks at it.
    unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xc0]) }
}

fn bad_utf8(what: &str) -> Answer {
    let bad = bad();
    let answer = match what {
        "create" => patches::create(&bad, CreateMode::FailIfExists),
        "delete" => patches::delete(&ObjectRef { name: bad, ..pod() }, Propagation::Foreground),
        "merge-patch" => patches::merge_patch(&pod(), &bad, &OPTIONS),
        "json-patch" => patches::json_patch(
            &ObjectRef {
                namespace: Some(bad),
                ..pod()
            },
            "[]",
            &OPTIONS,
        ),
        "jq-patch" => patches::jq_patch(&pod(), &bad, &OPTIONS),
        "metric" => metrics::add(&bad, 1.0, &[], None),
        "label" => metrics::set("a", 1.0, &[("a".to_owned(), bad)], None),
        "group" => metrics::expire(Some(&bad)),
        "values" => values::set("/a", &bad),
        "path" => values::remove(&bad),
        "config-values" => config_values::set("/a", &bad),
        "log" => Ok(log::log(Level::Info, &bad, &[])),
        "field" => Ok(log::log(Level::Info, "", &[("a".to_owned(), bad)])),
        "error" => return Err(failed(bad)),
        other => return Err(failed(other)),
    };
    Err(failed(format!("{answer:?}")))
}

fn pod() -> ObjectRef {
    ObjectRef {
        api_version: None,
        kind: "Pod".to_owned(),
        namespace: None,
        name: "p".to_owned(),
    }
}

const OPTIONS: PatchOptions = PatchOptions {
    subresource: None,
    ignore_missing_object: false,
    ignore_hook_error: false,
};

fn told(what: &str, answer: Result<(), Refusal>) -> Answer {
    match answer {
        Ok(()) => Err(failed(format!("{what} was not refused"))),
        Err(refusal) => {
            log::log(Level::Info, &format!("{what}: {}", refusal.code), &[]);
            Ok(())
        }
    }
}

/// Each text as the JSON of each effect that takes JSON.
fn each(texts: &[&str]) -> Answer {
    for text in texts {
        told("create", patches::create(text, CreateMode::KeepExisting))?;
        told("merge-patch", patches::merge_patch(&pod(), text, &OPTIONS))?;
        told("json-patch", patches::json_patch(&pod(), text, &OPTIONS))?;
        told("values", values::set("/a", text))?;
        told("config-values", config_values::set("/a", text))?;
    }
    Ok(())
}

fn bad_effects() -> Answer {
    told("create", patches::create("[]", CreateMode::FailIfExists))?;
    told(
        "delete",
        patches::delete(
            &ObjectRef {
                name: "../x".to_owned(),
                ..pod()
            },
            Propagation::Foreground,
        ),
    )?;
    told("merge-patch", patches::merge_patch(&pod(), "[]", &OPTIONS))?;
    told(
        "json-patch",
        patches::json_patch(&pod(), r#"[{"op":"x","path":"/a"}]"#, &OPTIONS),
    )?;
    told("jq-patch", patches::jq_patch(&pod(), "", &OPTIONS))?;
    let options = PatchOptions {
        subresource: Some("../x".to_owned()),
        ..OPTIONS
    };
    told("subresource", patches::merge_patch(&pod(), "{}", &options))?;
    told("values", values::set("a", "1"))?;
    told("values", values::remove("/none"))?;
    told("add", metrics::add("a", -1.0, &[], None))?;
    told("add", metrics::add("a-b", 1.0, &[], None))?;
    told("set", metrics::set("a", f64::NAN, &[], None))?;
    told(
        "set",
        metrics::set(
            "a",
            1.0,
            &[
                ("a".to_owned(), String::new()),
                ("a".to_owned(), String::new()),
            ],
            None,
        ),
    )?;
    told("observe", metrics::observe("a", 1.0, &[], &[], None))?;
    told(
        "observe",
        metrics::observe("a", 1.0, &[2.0, f64::INFINITY], &[], None),
    )?;
    told("expire", metrics::expire(Some("a\nb")))
}
