//! A registry in this process: an honest one, to which each test adds what it lies about.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::stream;
use hookbox_registry::{Digest, Reference};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// What a test answers in place of the registry.
pub(crate) type Lie = Box<dyn Fn(&Parts) -> Option<Response<Body>> + Send + Sync>;

/// A registry that listens on loopback until the test ends.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stored: Mutex<Stored>,
    lie: Mutex<Option<Lie>>,
    referrers: bool,
}

#[derive(Default)]
struct Stored {
    /// By path.
    blobs: BTreeMap<String, Bytes>,
    manifests: BTreeMap<String, (String, Bytes)>,
    /// Method, path and credentials of each request.
    seen: Vec<(String, Option<String>)>,
}

impl Registry {
    /// By plain HTTP.
    pub(crate) async fn start() -> Self {
        Self::listen(None, true).await
    }

    /// By plain HTTP, without the referrers' part of the interface.
    pub(crate) async fn without_referrers() -> Self {
        Self::listen(None, false).await
    }

    /// By TLS.
    pub(crate) async fn tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(acceptor), true).await
    }

    async fn listen(tls: Option<TlsAcceptor>, referrers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            referrers,
            ..State::default()
        });
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&served), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(state, stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(state, stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, state }
    }

    /// A reference to what is here.
    pub(crate) fn reference(&self, rest: &str) -> Reference {
        format!("{}/{rest}", self.address).parse().unwrap()
    }

    /// Answer so in place of the registry, from now on.
    pub(crate) fn lie(
        &self,
        lie: impl Fn(&Parts) -> Option<Response<Body>> + Send + Sync + 'static,
    ) {
        *self.state.lie.lock().unwrap() = Some(Box::new(lie));
    }

    /// Put a manifest in place.
    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        tag: &str,
        media_type: &str,
        text: &[u8],
    ) -> Digest {
        let digest = Digest::of(text);
        let mut stored = self.state.stored.lock().unwrap();
        for name in [tag.to_owned(), digest.to_string()] {
            stored.manifests.insert(
                format!("{repository}/{name}"),
                (media_type.to_owned(), Bytes::copy_from_slice(text)),
            );
        }
        digest
    }

    /// Put a blob in place.
    pub(crate) fn put_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.state.stored.lock().unwrap().blobs.insert(
            format!("{repository}/{digest}"),
            Bytes::copy_from_slice(bytes),
        );
        digest
    }

    /// A manifest's text.
    pub(crate) fn manifest(&self, repository: &str, name: &str) -> String {
        let stored = self.state.stored.lock().unwrap();
        let (_, bytes) = &stored.manifests[&format!("{repository}/{name}")];
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// A blob's text.
    pub(crate) fn blob(&self, repository: &str, digest: &str) -> String {
        let stored = self.state.stored.lock().unwrap();
        String::from_utf8(stored.blobs[&format!("{repository}/{digest}")].to_vec()).unwrap()
    }

    /// Method and path of the requests that came.
    pub(crate) fn seen(&self) -> Vec<String> {
        let stored = self.state.stored.lock().unwrap();
        stored.seen.iter().map(|(what, _)| what.clone()).collect()
    }

    /// Credentials of the requests that came.
    pub(crate) fn credentials(&self) -> Vec<Option<String>> {
        let stored = self.state.stored.lock().unwrap();
        stored.seen.iter().map(|(_, who)| who.clone()).collect()
    }
}

