//! Bodies of requests, in pieces so that progress can be told.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::settings::{Progress, Stage};

/// Bytes of one piece.
const PIECE: usize = 64 << 10;

/// What is sent.
pub(crate) struct Upload {
    rest: Bytes,
    total: u64,
    progress: Option<Progress>,
}

impl Upload {
    pub(crate) fn new(bytes: Bytes, progress: Option<Progress>) -> Self {
        Self {
            total: bytes.len() as u64,
            rest: bytes,
            progress,
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        if let Some(progress) = &self.progress {
            progress(
                Stage::Upload,
                self.total - self.rest.len() as u64,
                self.total,
            );
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
