//! One Hook object: what is declared becomes what runs, and what runs becomes its status.
//!
//! Each Hook has a task of its own, so that one that is slow or broken keeps nobody waiting.

use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::capabilities::Missing;
use hookbox_sandbox::{Capabilities, Lane};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::cell::Cell;
use super::controller::Unsettled;
use super::plan::{Plan, Problem, Source};
use super::prepare::{self, Checked, Fetched, Unprepared};
use super::resources::{ComponentRules, HookStatus};
use super::status::{self, Place, Said};
use crate::api;
use crate::backoff::Backoff;
use crate::leader::Term;

/// Pauses between attempts at what may end otherwise the next time.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(120));
/// Time between two looks at what a running Hook's bindings and quota say.
const GLANCE: Duration = Duration::from_secs(2);

/// A Hook as it is declared.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) uid: Option<String>,
    pub(super) generation: Option<i64>,
    /// What its status says, as it was when it was last read.
    pub(super) conditions: Arc<[Condition]>,
    pub(super) decision: Result<Arc<(Plan, Vec<Missing>)>, Problem>,
}

impl Declared {
    /// Whether no watch tells when its component is another one.
    fn is_in_config_map(&self) -> bool {
        let plan = self.decision.as_deref().ok().map(|(plan, _)| plan);
        plan.is_some_and(|plan| matches!(plan.component, Source::ConfigMap(_)))
    }

    /// Whether the same shall run.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.uid == other.uid
            && self.generation == other.generation
            && self.decision == other.decision
    }
}

/// Keeps one Hook.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    namespace: String,
    name: String,
    /// The term for which this replica leads. One that stands by writes nothing.
    role: Option<Term>,
    /// Until it runs for the first time, or has a reason not to.
    unsettled: Option<Unsettled>,
    cell: Option<Cell>,
    written: Option<HookStatus>,
    conditions: Vec<Condition>,
    unwritten: Option<Instant>,
    refused: Option<Refused>,
    kept: Option<Kept>,
}

/// A component of an image that was checked: as long as the same rules hold, it need not be pulled again.
struct Kept {
    component: Source,
    rules: ComponentRules,
    checked: Checked,
}

/// A component that cannot be used: it is not compiled again to find out the same.
struct Refused {
    plan: Plan,
    digest: String,
    why: Unprepared,
}

impl Keeper {
    pub(super) fn new(
        shared: Arc<Shared>,
        (namespace, name): (String, String),
        unsettled: Option<Unsettled>,
    ) -> Self {
        Self {
            shared,
            namespace,
            name,
            role: None,
            unsettled,
            cell: None,
            written: None,
            conditions: Vec::new(),
            unwritten: None,
            refused: None,
            kept: None,
        }
    }

    /// Follows what is declared until nobody declares it any more, or the operator stops.
    pub(super) async fn run(mut self, mut declared: watch::Receiver<Declared>) {
        let mut role = self.shared.role.clone();
        role.mark_changed();
        self.follow(&mut declared, &mut role).await;
        if let Some(cell) = self.cell.take() {
            match self.shared.engine.stop.is_cancelled() {
                true => cell.leave(&self.shared),
                // Of what is no longer declared nothing more is changed.
                false => drop(cell),
            }
        }
    }

    /// This replica leads from now on, or no longer.
    async fn take_role(&mut self, role: Option<Term>, declared: &Declared) {
        if role.is_some() {
            // Another replica wrote meanwhile.
            self.written = None;
            self.conditions = declared.conditions.to_vec();
        }
        self.role = role;
        if let Some(cell) = &mut self.cell {
            cell.take_part(self.role.as_ref()).await;
        }
    }

