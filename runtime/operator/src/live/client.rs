//! Asking a running operator.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::format::encode;
use super::socket::Place;

/// Time for the head of an answer, and between pieces of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that is read as a whole.
const MOST: usize = 256 << 20;
/// Bytes of an error.
const ERROR: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no socket at any of these paths.
    #[error("no operator serves live commands here: there is no {}", list(.0))]
    NoSocket(Vec<PathBuf>),
    /// There is a socket, and nobody listens.
    #[error("no operator serves live commands at {}: nobody listens there", .0.display())]
    Dead(PathBuf),
    /// The socket belongs to somebody else.
    #[error("{} is not for this user", .0.display())]
    Forbidden(PathBuf),
    /// The operator did not answer in time.
    #[error("the operator did not answer within {} s", .0.as_secs())]
    Busy(Duration),
    /// The connection broke.
    #[error("the connection to the operator at {} broke", .path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The operator refused.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The answer is not what was asked for.
    #[error("the operator's answer cannot be understood: is it of another version?")]
    Answer(#[source] serde_json::Error),
}

fn list(paths: &[PathBuf]) -> String {
    let texts: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    texts.join(", nor ")
}

impl ClientError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSocket(_) => "no-socket",
            Self::Dead(_) => "socket-dead",
            Self::Forbidden(_) => "socket-forbidden",
            Self::Busy(_) => "busy",
            Self::Broken { .. } => "broken",
            Self::Refused { .. } => "refused",
            Self::Answer(_) => "answer",
        }
    }
}

/// A running operator, found by its socket. Each question has a connection of its own.
#[derive(Debug, Clone)]
pub struct LiveClient {
    path: PathBuf,
}

/// An answer that comes in pieces.
#[derive(Debug)]
pub struct Answer {
    path: PathBuf,
    body: Incoming,
    connection: JoinHandle<()>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Answer {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// The connection broke, or nothing came for some time.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = timeout(PATIENCE, self.body.frame())
                .await
                .map_err(|_| ClientError::Busy(PATIENCE))?;
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    return Err(ClientError::Broken {
                        path: self.path.clone(),
                        source: error.into(),
                    });
                }
            }
        }
    }
}

impl LiveClient {
    /// The operator at the first of these places where one listens.
    ///
    /// # Errors
    /// Nobody listens at any of them.
    pub async fn find(places: &[Place]) -> Result<Self, ClientError> {
        let mut worst = None;
        for place in places {
            let path = place.path.clone();
            if std::fs::symlink_metadata(&path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
            {
                continue;
            }
            let error = match UnixStream::connect(&path).await {
                Ok(_) if place.is_trusted() => return Ok(Self { path }),
                Ok(_) => ClientError::Forbidden(path),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    ClientError::Forbidden(path)
                }
                Err(_) => ClientError::Dead(path),
            };
            worst = worst.or(Some(error));
        }
        let paths = || places.iter().map(|place| place.path.clone()).collect();
        Err(worst.unwrap_or_else(|| ClientError::NoSocket(paths())))
    }

    /// Asks for a path with its query.
    ///
    /// # Errors
    /// There is no answer, or the operator refuses.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.ask(Method::GET, path, String::new()).await
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// There is no answer, the operator refuses, or the answer is something else.
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let mut answer = self.get(path).await?;
        let mut text: Vec<u8> = Vec::new();
        while let Some(piece) = answer.piece().await? {
            if text.len() + piece.len() > MOST {
                return Err(ClientError::Broken {
                    path: self.path.clone(),
                    source: format!("the answer is greater than {MOST} bytes").into(),
                });
            }
            text.extend_from_slice(&piece);
        }
        serde_json::from_slice(&text).map_err(ClientError::Answer)
    }

    /// Sends a form.
    ///
    /// # Errors
    /// There is no answer, or the operator refuses.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer, ClientError> {
        let pair = |(name, value): &(&str, &str)| format!("{}={}", encode(name), encode(value));
        let pairs: Vec<String> = form.iter().map(pair).collect();
        self.ask(Method::POST, path, pairs.join("&")).await
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Result<Answer, ClientError> {
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| ClientError::Broken {
            path: self.path.clone(),
            source,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| broken(error.into()))?;
        let stream = match UnixStream::connect(&self.path).await {
            Ok(stream) => stream,
            Err(_) => return Err(ClientError::Dead(self.path.clone())),
        };
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            let connection = tokio::spawn(async move {
                // What is wrong with it shows in the answer.
                let _ = connection.await;
            });
            let answer = sender.send_request(request).await;
            answer.map(|answer| (answer, connection))
        };
        let (answer, connection) = timeout(PATIENCE, exchange)
            .await
            .map_err(|_| ClientError::Busy(PATIENCE))?
            .map_err(|error| broken(error.into()))?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(Answer {
                path: self.path.clone(),
                body: answer.into_body(),
                connection,
            });
        }
        let said = timeout(PATIENCE, Limited::new(answer.into_body(), ERROR).collect()).await;
        connection.abort();
        let said = said.ok().and_then(Result::ok);
        let bytes = said.map(http_body_util::Collected::to_bytes);
        let text = String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
        Err(ClientError::Refused {
            status: status.as_u16(),
            message: match text.trim() {
                "" => format!("the operator answered {status}"),
                text => text.to_owned(),
            },
        })
    }
}

/// A name as a part of a path.
#[must_use]
pub fn path_part(name: &str) -> String {
    encode(name)
}
