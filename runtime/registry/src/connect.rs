//! Connections: the name is resolved, the addresses checked, and one of those that were checked is connected to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{RegistryError, address};

/// Makes connections. `loopback` says whether they may go to this machine itself.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    loopback: bool,
    time: Duration,
}

impl Connector {
    pub(crate) fn new(tls: TlsConnector, loopback: bool, time: Duration) -> Self {
        Self {
            tls,
            loopback,
            time,
        }
    }
}

/// TLS as it is spoken to registries: the platform's authorities and these (PEM); where the platform has none, the ones
/// that browsers trust.
pub(crate) fn tls(authorities: &[u8]) -> Result<TlsConnector, RegistryError> {
    let mut roots = RootCertStore::empty();
    let platform = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(platform.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let bad =
        |why: String| RegistryError::Settings(format!("the authorities' certificates: {why}"));
    if !authorities.is_empty() {
        let blocks = pem::parse_many(authorities).map_err(|error| bad(error.to_string()))?;
        let mut added = 0;
        for block in blocks
            .into_iter()
            .filter(|block| block.tag() == "CERTIFICATE")
        {
            roots
                .add(block.into_contents().into())
                .map_err(|error| bad(error.to_string()))?;
            added += 1;
        }
        if added == 0 {
            return Err(bad("there is no certificate in PEM form".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RegistryError::Settings(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// `host:port` of an address, as it is named in messages.
pub(crate) fn place(uri: &Uri) -> String {
    uri.authority()
        .map_or_else(String::new, |authority| authority.as_str().to_owned())
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = RegistryError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Stream>, RegistryError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RegistryError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let late = RegistryError::Timeout {
                host: place(&uri),
                what: "answer a connection",
                seconds: this.time.as_secs(),
            };
            timeout(this.time, this.connect(&uri))
                .await
                .map_err(|_| late)?
        })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<TokioIo<Stream>, RegistryError> {
        let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let unreachable = |error: io::Error| RegistryError::Unreachable {
            host: place(uri),
            why: error.to_string(),
        };
        let found: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => tokio::net::lookup_host((bare, port))
                .await
                .map_err(unreachable)?
                .collect(),
        };
        // One that is refused among many is no reason to use the others: whoever answers so means no good.
        for found in &found {
            if let Some(what) = address::refused(found.ip(), self.loopback) {
                return Err(RegistryError::Address {
                    host: place(uri),
                    address: found.ip(),
                    what,
                });
            }
        }
        let stream = TcpStream::connect(found.as_slice())
            .await
            .map_err(unreachable)?;
        let _ = stream.set_nodelay(true);
        if !secure {
            return Ok(TokioIo::new(Stream::Plain(stream)));
        }
        let untrusted = |why: String| RegistryError::Tls {
            host: place(uri),
            why,
        };
        let name =
            ServerName::try_from(bare.to_owned()).map_err(|error| untrusted(error.to_string()))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| {
            if is_tls(&error) {
                untrusted(error.to_string())
            } else {
                RegistryError::NotTls { host: place(uri) }
            }
        })?;
        Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
    }
}

/// Whether what failed was TLS at all: a server of plain HTTP answers with other bytes, or hangs up.
fn is_tls(error: &io::Error) -> bool {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidMessage(_)) => false,
        Some(_) => true,
        None => !matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
        ),
    }
}

/// A connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
