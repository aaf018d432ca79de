use hookbox_config::{ConfigVersion, Document, Position, parse};
use serde_json::json;

use super::{bad, binding, good, good_binding, offences, v1, warnings};

/// Row "configVersion missing → v0; else must be string v0/v1".
#[test]
fn config_version() {
    let version = |text: &str| parse(text).unwrap().version;
    assert_eq!(version("onStartup: 1"), ConfigVersion::V0);
    assert_eq!(
        version("configVersion: v0\nonStartup: 1"),
        ConfigVersion::V0
    );
    assert_eq!(
        version("configVersion: v1\nonStartup: 1"),
        ConfigVersion::V1
    );
    for (text, message) in [
        (
            "configVersion: v2\nnew: 1",
            "'configVersion' value 'v2' is unsupported",
        ),
        (
            "configVersion: ''\nonStartup: 1",
            "'configVersion' value '' is unsupported",
        ),
        (
            "configVersion: V1\nonStartup: 1",
            "'configVersion' value 'V1' is unsupported",
        ),
        (
            "configVersion:\nonStartup: 1",
            "missing 'configVersion' value",
        ),
        (
            "configVersion: 1\nonStartup: 1",
            "string value is expected for key 'configVersion'",
        ),
        // Keys that only `v1` has tell what was meant.
        (
            "kubernetes: [{kind: Pod}]",
            "is missing: without it the document is of the format v0, which has no `kubernetes`",
        ),
        (
            "onStartup: 1\nsettings: {executionMinInterval: 1s}",
            "is missing: without it the document is of the format v0, which has no `settings`",
        ),
    ] {
        let offences = offences(text);
        assert_eq!(offences.len(), 1, "{text}: {offences:?}");
        assert_eq!(offences[0].path, "configVersion");
        assert_eq!(offences[0].code, "config-version");
        assert_eq!(offences[0].message, message);
        assert!(
            offences[0]
                .help
                .as_ref()
                .is_some_and(|help| help.contains("configVersion: v1")),
            "{text}"
        );
    }
    // What is otherwise a v1 document is checked further.
    assert_eq!(offences("onStartup: x\nkubernetes: y\nqueue: z").len(), 4);
}

/// Row "the object needs ≥2 keys".
#[test]
fn at_least_two_keys() {
    bad("", &[("", "no-bindings")]);
    for text in ["{}", "configVersion: v0"] {
        let codes: Vec<_> = offences(text).iter().map(|offence| offence.code).collect();
        assert_eq!(codes, ["no-bindings"], "{text}");
    }
    let config = good("settings: {executionMinInterval: 1s}");
    assert_eq!(warnings(&config), [("", "no-bindings")]);
}

/// Row "top level keys"; `additionalProperties: false` at every level.
#[test]
fn unknown_keys_at_every_level() {
    let all = "
onStartup: 1
x: 1
settings: {x: 1}
schedule: [{crontab: '@daily', x: 1}]
kubernetes:
- kind: Pod
  x: 1
  mode: Incremental
  nameSelector: {matchNames: [a], x: 1}
  labelSelector: {matchLabels: {}, x: 1, matchExpressions: [{key: a, operator: Exists, x: 1}]}
  fieldSelector: {matchExpressions: [{field: a, operator: '=', value: b, x: 1}], x: 1}
  namespace: {nameSelector: {matchNames: [a], x: 1}, x: 1}
kubernetesValidating:
- name: a.b.c
  x: 1
  namespace: {labelSelector: {matchLabels: {a: b}}, x: 1}
  rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: ['*'], x: 1}]
kubernetesMutating: [{name: a.b.c, x: 1}]
kubernetesCustomResourceConversion:
- name: a
  crdName: b
  x: 1
  conversions: [{fromVersion: a, toVersion: b, x: 1}]
";
    let paths = [
        "x",
        "settings.x",
        "schedule[0].x",
        "kubernetes[0].x",
        "kubernetes[0].mode",
        "kubernetes[0].nameSelector.x",
        "kubernetes[0].labelSelector.x",
        "kubernetes[0].labelSelector.matchExpressions[0].x",
        "kubernetes[0].fieldSelector.matchExpressions[0].x",
        "kubernetes[0].fieldSelector.x",
        "kubernetes[0].namespace.nameSelector.x",
        "kubernetes[0].namespace.x",
        "kubernetesValidating[0].x",
        "kubernetesValidating[0].namespace.x",
        "kubernetesValidating[0].rules[0].x",
        "kubernetesMutating[0].x",
        "kubernetesCustomResourceConversion[0].x",
        "kubernetesCustomResourceConversion[0].conversions[0].x",
    ];
    let expected: Vec<_> = paths.iter().map(|path| (*path, "unknown-key")).collect();
    bad(all, &expected);
}

