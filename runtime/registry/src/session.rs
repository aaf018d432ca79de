//! What is asked of one registry about one repository: who asks is said when it is asked for, redirects are followed
//! where they may lead.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;

use crate::artifact::Descriptor;
use crate::body::Upload;
use crate::connect::place;
use crate::settings::{Progress, Stage};
use crate::transport::{self, Transport};
use crate::{Credential, Credentials, Digest, Reference, RegistryError, Settings, challenge};

/// Manifests that are understood, or refused by name: [`MANIFEST`](crate::artifact::MANIFEST) and
/// [`INDEX`](crate::artifact::INDEX).
const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// Redirects that are followed for one answer.
const REDIRECTS: usize = 5;

/// What may be done with the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Pull,
    Push,
}

/// One registry, one repository, one access.
pub(crate) struct Session<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) settings: &'a Settings,
    pub(crate) credential: Option<&'a Credential>,
    reference: &'a Reference,
    /// `https://host`
    base: Uri,
    access: Access,
    authorization: Mutex<Option<HeaderValue>>,
}

/// One request.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) accept: Option<&'static str>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Bytes,
    pub(crate) progress: Option<Progress>,
}

impl<'a> Session<'a> {
    pub(crate) async fn open(
        transport: &'a Transport,
        settings: &'a Settings,
        reference: &'a Reference,
        credentials: &'a Credentials,
        access: Access,
    ) -> Result<Self, RegistryError> {
        let host = reference.api_host();
        let base = |scheme: &str| {
            format!("{scheme}://{host}/")
                .parse::<Uri>()
                .map_err(|_| RegistryError::Reference {
                    text: reference.to_string(),
                    why: "its registry is not a host",
                })
        };
        let mut session = Self {
            transport,
            settings,
            credential: credentials.find(reference),
            reference,
            base: base("https")?,
            access,
            authorization: Mutex::new(None),
        };
        if session.is_listed() {
            session.base = base("http")?;
        } else if settings.loopback && is_here(&session.base) {
            // Such ones rarely have a certificate.
            let probe = session
                .once(&session.uri("/v2/")?, &Ask::default(), None)
                .await;
            if let Err(RegistryError::NotTls { .. }) = probe {
                session.base = base("http")?;
            }
        }
        Ok(session)
    }

    pub(crate) fn host(&self) -> &str {
        self.reference.api_host()
    }

    pub(crate) fn repository(&self) -> &str {
        self.reference.repository()
    }

