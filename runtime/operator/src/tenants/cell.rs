//! What runs for one Hook: an engine of its own. What happens to one harms no other.

use std::sync::Arc;
use std::time::Duration;

use super::plan::Plan;
use super::prepare::Prepared;
use super::status::Said;
use super::{Mounts, Shared};
use crate::apply::Gate;
use crate::engine::{Engine, Parts, Scope};
use crate::leader::Term;
use crate::quota::Quota;

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
    /// Those of its hooks that have webhooks.
    pub(super) with_webhooks: bool,
    quota: Arc<Quota>,
    /// What its hooks want by their configurations and do not have.
    pub(super) unmet: Vec<String>,
    engine: Arc<Engine>,
    mounts: Mounts,
}

impl Cell {
    /// Lets it begin.
    pub(super) fn start(shared: &Shared, plan: Plan, prepared: Prepared, term: &Term) -> Self {
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
        let with_webhooks = hooks.iter().any(|hook| {
            let config = &hook.config;
            !config.kubernetes_validating.is_empty() || !config.kubernetes_mutating.is_empty()
        });
        let engine = Engine::new(Parts {
            hooks,
            cluster: Some(side),
            scope: Some(Scope {
                name: scope,
                parameters: plan.parameters.clone(),
                runs: base.run_numbers(),
            }),
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
        engine.begin(term.part());
        shared.mounts.add(&engine);
        Self {
            plan,
            digest,
            signed_by,
            hooks: names,
            with_webhooks,
            quota,
            unmet,
            engine,
            mounts: shared.mounts.clone(),
        }
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
        let quota = match self.quota.blocked() {
            Some(blocked) => {
                let field = blocked.resource.field();
                let text = format!(
                    "runs of the namespace wait: `{field}` of the policy `{}` is used up",
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
        if self.with_webhooks {
            let text =
                "admission webhooks of Hook objects are not served: those bindings never run";
            said.push(Said::new("WebhooksServed", false, "NotServed", text));
        }
        said
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
        self.mounts.bury(hooks.chain(queues).collect());
        self.mounts.forget_gone(&self.engine.metrics);
    }
}
