//! JSON trees: reading what may not be there, and writing where there may be nothing.

use serde_json::{Map, Value};

static NULL: Value = Value::Null;

/// Steps through a JSON value that never fail.
pub(crate) trait Tree {
    /// What is under a key; null where there is nothing.
    fn at(&self, key: &str) -> &Value;

    /// Puts something under a key. A value that is not an object stays as it is.
    fn put(&mut self, key: &str, value: impl Into<Value>);

    /// Puts something at a path, making objects on the way.
    fn put_at(&mut self, path: &[&str], value: impl Into<Value>);

    /// Removes and gives what is under a key; null where there is nothing.
    fn cut(&mut self, key: &str) -> Value;
}

impl Tree for Value {
    fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NULL)
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        if let Some(map) = self.as_object_mut() {
            map.insert(key.to_owned(), value.into());
        }
    }

    fn put_at(&mut self, path: &[&str], value: impl Into<Value>) {
        let mut slot = self;
        for key in path {
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            let Some(map) = slot.as_object_mut() else {
                return;
            };
            slot = map.entry(*key).or_insert(Value::Null);
        }
        *slot = value.into();
    }

    fn cut(&mut self, key: &str) -> Value {
        self.as_object_mut()
            .and_then(|map| map.remove(key))
            .unwrap_or_default()
    }
}
