//! Keys as Go's JSON decoder takes them: in any case, so that hooks that write `Name` work on.

use serde_json::{Map, Value};

/// The same with each key that differs from a known one only in case written as that one. Where both are given, the one
/// that is written right counts.
pub(crate) fn known(map: Map<String, Value>, known: &[&str]) -> Map<String, Value> {
    if map.keys().all(|key| known.contains(&key.as_str())) {
        return map;
    }
    let (right, other): (Map<_, _>, Map<_, _>) = map
        .into_iter()
        .partition(|(key, _)| known.contains(&key.as_str()));
    let mut all = right;
    for (key, value) in other {
        let meant = known.iter().find(|k| k.eq_ignore_ascii_case(&key));
        let key = meant.map_or(key, |meant| (*meant).to_owned());
        all.entry(key).or_insert(value);
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_known_in_any_case() {
        let map = json!({"NAME": 1, "Set": 2, "set": 3, "other": 4});
        let Value::Object(map) = map else { panic!() };
        let known = known(map, &["name", "set", "add"]);
        assert_eq!(
            Value::Object(known),
            json!({"name": 1, "set": 3, "other": 4})
        );
    }
}
