//! From a plan to hooks that can run: ServiceAccount, component, signature, describe, configurations.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_registry::{Credentials, Lease, Reference, RegistryError, Verification};
use hookbox_sandbox::{Lane, Warm};
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use super::Shared;
use super::plan::{Plan, Problem, Source};
use super::resources::ConfigMapKey;
use crate::api::{self, ApiError};
use crate::engine::ClusterSide;
use crate::grants::equip;
use crate::load::{self, Hook, LoadProblem};
use crate::quota::Quota;
use crate::source::{HookSource, HookSpec, Tenant};

/// Hooks that a tenant's component may have.
const HOOKS: usize = 100;
/// Webhooks that they may have together: the API server looks at each of them for every request, whoever's it is.
const WEBHOOKS: usize = 20;
/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Hooks of a component that was checked, with nothing granted.
#[derive(Clone)]
pub(super) struct Checked {
    hooks: Vec<Hook>,
    digest: String,
    signed_by: Option<String>,
    /// Keeps it in the store.
    _lease: Option<Lease>,
}

/// Hooks that can run.
pub(super) struct Prepared {
    pub(super) hooks: Vec<Hook>,
    /// The tenant's part of the cluster, which the hooks' reads go by too.
    pub(super) side: ClusterSide,
    pub(super) quota: Arc<Quota>,
    /// What its hooks want by their configurations and do not have.
    pub(super) unmet: Vec<String>,
    pub(super) digest: String,
    pub(super) signed_by: Option<String>,
}

/// Why there are none.
#[derive(Debug, Clone)]
pub(super) struct Unprepared {
    pub(super) problem: Problem,
    /// Whether another attempt may end otherwise though nothing of what is declared changes.
    pub(super) again: bool,
    /// Whether nobody could be asked: what runs already is as good as before.
    pub(super) unasked: bool,
}

impl Unprepared {
    pub(super) fn for_good(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            problem: Problem::new(reason, message),
            again: false,
            unasked: false,
        }
    }

    /// What is declared does not run.
    pub(super) fn declared(problem: &Problem) -> Self {
        Self {
            problem: problem.clone(),
            again: false,
            unasked: false,
        }
    }

    pub(super) fn for_now(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            problem: Problem::new(reason, message),
            again: true,
            unasked: false,
        }
    }

    /// The same after a request: an error that is no answer says nothing of what was asked for.
    fn after(error: &ApiError, reason: &'static str, message: String) -> Self {
        Self {
            unasked: !error.is_denied() && !error.is_not_found(),
            ..Self::for_now(reason, message)
        }
    }
}

/// A component's bytes, not looked at yet.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    signed_by: Option<String>,
    lease: Option<Lease>,
}

impl Fetched {
    /// It cannot be used: it is not kept either.
    pub(super) async fn discard(self) {
        if let Some(lease) = self.lease {
            lease.discard().await;
        }
    }
}

/// Gets the component of a plan, its signature checked. Only in a turn ([`Shared::turn`]).
pub(super) async fn fetch(shared: &Shared, plan: &Plan) -> Result<Fetched, Unprepared> {
    let client = shared.client_of(plan);
    match &plan.component {
        Source::Image(image) => pull(shared, &client, plan, image).await,
        Source::ConfigMap(key) => Ok(Fetched {
            bytes: config_map(shared, &client, &plan.tenant.namespace, key).await?,
            signed_by: None,
            lease: None,
        }),
    }
}

/// Makes hooks of it. What cannot be used is not kept either.
pub(super) async fn check(
    shared: &Shared,
    plan: &Plan,
    fetched: Fetched,
) -> Result<Checked, Unprepared> {
    let lease = fetched.lease.clone();
    let checked = load(shared, plan, fetched).await;
    if checked.is_err()
        && let Some(lease) = lease
    {
        lease.discard().await;
    }
    checked
}