/// Row "arrays have minItems 1".
#[test]
fn lists_with_at_least_one_item() {
    bad(
        "schedule: []\nkubernetes: []\nkubernetesValidating: []\nkubernetesMutating: []\nkubernetesCustomResourceConversion: []",
        &[
            ("schedule", "too-few-items"),
            ("kubernetes", "too-few-items"),
            ("kubernetesValidating", "too-few-items"),
            ("kubernetesMutating", "too-few-items"),
            ("kubernetesCustomResourceConversion", "too-few-items"),
        ],
    );
}

/// Row "errors are aggregated, all are reported": each with line, column and what to do.
#[test]
fn all_offences_at_once_with_their_places() {
    let found = bad(
        "onStartup: 'soon'
kubernetes:
- name: pods
  kinds: Pod
  allowFailure: 'yes'
  executeHookOnEvent: [added]
schedule:
- crontab: '*/0 * * * *'
  includeSnapshotsFrom: [podz]
",
        &[
            ("onStartup", "wrong-type"),
            ("kubernetes[0].kind", "missing"),
            ("kubernetes[0].kinds", "unknown-key"),
            ("kubernetes[0].allowFailure", "wrong-type"),
            ("kubernetes[0].executeHookOnEvent[0]", "unknown-word"),
            ("schedule[0].crontab", "crontab-zero-step"),
            ("schedule[0].includeSnapshotsFrom[0]", "unknown-binding"),
        ],
    );
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "2:12: onStartup: must be a whole number, found the text `soon`",
            "4:3: kubernetes[0].kind: is required",
            "5:3: kubernetes[0].kinds: is not a known key (did you mean `kind`?)",
            "6:17: kubernetes[0].allowFailure: must be true or false, found the text `yes` (write true without quotes)",
            "7:24: kubernetes[0].executeHookOnEvent[0]: must be one of Added, Modified, Deleted, found `added` (did you mean `Added`?)",
            "9:12: schedule[0].crontab: Step of range should be a positive number: */0 (minute) (write a step of 1 or more, such as `*/5`)",
            "10:26: schedule[0].includeSnapshotsFrom[0]: 'podz' binding name not found (did you mean `pods`?)",
        ]
    );
}

#[test]
fn the_same_offences_in_json() {
    let found = offences(
        r#"{"configVersion":"v1",
 "kubernetes":[{"kind":"Pod","queue":5,
   "labelSelector":{"matchLabels":{"a.b/c":"-"}}}]}"#,
    );
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "2:38: kubernetes[0].queue: must be text, found the number 5 (write it in quotes: \"5\")",
            "3:44: kubernetes[0].labelSelector.matchLabels[\"a.b/c\"]: `-` is not a label value: it must consist of letters, digits, `-`, `_` and `.`, and start and end with a letter or digit",
        ]
    );
}

/// As for the decoder of Kubernetes, the last one counts.
#[test]
fn of_a_key_that_is_given_twice_the_last_one_counts() {
    let config = good(
        "onStartup: 1\nonStartup: 2\nkubernetes:\n- kind: Pod\n  kind: Node\n  labelSelector: {matchLabels: {a.b: x, a.b: z}}",
    );
    assert_eq!(config.on_startup, Some(2));
    assert_eq!(config.kubernetes[0].kind, "Node");
    let labels = config.kubernetes[0].label_selector.as_ref().unwrap();
    assert_eq!(labels.match_labels["a.b"], "z");
    let found = &config.warnings;
    let places: Vec<_> = found.iter().map(|w| (w.path.as_str(), w.code)).collect();
    assert_eq!(
        places,
        [
            ("onStartup", "duplicate-key"),
            ("kubernetes[0].kind", "duplicate-key"),
            (
                r#"kubernetes[0].labelSelector.matchLabels["a.b"]"#,
                "duplicate-key",
            ),
        ],
    );
    assert_eq!(
        found[0].message,
        "is given twice, first at 2:1: only the last one counts"
    );
    assert_eq!(found[0].position, Some(Position { line: 3, column: 1 }));
    let json = r#"{"configVersion":"v1","configVersion":"v1","onStartup":1}"#;
    assert_eq!(parse(json).unwrap().warnings.len(), 1);
}

