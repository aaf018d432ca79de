//! What runs for one Hook: an engine of its own. What happens to one harms no other.

use std::sync::Arc;
use std::time::Duration;

use super::plan::Plan;
use super::prepare::Prepared;
use super::status::Said;
use super::{Mounts, Shared};
use crate::apply::Gate;
use crate::engine::{Engine, Leading, Parts, Scope};
use crate::leader::Term;
use crate::quota::Quota;
use crate::webhook::{Registered, Routes, Site, Sites};

/// Time for runs to end that are under way when a Hook is changed or goes.
const LEAVE: Duration = Duration::from_secs(30);

/// What runs for one Hook. Dropped, it ends at once: runs under way change nothing more.
pub(super) struct Cell {
    pub(super) plan: Plan,
    /// Digest of the component.
    pub(super) digest: String,
    /// Who signed it.
    pub(super) signed_by: Option<String>,
    /// Names of its hooks, as the component calls them.
    pub(super) hooks: Vec<String>,
    /// Its webhooks; none where it has none.
    site: Option<Arc<Site>>,
    /// What of its webhooks cannot be served.
    left_out: Vec<String>,
    quota: Arc<Quota>,
    /// What its hooks want by their configurations and do not have.
    pub(super) unmet: Vec<String>,
    engine: Arc<Engine>,
    /// While this replica leads.
    leading: Option<(Term, Arc<Leading>)>,
    mounts: Mounts,
    sites: Option<Sites>,
}

impl Cell {
    /// It stands by.
    pub(super) fn new(shared: &Shared, plan: Plan, prepared: Prepared) -> Self {
        let Prepared {
            hooks,
            side,
            quota,
            unmet,
            digest,
            signed_by,
        } = prepared;
        let base = &shared.engine;
        let scope = format!("{}/{}", plan.hook.0, plan.hook.1);
        let names = hooks.iter().map(|hook| hook.called.to_string()).collect();
        let engine = Engine::new(Parts {
            hooks,
            cluster: Some(side),
            scope: Some(Scope {
                name: scope,
                parameters: plan.parameters.clone(),
                runs: base.run_numbers(),
            }),
            values: None,
            gate: Gate::new(Some(shared.jq.clone())).for_tenants(),
            budget: plan.budget.clone(),
            elects: false,
            clock: base.clock,
            zone: shared.zone.clone(),
            metrics: base.metrics.clone(),
            journal: base.journal.clone(),
            events: base.events.clone(),
            steps: None,
            keep_recent: base.recent.is_some(),
            queue_actions: shared.queue_actions,
        });
        let (routes, left_out) = Routes::new(&engine.hooks);
        let site = (!routes.is_empty()).then(|| {
            let engine = engine.clone();
            Arc::new(Site { engine, routes })
        });
        engine.stand_by();
        shared.mounts.add(&engine);
        Self {
            plan,
            digest,
            signed_by,
            hooks: names,
            site,
            left_out: left_out.into_iter().map(|(text, _)| text).collect(),
            quota,
            unmet,
            engine,
            leading: None,
            mounts: shared.mounts.clone(),
            sites: shared.sites.clone(),
        }
    }

    /// Begins and ends with the term for which this replica leads.
    pub(super) async fn take_part(&mut self, role: Option<&Term>) {
        if let Some((term, leading)) = &self.leading
            && (role.is_none() || term.is_over())
        {
            term.end();
            self.engine.end(leading).await;
            self.leading = None;
        }
        if let (Some(term), None) = (role, &self.leading) {
            self.lead(term);
        }
    }

    /// Begins, for a term.
    pub(super) fn lead(&mut self, term: &Term) {
        let part = term.part();
        let leading = self.engine.begin(part.clone());
        self.leading = Some((part, leading));
    }

    /// Its webhooks, where it has some and they may be served.
    pub(super) fn site(&self) -> Option<&Arc<Site>> {
        self.site.as_ref().filter(|_| self.plan.webhooks)
    }

