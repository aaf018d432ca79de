use proptest::prelude::*;
use serde_json::json;

use super::*;

fn one(text: &str) -> serde_json::Value {
    let nodes = parse_documents(text).unwrap();
    assert_eq!(nodes.len(), 1, "{text}");
    nodes[0].to_json()
}

fn error(text: &str) -> YamlError {
    parse_documents(text).unwrap_err()
}

#[test]
fn documents_are_read_in_order_and_empty_ones_left_out() {
    let text =
        "# only a comment\n---\na: 1\n---\n---\n# nothing\n---\nb: [x, 'y']\n...\n---\n\"c\"\n";
    let nodes = parse_documents(text).unwrap();
    let json: Vec<_> = nodes.iter().map(Node::to_json).collect();
    assert_eq!(
        json,
        [json!({"a": 1}), json!({"b": ["x", "y"]}), json!("c")]
    );
    assert_eq!(nodes[1].at, Position { line: 8, column: 1 });
    assert_eq!(parse_documents("").unwrap(), []);
    assert_eq!(parse_documents("\u{feff}---\n").unwrap(), []);
}

#[test]
fn a_mistake_is_reported_with_its_document_line_and_column() {
    for (text, line, column) in [
        ("c: [1, 2\nd: 3\n", 6, 2),
        ("c: 3\n\td: 4\n", 6, 1),
        ("c: 'x\n", 5, 4),
        ("c: 3\nc: 4\n", 6, 1),
        ("c: !!int x\n", 5, 4),
        ("c: *d\n", 5, 4),
        ("c: d: e\n", 5, 5),
        ("c: 1\nd\n", 7, 1),
        ("c: {\n---\ne: 1\n", 6, 1),
        ("c:\n  d: 1\n e: 2\n---\ne: 1\n", 7, 2),
        ("- c\nd: 1\n---\ne: 1\n", 6, 1),
        ("c: \"\\x\"\n", 5, 4),
        ("c: @x\n", 5, 4),
        ("{ c: 1 }\nd: 1\n---\ne: 1\n", 6, 1),
    ] {
        let text = format!("a: 1\n---\nb: 2\n---\n{text}");
        let error = error(&text);
        assert_eq!(
            (error.document, error.line, error.column),
            (3, line, column),
            "{text:?}: {error}"
        );
    }
    assert_eq!(error("a: b: c\n").document, 1);
}

