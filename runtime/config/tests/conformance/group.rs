use super::{bad, binding, good, warnings};

/// Row "includeSnapshotsFrom: each name must exist exactly once among the hook's KBs".
#[test]
fn each_name_is_that_of_one_binding() {
    let config = good(
        "
kubernetes:
- {name: a, kind: Pod, includeSnapshotsFrom: [b, a]}
- {name: b, kind: Pod}
schedule: [{crontab: '@daily', includeSnapshotsFrom: [b]}]
kubernetesValidating: [{name: a.b.c, includeSnapshotsFrom: [a]}]
kubernetesMutating: [{name: a.b.c, includeSnapshotsFrom: [a]}]
kubernetesCustomResourceConversion:
- {name: c, crdName: x, conversions: [{fromVersion: a, toVersion: b}], includeSnapshotsFrom: [a]}
",
    );
    assert_eq!(config.kubernetes[0].include_snapshots_from, ["b", "a"]);
    assert_eq!(config.schedule[0].include_snapshots_from, ["b"]);
    let found = bad(
        "
kubernetes:
- {kind: Pod, includeSnapshotsFrom: [x]}
- {name: kubernetes, kind: Pod}
schedule: [{name: s, crontab: '@daily', includeSnapshotsFrom: [kubernetes, s]}]
kubernetesValidating: [{name: a.b.c, includeSnapshotsFrom: [x]}]
kubernetesMutating: [{name: a.b.c, includeSnapshotsFrom: [x]}]
kubernetesCustomResourceConversion:
- {name: c, crdName: x, conversions: [{fromVersion: a, toVersion: b}], includeSnapshotsFrom: [x]}
",
        &[
            ("kubernetes[0].includeSnapshotsFrom[0]", "unknown-binding"),
            ("schedule[0].includeSnapshotsFrom[0]", "ambiguous-binding"),
            ("schedule[0].includeSnapshotsFrom[1]", "unknown-binding"),
            (
                "kubernetesValidating[0].includeSnapshotsFrom[0]",
                "unknown-binding",
            ),
            (
                "kubernetesMutating[0].includeSnapshotsFrom[0]",
                "unknown-binding",
            ),
            (
                "kubernetesCustomResourceConversion[0].includeSnapshotsFrom[0]",
                "unknown-binding",
            ),
        ],
    );
    assert_eq!(found[0].message, "'x' binding name not found");
    assert_eq!(found[1].message, "there are 2 'kubernetes' binding names");
    let found = bad(
        "schedule: [{crontab: '@daily', includeSnapshotsFrom: [x]}]",
        &[("schedule[0].includeSnapshotsFrom[0]", "unknown-binding")],
    );
    assert_eq!(
        found[0].help.as_deref(),
        Some("the hook has no `kubernetes` bindings")
    );
}

/// Section "group": own list followed by all KB names of the group in declaration order, duplicates removed; an
/// unnamed KB contributes the key `kubernetes`.
#[test]
fn effective_lists() {
    let config = good(
        "
kubernetes:
- {name: a, kind: Pod, group: g}
- {kind: Node, group: g}
- {name: c, kind: Pod}
- {name: d, kind: Pod, group: g, includeSnapshotsFrom: [c, d]}
- {name: e, kind: Pod, group: h}
schedule:
- {crontab: '@daily', group: g, includeSnapshotsFrom: [c, kubernetes]}
- {crontab: '@daily', group: none}
- {crontab: '@daily'}
kubernetesValidating: [{name: a.b.c, group: g}]
kubernetesMutating: [{name: a.b.c, group: h, includeSnapshotsFrom: [a]}]
kubernetesCustomResourceConversion:
- {name: c, crdName: x, conversions: [{fromVersion: a, toVersion: b}], group: h}
",
    );
    let kubernetes: Vec<_> = config
        .kubernetes
        .iter()
        .map(|binding| binding.include_snapshots_from.join(" "))
        .collect();
    assert_eq!(
        kubernetes,
        [
            "a kubernetes d",
            "a kubernetes d",
            "",
            "c d a kubernetes",
            "e"
        ]
    );
    let schedule: Vec<_> = config
        .schedule
        .iter()
        .map(|binding| binding.include_snapshots_from.join(" "))
        .collect();
    assert_eq!(schedule, ["c kubernetes a d", "", ""]);
    assert_eq!(
        config.kubernetes_validating[0].include_snapshots_from,
        ["a", "kubernetes", "d"]
    );
    assert_eq!(
        config.kubernetes_mutating[0].include_snapshots_from,
        ["a", "e"]
    );
    assert_eq!(
        config.kubernetes_custom_resource_conversion[0].include_snapshots_from,
        ["e"]
    );
}

/// A hook that only looks has nothing that runs it; shell-operator takes it without a word.
#[test]
fn bindings_that_run_nothing() {
    const IDLE: &str = "executeHookOnEvent: [], executeHookOnSynchronization: false";
    for (rest, expected) in [
        ("".to_owned(), vec![("kubernetes", "never-runs")]),
        (
            "onStartup: 1".to_owned(),
            vec![("kubernetes[0]", "never-runs")],
        ),
        (
            "schedule: [{crontab: '@daily'}]".to_owned(),
            vec![("kubernetes[0]", "never-runs")],
        ),
        (
            "schedule: [{crontab: '@daily', includeSnapshotsFrom: [a]}]".to_owned(),
            vec![],
        ),
    ] {
        let text = format!("kubernetes: [{{name: a, kind: Pod, {IDLE}}}]\n{rest}");
        assert_eq!(warnings(&good(&text)), expected, "{rest}");
    }
    // In a group, the others' runs have its snapshot.
    let group = format!(
        "kubernetes: [{{name: a, kind: Pod, group: g, {IDLE}}}, {{name: b, kind: Pod, group: g}}]"
    );
    assert_eq!(warnings(&good(&group)), [] as [(&str, &str); 0]);
    let other = format!("kubernetes: [{{name: b, kind: Pod}}, {{name: a, kind: Pod, {IDLE}}}]");
    let config = good(&other);
    assert_eq!(warnings(&config), [("kubernetes[1]", "never-runs")]);
    assert!(config.warnings[0].position.is_some());
    // One of the two is enough to run.
    let synchronized = good(&binding("executeHookOnEvent: []"));
    assert_eq!(warnings(&synchronized), [] as [(&str, &str); 0]);
}
