//! All of it, put together.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::handle::Handler;
use super::options::{Endpoint, Reach, WebhookOptions};
use super::pool::Pool;
use super::register::{
    Admissions, Api, Conversion, FIRST_PAUSE, Kind, Reached, Registrar, Target, TenantRegistrar,
    Way,
};
use super::routes::Routes;
use super::server::{Server, Shared, bind};
use super::sites::{Site, Sites};
use super::tls::{CertificateError, Keeper, Served as Shown};
use crate::backoff::Backoff;
use crate::engine::Engine;
use crate::http::HttpError;

/// Why webhooks are not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The certificate cannot be used.
    #[error("the webhook server has no certificate")]
    Certificate(#[from] CertificateError),
    /// The URL is none that a webhook can have.
    #[error("`{0}` is no URL for webhooks: it must be https://host:port, without a path")]
    Url(String),
}

impl WebhookError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Http(error) => error.code(),
            Self::Certificate(error) => error.code(),
            Self::Url(_) => "webhook-url",
        }
    }
}

/// Webhooks that are served, or will be. Dropped, all ends at once.
#[derive(Debug)]
pub(crate) struct Webhooks {
    stop: CancellationToken,
    /// What is kept registered for tenants.
    registering: TaskTracker,
    served: Option<Serving>,
    addresses: Arc<OnceLock<Vec<SocketAddr>>>,
}

#[derive(Debug)]
enum Serving {
    /// From the start: the operator's own hooks have some.
    Now(Served),
    /// As soon as a tenant's hook has one.
    Later(JoinHandle<Option<Served>>),
}

/// Servers, and what belongs to them.
#[derive(Debug)]
struct Served {
    servers: Vec<Server>,
    /// Keeping certificates and registrations.
    keeping: TaskTracker,
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Webhooks {
    /// Listens and registers, if any hook has webhooks; with `tenants`, as soon as one of theirs has.
    pub(crate) async fn start(
        engine: &Arc<Engine>,
        options: &WebhookOptions,
        tenants: Option<&Sites>,
    ) -> Result<Option<Self>, WebhookError> {
        let (routes, left_out) = Routes::new(&engine.hooks);
        for (number, (text, hook)) in left_out.iter().enumerate() {
            tracing::error!(hook = &**hook, "{text}");
            let key = format!("webhook left out {number}");
            engine
                .readiness
                .without(&key, &format!("hook {hook}: {text}"));
        }
        if routes.is_empty() && tenants.is_none() {
            return Ok(None);
        }
        let stop = CancellationToken::new();
        let registering = TaskTracker::new();
        let mut start = Start {
            engine: engine.clone(),
            options: options.clone(),
            tenants: tenants.cloned().unwrap_or_default(),
            reached: watch::Sender::new(None),
            stop: stop.clone(),
            addresses: Arc::default(),
        };
        let addresses = start.addresses.clone();
        if let (Some(sites), Some(cluster)) = (tenants, &engine.cluster) {
            let registrar = TenantRegistrar {
                sites: sites.clone(),
                api: Api(cluster.client.clone()),
                configuration: options.configuration.clone(),
                reached: start.reached.subscribe(),
                metrics: engine.metrics.clone(),
                interval: options.limits.register_interval,
                leads: engine.leads.subscribe(),
                unregister: options.unregister && !engine.elects,
            };
            registering.spawn(registrar.run(stop.clone()));
        }
        registering.close();
        let served = match routes.is_empty() {
            false => Serving::Now(start.serve(routes).await?),
            true => Serving::Later(tokio::spawn(async move { start.later().await })),
        };
        Ok(Some(Self {
            stop,
            registering,
            served: Some(served),
            addresses,
        }))
    }

    /// Where it listens, once it does.
    pub(crate) fn addresses(&self) -> Arc<OnceLock<Vec<SocketAddr>>> {
        self.addresses.clone()
    }

    /// Takes back what is registered, where that is asked for, and ends.
    pub(crate) async fn stop(mut self) {
        // First the API server is told, then nobody listens any more.
        self.stop.cancel();
        self.registering.wait().await;
        let served = match self.served.take() {
            Some(Serving::Now(served)) => Some(served),
            Some(Serving::Later(served)) => served.await.ok().flatten(),
            None => None,
        };
        let Some(served) = served else { return };
        served.keeping.wait().await;
        for server in served.servers {
            server.stop().await;
        }
    }
}

/// All that is needed to serve.
struct Start {
    engine: Arc<Engine>,
    options: WebhookOptions,
    tenants: Sites,
    /// How the API server reaches what is served.
    reached: watch::Sender<Option<Reached>>,
    stop: CancellationToken,
    addresses: Arc<OnceLock<Vec<SocketAddr>>>,
}

impl Start {
    /// Serves once there is something to serve. What keeps it from that is told where tenants look, and tried again.
    async fn later(mut self) -> Option<Served> {
        let stop = self.stop.clone();
        let serve = async {
            self.tenants.any().await;
            let mut pauses = Backoff::new(FIRST_PAUSE, self.options.limits.register_interval);
            loop {
                match self.serve(Routes::default()).await {
                    Ok(served) => {
                        self.tenants.set_fault(None);
                        return served;
                    }
                    Err(error) => {
                        let text = crate::api::chain(&error);
                        tracing::error!(
                            error = text,
                            "webhooks of tenants cannot be served; it is tried again"
                        );
                        self.tenants.set_fault(Some(text));
                        tokio::time::sleep(pauses.next_pause()).await;
                    }
                }
            }
        };
        let served = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            served = serve => served,
        };
        stop.cancelled().await;
        Some(served)
    }

