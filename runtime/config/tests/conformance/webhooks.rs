use hookbox_config::{FailurePolicy, Operation, Scope, SideEffects};

use super::{bad, good, warnings};

const RULE: &str = "apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]";

/// Section "kubernetesValidating[] / kubernetesMutating[]": fields and defaults.
#[test]
fn fields_and_defaults() {
    for key in ["kubernetesValidating", "kubernetesMutating"] {
        let config = good(&format!(
            "
{key}:
- name: a.b.c
- name: d.e.f
  failurePolicy: Ignore
  sideEffects: NoneOnDryRun
  timeoutSeconds: 30
  matchConditions: [{{name: m, expression: 'true'}}]
  labelSelector: {{matchLabels: {{a: b}}}}
  namespace: {{labelSelector: {{matchLabels: {{c: d}}}}}}
  rules: [{{{RULE}, scope: Namespaced}}]
"
        ));
        let webhooks = if key == "kubernetesValidating" {
            &config.kubernetes_validating
        } else {
            &config.kubernetes_mutating
        };
        let [default, full] = &webhooks[..] else {
            panic!("{config:?}")
        };
        assert_eq!(default.failure_policy, FailurePolicy::Fail);
        assert_eq!(default.side_effects, SideEffects::None);
        assert_eq!(default.timeout_seconds, 10);
        assert!(default.rules.is_empty());
        assert_eq!(full.failure_policy, FailurePolicy::Ignore);
        assert_eq!(full.side_effects, SideEffects::NoneOnDryRun);
        assert_eq!(full.timeout_seconds, 30);
        assert_eq!(full.match_conditions[0].expression, "true");
        assert_eq!(full.label_selector.as_ref().unwrap().to_query(), "a=b");
        assert_eq!(full.namespace_selector.as_ref().unwrap().to_query(), "c=d");
        assert_eq!(full.rules[0].operations, [Operation::Create]);
        assert_eq!(full.rules[0].scope, Some(Scope::Namespaced));
        assert!(config.warnings.is_empty());
    }
}

#[test]
fn mistakes_in_either_kind() {
    for key in ["kubernetesValidating", "kubernetesMutating"] {
        for (fields, inner, code) in [
            ("group: g", ".name", "missing"),
            ("name: ''", ".name", "empty"),
            (
                "name: a.b.c, failurePolicy: ignore",
                ".failurePolicy",
                "unknown-word",
            ),
            (
                "name: a.b.c, sideEffects: Some",
                ".sideEffects",
                "unknown-word",
            ),
            (
                "name: a.b.c, timeoutSeconds: 1s",
                ".timeoutSeconds",
                "wrong-type",
            ),
            (
                "name: a.b.c, matchConditions: [{name: m}]",
                ".matchConditions[0].expression",
                "missing",
            ),
            (
                "name: a.b.c, matchConditions: [{expression: e}]",
                ".matchConditions[0].name",
                "missing",
            ),
            (
                "name: a.b.c, labelSelector: {}",
                ".labelSelector",
                "too-few-keys",
            ),
            (
                "name: a.b.c, labelSelector: {matchLabels: {a: '-'}}",
                ".labelSelector.matchLabels.a",
                "label-value",
            ),
            (
                "name: a.b.c, namespace: {}",
                ".namespace.labelSelector",
                "missing",
            ),
            (
                "name: a.b.c, namespace: {nameSelector: {matchNames: [a]}, labelSelector: {matchLabels: {}}}",
                ".namespace.nameSelector",
                "unknown-key",
            ),
            ("name: a.b.c, rules: []", ".rules", "too-few-items"),
            (
                "name: a.b.c, includeSnapshotsFrom: []",
                ".includeSnapshotsFrom",
                "too-few-items",
            ),
        ] {
            let path = format!("{key}[0]{inner}");
            bad(&format!("{key}: [{{{fields}}}]"), &[(&path, code)]);
        }
        let path = |inner: &str| format!("{key}[0].rules[0].{inner}");
        let missing: Vec<String> = ["apiGroups", "apiVersions", "resources", "operations"]
            .map(path)
            .to_vec();
        let all: Vec<_> = missing
            .iter()
            .map(|path| (path.as_str(), "missing"))
            .collect();
        bad(&format!("{key}: [{{name: a.b.c, rules: [{{}}]}}]"), &all);
        let empty: Vec<_> = missing
            .iter()
            .map(|path| (path.as_str(), "too-few-items"))
            .collect();
        bad(
            &format!(
                "{key}: [{{name: a.b.c, rules: [{{apiGroups: [], apiVersions: [], resources: [], operations: []}}]}}]"
            ),
            &empty,
        );
        let (operation, scope) = (path("operations[1]"), path("scope"));
        bad(
            &format!(
                "{key}: [{{name: a.b.c, rules: [{{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE, Update], scope: Node}}]}}]"
            ),
            &[(&operation, "unknown-word"), (&scope, "unknown-word")],
        );
    }
}

