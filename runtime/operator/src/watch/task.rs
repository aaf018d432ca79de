//! The life of one watch.

use std::time::Duration;

use kube::client::Client;
use kube::core::Request;
use kube::core::params::WatchParams;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::lines::Lines;
use super::wire::{self, Line};
use super::{WatchError, WatchEvent, WatchSpec};
use crate::api::{self, ApiError};
use crate::backoff::Backoff;

/// Objects asked for at once.
const PAGE: u32 = 500;
/// Time for one page, and for the head of a watch's answer.
pub(super) const ANSWER: Duration = Duration::from_secs(60);
/// Seconds after which the server ends a watch; each watch adds up to this again divided by four.
const WATCH_SECONDS: u32 = 240;
/// A watch silent for this long after it should have ended is dead.
const GRACE: Duration = Duration::from_secs(5);
/// A watch that lived this long was not in vain.
const WORTHWHILE: Duration = Duration::from_secs(5);

/// The consumer is gone.
pub(super) struct Gone;

/// Where a watch stands.
pub(super) enum Phase {
    /// The collection has to be listed.
    List,
    /// It is known up to here.
    Follow { resource_version: String },
}

/// How following ended.
enum End {
    /// The server closed, or nothing came any more: take it up from here.
    Closed {
        resource_version: String,
        lived: bool,
    },
    /// Something was lost: list again.
    Lost(WatchError),
    /// Broken, but known up to here.
    Broken {
        resource_version: String,
        error: WatchError,
    },
}

pub(super) struct Task<T> {
    pub(super) client: Client,
    pub(super) spec: WatchSpec,
    pub(super) request: Request,
    pub(super) what: String,
    tag: T,
    events: mpsc::Sender<(T, WatchEvent)>,
    /// Whether streaming lists are still believed in.
    pub(super) streaming: bool,
    pub(super) page: u32,
    pub(super) backoff: Backoff,
}

pub(super) async fn run<T: Copy + Send + Sync>(
    client: Client,
    spec: WatchSpec,
    tag: T,
    events: mpsc::Sender<(T, WatchEvent)>,
) {
    let request = Request::new(spec.path());
    let what = match &spec.namespace {
        Some(namespace) => format!("{} in namespace `{namespace}`", spec.resource.plural),
        None => spec.resource.plural.clone(),
    };
    let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
    let mut task = Task {
        client,
        spec,
        request,
        what,
        tag,
        events,
        streaming: true,
        page: PAGE,
        backoff,
    };
    let mut phase = Phase::List;
    // Ends when nobody listens any more.
    while let Ok(next) = task.step(phase).await {
        phase = next;
    }
}

impl<T: Copy> Task<T> {
    async fn step(&mut self, phase: Phase) -> Result<Phase, Gone> {
        match phase {
            Phase::List if self.streaming => self.list_streaming().await,
            Phase::List => self.list_pages().await,
            Phase::Follow { resource_version } => {
                match self.watch(&resource_version, false).await {
                    Ok(lines) => self.follow(lines, resource_version).await,
                    Err(source) if source.status() == Some(410) => {
                        self.failed(
                            WatchError::Watch {
                                what: self.what.clone(),
                                source,
                            },
                            false,
                        )
                        .await?;
                        Ok(Phase::List)
                    }
                    Err(source) => {
                        self.failed(
                            WatchError::Watch {
                                what: self.what.clone(),
                                source,
                            },
                            true,
                        )
                        .await?;
                        Ok(Phase::Follow { resource_version })
                    }
                }
            }
        }
    }

    pub(super) async fn watch(
        &self,
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
            .map_err(invalid)?;
        // A compressed stream would be held back by the compressor.
        request.headers_mut().insert(
            http::header::ACCEPT_ENCODING,
            http::HeaderValue::from_static("identity"),
        );
        Ok(Lines::new(api::open(&self.client, request, ANSWER).await?))
    }

    /// The next line, none at the end of the answer or when the connection is dead.
    pub(super) async fn next(&self, lines: &mut Lines) -> Result<Option<Line>, WatchError> {
        let dead = Duration::from_secs(u64::from(WATCH_SECONDS + WATCH_SECONDS / 4)) + GRACE;
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| WatchError::Broken {
            what: self.what.clone(),
            source,
        };
        let Ok(read) = tokio::time::timeout(dead, lines.next()).await else {
            return Ok(None);
        };
        match read {
            Err(error) => Err(broken(Box::new(error))),
            Ok(None) => Ok(None),
            Ok(Some(text)) => wire::line(
                &text,
                &self.spec.resource.api_version,
                &self.spec.resource.kind,
            )
            .map(Some)
            .map_err(|error| broken(Box::new(error))),
        }
    }

