//! Bodies that are counted, and that do not pause too long.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

use crate::outside::{Open, Outside};

/// A body whose bytes are counted on a run's account.
pub(super) struct Counted<B> {
    body: B,
    outside: Arc<Outside>,
    /// What the guest is told when there are too many.
    over: fn() -> Error,
    pause: Option<Pause>,
    /// A response's place among those that may be open.
    _open: Option<Open>,
}

struct Pause {
    length: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl<B> Counted<B> {
    /// Of a request.
    pub(super) fn request(body: B, outside: Arc<Outside>) -> Self {
        Self {
            body,
            outside,
            over: || Error::HttpRequestBodySize(None),
            pause: None,
            _open: None,
        }
    }

    /// Of a response, with at most `pause` between two parts.
    pub(super) fn response(body: B, outside: Arc<Outside>, pause: Duration, open: Open) -> Self {
        Self {
            body,
            outside,
            over: || Error::HttpResponseBodySize(None),
            pause: Some(Pause {
                length: pause,
                sleep: Box::pin(tokio::time::sleep(pause)),
            }),
            _open: Some(open),
        }
    }
}

impl<B> Body for Counted<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(pause) = &mut this.pause {
                    pause.sleep.as_mut().reset(Instant::now() + pause.length);
                }
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                match this
                    .outside
                    .transfer(u64::try_from(bytes).unwrap_or(u64::MAX))
                {
                    Ok(()) => Poll::Ready(Some(Ok(frame))),
                    Err(_) => Poll::Ready(Some(Err((this.over)()))),
                }
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match &mut this.pause {
                Some(pause) => pause
                    .sleep
                    .as_mut()
                    .poll(context)
                    .map(|()| Some(Err(Error::ConnectionReadTimeout))),
                None => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
