//! What a run is given, from files in the forms that shell-operator's users know.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use hookbox_config::{ConfigVersion, HookConfig};
use hookbox_sandbox::{Context, Entry, Form, Resource, RunInput, Snapshot};
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::input;
use crate::review;

pub(super) type Snapshots = BTreeMap<String, Arc<dyn Snapshot>>;

/// Values of a context's `type`.
const TYPES: [&str; 7] = [
    "Synchronization",
    "Event",
    "Schedule",
    "Group",
    "Validating",
    "Mutating",
    "Conversion",
];

/// A file with snapshots by binding name. A name that the hook does not have is a mistake.
pub(super) fn snapshots(path: &Path, config: &HookConfig) -> Outcome<Snapshots> {
    let found = snapshots_of(&input::document(path)?).map_err(|error| wrong(path, error))?;
    let known: Vec<&str> = config.kubernetes.iter().map(|k| k.name.as_str()).collect();
    if let Some(name) = found.keys().find(|name| !known.contains(&name.as_str())) {
        let failure = Failure::usage(anyhow!(
            "{}: the hook has no kubernetes binding `{name}`",
            input::name(path)
        ));
        return Err(match known.as_slice() {
            [] => failure.help("it has no kubernetes bindings at all"),
            names => failure.help(format!("it has: {}", names.join(", "))),
        });
    }
    Ok(found)
}

/// A binding context file, as shell-operator writes it. A binding that the hook does not have is a mistake.
pub(super) fn contexts(path: &Path, config: &HookConfig) -> Outcome<RunInput> {
    contexts_of(&input::document(path)?, &Known::of(config)).map_err(|error| wrong(path, error))
}

/// The names that a hook's contexts can have.
#[derive(Default)]
struct Known<'a> {
    version: ConfigVersion,
    /// Bindings, and groups: their contexts may be called by either.
    bindings: Vec<&'a str>,
    snapshots: Vec<&'a str>,
}

impl<'a> Known<'a> {
    fn of(config: &'a HookConfig) -> Self {
        let snapshots: Vec<&str> = config.kubernetes.iter().map(|k| k.name.as_str()).collect();
        let mut bindings = Vec::new();
        bindings.extend(config.on_startup.map(|_| "onStartup"));
        bindings.extend(config.schedule.iter().map(|s| s.name.as_str()));
        bindings.extend(&snapshots);
        let webhooks = config.kubernetes_validating.iter();
        let webhooks = webhooks.chain(&config.kubernetes_mutating);
        bindings.extend(webhooks.map(|w| w.name.as_str()));
        let conversions = config.kubernetes_custom_resource_conversion.iter();
        bindings.extend(conversions.map(|c| c.name.as_str()));
        bindings.extend(config.schedule.iter().filter_map(|s| s.group.as_deref()));
        bindings.extend(config.kubernetes.iter().filter_map(|k| k.group.as_deref()));
        bindings.dedup();
        Self {
            version: config.version,
            bindings,
            snapshots,
        }
    }

    fn check(what: &str, name: &str, known: &[&str]) -> anyhow::Result<()> {
        match known {
            known if known.contains(&name) => Ok(()),
            [] => Err(anyhow!(
                "the hook has no {what} `{name}`; it has none at all"
            )),
            known => Err(anyhow!(
                "the hook has no {what} `{name}`; it has: {}",
                known.join(", ")
            )),
        }
    }
}

fn wrong(path: &Path, error: anyhow::Error) -> Failure {
    Failure::usage(anyhow!("{}: {error:#}", input::name(path)))
}

fn snapshots_of(value: &Value) -> anyhow::Result<Snapshots> {
    value
        .as_object()
        .ok_or_else(|| anyhow!("snapshots are a map of binding names to lists"))?
        .iter()
        .map(|(name, items)| {
            Ok((
                name.clone(),
                items_of(&format!("the snapshot `{name}`"), items)?,
            ))
        })
        .collect()
}

