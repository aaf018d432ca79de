//! Deleting, and waiting until it is done.

use std::time::Duration;

use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::ObjectRef;
use serde::Deserialize;
use tokio::time::Instant;

use super::{Metadata, is_not_found, read, untouched};
use crate::apply::error::Cause;
use crate::apply::target::Target;
use crate::apply::writer::Writer;
use crate::apply::{Applied, Verb};

/// Pauses between looks at a deleted object: most are gone at once, and then shell-operator's each second.
const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(300),
];
const LOOK: Duration = Duration::from_secs(1);

/// What a delete answers with: the object as it is now, or a `Status`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    kind: String,
    metadata: Metadata,
    details: Details,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    uid: String,
}

impl Writer {
    /// `Delete` and its two sisters: a missing object is no error.
    pub(in crate::apply) async fn delete(
        &self,
        patch: &ObjectPatch,
        object: &ObjectRef,
        propagation: &'static str,
    ) -> Result<Applied, Cause> {
        let target = Target::find(&self.kinds, object.clone(), self.is_tenants()).await?;
        let before = match self.before(&target).await {
            Err(cause) if is_not_found(&cause) => {
                return Ok(untouched(patch, target, Verb::Delete, None));
            }
            before => before?,
        };
        let body = match self
            .send(target.delete(propagation, self.settings.dry_run)?)
            .await
        {
            Err(cause) if is_not_found(&cause) => {
                return Ok(untouched(patch, target, Verb::Delete, before));
            }
            body => body?,
        };
        if propagation == "Foreground" && !self.settings.dry_run {
            let answer: Answer = read(&body)?;
            let uid = if answer.kind == "Status" {
                answer.details.uid
            } else {
                answer.metadata.uid
            };
            self.wait_until_gone(&target, &uid).await?;
        }
        Ok(Applied {
            changed: true,
            ..untouched(patch, target, Verb::Delete, before)
        })
    }

    /// Looks until the object is not there, or another of the same name is.
    async fn wait_until_gone(&self, target: &Target, uid: &str) -> Result<(), Cause> {
        let start = Instant::now();
        let mut looks = LOOKS.into_iter();
        loop {
            tokio::time::sleep(looks.next().unwrap_or(LOOK)).await;
            let there: Answer = match self.send(target.get()?).await {
                Err(cause) if is_not_found(&cause) => return Ok(()),
                body => read(&body?)?,
            };
            if !uid.is_empty() && there.metadata.uid != uid {
                return Ok(());
            }
            if start.elapsed() >= self.settings.delete_wait {
                return Err(Cause::StillThere {
                    waited: self.settings.delete_wait,
                    finalizers: there.metadata.finalizers,
                });
            }
        }
    }
}