async fn load(shared: &Shared, plan: &Plan, fetched: Fetched) -> Result<Checked, Unprepared> {
    let Fetched {
        bytes,
        signed_by,
        lease,
    } = fetched;
    let name = format!("{}/{}", plan.hook.0, plan.hook.1);
    let spec = HookSpec {
        source: HookSource::Bytes {
            name: name.clone(),
            bytes,
        },
        definitions: None,
        tenant: Some(plan.tenant.clone()),
    };
    let budget = hookbox_sandbox::Budget::describe();
    let quota = shared.quota(plan);
    let began = Instant::now();
    let loaded = load::load(vec![spec], &shared.sandbox, &shared.jq, &budget).await;
    let mut components = loaded
        .hooks
        .iter()
        .filter_map(|hook| hook.program.component());
    // What came to nothing took its time too.
    quota.charge_compile(match components.next() {
        Some(component) => component.load_report().time,
        None => began.elapsed(),
    });
    if let Some(problem) = loaded.problems.first() {
        let reason = match problem {
            LoadProblem::Config { .. } | LoadProblem::NoExport { .. } => "InvalidHook",
            _ => "InvalidComponent",
        };
        return Err(Unprepared::for_good(reason, api::chain(problem)));
    }
    let mut hooks = loaded.hooks;
    let Some(first) = hooks.first() else {
        return Err(Unprepared::for_good(
            "InvalidComponent",
            "the component has no hooks",
        ));
    };
    let digest = first.program.digest().to_owned();
    if hooks.len() > HOOKS {
        let message = format!(
            "the component has {} hooks, at most {HOOKS} are allowed",
            hooks.len()
        );
        return Err(Unprepared::for_good("InvalidComponent", message));
    }
    let webhooks = hooks.iter().flat_map(|hook| hook.config.webhooks()).count();
    if webhooks > WEBHOOKS {
        let message = format!("its hooks have {webhooks} webhooks, at most {WEBHOOKS} are allowed");
        return Err(Unprepared::for_good("InvalidHook", message));
    }
    for hook in &mut hooks {
        hook.name = format!("{name}/{}", hook.called).into();
    }
    Ok(Checked {
        hooks,
        digest,
        signed_by,
        _lease: lease,
    })
}

/// Gives them what the plan grants.
pub(super) fn equipped(
    shared: &Shared,
    plan: &Plan,
    checked: &Checked,
) -> Result<Prepared, Unprepared> {
    let Checked {
        mut hooks,
        digest,
        signed_by,
        ..
    } = checked.clone();
    let quota = shared.quota(plan);
    let side = shared
        .identities
        .side(&plan.tenant, &quota)
        .map_err(|error| Unprepared::for_good("InvalidSpec", error.to_string()))?;
    let grants = equip(plan.granted.clone(), Some(&side), Some(&shared.http))
        .map_err(|error| Unprepared::for_good("InvalidSpec", format!("`capabilities`: {error}")))?;
    let grants = Arc::new(grants);
    let mut unmet = Vec::new();
    for hook in &hooks {
        let missing = load::missing(&hook.config, &plan.granted);
        unmet.extend(
            missing
                .iter()
                .map(|missing| format!("hook `{}` wants {missing}", hook.called)),
        );
    }
    for hook in &mut hooks {
        hook.grants = grants.clone();
        if hook.warm.take().is_none() {
            continue;
        }
        if plan.warm_instances {
            // Each time anew: no instance outlives what it was granted.
            hook.warm = Some(Warm::of(&plan.tenant.namespace));
        } else {
            unmet.push(format!(
                "hook `{}` wants `settings.warmInstance`, which the policy does not allow (`warmInstances`)",
                hook.called
            ));
        }
    }
    Ok(Prepared {
        hooks,
        side,
        quota,
        unmet,
        digest,
        signed_by,
    })
}

/// Whether the ServiceAccount is there. Impersonation alone would not find out.
pub(super) async fn account(shared: &Shared, tenant: &Tenant) -> Result<(), Unprepared> {
    let Tenant {
        namespace,
        service_account,
        ..
    } = tenant;
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}");
    let _turn = shared.asking.take(&Lane::of(namespace)).await;
    match get(&shared.client, path).await {
        Ok(account) if account.pointer("/metadata/deletionTimestamp").is_some() => {
            Err(Unprepared::for_now(
                "NoServiceAccount",
                format!("the ServiceAccount `{service_account}` is being deleted"),
            ))
        }
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Err(Unprepared::for_now(
            "NoServiceAccount",
            format!(
                "there is no ServiceAccount `{service_account}` in the namespace `{namespace}`"
            ),
        )),
        Err(error) => Err(Unprepared::after(
            &error,
            "ServiceAccountUnknown",
            format!(
                "whether there is a ServiceAccount `{service_account}` cannot be found out: {}",
                api::chain(&error)
            ),
        )),
    }
}

async fn get(client: &Client, path: String) -> Result<Value, ApiError> {
    let request = http::Request::get(path)
        .body(Vec::new())
        .map_err(ApiError::Request)?;
    api::request(client, request, TIMEOUT).await
}

/// What to say when the tenant's own rights do not reach an object.
fn unreadable(tenant_does: &str, error: &ApiError, missing: &'static str) -> Unprepared {
    Unprepared::after(
        error,
        missing,
        match error.is_denied() {
            true => format!(
                "{tenant_does}, which needs the verb `get` for the Hook's ServiceAccount: {}",
                api::chain(error)
            ),
            false => format!("{tenant_does}: {}", api::chain(error)),
        },
    )
}

