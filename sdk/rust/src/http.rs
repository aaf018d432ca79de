//! HTTP requests.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::{Host, HostCalls};
use crate::{Error, Result, ResultExt};

/// HTTP requests while the hook runs, as far as an administrator granted them (docs/grants.md); get it by
/// [`Input::http`](crate::Input::http).
///
/// An answer is an answer, whatever its status: [`Response::ok`] makes an error of one that is no success. Redirects are
/// not followed.
///
/// ```
/// use hookbox_sdk::prelude::*;
/// use hookbox_sdk::Response;
///
/// #[hook(schedule(crontab = "@hourly"), capabilities(http(hosts = ["api.example.com"])))]
/// fn version(input: Input, out: &mut Effects) -> Result {
///     let latest: serde_json::Value = input.http().get("https://api.example.com/latest").send()?.ok()?.json()?;
///     out.metric("latest_version").set(latest["version"].as_f64().unwrap_or_default());
///     Ok(())
/// }
///
/// # fn main() -> Result {
/// let input = Input::test().http(|request| {
///     assert_eq!(request.url, "https://api.example.com/latest");
///     Ok(Response { status: 200, headers: Vec::new(), body: br#"{"version": 7}"#.to_vec() })
/// });
/// let effects = hookbox_sdk::testing::run(version, input)?;
/// assert_eq!(effects.metric("latest_version"), Some(7.0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Http {
    host: Host,
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` and their like.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Headers' names and values.
    pub headers: Vec<(String, String)>,
    /// The body; none sends none.
    pub body: Option<Vec<u8>>,
    /// Time until the answer has come whole: 60 s unless said, and at most.
    pub timeout: Option<Duration>,
    /// Bytes of the answer's body: 16 MiB unless said, and at most.
    pub limit: Option<u64>,
}

/// What was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status, such as 200.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(host: Host) -> Self {
        Self { host }
    }

    /// Begins a `GET`.
    pub fn get(&self, url: impl Into<String>) -> Sending {
        self.request("GET", url)
    }

    /// Begins a `POST`.
    pub fn post(&self, url: impl Into<String>) -> Sending {
        self.request("POST", url)
    }

    /// Begins a request with any method.
    pub fn request(&self, method: impl Into<String>, url: impl Into<String>) -> Sending {
        Sending {
            host: self.host.clone(),
            request: Request {
                method: method.into(),
                url: url.into(),
                ..Request::default()
            },
            failed: None,
        }
    }
}

/// A request in the making.
#[derive(Debug)]
#[must_use]
pub struct Sending {
    host: Host,
    request: Request,
    failed: Option<Error>,
}

impl Sending {
    /// Adds a header. Those that say how a message is framed or whom it is for, such as `host` and `content-length`, are
    /// the host's.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.headers.push((name.into(), value.into()));
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = Some(body.into());
        self
    }

    /// A body of JSON, and the header that says so.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(error) => {
                self.failed.get_or_insert(error.into());
                self
            }
        }
    }

    /// Time until the answer has come whole: 60 s unless said, and at most.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.request.timeout = Some(time);
        self
    }

    /// Bytes of the answer's body: 16 MiB unless said, and at most.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.request.limit = Some(bytes);
        self
    }

    /// Sends it, and waits for the whole answer.
    ///
    /// # Errors
    /// The request was refused or nobody answered: the text ends with a code, such as `[not-granted]`, `[unreachable]` or
    /// `[timed-out]`. A body that is no JSON.
    pub fn send(self) -> Result<Response> {
        let Request { method, url, .. } = &self.request;
        let what = format!("{method} {}", url.split('?').next().unwrap_or_default());
        if let Some(failed) = self.failed {
            return Err(failed.context(what));
        }
        let response = self.host.send(&self.request).map_err(Error::from);
        response.context(what)
    }
}

impl Response {
    /// The value of a header, by its name in lower case; the first of several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name)?;
        Some(&found.1)
    }

    /// The same, when its status is a success.
    ///
    /// # Errors
    /// The status is not between 200 and 299.
    pub fn ok(self) -> Result<Self> {
        match self.status {
            200..=299 => Ok(self),
            status => Err(Error::msg(format_args!("the server answered {status}"))),
        }
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the answer")
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not, or not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).context("the answer")
    }
}