#[test]
fn of_several_documents_the_first_counts() {
    let config = good("onStartup: 1\n---\na: 1");
    assert_eq!(config.on_startup, Some(1));
    let found = &config.warnings;
    assert_eq!((found.len(), found[0].code), (1, "several-documents"));
    assert_eq!(found[0].position, Some(Position { line: 4, column: 1 }));
}

/// The words of YAML 1.1 are booleans where they stand without quotes, and text is expected in vain.
#[test]
fn yes_and_no() {
    for (word, value) in [
        ("yes", true),
        ("On", true),
        ("y", true),
        ("NO", false),
        ("off", false),
        ("n", false),
    ] {
        let read = good_binding(&format!("allowFailure: {word}"));
        assert_eq!(read.allow_failure, value, "{word}");
        let found = bad(
            &binding(&format!("name: {word}, queue: '{word}'")),
            &[("kubernetes[0].name", "wrong-type")],
        );
        assert!(found[0].help.is_some());
        bad(
            &binding(&format!("allowFailure: '{word}'")),
            &[("kubernetes[0].allowFailure", "wrong-type")],
        );
    }
}

/// Row "onStartup: integer".
#[test]
fn on_startup() {
    for (value, order) in [("10", 10), ("-3", -3), ("0", 0), ("10.0", 10)] {
        assert_eq!(good(&format!("onStartup: {value}")).on_startup, Some(order));
    }
    let json = r#"{"configVersion": "v1", "onStartup": 10.0}"#;
    assert_eq!(parse(json).unwrap().on_startup, Some(10));
    for value in [
        "'10'",
        "1.5",
        "true",
        "",
        "[1]",
        "{}",
        "99999999999999999999",
    ] {
        let found = bad(
            &format!("onStartup: {value}"),
            &[("onStartup", "wrong-type")],
        );
        assert_eq!(found[0].help.is_some(), value == "'10'", "{value}");
    }
}

#[test]
fn what_is_no_document() {
    for (text, code) in [
        ("", "empty"),
        ("# nothing\n---\n", "empty"),
        ("a: [", "syntax"),
        ("{\"a\": 1 \"b\": 2}", "syntax"),
        ("a: !!int b", "unsupported-yaml"),
    ] {
        let offences = offences(text);
        assert_eq!((offences.len(), offences[0].code), (1, code), "{text}");
        assert!(offences[0].position.is_some());
    }
    for text in ["text", "[1]", "17"] {
        let offences = offences(text);
        assert_eq!(
            (offences.len(), offences[0].code),
            (1, "wrong-type"),
            "{text}"
        );
    }
}

#[test]
fn what_is_too_much() {
    let bomb: String = (1..20)
        .map(|n| {
            format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); 9].join(",")
            )
        })
        .collect();
    for text in [
        v1(&format!("x: \"{}\"", "x".repeat(1 << 20))),
        v1(&format!("x: {}{}", "[".repeat(40), "]".repeat(40))),
        v1(&format!("x: [{}]", "1,".repeat(60_000))),
        format!("a0: &a0 x\n{bomb}"),
    ] {
        assert_eq!(offences(&text)[0].code, "too-large");
    }
    // Very many bindings: of N bindings in a group each would have N snapshots.
    let many = vec!["{kind: Pod, group: g}"; 257].join(",");
    bad(
        &format!("kubernetes: [{many}]"),
        &[("kubernetes", "too-many-items")],
    );
    bad(
        &format!("kubernetes: [{{kind: Pod, name: {}}}]", "n".repeat(254)),
        &[("kubernetes[0].name", "too-long")],
    );
    // Very many offences: a hundred, and how many more there are.
    let keys: String = (0..500).map(|n| format!("k{n}: 1\n")).collect();
    let found = offences(&v1(&keys));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100].code, "more-offences");
    assert_eq!(found[100].message, "there are 400 more offences");
    let found = offences(&v1(&format!("\"{}\": 1", "k".repeat(1000))));
    assert_eq!(found[0].path.chars().count(), 325);
    // What is hostile is not repeated at length.
    let found = offences(&v1(&format!(
        "schedule: [{{crontab: \"{}\\n\\e[1m\"}}]",
        "x".repeat(900)
    )));
    assert!(found[0].to_string().len() < 2000);
    assert!(!found[0].to_string().contains(['\n', '\x1b']));
}

