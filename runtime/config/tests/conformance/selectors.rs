use hookbox_config::NamespaceSelector;
use hookbox_config::selector::FieldOperator;

use super::{bad, binding, good, good_binding, warnings};

/// Row "nameSelector: {matchNames: required}".
#[test]
fn name_selector() {
    let names = |fields: &str| good_binding(fields).name_selector;
    assert_eq!(
        names("nameSelector: {matchNames: [a, 'system:b', a]}"),
        Some(vec!["a".to_owned(), "system:b".to_owned()])
    );
    assert_eq!(names("nameSelector: {matchNames: []}"), None);
    for (selector, path, code) in [
        ("{}", "kubernetes[0].nameSelector.matchNames", "missing"),
        (
            "{matchNames: a}",
            "kubernetes[0].nameSelector.matchNames",
            "wrong-type",
        ),
        (
            "{matchNames: [1]}",
            "kubernetes[0].nameSelector.matchNames[0]",
            "wrong-type",
        ),
        (
            "{matchNames: ['../x']}",
            "kubernetes[0].nameSelector.matchNames[0]",
            "invalid-name",
        ),
        (
            "{matchNames: ['']}",
            "kubernetes[0].nameSelector.matchNames[0]",
            "invalid-name",
        ),
        ("a", "kubernetes[0].nameSelector", "wrong-type"),
    ] {
        bad(
            &binding(&format!("nameSelector: {selector}")),
            &[(path, code)],
        );
    }
}

/// Row "labelSelector: matchLabels / matchExpressions, 1–2 keys", and "semantic validity is checked at load".
#[test]
fn label_selector() {
    let query = |selector: &str| {
        let selector = good_binding(&format!("labelSelector: {selector}")).label_selector;
        selector.unwrap().to_query()
    };
    for (selector, expected) in [
        ("{matchLabels: {a: b, c: ''}}", "a=b,c="),
        ("{matchLabels: {}}", ""),
        ("{matchExpressions: []}", ""),
        (
            "{matchLabels: {z: 1x}, matchExpressions: [{key: a, operator: In, values: [w, x]}, {key: b, operator: NotIn, values: [x]}, {key: c, operator: Exists}, {key: d.e/f, operator: DoesNotExist, values: []}]}",
            "a in (w,x),b notin (x),c,!d.e/f,z=1x",
        ),
    ] {
        assert_eq!(query(selector), expected);
    }
    for (selector, inner, code) in [
        ("{}", "", "too-few-keys"),
        ("[]", "", "wrong-type"),
        ("{matchLabels: [a]}", ".matchLabels", "wrong-type"),
        ("{matchLabels: {a: 1}}", ".matchLabels.a", "wrong-type"),
        ("{matchLabels: {a: true}}", ".matchLabels.a", "wrong-type"),
        ("{matchLabels: {a: b c}}", ".matchLabels.a", "label-value"),
        (
            "{matchLabels: {-a: b}}",
            ".matchLabels[\"-a\"]",
            "label-key",
        ),
        (
            "{matchLabels: {a/b/c: b}}",
            ".matchLabels[\"a/b/c\"]",
            "label-key",
        ),
        ("{matchExpressions: {}}", ".matchExpressions", "wrong-type"),
        (
            "{matchExpressions: [{operator: Exists}]}",
            ".matchExpressions[0].key",
            "missing",
        ),
        (
            "{matchExpressions: [{key: a}]}",
            ".matchExpressions[0].operator",
            "missing",
        ),
        (
            "{matchExpressions: [{key: '', operator: Exists}]}",
            ".matchExpressions[0].key",
            "label-key",
        ),
        (
            "{matchExpressions: [{key: a, operator: in, values: [b]}]}",
            ".matchExpressions[0].operator",
            "unknown-word",
        ),
        (
            "{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}",
            ".matchExpressions[0].operator",
            "unknown-word",
        ),
        (
            "{matchExpressions: [{key: a, operator: In}]}",
            ".matchExpressions[0].values",
            "selector-no-values",
        ),
        (
            "{matchExpressions: [{key: a, operator: NotIn, values: []}]}",
            ".matchExpressions[0].values",
            "selector-no-values",
        ),
        (
            "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
            ".matchExpressions[0].values",
            "selector-needless-values",
        ),
        (
            "{matchExpressions: [{key: a, operator: DoesNotExist, values: ['']}]}",
            ".matchExpressions[0].values",
            "selector-needless-values",
        ),
        (
            "{matchExpressions: [{key: a, operator: In, values: [b, 'c/d']}]}",
            ".matchExpressions[0].values[1]",
            "label-value",
        ),
        (
            "{matchExpressions: [{key: a, operator: In, values: [1]}]}",
            ".matchExpressions[0].values[0]",
            "wrong-type",
        ),
    ] {
        let path = format!("kubernetes[0].labelSelector{inner}");
        bad(
            &binding(&format!("labelSelector: {selector}")),
            &[(&path, code)],
        );
        let path = format!("kubernetes[0].namespace.labelSelector{inner}");
        bad(
            &binding(&format!("namespace: {{labelSelector: {selector}}}")),
            &[(&path, code)],
        );
    }
}

