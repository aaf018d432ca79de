//! The process that asks: connections that are kept, each with one request at a time, over HTTP/1.1 as the API server
//! calls webhooks.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::stats::Samples;
use crate::{clock, print};

/// What is asked, by whom and for how long. As one word: a process is started with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) port: u16,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
    /// Components and hooks of each, asked in turn. No component: only whether the server is there.
    pub(crate) components: usize,
    pub(crate) hooks: usize,
}

impl Load {
    pub(super) fn word(&self) -> String {
        format!(
            "{}:{}:{}:{}:{}",
            self.port, self.connections, self.seconds, self.components, self.hooks
        )
    }

    fn parse(word: &str) -> Result<Self> {
        let mut parts = word.split(':');
        let mut next = || parts.next().context("too few numbers");
        Ok(Self {
            port: next()?.parse()?,
            connections: next()?.parse()?,
            seconds: next()?.parse()?,
            components: next()?.parse()?,
            hooks: next()?.parse()?,
        })
    }

    /// All requests, head and body.
    fn requests(&self) -> Vec<Vec<u8>> {
        if self.components == 0 {
            return vec![b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec()];
        }
        let body = super::review::pod();
        let length = body.len();
        let mut requests = Vec::new();
        for hook in 0..self.hooks {
            for component in 0..self.components {
                let id = hookbox_operator::webhook::safe_id(&format!(
                    "c{component:05}-h{hook:03}.bench.example.com"
                ));
                let text = format!(
                    "POST /hooks/{id}?timeout=10s HTTP/1.1\r\nHost: 127.0.0.1\r\n\
                     User-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\n\
                     Content-Type: application/json\r\nContent-Length: {length}\r\nAccept-Encoding: gzip\r\n\r\n{body}"
                );
                requests.push(text.into_bytes());
            }
        }
        requests
    }
}

/// The process. It says `begin` when it has warmed up, then how many requests there were and what they took (µs).
pub(crate) async fn child(word: &str, certificate: &Path) -> Result<()> {
    let load = Load::parse(word)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let requests = Arc::new(load.requests());

    let mut connections = Vec::new();
    for number in 0..load.connections {
        let stream = TcpStream::connect(("127.0.0.1", load.port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1")?;
        connections.push(Connection {
            stream: connector.connect(name, stream).await?,
            buffer: Vec::with_capacity(16 << 10),
            next: number,
        });
    }
    let warm = Duration::from_secs_f64((load.seconds / 4.0).min(1.0));
    let (connections, before) = all(connections, &requests, clock::now() + warm).await?;
    print::line("begin 1");
    let started = clock::now();
    let (_, times) = all(
        connections,
        &requests,
        started + Duration::from_secs_f64(load.seconds),
    )
    .await?;
    let took = started.elapsed();
    print::line(format_args!("requests {}", times.len()));
    print::line(format_args!("seconds {}", took.as_secs_f64()));
    print::line(format_args!("warm {}", before.len()));
    for (word, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
        print::line(format_args!("{word} {}", times.quantile(share)));
    }
    Ok(())
}

/// All connections at once, until then.
async fn all(
    connections: Vec<Connection>,
    requests: &Arc<Vec<Vec<u8>>>,
    until: Instant,
) -> Result<(Vec<Connection>, Samples)> {
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(connection.ask(requests.clone(), until)))
        .collect();
    let (mut connections, mut times) = (Vec::new(), Samples::default());
    for task in tasks {
        let (connection, some) = task.await??;
        connections.push(connection);
        times.append(some);
    }
    Ok((connections, times))
}

struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    next: usize,
}

impl Connection {
    async fn ask(mut self, requests: Arc<Vec<Vec<u8>>>, until: Instant) -> Result<(Self, Samples)> {
        let mut times = Samples::default();
        loop {
            let request = requests.get(self.next % requests.len()).context("one")?;
            self.next += 1;
            let started = clock::now();
            if started >= until {
                return Ok((self, times));
            }
            self.stream.write_all(request).await?;
            self.stream.flush().await?;
            self.answer(request.starts_with(b"POST")).await?;
            times.push_time(started.elapsed());
        }
    }

    /// Reads one answer, and whether it allows.
    async fn answer(&mut self, review: bool) -> Result<()> {
        self.buffer.clear();
        let (head, length) = loop {
            let count = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(count > 0, "the connection was closed");
            if let Some(found) = head(&self.buffer) {
                break found;
            }
        };
        while self.buffer.len() < head + length {
            let count = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(count > 0, "the connection was closed");
        }
        let text = str::from_utf8(&self.buffer)?;
        let good =
            text.starts_with("HTTP/1.1 200 ") && (!review || text.contains(r#""allowed":true"#));
        ensure!(good, "a wrong answer: {text}");
        Ok(())
    }
}

/// Where the head of an answer ends, and how long its body is.
fn head(answer: &[u8]) -> Option<(usize, usize)> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = str::from_utf8(answer.get(..end)?).ok()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    Some((end, length.unwrap_or(0)))
}
