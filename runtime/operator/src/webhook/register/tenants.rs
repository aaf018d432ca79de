//! The webhook configurations of tenants' Hook objects: one of each kind for each Hook, so that what the API server takes
//! amiss in one concerns no other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kube::api::ListParams;
use kube::core::Request;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::admission::{LABEL, OURS, same};
use super::{Admissions, Api, FIRST_PAUSE, Kind, TIMEOUT, Way, after};
use crate::api::{self, ApiError};
use crate::backoff::Backoff;
use crate::metrics::SelfMetrics;
use crate::rule::Rule;
use crate::webhook::sites::{Key, Registered, Site, Sites, Wanted};
use crate::webhook::tls::Trust;

/// Which operator's it is: the name that its flag gives to configurations.
const OPERATOR: &str = "hookbox.dev/operator";
/// Bytes of a name at most.
const LONGEST_NAME: usize = 253;
/// Configurations that are listed at a time.
const PAGE: u32 = 500;
/// What the configurations of all Hooks are called in metrics.
const IN_METRICS: &str = "tenants";

/// How the API server reaches the webhooks, once they are served.
#[derive(Clone)]
pub(crate) struct Reached {
    pub(crate) way: Way,
    pub(crate) trust: watch::Receiver<Option<Trust>>,
}

/// Keeps the webhooks of all Hooks registered as they are wanted, and no others.
pub(crate) struct TenantRegistrar {
    pub(crate) sites: Sites,
    pub(crate) api: Api,
    /// Begins the names of configurations.
    pub(crate) configuration: String,
    pub(crate) reached: watch::Receiver<Option<Reached>>,
    pub(crate) metrics: Arc<SelfMetrics>,
    /// Time between two looks at what is registered, and the longest pause after a failure.
    pub(crate) interval: Duration,
    /// Only the leader writes.
    pub(crate) leads: watch::Receiver<bool>,
    /// Whether all are taken back at the end.
    pub(crate) unregister: bool,
}

/// Kind and name.
type Which = (Kind, String);
/// What there is, by the API server's last word.
type Found = HashMap<Which, Value>;

/// Why a round did not bring about all that is wanted.
#[derive(Debug, Default)]
struct Trouble {
    /// Requests that failed, by what they were for.
    failures: BTreeMap<Kind, u32>,
    /// What is known is no longer so.
    stale: bool,
}

impl Trouble {
    fn failed(&mut self, kind: Kind) {
        *self.failures.entry(kind).or_default() += 1;
    }
}