/// Items of what is called `what` in messages.
fn items_of(what: &str, items: &Value) -> anyhow::Result<Arc<dyn Snapshot>> {
    let items = items
        .as_array()
        .ok_or_else(|| anyhow!("{what} is not a list"))?;
    let text = |value: Option<&Value>| value.map(|v| Arc::from(v.to_string()));
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Value::Object(item) = item else {
            return Err(anyhow!(
                "item {index} of {what} is not a map with `object` or `filterResult`"
            ));
        };
        let known = ["object", "filterResult"];
        if let Some(key) = item.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(anyhow!(
                "item {index} of {what} has the unknown key `{key}`; an item has `object` and `filterResult`"
            ));
        }
        entries.push(Entry {
            object: text(item.get("object")),
            filter_result: text(item.get("filterResult")),
        });
    }
    Ok(Arc::new(entries))
}

fn contexts_of(value: &Value, known: &Known<'_>) -> anyhow::Result<RunInput> {
    let list = value
        .as_array()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| anyhow!("binding contexts are a list with at least one item"))?;
    let mut input = RunInput::default();
    for (index, item) in list.iter().enumerate() {
        let context = context_of(item, &mut input.snapshots, known)
            .with_context(|| format!("context {index}"))?;
        input.contexts.push(context);
    }
    Ok(input)
}

fn context_of(
    item: &Value,
    snapshots: &mut Snapshots,
    known: &Known<'_>,
) -> anyhow::Result<Context> {
    let item = item.as_object().ok_or_else(|| anyhow!("it is not a map"))?;
    let word = |key: &str| match item.get(key) {
        None => Ok(None),
        Some(Value::String(word)) => Ok(Some(word.clone())),
        Some(_) => Err(anyhow!("`{key}` is not a text")),
    };
    let one_of = |key: &str, known: &[&str]| match word(key)? {
        Some(word) if !known.contains(&word.as_str()) => Err(anyhow!(
            "`{key}` is `{word}`, not one of {}",
            known.join(", ")
        )),
        word => Ok(word),
    };
    let json = |key: &str| item.get(key).map(|v| Arc::from(v.to_string()));
    let binding = word("binding")?.ok_or_else(|| anyhow!("it has no `binding`"))?;
    if known.version == ConfigVersion::V0 {
        Known::check("binding", &binding, &known.bindings)?;
        let event = one_of("resourceEvent", &["add", "update", "delete"])?;
        let watch_event = event.as_deref().map(|event| match event {
            "add" => "Added",
            "update" => "Modified",
            _ => "Deleted",
        });
        let part = |key: &str| Ok::<_, anyhow::Error>(word(key)?.unwrap_or_default());
        let resource = Resource {
            namespace: part("resourceNamespace")?,
            kind: part("resourceKind")?,
            name: part("resourceName")?,
        };
        return Ok(Context {
            form: Form::V0 {
                resource: event.is_some().then_some(resource),
            },
            kind: watch_event.map(|_| "Event".to_owned()),
            watch_event: watch_event.map(ToOwned::to_owned),
            binding,
            ..Context::default()
        });
    }
    let own = item.get("snapshots").map(snapshots_of).transpose()?;
    let objects = match item.get("objects") {
        Some(objects) => Some(items_of("`objects`", objects)?),
        None => None,
    };
    let kind = one_of("type", &TYPES)?;
    let watch_event = one_of("watchEvent", &["Added", "Modified", "Deleted"])?;
    if kind.as_deref() == Some("Event") && watch_event.is_none() {
        return Err(anyhow!(
            "it is of type `Event` and has no `watchEvent`: Added, Modified or Deleted"
        ));
    }
    Known::check("binding", &binding, &known.bindings)?;
    for name in own.iter().flat_map(|own| own.keys()) {
        Known::check("kubernetes binding", name, &known.snapshots).context("`snapshots`")?;
    }
    let context = Context {
        form: Form::V1,
        kind,
        group: word("groupName")?,
        watch_event,
        object: json("object"),
        filter_result: json("filterResult"),
        objects,
        review: json("review"),
        from_version: word("fromVersion")?,
        to_version: word("toVersion")?,
        snapshot_names: own.as_ref().map(|s| s.keys().cloned().collect()),
        binding,
    };
    snapshots.extend(own.unwrap_or_default());
    Ok(context)
}