/// The bytes in a ConfigMap.
async fn config_map(
    shared: &Shared,
    client: &Client,
    namespace: &str,
    key: &ConfigMapKey,
) -> Result<Vec<u8>, Unprepared> {
    let ConfigMapKey { name, key } = key;
    checked_name("a ConfigMap", name)?;
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
    let map = get(client, path).await.map_err(|error| {
        let what = format!("the ConfigMap `{name}` cannot be read");
        unreadable(&what, &error, "ComponentUnavailable")
    })?;
    let entry = map.get("binaryData").and_then(|data| data.get(key));
    let Some(text) = entry.and_then(Value::as_str) else {
        let message = format!("the ConfigMap `{name}` has no key `{key}` in its binaryData");
        return Err(Unprepared::for_now("ComponentUnavailable", message));
    };
    let limit = shared.sandbox.settings().max_component_size;
    STANDARD
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() as u64 <= limit)
        .ok_or_else(|| {
            let message = format!("the key `{key}` of the ConfigMap `{name}` cannot be read");
            Unprepared::for_now("ComponentUnavailable", message)
        })
}

/// A name becomes part of a path: what is no name could lead elsewhere.
fn checked_name(what: &str, name: &str) -> Result<(), Unprepared> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let good =
        !name.is_empty() && name.len() <= 253 && name.bytes().all(plain) && !name.contains("..");
    match good && name != "." {
        true => Ok(()),
        false => Err(Unprepared::for_good(
            "InvalidSpec",
            format!("`{}` is no name of {what}", name.escape_debug()),
        )),
    }
}

async fn pull(
    shared: &Shared,
    client: &Client,
    plan: &Plan,
    image: &str,
) -> Result<Fetched, Unprepared> {
    let reference: Reference = image
        .parse()
        .map_err(|error: RegistryError| Unprepared::for_good("InvalidSpec", api::chain(&error)))?;
    reference
        .pinned()
        .map_err(|error| Unprepared::for_good("InvalidSpec", api::chain(&error)))?;
    let rules = &plan.rules;
    let keys = rules.keys.iter().map(String::as_str);
    let verification = match rules.allow_unsigned {
        true => Verification::if_signed(keys),
        false => Verification::keys(keys),
    }
    .map_err(|error| {
        let message = format!("policy `{}`: {}", plan.policy, api::chain(&error));
        Unprepared::for_good("InvalidPolicy", message)
    })?;
    let mut credentials = Credentials::default();
    for name in &plan.pull_secrets {
        let more = pull_secret(client, &plan.tenant.namespace, name).await?;
        credentials = credentials.or(more);
    }
    let registry = shared.registry_for(plan);
    let pulled = match &shared.store {
        Some(store) => {
            // Kept for the namespace alone: what one may pull another one may not have.
            let scope = &plan.tenant.namespace;
            let kept = registry.pull_kept(store, scope, &reference, &credentials, &verification);
            kept.await.map(|kept| (kept.pulled, kept.lease))
        }
        None => registry
            .pull(&reference, &credentials, &verification)
            .await
            .map(|pulled| (pulled, None)),
    };
    let (pulled, lease) = pulled.map_err(|error| {
        let reason = match error.code() {
            "unsigned" | "signature" => "SignatureRefused",
            _ => "PullFailed",
        };
        // A registry may have it, or a signature of it, a moment later.
        Unprepared::for_now(reason, api::chain(&error))
    })?;
    Ok(Fetched {
        signed_by: pulled.signed_by.map(|key| key.to_string()),
        bytes: pulled.bytes,
        lease,
    })
}

/// The credentials in a Secret, read with the tenant's own rights: hookbox's would open Secrets that the tenant must not
/// use.
async fn pull_secret(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Credentials, Unprepared> {
    checked_name("a Secret", name)?;
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    let secret = get(client, path).await.map_err(|error| {
        let what = format!("the pull secret `{name}` cannot be read");
        unreadable(&what, &error, "PullSecretUnavailable")
    })?;
    let data = |key: &str| {
        let text = secret.get("data")?.get(key)?.as_str()?;
        STANDARD.decode(text).ok()
    };
    let read = match (data(".dockerconfigjson"), data(".dockercfg")) {
        (Some(config), _) => Credentials::from_docker_config(&config),
        (None, Some(config)) => Credentials::from_dockercfg(&config),
        (None, None) => {
            let message = format!(
                "the pull secret `{name}` has no key `.dockerconfigjson`: it is none of the type kubernetes.io/dockerconfigjson"
            );
            return Err(Unprepared::for_now("PullSecretUnavailable", message));
        }
    };
    read.map_err(|error| {
        Unprepared::for_now(
            "PullSecretUnavailable",
            format!("the pull secret `{name}`: {}", api::chain(&error)),
        )
    })
}