    async fn follow(
        &mut self,
        declared: &mut watch::Receiver<Declared>,
        role: &mut watch::Receiver<Option<Term>>,
    ) {
        let mut pauses = Backoff::new(AGAIN.0, AGAIN.1);
        loop {
            let now = declared.borrow_and_update().clone();
            if role.has_changed().unwrap_or(false) {
                let role = role.borrow_and_update().clone();
                self.take_role(role, &now).await;
            }
            let settled = tokio::select! {
                biased;
                changed = declared.changed() => match changed {
                    Ok(()) => {
                        pauses.reset();
                        continue;
                    }
                    Err(_) => return,
                },
                changed = role.changed() => match changed {
                    Ok(()) => {
                        role.mark_changed();
                        continue;
                    }
                    Err(_) => return,
                },
                settled = self.settle(&now) => settled,
            };
            self.unsettled = None;
            let again = match settled {
                Ok(()) => {
                    pauses.reset();
                    None
                }
                Err(Unprepared { again: true, .. }) => Some(pauses.next_pause()),
                // Another one may be put in its place.
                Err(_) if now.is_in_config_map() => Some(self.shared.look),
                Err(_) => None,
            };
            tokio::select! {
                biased;
                changed = declared.changed() => match changed {
                    Ok(()) => pauses.reset(),
                    Err(_) => return,
                },
                changed = role.changed() => match changed {
                    Ok(()) => role.mark_changed(),
                    Err(_) => return,
                },
                () = self.watch_over(&now, again) => {}
            }
        }
    }

    /// Brings about what is declared.
    async fn settle(&mut self, declared: &Declared) -> Result<(), Unprepared> {
        let settled = self.try_to(declared).await;
        self.offer(declared, settled.as_ref().err());
        match &settled {
            Ok(()) => self.tell(declared, None).await,
            Err(error) => {
                if let Some(cell) = self.cell.take() {
                    match error.problem.reason {
                        // Nobody is there any more as whom its effects could be applied.
                        "NoServiceAccount" => drop(cell),
                        _ => cell.leave(&self.shared),
                    }
                }
                self.tell(declared, Some(&error.problem)).await;
            }
        }
        settled
    }

    /// Says who answers its webhooks, and what is to be registered of them. What keeps it from running for a while takes
    /// nothing back: whether requests go on meanwhile is what the webhooks' `failurePolicy` says.
    fn offer(&self, declared: &Declared, problem: Option<&Unprepared>) {
        let Some(sites) = &self.shared.sites else {
            return;
        };
        let key = (self.namespace.clone(), self.name.clone());
        let allowed = match &declared.decision {
            Ok(decision) => decision.0.webhooks,
            Err(problem) => !["Suspended", "NoPolicy", "NotAllowed"].contains(&problem.reason),
        };
        match (problem, self.cell.as_ref().and_then(Cell::site)) {
            (None, Some(site)) => sites.serve(&key, site),
            (Some(_), _) if allowed => sites.rest(&key),
            _ => sites.withdraw(&key),
        }
    }

    async fn try_to(&mut self, declared: &Declared) -> Result<(), Unprepared> {
        let plan = match &declared.decision {
            Ok(decision) => &decision.0,
            Err(problem) => {
                // What may not run any more ends at once.
                if problem.reason != "Suspended" {
                    self.cell = None;
                }
                return Err(Unprepared::declared(problem));
            }
        };
        if let Some(cell) = &mut self.cell {
            // A quota is another one without a new start; so is a policy that says the same, or lets webhooks be served.
            let requoted = Plan {
                quota: plan.quota.clone(),
                policy: plan.policy.clone(),
                webhooks: plan.webhooks,
                ..cell.plan.clone()
            };
            if requoted == *plan && cell.plan != *plan {
                self.shared.quota(plan);
                cell.plan = requoted;
            }
            if cell.plan == *plan {
                return match self.fresh(declared, plan).await {
                    // It goes on while the API server does not answer.
                    Err(error) if error.unasked => Ok(()),
                    fresh => fresh,
                };
            }
            // Another component or other parameters may be prepared while the old ones run; less rights count at once.
            if !same_rights(&cell.plan, plan) {
                self.cell = None;
            }
        }
        self.replace(declared, plan).await
    }

    async fn replace(&mut self, declared: &Declared, plan: &Plan) -> Result<(), Unprepared> {
        prepare::account(&self.shared, &plan.tenant).await?;
        if let Some(kept) = &self.kept
            && kept.component == plan.component
            && kept.rules == plan.rules
            && matches!(kept.component, Source::Image(_))
        {
            let checked = kept.checked.clone();
            return self.start(plan, &checked);
        }
        // Before its turn: who waits for its quota holds up nobody else.
        self.may_compile(declared, plan).await;
        let _turn = self.shared.turn(plan).await;
        let fetched = prepare::fetch(&self.shared, plan).await?;
        self.load(plan, fetched).await
    }

