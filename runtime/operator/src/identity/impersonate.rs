//! Requests as somebody else.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OnceCell;
use tower::BoxError;

use crate::api::{self, ApiError};
use crate::source::{Tenant, TenantError};

/// What all headers of impersonation begin with.
const PREFIX: &str = "impersonate-";
const USER: HeaderName = HeaderName::from_static("impersonate-user");

const REVIEWS: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
/// Time for asking who one is.
const ANSWER: Duration = Duration::from_secs(10);

/// Why nothing can be asked as a tenant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImpersonateError {
    /// The tenant can be none.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Who the API server takes it for cannot be found out.
    #[error("whether requests are those of `{user}` could not be checked")]
    Unchecked {
        /// As whom it was asked.
        user: String,
        /// Why.
        #[source]
        source: ApiError,
    },
    /// The API server takes it for somebody else: something between here and there changes who asks, such as `as` in a
    /// kubeconfig.
    #[error(
        "requests as `{user}` reach the API server as `{found}`: hookbox needs a connection that does not impersonate by itself (`as` in the kubeconfig) and that no proxy changes"
    )]
    SomebodyElse {
        /// As whom it was asked.
        user: String,
        /// Whom the API server takes it for.
        found: String,
    },
}

impl ImpersonateError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tenant(error) => error.code(),
            Self::Unchecked { .. } => "identity-unchecked",
            Self::SomebodyElse { .. } => "identity",
        }
    }
}

/// The same client, whose requests are the tenant's: the API server adds a ServiceAccount's groups by itself. Whatever
/// else a request says of impersonation is dropped. Before the first one the API server is asked whom it takes this for:
/// unless it is the tenant, no request gets through.
#[must_use]
pub fn impersonating(client: &Client, tenant: &Tenant) -> Client {
    let shared = Arc::new(Shared {
        client: client.clone(),
        tenant: tenant.clone(),
        known: OnceCell::new(),
    });
    let service = tower::service_fn(move |mut request: Request<Body>| {
        let shared = shared.clone();
        async move {
            let user = shared.user().await.map_err(BoxError::from)?;
            set(request.headers_mut(), user);
            shared.client.send(request).await.map_err(BoxError::from)
        }
    });
    Client::new(service, tenant.namespace.clone())
}

/// Whether anything can be asked by such a client: hookbox may impersonate the tenant, and the API server takes it for that.
///
/// # Errors
/// Why not.
pub(crate) async fn prove(client: &Client) -> Result<(), ApiError> {
    let request = review().map_err(ApiError::Request)?;
    api::send(client, request, ANSWER).await.map(drop)
}

/// The question whom the API server takes somebody for.
fn review() -> Result<Request<Vec<u8>>, http::Error> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    Request::post(REVIEWS)
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(review.to_string().into_bytes())
}

