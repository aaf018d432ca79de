//! What a case says.

use std::path::Path;

use anyhow::anyhow;
use hookbox_config::yaml;
use hookbox_sandbox::effects::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::input;

/// One case: what happens to which hook.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Only this hook of the component; none: all.
    pub(super) hook: Option<String>,
    /// What happens.
    pub(super) trigger: Trigger,
}

/// What happens in a case.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Trigger {
    /// The operator starts: the runs for `onStartup` count.
    #[serde(deserialize_with = "nothing")]
    OnStartup,
    /// The operator starts: the runs for Synchronization count.
    #[serde(deserialize_with = "nothing")]
    Synchronization,
    /// After all is quiet, schedules fire.
    Schedule {
        /// Which; none: all.
        #[serde(default)]
        name: Option<String>,
    },
    /// After all is quiet, objects change, one after the other.
    Events(Vec<Change>),
}

/// One change in the cluster.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Change {
    /// Create or update this object.
    Apply(Value),
    /// Delete this object.
    Delete(ObjectRef),
}

fn nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}
    Option::<Empty>::deserialize(deserializer).map(|_| ())
}

impl Case {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let text = input::text(path, input::MAX_TEXT)?;
        Self::parse(&text).map_err(|error| {
            Failure::usage(error.context(format!("{} is not a case", path.display())))
        })
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let documents = yaml::parse_documents(text)
            .map_err(|e| anyhow!("{}:{}: {}", e.line, e.column, e.message))?;
        let [document] = documents.as_slice() else {
            anyhow::bail!("a case is one document, not {}", documents.len())
        };
        Ok(serde_json::from_value(document.to_json())?)
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
    fn a_mistake_is_named() {
        for (text, word) in [
            ("trigger: {onStart: {}}", "onStart"),
            ("trigger: {onStartup: {}}\nextra: 1", "extra"),
            ("trigger: {onStartup: {a: 1}}", "`a`"),
            ("{}", "trigger"),
        ] {
            let error = format!("{:#}", Case::parse(text).unwrap_err());
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
