//! What must not be reached: a server on loopback, and files beside a granted folder.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;

use hookbox_hostile::tenants::{FOLDER, PORT};
use serde_json::Value;
use tempfile::TempDir;

/// What is nowhere to be seen but where it was granted.
pub(crate) const SECRET: &str = "treasure";

/// Both. The server is there until the tests end.
pub(crate) struct Outside {
    port: u16,
    files: TempDir,
}

impl Outside {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up has heard enough.
                let _ = answer(&stream);
            }
        });
        let files = tempfile::tempdir().unwrap();
        let (secret, folder) = (files.path().join("secret"), files.path().join("granted"));
        std::fs::write(&secret, SECRET).unwrap();
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.txt"), "hello").unwrap();
        symlink(&secret, folder.join("absolute")).unwrap();
        symlink(Path::new("../secret"), folder.join("relative")).unwrap();
        symlink(files.path(), folder.join("folder")).unwrap();
        Self { port, files }
    }

    /// An attack's words with the port and the folder in them.
    pub(crate) fn filled_in(&self, value: &Value) -> Value {
        let folder = self.files.path().join("granted");
        let port = self.port.to_string();
        let text = value.to_string();
        let text = text.replace(&format!("\"{PORT}\""), &port);
        let text = text.replace(PORT, &port);
        let text = text.replace(FOLDER, folder.to_str().unwrap());
        serde_json::from_str(&text).unwrap()
    }
}

fn answer(stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let mut stream = stream;
    match path.strip_prefix("/to/") {
        Some(to) => write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        ),
        None => write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{SECRET}",
            SECRET.len()
        ),
    }
}
