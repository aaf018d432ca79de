//! One request and its answer, within limits.

use std::error::Error as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::body::Upload;
use crate::connect::{self, Connector, place};
use crate::{Digest, RegistryError, Settings};

/// Bytes of an answer's head.
const HEAD: usize = 64 << 10;

/// Bytes of an error's text that are read, and characters of it that are shown.
const WHY: (u64, usize) = (16 << 10, 300);

/// Sends requests.
pub(crate) struct Transport {
    /// For hosts that may be this machine, and for those that may not.
    anywhere: Client<Connector, Upload>,
    elsewhere: Client<Connector, Upload>,
    idle: Duration,
}

impl Transport {
    pub(crate) fn new(settings: &Settings) -> Result<Self, RegistryError> {
        let tls = connect::tls(&settings.authorities)?;
        let client = |loopback| {
            Client::builder(TokioExecutor::new())
                .http1_max_buf_size(HEAD)
                .pool_max_idle_per_host(1)
                .pool_idle_timeout(settings.idle_time)
                .pool_timer(hyper_util::rt::TokioTimer::new())
                .build(Connector::new(tls.clone(), loopback, settings.connect_time))
        };
        Ok(Self {
            anywhere: client(true),
            elsewhere: client(false),
            idle: settings.idle_time,
        })
    }

    /// The head of the answer. A request without a body is sent again by itself when an old connection turns out closed.
    pub(crate) async fn send(
        &self,
        request: Request<Upload>,
        loopback: bool,
    ) -> Result<Response<Incoming>, RegistryError> {
        let host = place(request.uri());
        let client = if loopback {
            &self.anywhere
        } else {
            &self.elsewhere
        };
        // What is sent takes its time; the limit of the whole bounds it.
        let sending = request.body().size_hint().exact().unwrap_or(0) > 0;
        let answer = client.request(request);
        let answer = if sending {
            answer.await
        } else {
            timeout(self.idle, answer)
                .await
                .map_err(|_| self.late(&host))?
        };
        answer.map_err(|error| {
            // Ours, when it came to no connection.
            let mut source = error.source();
            while let Some(error) = source {
                if let Some(ours) = error.downcast_ref::<RegistryError>() {
                    return again(ours);
                }
                source = error.source();
            }
            RegistryError::Broken {
                host,
                what: "an answer's head".to_owned(),
                why: causes(&error),
            }
        })
    }

