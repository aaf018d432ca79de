use super::{bad, good};

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
