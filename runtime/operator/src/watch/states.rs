//! Objects that a program holds itself, in place of an API server's.
//!
//! They are watched as they are written: nothing is checked, defaulted or added, not even a uid. So what a hook sees of
//! them is what their author wrote. Selectors, namespaces and the order of changes are as with an API server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookbox_config::{FieldSelector, LabelSelector};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;

use super::feed::Events;
use super::{Tag, WatchEvent, WatchSpec};
use crate::json;
use crate::object::Object;

/// The objects. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct States(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    /// Counts the changes.
    revision: u64,
    objects: BTreeMap<Key, Kept>,
    watches: BTreeMap<u64, Watch>,
    last_watch: u64,
}

/// What tells two objects apart: group, kind, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key([String; 4]);

#[derive(Debug, Clone)]
struct Kept {
    key: Key,
    value: Value,
    /// The change that made it so.
    revision: u64,
}

#[derive(Debug)]
struct Watch {
    spec: WatchSpec,
    labels: LabelSelector,
    fields: FieldSelector,
    events: UnboundedSender<WatchEvent>,
}

/// One who watches; no longer once this is dropped.
#[derive(Debug)]
pub(super) struct Watching {
    states: States,
    id: u64,
    _forward: AbortOnDropHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.states.held().watches.remove(&self.id);
    }
}

impl States {
    /// Adds an object, or puts it in the place of the one there is. Gives the number of the change.
    pub fn put(&self, object: &Value) -> u64 {
        let held = &mut *self.held();
        held.revision += 1;
        let kept = Kept {
            key: Key::of(object),
            value: object.clone(),
            revision: held.revision,
        };
        let before = held.objects.insert(kept.key.clone(), kept.clone());
        held.tell(before.as_ref(), Some(&kept));
        held.revision
    }

    /// Removes the object that is called as this one. Gives the number of the change.
    pub fn remove(&self, object: &Value) -> u64 {
        let held = &mut *self.held();
        held.revision += 1;
        let before = held.objects.remove(&Key::of(object));
        held.tell(before.as_ref(), None);
        held.revision
    }

    /// How many watch.
    pub(super) fn watches(&self) -> usize {
        self.held().watches.len()
    }