    /// Waits until something of the namespace may be compiled, and says that it waits. What runs goes on.
    async fn may_compile(&mut self, declared: &Declared, plan: &Plan) {
        let quota = self.shared.quota(plan);
        let mut waited = false;
        while let Some(blocked) = quota.compile_blocked() {
            waited = true;
            let message = format!(
                "nothing more of the namespace is compiled for now: `{}` of the policy `{}` is used up",
                blocked.resource.field(),
                plan.policy
            );
            let problem = Problem::new("OverQuota", message);
            let problem = self.cell.is_none().then_some(&problem);
            self.tell(declared, problem).await;
            tokio::time::sleep_until(blocked.until.min(Instant::now() + GLANCE)).await;
        }
        if waited {
            self.tell(declared, None).await;
        }
    }

    async fn load(&mut self, plan: &Plan, fetched: Fetched) -> Result<(), Unprepared> {
        let digest = hookbox_sandbox::load::digest_of(&fetched.bytes);
        if let Some(refused) = &self.refused
            && refused.plan == *plan
            && refused.digest == digest
        {
            fetched.discard().await;
            return Err(refused.why.clone());
        }
        let checked = prepare::check(&self.shared, plan, fetched).await;
        self.refused = checked.as_ref().err().map(|why| Refused {
            plan: plan.clone(),
            digest,
            why: why.clone(),
        });
        let checked = checked?;
        self.start(plan, &checked)?;
        self.kept = Some(Kept {
            component: plan.component.clone(),
            rules: plan.rules.clone(),
            checked,
        });
        Ok(())
    }

    fn start(&mut self, plan: &Plan, checked: &Checked) -> Result<(), Unprepared> {
        let prepared = prepare::equipped(&self.shared, plan, checked)?;
        let mut cell = Cell::new(&self.shared, plan.clone(), prepared);
        if let (Some(sites), Some(site)) = (&self.shared.sites, cell.site()) {
            // Before the old one leaves, so that somebody answers at any time.
            sites.serve(&plan.hook, site);
        }
        if let Some(cell) = self.cell.take() {
            cell.leave(&self.shared);
        }
        if let Some(term) = &self.role {
            cell.lead(term);
        }
        tracing::info!(
            namespace = self.namespace,
            object = self.name,
            digest = cell.digest,
            hooks = cell.hooks.len(),
            "hooks of a tenant {}",
            match self.role {
                Some(_) => "run",
                None => "are loaded",
            }
        );
        self.cell = Some(cell);
        Ok(())
    }

    /// A component of a ConfigMap may be another one by now.
    async fn fresh(&mut self, declared: &Declared, plan: &Plan) -> Result<(), Unprepared> {
        prepare::account(&self.shared, &plan.tenant).await?;
        let (Source::ConfigMap(_), Some(cell)) = (&plan.component, &self.cell) else {
            return Ok(());
        };
        let digest = cell.digest.clone();
        {
            let _turn = self.shared.turn(plan).await;
            let fetched = prepare::fetch(&self.shared, plan).await?;
            if hookbox_sandbox::load::digest_of(&fetched.bytes) == digest {
                return Ok(());
            }
        }
        self.replace(declared, plan).await
    }

    /// Waits until it is time to look again, and keeps the status true meanwhile.
    async fn watch_over(&mut self, declared: &Declared, again: Option<Duration>) {
        // One that stands by has nothing to tell.
        let looks = self.cell.is_some() && self.role.is_some();
        let until = match again {
            Some(pause) => Some(Instant::now() + pause),
            None if looks => Some(Instant::now() + self.shared.look),
            None => None,
        };
        loop {
            let glance = looks || self.unwritten.is_some();
            let next = match (until, glance) {
                (Some(until), true) => until.min(Instant::now() + GLANCE),
                (Some(until), false) => until,
                (None, true) => Instant::now() + GLANCE,
                (None, false) => return std::future::pending().await,
            };
            tokio::time::sleep_until(next).await;
            if until.is_some_and(|until| Instant::now() >= until) {
                return;
            }
            if looks {
                self.tell(declared, None).await;
            } else if let Some(status) = self.written.clone() {
                self.write(declared, status).await;
            }
        }
    }

    /// Says how it is, where that is not what the status says already.
    async fn tell(&mut self, declared: &Declared, problem: Option<&Problem>) {
        let status = self.status(declared, problem);
        let same = self.written.as_ref() == Some(&status);
        if self.role.is_none() || (same && self.unwritten.is_none()) {
            return;
        }
        self.write(declared, status).await;
    }