    async fn serve(&mut self, routes: Routes) -> Result<Served, WebhookError> {
        let Self {
            engine, options, ..
        } = &*self;
        if let Reach::Url(url) = &options.reach {
            check_url(url)?;
        }
        let mut endpoints = vec![("admission", &options.admission)];
        let second = options.conversion.as_ref();
        let second = second.filter(|c| {
            !routes.conversion.is_empty()
                && (c.listen != options.admission.listen || c.listen.port() == 0)
        });
        endpoints.extend(second.map(|endpoint| ("conversion", endpoint)));
        let mut listeners = Vec::new();
        for (_, endpoint) in &endpoints {
            listeners.push(bind(endpoint.listen).await?);
        }
        let first = listeners.first().map(|(_, address)| *address);
        let reach = match (&options.reach, first) {
            (Reach::Listener, Some(address)) => Reach::Url(format!("https://{}", local(address))),
            (reach, _) => reach.clone(),
        };
        let namespace = options.namespace.clone().unwrap_or_else(|| {
            let cluster = engine.cluster.as_ref();
            cluster
                .map_or("default", |c| c.client.default_namespace())
                .to_owned()
        });
        let shown: Vec<Shown> = endpoints
            .iter()
            .map(|(what, e)| Shown::new(what, e.certificate.clone(), e.client_ca.clone()))
            .collect();
        let client = engine.cluster.as_ref().map(|c| c.client.clone());
        let place = client.clone().zip(options.secret.clone());
        let mut keeper = Keeper {
            names: names(&endpoints, &namespace, &reach),
            place: place.map(|(client, name)| super::tls::Place {
                client,
                namespace: namespace.clone(),
                name,
            }),
            made: None,
            served: shown,
            clock: engine.clock,
            metrics: engine.metrics.clone(),
            readiness: engine.readiness.clone(),
            interval: options.limits.certificate_interval,
        };
        keeper.start().await?;
        let keeping = TaskTracker::new();
        if let Some(client) = client {
            let reach = (&reach, &*namespace);
            self.register(&keeping, &routes, &keeper, reach, client);
        }
        let limits = options.limits.clone();
        let handler = Handler {
            own: Site {
                engine: engine.clone(),
                routes,
            },
            tenants: self.tenants.clone(),
            pool: Pool::new(limits.runs, limits.waiting, engine.hooks.len()),
        };
        let shared = Arc::new(Shared::new(handler, limits));
        let mut servers = Vec::new();
        for (shown, (listener, address)) in keeper.served.iter().zip(listeners) {
            tracing::info!(%address, webhooks = shown.what, "webhooks are served");
            let server = Server::start(listener, address, shown.tls.clone(), shared.clone());
            servers.push(server);
        }
        let addresses = servers.iter().map(Server::address).collect();
        let _ = self.addresses.set(addresses);
        keeping.spawn(keeper.run(self.stop.clone()));
        keeping.close();
        Ok(Served { servers, keeping })
    }