/// One context for what the command line names.
pub(super) fn trigger(
    config: &HookConfig,
    trigger: Option<&str>,
    snapshots: Snapshots,
) -> Outcome<RunInput> {
    let default = if config.on_startup.is_some() {
        "onStartup"
    } else if review::answers(config) {
        // What else it has are snapshots, mostly.
        return match trigger {
            None => Err(
                Failure::usage(anyhow!("the hook answers reviews: it needs one"))
                    .help("name a file by --review: a review, or an object to create or convert"),
            ),
            Some(trigger) => bindings(config, trigger, snapshots),
        };
    } else if config.kubernetes.is_empty() || config.version == ConfigVersion::V0 {
        "schedule"
    } else {
        "synchronization"
    };
    bindings(config, trigger.unwrap_or(default), snapshots)
}

fn bindings(config: &HookConfig, trigger: &str, snapshots: Snapshots) -> Outcome<RunInput> {
    let (word, name) = trigger
        .split_once(':')
        .map_or((trigger, None), |(w, n)| (w, Some(n)));
    let missing = |what: &str, names: Vec<&str>| {
        let failure = match name {
            Some(name) => Failure::usage(anyhow!("the hook has no {what} binding `{name}`")),
            None => Failure::usage(anyhow!("the hook has no {what} binding")),
        };
        match names.as_slice() {
            [] => failure,
            names => failure.help(format!("it has: {}", names.join(", "))),
        }
    };
    let (binding, kind, group, include) = match word {
        "onStartup" if name.is_none() => {
            config
                .on_startup
                .ok_or_else(|| missing("onStartup", Vec::new()))?;
            ("onStartup".to_owned(), None, None, Vec::new())
        }
        "schedule" => {
            let mut all = config.schedule.iter();
            let found = all
                .find(|s| name.is_none_or(|n| n == s.name))
                .ok_or_else(|| {
                    let names = config.schedule.iter().map(|s| s.name.as_str());
                    missing("schedule", names.collect())
                })?;
            (
                found.name.clone(),
                Some("Schedule"),
                found.group.clone(),
                found.include_snapshots_from.clone(),
            )
        }
        "synchronization" if config.version == ConfigVersion::V0 => {
            return Err(
                Failure::usage(anyhow!("a hook of the format v0 has no Synchronization")).help(
                    "write the context of an event into a file, and name it with `--contexts`",
                ),
            );
        }
        "synchronization" => {
            let mut all = config.kubernetes.iter();
            let found = all
                .find(|k| name.is_none_or(|n| n == k.name))
                .ok_or_else(|| {
                    let names = config.kubernetes.iter().map(|k| k.name.as_str());
                    missing("kubernetes", names.collect())
                })?;
            (
                found.name.clone(),
                Some("Synchronization"),
                found.group.clone(),
                found.include_snapshots_from.clone(),
            )
        }
        _ => {
            return Err(Failure::usage(anyhow!("`{trigger}` is no trigger"))
                .help("onStartup, schedule[:NAME] or synchronization[:NAME]; with --review validating[:NAME], mutating[:NAME] or conversion[:NAME]"));
        }
    };
    let empty = || Arc::new(Vec::<Entry>::new()) as Arc<dyn Snapshot>;
    let objects = (kind == Some("Synchronization") && group.is_none())
        .then(|| snapshots.get(&binding).cloned().unwrap_or_else(empty));
    let context = Context {
        kind: if group.is_some() {
            Some("Group".to_owned())
        } else {
            kind.map(ToOwned::to_owned)
        },
        group,
        objects,
        snapshot_names: (!include.is_empty()).then_some(include),
        form: match config.version {
            ConfigVersion::V0 => Form::V0 { resource: None },
            ConfigVersion::V1 => Form::V1,
        },
        binding,
        ..Context::default()
    };
    Ok(only(context, snapshots))
}