    async fn write(&mut self, declared: &Declared, status: HookStatus) {
        let ready = status
            .conditions
            .iter()
            .find(|c| c.type_ == "Ready")
            .cloned();
        let value = match serde_json::to_value(&status) {
            Ok(value) => value,
            Err(error) => {
                tracing::error!(%error, "a status cannot be written down");
                return;
            }
        };
        let place = Place {
            plural: "hooks",
            kind: "Hook",
            namespace: Some(&self.namespace),
            name: &self.name,
            uid: declared.uid.as_deref(),
        };
        let changed = self.written.as_ref() != Some(&status);
        // Not all of many at once.
        let lane = Lane::of(&self.namespace);
        let _turn = self.shared.asking.take(&lane).await;
        self.conditions.clone_from(&status.conditions);
        self.written = Some(status);
        match status::write(&self.shared.client, place, &value).await {
            Ok(()) => self.unwritten = None,
            // Gone, or another one of its name by now: whoever watches hears of it.
            Err(error) if error.is_not_found() || error.is_conflict() => self.unwritten = None,
            Err(error) => {
                self.unwritten = Some(Instant::now());
                tracing::warn!(
                    namespace = self.namespace,
                    object = self.name,
                    error = api::one_line(&api::chain(&error)),
                    "the status of a Hook cannot be written; it is tried again"
                );
            }
        }
        if changed && let Some(ready) = ready {
            self.shared.recorder.tell(place, &ready).await;
        }
    }

    fn status(&self, declared: &Declared, problem: Option<&Problem>) -> HookStatus {
        let now = self.shared.engine.clock.now();
        let mut said = Vec::new();
        match (problem, &self.cell) {
            (Some(problem), _) => {
                said.push(Said::new("Ready", false, problem.reason, &problem.message));
            }
            (None, Some(cell)) => {
                let hooks = cell.hooks.len();
                let text = match hooks {
                    1 => "1 hook runs".to_owned(),
                    hooks => format!("{hooks} hooks run"),
                };
                said.push(Said::new("Ready", true, "Running", text));
                said.extend(cell.conditions());
            }
            (None, None) => {
                said.push(Said::new("Ready", false, "Starting", "it is being loaded"));
            }
        }
        let decided = declared.decision.as_deref().ok();
        if let Some((plan, missing)) = decided {
            let unmet = self.cell.as_ref().map(|cell| cell.unmet.as_slice());
            said.insert(1, granted(plan, missing, unmet.unwrap_or_default()));
        }
        let conditions = status::conditions(&said, &self.conditions, declared.generation, now);
        HookStatus {
            observed_generation: declared.generation,
            digest: self.cell.as_ref().map(|cell| cell.digest.clone()),
            signed_by: self.cell.as_ref().and_then(|cell| cell.signed_by.clone()),
            policy: decided.map(|(plan, _)| plan.policy.clone()),
            identity: decided.map(|(plan, _)| plan.tenant.user()),
            hooks: self
                .cell
                .as_ref()
                .map_or_else(Vec::new, |cell| cell.hooks.clone()),
            granted: decided.map_or_else(Capabilities::default, |(plan, _)| shown(&plan.granted)),
            conditions,
        }
    }
}

/// What is granted, as everybody may see it.
fn shown(granted: &Capabilities) -> Capabilities {
    let mut shown = granted.clone();
    for entry in &mut shown.environment {
        entry.value = None;
    }
    shown
}

fn granted(plan: &Plan, missing: &[Missing], unmet: &[String]) -> Said {
    let kind = "CapabilitiesGranted";
    if missing.is_empty() && unmet.is_empty() {
        return Said::new(kind, true, "Granted", "all that is asked for is granted");
    }
    let missing = missing
        .iter()
        .map(|m| format!("`spec.capabilities.{}`: {}", m.path, m.what));
    let texts: Vec<String> = missing.chain(unmet.iter().cloned()).collect();
    let message = format!("policy `{}`: {}", plan.policy, texts.join("; "));
    Said::new(kind, false, "NotGranted", message)
}

/// Whether a new plan gives exactly what the old one did: only then the old hooks may run until the new ones are loaded.
fn same_rights(old: &Plan, new: &Plan) -> bool {
    let rights = |plan: &Plan| {
        (
            plan.tenant.clone(),
            plan.granted.clone(),
            plan.rules.clone(),
            plan.budget.clone(),
            plan.warm_instances,
        )
    };
    rights(old) == rights(new)
}
