//! Values that the hooks of an operator share: those of the one module that they make up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookbox_sandbox::{Effects, ValuesPatchOperation};
use serde_json::Value;

use crate::apply::json_bytes;

/// What the values are at the start.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleValues {
    /// Values: a map.
    pub values: Value,
    /// Config values: a map. What hooks change of them is kept as long as the operator runs.
    pub config_values: Value,
}

/// Bytes of each of the two documents as JSON.
const MOST: usize = 16 << 20;

/// Why values are not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Conflict {
    /// The change does not fit to what they are by now.
    #[error("the {which} cannot be changed: {message}")]
    Unfit {
        which: &'static str,
        message: String,
    },
    /// There would be too much of them.
    #[error("the {0} would have more than {MOST} bytes")]
    TooLarge(&'static str),
}

impl Conflict {
    /// A stable word for the kind of conflict.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unfit { .. } => "values-conflict",
            Self::TooLarge(_) => "values-too-large",
        }
    }
}

/// The values as they are.
#[derive(Debug)]
pub(crate) struct Shared {
    first: Documents,
    now: Mutex<Documents>,
}

#[derive(Debug, Clone)]
struct Documents {
    values: Arc<Value>,
    config_values: Arc<Value>,
}

impl Shared {
    pub(crate) fn new(values: ModuleValues) -> Self {
        let first = Documents {
            values: Arc::new(values.values),
            config_values: Arc::new(values.config_values),
        };
        Self {
            now: Mutex::new(first.clone()),
            first,
        }
    }

    /// As at the start.
    pub(crate) fn reset(&self) {
        *self.now() = self.first.clone();
    }

    /// Values and config values, for a run.
    pub(crate) fn get(&self) -> (Arc<Value>, Arc<Value>) {
        let now = self.now();
        (Arc::clone(&now.values), Arc::clone(&now.config_values))
    }

    /// Whether the changes fit, as of now.
    pub(crate) fn check(&self, effects: &Effects) -> Result<(), Conflict> {
        let now = self.now().clone();
        now.changed(effects).map(drop)
    }

    /// Changes both documents, or none. A run of another queue may have changed them since they were read: a removal of
    /// what is gone, and a value whose parent is gone, are conflicts.
    pub(crate) fn apply(&self, effects: &Effects) -> Result<(), Conflict> {
        loop {
            let before = self.now().clone();
            // Beside the lock, for which all queues would wait.
            let after = before.changed(effects)?;
            let mut now = self.now();
            if now.is(&before) {
                *now = after;
                return Ok(());
            }
        }
    }

    fn now(&self) -> MutexGuard<'_, Documents> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
            && Arc::ptr_eq(&self.config_values, &other.config_values)
    }

    fn changed(&self, effects: &Effects) -> Result<Self, Conflict> {
        Ok(Self {
            values: patched("values", &self.values, &effects.values)?,
            config_values: patched("config values", &self.config_values, &effects.config_values)?,
        })
    }
}

fn patched(
    which: &'static str,
    document: &Arc<Value>,
    operations: &[ValuesPatchOperation],
) -> Result<Arc<Value>, Conflict> {
    if operations.is_empty() {
        return Ok(Arc::clone(document));
    }
    let conflict = |message: String| Conflict::Unfit { which, message };
    let operations = serde_json::to_value(operations)
        .and_then(serde_json::from_value::<json_patch::Patch>)
        .map_err(|error| conflict(error.to_string()))?;
    let mut changed = Value::clone(document);
    json_patch::patch(&mut changed, &operations).map_err(|error| conflict(error.to_string()))?;
    if !changed.is_object() {
        return Err(conflict("they are a map".to_owned()));
    }
    if json_bytes(&changed) > MOST {
        return Err(Conflict::TooLarge(which));
    }
    Ok(Arc::new(changed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn effects(values: Value, config_values: Value) -> Effects {
        serde_json::from_value(json!({"values": values, "configValues": config_values})).unwrap()
    }

    #[test]
    fn changes_apply_to_both_documents_or_to_none() {
        let shared = Shared::new(ModuleValues {
            values: json!({"a": {"b": 1}}),
            config_values: json!({}),
        });
        let good = effects(
            json!([{"op": "add", "path": "/a/c", "value": null}, {"op": "remove", "path": "/a/b"}]),
            json!([{"op": "add", "path": "/x", "value": [1]}]),
        );
        let before = shared.get();
        shared.check(&good).unwrap();
        shared.apply(&good).unwrap();
        // A run that began before sees what was.
        assert_eq!(*before.0, json!({"a": {"b": 1}}));
        let (values, config_values) = shared.get();
        assert_eq!(
            (&*values, &*config_values),
            (&json!({"a": {"c": null}}), &json!({"x": [1]}))
        );
        for (values, config_values, which) in [
            (
                json!([{"op": "remove", "path": "/a/b"}]),
                json!([]),
                "the values",
            ),
            (
                json!([{"op": "add", "path": "/n/m", "value": 1}]),
                json!([]),
                "the values",
            ),
            (
                json!([{"op": "add", "path": "", "value": 1}]),
                json!([]),
                "a map",
            ),
            (
                json!([{"op": "add", "path": "/new", "value": 1}]),
                json!([{"op": "remove", "path": "/none"}]),
                "the config values",
            ),
        ] {
            let bad = effects(values, config_values);
            let said = shared.apply(&bad).unwrap_err().to_string();
            assert!(said.contains(which), "{said}");
            assert!(shared.check(&bad).is_err());
        }
        assert_eq!(*shared.get().0, json!({"a": {"c": null}}));
        shared.reset();
        assert_eq!(*shared.get().0, json!({"a": {"b": 1}}));
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let shared = Shared::new(ModuleValues {
            values: json!({}),
            config_values: json!({}),
        });
        let part = "x".repeat(MOST / 4);
        let add = |key: &str| {
            let path = format!("/{key}");
            effects(
                json!([{"op": "add", "path": path, "value": part}]),
                json!([]),
            )
        };
        for key in ["a", "b", "c"] {
            shared.apply(&add(key)).unwrap();
        }
        let error = shared.apply(&add("d")).unwrap_err();
        assert_eq!(error.code(), "values-too-large");
        assert_eq!(shared.get().0.as_object().unwrap().len(), 3);
        // What takes the place of something else is no more.
        shared.apply(&add("c")).unwrap();
    }
}
