//! Events on Hooks, for `kubectl describe` and `kubectl events`.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder as Writer, Reporter};

use super::resources::GROUP;
use super::status::Place;
use crate::api;

/// Bytes of an event's note that the API server takes.
const NOTE: usize = 1024;

/// Writes events.
pub(super) struct Recorder(Writer);

impl Recorder {
    pub(super) fn new(client: Client) -> Self {
        let reporter = Reporter {
            controller: GROUP.to_owned(),
            instance: None,
        };
        Self(Writer::new(client, reporter))
    }

    /// Tells that a condition changed. A failure is not worth more than a word: the status says the same.
    pub(super) async fn tell(&self, place: Place<'_>, condition: &Condition) {
        let good = condition.status == "True";
        let mut note = condition.message.clone();
        if note.len() > NOTE {
            note.truncate(note.floor_char_boundary(NOTE - '…'.len_utf8()));
            note.push('…');
        }
        let event = Event {
            type_: match good || condition.reason == "Suspended" {
                true => EventType::Normal,
                false => EventType::Warning,
            },
            reason: condition.reason.clone(),
            note: Some(note),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        let object = ObjectReference {
            api_version: Some(format!("{GROUP}/v1alpha1")),
            kind: Some(place.kind.to_owned()),
            namespace: place.namespace.map(str::to_owned),
            name: Some(place.name.to_owned()),
            uid: place.uid.map(str::to_owned),
            ..ObjectReference::default()
        };
        if let Err(error) = self.0.publish(&event, &object).await {
            tracing::debug!(
                namespace = place.namespace,
                object = place.name,
                error = api::one_line(&api::chain(&error)),
                "an event could not be written"
            );
        }
    }
}
