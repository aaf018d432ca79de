//! What a case says.

use std::path::Path;

use anyhow::anyhow;
use hookbox_config::suggest;
use hookbox_config::yaml::{self, Entry, Node, Position};
use hookbox_sandbox::effects::ObjectRef;
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::input;

/// One case: what happens to which hook.
#[derive(Debug, PartialEq)]
pub(super) struct Case {
    /// Only this hook of the component; none: all.
    pub(super) hook: Option<String>,
    /// What happens.
    pub(super) trigger: Trigger,
}

/// What happens in a case.
#[derive(Debug, PartialEq)]
pub(super) enum Trigger {
    /// The operator starts: the runs for `onStartup` count.
    OnStartup,
    /// The operator starts: the runs for Synchronization count.
    Synchronization,
    /// After all is quiet, schedules fire.
    Schedule {
        /// Which; none: all.
        name: Option<String>,
    },
    /// After all is quiet, objects change, one after the other.
    Events(Vec<Change>),
    /// After all is quiet, the hook is asked: a review, or an object to create or convert.
    Review(Value),
}

/// One change in the cluster.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Create or update this object.
    Apply(Value),
    /// Delete this object.
    Delete(ObjectRef),
}

/// What is wrong with a case, and where.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{at}: {message}")]
struct Mistake {
    at: Position,
    message: String,
}

fn mistake<T>(at: Position, message: impl Into<String>) -> Result<T, Mistake> {
    let message = message.into();
    Err(Mistake { at, message })
}

const TRIGGERS: [&str; 5] = [
    "onStartup",
    "synchronization",
    "schedule",
    "events",
    "review",
];

impl Case {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let text = input::text(path, input::MAX_TEXT)?;
        Self::parse(&text)
            .map_err(|mistake| Failure::usage(anyhow!("{}:{mistake}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, Mistake> {
        let documents = yaml::parse_documents(text).map_err(|error| Mistake {
            at: error.position(),
            message: error.message,
        })?;
        let document = match documents.as_slice() {
            [only] => only,
            [] => {
                return mistake(
                    Position::START,
                    "a case has a `trigger`, and this file nothing",
                );
            }
            [_, second, ..] => {
                let count = documents.len();
                return mistake(second.at, format!("a case is one document, not {count}"));
            }
        };
        let mut hook = None;
        let mut trigger = None;
        for entry in members(document, "a case", &["hook", "trigger"])? {
            match entry.key.as_str() {
                "hook" => hook = Some(word(&entry.value, "hook")?),
                _ => trigger = Some(Trigger::parse(&entry.value)?),
            }
        }
        match trigger {
            Some(trigger) => Ok(Self { hook, trigger }),
            None => mistake(document.at, "a case has a `trigger`, and this one none"),
        }
    }
}

impl Trigger {
    fn parse(node: &Node) -> Result<Self, Mistake> {
        let entry = match members(node, "a trigger", &TRIGGERS)? {
            [only] => only,
            [] => {
                let known = TRIGGERS.join("`, `");
                return mistake(node.at, format!("a trigger is one of `{known}`"));
            }
            [first, second, ..] => {
                let (first, key) = (&first.key, &second.key);
                return mistake(
                    second.at,
                    format!(
                        "a case has one trigger, not `{first}` and `{key}`; make two cases of it"
                    ),
                );
            }
        };
        match entry.key.as_str() {
            "onStartup" => {
                members(&entry.value, "`onStartup`", &[])?;
                Ok(Self::OnStartup)
            }
            "synchronization" => {
                members(&entry.value, "`synchronization`", &[])?;
                Ok(Self::Synchronization)
            }
            "schedule" => {
                let name = members(&entry.value, "`schedule`", &["name"])?.first();
                let name = name.map(|entry| word(&entry.value, "name")).transpose()?;
                Ok(Self::Schedule { name })
            }
            "review" => match &entry.value.value {
                yaml::Value::Mapping(_) => Ok(Self::Review(entry.value.to_json())),
                _ => mistake(entry.value.at, "`review` is a review, or an object"),
            },
            _ => {
                let events = match &entry.value.value {
                    yaml::Value::Sequence(events) => events.as_slice(),
                    yaml::Value::Null => &[],
                    _ => return mistake(entry.value.at, "`events` is a list"),
                };
                if events.is_empty() {
                    return mistake(entry.value.at, "`events` is empty: nothing would happen");
                }
                let events: Result<Vec<Change>, Mistake> =
                    events.iter().map(Change::parse).collect();
                Ok(Self::Events(events?))
            }
        }
    }
}

impl Change {
    fn parse(node: &Node) -> Result<Self, Mistake> {
        let one = "an event is one of `apply` and `delete`";
        let entry = match members(node, "an event", &["apply", "delete"])? {
            [only] => only,
            [] => return mistake(node.at, one),
            [_, second, ..] => return mistake(second.at, format!("{one}, not both")),
        };
        if entry.key == "apply" {
            return match &entry.value.value {
                yaml::Value::Mapping(_) => Ok(Self::Apply(entry.value.to_json())),
                _ => mistake(entry.value.at, "`apply` is a manifest"),
            };
        }
        let mut object = ObjectRef::default();
        for entry in members(
            &entry.value,
            "`delete`",
            &["apiVersion", "kind", "namespace", "name"],
        )? {
            let text = word(&entry.value, &entry.key)?;
            match entry.key.as_str() {
                "apiVersion" => object.api_version = Some(text),
                "kind" => object.kind = text,
                "namespace" => object.namespace = Some(text),
                _ => object.name = text,
            }
        }
        for (key, text) in [("kind", &object.kind), ("name", &object.name)] {
            if text.is_empty() {
                return mistake(
                    entry.value.at,
                    format!("`delete` has a `{key}`, and this one none"),
                );
            }
        }
        Ok(Self::Delete(object))
    }
}

/// The members of a mapping, all of which are known. Nothing is an empty one.
fn members<'n>(node: &'n Node, what: &str, known: &[&str]) -> Result<&'n [Entry], Mistake> {
    let entries = match &node.value {
        yaml::Value::Mapping(entries) => entries.as_slice(),
        yaml::Value::Null => &[],
        _ => return mistake(node.at, format!("{what} is a map")),
    };
    let Some(entry) = entries.iter().find(|e| !known.contains(&e.key.as_str())) else {
        return Ok(entries);
    };
    let key = &entry.key;
    let help = match (suggest::nearest(key, known), known) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => format!("{what} has none"),
        (None, known) => format!("{what} has `{}`", known.join("`, `")),
    };
    mistake(entry.at, format!("unknown key `{key}`; {help}"))
}

