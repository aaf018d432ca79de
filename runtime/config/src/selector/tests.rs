use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn queries_select_as_kubernetes_does() {
    let object = labels(&[("app", "web"), ("tier", ""), ("n", "5"), ("a.b/c", "x")]);
    for (query, selected) in [
        ("", true),
        ("  ", true),
        ("app=web", true),
        ("app==web", true),
        ("app = web , n", true),
        ("app!=web", false),
        ("missing!=web", true),
        ("app in (web,api)", true),
        ("app in(api)", false),
        ("app notin (api)", true),
        ("missing notin (api)", true),
        ("app notin (web)", false),
        ("app,n", true),
        ("!app", false),
        ("! missing", true),
        ("tier=", true),
        ("tier=,app=web", true),
        ("tier in (,x)", true),
        ("app in (,x)", false),
        ("n>4", true),
        ("n > 5", false),
        ("n<6", true),
        ("app>4", false),
        ("missing<4", false),
        ("a.b/c=x", true),
        ("in=x", false),
        ("app=in", false),
    ] {
        let selector = LabelSelector::parse_query(query).unwrap();
        assert_eq!(selector.matches(&object), selected, "{query}");
    }
}

#[test]
fn queries_that_kubernetes_refuses() {
    for (query, code) in [
        (",", "selector-query"),
        ("a,", "selector-query"),
        (",a", "selector-query"),
        ("a b", "selector-query"),
        ("a==b=c", "selector-query"),
        ("a in x", "selector-query"),
        ("a in (x", "selector-query"),
        ("a in (x y)", "selector-query"),
        ("a in ()", "selector-no-values"),
        ("a notin ()", "selector-no-values"),
        ("!a=b", "selector-query"),
        ("!", "selector-query"),
        ("=b", "selector-query"),
        ("a>b", "selector-not-a-number"),
        ("a/b/c=d", "label-key"),
        ("/b=d", "label-key"),
        ("A.B/c=d", "label-key"),
        ("-a=b", "label-key"),
        ("a=-b", "label-value"),
        ("a in (b$)", "label-value"),
    ] {
        let error = LabelSelector::parse_query(query).unwrap_err();
        assert_eq!(error.code(), code, "{query}: {error}");
    }
    let long = "a".repeat(64);
    for query in [
        format!("{long}=b"),
        format!("b={long}"),
        "a,".repeat(100_000),
    ] {
        assert!(LabelSelector::parse_query(&query).is_err());
    }
}

#[test]
fn queries_are_written_sorted() {
    let selector = LabelSelector {
        match_labels: labels(&[("b", "1"), ("a", "2")]),
        match_expressions: vec![
            Requirement {
                key: "c".into(),
                operator: Operator::NotIn,
                values: vec!["y".into(), "x".into()],
            },
            Requirement {
                key: "aa".into(),
                operator: Operator::DoesNotExist,
                values: vec![],
            },
            Requirement {
                key: "d".into(),
                operator: Operator::In,
                values: vec![String::new()],
            },
        ],
    };
    assert_eq!(selector.to_query(), "a=2,!aa,b=1,c notin (x,y),d in (,)");
    assert_eq!(LabelSelector::default().to_query(), "");
}

#[test]
fn fields() {
    let lookup = |field: &str| match field {
        "metadata.name" => Some("a=b,c\\".to_owned()),
        "status.phase" => Some("Running".to_owned()),
        _ => None,
    };
    for (query, selected) in [
        ("", true),
        (",", true),
        (r"metadata.name=a\=b\,c\\", true),
        (r"metadata.name==a\=b\,c\\,status.phase=Running", true),
        ("status.phase!=Running", false),
        ("status.phase!=", true),
        ("spec.nodeName=", true),
    ] {
        let selector = FieldSelector::parse_query(query).unwrap();
        assert_eq!(selector.matches(lookup), selected, "{query}");
    }
    for bad in ["a", "=b", "!=b", "a=b=c", r"a=\b", r"a=b\"] {
        assert!(FieldSelector::parse_query(bad).is_err(), "{bad}");
    }
}

fn key() -> impl Strategy<Value = String> {
    // Few keys, so that selectors and objects often speak of the same ones.
    prop_oneof![
        8 => proptest::sample::select(vec!["a", "b", "in", "notin", "x.y/z", "A_b.c-d"]).prop_map(str::to_owned),
        1 => "([a-z0-9]{1,5}(\\.[a-z0-9]{1,5})?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(vec!["", "a", "b", "in", "5", "12"]).prop_map(str::to_owned),
        1 => "([A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?)?",
    ]
}

fn condition() -> impl Strategy<Value = Requirement> {
    let listed = (
        key(),
        prop_oneof![Just(Operator::In), Just(Operator::NotIn)],
        proptest::collection::vec(value(), 1..4),
    );
    let bare = (
        key(),
        prop_oneof![Just(Operator::Exists), Just(Operator::DoesNotExist)],
        Just(vec![]),
    );
    let number = (
        key(),
        prop_oneof![Just(Operator::Gt), Just(Operator::Lt)],
        (0..20_u8).prop_map(|n| vec![n.to_string()]),
    );
    prop_oneof![3 => listed, 2 => bare, 1 => number].prop_map(|(key, operator, values)| {
        Requirement {
            key,
            operator,
            values,
        }
    })
}

fn selector() -> impl Strategy<Value = LabelSelector> {
    (
        proptest::collection::btree_map(key(), value(), 0..3),
        proptest::collection::vec(condition(), 0..4),
    )
        .prop_map(|(match_labels, match_expressions)| LabelSelector {
            match_labels,
            match_expressions,
        })
}

proptest! {
    #[test]
    fn a_written_selector_selects_the_same(
        selector in selector(),
        objects in proptest::collection::vec(proptest::collection::btree_map(key(), value(), 0..5), 8),
    ) {
        prop_assert_eq!(selector.check(), Ok(()));
        let read = LabelSelector::parse_query(&selector.to_query()).unwrap();
        for object in objects {
            prop_assert_eq!(selector.matches(&object), read.matches(&object));
        }
    }

    #[test]
    fn a_written_field_selector_is_read_back(
        terms in proptest::collection::vec(
            ("[a-z.]{1,10}", prop_oneof![Just(FieldOperator::Equals), Just(FieldOperator::NotEquals)], ".{0,8}"),
            0..4,
        ),
    ) {
        let selector = FieldSelector {
            match_expressions: terms
                .into_iter()
                .map(|(field, operator, value)| FieldRequirement { field, operator, value })
                .collect(),
        };
        prop_assert_eq!(FieldSelector::parse_query(&selector.to_query()), Ok(selector));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-c =!(),<>\\\\ü]{0,30}") {
        if let Ok(selector) = LabelSelector::parse_query(&text) {
            prop_assert_eq!(selector.check(), Ok(()));
        }
        let _ = FieldSelector::parse_query(&text);
    }
}