#[test]
fn positions_of_paths() {
    let text = "kind: Pod\nmetadata:\n  labels:\n    a.b/c: x\nspec:\n  containers:\n  - image: i\n  - {image: j}\n  empty:\nlast: 1\n";
    let node = &parse_documents(text).unwrap()[0];
    for (path, line, column) in [
        ("", 1, 1),
        ("kind", 1, 7),
        ("metadata.labels", 4, 5),
        (r#"metadata.labels["a.b/c"]"#, 4, 12),
        ("spec.containers[0].image", 7, 12),
        ("spec.containers[1]", 8, 5),
        ("spec.containers[1].image", 8, 13),
        ("spec.empty", 9, 3),
        ("spec.containers[1].missing.more", 8, 5),
        ("spec.containers[9]", 7, 5),
    ] {
        assert_eq!(
            node.position(path),
            Some(Position { line, column }),
            "{path}"
        );
    }
    assert_eq!(node.position("spec..x"), None);
}

#[test]
fn json_is_read_as_json() {
    let text = r#" {"a": "\ud83d\ude00\u00e4\n\/", "b": [1, -2.5, 1e3, true, null, {}], "c": 18446744073709551615} "#;
    assert_eq!(
        one(text),
        json!({"a": "😀ä\n/", "b": [1, -2.5, 1000.0, true, null, {}], "c": u64::MAX})
    );
    // Keys longer than YAML's limit of 1024, and tabs.
    let long = "k".repeat(5000);
    assert_eq!(one(&format!("{{\n\t\"{long}\"\t:\n1}}")), json!({long: 1}));
    // Several, one after the other, as kubectl accepts them.
    assert_eq!(parse_documents("{\"a\":1}\n{\"b\":2}").unwrap().len(), 2);
    // A flow mapping of YAML only looks like JSON.
    assert_eq!(
        one("{a: 1, b: [x, z]} # c"),
        json!({"a": 1, "b": ["x", "z"]})
    );
}

#[test]
fn json_mistakes_are_told_as_json() {
    for (text, message, line, column) in [
        ("{\"a\": 1,}", "a key in quotes", 1, 9),
        ("{\"a\": 1\n \"b\": 2}", "`,` or `}`", 2, 2),
        ("{\"a\": \"\\ud83d\"}", "surrogate", 1, 14),
        ("{\"a\": 01x}", "", 1, 7),
    ] {
        match parse_documents(text) {
            Err(error) => {
                assert!(error.message.contains(message), "{text}: {error}");
                assert_eq!(
                    (error.line, error.column),
                    (line, column),
                    "{text}: {error}"
                );
            }
            // YAML is more generous.
            Ok(nodes) => assert!(!nodes.is_empty(), "{text}"),
        }
    }
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n\
                one: {<<: *base, a: 9}\ntwo:\n  <<: [*base, *more]\n  d: 5\nlist: [&x z, *x]\n'<<': text\n";
    assert_eq!(
        one(text),
        json!({
            "base": {"a": 1, "b": 2},
            "more": {"b": 3, "c": 4},
            "one": {"a": 9, "b": 2},
            "two": {"a": 1, "b": 2, "c": 4, "d": 5},
            "list": ["z", "z"],
            "<<": "text",
        })
    );
    assert_eq!(error("a: &a [*a]").kind, YamlErrorKind::Unsupported);
    assert_eq!(error("a: &a 1\n---\nb: *a").document, 2);
    assert_eq!(error("a: {<<: 1}").kind, YamlErrorKind::Unsupported);
}

#[test]
fn keys_become_text() {
    assert_eq!(
        one("1: a\nno: b\n1.5: c\nyes: d\n"),
        json!({"1": "a", "false": "b", "1.5": "c", "true": "d"})
    );
    for text in ["? [a]\n: b\n", "? {a: b}\n: c\n", "~: a\n", ": a\n"] {
        assert_eq!(error(text).kind, YamlErrorKind::Unsupported, "{text}");
    }
}

#[test]
fn tags() {
    assert_eq!(
        one(
            "a: !!str 1\nb: !!int '2'\nc: ! 3\nd: !!seq []\ne: !mine {}\nf: !!float 1.5\ng: !!bool 'yes'\nh: !!null ''\ni: !mine 4\nj: !!binary eA==\n"
        ),
        json!({"a": "1", "b": 2, "c": "3", "d": [], "e": {}, "f": 1.5, "g": true, "h": null, "i": "4", "j": "x"})
    );
    for text in [
        "a: !!int x",
        "a: !!binary x",
        "a: !!timestamp x",
        "a: !!bool 1",
    ] {
        assert_eq!(error(text).kind, YamlErrorKind::Unsupported, "{text}");
    }
}

#[test]
fn alias_bombs_deep_nesting_and_size_are_refused() {
    // A billion laughs.
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let ten = [before.as_str(); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{ten}]\n"));
    }
    // A long text many times.
    let long = "x".repeat(1 << 16);
    let copies = format!("a: &a {long}\nb: [{}]\n", ["*a"; 4096].join(", "));
    // Aliases that nest.
    let mut nested = "a0: &a0 [x]\n".to_owned();
    for level in 1..1000 {
        nested.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    let anchors = format!("{}x{}", "[&a ".repeat(90), "]".repeat(90));
    for text in [
        laughs,
        copies,
        nested,
        "[".repeat(1_000_000),
        "{\"a\":".repeat(1_000_000),
        "{a: ".repeat(100_000),
        "- ".repeat(500_000),
        "a:\n".to_owned()
            + &(1..3000)
                .map(|n| " ".repeat(n) + "a:\n")
                .collect::<String>(),
    ] {
        let start: String = text.chars().take(30).collect();
        assert_eq!(
            load(&text, &Limits::CONFIG, Dialect::Kubernetes)
                .unwrap_err()
                .kind,
            YamlErrorKind::Limit,
            "{start}"
        );
    }
    assert!(load(&"? ".repeat(10_000), &Limits::CONFIG, Dialect::Kubernetes).is_err());
    // Within the limits it is legal.
    assert!(load(&anchors, &Limits::MANIFESTS, Dialect::Kubernetes).is_ok());
    let many = format!("[{}]", ["1"; 60_000].join(","));
    assert_eq!(
        load(&many, &Limits::CONFIG, Dialect::Kubernetes)
            .unwrap_err()
            .kind,
        YamlErrorKind::Limit
    );
    let large = " ".repeat((1 << 20) + 1);
    assert_eq!(
        load(&large, &Limits::CONFIG, Dialect::Kubernetes)
            .unwrap_err()
            .kind,
        YamlErrorKind::Limit
    );
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<u64>().prop_map(|n| json!(n)),
        (-1e15..1e15_f64).prop_map(|n| json!(n + 0.25)),
        any::<String>().prop_map(|s| json!(s)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|v| json!(v)),
            proptest::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn json_means_the_same_as_to_serde(value in any_json()) {
        let value = json!([value]);
        prop_assert_eq!(one(&value.to_string()), value.clone());
        prop_assert_eq!(one(&serde_json::to_string_pretty(&value).unwrap()), value);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([-a:{}\\[\\]&*!|>'\"?,%#@ \n\t~0-]|\n---\n|: |- |<<: |\u{feff}|\\PC){0,60}") {
        let _ = load(&text, &Limits::CONFIG, Dialect::Kubernetes);
    }
}

#[test]
fn a_tab_in_the_indentation_is_shown() {
    for (text, line, column) in [
        ("configVersion: v1\n\tonStartup: 1\n", 2, 1),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1),
        ("a:\n\tb: 1\n", 2, 1),
        ("a:\n- b: 1\n  \tc: 2\n", 3, 3),
        ("a:\n  - b\n\t- c\n", 3, 1),
    ] {
        let error = parse_documents(text).unwrap_err();
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text:?}: {error}"
        );
        assert_eq!(error.help, Some("YAML is indented by spaces"), "{text:?}");
        assert!(error.to_string().contains("indented by spaces"), "{error}");
    }
    // A tab elsewhere, or none, is not to blame.
    for text in ["a: 'x\n", "a: [1,\t2\n", "- a\nb\n\n"] {
        let error = parse_documents(text).unwrap_err();
        assert_eq!(error.help, None, "{text:?}: {error}");
    }
}

