//! watch: from a resource version on, through a selector.
//!
//! A watch keeps no queue of its own. It holds a place in the history of its kind and reads on from there when it is
//! woken; a client too slow to keep up with the history is told 410, like one that comes back too late.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::render::metadata_only;
use crate::body::ResponseBody;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::request::{Accept, Call};
use crate::selector::Filter;
use crate::server::{Reply, Server};
use crate::store::{Change, ChangeKind, READ_BYTES, Stored, prefix};
use crate::table;
use crate::tree::Tree;

/// Changes read from the history at once.
const BATCH: usize = 256;
/// A watch without a timeout of its own ends after this long, like the real server's half an hour to an hour.
const LONGEST: Duration = Duration::from_secs(45 * 60);

struct Watch {
    server: Arc<Server>,
    kind: Arc<Kind>,
    accept: Accept,
    include: String,
    headers_sent: bool,
    filter: Filter,
    prefix: String,
    /// Everything up to this revision was seen.
    cursor: u64,
    initial: Option<Initial>,
    wake: Receiver<u64>,
    cut: Receiver<u64>,
    bookmark_now: Receiver<u64>,
    bookmarks: bool,
    next_bookmark: Instant,
    end: Instant,
    over: bool,
}

/// Objects that were there when the watch began.
struct Initial {
    objects: std::vec::IntoIter<Arc<Stored>>,
    /// Whether a bookmark tells that they are complete.
    announce: bool,
}

impl Server {
    pub(super) fn watch(self: &Arc<Self>, call: &Call) -> Result<Reply, ApiError> {
        let options = call.query.list_options()?;
        let filter = Filter::parse(&call.kind, &options.labels, &options.fields)?;
        let wake = self
            .store
            .subscribe(call.kind.table)
            .ok_or_else(|| ApiError::internal("the kind has no table"))?;
        let prefix = prefix(call.namespace.as_deref());
        let now = Instant::now();
        let mut watch = Watch {
            server: self.clone(),
            kind: call.kind.clone(),
            accept: call.accept(),
            include: call.query.get("includeObject").to_owned(),
            headers_sent: false,
            prefix,
            cursor: options.version.unwrap_or(0),
            initial: None,
            wake,
            cut: self.faults.cuts(),
            bookmark_now: self.faults.bookmark_requests(),
            bookmarks: options.bookmarks,
            next_bookmark: now + self.options.bookmark_interval,
            end: now
                + options
                    .timeout
                    .map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST)),
            over: false,
            filter,
        };
        // Both unset and 0 mean: begin with what there is, as ADDED. With initial events it is said at the end.
        let from_state = options
            .initial_events
            .unwrap_or(options.version.unwrap_or(0) == 0);
        if options.initial_events.is_some() {
            self.not_from_the_future(options.version)?;
        }
        if from_state {
            let matches = |object: &Stored| watch.filter.matches(object);
            let page = self
                .store
                .list(call.kind.table, &watch.prefix, None, None, 0, &matches)
                .map_err(|_| ApiError::internal("the present is gone"))?;
            watch.cursor = page.rev;
            watch.initial = Some(Initial {
                objects: page.items.into_iter(),
                announce: options.initial_events == Some(true),
            });
        } else if options.version.unwrap_or(0) == 0 {
            watch.cursor = self.store.rev();
        }
        let stream = futures::stream::unfold(watch, |mut watch| async move {
            watch.next().await.map(|piece| (Ok(piece), watch))
        });
        Ok(Reply::json(200, ResponseBody::stream(stream)))
    }
}

