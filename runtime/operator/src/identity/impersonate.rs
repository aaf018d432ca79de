//! Requests as somebody else.

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use kube::Client;
use kube::client::Body;
use tower::BoxError;

use crate::source::{Tenant, TenantError};

/// What all headers of impersonation begin with.
const PREFIX: &str = "impersonate-";
const USER: HeaderName = HeaderName::from_static("impersonate-user");

/// The same client, whose requests are the tenant's: the API server adds a ServiceAccount's groups by itself. Whatever
/// else a request says of impersonation is dropped. A tenant whose names Kubernetes does not take gets no request through.
#[must_use]
pub fn impersonating(client: &Client, tenant: &Tenant) -> Client {
    let user = user(tenant);
    let client_of = client.clone();
    let service = tower::service_fn(move |mut request: Request<Body>| {
        let (client, user) = (client_of.clone(), user.clone());
        async move {
            set(request.headers_mut(), user?);
            client.send(request).await.map_err(BoxError::from)
        }
    });
    Client::new(service, tenant.namespace.clone())
}

fn user(tenant: &Tenant) -> Result<HeaderValue, TenantError> {
    tenant.check()?;
    HeaderValue::try_from(tenant.user())
        .map_err(|_| TenantError::ServiceAccount(tenant.service_account.clone()))
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
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A client that notes the headers it is sent.
    fn noting() -> (Client, Arc<Mutex<Vec<HeaderMap>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = tower::service_fn({
            let seen = seen.clone();
            move |request: Request<Body>| {
                seen.lock().unwrap().push(request.headers().clone());
                async { Ok::<_, BoxError>(http::Response::new(Body::empty())) }
            }
        });
        (Client::new(service, "default"), seen)
    }

    #[tokio::test]
    async fn a_request_is_the_tenants_and_nobody_elses() {
        let (client, seen) = noting();
        let tenant = Tenant::new("team-a", "cleaner").unwrap();
        let request = Request::get("/api")
            .header("Impersonate-User", "admin")
            .header("Impersonate-User", "root")
            .header("impersonate-group", "system:masters")
            .header("Impersonate-Extra-scopes", "all")
            .header("impersonate-uid", "0")
            .header("accept", "application/json")
            .body(Body::empty())
            .unwrap();
        impersonating(&client, &tenant).send(request).await.unwrap();
        let seen = seen.lock().unwrap();
        let about: Vec<_> = seen[0]
            .iter()
            .filter(|(name, _)| name.as_str().starts_with(PREFIX))
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            about,
            [("impersonate-user", "system:serviceaccount:team-a:cleaner")]
        );
        assert_eq!(seen[0]["accept"], "application/json");
    }

    #[tokio::test]
    async fn a_tenant_of_another_name_asks_nothing() {
        let (client, seen) = noting();
        let tenant = Tenant {
            namespace: "team-a".into(),
            service_account: "b:c".into(),
        };
        let request = Request::get("/api").body(Body::empty()).unwrap();
        assert!(impersonating(&client, &tenant).send(request).await.is_err());
        assert!(seen.lock().unwrap().is_empty());
    }
}
