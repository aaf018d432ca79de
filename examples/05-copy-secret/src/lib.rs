//! Copies the Secret `default/registry` to all namespaces labelled `registry=yes`, and removes the copies where they no
//! longer belong.

use std::collections::{BTreeMap, BTreeSet};

use hookbox_sdk::objects::Secret;
use hookbox_sdk::prelude::*;
use serde::Deserialize;

/// Marks the copies, so that no other Secret is ever removed.
const COPY: (&str, &str) = ("example.hookbox.dev/copy-of", "default.registry");

/// What is copied, and what tells two copies apart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Content {
    namespace: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<BTreeMap<String, String>>,
}

/// A namespace that wants a copy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Target {
    name: String,
    /// It is being deleted: nothing new can be made in it, and what is in it goes anyway.
    going: bool,
}

/// All bindings are in one group: whatever happens is one reason to look at all three snapshots.
#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "Secret",
        namespace = "default",
        names = "registry",
        jq = "{namespace: .metadata.namespace, type, data}",
        group = "registry"
    )]
    source: Vec<Content>,
    #[watch(
        kind = "Secret",
        labels = "example.hookbox.dev/copy-of=default.registry",
        jq = "{namespace: .metadata.namespace, type, data}",
        group = "registry"
    )]
    copies: Vec<Content>,
    #[watch(
        kind = "Namespace",
        labels = "registry=yes",
        jq = "{name: .metadata.name, going: (.metadata.deletionTimestamp != null)}",
        group = "registry"
    )]
    targets: Vec<Target>,
}

fn copy(source: &Content, namespace: &str) -> Secret {
    let mut secret = Secret::new(namespace, "registry").label(COPY.0, COPY.1);
    secret.kind_of_secret.clone_from(&source.kind);
    secret.data = source.data.clone().unwrap_or_default();
    secret
}

/// Makes the copies what they should be; where they are already, nothing is asked for.
#[hook]
fn copy_secret(input: Input<Watches>, out: &mut Effects) -> Result {
    let copies: BTreeMap<&str, &Content> = input
        .copies
        .iter()
        .map(|copy| (copy.namespace.as_str(), copy))
        .collect();
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    if let Some(source) = input.source.first() {
        for target in &input.targets {
            let namespace = target.name.as_str();
            // The source itself needs no copy.
            if namespace == source.namespace {
                continue;
            }
            wanted.insert(namespace);
            let up_to_date = copies
                .get(namespace)
                .is_some_and(|copy| copy.kind == source.kind && copy.data == source.data);
            if !up_to_date && !target.going {
                info!("copying the secret"; namespace);
                out.create_or_update(&copy(source, namespace));
            }
        }
    }
    for namespace in copies
        .keys()
        .filter(|namespace| !wanted.contains(*namespace))
    {
        info!("removing the copy"; namespace);
        out.delete_in_background(ObjectRef::secret(*namespace, "registry"));
    }
    Ok(())
}

hookbox_sdk::export!(copy_secret);

#[cfg(test)]
mod tests {
    use hookbox_sdk::testing;

    use super::*;

    fn content(namespace: &str, password: &str) -> Content {
        let data = BTreeMap::from([("password".to_owned(), password.to_owned())]);
        Content {
            namespace: namespace.to_owned(),
            kind: Some("Opaque".to_owned()),
            data: Some(data),
        }
    }

    /// `NAME`, or `NAME going`.
    fn target(text: &str) -> Target {
        let (name, going) = match text.strip_suffix(" going") {
            Some(name) => (name, true),
            None => (text, false),
        };
        Target {
            name: name.to_owned(),
            going,
        }
    }

    fn run(
        source: Option<&str>,
        copies: &[(&str, &str)],
        targets: &[&str],
    ) -> Result<testing::Recorded> {
        let input = Input::test()
            .group("registry", "targets")
            .snapshots(Watches {
                source: source
                    .map(|password| content("default", password))
                    .into_iter()
                    .collect(),
                copies: copies
                    .iter()
                    .map(|(namespace, password)| content(namespace, password))
                    .collect(),
                targets: targets.iter().map(|name| target(name)).collect(),
            });
        testing::run(copy_secret, input)
    }

    #[test]
    fn a_matching_namespace_gets_a_copy() -> Result {
        let effects = run(Some("c2VjcmV0"), &[], &["shop"])?;
        assert_eq!(
            effects.object("Secret", "shop/registry"),
            Some(&json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "Opaque",
                "metadata": {
                    "name": "registry",
                    "namespace": "shop",
                    "labels": {"example.hookbox.dev/copy-of": "default.registry"},
                },
                "data": {"password": "c2VjcmV0"},
            }))
        );
        assert_eq!(effects.object_patches().len(), 1);
        Ok(())
    }

    #[test]
    fn a_stale_copy_is_renewed_and_a_right_one_left_alone() -> Result {
        let effects = run(Some("bmV3"), &[("a", "b2xk"), ("b", "bmV3")], &["a", "b"])?;
        assert!(effects.object("Secret", "a/registry").is_some());
        assert_eq!(effects.object_patches().len(), 1);
        Ok(())
    }

    #[test]
    fn copies_go_where_the_namespace_no_longer_matches_or_the_source_is_gone() -> Result {
        let effects = run(Some("eA=="), &[("a", "eA=="), ("b", "eA==")], &["a"])?;
        assert!(effects.deletes(ObjectRef::secret("b", "registry")));
        assert_eq!(effects.object_patches().len(), 1);

        let effects = run(None, &[("a", "eA==")], &["a"])?;
        assert!(effects.deletes(ObjectRef::secret("a", "registry")));
        Ok(())
    }

    #[test]
    fn a_namespace_that_goes_is_left_alone() -> Result {
        assert!(run(Some("eA=="), &[], &["a going"])?.is_empty());
        assert!(run(Some("eA=="), &[("a", "b2xk")], &["a going"])?.is_empty());
        Ok(())
    }

    #[test]
    fn the_source_is_never_a_copy() -> Result {
        assert!(run(Some("eA=="), &[], &["default"])?.is_empty());
        Ok(())
    }
}
