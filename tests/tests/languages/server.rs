//! A server that the hook `fetch` asks.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The server, until the tests end.
pub(crate) struct Server {
    address: SocketAddr,
}

pub(crate) fn start() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is none of the tests' business.
            let _ = answer(stream);
        }
    });
    Server { address }
}

impl Server {
    /// A text with its address in place of the words for it.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("\"{{port}}\"", &self.address.port().to_string())
            .replace("[{{port}}]", &format!("[{}]", self.address.port()))
            .replace("{{server}}", &self.address.to_string())
    }

    /// The words again.
    pub(crate) fn unfill(&self, text: &str) -> String {
        text.replace(&self.address.to_string(), "{{server}}")
            .replace(&format!("[{}]", self.address.port()), "[{{port}}]")
    }
}

fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked = head.lines().next().unwrap_or_default();
    let has = |header: &str| {
        head.to_ascii_lowercase()
            .contains(&format!("\r\n{header}\r\n"))
    };
    let (status, body) = match asked {
        "GET /json?q=1 HTTP/1.1" if has("x-asked-by: a hook") => {
            ("200 OK", b"{\"version\": 7}".to_vec())
        }
        "POST /echo HTTP/1.1" if has("content-type: application/json") => ("201 Created", body),
        _ => ("404 Not Found", b"not here".to_vec()),
    };
    let kind = if status.starts_with('4') {
        "text/plain"
    } else {
        "application/json"
    };
    let length = body.len();
    let stream = reader.get_mut();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(&body)
}