async fn serve(state: Arc<State>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { io::Result::Ok(state.answer(request).await) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let who = parts.headers.get(AUTHORIZATION);
        let seen = (
            format!("{} {}", parts.method, parts.uri),
            who.map(|value| value.to_str().unwrap().to_owned()),
        );
        self.stored.lock().unwrap().seen.push(seen);
        if let Some(answer) = self
            .lie
            .lock()
            .unwrap()
            .as_ref()
            .and_then(|lie| lie(&parts))
        {
            return answer;
        }
        let Ok(body) = body.collect().await else {
            return status(400);
        };
        self.honest(&parts, body.to_bytes())
    }

    fn honest(&self, parts: &Parts, body: Bytes) -> Response<Body> {
        let path = parts.uri.path().trim_start_matches("/v2/");
        let mut stored = self.stored.lock().unwrap();
        let read = matches!(parts.method, Method::GET | Method::HEAD);
        if path.is_empty() {
            return status(200);
        }
        if let Some((repository, upload)) = path.split_once("/blobs/uploads/") {
            return match parts.method {
                Method::POST => {
                    let mut answer = status(202);
                    let to = format!("/v2/{repository}/blobs/uploads/1?state=x");
                    answer.headers_mut().insert(LOCATION, to.parse().unwrap());
                    answer
                }
                _ if upload == "1" => {
                    let digest = Digest::of(&body);
                    let wanted = format!("state=x&digest={digest}");
                    if parts.uri.query() != Some(&wanted) {
                        return status(400);
                    }
                    stored.blobs.insert(format!("{repository}/{digest}"), body);
                    status(201)
                }
                _ => status(404),
            };
        }
        if let Some((repository, name)) = path.split_once("/manifests/") {
            let key = format!("{repository}/{name}");
            if read {
                return match stored.manifests.get(&key) {
                    Some((media_type, bytes)) => {
                        let mut answer = full(200, bytes.clone());
                        let media_type = media_type.parse().unwrap();
                        answer.headers_mut().insert(CONTENT_TYPE, media_type);
                        answer
                    }
                    None => status(404),
                };
            }
            let media_type = parts.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
            let digest = format!("{repository}/{}", Digest::of(&body));
            for key in [key, digest] {
                stored
                    .manifests
                    .insert(key, (media_type.clone(), body.clone()));
            }
            return status(201);
        }
        if let Some((repository, digest)) = path.split_once("/blobs/") {
            return match stored.blobs.get(&format!("{repository}/{digest}")) {
                Some(bytes) => full(200, bytes.clone()),
                None => status(404),
            };
        }
        if let Some((repository, digest)) =
            path.split_once("/referrers/").filter(|_| self.referrers)
        {
            return full(200, stored.referrers(repository, digest).into());
        }
        status(404)
    }
}

impl Stored {
    fn referrers(&self, repository: &str, digest: &str) -> String {
        let mut found = Vec::new();
        for (key, (media_type, bytes)) in &self.manifests {
            let manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
            let ours = key.starts_with(&format!("{repository}/sha256:"));
            if ours && manifest["subject"]["digest"] == digest {
                found.push(serde_json::json!({
                    "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len(),
                    "artifactType": manifest["artifactType"],
                }));
            }
        }
        serde_json::json!({"schemaVersion": 2, "manifests": found}).to_string()
    }
}

/// An answer without a body.
pub(crate) fn status(code: u16) -> Response<Body> {
    full(code, Bytes::new())
}

/// An answer with a body.
pub(crate) fn full(code: u16, bytes: Bytes) -> Response<Body> {
    let body = Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync();
    Response::builder().status(code).body(body).unwrap()
}

/// An answer that leads elsewhere.
pub(crate) fn redirect(to: &str) -> Response<Body> {
    let mut answer = status(307);
    answer.headers_mut().insert(LOCATION, to.parse().unwrap());
    answer
}

/// An answer that wants to know who asks.
pub(crate) fn challenge(text: &str) -> Response<Body> {
    let mut answer = status(401);
    answer
        .headers_mut()
        .insert("www-authenticate", text.parse().unwrap());
    answer
}

/// A body that never ends and says no length.
pub(crate) fn endless(piece: &'static [u8]) -> Response<Body> {
    let pieces = stream::repeat_with(move || Ok(Frame::data(Bytes::from_static(piece))));
    Response::new(StreamBody::new(pieces).boxed_unsync())
}

/// A body that stops after these bytes, and stays open.
pub(crate) fn silent(bytes: &'static [u8]) -> Response<Body> {
    use futures::StreamExt;
    let first = stream::once(async move { Ok(Frame::data(Bytes::from_static(bytes))) });
    Response::new(StreamBody::new(first.chain(stream::pending())).boxed_unsync())
}