    /// Follow until the answer ends, then say how to go on.
    pub(super) async fn follow(&mut self, mut lines: Lines, from: String) -> Result<Phase, Gone> {
        match self.follow_lines(&mut lines, from).await? {
            End::Closed {
                resource_version,
                lived,
            } => {
                if lived {
                    self.backoff.reset();
                } else {
                    tokio::time::sleep(self.backoff.next_pause()).await;
                }
                Ok(Phase::Follow { resource_version })
            }
            End::Lost(error) => {
                self.failed(error, false).await?;
                Ok(Phase::List)
            }
            End::Broken {
                resource_version,
                error,
            } => {
                self.failed(error, true).await?;
                Ok(Phase::Follow { resource_version })
            }
        }
    }

    async fn follow_lines(&mut self, lines: &mut Lines, from: String) -> Result<End, Gone> {
        let mut resource_version = from;
        let started = Instant::now();
        let mut heard = false;
        loop {
            let line = match self.next(lines).await {
                Ok(Some(line)) => line,
                Ok(None) => {
                    return Ok(End::Closed {
                        resource_version,
                        lived: heard || started.elapsed() >= WORTHWHILE,
                    });
                }
                // A line that cannot be read may have been a change; one that was cut off comes again.
                Err(error @ WatchError::Broken { .. }) if is_wire(&error) => {
                    return Ok(End::Lost(error));
                }
                Err(error) => {
                    return Ok(End::Broken {
                        resource_version,
                        error,
                    });
                }
            };
            match line {
                Line::Applied(object) => {
                    resource_version.clone_from(&object.resource_version);
                    self.send(WatchEvent::Applied(object)).await?;
                }
                Line::Deleted(object) => {
                    resource_version.clone_from(&object.resource_version);
                    self.send(WatchEvent::Deleted(object)).await?;
                }
                Line::Bookmark {
                    resource_version: at,
                    ..
                } => {
                    if !at.is_empty() {
                        resource_version.clone_from(&at);
                        self.send(WatchEvent::Progress {
                            resource_version: at,
                        })
                        .await?;
                    }
                }
                Line::Refused(source) => {
                    let error = WatchError::Watch {
                        what: self.what.clone(),
                        source,
                    };
                    return Ok(match &error {
                        WatchError::Watch { source, .. } if source.status() == Some(410) => {
                            End::Lost(error)
                        }
                        _ => End::Broken {
                            resource_version,
                            error,
                        },
                    });
                }
            }
            if !heard {
                heard = true;
                self.backoff.reset();
            }
        }
    }

    /// Tell of a failure, and pause before the next attempt unless the failure itself says that there is hope now.
    pub(super) async fn failed(&mut self, error: WatchError, pause: bool) -> Result<(), Gone> {
        let asked = match &error {
            WatchError::List {
                source: ApiError::Status { retry_after, .. },
                ..
            }
            | WatchError::Watch {
                source: ApiError::Status { retry_after, .. },
                ..
            } => *retry_after,
            _ => None,
        };
        self.send(WatchEvent::Failed(error)).await?;
        // Even the first loss may be one of many: only the first goes without a pause.
        if pause || !self.backoff.is_fresh() {
            let own = self.backoff.next_pause();
            tokio::time::sleep(asked.map_or(own, |a| a.clamp(own, Duration::from_secs(60)))).await;
        } else {
            self.backoff.spend();
        }
        Ok(())
    }

    pub(super) async fn send(&self, event: WatchEvent) -> Result<(), Gone> {
        self.events.send((self.tag, event)).await.map_err(|_| Gone)
    }
}

pub(super) fn invalid(error: kube::core::request::Error) -> ApiError {
    match error {
        kube::core::request::Error::BuildRequest(error) => ApiError::Request(error),
        other => ApiError::Unreachable(Box::new(other)),
    }
}

fn is_wire(error: &WatchError) -> bool {
    matches!(error, WatchError::Broken { source, .. } if source.is::<wire::WireError>())
}
