use super::*;
use hookbox_sandbox::Snapshot as _;
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
    assert_eq!(store.put(&key(), &text("1"), None), Change::Added);
    assert_eq!(store.put(&key(), &text("1"), None), Change::Same);
    assert_eq!(store.put(&key(), &text("2"), None), Change::Modified);
    assert_eq!(store.get(&key()).unwrap().object.as_deref(), Some("2"));
}

#[test]
fn with_a_filter_its_result_counts_and_the_newer_object_is_kept() {
    let mut store = Store::new(BOTH);
    let key = || Key::new(BOTH, "n", "a");
    store.put(&key(), &text("1"), Some(&text("r")));
    assert_eq!(
        store.put(&key(), &text("2"), Some(&text("r"))),
        Change::Same
    );
    assert_eq!(store.get(&key()).unwrap().object.as_deref(), Some("2"));
    assert_eq!(
        store.put(&key(), &text("2"), Some(&text("s"))),
        Change::Modified
    );
}

#[test]
fn objects_are_dropped_where_they_are_not_kept() {
    let mut store = Store::new(FILTERED);
    store.put(
        &Key::new(FILTERED, "n", "a"),
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
    assert_eq!(store.put(&key(), &text("1"), None), Change::Added);
    assert_eq!(store.put(&key(), &text("1"), None), Change::Same);
    assert_eq!(store.put(&key(), &text("2"), None), Change::Modified);
    assert_eq!(store.freeze().entry(0), Some(Entry::default()));
}

#[test]
fn a_frozen_snapshot_does_not_change() {
    let mut store = Store::new(FULL);
    store.put(&Key::new(FULL, "n", "a"), &text("1"), None);
    let frozen = store.freeze();
    store.put(&Key::new(FULL, "n", "a"), &text("2"), None);
    store.put(&Key::new(FULL, "n", "b"), &text("3"), None);
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
                &store.key(namespace, name),
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

#[test]
fn many_small_objects_are_packed_and_come_apart_again() {
    let mut store = Store::new(FILTERED);
    let result = text(&"r".repeat(500));
    let name = |i: u32| format!("object-{:05}", i * 7919 % 10_000);
    // In their order, as lists come, and out of it, as changes do.
    for ordered in [true, false] {
        for i in 0..10_000_u32 {
            let name = if ordered {
                format!("object-{i:05}")
            } else {
                name(i)
            };
            let key = store.key("default", &name);
            assert_eq!(store.put(&key, &text("{}"), Some(&result)), Change::Added);
        }
        let leaves = store.rows.check();
        // At most seven in a leaf of 4 KiB, and about half as many at least.
        let most = if ordered { 1429 } else { 2858 };
        assert!((1429..=most).contains(&leaves), "{leaves} leaves");
        let full = store.freeze();
        for i in 0..9_900 {
            assert!(store.remove(&store.key("default", &name(i))).is_some());
        }
        assert_eq!(store.len(), 100);
        assert!(store.rows.check() < 70, "{} leaves", store.rows.check());
        for i in 9_900..10_000 {
            store.remove(&store.key("default", &name(i)));
        }
        assert_eq!((store.rows.check(), store.bytes()), (1, 0));
        assert_eq!(full.len(), 10_000);
        let last = full.entry(9_999).and_then(|entry| entry.filter_result);
        assert_eq!(
            (last.as_deref(), full.entry(10_000)),
            (Some(&*result), None)
        );
    }
}

#[test]
fn what_is_put_in_together_is_packed_as_what_comes_one_by_one() {
    let result = text(&"r".repeat(500));
    let (mut together, mut single) = (Store::new(FILTERED), Store::new(FILTERED));
    let new = |i: u32| New {
        key: Key::new(FILTERED, "default", &format!("object-{i:05}")),
        version: u64::from(i),
        object: text("{}"),
        filter_result: Some(result.clone()),
    };
    let all: Vec<New> = (0..10_000).map(new).collect();
    for some in all.chunks(256) {
        together.put_all(some);
    }
    for one in &all {
        single.put_at(
            &one.key,
            one.version,
            &one.object,
            one.filter_result.as_ref(),
        );
    }
    assert_eq!(together.rows.check(), single.rows.check());
    assert_eq!(together.bytes(), single.bytes());
    assert_eq!(held(&together.freeze()), held(&single.freeze()));
    assert_eq!(together.known(&all[77].key, 77), Some(result));
}

#[test]
fn a_long_text_is_shared_and_a_change_copies_one_leaf_only() {
    let mut store = Store::new(FULL);
    let long = text(&"x".repeat(10_000));
    for i in 0..1000 {
        store.put(&store.key("n", &format!("{i:04}")), &long, None);
    }
    let frozen = store.freeze();
    let held = std::sync::Arc::strong_count(&long);
    store.put(&store.key("n", "0500"), &text("{}"), None);
    let more = std::sync::Arc::strong_count(&long) - held;
    assert!(more < 40, "{more} objects were copied for one change");
    drop(frozen);
    assert_eq!(std::sync::Arc::strong_count(&long), 1000);
    for i in 0..1000 {
        store.remove(&store.key("n", &format!("{i:04}")));
    }
    assert_eq!(std::sync::Arc::strong_count(&long), 1);
}

#[test]
fn an_excerpt_stays_as_long_as_its_object() {
    let long = |of: usize| text(&format!("{of:01000}"));
    let mut store = Store::new(BOTH);
    for i in 0..100 {
        let key = store.key("n", &format!("{i:02}"));
        store.put(&key, &long(i), Some(&long(i)));
    }
    store.put(&store.key("n", "short"), &text("{}"), Some(&text("r")));
    let fields = "fields".into();
    let frozen = store.freeze();
    for i in 0..100 {
        let excerpt = frozen.excerpt(i).unwrap();
        excerpt.put(&fields, &i.to_string(), 1000);
    }
    assert!(frozen.excerpt(100).is_none() && frozen.excerpt(101).is_none());
    let kept = |store: &Store| -> Vec<Option<String>> {
        let frozen = store.freeze();
        let of = |i| frozen.excerpt(i).and_then(|excerpt| excerpt.get("fields"));
        (0..store.len()).map(of).collect()
    };
    let mut expected: Vec<_> = (0..100)
        .map(|i| Some(i.to_string()))
        .chain([None])
        .collect();
    assert_eq!(kept(&store), expected);
    // One changes, one goes, one comes: what is known of the others stays.
    store.put(&store.key("n", "50"), &long(7), Some(&long(50)));
    expected[50] = None;
    store.remove(&store.key("n", "10"));
    expected.remove(10);
    store.put(&store.key("n", "205"), &long(205), Some(&long(205)));
    expected.insert(20, None);
    assert_eq!(kept(&store), expected);
    assert_eq!(
        frozen.excerpt(10).unwrap().get("fields").as_deref(),
        Some("10")
    );
    // The same object again is the same.
    let same = store.get(&store.key("n", "60")).unwrap();
    store.put(
        &store.key("n", "60"),
        &same.object.unwrap(),
        same.filter_result.as_ref(),
    );
    assert_eq!(kept(&store), expected);
}

/// What a test does to a store.
#[derive(Debug, Clone)]
enum Step {
    /// Object and filter result.
    Put(Key2, String, String),
    /// Some at once, perhaps in order.
    PutAll(Vec<(Key2, String, String)>, bool),
    Remove(Key2),
    Freeze,
}

/// Namespace and name.
type Key2 = (String, String);

fn step() -> impl Strategy<Value = Step> {
    let key = ("[ab]{0,1}-?", "[a-cé]{1,3}");
    // Some are longer than what is packed, some as long as it just is, and some do not change.
    let value = || {
        prop_oneof![
            4 => "[a-c]",
            2 => (1_usize..200).prop_map(|n| "xé".repeat(n)),
            1 => (505_usize..520).prop_map(|n| "y".repeat(n)),
            1 => Just("z".repeat(5000)),
        ]
    };
    prop_oneof![
        6 => (key, value(), value()).prop_map(|(key, object, result)| Step::Put(key, object, result)),
        1 => (proptest::collection::vec((key, value(), value()), 0..12), any::<bool>())
            .prop_map(|(all, ordered)| Step::PutAll(all, ordered)),
        3 => key.prop_map(Step::Remove),
        1 => Just(Step::Freeze),
    ]
}

fn entry(keeps: Keeps, (object, result): &(String, String)) -> Entry {
    Entry {
        object: keeps.object.then(|| text(object)),
        filter_result: keeps.filter_result.then(|| text(result)),
    }
}

fn held(frozen: &Frozen) -> Vec<Entry> {
    (0..frozen.len())
        .map(|i| frozen.entry(i).unwrap())
        .collect()
}

#[test]
fn places_are_those_of_a_namespace() {
    for keeps in [FULL, BOTH, FILTERED] {
        let mut store = Store::new(keeps);
        for namespace in ["", "a", "a-b", "a0", "b"] {
            for name in ["x", "y"] {
                let object = text(&format!("{namespace}:{name}"));
                store.put_at(&store.key(namespace, name), 7, &object, Some(&object));
            }
        }
        let frozen = store.freeze();
        for namespace in ["", "a", "a-b", "a0", "b", "c"] {
            let count = if namespace == "c" { 0 } else { 2 };
            let places = frozen.places(Some(namespace), None);
            assert_eq!(places.len(), count, "{keeps:?} {namespace}");
            for at in places {
                assert_eq!(frozen.key(at).unwrap().parts().0, namespace);
            }
            assert_eq!(frozen.places(Some(namespace), Some("y")).len(), count / 2);
        }
        assert_eq!(frozen.places(None, None), 0..10);
        let last = frozen.places(Some("b"), Some("y")).start;
        let object = frozen.object(last);
        assert_eq!(object.is_some(), keeps.object);
        if let Some(object) = object {
            assert_eq!((&*object.namespace, &*object.name), ("b", "y"));
            assert_eq!((&*object.resource_version, &*object.json), ("7", "b:y"));
        }
    }
}

/// What a test does to one of some stores that share texts.
#[derive(Debug, Clone)]
enum Shared {
    /// A version of an object, which says what its text is.
    Put(usize, u8, u64),
    Remove(usize, u8),
    Replace(usize),
    Freeze(usize),
    Thaw,
}

fn shared_step() -> impl Strategy<Value = Shared> {
    let store = || 0_usize..3;
    prop_oneof![
        8 => (store(), 0_u8..8, 1_u64..12).prop_map(|(at, key, version)| Shared::Put(at, key, version)),
        4 => (store(), 0_u8..8).prop_map(|(at, key)| Shared::Remove(at, key)),
        1 => store().prop_map(Shared::Replace),
        1 => store().prop_map(Shared::Freeze),
        1 => Just(Shared::Thaw),
    ]
}

/// The text of a version: short, long, or one of two long ones of the same length, as no honest server has.
fn of_version(version: u64, at: usize) -> String {
    match version % 4 {
        0 => format!("{version}"),
        1 => format!("x{at}{version:0600}"),
        _ => format!("{version:0700}"),
    }
}

fn long_texts(frozen: &Frozen) -> Vec<JsonText> {
    let texts = held(frozen).into_iter().filter_map(|entry| entry.object);
    texts.filter(|text| text.len() > 512).collect()
}

proptest! {
    /// Stores that share texts hold what they would hold alone, and each text once; nothing is held for longer than a
    /// store or a run holds it.
    #[test]
    fn stores_share_what_is_equal(steps in proptest::collection::vec(shared_step(), 0..300)) {
        let texts = Texts::default();
        let new = || Store::sharing(FULL, texts.clone());
        let mut stores = [new(), new(), new()];
        let mut models: [BTreeMap<Key, String>; 3] = Default::default();
        let mut runs = Vec::new();
        for step in steps {
            match step {
                Shared::Put(at, key, version) => {
                    let (key, object) = (Key::new(FULL, "n", &key.to_string()), of_version(version, at));
                    stores[at].put_at(&key, version, &text(&object), None);
                    models[at].insert(key, object);
                }
                Shared::Remove(at, key) => {
                    let key = Key::new(FULL, "n", &key.to_string());
                    let removed = stores[at].remove(&key).and_then(|entry| entry.object);
                    let expected = models[at].remove(&key);
                    prop_assert_eq!(removed.as_deref(), expected.as_deref());
                }
                Shared::Replace(at) => {
                    stores[at] = new();
                    models[at].clear();
                }
                Shared::Freeze(at) => runs.push((stores[at].freeze(), models[at].clone())),
                Shared::Thaw => runs.clear(),
            }
        }
        for (frozen, model) in &runs {
            let objects: Vec<_> = held(frozen).into_iter().filter_map(|entry| entry.object).collect();
            prop_assert!(objects.iter().map(|o| &**o).eq(model.values()));
        }
        runs.clear();
        texts.sweep();
        let mut once: BTreeMap<JsonText, JsonText> = BTreeMap::new();
        for (store, model) in stores.iter().zip(&models) {
            let frozen = store.freeze();
            let objects: Vec<_> = held(&frozen).into_iter().filter_map(|entry| entry.object).collect();
            prop_assert!(objects.iter().map(|o| &**o).eq(model.values()));
            let shared = store.shared();
            prop_assert_eq!(shared, long_texts(&frozen).iter().map(|t| t.len()).sum::<usize>());
            for text in long_texts(&frozen) {
                let first = once.entry(text.clone()).or_insert(text.clone());
                // Two texts of one version and length are held by those who have them.
                let odd = !text.starts_with('0');
                prop_assert!(odd || Arc::ptr_eq(first, &text));
            }
        }
        let even = once.keys().filter(|text| text.starts_with('0')).map(|text| text.len());
        prop_assert!(texts.bytes() >= even.sum());
        prop_assert!(texts.bytes() <= once.keys().map(|text| text.len()).sum());
        drop(once);
        drop(stores);
        prop_assert!(texts.is_empty(), "given back by the stores themselves");
    }

    /// A store is a sorted map whatever it keeps, its frozen copies are its past, and its byte count is exact.
    #[test]
    fn a_store_is_a_sorted_map(keeps in prop_oneof![Just(FULL), Just(BOTH), Just(FILTERED), Just(NEITHER)], steps in proptest::collection::vec(step(), 0..200)) {
        let mut store = Store::new(keeps);
        let mut model: BTreeMap<Key, (String, String)> = BTreeMap::new();
        let mut past = Vec::new();
        let counts = |(object, result): &(String, String)| if keeps.filter_result { result.clone() } else { object.clone() };
        for step in steps {
            match step {
                Step::Put((namespace, name), object, result) => {
                    let (key, value) = (store.key(&namespace, &name), (object, result));
                    prop_assert_eq!(key.parts(), (&*namespace, &*name));
                    let expected = match model.insert(key.clone(), value.clone()) {
                        None => Change::Added,
                        Some(before) if counts(&before) == counts(&value) => Change::Same,
                        Some(_) => Change::Modified,
                    };
                    let result = keeps.filter_result.then(|| text(&value.1));
                    prop_assert_eq!(store.put(&key, &text(&value.0), result.as_ref()), expected);
                    prop_assert_eq!(store.get(&key), Some(entry(keeps, &value)));
                }
                Step::PutAll(all, ordered) => {
                    let mut new: Vec<New> = Vec::new();
                    for ((namespace, name), object, result) in all {
                        let key = store.key(&namespace, &name);
                        new.push(New {
                            key: key.clone(),
                            version: 0,
                            object: text(&object),
                            filter_result: keeps.filter_result.then(|| text(&result)),
                        });
                        model.insert(key, (object, result));
                    }
                    if ordered {
                        // Equal keys stay in their order.
                        new.sort_by(|a, b| a.key.cmp(&b.key));
                    }
                    store.put_all(&new);
                }
                Step::Remove((namespace, name)) => {
                    let key = store.key(&namespace, &name);
                    let expected = model.remove(&key).map(|value| entry(keeps, &value));
                    prop_assert_eq!(store.remove(&key), expected);
                    prop_assert_eq!(store.get(&key), None);
                }
                Step::Freeze => past.push((store.freeze(), model.clone())),
            }
            store.rows.check();
            prop_assert_eq!((store.len(), store.is_empty()), (model.len(), model.is_empty()));
        }
        let bytes = |(key, value): (&Key, &(String, String))| {
            let entry = entry(keeps, value);
            key.0.len() + entry.object.map_or(0, |t| t.len()) + entry.filter_result.map_or(0, |t| t.len())
        };
        prop_assert_eq!(store.bytes(), model.iter().map(bytes).sum::<usize>());
        let keys: Vec<Key> = model.keys().cloned().collect();
        prop_assert_eq!(store.keys_where(|_| true), keys);
        past.push((store.freeze(), model));
        for (frozen, model) in past {
            prop_assert_eq!(frozen.entry(model.len()), None);
            prop_assert_eq!(held(&frozen), model.values().map(|v| entry(keeps, v)).collect::<Vec<_>>());
        }
    }
}
