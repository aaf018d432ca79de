//! One collection of the API server: its requests, and how their failures are told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::client::Client;
use kube::core::Request;
use kube::core::params::{ListParams, WatchParams};
use tokio::sync::watch as channel;

use super::lines::Lines;
use super::wire::{self, Line, WireError};
use super::{WatchError, WatchEvent, WatchSpec};
use crate::api::{self, ApiError};
use crate::backoff::Backoff;
use crate::rule::Rule;

/// Objects asked for at once.
const PAGE: u32 = 500;
/// Time for one page, and for the head of a watch's answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Seconds after which the server ends a watch; each watch adds up to a quarter of it.
const WATCH_SECONDS: u32 = 240;
/// A watch silent for this long after it should have ended is dead.
const GRACE: Duration = Duration::from_secs(5);
/// A watch silent for this long is dead, where the server sends bookmarks: they come about once a minute.
const SILENCE: Duration = Duration::from_secs(90);
/// The longest pause that a server may ask for.
const ASKED: Duration = Duration::from_secs(60);

/// Objects whose metadata alone is shown; whole ones from a server that cannot, of which the rest is left out here.
const ONE_METADATA: http::HeaderValue = http::HeaderValue::from_static(
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
);
const METADATA_LIST: http::HeaderValue = http::HeaderValue::from_static(
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
);

/// Nobody listens any more.
#[derive(Debug)]
pub(super) struct Gone;

/// Where the events of a collection go.
pub(super) trait Sink: Send + Sync {
    /// Takes one event; may wait.
    fn send(&self, event: WatchEvent) -> impl Future<Output = Result<(), Gone>> + Send;
}

/// As whom requests are made.
#[derive(Clone)]
pub(super) enum Identity {
    /// Always the same.
    One(Client),
    /// Whoever holds the watch at the time.
    Holder(channel::Receiver<Client>),
}

impl Identity {
    /// The one of the moment, from which changes count.
    fn client(&mut self) -> Client {
        match self {
            Self::One(client) => client.clone(),
            Self::Holder(holder) => holder.borrow_and_update().clone(),
        }
    }

    /// Waits until it is another one.
    async fn changed(&mut self) {
        if let Self::Holder(holder) = self
            && holder.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}

/// A collection and what was learned of its server.
pub(super) struct Collection {
    identity: Identity,
    spec: WatchSpec,
    request: Request,
    form: wire::Form,
    what: String,
    /// Whether streaming lists are still believed in.
    pub(super) streaming: bool,
    /// Whether the server sends bookmarks: one came since a watch was last silent for too long.
    pub(super) bookmarks: bool,
    /// Objects asked for at once.
    pub(super) page_size: u32,
    pub(super) backoff: Backoff,
}

impl Collection {
    pub(super) fn new(identity: Identity, spec: WatchSpec) -> Self {
        let request = Request::new(spec.path());
        let what = spec.what();
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
        Self {
            form: wire::Form::of(&spec),
            identity,
            spec,
            request,
            what,
            streaming: true,
            bookmarks: false,
            page_size: PAGE,
            backoff,
        }
    }

    /// Opens a watch from a resource version; with `initial`, one that lists first.
    pub(super) async fn watch(
        &mut self,
        resource_version: &str,
        initial: bool,
    ) -> Result<Lines, ApiError> {
        let params = WatchParams {
            label_selector: self.spec.labels.clone(),
            field_selector: self.spec.fields.clone(),
            timeout: Some(WATCH_SECONDS + fastrand::u32(0..WATCH_SECONDS / 4)),
            bookmarks: true,
            send_initial_events: initial,
        };
        let mut request = self
            .request
            .watch(&params, resource_version)
            .map_err(ApiError::from)?;
        let headers = request.headers_mut();
        // A compressed stream would be held back by the compressor.
        let identity = http::HeaderValue::from_static("identity");
        headers.insert(http::header::ACCEPT_ENCODING, identity);
        if self.spec.metadata_only {
            headers.insert(http::header::ACCEPT, ONE_METADATA);
        }
        let client = self.identity.client();
        Ok(Lines::new(api::open(&client, request, ANSWER).await?))
    }

