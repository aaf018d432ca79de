//! What differs from play to play is left out.

use serde_json::Value;

/// What the API server adds to `metadata`.
const ADDED: [&str; 6] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "selfLink",
];

/// The value without what differs from play to play.
pub(crate) fn stable(mut value: Value, id: &str) -> Value {
    reduce(&mut value);
    let text = value.to_string().replace(id, crate::case::ID);
    serde_json::from_str(&text).expect("still JSON")
}

fn reduce(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(reduce),
        Value::Object(fields) => {
            if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
                for added in ADDED {
                    metadata.remove(added);
                }
                if let Some(time) = metadata.get_mut("deletionTimestamp") {
                    *time = Value::from("(a time)");
                }
            }
            if let Some(bundle) = fields.get_mut("caBundle") {
                *bundle = Value::from("(certificates)");
            }
            fields.values_mut().for_each(reduce);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_left_out() {
        let seen = json!([{"object": {"metadata": {"uid": "x", "name": "cabcde-a", "labels": {"uid": "stays"}}}}]);
        let kept =
            json!([{"object": {"metadata": {"name": "caseid-a", "labels": {"uid": "stays"}}}}]);
        assert_eq!(stable(seen, "cabcde"), kept);
    }
}
