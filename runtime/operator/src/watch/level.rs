//! How one that comes later, or fell behind, becomes level with a shared watch.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;

use super::collection::{Collection, Gone, Identity, Sink};
use super::feed::Events;
use super::hub::Tag;
use super::shared::{State, Watch};
use super::tenants::Who;
use super::{Lent, WatchEvent};

/// How long one that came later waits for what another one knows, before it lists for itself.
const LOAN_WAIT: Duration = Duration::from_secs(5);

/// The sink of a list for one member.
pub(super) struct Own {
    pub(super) tag: Tag,
    pub(super) events: Events,
    pub(super) who: Option<Arc<Who>>,
    pub(super) watch: Weak<Watch>,
}

impl Sink for Own {
    async fn send(&self, event: WatchEvent) -> Result<(), Gone> {
        if let (WatchEvent::Failed(error), Some(who)) = (&event, &self.who)
            && error.is_denied()
        {
            let watch = self.watch.upgrade().ok_or(Gone)?;
            who.refused(&watch.spec, error);
            return Ok(());
        }
        self.events.send(self.tag, &event).await
    }
}

/// Gives one member what another one lends.
async fn borrowed(lent: Lent, sink: &Own) -> Result<String, Gone> {
    let resource_version = lent.resource_version;
    sink.send(WatchEvent::Restarted).await?;
    for object in lent.objects {
        sink.send(WatchEvent::Listed(object.into())).await?;
    }
    let done = resource_version.clone();
    sink.send(WatchEvent::ListDone {
        resource_version: done,
    })
    .await?;
    Ok(resource_version)
}

/// Lists for one member, or gives it what another one lends, then what was put aside, until it is level with the watch.
pub(super) async fn level(
    watch: Weak<Watch>,
    id: u64,
    sink: Own,
    answer: Option<oneshot::Receiver<Lent>>,
) {
    let lent = match answer {
        Some(answer) => tokio::time::timeout(LOAN_WAIT, answer).await.ok(),
        None => None,
    };
    let known = match lent {
        Some(Ok(lent)) => borrowed(lent, &sink).await,
        _ => {
            let Some(mut collection) = watch.upgrade().map(|watch| {
                // As itself, whoever holds the watch.
                let client = match &sink.who {
                    Some(who) => who.client.clone(),
                    None => watch.client.borrow().clone(),
                };
                Collection::new(Identity::One(client), watch.spec.clone())
            }) else {
                return;
            };
            let listed = collection.list(&sink).await;
            listed.map(|listed| listed.resource_version)
        }
    };
    let Ok(known) = known else {
        return;
    };
    let from = known.parse().unwrap_or(0);
    loop {
        let aside = {
            let Some(watch) = watch.upgrade() else { return };
            let mut members = watch.members();
            let Some(member) = members.all.get_mut(&id) else {
                return;
            };
            let State::Listing { aside, .. } = &mut member.state else {
                return;
            };
            if aside.is_empty() {
                // Dropping the handle of this very task: it has nothing left to wait for.
                member.state = State::Live { from };
                return;
            }
            std::mem::take(aside)
        };
        for event in aside {
            if event.resource_version().is_none_or(|v| v > from) && sink.send(event).await.is_err()
            {
                return;
            }
        }
    }
}