/// What Go's decoders make of some texts, one a line: the text, its first document by sigs.k8s.io/yaml 1.6.0, and all its
/// documents by gopkg.in/yaml.v3 3.0.1, as JSON; null where the text is refused, and `?` where what came out is no JSON.
const DECODED: &str = include_str!("decoded.jsonl");

/// Texts that [`Dialect::Kubernetes`] reads in another way, and why.
const NOT_AS_KUBERNETES: &[(&str, &[&str])] = &[
    (
        "a number that is a key is written as the value would be",
        &[
            ".inf: v",
            ".nan: v",
            "9223372036854775808: v",
            "12345678901234567890: v",
            "18446744073709551616: v",
            "1e-7: v",
            "1e15: v",
            "123456789.123456789: v",
            "3.0e8: v",
            "16777217.0: v",
            "33554433.5: v",
        ],
    ),
    (
        "the version of YAML does not matter",
        &["%YAML 1.2\n---\na: yes", "%YAML 1.3\n---\na: yes"],
    ),
    (
        "escapes of JSON are known",
        &["a: \"\\/\"", "{\"a\": \"\\ud83d\\ude00\"}"],
    ),
    (
        "a text ends with the end of a line",
        &["a: |2\n    x", "a: |\n x\n  y\n z", "a: |1\n x"],
    ),
    (
        "all documents are read",
        &["  a: 1\nb: 2", "a: &x 1\n---\nb: *x"],
    ),
    ("nothing is a document too", &["..."]),
    (
        "the parser's rules for rare characters",
        &["a: \u{85}", "a: \u{feff}", "a: \u{2028}b", "a:\tb"],
    ),
];