    fn register(
        &self,
        keeping: &TaskTracker,
        routes: &Routes,
        keeper: &Keeper,
        (reach, namespace): (&Reach, &str),
        client: kube::Client,
    ) {
        let Self {
            engine, options, ..
        } = self;
        let way = |endpoint: &Endpoint| match reach {
            Reach::Url(url) => Way::Url(url.clone()),
            _ => Way::Service {
                namespace: namespace.to_owned(),
                name: endpoint.service.clone(),
            },
        };
        let trust = |index: usize| {
            let served = keeper.served.get(index).or(keeper.served.first());
            served.map(|served| served.tls.trust())
        };
        self.reached.send_replace(trust(0).map(|trust| Reached {
            way: way(&options.admission),
            trust,
        }));
        let name = format!("{}-hooks", options.configuration);
        let mut targets = Vec::new();
        for kind in Kind::ALL {
            let way = way(&options.admission);
            let admissions = Admissions::new(name.clone(), kind, way, "/hooks/", &routes.admission);
            targets.push((Target::Admissions(admissions), trust(0)));
        }
        // By a URL all come to one address.
        let second = options.conversion.as_ref();
        let second = second.filter(|second| {
            let other = second.service != options.admission.service;
            keeper.served.len() > 1 && *reach == Reach::Service && other
        });
        for crd in routes.conversion.keys() {
            let conversion = Conversion {
                name: crd.clone(),
                way: way(second.unwrap_or(&options.admission)),
            };
            let trust = trust(usize::from(second.is_some()));
            targets.push((Target::Conversion(conversion), trust));
        }
        for (target, trust) in targets {
            let Some(trust) = trust else { continue };
            let registrar = Registrar {
                target,
                api: Api(client.clone()),
                trust,
                metrics: engine.metrics.clone(),
                readiness: engine.readiness.clone(),
                interval: options.limits.register_interval,
                leads: engine.leads.subscribe(),
                // Another replica goes on with it.
                unregister: options.unregister && !engine.elects,
            };
            registrar.announce();
            keeping.spawn(registrar.run(self.stop.clone()));
        }
    }
}

fn check_url(url: &str) -> Result<(), WebhookError> {
    let wrong = || WebhookError::Url(url.to_owned());
    let uri: http::Uri = url.parse().map_err(|_| wrong())?;
    let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let authority = uri.authority().map_or("", |a| a.as_str());
    if uri.scheme_str() == Some("https")
        && plain
        && !authority.is_empty()
        && !authority.contains('@')
    {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// An address that can be called.
fn local(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Names for which a certificate of our own is made.
fn names(endpoints: &[(&'static str, &Endpoint)], namespace: &str, reach: &Reach) -> Vec<String> {
    let mut names = Vec::new();
    for (_, endpoint) in endpoints {
        let service = &endpoint.service;
        names.push(format!("{service}.{namespace}.svc"));
        names.push(format!("{service}.{namespace}.svc.cluster.local"));
    }
    let uri = match reach {
        Reach::Url(url) => url.parse::<http::Uri>().ok(),
        _ => None,
    };
    if let Some(host) = uri.as_ref().and_then(http::Uri::host) {
        names.push(host.trim_matches(['[', ']']).to_owned());
    }
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_before_the_api_server_sees_them() {
        for good in ["https://127.0.0.1:9680", "https://[::1]:1/", "https://host"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "http://host",
            "https://",
            "https://h/x",
            "https://h?a=b",
            "https://u@h",
            "h:1",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn certificates_are_made_for_all_names_that_lead_here() {
        let options = WebhookOptions::default();
        let endpoints = [("admission", &options.admission)];
        let names = names(
            &endpoints,
            "ns",
            &Reach::Url("https://[::1]:9680".to_owned()),
        );
        assert_eq!(
            names,
            [
                "hookbox-webhook.ns.svc",
                "hookbox-webhook.ns.svc.cluster.local",
                "::1"
            ]
        );
    }
}
