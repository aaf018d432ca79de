//! What can be changed while the operator runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookbox_config::suggest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;

/// How a parameter is changed.
pub trait Setting: Send + Sync {
    /// Changes it.
    ///
    /// # Errors
    /// What is wrong with the value; nothing is changed then.
    fn set(&self, value: &str) -> Result<(), String>;

    /// How long a value holds when nobody says for how long; none: for good.
    fn holds(&self, value: &str) -> Option<Duration>;
}

/// Something that can be changed while the operator runs.
#[derive(Clone)]
pub struct Parameter {
    /// Its name, such as `log.level`.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its value at the start.
    pub default: String,
    /// How it is changed.
    pub setting: Arc<dyn Setting>,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameter")
            .field("name", &self.name)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

/// A parameter as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParameterView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its value at the start.
    pub default: String,
    /// Its value.
    pub value: String,
    /// Until when it has this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_at: Option<Timestamp>,
    /// Why the last change failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Why a parameter is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SetError {
    #[error("unknown runtime parameter `{name}`{}", meant(.near.as_deref()))]
    Unknown { name: String, near: Option<String> },
    #[error("the value of `{name}` is invalid: {message}")]
    Invalid { name: String, message: String },
}

fn meant(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// All parameters. Clones are the same.
#[derive(Clone)]
pub(super) struct Parameters {
    clock: Clock,
    all: Arc<Mutex<BTreeMap<String, Entry>>>,
}

struct Entry {
    parameter: Parameter,
    /// What it is when nothing else holds for a time.
    permanent: String,
    temporary: Option<Temporary>,
    last_error: Option<String>,
}

struct Temporary {
    value: String,
    until: Timestamp,
    _end: AbortOnDropHandle<()>,
}

impl Parameters {
    pub(super) fn new(parameters: Vec<Parameter>, clock: Clock) -> Self {
        let entry = |parameter: Parameter| {
            let entry = Entry {
                permanent: parameter.default.clone(),
                temporary: None,
                last_error: None,
                parameter,
            };
            (entry.parameter.name.clone(), entry)
        };
        Self {
            clock,
            all: Arc::new(Mutex::new(parameters.into_iter().map(entry).collect())),
        }
    }

    pub(super) fn list(&self) -> Vec<ParameterView> {
        let view = |entry: &Entry| ParameterView {
            name: entry.parameter.name.clone(),
            description: entry.parameter.description.clone(),
            default: entry.parameter.default.clone(),
            value: entry.value().to_owned(),
            expire_at: entry.temporary.as_ref().map(|t| t.until),
            last_error: entry.last_error.clone(),
        };
        self.lock().values().map(view).collect()
    }

    /// Changes a parameter, for a time where one is given or the parameter asks for one. In a tokio runtime.
    pub(super) fn set(
        &self,
        name: &str,
        value: &str,
        time: Option<Duration>,
    ) -> Result<(), SetError> {
        let mut all = self.lock();
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        let near = suggest::nearest(name, &names).map(str::to_owned);
        let Some(entry) = all.get_mut(name) else {
            let name = name.to_owned();
            return Err(SetError::Unknown { name, near });
        };
        let setting = &entry.parameter.setting;
        if let Err(message) = setting.set(value) {
            entry.last_error = Some(message.clone());
            let name = name.to_owned();
            return Err(SetError::Invalid { name, message });
        }
        entry.last_error = None;
        let Some(time) = time.or_else(|| setting.holds(value)) else {
            entry.permanent = value.to_owned();
            entry.temporary = None;
            tracing::info!(parameter = name, value, "parameter set");
            return Ok(());
        };
        let now = self.clock.now();
        let span = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        let until = now.checked_add(span).unwrap_or(Timestamp::MAX);
        let until = until.round(jiff::Unit::Second).unwrap_or(until);
        let (parameters, of) = (self.clone(), name.to_owned());
        let end = tokio::spawn(async move {
            tokio::time::sleep(time).await;
            parameters.revert(&of);
        });
        entry.temporary = Some(Temporary {
            value: value.to_owned(),
            until,
            _end: AbortOnDropHandle::new(end),
        });
        tracing::info!(parameter = name, value, %until, "parameter set for a time");
        Ok(())
    }

    /// The time of a value is over.
    fn revert(&self, name: &str) {
        let mut all = self.lock();
        let Some(entry) = all.get_mut(name) else {
            return;
        };
        entry.last_error = entry.parameter.setting.set(&entry.permanent).err();
        tracing::info!(
            parameter = name,
            value = entry.permanent,
            "parameter set back"
        );
        // Last, because it ends the task that this is called in.
        entry.temporary = None;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn value(&self) -> &str {
        self.temporary
            .as_ref()
            .map_or(&self.permanent, |t| &t.value)
    }
}

/// The table that shell-operator prints.
pub(super) fn text(parameters: &[ParameterView]) -> String {
    let line = |name: &str, value: &str, until: &str, what: &str| {
        let line = format!("{name:<30} {value:<20} {until:<20} {what}");
        format!("{}\n", line.trim_end())
    };
    let mut out = line("NAME", "VALUE", "EXPIRE AT", "DESCRIPTION");
    for parameter in parameters {
        let until = parameter.expire_at.map(|t| format!("{t:.0}"));
        let what = match &parameter.last_error {
            Some(error) => format!("Error: {error}"),
            None => parameter.description.clone(),
        };
        out.push_str(&line(
            &parameter.name,
            &parameter.value,
            until.as_deref().unwrap_or_default(),
            &what,
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Level(Mutex<Vec<String>>);

    impl Setting for Level {
        fn set(&self, value: &str) -> Result<(), String> {
            if !["debug", "info", "error"].contains(&value) {
                return Err(format!("`{value}` is no log level"));
            }
            self.0.lock().unwrap().push(value.to_owned());
            Ok(())
        }

        fn holds(&self, value: &str) -> Option<Duration> {
            (value == "debug").then(|| Duration::from_secs(1800))
        }
    }

    fn parameters() -> (Parameters, Arc<Level>) {
        let level = Arc::new(Level::default());
        let parameter = Parameter {
            name: "log.level".into(),
            description: "Level of the log".into(),
            default: "info".into(),
            setting: level.clone(),
        };
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        (Parameters::new(vec![parameter], clock), level)
    }

    #[tokio::test(start_paused = true)]
    async fn debug_holds_for_half_an_hour() {
        let (parameters, level) = parameters();
        parameters.set("log.level", "error", None).unwrap();
        parameters.set("log.level", "debug", None).unwrap();
        let view = &parameters.list()[0];
        assert_eq!(
            (view.value.as_str(), view.default.as_str()),
            ("debug", "info")
        );
        assert_eq!(view.expire_at.unwrap().to_string(), "2026-01-01T00:30:00Z");
        tokio::time::sleep(Duration::from_secs(1799)).await;
        assert_eq!(parameters.list()[0].value, "debug");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let view = &parameters.list()[0];
        assert_eq!((view.value.as_str(), view.expire_at), ("error", None));
        assert_eq!(*level.0.lock().unwrap(), ["error", "debug", "error"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_word_counts() {
        let (parameters, level) = parameters();
        let minute = Some(Duration::from_secs(60));
        parameters.set("log.level", "debug", minute).unwrap();
        parameters.set("log.level", "error", minute).unwrap();
        parameters.set("log.level", "info", None).unwrap();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(*level.0.lock().unwrap(), ["debug", "error", "info"]);
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_and_changes_nothing() {
        let (parameters, level) = parameters();
        let error = parameters.set("log.levle", "info", None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown runtime parameter `log.levle`; did you mean `log.level`?"
        );
        let error = parameters.set("log.level", "loud", None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the value of `log.level` is invalid: `loud` is no log level"
        );
        assert!(level.0.lock().unwrap().is_empty());
        let text = text(&parameters.list());
        assert!(
            text.ends_with(
                "info                                      Error: `loud` is no log level\n"
            ),
            "{text}"
        );
    }
}
