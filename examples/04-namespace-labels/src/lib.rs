//! Keeps the label `team` of pods and ConfigMaps the same as that of their namespace.

use std::collections::BTreeMap;

use hookbox_sdk::prelude::*;
use serde::Deserialize;

/// The label that is passed on.
const LABEL: &str = "team";

/// A namespace and its label, as the filter keeps them.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Namespace {
    name: String,
    team: Option<String>,
}

/// An object in a namespace and its label.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Object {
    namespace: String,
    name: String,
    team: Option<String>,
}

/// Two kinds of objects, and what they take their labels from. A run for a pod needs the namespaces, not the
/// ConfigMaps, and the other way round; a run for a namespace needs both.
#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "Namespace",
        labels = "team",
        jq = "{name: .metadata.name, team: .metadata.labels.team}",
        include_snapshots = [namespaces, pods, configs]
    )]
    namespaces: Vec<Namespace>,
    #[watch(
        kind = "Pod",
        jq = "{namespace: .metadata.namespace, name: .metadata.name, team: .metadata.labels.team}",
        include_snapshots = [namespaces, pods]
    )]
    pods: Option<Vec<Object>>,
    #[watch(
        kind = "ConfigMap",
        jq = "{namespace: .metadata.namespace, name: .metadata.name, team: .metadata.labels.team}",
        include_snapshots = [namespaces, configs]
    )]
    configs: Option<Vec<Object>>,
}

/// Brings the objects in line with their namespaces, whichever of them changed. Objects of namespaces without the
/// label are left alone: they may have a label of their own.
#[hook]
fn propagate(input: Input<Watches>, out: &mut Effects) -> Result {
    let teams: BTreeMap<&str, &str> = input
        .namespaces
        .iter()
        .filter_map(|namespace| Some((namespace.name.as_str(), namespace.team.as_deref()?)))
        .collect();
    for (kind, objects) in [("Pod", &input.pods), ("ConfigMap", &input.configs)] {
        for object in objects.iter().flatten() {
            let Some(&team) = teams.get(object.namespace.as_str()) else {
                continue;
            };
            if object.team.as_deref() != Some(team) {
                let target = ObjectRef::namespaced("v1", kind, &object.namespace, &object.name);
                info!("labelling {target}"; team);
                // The object may be gone by now: that is not this hook's business.
                out.patch(target)
                    .ignore_missing()
                    .merge(&json!({"metadata": {"labels": {LABEL: team}}}));
            }
        }
    }
    Ok(())
}

hookbox_sdk::export!(propagate);

#[cfg(test)]
mod tests {
    use hookbox_sdk::testing;

    use super::*;

    fn namespace(name: &str, team: &str) -> Namespace {
        Namespace {
            name: name.to_owned(),
            team: Some(team.to_owned()),
        }
    }

    fn object(namespace: &str, name: &str, team: Option<&str>) -> Object {
        Object {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            team: team.map(str::to_owned),
        }
    }

    #[test]
    fn objects_get_the_label_of_their_namespace() -> Result {
        let input = Input::test()
            .snapshot("namespaces", [namespace("shop", "blue")])
            .snapshot(
                "pods",
                [object("shop", "a", None), object("shop", "b", Some("blue"))],
            )
            .snapshot(
                "configs",
                [
                    object("shop", "c", Some("red")),
                    object("default", "d", None),
                ],
            )
            .modified("namespaces", namespace("shop", "blue"));
        let effects = testing::run(propagate, input)?;
        let label = json!({"metadata": {"labels": {"team": "blue"}}});
        for (kind, name) in [("Pod", "a"), ("ConfigMap", "c")] {
            let patches = effects.patches(ObjectRef::namespaced("v1", kind, "shop", name));
            assert_eq!(patches.len(), 1, "{kind} {name}");
            assert_eq!(patches[0]["mergePatch"], label);
        }
        assert_eq!(effects.object_patches().len(), 2);
        Ok(())
    }

    #[test]
    fn a_run_for_a_pod_does_not_read_the_config_maps() -> Result {
        let input = Input::test()
            .snapshot("namespaces", [namespace("shop", "blue")])
            .snapshot("pods", [object("shop", "a", None)])
            .snapshot("configs", [object("shop", "c", None)])
            .added("pods", object("shop", "a", None));
        let effects = testing::run(propagate, input)?;
        assert_eq!(effects.object_patches().len(), 1);
        assert_eq!(effects.object_patches()[0]["kind"], "Pod");
        Ok(())
    }
}
