//! Listing a collection: streamed where the server can, else in pages.

use super::WatchEvent;
use super::collection::{Collection, Gone, Sink};
use super::lines::Lines;
use super::wire::Line;
use crate::api::{self, ApiError};
use crate::object::Object;

/// A streamed list of so many bytes leaves its connection with buffers that have grown to some hundred kilobytes. What
/// follows comes by another one then, so that they are not kept for as long as the watch lives.
const LONG: usize = 256 << 10;

/// Bytes of objects that a page should have at most: it is in memory as a whole.
const PAGE_BYTES: usize = 4 << 20;

/// A collection that was listed.
pub(super) struct Listed {
    /// Up to where it is known.
    pub(super) resource_version: String,
    /// The watch that listed it, which goes on from there.
    pub(super) lines: Option<Lines>,
}

impl Collection {
    /// Lists until it succeeds: [`WatchEvent::Restarted`], the objects, [`WatchEvent::ListDone`].
    pub(super) async fn list(&mut self, sink: &impl Sink) -> Result<Listed, Gone> {
        loop {
            let attempt = if self.streaming {
                self.list_streaming(sink).await?
            } else {
                self.list_pages(sink).await?
            };
            if let Some(listed) = attempt {
                self.backoff.reset();
                let resource_version = listed.resource_version.clone();
                sink.send(WatchEvent::ListDone { resource_version }).await?;
                return Ok(listed);
            }
        }
    }

    async fn list_streaming(&mut self, sink: &impl Sink) -> Result<Option<Listed>, Gone> {
        let mut lines = match self.watch("", true).await {
            Ok(lines) => lines,
            Err(source) => {
                // Refused with something that paging might not be refused with: do without from now on.
                if matches!(
                    source.status(),
                    Some(400 | 405 | 406 | 415 | 422 | 500 | 501)
                ) {
                    self.streaming = false;
                    tracing::debug!(error = api::chain(&source), "no streaming list; paging");
                } else {
                    self.failed(self.not_listed(source), sink).await?;
                }
                return Ok(None);
            }
        };
        sink.send(WatchEvent::Restarted).await?;
        let mut bytes = 0;
        loop {
            let error = match self.next_listed(&mut lines).await {
                Ok(Some(Line::Applied(object))) => {
                    bytes += object.json.len();
                    sink.send(WatchEvent::Listed(object.into())).await?;
                    continue;
                }
                Ok(Some(Line::Bookmark {
                    resource_version,
                    initial_end: true,
                })) => {
                    return Ok(Some(Listed {
                        resource_version,
                        lines: (bytes < LONG).then_some(lines),
                    }));
                }
                Ok(Some(Line::Bookmark { .. })) => continue,
                // The API promises that this does not happen; a new list is right in any case.
                Ok(Some(Line::Deleted(_))) => self.broken("a deletion within a list"),
                Ok(Some(Line::Refused(source))) => self.not_listed(source),
                Ok(None) => self.broken("the list ended before its end was marked"),
                Err(error) => error,
            };
            self.streaming = false;
            self.failed(error, sink).await?;
            return Ok(None);
        }
    }

    async fn list_pages(&mut self, sink: &impl Sink) -> Result<Option<Listed>, Gone> {
        sink.send(WatchEvent::Restarted).await?;
        let mut next = String::new();
        loop {
            let page = match self.page(&next).await {
                Ok(page) => page,
                Err(ApiError::TooLarge(_)) if self.page_size > 1 => {
                    self.page_size = (self.page_size / 5).max(1);
                    return Ok(None);
                }
                // Perhaps the list took so long that its start is forgotten: once more from the start.
                Err(source) => {
                    self.failed(self.not_listed(source), sink).await?;
                    return Ok(None);
                }
            };
            self.page_size = page_size(self.page_size, &page.items);
            for object in page.items {
                sink.send(WatchEvent::Listed(object.into())).await?;
            }
            next = page.next;
            if next.is_empty() {
                return Ok(Some(Listed {
                    resource_version: page.resource_version,
                    lines: None,
                }));
            }
        }
    }
}

/// How many objects to ask for after a page of so many: fewer where they are large.
fn page_size(size: u32, page: &[Object]) -> u32 {
    let bytes: usize = page.iter().map(|object| object.json.len()).sum();
    if bytes <= PAGE_BYTES {
        return size;
    }
    let fits = page.len().saturating_mul(PAGE_BYTES) / bytes;
    u32::try_from(fits).unwrap_or(size).clamp(1, size.max(1))
}
