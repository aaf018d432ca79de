//! Counting what is asked of the API server: lists, watches, discovery and patches alike.

use std::sync::Arc;

use http::{Method, Request, Response, Uri};
use kube::Client;
use kube::client::Body;
use tokio::time::Instant;

use super::{Request as Labels, SelfMetrics};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Component {
    /// Discovery, lists and watches.
    Main,
    /// Patches.
    ObjectPatcher,
}

impl Component {
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::ObjectPatcher => "object_patcher",
        }
    }
}

/// The same client, with its requests counted. The time of a watch is that to the head of its answer. `server` is the
/// API server's address, where it is known.
pub(crate) fn counted(
    client: Client,
    metrics: Arc<SelfMetrics>,
    component: Component,
    server: Option<&Uri>,
) -> Client {
    let namespace = client.default_namespace().to_owned();
    let server = Arc::new(Server::of(server));
    let service = tower::service_fn(move |request: Request<Body>| {
        let count = Count {
            metrics: Arc::clone(&metrics),
            component,
            server: Arc::clone(&server),
            method: request.method().clone(),
            path: template(request.uri().path()),
            started: Instant::now(),
            status: None,
        };
        ask(client.clone(), request, count)
    });
    Client::new(service, namespace)
}

async fn ask(
    client: Client,
    request: Request<Body>,
    mut count: Count,
) -> kube::Result<Response<Body>> {
    let answer = client.send(request).await;
    count.status = answer.as_ref().ok().map(|a| a.status().as_u16());
    answer
}

/// The API server in labels.
#[derive(Debug, Default)]
struct Server {
    /// `https://10.0.0.1:6443`.
    url: String,
    /// `10.0.0.1:6443`.
    host: String,
}

impl Server {
    fn of(uri: Option<&Uri>) -> Self {
        // Without a user, whose name and password may be in an address.
        let Some((uri, authority)) = uri.and_then(|uri| Some((uri, uri.authority()?))) else {
            return Self::default();
        };
        let host = match authority.port() {
            Some(port) => format!("{}:{port}", authority.host()),
            None => authority.host().to_owned(),
        };
        let scheme = uri.scheme_str().unwrap_or("https");
        Self {
            url: format!("{scheme}://{host}"),
            host,
        }
    }
}

/// One request. Counted when it is over: answered, failed, or given up.
struct Count {
    metrics: Arc<SelfMetrics>,
    component: Component,
    server: Arc<Server>,
    method: Method,
    path: String,
    started: Instant,
    status: Option<u16>,
}

impl Drop for Count {
    fn drop(&mut self) {
        let labels = Labels {
            component: self.component.name(),
            method: self.method.as_str(),
            url: &[&*self.server.url, &*self.path].concat(),
            host: &self.server.host,
        };
        self.metrics
            .client_request(labels, self.status, self.started.elapsed());
    }
}

/// A path without the names of objects and namespaces, so that there are as many of them as kinds.
fn template(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (root, rest) = match *parts.as_slice() {
        ["api", _, ref rest @ ..] if !rest.is_empty() => (2, rest),
        ["apis", _, _, ref rest @ ..] if !rest.is_empty() => (3, rest),
        _ => return path.to_owned(),
    };
    let mut out: Vec<&str> = parts.iter().take(root).copied().collect();
    match *rest {
        ["namespaces", _, plural, ref rest @ ..] if !matches!(plural, "status" | "finalize") => {
            out.extend(["namespaces", "{namespace}", plural]);
            object(&mut out, rest);
        }
        [plural, ref rest @ ..] => {
            out.push(plural);
            object(&mut out, rest);
        }
        [] => {}
    }
    format!("/{}", out.join("/"))
}

/// The name of an object and its subresource, where there are any.
fn object<'a>(out: &mut Vec<&'a str>, rest: &[&'a str]) {
    if let [_, subresource @ ..] = rest {
        out.push("{name}");
        out.extend(subresource.iter().take(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_left_out_of_paths() {
        for (path, expected) in [
            ("/version", "/version"),
            ("/api", "/api"),
            ("/apis", "/apis"),
            ("/api/v1", "/api/v1"),
            ("/apis/apps/v1", "/apis/apps/v1"),
            ("/api/v1/pods", "/api/v1/pods"),
            ("/api/v1/namespaces", "/api/v1/namespaces"),
            ("/api/v1/namespaces/a", "/api/v1/namespaces/{name}"),
            (
                "/api/v1/namespaces/a/status",
                "/api/v1/namespaces/{name}/status",
            ),
            (
                "/api/v1/namespaces/a/pods",
                "/api/v1/namespaces/{namespace}/pods",
            ),
            (
                "/api/v1/namespaces/a/pods/b/log/c/d",
                "/api/v1/namespaces/{namespace}/pods/{name}/log",
            ),
            (
                "/apis/apps/v1/namespaces/a/deployments/b",
                "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
            ),
            (
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x",
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}",
            ),
        ] {
            assert_eq!(template(path), expected);
        }
    }

    #[test]
    fn the_server_is_named_without_its_user() {
        let server = |uri: &str| {
            let server = Server::of(Some(&uri.parse().unwrap()));
            (server.url, server.host)
        };
        let expected = |url: &str, host: &str| (url.to_owned(), host.to_owned());
        assert_eq!(
            server("https://10.0.0.1:6443/x"),
            expected("https://10.0.0.1:6443", "10.0.0.1:6443")
        );
        assert_eq!(
            server("http://me:secret@api.example/"),
            expected("http://api.example", "api.example")
        );
        assert_eq!(Server::of(None).url, "");
    }
}
