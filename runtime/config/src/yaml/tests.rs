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
        ("c: !mine 4\n", 5, 4),
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
        one("{a: 1, b: [x, y]} # c"),
        json!({"a": 1, "b": ["x", "y"]})
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
                one: {<<: *base, a: 9}\ntwo:\n  <<: [*base, *more]\n  d: 5\nlist: [&x y, *x]\n'<<': text\n";
    assert_eq!(
        one(text),
        json!({
            "base": {"a": 1, "b": 2},
            "more": {"b": 3, "c": 4},
            "one": {"a": 9, "b": 2},
            "two": {"a": 1, "b": 2, "c": 4, "d": 5},
            "list": ["y", "y"],
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
        one("1: a\ntrue: b\n1.5: c\nyes: d\n"),
        json!({"1": "a", "true": "b", "1.5": "c", "yes": "d"})
    );
    for text in ["? [a]\n: b\n", "? {a: b}\n: c\n", "~: a\n", ": a\n"] {
        assert_eq!(error(text).kind, YamlErrorKind::Unsupported, "{text}");
    }
}

#[test]
fn tags() {
    assert_eq!(
        one(
            "a: !!str 1\nb: !!int '2'\nc: ! 3\nd: !!seq []\ne: !!map {}\nf: !!float 1.5\ng: !!bool true\nh: !!null ''\n"
        ),
        json!({"a": "1", "b": 2, "c": "3", "d": [], "e": {}, "f": 1.5, "g": true, "h": null})
    );
    for text in [
        "a: !!int x",
        "a: !mine x",
        "a: !!binary eA==",
        "a: !!set {}",
        "!x [a]",
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
            load(&text, &Limits::CONFIG).unwrap_err().kind,
            YamlErrorKind::Limit,
            "{start}"
        );
    }
    assert!(load(&"? ".repeat(10_000), &Limits::CONFIG).is_err());
    // Within the limits it is legal.
    assert!(load(&anchors, &Limits::MANIFESTS).is_ok());
    let many = format!("[{}]", ["1"; 60_000].join(","));
    assert_eq!(
        load(&many, &Limits::CONFIG).unwrap_err().kind,
        YamlErrorKind::Limit
    );
    let large = " ".repeat((1 << 20) + 1);
    assert_eq!(
        load(&large, &Limits::CONFIG).unwrap_err().kind,
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
        let _ = load(&text, &Limits::CONFIG);
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