    /// What to say of it beside that it runs.
    pub(super) fn conditions(&self) -> Vec<Said> {
        let readiness = &self.engine.readiness;
        let (pending, without) = (readiness.pending(), readiness.missing());
        let bindings = "BindingsEnabled";
        let enabled = if !without.is_empty() {
            Said::new(bindings, false, "NotEnabled", without.join("; "))
        } else if !pending.is_empty() {
            let text = format!("waiting for {}", pending.join("; "));
            Said::new(bindings, false, "Starting", text)
        } else {
            Said::new(bindings, true, "Enabled", "all bindings are enabled")
        };
        let runs = self
            .quota
            .blocked()
            .map(|b| ("runs of the namespace wait", b));
        let compiled = || {
            let blocked = self.quota.compile_blocked()?;
            Some(("nothing more of the namespace is compiled for now", blocked))
        };
        let quota = match runs.or_else(compiled) {
            Some((what, blocked)) => {
                let field = blocked.resource.field();
                let text = format!(
                    "{what}: `{field}` of the policy `{}` is used up",
                    self.plan.policy
                );
                Said::new("WithinQuota", false, "OverQuota", text)
            }
            None => Said::new(
                "WithinQuota",
                true,
                "WithinQuota",
                "nothing waits for the quota",
            ),
        };
        let mut said = vec![enabled, quota];
        said.extend(self.webhooks());
        said
    }

    /// How it is with its webhooks, where it has some.
    fn webhooks(&self) -> Option<Said> {
        let kind = "WebhooksServed";
        let not = |reason, text: String| Some(Said::new(kind, false, reason, text));
        let count = match &self.site {
            Some(site) => site.routes.admission.len(),
            None if self.left_out.is_empty() => return None,
            None => 0,
        };
        if !self.plan.webhooks && count > 0 {
            let policy = &self.plan.policy;
            let text = format!(
                "the policy `{policy}` does not let webhooks be served (`webhooks`): those bindings never run"
            );
            return not("NotAllowed", text);
        }
        let Some(sites) = &self.sites else {
            return not("NotServed", "this operator serves no webhooks".to_owned());
        };
        if count > 0 {
            match sites.registered(&self.plan.hook) {
                Registered::Yes => {}
                Registered::NotYet => {
                    return not(
                        "Starting",
                        "the API server is being told of them".to_owned(),
                    );
                }
                Registered::Failed(text) => return not("NotRegistered", text),
            }
        }
        if !self.left_out.is_empty() {
            return not("LeftOut", self.left_out.join("; "));
        }
        let text = match count {
            1 => "1 webhook is served".to_owned(),
            count => format!("{count} webhooks are served"),
        };
        Some(Said::new(kind, true, "Served", text))
    }

    /// Begins nothing more, and is not shown any more; runs under way may come to their end, and what they ask for is done.
    pub(super) fn leave(self, shared: &Shared) {
        let engine = self.engine.clone();
        self.mounts.remove(&engine);
        engine.stop.cancel();
        engine.tasks.close();
        shared.engine.tasks.spawn(async move {
            let _cell = self;
            // Dropping it ends the rest.
            let _ = tokio::time::timeout(LEAVE, engine.tasks.wait()).await;
        });
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.mounts.remove(&self.engine);
        self.engine.stop.cancel();
        self.engine.end_now();
        self.engine.drop_monitors();
        let hooks = self.engine.hooks.iter().map(|hook| hook.name.to_string());
        let queues = self.engine.queues.values().map(|queue| queue.name.clone());
        let webhooks = self.site.iter().flat_map(|site| &site.routes.admission);
        let webhooks = webhooks.map(|webhook| self.engine.scoped(&webhook.config.name));
        let names = hooks.chain(queues).chain(webhooks);
        self.mounts.bury(names.collect());
        self.mounts.forget_gone(&self.engine.metrics);
    }
}