/// Rows "Validating only: name must be a fully-qualified DNS name with ≥3 segments, unique in the hook", "range 1..30
/// checked for validating only" and "wildcard rules on resources". For mutating ones there is a warning, because
/// Kubernetes refuses them.
#[test]
fn checks_of_validating_webhooks() {
    let rule = |lists: &str| format!("name: a.b.c, rules: [{{{lists}}}]");
    let resources = |list: &str| {
        rule(&format!(
            "apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: {list}"
        ))
    };
    for (webhooks, inner, code) in [
        ("{name: a.b}".to_owned(), "[0].name", "invalid-name"),
        ("{name: A.b.c}".to_owned(), "[0].name", "invalid-name"),
        ("{name: a..c}".to_owned(), "[0].name", "invalid-name"),
        (
            "{name: a.b.c}, {name: a.b.c}".to_owned(),
            "[1].name",
            "duplicate-name",
        ),
        (
            "{name: a.b.c, timeoutSeconds: 0}".to_owned(),
            "[0].timeoutSeconds",
            "out-of-range",
        ),
        (
            "{name: a.b.c, timeoutSeconds: 31}".to_owned(),
            "[0].timeoutSeconds",
            "out-of-range",
        ),
        (
            format!("{{{}}}", resources("['*', '*/*']")),
            "[0].rules[0].resources",
            "wildcard",
        ),
        (
            format!("{{{}}}", resources("['*', pods]")),
            "[0].rules[0].resources",
            "wildcard",
        ),
        (
            format!("{{{}}}", resources("['pods/*', 'pods/status']")),
            "[0].rules[0].resources[1]",
            "wildcard",
        ),
        (
            format!("{{{}}}", resources("['*/status', 'pods/status']")),
            "[0].rules[0].resources[1]",
            "wildcard",
        ),
        (
            format!("{{{}}}", resources("['']")),
            "[0].rules[0].resources[0]",
            "empty",
        ),
        (
            format!(
                "{{{}}}",
                rule(
                    "apiGroups: ['', '*'], apiVersions: [v1], operations: [CREATE], resources: [pods]"
                )
            ),
            "[0].rules[0].apiGroups",
            "wildcard",
        ),
        (
            format!(
                "{{{}}}",
                rule(
                    "apiGroups: [''], apiVersions: [v1, '*'], operations: [CREATE], resources: [pods]"
                )
            ),
            "[0].rules[0].apiVersions",
            "wildcard",
        ),
        (
            format!(
                "{{{}}}",
                rule("apiGroups: [''], apiVersions: [''], operations: [CREATE], resources: [pods]")
            ),
            "[0].rules[0].apiVersions[0]",
            "empty",
        ),
        (
            format!(
                "{{{}}}",
                rule(
                    "apiGroups: [''], apiVersions: [v1], operations: [CREATE, '*'], resources: [pods]"
                )
            ),
            "[0].rules[0].operations",
            "wildcard",
        ),
    ] {
        let path = format!("kubernetesValidating{inner}");
        bad(
            &format!("kubernetesValidating: [{webhooks}]"),
            &[(&path, code)],
        );
        let path = format!("kubernetesMutating{inner}");
        let config = good(&format!("kubernetesMutating: [{webhooks}]"));
        assert_eq!(warnings(&config), [(path.as_str(), code)]);
    }
    // What Kubernetes lets pass.
    for list in [
        "['*']",
        "['*/*']",
        "[pods, '*']",
        "[pods, pods/status]",
        "['*', '*/status']",
        "[pods/status, '*/status']",
    ] {
        good(&format!("kubernetesValidating: [{{{}}}]", resources(list)));
    }
}

/// The schema says nothing of further keys of a match condition.
#[test]
fn further_keys_of_match_conditions() {
    let config = good(
        "kubernetesValidating: [{name: a.b.c, matchConditions: [{name: m, expression: e, x: 1}]}]",
    );
    assert_eq!(
        warnings(&config),
        [(
            "kubernetesValidating[0].matchConditions[0].x",
            "unknown-key"
        )]
    );
}

/// Section "kubernetesCustomResourceConversion[]".
#[test]
fn conversions() {
    let config = good(
        "kubernetesCustomResourceConversion: [{name: c, crdName: x.y.z, conversions: [{fromVersion: v1, toVersion: y.z/v2}]}]",
    );
    let conversion = &config.kubernetes_custom_resource_conversion[0];
    assert_eq!(conversion.crd_name, "x.y.z");
    assert_eq!(conversion.conversions[0].to_version, "y.z/v2");
    let path = |inner: &str| format!("kubernetesCustomResourceConversion[0].{inner}");
    for (fields, inner, code) in [
        (
            "crdName: x, conversions: [{fromVersion: a, toVersion: b}]",
            "name",
            "missing",
        ),
        (
            "name: x, conversions: [{fromVersion: a, toVersion: b}]",
            "crdName",
            "missing",
        ),
        ("name: x, crdName: z", "conversions", "missing"),
        (
            "name: x, crdName: z, conversions: []",
            "conversions",
            "too-few-items",
        ),
        (
            "name: x, crdName: z, conversions: [{fromVersion: a}]",
            "conversions[0].toVersion",
            "missing",
        ),
        (
            "name: x, crdName: z, conversions: [{toVersion: a}]",
            "conversions[0].fromVersion",
            "missing",
        ),
    ] {
        bad(
            &format!("kubernetesCustomResourceConversion: [{{{fields}}}]"),
            &[(&path(inner), code)],
        );
    }
}