/// Row "fieldSelector: all three keys required".
#[test]
fn field_selector() {
    for (operator, expected) in [
        ("'='", FieldOperator::Equals),
        ("'=='", FieldOperator::Equals),
        ("Equals", FieldOperator::Equals),
        ("'!='", FieldOperator::NotEquals),
        ("NotEquals", FieldOperator::NotEquals),
    ] {
        let found = good_binding(&format!(
            "fieldSelector: {{matchExpressions: [{{field: status.phase, operator: {operator}, value: Running}}]}}"
        ));
        let found = found.field_selector.unwrap();
        assert_eq!(found.match_expressions[0].operator, expected);
    }
    let first = "kubernetes[0].fieldSelector.matchExpressions[0]";
    for (selector, path, code) in [
        (
            "{}",
            "kubernetes[0].fieldSelector.matchExpressions".to_owned(),
            "missing",
        ),
        (
            "{matchExpressions: [{operator: '=', value: b}]}",
            format!("{first}.field"),
            "missing",
        ),
        (
            "{matchExpressions: [{field: a, value: b}]}",
            format!("{first}.operator"),
            "missing",
        ),
        (
            "{matchExpressions: [{field: a, operator: '='}]}",
            format!("{first}.value"),
            "missing",
        ),
        (
            "{matchExpressions: [{field: a, operator: In, value: b}]}",
            format!("{first}.operator"),
            "unknown-word",
        ),
        (
            "{matchExpressions: [{field: a, operator: '=', value: 1}]}",
            format!("{first}.value"),
            "wrong-type",
        ),
        (
            "{matchExpressions: [{field: 'a=b,c', operator: '=', value: x}]}",
            format!("{first}.field"),
            "invalid-field",
        ),
    ] {
        bad(
            &binding(&format!("fieldSelector: {selector}")),
            &[(&path, code)],
        );
    }
}

/// Row "nameSelector.matchNames together with fieldSelector on metadata.name → mutually exclusive".
#[test]
fn names_twice() {
    let by_name =
        "fieldSelector: {matchExpressions: [{field: metadata.name, operator: '!=', value: b}]}";
    let found = bad(
        &binding(&format!("nameSelector: {{matchNames: [a]}}, {by_name}")),
        &[("kubernetes[0].fieldSelector", "exclusive")],
    );
    assert_eq!(
        found[0].message,
        "fieldSelector 'metadata.name' and nameSelector.matchNames are mutually exclusive"
    );
    good_binding(&format!("nameSelector: {{matchNames: []}}, {by_name}"));
    good_binding(
        "nameSelector: {matchNames: [a]}, fieldSelector: {matchExpressions: [{field: metadata.namespace, operator: '=', value: b}]}",
    );
}

/// Row "`namespace.labelSelector` present ⇒ `namespace.nameSelector` is ignored; matchNames empty/absent ⇒ all".
#[test]
fn namespace() {
    let config = good(&binding("namespace: {nameSelector: {matchNames: [a, b]}}"));
    assert_eq!(
        config.kubernetes[0].namespace,
        NamespaceSelector::Names(vec!["a".to_owned(), "b".to_owned()])
    );
    let config = good(&binding("namespace: {nameSelector: {matchNames: []}}"));
    assert!(config.kubernetes[0].namespace.is_all());
    assert_eq!(
        warnings(&config),
        [(
            "kubernetes[0].namespace.nameSelector.matchNames",
            "selects-all"
        )]
    );
    let config = good(&binding(
        "namespace: {nameSelector: {matchNames: [a]}, labelSelector: {matchLabels: {a: b}}}",
    ));
    let NamespaceSelector::Labels(labels) = &config.kubernetes[0].namespace else {
        panic!("{config:?}")
    };
    assert_eq!(labels.to_query(), "a=b");
    assert_eq!(
        warnings(&config),
        [("kubernetes[0].namespace.nameSelector", "ignored")]
    );
    for (namespace, path, code) in [
        ("{}", "kubernetes[0].namespace", "too-few-keys"),
        ("default", "kubernetes[0].namespace", "wrong-type"),
        (
            "{nameSelector: {}}",
            "kubernetes[0].namespace.nameSelector.matchNames",
            "missing",
        ),
        (
            "{nameSelector: {matchNames: [a.b]}}",
            "kubernetes[0].namespace.nameSelector.matchNames[0]",
            "invalid-name",
        ),
        (
            "{nameSelector: {matchNames: ['..']}}",
            "kubernetes[0].namespace.nameSelector.matchNames[0]",
            "invalid-name",
        ),
        (
            "{matchNames: [a]}",
            "kubernetes[0].namespace.matchNames",
            "unknown-key",
        ),
    ] {
        bad(
            &binding(&format!("namespace: {namespace}")),
            &[(path, code)],
        );
    }
}
