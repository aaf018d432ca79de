//! A server on loopback, for HTTP requests of guests. What it answers is told by the path.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;

/// The server, until the tests end.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The first line and the headers of each request.
    requests: Arc<Mutex<Vec<String>>>,
    /// The authority that signed its certificate, as PEM; empty without TLS.
    pub(crate) authority: String,
}

impl Server {
    /// A server in the clear.
    pub(crate) fn start() -> Self {
        Self::serve(None, String::new())
    }

    /// A server with a certificate for this name.
    pub(crate) fn with_tls(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Self::serve(Some(Arc::new(config)), authority)
    }

    fn serve(tls: Option<Arc<rustls::ServerConfig>>, authority: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (tls, seen) = (tls.clone(), Arc::clone(&seen));
                thread::spawn(move || {
                    let Ok(stream) = stream else { return };
                    match tls {
                        None => answer(stream, &seen),
                        Some(tls) => {
                            let connection = rustls::ServerConnection::new(tls).unwrap();
                            answer(rustls::StreamOwned::new(connection, stream), &seen);
                        }
                    }
                });
            }
        });
        Self {
            address,
            requests,
            authority,
        }
    }

    /// What it was asked, in the order of the requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

trait Stream: std::io::Read + Write {}
impl Stream for TcpStream {}
impl Stream for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {}

fn answer(mut stream: impl Stream, seen: &Mutex<Vec<String>>) {
    let mut head = String::new();
    let mut length = 0;
    let mut reader = BufReader::new(&mut stream);
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(1..) => {}
            _ => return,
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(head);
    let _ = respond(&mut stream, &path);
}

fn respond(stream: &mut impl Write, path: &str) -> std::io::Result<()> {
    let (word, rest) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path.trim_start_matches('/'), ""));
    match word {
        // `/to/http://…`: somewhere else.
        "to" => write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: {rest}\r\ncontent-length: 0\r\n\r\n"
        ),
        // A body that does not end.
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 16 << 10])?;
            }
        }
        // A head that does not end.
        "headers" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for number in 0.. {
                write!(stream, "x-{number}: {}\r\n", "y".repeat(100))?;
            }
            Ok(())
        }
        // Says that it is longer than it is.
        "short" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfew"),
        // Something else than what was asked for.
        "upgrade" => stream.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
        "garbage" => stream.write_all(b"SSH-2.0-none\r\n\r\n"),
        // An answer that is begun and never goes on: the connection stays open until the client goes.
        "silent" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfew")?;
            stream.flush()?;
            loop {
                thread::park();
            }
        }
        _ => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"),
    }?;
    stream.flush()
}
