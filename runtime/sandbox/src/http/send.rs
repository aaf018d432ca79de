//! One request, from the check of its grant to the head of its response.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::HttpClient;
use super::address;
use super::body::Counted;
use super::target::{Host, Target};
use crate::budget::LimitHit;
use crate::capabilities::{HttpRequests, Scheme};
use crate::log::Log;
use crate::outside::{HttpRecord, Open, Outside};
use crate::{Grants, LogLevel, LogRecord};

/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// Bytes of a response's head and of the buffer between, and headers of it.
const BUFFER: usize = 64 << 10;
const HEADERS: usize = 100;

/// What drives the connection while the response's body is read.
pub(crate) type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Something that bytes go through.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// All that one request needs.
pub(crate) struct Exchange {
    /// None where a run has no HTTP at all.
    client: Option<Arc<HttpClient>>,
    grants: Arc<Grants>,
    outside: Arc<Outside>,
    log: Arc<Mutex<Log>>,
    options: Option<RequestOptions>,
    open: Open,
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) struct Failed {
    /// In the words of `wasi:http`.
    pub(crate) error: Error,
    /// What the log has of it, when it has something.
    pub(crate) told: Option<String>,
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            told: None,
        }
    }
}

/// A request that is recorded whatever becomes of it: also when nobody waits for its answer any more.
struct Noted {
    outside: Arc<Outside>,
    record: HttpRecord,
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.outside.record(self.record.clone());
    }
}

impl Exchange {
    /// One of a run's requests, counted; none when as many as may be are under way.
    ///
    /// # Errors
    /// The run had all its requests.
    pub(crate) fn begin(
        grants: &Arc<Grants>,
        outside: &Arc<Outside>,
        log: &Arc<Mutex<Log>>,
        options: Option<RequestOptions>,
    ) -> Result<Option<Self>, LimitHit> {
        outside.request()?;
        Ok(outside.begin().map(|open| Self {
            client: grants.http().map(Arc::clone),
            grants: Arc::clone(grants),
            outside: Arc::clone(outside),
            log: Arc::clone(log),
            options,
            open,
        }))
    }

    /// Send the request.
    pub(crate) async fn send(
        self,
        request: Request<WasiBody>,
    ) -> Result<(Response<WasiBody>, Io), Failed> {
        let target = match Target::of(request.method(), request.uri()) {
            Ok(target) => target,
            Err(why) => {
                let text = format!("an HTTP request was refused: {why}");
                return Err(self.tell(Error::HttpRequestUriInvalid, text));
            }
        };
        let mut noted = Noted {
            outside: Arc::clone(&self.outside),
            record: HttpRecord {
                method: target.method.clone(),
                url: target.url(),
                address: None,
                status: None,
                error: Some("given up before there was an answer".to_owned()),
            },
        };
        let answer = self.exchange(request, &target, &mut noted.record).await;
        noted.record.error = None;
        match &answer {
            Ok((response, _)) => noted.record.status = Some(response.status().as_u16()),
            Err(failed) => noted.record.error = Some(failed.error.to_string()),
        }
        answer
    }

