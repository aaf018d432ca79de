//! The last look at the term, when a request is about to leave.
//!
//! Between the writer's own look and the first byte on the wire a connection may have to be made, or the whole process may
//! be stopped and go on half a minute later. A request's body is asked for right before the bytes are written: one whose
//! term is over gives an error instead, and the request is never whole.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use kube::client::Body;

use super::Term;

/// Lets a request leave only while the term holds. Takes effect where the client's connections are [`guarded`].
pub(crate) fn guard<B>(request: &mut Request<B>, term: &Term) {
    request.extensions_mut().insert(term.clone());
}

/// The same request, its body watched by the term it was given.
pub(crate) fn guarded(request: Request<Body>) -> Request<Guarded> {
    let (head, body) = request.into_parts();
    let term = head.extensions.get::<Term>().cloned();
    Request::from_parts(head, Guarded { body, term })
}

/// A request's body that ends with an error once the term does not hold.
#[derive(Debug)]
pub(crate) struct Guarded {
    body: Body,
    term: Option<Term>,
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.term.as_ref().is_some_and(|term| !term.holds()) {
            return Poll::Ready(Some(Err("this replica leads no longer".into())));
        }
        Pin::new(&mut self.body)
            .poll_frame(context)
            .map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