impl TenantRegistrar {
    /// Writes and deletes whenever something changes, until the operator stops.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.keep() => {}
        }
        if self.unregister {
            self.remove_all().await;
        }
    }

    async fn keep(&mut self) {
        let mut changes = self.sites.changes();
        let mut found: Option<Found> = None;
        let mut pauses = Backoff::new(FIRST_PAUSE.min(self.interval), self.interval);
        loop {
            if !*self.leads.borrow_and_update() {
                found = None;
                if self.leads.changed().await.is_err() {
                    return;
                }
                continue;
            }
            changes.borrow_and_update();
            let serving = self.reached.borrow_and_update().clone();
            let mut trust_changes = serving.as_ref().map(|serving| serving.trust.clone());
            let trust = trust_changes
                .as_mut()
                .and_then(|t| t.borrow_and_update().clone());
            let way = serving.as_ref().map(|serving| &serving.way);
            let pause = match self.sites.wanted() {
                // All begins when all Hooks are known.
                None => None,
                Some(wanted) => {
                    let wanted = self.wanted(&wanted, way.zip(trust.as_ref()));
                    Some(match self.round(&mut found, wanted).await {
                        trouble if trouble.stale => {
                            found = None;
                            pauses.next_pause()
                        }
                        trouble if !trouble.failures.is_empty() => pauses.next_pause(),
                        _ => {
                            pauses.reset();
                            self.interval
                        }
                    })
                }
            };
            let looked = pause == Some(self.interval);
            tokio::select! {
                _ = changes.changed() => {}
                _ = self.leads.changed() => {}
                _ = self.reached.changed() => {}
                () = changed(trust_changes) => {}
                () = after(pause) => if looked { found = None },
            }
        }
    }

    /// The configurations that are wanted, by kind and name; none at a name: what is there stays.
    fn wanted(
        &self,
        hooks: &BTreeMap<Key, Wanted>,
        serving: Option<(&Way, &Trust)>,
    ) -> BTreeMap<Which, Option<Target>> {
        let mut all = BTreeMap::new();
        for (hook, wanted) in hooks {
            let name = name(&self.configuration, hook);
            for kind in Kind::ALL {
                let which = (kind, name.clone());
                match (wanted, serving) {
                    (Wanted::Nothing, _) => {}
                    (Wanted::AsItIs, _) | (Wanted::Webhooks(_), None) => {
                        all.insert(which, None);
                    }
                    (Wanted::Webhooks(site), Some((way, trust))) => {
                        let prefix = format!("/tenants/{}/{}/", hook.0, hook.1);
                        let routes = &site.routes.admission;
                        let of_kind =
                            Admissions::new(name.clone(), kind, way.clone(), &prefix, routes);
                        if !of_kind.is_empty() {
                            let target = Target {
                                hook: hook.clone(),
                                site: site.clone(),
                                webhooks: of_kind.wanted(trust),
                            };
                            all.insert(which, Some(target));
                        }
                    }
                }
            }
        }
        all
    }

    /// Brings about what is wanted, as far as it can be.
    async fn round(
        &self,
        known: &mut Option<Found>,
        wanted: BTreeMap<Which, Option<Target>>,
    ) -> Trouble {
        let mut trouble = Trouble::default();
        let found = match known {
            Some(found) => found,
            None => match self.list().await {
                Ok(found) => known.insert(found),
                Err((kind, error)) => {
                    trouble.failed(kind);
                    let targets = wanted.values().flatten();
                    // Who has none of them needs no rule for them.
                    if !error.is_denied() || targets.clone().next().is_some() {
                        self.complain(kind, None, &error, "list");
                    }
                    for target in targets {
                        let text = told(kind, "list", &error);
                        self.tell(target, Registered::Failed(text));
                    }
                    return trouble;
                }
            },
        };
        let gone: Vec<Which> = found
            .keys()
            .filter(|which| !wanted.contains_key(*which))
            .cloned()
            .collect();
        for which in gone {
            match self
                .api
                .send("DELETE", &which.0.path(&which.1), &Value::Null)
                .await
            {
                Err(error) if !error.is_not_found() => {
                    trouble.failed(which.0);
                    self.complain(which.0, Some(&which.1), &error, "delete");
                }
                _ => {
                    tracing::info!(kind = which.0.kind(), name = which.1, "webhooks taken back");
                    found.remove(&which);
                }
            }
        }
        let mut failed: HashMap<Key, String> = HashMap::new();
        for (which, target) in &wanted {
            let Some(target) = target else { continue };
            if let Err((verb, error)) = self.ensure(found, which, target).await {
                trouble.failed(which.0);
                trouble.stale |= error.is_conflict() || error.is_not_found();
                self.complain(which.0, Some(&which.1), &error, verb);
                failed.insert(target.hook.clone(), told(which.0, verb, &error));
            }
        }
        for target in wanted.values().flatten() {
            let registered = match failed.get(&target.hook) {
                Some(text) => Registered::Failed(text.clone()),
                None => Registered::Yes,
            };
            self.tell(target, registered);
        }
        for kind in Kind::ALL {
            let failed = trouble.failures.get(&kind).copied().unwrap_or_default();
            let kind = kind.kind();
            self.metrics
                .webhook_registered(kind, IN_METRICS, failed == 0, failed.into());
        }
        trouble
    }

    /// Writes one configuration where it is not as it should be.
    async fn ensure(
        &self,
        found: &mut Found,
        which: &Which,
        target: &Target,
    ) -> Result<(), (&'static str, ApiError)> {
        let (kind, name) = which;
        let written = match found.get(which) {
            Some(now)
                if now
                    .get("webhooks")
                    .is_some_and(|now| same(&target.webhooks, now)) =>
            {
                return Ok(());
            }
            Some(now) => {
                let mut now = now.clone();
                if let Some(now) = now.as_object_mut() {
                    now.insert("webhooks".to_owned(), target.webhooks.clone());
                }
                let put = self.api.send("PUT", &kind.path(name), &now).await;
                put.map_err(|error| ("update", error))?
            }
            None => {
                let whole = kind.whole(name, self.labels(), target.webhooks.clone());
                let made = self.api.send("POST", &kind.path(""), &whole).await;
                made.map_err(|error| ("create", error))?
            }
        };
        tracing::info!(kind = kind.kind(), name, "webhooks of a tenant registered");
        found.insert(which.clone(), written);
        Ok(())
    }

    fn labels(&self) -> Value {
        json!({LABEL: OURS, OPERATOR: self.configuration})
    }

    /// All configurations that this operator made for Hooks.
    async fn list(&self) -> Result<Found, (Kind, ApiError)> {
        let mut found = Found::new();
        for kind in Kind::ALL {
            let labels = format!("{LABEL}={OURS},{OPERATOR}={}", self.configuration);
            let mut params = ListParams::default().labels(&labels).limit(PAGE);
            loop {
                let page = self.page(kind, &params).await;
                let page = page.map_err(|error| (kind, error))?;
                let items = page.get("items").and_then(Value::as_array);
                for item in items.into_iter().flatten() {
                    let name = item.pointer("/metadata/name").and_then(Value::as_str);
                    if let Some(name) = name {
                        found.insert((kind, name.to_owned()), with_type(kind, item));
                    }
                }
                let next = page.pointer("/metadata/continue").and_then(Value::as_str);
                match next.filter(|next| !next.is_empty()) {
                    Some(next) => params.continue_token = Some(next.to_owned()),
                    None => break,
                }
            }
        }
        Ok(found)
    }

    async fn page(&self, kind: Kind, params: &ListParams) -> Result<Value, ApiError> {
        let request = Request::new(kind.path("")).list(params);
        api::request(&self.api.0, request?, TIMEOUT).await
    }

    async fn remove_all(&self) {
        if !*self.leads.borrow() {
            return;
        }
        if let Err((kind, error)) = async {
            for which in self.list().await?.into_keys() {
                let path = which.0.path(&which.1);
                match self.api.send("DELETE", &path, &Value::Null).await {
                    Err(error) if !error.is_not_found() => return Err((which.0, error)),
                    _ => {}
                }
            }
            Ok(())
        }
        .await
        {
            self.complain(kind, None, &error, "delete");
        }
    }

    fn tell(&self, target: &Target, registered: Registered) {
        self.sites.tell(&target.hook, &target.site, registered);
    }

    fn complain(&self, kind: Kind, name: Option<&str>, error: &ApiError, verb: &'static str) {
        tracing::error!(
            kind = kind.kind(),
            name,
            error = api::one_line(&told(kind, verb, error)),
            "webhooks of tenants are not registered as they should be; it is tried again"
        );
    }
}

