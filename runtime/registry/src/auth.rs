//! Saying who asks: tokens from the token server that a registry names, or name and password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::body::Upload;
use crate::challenge::Challenge;
use crate::connect::place;
use crate::session::Session;
use crate::{Credential, RegistryError};

/// Most bytes of a token server's answer.
const TOKEN: u64 = 64 << 10;

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Session<'_> {
    /// The value of `Authorization` that answers a challenge; none when there is nothing to say.
    pub(crate) async fn answer(
        &self,
        challenge: Challenge,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        match (challenge, self.credential) {
            (_, Some(Credential::Token(token))) => secret(&format!("Bearer {token}")).map(Some),
            (Challenge::Basic, Some(Credential::Password { username, password })) => {
                basic(username, password).map(Some)
            }
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service }, _) => {
                let token = self.token(&realm, service.as_deref()).await?;
                secret(&format!("Bearer {token}")).map(Some)
            }
        }
    }

    /// A token for this repository.
    async fn token(&self, realm: &str, service: Option<&str>) -> Result<String, RegistryError> {
        let against = |why: &str| RegistryError::Protocol {
            host: self.host().to_owned(),
            why: why.to_owned(),
        };
        let uri: Uri = realm
            .parse()
            .map_err(|_| against("its token server has no address"))?;
        let named = uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'));
        let https = uri.scheme_str() == Some("https");
        // Credentials go there: by plain HTTP only where the registry itself is spoken to by plain HTTP.
        if !named || !(https || (self.is_plain() && uri.scheme_str() == Some("http"))) {
            return Err(against("its token server is not at an https:// address"));
        }
        let scope = format!("repository:{}:{}", self.repository(), self.actions());
        let request = match self.credential {
            Some(Credential::Identity(token)) => {
                let form = form(&[
                    ("grant_type", "refresh_token"),
                    ("client_id", "hookbox"),
                    ("refresh_token", token),
                    ("service", service.unwrap_or_default()),
                    ("scope", &scope),
                ]);
                Request::builder()
                    .method(Method::POST)
                    .uri(&uri)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(ACCEPT, "application/json")
                    .body(Upload::new(Bytes::from(form), None))
            }
            credential => {
                let mut pairs = vec![("scope", scope.as_str())];
                pairs.extend(service.map(|service| ("service", service)));
                let between = if uri.query().is_some() { '&' } else { '?' };
                let mut request = Request::builder()
                    .uri(format!("{uri}{between}{}", form(&pairs)))
                    .header(ACCEPT, "application/json");
                if let Some(Credential::Password { username, password }) = credential {
                    request = request.header(AUTHORIZATION, basic(username, password)?);
                }
                request.body(Upload::new(Bytes::new(), None))
            }
        }
        .map_err(|_| against("its token server has no address that can be used"))?;
        let host = place(&uri);
        let response = self.transport.send(request, self.may_be_here(&uri)).await?;
        let response = self.fine(&host, "a token", response).await?;
        let bytes = self
            .transport
            .read(&host, "a token", response, TOKEN)
            .await?;
        // The library's own text may show what is in the document.
        let answer: Answer = serde_json::from_slice(&bytes)
            .map_err(|_| against("its token server's answer is not a token"))?;
        answer
            .token
            .or(answer.access_token)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| against("its token server's answer is without a token"))
    }
}

fn basic(username: &str, password: &str) -> Result<HeaderValue, RegistryError> {
    let both = STANDARD.encode(format!("{username}:{password}"));
    secret(&format!("Basic {both}"))
}

/// A header that is not shown.
fn secret(text: &str) -> Result<HeaderValue, RegistryError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        RegistryError::Credentials("a token has characters that no header has".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn form(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect::<Vec<_>>()
        .join("&")
}
