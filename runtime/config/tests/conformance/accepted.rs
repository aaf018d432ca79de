//! Which configurations are accepted: one field after the other with right and wrong values, and what shell-operator
//! answered, as recorded by `shell-operator/main.go`.

use hookbox_config::parse;

/// Documents that only hookbox accepts.
const ACCEPTED: &[&str] = &[
    // The version v0 may be written out.
    r#"{"configVersion": "v0", "onStartup": 1}"#,
    // The burst is 1, and the interval none, where they are not given.
    r#"{"configVersion": "v1", "onStartup": 1, "settings": {}}"#,
    r#"{"configVersion": "v1", "onStartup": 1, "settings": {"executionMinInterval": "3s"}}"#,
    r#"{"configVersion": "v1", "onStartup": 1, "settings": {"executionBurst": 1}}"#,
];

/// Why hookbox refuses what shell-operator accepts: paths begin and end so, with these codes.
const REFUSED: &[(&str, &str, &[&str])] = &[
    // Names are kept for each binding that includes the snapshot.
    ("kubernetes", "name", &["too-long"]),
    // No API, kind, object or namespace is called so, and no definition or webhook: nothing would ever run.
    ("kubernetes", "apiVersion", &["invalid-api-version"]),
    ("kubernetes", "kind", &["empty"]),
    ("kubernetes", "matchNames[0]", &["invalid-name"]),
    ("kubernetesMutating", "name", &["empty"]),
    ("kubernetesCustomResourceConversion", "name", &["empty"]),
    ("kubernetesCustomResourceConversion", "crdName", &["empty"]),
    (
        "kubernetesCustomResourceConversion",
        "fromVersion",
        &["empty"],
    ),
    ("onKubernetesEvent", "kind", &["empty", "missing"]),
    ("onKubernetesEvent", "objectName", &["invalid-name"]),
    // No API server answers such a query.
    ("kubernetes", "field", &["empty", "invalid-field"]),
    // Selectors of namespaces, and of v0, are checked as those of objects are.
    ("kubernetes[0].namespace.labelSelector", "", SELECTOR),
    ("onKubernetesEvent[0].selector", "", SELECTOR),
    // A hook without a burst never runs.
    ("settings", "executionBurst", &["out-of-range"]),
    ("settings", "executionMinInterval", &["negative-duration"]),
];

const SELECTOR: &[&str] = &[
    "label-key",
    "label-value",
    "selector-no-values",
    "selector-needless-values",
    "unknown-word",
    "missing",
    "wrong-type",
];

#[test]
fn as_shell_operator_answers() {
    let (mut accepted, mut refused) = (Vec::new(), vec![false; REFUSED.len()]);
    for line in include_str!("shell-operator.txt").lines() {
        let (answer, document) = line.split_once('\t').unwrap();
        match (answer, parse(document)) {
            ("accepted", Ok(_)) | ("refused", Err(_)) => {}
            (_, Ok(_)) => accepted.push(document),
            (_, Err(offences)) => {
                let offence = &offences.0[0];
                let why = REFUSED.iter().position(|(start, end, codes)| {
                    let path = offence.path.as_str();
                    path.starts_with(start) && path.ends_with(end) && codes.contains(&offence.code)
                });
                let why = why.unwrap_or_else(|| panic!("{document}\n{offence}"));
                refused[why] = true;
            }
        }
    }
    assert_eq!(accepted, ACCEPTED);
    for (why, found) in REFUSED.iter().zip(refused) {
        assert!(found, "nothing is refused for {why:?}");
    }
}