/// The name of a Hook's configurations. A namespace has no dot, so that no two Hooks have the same.
fn name(configuration: &str, (namespace, name): &Key) -> String {
    let whole = format!("{configuration}.{namespace}.{name}");
    if whole.len() <= LONGEST_NAME {
        return whole;
    }
    let digest = hex::encode(Sha256::digest(whole.as_bytes()));
    let kept = whole.floor_char_boundary(LONGEST_NAME - 1 - digest.len());
    let kept = whole.get(..kept).unwrap_or_default();
    format!("{}-{digest}", kept.trim_end_matches(['.', '-']))
}

/// One configuration that is wanted.
struct Target {
    hook: Key,
    site: Arc<Site>,
    webhooks: Value,
}

/// What went wrong, and the rule that is missing if one is.
fn told(kind: Kind, verb: &'static str, error: &ApiError) -> String {
    let text = api::chain(error);
    if !error.is_denied() {
        return text;
    }
    let rule = Rule {
        verbs: match verb {
            "list" => &["list"],
            "create" => &["create"],
            "update" => &["update"],
            _ => &["delete"],
        },
        group: "admissionregistration.k8s.io".to_owned(),
        resource: kind.resource().to_owned(),
        namespace: None,
    };
    format!("{text}. {rule}")
}

/// Items of a list do not say what they are.
fn with_type(kind: Kind, item: &Value) -> Value {
    let mut whole = Map::new();
    whole.insert(
        "apiVersion".to_owned(),
        json!("admissionregistration.k8s.io/v1"),
    );
    whole.insert("kind".to_owned(), json!(kind.kind()));
    for (key, value) in item.as_object().into_iter().flatten() {
        whole.insert(key.clone(), value.clone());
    }
    Value::Object(whole)
}

async fn changed(trust: Option<watch::Receiver<Option<Trust>>>) {
    let ended = match trust {
        Some(mut trust) => trust.changed().await.is_err(),
        None => true,
    };
    if ended {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hook_has_a_name_of_its_own_that_the_api_server_takes() {
        let key = |namespace: &str, hook: &str| (namespace.to_owned(), hook.to_owned());
        assert_eq!(name("hookbox", &key("a", "b.c")), "hookbox.a.b.c");
        let (long, other) = ("x".repeat(250), format!("{}y", "x".repeat(249)));
        let names = [&long, &other].map(|hook| name("hookbox", &key("a", hook)));
        assert_ne!(names[0], names[1]);
        assert_eq!(names.map(|name| name.len()), [LONGEST_NAME; 2]);
        let dots = name("hookbox", &key("a", &"x.".repeat(126)));
        assert!(dots.len() <= LONGEST_NAME && !dots.contains(".-"), "{dots}");
    }
}