    pub(crate) fn actions(&self) -> &'static str {
        match self.access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.base.scheme_str() == Some("http")
    }

    fn is_listed(&self) -> bool {
        let registry = self.reference.registry();
        self.settings
            .plain_http
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(registry))
    }

    /// Whether this address may be this machine's own: the registry's, where that is allowed; another's (a token
    /// server's, a redirect's), where the registry itself is known to be here.
    pub(crate) fn may_be_here(&self, uri: &Uri) -> bool {
        let own = uri.authority() == self.base.authority();
        (self.is_listed() || self.settings.loopback) && (own || is_here(&self.base))
    }

    /// The address of something of the repository, such as `manifests/latest`.
    pub(crate) fn part(&self, part: &str) -> Result<Uri, RegistryError> {
        self.uri(&format!("/v2/{}/{part}", self.repository()))
    }

    fn uri(&self, path: &str) -> Result<Uri, RegistryError> {
        transport::location(&self.base, path).ok_or_else(|| RegistryError::Protocol {
            host: self.host().to_owned(),
            why: "it leads to an address that cannot be used".to_owned(),
        })
    }

    /// Where an answer leads: within the registry's own host, by the same scheme or a better one.
    pub(crate) fn onward(
        &self,
        from: &Uri,
        what: &str,
        response: &Response<Incoming>,
    ) -> Result<Uri, RegistryError> {
        let refused = |why: &str| RegistryError::Redirect {
            host: place(from),
            what: what.to_owned(),
            why: why.to_owned(),
        };
        let target = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| transport::location(from, value))
            .ok_or_else(|| refused("it says no address that can be used"))?;
        if from.scheme_str() == Some("https") && target.scheme_str() != Some("https") {
            return Err(refused("it leads from https:// to http://"));
        }
        Ok(target)
    }

    /// Ask, saying who asks where the registry wants to know.
    pub(crate) async fn ask(
        &self,
        uri: &Uri,
        what: &str,
        ask: &Ask,
    ) -> Result<Response<Incoming>, RegistryError> {
        let known = self.known();
        let response = self.once(uri, ask, known.clone()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_own(uri) {
            return Ok(response);
        }
        let Some(challenge) = challenge::read(response.headers()) else {
            return Ok(response);
        };
        let answer = self.answer(challenge).await?;
        // The same again would be refused again.
        if answer.is_none() || answer == known {
            return Err(RegistryError::Denied {
                host: place(uri),
                what: what.to_owned(),
                why: match self.credential {
                    None => "it wants credentials, and there are none for it".to_owned(),
                    Some(_) => self.transport.why(&place(uri), response).await,
                },
            });
        }
        *self.lock() = answer.clone();
        self.once(uri, ask, answer).await
    }

    /// Get, following redirects.
    pub(crate) async fn get(
        &self,
        part: &str,
        what: &str,
        accept: Option<&'static str>,
    ) -> Result<(String, Response<Incoming>), RegistryError> {
        let ask = Ask {
            accept,
            ..Ask::default()
        };
        let mut uri = self.part(part)?;
        for _ in 0..=REDIRECTS {
            let response = self.ask(&uri, what, &ask).await?;
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => uri = self.onward(&uri, what, &response)?,
                _ => {
                    let host = place(&uri);
                    let response = self.fine(&host, what, response).await?;
                    return Ok((host, response));
                }
            }
        }
        Err(RegistryError::Redirect {
            host: self.host().to_owned(),
            what: what.to_owned(),
            why: format!("it does so more than {REDIRECTS} times"),
        })
    }

    /// A manifest's bytes and digest. With a digest they are the ones that were asked for.
    pub(crate) async fn manifest(
        &self,
        identifier: &str,
    ) -> Result<(Bytes, Digest), RegistryError> {
        // A digest stands behind another sign than a tag.
        let sign = if identifier.contains(':') { '@' } else { ':' };
        let what = format!(
            "{}/{}{sign}{identifier}",
            self.reference.registry(),
            self.repository()
        );
        let (host, response) = self
            .get(&format!("manifests/{identifier}"), &what, Some(MANIFESTS))
            .await?;
        let said = response
            .headers()
            .get("docker-content-digest")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<Digest>().ok());
        let what = format!("the manifest of {what}");
        let limit = self.settings.max_manifest_size;
        let bytes = self.transport.read(&host, &what, response, limit).await?;
        let got = Digest::of(&bytes);
        match identifier.parse::<Digest>().ok().or(said) {
            Some(wanted) if wanted != got => Err(RegistryError::DigestMismatch {
                what: format!("{what} from {host}"),
                got,
                wanted,
            }),
            _ => Ok((bytes, got)),
        }
    }

    /// A part of an image, which has at most `limit` bytes, and just the digest and size that the manifest says.
    pub(crate) async fn blob(
        &self,
        descriptor: &Descriptor,
        what: &str,
        limit: u64,
        progress: bool,
    ) -> Result<Vec<u8>, RegistryError> {
        let (digest, size) = (descriptor.digest, descriptor.size);
        if size > limit {
            return Err(RegistryError::TooLarge {
                what: what.to_owned(),
                limit,
            });
        }
        let (host, response) = self.get(&format!("blobs/{digest}"), what, None).await?;
        let progress = self.settings.progress.as_ref().filter(|_| progress);
        let tell = |got| {
            if let Some(progress) = progress {
                progress(Stage::Download, got, size);
            }
        };
        self.transport
            .read_exactly(&host, what, response, size, digest, tell)
            .await
    }

    /// The answer, unless its status says that it is none.
    pub(crate) async fn fine(
        &self,
        host: &str,
        what: &str,
        response: Response<Incoming>,
    ) -> Result<Response<Incoming>, RegistryError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let (host, what) = (host.to_owned(), what.to_owned());
        if status == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotFound { host, what });
        }
        let why = self.transport.why(&host, response).await;
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                RegistryError::Denied { host, what, why }
            }
            _ => RegistryError::Status {
                host,
                what,
                status: status.as_u16(),
                why,
            },
        })
    }

    async fn once(
        &self,
        uri: &Uri,
        ask: &Ask,
        authorization: Option<HeaderValue>,
    ) -> Result<Response<Incoming>, RegistryError> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(uri)
            .header(USER_AGENT, concat!("hookbox/", env!("CARGO_PKG_VERSION")));
        if let Some(accept) = ask.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(content_type) = ask.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        // Not to where the registry redirects: the address itself says there what is allowed.
        if let Some(authorization) = authorization.filter(|_| self.is_own(uri)) {
            request = request.header(AUTHORIZATION, authorization);
        }
        let body = Upload::new(ask.body.clone(), ask.progress.clone());
        let request = request.body(body).map_err(|_| RegistryError::Protocol {
            host: self.host().to_owned(),
            why: "it leads to an address that cannot be used".to_owned(),
        })?;
        self.transport.send(request, self.may_be_here(uri)).await
    }

    fn is_own(&self, uri: &Uri) -> bool {
        uri.authority() == self.base.authority() && uri.scheme() == self.base.scheme()
    }

    fn known(&self) -> Option<HeaderValue> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        self.authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the host is this machine by its very name.
fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
