//! The parts of the cluster that one binding looks at: each has a watch of its own.

use std::collections::HashSet;

use hookbox_config::{Kubernetes, NamespaceSelector};
use kube::core::ApiResource;

use crate::kinds::Kind;
use crate::object::Object;
use crate::snapshot::{Key, Store};
use crate::watch::{Events, Hub, Lent, Subscription, WatchEvent, WatchSpec};

/// Tells the watches of one binding apart; never used again for another watch.
pub(super) type ScopeId = crate::watch::Tag;

/// The watch of namespaces by their labels.
pub(super) const NAMESPACES: ScopeId = 0;

/// One namespace, or all, and one name, or all.
pub(super) struct Scope {
    id: ScopeId,
    pub(super) namespace: Option<String>,
    name: Option<String>,
    /// Whether a list was done.
    pub(super) listed: bool,
    /// What is found is no event: it was there before anybody looked.
    pub(super) quiet: bool,
    /// Objects of the list that is being read; none where no object was known before it, so that none can be gone.
    pub(super) in_list: Option<HashSet<Key>>,
    /// Up to which resource version this part was seen.
    pub(super) seen: Option<u64>,
    /// What is known of some object is not its newest state.
    pub(super) differs: bool,
    _watch: Subscription,
}

impl Scope {
    /// Its objects for another one with the same watch, where they are known as they are.
    pub(super) fn lend(&self, store: &Store) -> Option<Lent> {
        let whole = self.listed && self.in_list.is_none() && !self.differs;
        let seen = self.seen.filter(|_| whole && store.keeps().object)?;
        let objects = store.freeze();
        let places = objects.places(self.namespace.as_deref(), self.name.as_deref());
        let name = self.name.clone();
        let objects = places.filter_map(move |at| objects.object(at));
        let named = move |object: &Object| name.as_ref().is_none_or(|name| object.name == *name);
        Some(Lent {
            resource_version: seen.to_string(),
            objects: Box::new(objects.filter(named)),
        })
    }

    /// Whether an object belongs to this part.
    pub(super) fn covers(&self, key: &Key) -> bool {
        let (namespace, name) = key.parts();
        self.namespace.as_deref().is_none_or(|n| n == namespace)
            && self.name.as_deref().is_none_or(|n| n == name)
    }
}

/// The watch of namespaces, where they are selected by labels.
struct Namespaces {
    /// What is watched in each of them.
    resource: ApiResource,
    listed: bool,
    in_list: HashSet<String>,
    seen: Option<u64>,
    _watch: Subscription,
}

/// All parts of one binding.
pub(super) struct Scopes<'a> {
    hub: &'a Hub,
    config: &'a Kubernetes,
    events: Events,
    /// By id.
    scopes: Vec<Scope>,
    /// Boxed, as most bindings have none.
    namespaces: Option<Box<Namespaces>>,
    /// Parts that are added are quiet.
    quiet: bool,
    last: ScopeId,
}

impl<'a> Scopes<'a> {
    /// Starts the watches that are known from the start. `quiet`: what their first lists hold is no event.
    pub(super) fn start(
        hub: &'a Hub,
        config: &'a Kubernetes,
        kind: Kind,
        events: Events,
        quiet: bool,
    ) -> Self {
        let mut scopes = Self {
            hub,
            config,
            events,
            scopes: Vec::new(),
            namespaces: None,
            quiet,
            last: NAMESPACES,
        };
        let resource = kind.resource;
        match &config.namespace {
            _ if !kind.namespaced => scopes.add(&resource, None),
            NamespaceSelector::All => scopes.add(&resource, None),
            NamespaceSelector::Names(names) if names.is_empty() => scopes.add(&resource, None),
            NamespaceSelector::Names(names) => {
                let mut added = HashSet::new();
                for name in names.iter().filter(|n| added.insert(n.as_str())) {
                    scopes.add(&resource, Some(name.clone()));
                }
            }
            NamespaceSelector::Labels(selector) => {
                let spec = WatchSpec {
                    resource: ApiResource {
                        group: String::new(),
                        version: "v1".into(),
                        api_version: "v1".into(),
                        kind: "Namespace".into(),
                        plural: "namespaces".into(),
                    },
                    namespace: None,
                    labels: non_empty(selector.to_query()),
                    fields: None,
                    // Only their names matter.
                    metadata_only: true,
                };
                let watch = hub.watch(spec, NAMESPACES, scopes.events.clone());
                scopes.namespaces = Some(Box::new(Namespaces {
                    resource,
                    listed: false,
                    in_list: HashSet::new(),
                    seen: None,
                    _watch: watch,
                }));
            }
        }
        scopes
    }