impl Watch {
    /// The next piece of the answer; none at its end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.over {
                return None;
            }
            if let Some(initial) = &self.initial {
                let mut out = Pieces::default();
                let announce = initial.announce;
                let (mut events, mut size) = (Vec::new(), 0);
                while size < READ_BYTES {
                    let Some(object) = self
                        .initial
                        .as_mut()
                        .and_then(|initial| initial.objects.next())
                    else {
                        self.initial = None;
                        break;
                    };
                    size += object.size();
                    events.push(("ADDED", object));
                }
                if let Err(error) = self.tell(&mut out, events).await {
                    return Some(self.broken(out, &error));
                }
                if self.initial.is_none() && announce {
                    self.bookmark(&mut out, true);
                }
                if let Some(piece) = out.take() {
                    return Some(piece);
                }
                continue;
            }
            // Seen before reading, so that a change in between wakes at once.
            self.wake.borrow_and_update();
            match self
                .server
                .store
                .changes(self.kind.table, self.cursor, BATCH)
            {
                Err(gone) => {
                    let error = ApiError::expired(format!(
                        "too old resource version: {} ({})",
                        self.cursor, gone.floor
                    ));
                    return Some(self.broken(Pieces::default(), &error));
                }
                Ok(read) => {
                    self.cursor = read.upto;
                    let mut out = Pieces::default();
                    let changes = read.changes.iter();
                    let events = changes.filter_map(|change| self.event(change)).collect();
                    if let Err(error) = self.tell(&mut out, events).await {
                        return Some(self.broken(out, &error));
                    }
                    if let Some(piece) = out.take() {
                        return Some(piece);
                    }
                    if read.more {
                        continue;
                    }
                }
            }
            // Only when all was told: the objects of a definition go before it.
            if self.kind_is_gone() {
                self.over = true;
                return None;
            }
            if let Some(piece) = self.rest().await {
                return Some(piece);
            }
        }
    }

    /// Whether the kind's definition was deleted.
    fn kind_is_gone(&self) -> bool {
        let Kind {
            group,
            version,
            plural,
            ..
        } = &*self.kind;
        self.kind.custom.is_some()
            && self
                .server
                .registry
                .kinds()
                .resource(group, version, plural)
                .is_none()
    }

    /// Waits for whatever comes next.
    async fn rest(&mut self) -> Option<Bytes> {
        let bookmark_at = if self.bookmarks {
            self.next_bookmark
        } else {
            self.end
        };
        tokio::select! {
            biased;
            _ = self.cut.changed() => {
                self.over = true;
                None
            }
            _ = self.wake.changed() => None,
            _ = self.bookmark_now.changed(), if self.bookmarks => self.send_bookmark(),
            () = tokio::time::sleep_until(self.end) => {
                self.over = true;
                if self.bookmarks { self.send_bookmark() } else { None }
            }
            () = tokio::time::sleep_until(bookmark_at) => {
                self.next_bookmark = Instant::now() + self.server.options.bookmark_interval;
                self.send_bookmark()
            }
        }
    }

    fn send_bookmark(&mut self) -> Option<Bytes> {
        if self.server.faults.bookmarks_dropped() {
            return None;
        }
        let mut out = Pieces::default();
        self.bookmark(&mut out, false);
        out.take()
    }

    /// What a change is through the selector: an object that enters is ADDED, one that leaves is DELETED.
    fn event(&self, change: &Change) -> Option<(&'static str, Arc<Stored>)> {
        if !change.object.key.starts_with(&self.prefix) {
            return None;
        }
        let now = change.kind != ChangeKind::Deleted && self.filter.matches(&change.object);
        let before = change
            .previous
            .as_ref()
            .filter(|previous| self.filter.matches(previous));
        match (before, now) {
            (None, true) => Some(("ADDED", change.object.clone())),
            (Some(_), true) => Some(("MODIFIED", change.object.clone())),
            (Some(_), false) if change.kind == ChangeKind::Deleted => {
                Some(("DELETED", change.object.clone()))
            }
            // The last state that matched, at the version of the change.
            (Some(previous), false) => Some(("DELETED", Arc::new(previous.at(change.rev)))),
            (None, false) => None,
        }
    }

    /// Writes events, their objects in the version of the watch.
    async fn tell(
        &mut self,
        out: &mut Pieces,
        events: Vec<(&'static str, Arc<Stored>)>,
    ) -> Result<(), ApiError> {
        let (kinds, objects): (Vec<&str>, Vec<_>) = events.into_iter().unzip();
        let objects = self.server.views(&self.kind, objects).await?;
        for (kind, object) in kinds.into_iter().zip(objects) {
            match self.accept {
                Accept::Json | Accept::Discovery => out.object(kind, &object),
                Accept::Metadata => out.value(kind, &metadata_only(&object)),
                Accept::Table => {
                    let columns = !std::mem::replace(&mut self.headers_sent, true);
                    let rows = table::of(
                        &self.kind,
                        std::slice::from_ref(&object),
                        &self.include,
                        json!({"resourceVersion": object.rev.to_string()}),
                        columns,
                    );
                    out.value(kind, &rows);
                }
            }
        }
        Ok(())
    }

    /// The end of a watch that cannot go on.
    fn broken(&mut self, mut out: Pieces, error: &ApiError) -> Bytes {
        self.over = true;
        out.value("ERROR", &error.to_status());
        out.take().unwrap_or_default()
    }

    fn bookmark(&self, out: &mut Pieces, end_of_initial: bool) {
        let mut meta = json!({"resourceVersion": self.cursor.to_string()});
        if end_of_initial {
            meta.put("annotations", json!({"k8s.io/initial-events-end": "true"}));
        }
        let object = match self.accept {
            Accept::Table => {
                json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": [], "rows": [{"cells": [], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}}]})
            }
            Accept::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
            }
            Accept::Json | Accept::Discovery => {
                json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": meta})
            }
        };
        out.value("BOOKMARK", &object);
    }
}

fn line(kind: &str, object: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(object.len() + 40);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out.freeze()
}

/// Lines that were not sent yet, joined.
#[derive(Default)]
struct Pieces {
    joined: BytesMut,
}

impl Pieces {
    fn object(&mut self, kind: &str, object: &Stored) {
        let line = object.line();
        self.joined.reserve(line.len() + 40);
        self.joined.extend_from_slice(b"{\"type\":\"");
        self.joined.extend_from_slice(kind.as_bytes());
        self.joined.extend_from_slice(b"\",\"object\":");
        self.joined.extend_from_slice(&line);
    }

    fn value(&mut self, kind: &str, object: &Value) {
        self.joined
            .extend_from_slice(&line(kind, object.to_string().as_bytes()));
    }

    fn take(&mut self) -> Option<Bytes> {
        if self.joined.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.joined).freeze())
        }
    }
}
