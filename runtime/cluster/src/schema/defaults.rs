//! Defaults that a schema declares.

use serde_json::Value;

use super::decode::drop_nulls;
use super::{Schema, SchemaRef};

/// Fills in what is missing, outside in, so that a default object gets its own fields' defaults.
pub(crate) fn apply_defaults(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(map) => {
            drop_nulls(schema, map);
            for (name, field) in &schema.properties {
                if let Some(default) = &field.default
                    && !map.contains_key(name)
                {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(entry) = map.get_mut(name) {
                    apply_defaults(field.schema.get(), entry);
                }
            }
            if let Some(values) = &schema.additional {
                let values = values.get();
                map.iter_mut()
                    .filter(|(key, _)| !schema.properties.contains_key(*key))
                    .for_each(|(_, entry)| apply_defaults(values, entry));
            }
        }
        Value::Array(items) => {
            if let Some(item) = schema.items.as_ref().map(SchemaRef::get) {
                items.iter_mut().for_each(|one| apply_defaults(item, one));
            }
        }
        _ => {}
    }
}
