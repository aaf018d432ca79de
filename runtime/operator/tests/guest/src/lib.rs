//! Hooks for the operator's tests. The part of a hook's name before the first `-` says what it does; tests give the
//! names and configurations.

mod reviews;
#[path = "../../../../../tests/hostile/guest/src/selected.rs"]
mod selected;

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package hookbox:guest;
        world all {
            include hookbox:hook/hook@0.1.0;
            export hookbox:hook/admission@0.1.0;
            export hookbox:hook/conversion@0.1.0;
            export hookbox:hook/filters@0.1.0;
        }
    ",
    world: "hookbox:guest/all",
    generate_all,
});

use exports::hookbox::hook::filters::Guest as Filters;
use exports::hookbox::hook::hooks::{BindingContext, Guest, Hook};
use hookbox::hook::log::{Level, log};
use hookbox::hook::object_patches::{self, CreateMode, ObjectRef, PatchOptions};
use hookbox::hook::types::{Error, Retry};
use hookbox::hook::{cluster, metrics, snapshots, values};

struct Component;

fn failed(retry: Retry) -> Error {
    Error {
        message: "as asked".to_owned(),
        retry,
    }
}

/// All contexts, as shell-operator writes them.
fn echo(contexts: &[BindingContext]) {
    let all: Vec<String> = contexts.iter().map(BindingContext::to_json).collect();
    log(Level::Info, &format!("[{}]", all.join(",")), &[]);
}

/// Ten objects of the snapshot `maps`, from its beginning to its end: a part of each, and the last one whole.
fn ten() -> Option<()> {
    let maps = snapshots::open("maps")?;
    let step = maps.len() / 10;
    let name = |i| {
        let name = maps.pointer(i * step, snapshots::Part::Object, "/metadata/name");
        name.ok().flatten().unwrap_or_default()
    };
    let names: Vec<String> = (0..10).map(name).collect();
    let last = maps.get(9 * step)?.object?;
    let text = format!("{} and {} bytes", names.join(","), last.len());
    log(Level::Info, &text, &[]);
    Some(())
}

/// What the cluster says of a ConfigMap and of a Secret.
fn read() {
    for (kind, name) in [("ConfigMap", "settings"), ("Secret", "creds")] {
        let said = match cluster::get("v1", kind, Some("ns"), name) {
            Ok(Some(object)) => object,
            Ok(None) => "none".to_owned(),
            Err(refusal) => refusal.code,
        };
        log(Level::Info, &said, &[]);
    }
}

/// One short word for each context: what happened to which object.
fn names(contexts: &[BindingContext]) {
    let name = |context: &BindingContext| {
        let object = context
            .object_pointer("/metadata/name")
            .ok()
            .flatten()
            .unwrap_or_default();
        let event = context
            .watch_event()
            .or_else(|| context.kind())
            .unwrap_or_default();
        format!("{event} {}", object.trim_matches('"'))
    };
    log(
        Level::Info,
        &contexts.iter().map(name).collect::<Vec<_>>().join(","),
        &[],
    );
}

fn config_map(name: &str, key: &str, value: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"default"}},"data":{{"{key}":"{value}"}}}}"#
    )
}

impl Guest for Component {
    fn describe() -> Vec<Hook> {
        let hooks = selected::hooks([("echo", selected::STARTUP)].into_iter()).into_iter();
        hooks.map(|(name, config)| Hook { name, config }).collect()
    }

