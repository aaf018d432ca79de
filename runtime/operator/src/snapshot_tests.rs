use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const FULL: Keeps = Keeps {
    object: true,
    filter_result: false,
};
const BOTH: Keeps = Keeps {
    object: true,
    filter_result: true,
};
const FILTERED: Keeps = Keeps {
    object: false,
    filter_result: true,
};
const NEITHER: Keeps = Keeps {
    object: false,
    filter_result: false,
};

fn text(text: &str) -> JsonText {
    text.into()
}

#[test]
fn without_a_filter_the_whole_object_counts() {
    let mut store = Store::new(FULL);
    let key = || Key::new(FULL, "n", "a");
    assert_eq!(store.put(key(), &text("1"), None), Change::Added);
    assert_eq!(store.put(key(), &text("1"), None), Change::Same);
    assert_eq!(store.put(key(), &text("2"), None), Change::Modified);
    assert_eq!(store.get(&key()).unwrap().object.as_deref(), Some("2"));
}

#[test]
fn with_a_filter_its_result_counts_and_the_newer_object_is_kept() {
    let mut store = Store::new(BOTH);
    let key = || Key::new(BOTH, "n", "a");
    store.put(key(), &text("1"), Some(&text("r")));
    assert_eq!(store.put(key(), &text("2"), Some(&text("r"))), Change::Same);
    assert_eq!(store.get(&key()).unwrap().object.as_deref(), Some("2"));
    assert_eq!(
        store.put(key(), &text("2"), Some(&text("s"))),
        Change::Modified
    );
}

#[test]
fn objects_are_dropped_where_they_are_not_kept() {
    let mut store = Store::new(FILTERED);
    store.put(
        Key::new(FILTERED, "n", "a"),
        &text("a long object"),
        Some(&text("r")),
    );
    assert_eq!(
        store.freeze().entry(0),
        Some(Entry {
            object: None,
            filter_result: Some(text("r"))
        })
    );
    assert_eq!(store.bytes(), "r".len() + "n/a".len());
    let mut store = Store::new(NEITHER);
    let key = || Key::new(NEITHER, "n", "a");
    assert_eq!(store.put(key(), &text("1"), None), Change::Added);
    assert_eq!(store.put(key(), &text("1"), None), Change::Same);
    assert_eq!(store.put(key(), &text("2"), None), Change::Modified);
    assert_eq!(store.freeze().entry(0), Some(Entry::default()));
}

#[test]
fn a_frozen_snapshot_does_not_change() {
    let mut store = Store::new(FULL);
    store.put(Key::new(FULL, "n", "a"), &text("1"), None);
    let frozen = store.freeze();
    store.put(Key::new(FULL, "n", "a"), &text("2"), None);
    store.put(Key::new(FULL, "n", "b"), &text("3"), None);
    assert_eq!(
        (
            frozen.len(),
            frozen.entry(0).unwrap().object.as_deref().unwrap()
        ),
        (1, "1")
    );
    store.remove(&Key::new(FULL, "n", "a"));
    assert_eq!(
        store.freeze().entry(0).unwrap().object.as_deref(),
        Some("3")
    );
}

#[test]
fn order_is_by_namespace_then_name_where_objects_are_kept_and_by_the_joined_string_else() {
    let order = |keeps: Keeps| {
        let mut store = Store::new(keeps);
        for (namespace, name) in [("a", "z"), ("a-b", "a"), ("a", "b")] {
            let object = text(&format!("{namespace}:{name}"));
            store.put(
                store.key(namespace, name),
                &object,
                keeps.filter_result.then_some(&object),
            );
        }
        store
            .keys_where(|_| true)
            .iter()
            .map(|k| format!("{}:{}", k.parts().0, k.parts().1))
            .collect::<Vec<_>>()
    };
    assert_eq!(order(FULL), ["a:b", "a:z", "a-b:a"]);
    assert_eq!(order(FILTERED), ["a-b:a", "a:b", "a:z"]);
}

proptest! {
    /// A store is a sorted map, its frozen copies are its past, and its byte count is exact.
    #[test]
    fn a_store_is_a_sorted_map(steps in proptest::collection::vec((0_u8..40, proptest::option::of("[a-z]{0,6}")), 0..200)) {
        let mut store = Store::new(FULL);
        let mut model: BTreeMap<Key, String> = BTreeMap::new();
        let mut past = Vec::new();
        for (name, value) in steps {
            let key = Key::new(FULL, "n", &format!("{name:03}"));
            match value {
                Some(value) => {
                    let expected = match model.insert(key.clone(), value.clone()) {
                        None => Change::Added,
                        Some(before) if before == value => Change::Same,
                        Some(_) => Change::Modified,
                    };
                    prop_assert_eq!(store.put(key, &value.into(), None), expected);
                }
                None => prop_assert_eq!(store.remove(&key).is_some(), model.remove(&key).is_some()),
            }
            past.push((store.freeze(), model.clone()));
        }
        let bytes: usize = model.iter().map(|(k, v)| k.0.len() + v.len()).sum();
        prop_assert_eq!(store.bytes(), bytes);
        for (frozen, model) in past {
            let held: Vec<_> = (0..frozen.len()).map(|i| frozen.entry(i).unwrap().object.unwrap().to_string()).collect();
            prop_assert_eq!(held, model.values().cloned().collect::<Vec<_>>());
        }
    }
}
