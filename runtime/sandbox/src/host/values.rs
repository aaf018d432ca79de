//! `hookbox:hook/values` and `hookbox:hook/config-values`: one behaviour over two documents.

use super::steps;
use crate::bindings::hookbox::hook::{config_values, values};
use crate::budget::{Limit, LimitHit};
use crate::document::{Document, WriteError};
use crate::state::{Answer, Fault, State, Write};
use crate::{ValuesPatchOperation, json, validate};

/// Which of the two documents.
#[derive(Debug, Clone, Copy)]
enum Which {
    Values,
    ConfigValues,
}

impl State {
    fn document(&mut self, which: Which) -> &mut Document {
        match which {
            Which::Values => &mut self.values,
            Which::ConfigValues => &mut self.config_values,
        }
    }

    fn value(&mut self, which: Which, path: &str) -> Answer<Option<String>> {
        self.effect(|state| {
            let steps = steps(path, "invalid-path")?;
            let (held, allowed, remaining) = (
                state.memory.held(),
                state.budget.memory,
                state.memory.remaining(),
            );
            let Some(part) = state.document(which).get(&steps) else {
                return Ok(None);
            };
            match part.text(remaining) {
                Some(text) => Ok(Some(text)),
                None => Err(LimitHit {
                    limit: Limit::Memory,
                    used: held.saturating_add(remaining),
                    allowed,
                }
                .into()),
            }
        })
    }

    fn value_exists(&mut self, which: Which, path: &str) -> Answer<bool> {
        self.effect(|state| {
            Ok(state
                .document(which)
                .get(&steps(path, "invalid-path")?)
                .is_some())
        })
    }

    fn set_value(&mut self, which: Which, path: &str, value: &str) -> Answer<()> {
        self.effect(|state| {
            let steps = steps(path, "invalid-path")?;
            let value = state.json(value)?;
            if steps.len().saturating_add(json::depth(&value)) > json::DEPTH {
                let message = format!(
                    "the values would be nested more than {} levels deep",
                    json::DEPTH
                );
                return Err(validate::refusal("too-deep", message).into());
            }
            let opening = state.document(which).opening_cost(&steps);
            state.memory.charge(opening)?;
            let operation = state.document(which).set(&steps, value)?;
            state.record_write(which, operation)
        })
    }

    fn remove_value(&mut self, which: Which, path: &str) -> Answer<()> {
        self.effect(|state| {
            let steps = steps(path, "invalid-path")?;
            let opening = state.document(which).opening_cost(&steps);
            state.memory.charge(opening)?;
            let operation = state.document(which).remove(&steps)?;
            state.record_write(which, operation)
        })
    }

    /// Keep the operation. One that sets what the last one set takes its place, so that a list built one element at a
    /// time is told once.
    fn record_write(&mut self, which: Which, operation: ValuesPatchOperation) -> Result<(), Fault> {
        let (bytes, weight) = match &operation {
            ValuesPatchOperation::Add { path, value } => (
                path.len().saturating_add(json_length(value)),
                json::weight(value),
            ),
            ValuesPatchOperation::Remove { path } => (path.len(), 0),
        };
        let (operations, last) = match which {
            Which::Values => (&mut self.effects.values, &mut self.last_write[0]),
            Which::ConfigValues => (&mut self.effects.config_values, &mut self.last_write[1]),
        };
        let again = match (operations.last(), &operation) {
            (
                Some(ValuesPatchOperation::Add { path: before, .. }),
                ValuesPatchOperation::Add { path: now, .. },
            ) => before == now,
            _ => false,
        };
        let before = std::mem::replace(
            last,
            Write {
                bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                weight,
            },
        );
        if again {
            operations.pop();
            self.effect_count = self.effect_count.saturating_sub(1);
            self.effect_bytes = self.effect_bytes.saturating_sub(before.bytes);
            self.memory.release(before.weight);
        }
        operations.push(operation);
        self.memory.charge(weight)?;
        self.count_effect(bytes)?;
        Ok(())
    }
}

impl From<WriteError> for Fault {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NoSuchPath(message) => validate::refusal("no-such-path", message).into(),
            WriteError::InvalidValue(message) => validate::refusal("invalid-value", message).into(),
        }
    }
}

/// Length of a value as compact JSON.
fn json_length(value: &serde_json::Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

impl values::Host for State {
    fn get(&mut self, path: String) -> Answer<Option<String>> {
        self.value(Which::Values, &path)
    }

    fn exists(&mut self, path: String) -> Answer<bool> {
        self.value_exists(Which::Values, &path)
    }

    fn set(&mut self, path: String, value: String) -> Answer<()> {
        self.set_value(Which::Values, &path, &value)
    }

    fn remove(&mut self, path: String) -> Answer<()> {
        self.remove_value(Which::Values, &path)
    }
}

impl config_values::Host for State {
    fn get(&mut self, path: String) -> Answer<Option<String>> {
        self.value(Which::ConfigValues, &path)
    }

    fn exists(&mut self, path: String) -> Answer<bool> {
        self.value_exists(Which::ConfigValues, &path)
    }

    fn set(&mut self, path: String, value: String) -> Answer<()> {
        self.set_value(Which::ConfigValues, &path, &value)
    }

    fn remove(&mut self, path: String) -> Answer<()> {
        self.remove_value(Which::ConfigValues, &path)
    }
}
