//! What is hookbox's own in a cluster: its kinds, and their definitions. A tenant that could change them could grant
//! itself whatever it likes.

use hookbox_sandbox::effects::ObjectRef;

/// The API group of hookbox's kinds.
const GROUP: &str = "hookbox.dev";

/// Names of hookbox's kinds, any of which means one where no group is said.
const KINDS: [&str; 8] = [
    "hook",
    "hooks",
    "hk",
    "hookpolicy",
    "hookpolicies",
    "hkp",
    "hooks.hookbox.dev",
    "hookpolicies.hookbox.dev",
];

const DEFINITIONS: [&str; 4] = [
    "customresourcedefinition",
    "customresourcedefinitions",
    "crd",
    "crds",
];

fn is_our_group(group: &str) -> bool {
    group == GROUP || group.strip_suffix(GROUP).is_some_and(|g| g.ends_with('.'))
}

/// Whether an object of this resource is hookbox's own.
pub(super) fn is_ours(group: &str, plural: &str, name: &str) -> bool {
    let definition = group == "apiextensions.k8s.io" && plural == "customresourcedefinitions";
    is_our_group(group) || (definition && is_our_group(name.split_once('.').map_or("", |n| n.1)))
}

/// The same, as far as it can be told without the cluster: the kind may have other names.
pub(super) fn seems_ours(object: &ObjectRef) -> bool {
    let version = object.api_version.as_deref().unwrap_or_default();
    let kind = object.kind.to_ascii_lowercase();
    match version.split_once('/') {
        Some((group, _)) => {
            let plural = match DEFINITIONS.contains(&kind.as_str()) {
                true => "customresourcedefinitions",
                false => "",
            };
            is_ours(group, plural, &object.name)
        }
        None if version.is_empty() => {
            KINDS.contains(&kind.as_str())
                || (DEFINITIONS.contains(&kind.as_str())
                    && is_ours(
                        "apiextensions.k8s.io",
                        "customresourcedefinitions",
                        &object.name,
                    ))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seems(version: &str, kind: &str, name: &str) -> bool {
        seems_ours(&ObjectRef {
            api_version: Some(version.to_owned()),
            kind: kind.to_owned(),
            namespace: None,
            name: name.to_owned(),
        })
    }

    #[test]
    fn hookboxs_own_is_known_by_any_name() {
        for (version, kind, name) in [
            ("hookbox.dev/v1alpha1", "Hook", "a"),
            ("hookbox.dev/v9", "Anything", "a"),
            ("sub.hookbox.dev/v1", "Thing", "a"),
            ("", "hk", "a"),
            ("", "HookPolicy", "a"),
            ("", "HOOKPOLICIES", "a"),
            (
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "hooks.hookbox.dev",
            ),
            ("", "crd", "hookpolicies.hookbox.dev"),
        ] {
            assert!(seems(version, kind, name), "{version} {kind} {name}");
        }
        for (version, kind, name) in [
            ("v1", "ConfigMap", "hooks.hookbox.dev"),
            ("other.dev/v1", "Hook", "a"),
            ("nothookbox.dev/v1", "Hook", "a"),
            ("", "ConfigMap", "hk"),
            (
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "hooks.other.dev",
            ),
        ] {
            assert!(!seems(version, kind, name), "{version} {kind} {name}");
        }
    }

    #[test]
    fn what_a_name_means_is_known_in_the_end() {
        assert!(is_ours("hookbox.dev", "hooks", "a"));
        assert!(is_ours(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "hooks.hookbox.dev"
        ));
        assert!(!is_ours("", "configmaps", "hooks.hookbox.dev"));
        assert!(!is_ours("apps", "deployments", "a"));
    }
}