    /// The next line of a watch; none at its end or when the connection is dead.
    pub(super) async fn next(&mut self, lines: &mut Lines) -> Result<Option<Line>, WatchError> {
        let patience = if self.bookmarks {
            SILENCE
        } else {
            Duration::from_secs(u64::from(WATCH_SECONDS + WATCH_SECONDS / 4)) + GRACE
        };
        let identity = &mut self.identity;
        let read = async {
            match identity {
                Identity::One(_) => lines.next().await,
                Identity::Holder(_) => tokio::select! {
                    biased;
                    // It is taken up as somebody else.
                    () = identity.changed() => Ok(None),
                    line = lines.next() => line,
                },
            }
        };
        let Ok(read) = tokio::time::timeout(patience, read).await else {
            tracing::info!(
                collection = self.what,
                seconds = patience.as_secs(),
                "a watch was silent for too long; its connection is taken for dead"
            );
            self.bookmarks = false;
            return Ok(None);
        };
        let Some(text) = read.map_err(|error| self.broken(error))? else {
            return Ok(None);
        };
        let line = wire::line(&text, &self.form);
        line.map(Some).map_err(|error| self.broken(error))
    }

    /// As [`Collection::next`], while the objects of a list come.
    pub(super) async fn next_listed(
        &mut self,
        lines: &mut Lines,
    ) -> Result<Option<Line>, WatchError> {
        match tokio::time::timeout(ANSWER, self.next(lines)).await {
            Ok(line) => line,
            Err(_) => Err(self.broken(ApiError::Timeout(ANSWER))),
        }
    }

    /// One page of a list, from `next` on.
    pub(super) async fn page(&mut self, next: &str) -> Result<wire::Page, ApiError> {
        let params = ListParams {
            label_selector: self.spec.labels.clone(),
            field_selector: self.spec.fields.clone(),
            limit: Some(self.page_size),
            continue_token: (!next.is_empty()).then(|| next.to_owned()),
            ..ListParams::default()
        };
        let mut request = self.request.list(&params).map_err(ApiError::from)?;
        if self.spec.metadata_only {
            let headers = request.headers_mut();
            headers.insert(http::header::ACCEPT, METADATA_LIST);
        }
        let client = self.identity.client();
        let body = api::send(&client, request, ANSWER).await?;
        wire::page(&body, &self.form).map_err(|e| ApiError::Answer(serde::de::Error::custom(e)))
    }

    /// What is missing where RBAC forbids it.
    fn rule(&self, error: &ApiError) -> Option<Rule> {
        error.is_denied().then(|| self.spec.rule())
    }

    pub(super) fn not_listed(&self, source: ApiError) -> WatchError {
        WatchError::List {
            what: self.what.clone(),
            rule: self.rule(&source),
            source,
        }
    }

    pub(super) fn not_watched(&self, source: ApiError) -> WatchError {
        WatchError::Watch {
            what: self.what.clone(),
            rule: self.rule(&source),
            source,
        }
    }

    pub(super) fn broken(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> WatchError {
        WatchError::Broken {
            what: self.what.clone(),
            source: source.into(),
        }
    }

    /// Tells of a failure and pauses before the next attempt.
    pub(super) async fn failed(&mut self, error: WatchError, sink: &impl Sink) -> Result<(), Gone> {
        let own = self.backoff.next_pause();
        let pause = retry_after(&error).map_or(own, |asked| asked.clamp(own, ASKED));
        sink.send(WatchEvent::Failed(Arc::new(error))).await?;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// As [`Collection::failed`], but the first failure in a row is not paused for: a new list will mend it.
    pub(super) async fn lost(&mut self, error: WatchError, sink: &impl Sink) -> Result<(), Gone> {
        if !self.backoff.is_fresh() {
            return self.failed(error, sink).await;
        }
        self.backoff.spend();
        sink.send(WatchEvent::Failed(Arc::new(error))).await
    }
}

/// Whether a line came whole but could not be understood, so that what it said is lost.
pub(super) fn is_lost(error: &WatchError) -> bool {
    match error {
        WatchError::Broken { source, .. } => source.is::<WireError>(),
        WatchError::List { source, .. } | WatchError::Watch { source, .. } => {
            source.status() == Some(410)
        }
        WatchError::Denied { .. } | WatchError::Unchecked { .. } => false,
    }
}

fn retry_after(error: &WatchError) -> Option<Duration> {
    match error {
        WatchError::List {
            source: ApiError::Status { retry_after, .. },
            ..
        }
        | WatchError::Watch {
            source: ApiError::Status { retry_after, .. },
            ..
        } => *retry_after,
        _ => None,
    }
}