    fn run(hook: String, contexts: Vec<BindingContext>) -> Result<(), Error> {
        let verb = hook.split('-').next().unwrap_or_default();
        match verb {
            "names" => names(&contexts),
            "read" => read(),
            "ten" => ten().ok_or_else(|| failed(Retry::Never))?,
            _ => echo(&contexts),
        }
        match verb {
            "fail" => return Err(failed(Retry::BackOff)),
            "never" => return Err(failed(Retry::Never)),
            "after" => return Err(failed(Retry::After(90_000))),
            "panic" => panic!("as asked"),
            // Runs until its budget ends it.
            "spin" => loop {
                std::hint::spin_loop();
            },
            // Fails while there is an object in the snapshot `switch`.
            "switch" if snapshots::open("switch").is_some_and(|s| s.len() > 0) => {
                return Err(failed(Retry::BackOff));
            }
            // Writes how many objects the snapshot `watched` has.
            "write" => {
                let count = snapshots::open("watched").map_or(0, |s| s.len());
                let object = config_map("written", "count", &count.to_string());
                object_patches::create(&object, CreateMode::ReplaceExisting)
                    .map_err(|_| failed(Retry::Never))?;
                let value = f64::from(count);
                metrics::set("watched_objects", value, &[], None)
                    .map_err(|_| failed(Retry::Never))?;
            }
            // Takes a value away, if it is there; `take-slow` writes an object besides.
            "take" => {
                let there = values::exists("/taken").map_err(|_| failed(Retry::Never))?;
                log(Level::Info, if there { "taken" } else { "gone" }, &[]);
                if there {
                    values::remove("/taken").map_err(|_| failed(Retry::Never))?;
                }
                if hook.ends_with("-slow") {
                    let object = config_map("taken", "by", &hook);
                    object_patches::create(&object, CreateMode::ReplaceExisting)
                        .map_err(|_| failed(Retry::Never))?;
                }
            }
            // Asks for changes and then fails.
            "lose" => {
                object_patches::create(&config_map("lost", "a", "b"), CreateMode::ReplaceExisting)
                    .map_err(|_| failed(Retry::Never))?;
                metrics::set("lost", 1.0, &[], None).map_err(|_| failed(Retry::Never))?;
                return Err(failed(Retry::BackOff));
            }
            // Says in an object's status that it fails, and fails.
            "status" => {
                let object = ObjectRef {
                    api_version: None,
                    kind: "Deployment".to_owned(),
                    namespace: Some("ns".to_owned()),
                    name: "d".to_owned(),
                };
                for (field, ignore_hook_error) in [("replicas", true), ("readyReplicas", false)] {
                    let options = PatchOptions {
                        subresource: Some("/status".to_owned()),
                        ignore_missing_object: false,
                        ignore_hook_error,
                    };
                    let patch = format!(r#"{{"status":{{"{field}":7}}}}"#);
                    object_patches::merge_patch(&object, &patch, &options)
                        .map_err(|_| failed(Retry::Never))?;
                }
                return Err(failed(Retry::BackOff));
            }
            // A metric, and two objects, of which the second cannot be made.
            "broken" => {
                metrics::set("broken", 1.0, &[], None).map_err(|_| failed(Retry::Never))?;
                for name in ["half", "half"] {
                    let object = config_map(name, "a", "b");
                    object_patches::create(&object, CreateMode::FailIfExists)
                        .map_err(|_| failed(Retry::Never))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Filters for Component {
    /// By the binding's name: what `data.v` of an object is, or what goes wrong with an object that has a certain one.
    fn filter(_hook: String, binding: String, objects: Vec<String>) -> Vec<Result<String, Error>> {
        let value = |object: &String| {
            let (_, rest) = object.split_once(r#""data":{"v":""#)?;
            let (value, _) = rest.split_once('"')?;
            Some(value.to_owned())
        };
        let one = |object: &String| {
            let value = value(object).unwrap_or_default();
            match (binding.as_str(), value.as_str()) {
                ("error", "bad") => Err(failed(Retry::Never)),
                ("panic", "bad") => panic!("the value is {value}"),
                ("spin", "bad") => loop {
                    std::hint::spin_loop();
                },
                ("nonsense", "bad") => Ok("{".to_owned()),
                // The same value, written differently each time.
                ("spaces", _) => Ok(format!(
                    r#"{{"z": 0,{}"v":"{value}"}}"#,
                    " ".repeat(objects.len() % 7)
                )),
                // How many objects came in one call.
                ("count", _) => Ok(objects.len().to_string()),
                _ => Ok(format!("\"{value}\"")),
            }
        };
        match binding.as_str() {
            "fewer" => Vec::new(),
            _ => objects.iter().map(one).collect(),
        }
    }
}

export!(Component);
