//! Listing a collection: streamed where the server can, else in pages.

use kube::core::params::ListParams;

use super::task::{ANSWER, Gone, Phase, Task, invalid};
use super::wire::{self, Line};
use super::{WatchError, WatchEvent};
use crate::api::{self, ApiError};

impl<T: Copy> Task<T> {
    pub(super) async fn list_streaming(&mut self) -> Result<Phase, Gone> {
        let mut lines = match self.watch("", true).await {
            Ok(lines) => lines,
            Err(source) => {
                // Refused with something that paging might not be refused with: do without from now on.
                if matches!(
                    source.status(),
                    Some(400 | 405 | 406 | 415 | 422 | 500 | 501)
                ) {
                    self.streaming = false;
                    tracing::debug!(
                        watch = self.what,
                        error = api::chain(&source),
                        "no streaming list; paging"
                    );
                    return Ok(Phase::List);
                }
                self.failed(
                    WatchError::List {
                        what: self.what.clone(),
                        source,
                    },
                    true,
                )
                .await?;
                return Ok(Phase::List);
            }
        };
        self.send(WatchEvent::Restarted).await?;
        loop {
            let error = match self.next(&mut lines).await {
                Ok(Some(Line::Applied(object))) => {
                    self.send(WatchEvent::Listed(object)).await?;
                    continue;
                }
                Ok(Some(Line::Bookmark {
                    resource_version,
                    initial_end: true,
                })) => {
                    self.backoff.reset();
                    self.send(WatchEvent::ListDone {
                        resource_version: resource_version.clone(),
                    })
                    .await?;
                    return self.follow(lines, resource_version).await;
                }
                Ok(Some(Line::Bookmark { .. })) => continue,
                // The API promises that this does not happen; a new list is right in any case.
                Ok(Some(Line::Deleted(_))) => WatchError::Broken {
                    what: self.what.clone(),
                    source: "a deletion within a list".into(),
                },
                Ok(Some(Line::Refused(source))) => WatchError::List {
                    what: self.what.clone(),
                    source,
                },
                Ok(None) => WatchError::Broken {
                    what: self.what.clone(),
                    source: "the list ended before its end was marked".into(),
                },
                Err(error) => error,
            };
            self.streaming = false;
            self.failed(error, true).await?;
            return Ok(Phase::List);
        }
    }

    pub(super) async fn list_pages(&mut self) -> Result<Phase, Gone> {
        self.send(WatchEvent::Restarted).await?;
        let mut next = String::new();
        loop {
            let page = match self.page(&next).await {
                Ok(page) => page,
                Err(ApiError::TooLarge(_)) if self.page > 1 => {
                    self.page = (self.page / 5).max(1);
                    return Ok(Phase::List);
                }
                // The list took so long that its start is forgotten: once more from the start.
                Err(source) => {
                    self.failed(
                        WatchError::List {
                            what: self.what.clone(),
                            source,
                        },
                        true,
                    )
                    .await?;
                    return Ok(Phase::List);
                }
            };
            for object in page.items {
                self.send(WatchEvent::Listed(object)).await?;
            }
            next = page.next;
            if next.is_empty() {
                self.backoff.reset();
                self.send(WatchEvent::ListDone {
                    resource_version: page.resource_version.clone(),
                })
                .await?;
                return Ok(Phase::Follow {
                    resource_version: page.resource_version,
                });
            }
        }
    }

    async fn page(&self, next: &str) -> Result<wire::Page, ApiError> {
        let params = ListParams {
            label_selector: self.spec.labels.clone(),
            field_selector: self.spec.fields.clone(),
            limit: Some(self.page),
            continue_token: (!next.is_empty()).then(|| next.to_owned()),
            ..ListParams::default()
        };
        let request = self.request.list(&params).map_err(invalid)?;
        let body = api::send(&self.client, request, ANSWER).await?;
        wire::page(
            &body,
            &self.spec.resource.api_version,
            &self.spec.resource.kind,
        )
        .map_err(|e| ApiError::Answer(serde::de::Error::custom(e)))
    }
}