    async fn exchange(
        self,
        request: Request<WasiBody>,
        target: &Target,
        record: &mut HttpRecord,
    ) -> Result<(Response<WasiBody>, Io), Failed> {
        let grants = Arc::clone(&self.grants);
        let entries = target.granted(grants.capabilities());
        if entries.is_empty() {
            return Err(self.refuse(Error::HttpRequestDenied, target, "it is not granted", None));
        }
        let Some(client) = self.client.clone() else {
            let text = "no HTTP requests can be sent from here".to_owned();
            return Err(self.tell(Error::ConfigurationError, text));
        };
        let settings = &client.settings;
        let asked = |of: fn(&RequestOptions) -> Option<Duration>, most: Duration| {
            self.options.as_ref().and_then(of).unwrap_or(most).min(most)
        };
        let connect_time = asked(|options| options.connect_timeout, settings.connect_time);
        let answer_time = asked(|options| options.first_byte_timeout, settings.answer_time);
        let pause = asked(|options| options.between_bytes_timeout, settings.pause);

        let deadline = Instant::now() + connect_time;
        let addresses = self.addresses(&client, target, &entries, deadline).await?;
        let (stream, address) = connect(&addresses, deadline).await?;
        record.address = Some(address.to_string());
        let stream: Box<dyn Stream> = match target.scheme {
            Scheme::Http => Box::new(stream),
            Scheme::Https => Box::new(self.secure(&client, stream, target, deadline).await?),
        };
        let handshake = hyper::client::conn::http1::Builder::new()
            .max_buf_size(BUFFER)
            .max_headers(HEADERS)
            .handshake(TokioIo::new(stream));
        let (mut sender, connection) = timeout_at(deadline, handshake)
            .await
            .map_err(|_| Error::ConnectionTimeout)??;

        let request = self.outgoing(request, target)?;
        let mut connection = Box::pin(connection);
        let mut open = true;
        let response = timeout(answer_time, async {
            let mut answer = std::pin::pin!(sender.send_request(request));
            tokio::select! {
                biased;
                response = &mut answer => response,
                _ = &mut connection => {
                    // How it ended matters to the answer alone, which may have come whole before.
                    open = false;
                    answer.await
                }
            }
        })
        .await
        .map_err(|_| Error::ConnectionReadTimeout)??;
        // Whatever protocol this would be, it is none that was granted.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::HttpUpgradeFailed.into());
        }
        let (outside, place) = (self.outside, self.open);
        let response = response.map(|body| {
            let body = body.map_err(Error::from);
            Counted::response(body, outside, pause, place).boxed_unsync()
        });
        let io = async move {
            // What goes wrong is told to whoever reads the body.
            if open {
                let _ = connection.await;
            }
            Ok(())
        };
        Ok((response, Box::new(io)))
    }

    /// The addresses that may be connected to.
    async fn addresses(
        &self,
        client: &HttpClient,
        target: &Target,
        entries: &[&HttpRequests],
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, Failed> {
        let found = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolve(client, name, target.port, deadline).await?,
        };
        let mut refused = None;
        let mut allowed = Vec::new();
        for found in found {
            let found = address::plain(found);
            match why_not(client, found, entries) {
                Some(why) => {
                    refused.get_or_insert((found, why));
                }
                None => allowed.push(SocketAddr::new(found, target.port)),
            }
        }
        match refused {
            Some((address, why)) if allowed.is_empty() => {
                let why = format!("its address {address} is {why}");
                Err(self.refuse(Error::DestinationIpProhibited, target, &why, Some(address)))
            }
            _ if allowed.is_empty() => Err(Error::DestinationNotFound.into()),
            _ => Ok(allowed),
        }
    }

    async fn resolve(
        &self,
        client: &HttpClient,
        name: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, Failed> {
        if let Some(known) = client.settings.hosts.get(name) {
            return Ok(known.clone());
        }
        let lookups = Arc::clone(&client.lookups);
        let Ok(Ok(turn)) = timeout_at(deadline, lookups.acquire_owned()).await else {
            return Err(Error::DnsTimeout.into());
        };
        let asked = (name.to_owned(), port);
        let lookup = tokio::task::spawn_blocking(move || {
            // Until the resolver is done: a lookup cannot be stopped, and its thread is not to be had by others.
            let _turn = turn;
            let found = asked.to_socket_addrs()?;
            Ok(found.map(|found| found.ip()).take(ADDRESSES).collect())
        });
        let found: Result<Vec<IpAddr>, std::io::Error> = match timeout_at(deadline, lookup).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => return Err(Error::InternalError(None).into()),
            Err(_) => return Err(Error::DnsTimeout.into()),
        };
        found.map_err(|error| {
            let not_found = Error::DnsError {
                rcode: None,
                info_code: None,
            };
            self.tell(not_found, format!("the name {name} was not found: {error}"))
        })
    }

    async fn secure(
        &self,
        client: &HttpClient,
        stream: TcpStream,
        target: &Target,
        deadline: Instant,
    ) -> Result<impl Stream + use<>, Failed> {
        let name = match &target.host {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
            Host::Address(address) => ServerName::from(*address),
        };
        let connector = TlsConnector::from(Arc::clone(&client.tls));
        match timeout_at(deadline, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => {
                let text = format!("TLS with {}: {error}", target.authority());
                let cause = error
                    .get_ref()
                    .and_then(|e| e.downcast_ref::<rustls::Error>());
                let kind = match cause {
                    Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
                    _ => Error::TlsProtocolError,
                };
                Err(self.tell(kind, text))
            }
            Err(_) => Err(Error::ConnectionTimeout.into()),
        }
    }

    /// The request as it is written: only its path in the first line, and the host that was checked in the header.
    fn outgoing(
        &self,
        request: Request<WasiBody>,
        target: &Target,
    ) -> Result<Request<Counted<WasiBody>>, Error> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = http::Uri::builder()
            .path_and_query(path)
            .build()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        let host =
            HeaderValue::try_from(target.authority()).map_err(|_| Error::HttpRequestUriInvalid)?;
        parts.headers.insert(header::HOST, host);
        let body = Counted::request(body, Arc::clone(&self.outside));
        Ok(Request::from_parts(parts, body))
    }

    fn refuse(&self, error: Error, target: &Target, why: &str, address: Option<IpAddr>) -> Failed {
        let text = format!(
            "{} {} was refused: {why}; ask for the capability {}",
            target.method,
            target.url(),
            target.wanted(address)
        );
        if self.outside.missing(&text) {
            self.say(&text);
        }
        Failed {
            error,
            told: Some(text),
        }
    }

    /// A failure that is told in the log.
    fn tell(&self, error: Error, text: String) -> Failed {
        self.say(&text);
        Failed {
            error,
            told: Some(text),
        }
    }

    /// A warning in the run's log; what goes over its budget is dropped.
    fn say(&self, message: &str) {
        let record = LogRecord {
            level: LogLevel::Warn,
            message: message.to_owned(),
            fields: Vec::new(),
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = log.record(record);
    }
}

/// Why an address is not to be reached by any of these entries.
fn why_not(client: &HttpClient, found: IpAddr, entries: &[&HttpRequests]) -> Option<&'static str> {
    let mut refused = client.settings.refused.iter();
    let why = address::special(found).or_else(|| {
        let ours = refused.any(|net| net.contains(&found));
        ours.then_some("one that hookbox's administrator keeps from hooks")
    })?;
    let granted = entries
        .iter()
        .any(|entry| entry.addresses.iter().any(|net| net.contains(&found)));
    (!granted).then_some(why)
}

async fn connect(
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<(TcpStream, SocketAddr), Error> {
    let mut last = Error::DestinationUnavailable;
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        // Each gets its part of the time that is left, so that one that is silent does not take that of the others.
        let now = Instant::now();
        let part = deadline.saturating_duration_since(now) / left.max(1);
        left = left.saturating_sub(1);
        match timeout_at(now + part, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok((stream, *address));
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                last = Error::ConnectionRefused;
            }
            Ok(Err(error)) => last = Error::Connect(error),
            Err(_) => last = Error::ConnectionTimeout,
        }
    }
    Err(last)
}