struct Shared {
    client: Client,
    tenant: Tenant,
    /// The header, once it is known to do what it should.
    known: OnceCell<HeaderValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Review {
    status: ReviewStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReviewStatus {
    user_info: UserInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UserInfo {
    username: String,
}

impl Shared {
    async fn user(&self) -> Result<HeaderValue, ImpersonateError> {
        if let Some(user) = self.known.get() {
            return Ok(user.clone());
        }
        self.tenant.check()?;
        let user = self.tenant.user();
        let header = HeaderValue::try_from(&user)
            .map_err(|_| TenantError::ServiceAccount(self.tenant.service_account.clone()))?;
        let known = self.known.get_or_try_init(|| self.verify(user, header));
        match known.await {
            Ok(user) => Ok(user.clone()),
            Err(Unverified::Refused(header)) => Ok(header),
            Err(Unverified::Error(error)) => Err(error),
        }
    }

    /// Asks the API server whom it takes this for.
    async fn verify(&self, user: String, header: HeaderValue) -> Result<HeaderValue, Unverified> {
        let asked = async {
            let mut request = review().map_err(ApiError::Request)?;
            set(request.headers_mut(), header.clone());
            api::request::<Review>(&self.client, request, ANSWER).await
        };
        match asked.await {
            Ok(review) if review.status.user_info.username == user => Ok(header),
            Ok(review) => Err(Unverified::Error(ImpersonateError::SomebodyElse {
                user,
                found: review.status.user_info.username,
            })),
            Err(ApiError::Status {
                code: 403, message, ..
            }) if message.contains("cannot impersonate") => Err(Unverified::Refused(header)),
            Err(source) => Err(Unverified::Error(ImpersonateError::Unchecked {
                user,
                source,
            })),
        }
    }
}

enum Unverified {
    /// hookbox may not impersonate: so the header does what it should, and the request itself is refused with the words
    /// that say what is missing.
    Refused(HeaderValue),
    Error(ImpersonateError),
}

fn set(headers: &mut HeaderMap, user: HeaderValue) {
    let others: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(PREFIX))
        .cloned()
        .collect();
    for name in others {
        headers.remove(name);
    }
    headers.insert(USER, user);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    type Seen = Arc<Mutex<Vec<HeaderMap>>>;

    /// A client that notes the headers it is sent, and takes every asker for `known`, or for whom it says it is.
    fn noting(known: Option<&'static str>) -> (Client, Seen) {
        let seen = Seen::default();
        let service = tower::service_fn({
            let seen = seen.clone();
            move |request: Request<Body>| {
                let says = request.headers().get(USER).cloned();
                let says = says.map_or(String::new(), |s| s.to_str().unwrap().to_owned());
                if request.uri().path() != REVIEWS {
                    seen.lock().unwrap().push(request.headers().clone());
                }
                let name = known.map_or(says, str::to_owned);
                let review = json!({"status": {"userInfo": {"username": name}}}).to_string();
                async { Ok::<_, BoxError>(http::Response::new(Body::from(review.into_bytes()))) }
            }
        });
        (Client::new(service, "default"), seen)
    }

    fn request() -> Request<Body> {
        Request::get("/api")
            .header("Impersonate-User", "admin")
            .header("Impersonate-User", "root")
            .header("impersonate-group", "system:masters")
            .header("Impersonate-Extra-scopes", "all")
            .header("impersonate-uid", "0")
            .header("accept", "application/json")
            .body(Body::empty())
            .unwrap()
    }

    #[tokio::test]
    async fn a_request_is_the_tenants_and_nobody_elses() {
        let (client, seen) = noting(None);
        let tenant = Tenant::new("team-a", "cleaner").unwrap();
        let client = impersonating(&client, &tenant);
        client.send(request()).await.unwrap();
        client.send(request()).await.unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 2);
        for headers in &*seen {
            let about: Vec<_> = headers
                .iter()
                .filter(|(name, _)| name.as_str().starts_with(PREFIX))
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            assert_eq!(
                about,
                [("impersonate-user", "system:serviceaccount:team-a:cleaner")]
            );
            assert_eq!(headers["accept"], "application/json");
        }
    }

    #[tokio::test]
    async fn nothing_is_asked_as_somebody_else() {
        let (client, seen) = noting(Some("cluster-admin"));
        let tenant = Tenant::new("team-a", "cleaner").unwrap();
        let error = impersonating(&client, &tenant).send(request()).await;
        let text = api::chain(&error.unwrap_err());
        assert!(
            text.contains("reach the API server as `cluster-admin`"),
            "{text}"
        );
        assert!(seen.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_tenant_of_another_name_asks_nothing() {
        let (client, seen) = noting(None);
        let tenant = Tenant {
            namespace: "team-a".into(),
            service_account: "b:c".into(),
        };
        assert!(
            impersonating(&client, &tenant)
                .send(request())
                .await
                .is_err()
        );
        assert!(seen.lock().unwrap().is_empty());
    }
}