/// One context. As in an operator, the run sees what its binding includes, and nothing else.
pub(super) fn only(context: Context, mut snapshots: Snapshots) -> RunInput {
    let include = context.snapshot_names.as_deref().unwrap_or_default();
    snapshots.retain(|name, _| include.contains(name));
    for name in include {
        let empty = || Arc::new(Vec::<Entry>::new()) as Arc<dyn Snapshot>;
        snapshots.entry(name.clone()).or_insert_with(empty);
    }
    RunInput {
        contexts: vec![context],
        snapshots,
        ..RunInput::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mistake_in_a_context_is_named() {
        let known = Known {
            version: ConfigVersion::V1,
            bindings: vec!["a"],
            snapshots: vec!["a"],
        };
        for (value, words) in [
            (json!([]), "at least one"),
            (json!({"binding": "a"}), "a list"),
            (json!([{"binding": "a"}, 5]), "context 1: it is not a map"),
            (json!([{"type": "Event"}]), "context 0: it has no `binding`"),
            (json!([{"binding": 1}]), "`binding` is not a text"),
            (json!([{"binding": "a", "type": "Evnt"}]), "`Evnt`"),
            (
                json!([{"binding": "a", "watchEvent": "added"}]),
                "not one of Added",
            ),
            (
                json!([{"binding": "a", "snapshots": {"b": 1}}]),
                "`b` is not a list",
            ),
            (
                json!([{"binding": "a", "objects": {}}]),
                "context 0: `objects` is not a list",
            ),
            (
                json!([{"binding": "a", "snapshots": {"a": [{"objekt": {}}]}}]),
                "item 0 of the snapshot `a` has the unknown key `objekt`",
            ),
            (
                json!([{"binding": "a"}, {"binding": "a", "type": "Event"}]),
                "context 1: it is of type `Event` and has no `watchEvent`",
            ),
            (
                json!([{"binding": "b"}]),
                "context 0: the hook has no binding `b`; it has: a",
            ),
            (
                json!([{"binding": "a", "snapshots": {"b": []}}]),
                "`snapshots`: the hook has no kubernetes binding `b`; it has: a",
            ),
            (
                json!([{"binding": "a", "objects": [1]}]),
                "item 0 of `objects` is not a map",
            ),
        ] {
            let Err(error) = contexts_of(&value, &known) else {
                panic!("{value} was taken")
            };
            let said = format!("{error:#}");
            assert!(said.contains(words), "{value}: {said}");
        }
    }

    #[test]
    fn contexts_of_the_old_format_are_read_as_they_are_written() {
        let text = "onKubernetesEvent: [{kind: Pod}]\nschedule: [{crontab: '@daily'}]";
        let config = hookbox_config::parse(text).unwrap();
        let written = json!([
            {"binding": "onKubernetesEvent", "resourceEvent": "update", "resourceKind": "Pod",
                "resourceName": "p", "resourceNamespace": "ns"},
            {"binding": "schedule"},
        ]);
        let input = contexts_of(&written, &Known::of(&config)).unwrap();
        assert_eq!(hookbox_sandbox::render_contexts(&input), written);
        assert_eq!(input.contexts[0].watch_event.as_deref(), Some("Modified"));
        let wrong = json!([{"binding": "onKubernetesEvent", "resourceEvent": "Added"}]);
        assert!(contexts_of(&wrong, &Known::of(&config)).is_err());
        assert!(trigger(&config, Some("synchronization"), Snapshots::new()).is_err());
        let input = trigger(&config, None, Snapshots::new()).ok().unwrap();
        let written = json!([{"binding": "schedule"}]);
        assert_eq!(hookbox_sandbox::render_contexts(&input), written);
    }

    #[test]
    fn a_run_sees_the_snapshots_that_its_binding_includes_and_no_others() {
        let config = hookbox_config::parse(
            "configVersion: v1\nkubernetes:\n- {name: a, kind: Pod, includeSnapshotsFrom: [b]}\n- {name: b, kind: Pod}\n- {name: c, kind: Pod}\nschedule:\n- {name: s, crontab: '* * * * *', includeSnapshotsFrom: [c]}\n",
        )
        .unwrap();
        for (word, includes) in [("synchronization:a", ["b"]), ("schedule:s", ["c"])] {
            let all = ["a", "b", "c"].map(|name| {
                let empty: Arc<dyn Snapshot> = Arc::new(Vec::<Entry>::new());
                (name.to_owned(), empty)
            });
            let input = trigger(&config, Some(word), all.into()).ok().unwrap();
            let names: Vec<&str> = input.snapshots.keys().map(String::as_str).collect();
            assert_eq!(names, includes, "{word}");
        }
    }
}
