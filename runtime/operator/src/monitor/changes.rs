//! What a change comes to: a run, a place in the buffer, or nothing.

use hookbox_config::{ConfigVersion, WatchEvent as Happened};
use hookbox_sandbox::{JsonText, Resource};
use tokio::time::Instant;

use super::{Notice, Outcome, Shared, State};
use crate::object::Object;
use crate::queue::Cause;

/// How the cluster differs from what the hook knew.
pub(super) struct Difference<'a> {
    pub(super) event: Happened,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// The resource version at which it came about.
    pub(super) at: &'a str,
    pub(super) object: Option<JsonText>,
    pub(super) filter_result: Option<JsonText>,
}

impl<'a> Difference<'a> {
    pub(super) fn of(object: &'a Object, event: Happened, filter_result: Option<JsonText>) -> Self {
        Self {
            event,
            namespace: &object.namespace,
            name: &object.name,
            at: &object.resource_version,
            object: Some(object.json.clone()),
            filter_result,
        }
    }
}

impl Shared {
    /// Hands a change on, unless the binding does not want it. Called with the state, so that changes keep their order.
    pub(super) fn fire(&self, state: &mut State, difference: Difference<'_>) {
        let Difference {
            event,
            namespace,
            name,
            at,
            object,
            filter_result,
        } = difference;
        if state.standing_by {
            return;
        }
        let config = &self.spec.config;
        if !config.execute_hook_on_event.contains(&event) {
            return self.changed(event, namespace, name, Outcome::NotWanted);
        }
        // A context of a group shows neither.
        let visible = self.group.is_none();
        let kind = state.resource.as_ref().map_or("", |r| &r.kind);
        let resource = || Resource {
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        let reason = self.reason(Cause::Event {
            binding: self.spec.id.binding,
            watch_event: event.as_str(),
            resource_version: at.parse().unwrap_or(0),
            object: object.filter(|_| visible && config.keep_full_objects_in_memory),
            filter_result: filter_result.filter(|_| visible),
            resource: (self.spec.version == ConfigVersion::V0).then(|| Box::new(resource())),
        });
        if state.locked {
            self.changed(event, namespace, name, Outcome::Buffered);
            state.buffer.push(reason);
        } else {
            self.changed(event, namespace, name, Outcome::Fired);
            self.spec.listener.fire(self.spec.id, reason);
        }
    }

    pub(super) fn changed(&self, event: Happened, namespace: &str, name: &str, outcome: Outcome) {
        self.notice(Notice::Changed {
            event,
            namespace,
            name,
            outcome,
        });
    }

    /// The API server serves the kind no longer: its objects are gone, whether somebody told of it or not.
    pub(super) fn vanish(&self) {
        let started = Instant::now();
        let at = self.progress().seen.unwrap_or_default().to_string();
        let mut state = self.state();
        let gone = state.store.keys_where(|_| true);
        if gone.is_empty() {
            return;
        }
        for key in gone {
            let Some(last) = state.store.remove(&key) else {
                continue;
            };
            let (namespace, name) = key.parts();
            let difference = Difference {
                event: Happened::Deleted,
                namespace,
                name,
                at: &at,
                object: last.object,
                filter_result: last.filter_result,
            };
            self.fire(&mut state, difference);
        }
        drop(state);
        self.notice(Notice::Handled {
            took: started.elapsed(),
            objects: 0,
            bytes: 0,
        });
    }
}
