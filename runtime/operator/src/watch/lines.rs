//! The lines of a streamed answer.

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use kube::client::Body;

/// Bytes that one line may have at most. A stored object has at most about 1.5 MB.
const MAX_LINE: usize = 32 << 20;

/// Why there is no next line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("the connection broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a line is longer than {MAX_LINE} bytes")]
    TooLong,
}

/// Splits a body into lines.
pub(super) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// Bytes of the buffer that are known to hold no line end.
    searched: usize,
}

impl Lines {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            searched: 0,
        }
    }

    /// The next line that is not empty, without its end. None when the answer has ended; an unfinished last line is
    /// dropped, as what it would say is lost with the connection. May be cancelled and called again.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, LineError> {
        loop {
            if let Some(line) = self.take_line() {
                if !line.is_empty() {
                    return Ok(Some(line));
                }
                continue;
            }
            if self.buffer.len() > MAX_LINE {
                return Err(LineError::TooLong);
            }
            if self.buffer.is_empty() {
                // What a long list needed is given back: now nothing may come for hours.
                self.buffer = BytesMut::new();
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(LineError::Broken(Box::new(error))),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
            }
        }
    }

    fn take_line(&mut self) -> Option<Bytes> {
        let rest = self.buffer.get(self.searched..)?;
        let Some(at) = memchr::memchr(b'\n', rest) else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.searched + at).freeze();
        self.buffer.advance(1);
        self.searched = 0;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &str) -> Vec<String> {
        let mut lines = Lines::new(Body::from(text.as_bytes().to_vec()));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(String::from_utf8(line.to_vec()).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn lines_are_split_and_an_unfinished_one_is_dropped() {
        assert_eq!(all("a\n\nbb\nccc").await, ["a", "bb"]);
        assert!(all("").await.is_empty());
    }
}