    /// The body, when it has at most `limit` bytes.
    pub(crate) async fn read(
        &self,
        host: &str,
        what: &str,
        response: Response<Incoming>,
        limit: u64,
    ) -> Result<Bytes, RegistryError> {
        let too_large = || RegistryError::TooLarge {
            what: format!("{what} from {host}"),
            limit,
        };
        let mut body = response.into_body();
        if body.size_hint().lower() > limit {
            return Err(too_large());
        }
        let mut bytes = BytesMut::new();
        while let Some(piece) = self.piece(host, what, &mut body).await? {
            if (bytes.len() + piece.len()) as u64 > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// The body, when it has just this many bytes and this digest. Stops as soon as it has more.
    pub(crate) async fn read_exactly(
        &self,
        host: &str,
        what: &str,
        response: Response<Incoming>,
        size: u64,
        wanted: Digest,
        progress: impl Fn(u64),
    ) -> Result<Vec<u8>, RegistryError> {
        let wrong = |got: u64| RegistryError::Size {
            what: format!("{what} from {host}"),
            got,
            announced: size,
        };
        let mut body = response.into_body();
        if let Some(length) = body.size_hint().exact()
            && length != size
        {
            return Err(wrong(length));
        }
        let mut hasher = Sha256::new();
        // What was announced may never come: memory is taken as it comes.
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(host, what, &mut body).await? {
            let got = (bytes.len() + piece.len()) as u64;
            if got > size {
                return Err(wrong(got));
            }
            hasher.update(&piece);
            bytes.extend_from_slice(&piece);
            progress(got);
        }
        if bytes.len() as u64 != size {
            return Err(wrong(bytes.len() as u64));
        }
        let got = Digest::finish(hasher);
        if got != wanted {
            return Err(RegistryError::DigestMismatch {
                what: format!("{what} from {host}"),
                got,
                wanted,
            });
        }
        Ok(bytes)
    }

    /// What the registry says of a failure, for a person: one line, no control characters.
    pub(crate) async fn why(&self, host: &str, response: Response<Incoming>) -> String {
        let status = response.status();
        let Ok(bytes) = self.read(host, "an error", response, WHY.0).await else {
            return status.to_string();
        };
        let text = said(&bytes);
        if text.is_empty() {
            status.to_string()
        } else {
            format!("{status}: {text}")
        }
    }

    async fn piece(
        &self,
        host: &str,
        what: &str,
        body: &mut Incoming,
    ) -> Result<Option<Bytes>, RegistryError> {
        loop {
            let frame = timeout(self.idle, body.frame())
                .await
                .map_err(|_| self.late(host))?;
            let Some(frame) = frame else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| RegistryError::Broken {
                host: host.to_owned(),
                what: what.to_owned(),
                why: causes(&error),
            })?;
            // Trailers say nothing here.
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
    }

    fn late(&self, host: &str) -> RegistryError {
        RegistryError::Timeout {
            host: host.to_owned(),
            what: "send anything",
            seconds: self.idle.as_secs(),
        }
    }
}

/// The messages of a registry's error document, or the beginning of its text.
fn said(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<Error>,
    }
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let text = match serde_json::from_slice::<Errors>(bytes) {
        Ok(Errors { errors }) => errors
            .iter()
            .take(3)
            .map(|error| format!("{} {}", error.code, error.message))
            .collect::<Vec<_>>()
            .join(", "),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    };
    line(&text)
}

/// One short line without control characters, of a text that others wrote.
pub(crate) fn line(text: &str) -> String {
    text.split(|character: char| character.is_control() || character.is_whitespace())
        .filter(|word| !word.is_empty())
        .flat_map(|word| [" ", word])
        .skip(1)
        .flat_map(str::chars)
        .take(WHY.1)
        .collect()
}

/// The texts of an error and of all behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}

/// The same error again: those that a connector makes.
fn again(error: &RegistryError) -> RegistryError {
    match error {
        RegistryError::Tls { host, why } => RegistryError::Tls {
            host: host.clone(),
            why: why.clone(),
        },
        RegistryError::NotTls { host } => RegistryError::NotTls { host: host.clone() },
        RegistryError::Address {
            host,
            address,
            what,
        } => RegistryError::Address {
            host: host.clone(),
            address: *address,
            what,
        },
        RegistryError::Timeout {
            host,
            what,
            seconds,
        } => RegistryError::Timeout {
            host: host.clone(),
            what,
            seconds: *seconds,
        },
        RegistryError::Unreachable { host, why } => RegistryError::Unreachable {
            host: host.clone(),
            why: why.clone(),
        },
        other => RegistryError::Unreachable {
            host: String::new(),
            why: other.to_string(),
        },
    }
}

/// Where a `Location` leads, seen from the address that answered.
pub(crate) fn location(from: &Uri, location: &str) -> Option<Uri> {
    let target = if location.starts_with('/') && !location.starts_with("//") {
        let scheme = from.scheme_str()?;
        let authority = from.authority()?;
        format!("{scheme}://{authority}{location}").parse().ok()?
    } else {
        location.parse::<Uri>().ok()?
    };
    let named = target.authority().is_some_and(|authority| {
        // Credentials in an address are nobody's business here.
        !authority.as_str().contains('@') && !authority.host().is_empty()
    });
    (named && matches!(target.scheme_str(), Some("http" | "https"))).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_lead_on() {
        let from: Uri = "https://r.example/v2/a/blobs/x".parse().unwrap();
        for (to, wanted) in [
            ("/v2/b?x=1", Some("https://r.example/v2/b?x=1")),
            ("https://other.example/b", Some("https://other.example/b")),
            ("http://other.example/b", Some("http://other.example/b")),
            ("//other.example/b", None),
            ("b", None),
            ("file:///etc/passwd", None),
            ("https://u:p@other.example/", None),
            ("gopher://other.example/", None),
            ("", None),
        ] {
            assert_eq!(
                location(&from, to).map(|uri| uri.to_string()).as_deref(),
                wanted,
                "{to}"
            );
        }
    }

    #[test]
    fn what_a_registry_says_is_one_line() {
        assert_eq!(
            said(br#"{"errors":[{"code":"X","message":"a\n\u001b[2Jb"}]}"#),
            "X a [2Jb"
        );
        assert_eq!(said(b"<html>\r\n"), "<html>");
        assert_eq!(said("é".repeat(1000).as_bytes()).chars().count(), 300);
        assert_eq!(said(b""), "");
    }
}