    /// One watch for each selected name in this namespace.
    fn add(&mut self, resource: &ApiResource, namespace: Option<String>) {
        let labels = self
            .config
            .label_selector
            .as_ref()
            .map(|s| s.to_query())
            .and_then(non_empty);
        let fields = self
            .config
            .field_selector
            .as_ref()
            .map(|s| s.to_query())
            .and_then(non_empty);
        let mut names: Vec<Option<&String>> = match &self.config.name_selector {
            Some(names) if !names.is_empty() => names.iter().map(Some).collect(),
            _ => vec![None],
        };
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(*name));
        // Most bindings have one, and there are many bindings.
        if self.scopes.is_empty() {
            self.scopes.reserve_exact(names.len());
        }
        for name in names {
            let fields = match (name.map(|n| format!("metadata.name={n}")), fields.clone()) {
                (Some(name), Some(fields)) => Some(format!("{name},{fields}")),
                (name, fields) => name.or(fields),
            };
            let spec = WatchSpec {
                resource: resource.clone(),
                namespace: namespace.clone(),
                labels: labels.clone(),
                fields,
                metadata_only: self.config.metadata_only,
            };
            self.last += 1;
            let watch = self.hub.watch(spec, self.last, self.events.clone());
            self.scopes.push(Scope {
                id: self.last,
                namespace: namespace.clone(),
                name: name.cloned(),
                listed: false,
                quiet: self.quiet,
                in_list: None,
                seen: None,
                differs: false,
                _watch: watch,
            });
        }
    }

    pub(super) fn get(&mut self, id: ScopeId) -> Option<&mut Scope> {
        let at = self.scopes.binary_search_by_key(&id, |s| s.id).ok()?;
        self.scopes.get_mut(at)
    }

    /// Whether an object belongs to any part.
    pub(super) fn cover(&self, key: &Key) -> bool {
        self.scopes.iter().any(|scope| scope.covers(key))
    }

    /// Whether every part was listed.
    pub(super) fn all_listed(&self) -> bool {
        self.namespaces.as_ref().is_none_or(|n| n.listed) && self.scopes.iter().all(|s| s.listed)
    }

    /// Up to which resource version all parts were seen.
    pub(super) fn seen(&self) -> Option<u64> {
        let namespaces = self.namespaces.iter().map(|n| n.seen);
        self.scopes
            .iter()
            .map(|s| s.seen)
            .chain(namespaces)
            .min()
            .flatten()
    }

    /// Handles an event of the watch of namespaces. Gives the namespaces that are no longer selected.
    pub(super) fn namespace_event(&mut self, event: WatchEvent) -> Vec<String> {
        let Some(watch) = &mut self.namespaces else {
            return Vec::new();
        };
        match event {
            WatchEvent::Restarted => {
                watch.in_list.clear();
                Vec::new()
            }
            WatchEvent::Listed(object) => {
                watch.in_list.insert(object.name.clone());
                self.select(object.name.clone());
                Vec::new()
            }
            WatchEvent::ListDone { resource_version } => {
                watch.listed = true;
                // What a namespace holds when it comes to match is no event.
                self.quiet = true;
                watch.seen = resource_version.parse().ok();
                let listed = std::mem::take(&mut watch.in_list);
                let selected: HashSet<String> = self
                    .scopes
                    .iter()
                    .filter_map(|s| s.namespace.clone())
                    .collect();
                let gone: Vec<String> = selected
                    .into_iter()
                    .filter(|n| !listed.contains(n))
                    .collect();
                gone.iter().for_each(|namespace| self.deselect(namespace));
                gone
            }
            WatchEvent::Applied(object) => {
                watch.seen = object.resource_version.parse().ok();
                self.select(object.name.clone());
                Vec::new()
            }
            WatchEvent::Deleted(object) => {
                watch.seen = object.resource_version.parse().ok();
                self.deselect(&object.name);
                vec![object.name.clone()]
            }
            WatchEvent::Progress { resource_version } => {
                watch.seen = resource_version.parse().ok();
                Vec::new()
            }
            WatchEvent::Failed(_) | WatchEvent::Revoked(_) | WatchEvent::Asked(_) => Vec::new(),
        }
    }

    fn select(&mut self, namespace: String) {
        let mut known = self.scopes.iter().map(|s| s.namespace.as_ref());
        if known.any(|known| known == Some(&namespace)) {
            return;
        }
        if let Some(watch) = &self.namespaces {
            let resource = watch.resource.clone();
            self.add(&resource, Some(namespace));
        }
    }

    fn deselect(&mut self, namespace: &str) {
        self.scopes
            .retain(|scope| scope.namespace.as_deref() != Some(namespace));
    }
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