#[test]
fn positions_of_paths_for_later_checks() {
    let document = Document::parse(&v1("kubernetes:\n- kind: Pod\n  jqFilter: .x")).unwrap();
    let at = |line, column| Some(Position { line, column });
    assert_eq!(document.position("kubernetes[0].jqFilter"), at(4, 13));
    assert_eq!(document.position("kubernetes[0].queue"), at(3, 3));
    assert_eq!(document.position("kubernetes]"), at(1, 1));
    assert_eq!(document.position("kubernetes[x]"), None);
    assert_eq!(document.check().unwrap().kubernetes.len(), 1);
}

/// Defaults of all tables, and the normalised form.
#[test]
fn the_normalised_form_has_all_defaults_and_reads_back_the_same() {
    let config = good(
        "
onStartup: 5
settings: {executionMinInterval: 90s}
schedule:
- crontab: '*/5 * * * *'
kubernetes:
- kind: pods
- name: named
  kind: Deployment
  apiVersion: apps/v1
  executeHookOnEvent: []
  nameSelector: {matchNames: [a, b]}
  labelSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: NotIn, values: [d]}]}
  fieldSelector: {matchExpressions: [{field: status.phase, operator: '!=', value: Running}]}
  namespace: {labelSelector: {matchExpressions: [{key: e, operator: Exists}]}}
  waitForSynchronization: false
  queue: q
  group: g
  includeSnapshotsFrom: [kubernetes]
kubernetesValidating:
- name: a.b.c
  group: g
  namespace: {labelSelector: {matchLabels: {x: z}}}
  rules: [{apiGroups: [''], apiVersions: [v1], resources: ['*'], operations: ['*'], scope: '*'}]
  matchConditions: [{name: m, expression: 'true'}]
kubernetesMutating: [{name: d.e.f}]
kubernetesCustomResourceConversion:
- {name: c, crdName: crd, conversions: [{fromVersion: a, toVersion: b}]}
",
    );
    let written = serde_json::to_value(&config).unwrap();
    let expected = json!({
        "configVersion": "v1",
        "onStartup": 5,
        "settings": {"executionMinInterval": "1m30s", "executionBurst": 1},
        "schedule": [
            {"name": "schedule", "crontab": "*/5 * * * *", "allowFailure": false, "queue": "main"},
        ],
        "kubernetes": [
            {
                "name": "kubernetes", "kind": "pods",
                "executeHookOnEvent": ["Added", "Modified", "Deleted"],
                "executeHookOnSynchronization": true, "waitForSynchronization": true,
                "keepFullObjectsInMemory": true, "allowFailure": false, "queue": "main",
            },
            {
                "name": "named", "kind": "Deployment", "apiVersion": "apps/v1",
                "executeHookOnEvent": [],
                "executeHookOnSynchronization": true, "waitForSynchronization": false,
                "keepFullObjectsInMemory": true, "allowFailure": false, "queue": "q", "group": "g",
                "nameSelector": {"matchNames": ["a", "b"]},
                "labelSelector": {
                    "matchLabels": {"a": "b"},
                    "matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["d"]}],
                },
                "fieldSelector": {"matchExpressions": [
                    {"field": "status.phase", "operator": "NotEquals", "value": "Running"},
                ]},
                "namespace": {"labelSelector": {"matchExpressions": [{"key": "e", "operator": "Exists"}]}},
                "includeSnapshotsFrom": ["kubernetes", "named"],
            },
        ],
        "kubernetesValidating": [{
            "name": "a.b.c", "group": "g", "includeSnapshotsFrom": ["named"],
            "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 10,
            "matchConditions": [{"name": "m", "expression": "true"}],
            "namespace": {"labelSelector": {"matchLabels": {"x": "z"}}},
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["*"], "operations": ["*"], "scope": "*",
            }],
        }],
        "kubernetesMutating": [
            {"name": "d.e.f", "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 10},
        ],
        "kubernetesCustomResourceConversion": [
            {"name": "c", "crdName": "crd", "conversions": [{"fromVersion": "a", "toVersion": "b"}]},
        ],
    });
    assert_eq!(written, expected);
    assert_eq!(warnings(&config), [] as [(&str, &str); 0]);
    assert_eq!(parse(&written.to_string()).unwrap(), config);
}