fn word(node: &Node, what: &str) -> Result<String, Mistake> {
    match &node.value {
        yaml::Value::String(text) if !text.is_empty() => Ok(text.clone()),
        _ => mistake(node.at, format!("`{what}` is a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trigger_can_be_said() {
        assert_eq!(
            Case::parse("trigger: {onStartup: {}}").unwrap().trigger,
            Trigger::OnStartup
        );
        assert_eq!(
            Case::parse("hook: a\ntrigger: {synchronization: }").unwrap(),
            Case {
                hook: Some("a".into()),
                trigger: Trigger::Synchronization
            }
        );
        assert_eq!(
            Case::parse("trigger: {schedule: {name: x}}")
                .unwrap()
                .trigger,
            Trigger::Schedule {
                name: Some("x".into())
            }
        );
        let events = Case::parse(
            "trigger: {events: [{apply: {kind: Pod}}, {delete: {kind: Pod, name: a}}]}",
        )
        .unwrap()
        .trigger;
        assert!(matches!(events, Trigger::Events(list) if list.len() == 2));
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, said) in [
            (
                "trigger: {onStart: {}}",
                "1:11: unknown key `onStart`; did you mean `onStartup`?",
            ),
            (
                "trigger: {onStartup: {}}\nextra: 1",
                "2:1: unknown key `extra`; a case has `hook`, `trigger`",
            ),
            (
                "trigger: {onStartup: {a: 1}}",
                "1:23: unknown key `a`; `onStartup` has none",
            ),
            ("{}", "1:1: a case has a `trigger`, and this one none"),
            ("", "1:1: a case has a `trigger`, and this file nothing"),
            ("a: 1\n---\nb: 1\n", "3:1: a case is one document, not 2"),
            (
                "trigger:\n  onStartup: {}\n  schedule: {}\n",
                "3:3: a case has one trigger, not `onStartup` and `schedule`; make two cases of it",
            ),
            (
                "trigger: {}",
                "1:10: a trigger is one of `onStartup`, `synchronization`, `schedule`, `events`, `review`",
            ),
            (
                "trigger: {review: pod.yaml}",
                "1:19: `review` is a review, or an object",
            ),
            (
                "trigger: {events: []}",
                "1:19: `events` is empty: nothing would happen",
            ),
            (
                "trigger: {events: [{delete: {kind: Pod}}]}",
                "1:29: `delete` has a `name`, and this one none",
            ),
            (
                "trigger: {events: [{delete: {kind: Pod, name: a}, apply: {}}]}",
                "1:51: an event is one of `apply` and `delete`, not both",
            ),
            ("trigger: {schedule: {name: 1}}", "1:28: `name` is a text"),
        ] {
            assert_eq!(Case::parse(text).unwrap_err().to_string(), said, "{text}");
        }
    }
}