    pub(super) fn watch(&self, spec: WatchSpec, tag: Tag, events: Events) -> Watching {
        let (sender, receiver) = unbounded_channel();
        // Our own texts are always right; a wrong one would select everything.
        let labels = LabelSelector::parse_query(spec.labels.as_deref().unwrap_or_default());
        let fields = FieldSelector::parse_query(spec.fields.as_deref().unwrap_or_default());
        let watch = Watch {
            spec,
            labels: labels.unwrap_or_default(),
            fields: fields.unwrap_or_default(),
            events: sender,
        };
        let held = &mut *self.held();
        watch.tell(WatchEvent::Restarted);
        for kept in held.objects.values().filter(|kept| watch.selects(kept)) {
            if let Some(object) = watch.shown(kept, kept.revision) {
                watch.tell(WatchEvent::Listed(object));
            }
        }
        watch.tell(WatchEvent::ListDone {
            resource_version: held.revision.to_string(),
        });
        held.last_watch += 1;
        let id = held.last_watch;
        held.watches.insert(id, watch);
        Watching {
            states: self.clone(),
            id,
            _forward: AbortOnDropHandle::new(tokio::spawn(forward(receiver, tag, events))),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for room where the watches must not.
async fn forward(mut from: UnboundedReceiver<WatchEvent>, tag: Tag, to: Events) {
    while let Some(event) = from.recv().await {
        if to.send(tag, &event).await.is_err() {
            return;
        }
    }
}

impl Held {
    /// Tells all who watch of the change from one state of an object to another. Whom it does not concern learns that
    /// there was one.
    fn tell(&self, before: Option<&Kept>, now: Option<&Kept>) {
        for watch in self.watches.values() {
            let before = before.filter(|kept| watch.selects(kept));
            let now = now.filter(|kept| watch.selects(kept));
            let shown = |kept: &Kept| watch.shown(kept, self.revision);
            let event = match (before, now) {
                (_, Some(now)) => shown(now).map(WatchEvent::Applied),
                (Some(before), None) => shown(before).map(WatchEvent::Deleted),
                (None, None) => None,
            };
            watch.tell(event.unwrap_or_else(|| WatchEvent::Progress {
                resource_version: self.revision.to_string(),
            }));
        }
    }
}

impl Watch {
    /// Nobody listening any more is no error.
    fn tell(&self, event: WatchEvent) {
        let _ = self.events.send(event);
    }

    fn selects(&self, kept: &Kept) -> bool {
        let [group, kind, namespace, _] = &kept.key.0;
        let resource = &self.spec.resource;
        let wanted = self.spec.namespace.as_ref();
        *group == resource.group
            && *kind == resource.kind
            && wanted.is_none_or(|wanted| wanted == namespace)
            && self.labels.matches(&kept.labels())
            && self.fields.matches(|field| kept.field(field))
    }

    /// The object in the watched version, with the number of a change as its resource version. None for one that has no
    /// name.
    fn shown(&self, kept: &Kept, revision: u64) -> Option<Arc<Object>> {
        let mut value = kept.value.clone();
        let map = value.as_object_mut()?;
        if self.spec.metadata_only {
            map.retain(|key, _| matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        }
        let version = self.spec.resource.api_version.as_str();
        map.insert("apiVersion".to_owned(), version.into());
        let [_, _, namespace, name] = &kept.key.0;
        if name.is_empty() {
            return None;
        }
        Some(Arc::new(Object {
            namespace: namespace.clone(),
            name: name.clone(),
            resource_version: revision.to_string(),
            json: json::compact(&value.to_string()).ok()?.as_str().into(),
        }))
    }
}

impl Kept {
    fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.value.pointer("/metadata/labels");
        let labels = labels.and_then(Value::as_object).into_iter().flatten();
        labels
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    fn field(&self, path: &str) -> Option<String> {
        let value = path
            .split('.')
            .try_fold(&self.value, |value, key| value.get(key))?;
        match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

impl Key {
    fn of(object: &Value) -> Self {
        let text = |pointer: &str| {
            let text = object.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let version = text("/apiVersion");
        let (group, _) = version.split_once('/').unwrap_or_default();
        Self([
            group.to_owned(),
            text("/kind"),
            text("/metadata/namespace"),
            text("/metadata/name"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use kube::core::{ApiResource, GroupVersionKind};
    use serde_json::json;

    use super::super::feed::{Feed, Room};
    use super::*;

    fn pods(namespace: Option<&str>, labels: Option<&str>, fields: Option<&str>) -> WatchSpec {
        WatchSpec {
            resource: ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Pod")),
            namespace: namespace.map(str::to_owned),
            labels: labels.map(str::to_owned),
            fields: fields.map(str::to_owned),
            metadata_only: false,
        }
    }

    fn pod(namespace: &str, name: &str, app: &str) -> Value {
        json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": namespace, "name": name, "labels": {"app": app}}, "spec": {"nodeName": "n1"}})
    }

    /// The events that a watch tells, in short, until so many came.
    async fn told(feed: &mut Feed, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        while told.len() < count {
            for (_, event) in feed.next(count - told.len()).await {
                let named = |word: &str, object: &Object| {
                    format!(
                        "{word} {}/{}@{}",
                        object.namespace, object.name, object.resource_version
                    )
                };
                told.push(match event {
                    WatchEvent::Restarted => "restarted".to_owned(),
                    WatchEvent::Listed(object) => named("listed", &object),
                    WatchEvent::ListDone { resource_version } => format!("done@{resource_version}"),
                    WatchEvent::Applied(object) => named("applied", &object),
                    WatchEvent::Deleted(object) => named("deleted", &object),
                    WatchEvent::Progress { resource_version } => {
                        format!("progress@{resource_version}")
                    }
                    WatchEvent::Failed(_) => "failed".to_owned(),
                    WatchEvent::Revoked(_) => "revoked".to_owned(),
                    WatchEvent::Asked(_) => "asked".to_owned(),
                });
            }
        }
        told
    }

    #[tokio::test]
    async fn a_watch_lists_and_follows_what_it_selects() {
        let states = States::default();
        states.put(&pod("a", "one", "web"));
        states.put(&pod("b", "two", "web"));
        states.put(&pod("a", "three", "db"));
        let (events, mut feed) = Feed::new(Room::default());
        let watching = states.watch(pods(Some("a"), Some("app=web"), None), 0, events);
        assert_eq!(
            told(&mut feed, 3).await,
            ["restarted", "listed a/one@1", "done@3"]
        );
        states.put(&pod("a", "three", "web"));
        states.put(&pod("b", "two", "db"));
        states.put(&pod("a", "one", "db"));
        states.remove(&pod("a", "three", ""));
        assert_eq!(
            told(&mut feed, 4).await,
            [
                "applied a/three@4",
                "progress@5",
                "deleted a/one@6",
                "deleted a/three@7"
            ]
        );
        drop(watching);
        assert_eq!(states.watches(), 0);
    }

    #[tokio::test]
    async fn objects_are_shown_as_they_are_written() {
        let states = States::default();
        let written = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "77", "name": "x"}, "spec": {"b": 1, "a": null}});
        states.put(&written);
        let list = async |spec: WatchSpec| {
            let (events, mut feed) = Feed::new(Room::default());
            let _watching = states.watch(spec, 0, events);
            let mut listed = Vec::new();
            loop {
                for (_, event) in feed.next(9).await {
                    match event {
                        WatchEvent::Listed(object) => listed.push(object.json.to_string()),
                        WatchEvent::ListDone { .. } => return listed,
                        _ => {}
                    }
                }
            }
        };
        let text = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","resourceVersion":"77"},"spec":{"a":null,"b":1}}"#;
        assert_eq!(list(pods(None, None, None)).await, [text]);
        assert_eq!(
            list(pods(None, None, Some("metadata.name=x,spec.b!=2"))).await,
            [text]
        );
        assert!(list(pods(None, None, Some("spec.b=2"))).await.is_empty());
        // It is in no namespace, not even in this one.
        assert!(list(pods(Some("default"), None, None)).await.is_empty());
        let metadata = WatchSpec {
            metadata_only: true,
            ..pods(None, None, None)
        };
        assert_eq!(
            list(metadata).await,
            [r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","resourceVersion":"77"}}"#]
        );
    }
}
