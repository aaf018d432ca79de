//! Following a collection, from its list on.

use std::time::Duration;

use tokio::time::Instant;

use super::collection::{Collection, Gone, Sink, is_lost};
use super::lines::Lines;
use super::list::Listed;
use super::wire::Line;
use super::{WatchError, WatchEvent};

/// A watch that lived this long was not in vain.
const WORTHWHILE: Duration = Duration::from_secs(5);

/// How following ended.
enum End {
    /// The server closed, or nothing came any more: take it up from where it ended.
    Closed,
    /// Something was lost: list again.
    Lost(WatchError),
    /// Broken, but known up to where it ended.
    Broken(WatchError),
}

/// Lists and follows for as long as somebody listens.
pub(super) async fn run(mut collection: Collection, sink: impl Sink) {
    while let Ok(Listed {
        resource_version,
        lines,
    }) = collection.list(&sink).await
    {
        if collection
            .follow(resource_version, lines, &sink)
            .await
            .is_err()
        {
            return;
        }
    }
}

impl Collection {
    /// Follows until something is lost.
    async fn follow(
        &mut self,
        mut resource_version: String,
        mut open: Option<Lines>,
        sink: &impl Sink,
    ) -> Result<(), Gone> {
        loop {
            let mut lines = match open.take() {
                Some(lines) => lines,
                None => match self.watch(&resource_version, false).await {
                    Ok(lines) => lines,
                    Err(source) => {
                        let error = self.not_watched(source);
                        if is_lost(&error) {
                            return self.lost(error, sink).await;
                        }
                        self.failed(error, sink).await?;
                        continue;
                    }
                },
            };
            let started = Instant::now();
            let mut heard = false;
            match self
                .read(&mut lines, &mut resource_version, &mut heard, sink)
                .await?
            {
                End::Closed if heard || started.elapsed() >= WORTHWHILE => self.backoff.reset(),
                End::Closed => tokio::time::sleep(self.backoff.next_pause()).await,
                End::Lost(error) => return self.lost(error, sink).await,
                End::Broken(error) => self.failed(error, sink).await?,
            }
        }
    }

    /// Reads one watch to its end. `heard`: whether it said anything.
    async fn read(
        &mut self,
        lines: &mut Lines,
        resource_version: &mut String,
        heard: &mut bool,
        sink: &impl Sink,
    ) -> Result<End, Gone> {
        loop {
            let event = match self.next(lines).await {
                Ok(None) => return Ok(End::Closed),
                // A line that cannot be read may have been a change; one that was cut off comes again.
                Err(error) if is_lost(&error) => return Ok(End::Lost(error)),
                Err(error) => return Ok(End::Broken(error)),
                Ok(Some(Line::Refused(source))) => {
                    let error = self.not_watched(source);
                    return Ok(if is_lost(&error) {
                        End::Lost(error)
                    } else {
                        End::Broken(error)
                    });
                }
                Ok(Some(Line::Applied(object))) => {
                    resource_version.clone_from(&object.resource_version);
                    WatchEvent::Applied(object.into())
                }
                Ok(Some(Line::Deleted(object))) => {
                    resource_version.clone_from(&object.resource_version);
                    WatchEvent::Deleted(object.into())
                }
                Ok(Some(Line::Bookmark {
                    resource_version: at,
                    initial_end,
                })) => {
                    self.bookmarks |= !initial_end;
                    if at.is_empty() {
                        continue;
                    }
                    resource_version.clone_from(&at);
                    WatchEvent::Progress {
                        resource_version: at,
                    }
                }
            };
            if !std::mem::replace(heard, true) {
                self.backoff.reset();
            }
            sink.send(event).await?;
        }
    }
}