/// The same for [`Dialect::Patches`].
const NOT_AS_YAML_V3: &[(&str, &[&str])] = &[
    (
        "a date is text",
        &[
            "v: 2001-01-01",
            "v: 2001-1-1",
            "v: 2001-1-1T1:1:1Z",
            "v: 2001-12-14t21:59:43.10-05:00",
            "v: !!timestamp 2001-01-01",
            "v: !!timestamp \"2001-01-01\"",
        ],
    ),
    (
        "keys that are given twice are found later",
        &[
            "a: 1\na: 2",
            "{\"a\":1,\"a\":2}",
            "true: 1\n\"true\": 2",
            "1: a\n\"1\": b",
            "c:\n  <<: {a: 1}\n  <<: {b: 2}",
        ],
    ),
    (
        "empty documents are left out",
        &["", "# c", "~", "---\n", "a: 1\n---\n", "..."],
    ),
    (
        "documents need no separator",
        &[
            "a: 1\n...\nb: 2",
            "{\"a\":1}{\"b\":2}",
            "{\"a\":1}\n{\"b\":2}",
        ],
    ),
    (
        "the version of YAML does not matter",
        &["%YAML 1.2\n---\na: yes", "%YAML 1.3\n---\na: yes"],
    ),
    (
        "escapes of JSON are known",
        &["a: \"\\/\"", "{\"a\": \"\\ud83d\\ude00\"}"],
    ),
    (
        "a text ends with the end of a line",
        &["a: |2\n    x", "a: |\n x\n  y\n z", "a: |1\n x"],
    ),
    ("an anchor ends with its document", &["a: &x 1\n---\nb: *x"]),
    (
        "the parser's rules for rare characters",
        &["a: \u{85}", "a: \u{feff}", "a: \u{2028}b", "a:\tb"],
    ),
];

/// Whether two values are the same to Go, which has no more than one zero, and rounds.
fn same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => {
            let (a, b) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            let whole = one.is_i64() && other.is_i64() || one.is_u64() && other.is_u64();
            one == other || !whole && (a - b).abs() <= a.abs() * f64::EPSILON
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, a)| other.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// Those of the texts that are read in another way than expected, with what came out.
fn read_otherwise(
    dialect: Dialect,
    expected: impl Fn(&serde_json::Value) -> &serde_json::Value,
    result: impl Fn(Vec<serde_json::Value>) -> serde_json::Value,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in DECODED.lines() {
        let row = json(line);
        let text = row[0].as_str().unwrap();
        let read = load(text, &Limits::CONFIG, dialect)
            .map(|nodes| result(nodes.iter().map(|(_, node)| node.to_json()).collect()));
        let same = match (&read, expected(&row).as_str()) {
            (_, Some("?")) | (Err(_), None) => true,
            (Ok(read), Some(expected)) => same(read, &json(expected)),
            _ => false,
        };
        if !same {
            found.push((text.to_owned(), format!("{read:?}")));
        }
    }
    found
}

fn assert_only(found: Vec<(String, String)>, known: &[(&str, &[&str])]) {
    let known: Vec<&str> = known
        .iter()
        .flat_map(|(_, texts)| *texts)
        .copied()
        .collect();
    for (text, read) in &found {
        assert!(known.contains(&text.as_str()), "{text:?} is read as {read}");
    }
    for text in known {
        assert!(
            found.iter().any(|(t, _)| t == text),
            "{text:?} is read alike"
        );
    }
}

#[test]
fn texts_mean_what_they_mean_to_kubernetes() {
    let first = |documents: Vec<_>| documents.into_iter().next().unwrap_or_default();
    let found = read_otherwise(Dialect::Kubernetes, |row| &row[1], first);
    assert_only(found, NOT_AS_KUBERNETES);
}

#[test]
fn patches_mean_what_they_mean_to_yaml_v3() {
    let found = read_otherwise(Dialect::Patches, |row| &row[2], serde_json::Value::Array);
    assert_only(found, NOT_AS_YAML_V3);
}

#[test]
fn what_names_an_operation_and_its_object_stays_as_it_is_written() {
    let text = "operation: Create\nname: 017\nkind: yes\nnamespace: ~\nignoreMissingObject: yes\nobject: {name: 017, kind: no}\n";
    let nodes = parse_patches(text).unwrap();
    assert_eq!(
        nodes[0].to_json(),
        json!({
            "operation": "Create", "name": "017", "kind": "yes", "namespace": null,
            "ignoreMissingObject": "yes", "object": {"name": 15, "kind": "no"}
        })
    );
}
