//! Which kinds are served: the built-in ones, and those that CustomResourceDefinitions add.

mod builtin;
mod traits;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use traits::Traits;

use crate::convert::Converter;
use crate::schema::{SchemaRef, Selectable};
use crate::store::{Store, TableId};

/// One resource of one group version.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Group; empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
    pub(crate) table: TableId,
    pub(crate) schema: SchemaRef,
    pub(crate) traits: Traits,
    /// Fields beside name and namespace that can be selected by.
    pub(crate) selectable: Vec<Selectable>,
    /// What a CustomResourceDefinition adds; none for built-in kinds.
    pub(crate) custom: Option<Custom>,
}

/// What is said only of custom resources.
#[derive(Debug)]
pub(crate) struct Custom {
    /// Name of the definition.
    pub(crate) definition: String,
    /// Version in which objects are kept.
    pub(crate) storage_version: String,
    /// `additionalPrinterColumns`.
    pub(crate) columns: Vec<serde_json::Value>,
    /// Paths of the scale subresource: spec replicas, status replicas, label selector.
    pub(crate) scale: Option<ScalePaths>,
    /// The schema as it was declared, for OpenAPI.
    pub(crate) declared: Option<serde_json::Value>,
    /// Warning for deprecated versions.
    pub(crate) warning: Option<String>,
    /// The webhook that converts between versions; none where they differ in name only.
    pub(crate) converter: Option<Converter>,
}

/// JSON paths of a scale subresource, without the leading dot.
#[derive(Debug, Clone)]
pub(crate) struct ScalePaths {
    pub(crate) spec: String,
    pub(crate) status: String,
    pub(crate) selector: Option<String>,
}

/// A subresource and the kind of its body.
#[derive(Debug, Clone)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) verbs: Vec<String>,
}

impl Kind {
    /// `apps/v1`, or `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    pub(crate) fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|one| one == verb)
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| sub.name == name)
    }

    pub(crate) fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// Whether this is the built-in kind of that name.
    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// Whether objects of it are kept at all; reviews are only answered.
    pub(crate) fn is_stored(&self) -> bool {
        self.has_verb("get") && self.has_verb("create")
    }
}

/// All versions of a group, the preferred one first.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) versions: Vec<String>,
}

/// The kinds at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kinds {
    groups: Vec<Group>,
    by_resource: BTreeMap<(String, String, String), Arc<Kind>>,
}

impl Kinds {
    /// By group, version and plural name.
    pub(crate) fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.by_resource
            .get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    /// By apiVersion and kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Kind>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let from = (group.to_owned(), version.to_owned(), String::new());
        self.by_resource
            .range(from..)
            .take_while(|((g, v, _), _)| g == group && v == version)
            .map(|(_, one)| one)
            .find(|one| one.kind == kind)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn has_version(&self, group: &str, version: &str) -> bool {
        self.groups
            .iter()
            .any(|one| one.name == group && one.versions.iter().any(|have| have == version))
    }

    /// The resources of a group version, in the order of their plural names.
    pub(crate) fn in_version<'a>(
        &'a self,
        group: &'a str,
        version: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Kind>> {
        let from = (group.to_owned(), version.to_owned(), String::new());
        self.by_resource
            .range(from..)
            .take_while(move |((g, v, _), _)| g == group && v == version)
            .map(|(_, kind)| kind)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.by_resource.values()
    }

    fn add(&mut self, kind: Kind) {
        match self
            .groups
            .iter_mut()
            .find(|group| group.name == kind.group)
        {
            Some(group) if group.versions.contains(&kind.version) => {}
            Some(group) => {
                group.versions.push(kind.version.clone());
                group
                    .versions
                    .sort_by_key(|version| std::cmp::Reverse(version_rank(version)));
            }
            None => self.groups.push(Group {
                name: kind.group.clone(),
                versions: vec![kind.version.clone()],
            }),
        }
        self.by_resource.insert(
            (
                kind.group.clone(),
                kind.version.clone(),
                kind.plural.clone(),
            ),
            Arc::new(kind),
        );
    }

    fn remove_definition(&mut self, definition: &str) {
        self.by_resource.retain(|_, kind| {
            kind.custom
                .as_ref()
                .is_none_or(|custom| custom.definition != definition)
        });
        let by_resource = &self.by_resource;
        for group in &mut self.groups {
            let name = group.name.clone();
            group.versions.retain(|version| {
                by_resource
                    .keys()
                    .any(|(g, v, _)| *g == name && v == version)
            });
        }
        self.groups.retain(|group| !group.versions.is_empty());
    }
}

/// Kubernetes' order of versions: stable before beta before alpha, greater numbers first, anything else last by name.
fn version_rank(version: &str) -> (u8, u64, u64, std::cmp::Reverse<String>) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let major: u64 = rest.get(..digits)?.parse().ok()?;
        let stage = rest.get(digits..)?;
        if stage.is_empty() {
            return Some((3, major, 0));
        }
        let (level, number) = if let Some(n) = stage.strip_prefix("beta") {
            (2, n)
        } else {
            (1, stage.strip_prefix("alpha")?)
        };
        Some((level, major, number.parse().ok()?))
    };
    let (level, major, minor) = parse().unwrap_or((0, 0, 0));
    (level, major, minor, std::cmp::Reverse(version.to_owned()))
}

/// The kinds served, changed as definitions come and go.
pub(crate) struct Registry {
    kinds: RwLock<Arc<Kinds>>,
}

impl Registry {
    /// The built-in kinds.
    pub(crate) fn new(store: &Store) -> Self {
        let mut kinds = Kinds::default();
        for kind in builtin::kinds(store) {
            kinds.add(kind);
        }
        Self {
            kinds: RwLock::new(Arc::new(kinds)),
        }
    }

    /// The kinds of this moment.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        self.kinds
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces all versions of a definition.
    pub(crate) fn define(&self, definition: &str, versions: Vec<Kind>) {
        let mut guard = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        let kinds = Arc::make_mut(&mut guard);
        kinds.remove_definition(definition);
        for kind in versions {
            kinds.add(kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::version_rank;

    #[test]
    fn versions_are_ordered_as_kubernetes_does() {
        let mut versions = vec![
            "foo10",
            "v1",
            "v11alpha2",
            "v3beta1",
            "v10",
            "v12alpha1",
            "v2",
            "foo1",
            "v11beta2",
            "v10beta3",
        ];
        versions.sort_by_key(|version| std::cmp::Reverse(version_rank(version)));
        assert_eq!(
            versions,
            [
                "v10",
                "v2",
                "v1",
                "v11beta2",
                "v10beta3",
                "v3beta1",
                "v12alpha1",
                "v11alpha2",
                "foo1",
                "foo10"
            ]
        );
    }
}
