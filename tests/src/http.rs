//! Plain HTTP requests to servers on loopback, such as the operator's metrics.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status, such as 200.
    pub status: u16,
    /// Body as text.
    pub body: String,
}

/// `GET path`.
///
/// # Errors
/// When nobody listens, or what answers does not speak HTTP.
pub async fn get(address: impl ToSocketAddrs, path: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    // HTTP/1.0: the end of the answer is the end of the stream, and it comes in one piece.
    stream
        .write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())
        .await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let broken = || io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {answer}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(broken)?;
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}
