//! Why a hook did or did not run.

use std::time::Duration;

use hookbox_config::{Kubernetes, NamespaceSelector, WatchEvent};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::Live;
use super::hooks::{Refused, not_granted};
use super::queues::describe;
use super::recent::{BindingRecent, HookRecent, schedule_key};
use super::runs::Outcome;
use super::view::{BindingView, LastRun, RateLimit, WaitingTask, Why};
use crate::api;
use crate::load::Hook;
use crate::monitor::{MonitorId, Phase};
use crate::queue::{HookIndex, Status, Task, Work, short};
use crate::quota::Resource;

/// Tasks of a hook that are told.
const TASKS: usize = 20;

/// Why a hook that was left out does not run.
pub(super) fn left_out(name: &str, refused: &Refused) -> Why {
    let message = api::one_line(&refused.message);
    Why {
        hook: name.to_owned(),
        source: refused.source.clone(),
        why: vec![format!("it was left out when hookbox started: {message}")],
        tasks: Vec::new(),
        rate_limit: None,
        last_run: None,
        not_granted: Vec::new(),
        bindings: Vec::new(),
    }
}

/// A task of the hook, with the queue that it is in.
struct Found {
    view: WaitingTask,
    status: Status,
    work: Work,
}

impl Live {
    /// Why a hook did or did not run.
    pub(super) fn why(&self, index: HookIndex, hook: &Hook) -> Why {
        let now = Instant::now();
        let tasks = self.tasks_of(index, now);
        let bindings = self.bindings_of(index, hook, &tasks);
        let last_run = self
            .recent
            .hook(&hook.name)
            .and_then(|recent| recent.last_run.as_deref().cloned());
        let rate_limit = self.rate_limit(index, hook, now);
        let mut why = Vec::new();
        if self.engine.stop.is_cancelled() {
            why.push("hookbox is stopping: no run begins any more".to_owned());
        }
        let leadership = self.recent.leadership();
        if let Some(view) = leadership.filter(|view| !view.leads) {
            why.push(format!(
                "this replica runs nothing but webhooks: {view}, by the lease {}",
                view.lease
            ));
        }
        for task in tasks.iter().take(TASKS) {
            why.push(say_task(task, now));
        }
        let today = self.engine.clock.now();
        why.extend(say_last(last_run.as_ref(), !tasks.is_empty(), today));
        if let Some(limit) = rate_limit.as_ref().filter(|l| l.next_in_seconds > 0.0) {
            why.push(format!(
                "it may run {} in {}: the next run begins in {} at the earliest",
                times(limit.burst),
                seconds(limit.interval_seconds),
                seconds(limit.next_in_seconds)
            ));
        }
        let not_granted = not_granted(hook);
        let refusals = last_run.iter().flat_map(|last| &last.missing_grants);
        why.extend(refusals.map(|refusal| format!("in its last run, {}", api::one_line(refusal))));
        let wanted = not_granted.iter();
        why.extend(wanted.map(|missing| format!("it wants more than it is granted: {missing}")));
        for binding in &bindings {
            why.extend(say_binding(binding, today));
        }
        if why.is_empty() {
            why.push("nothing has happened to its bindings since the start".to_owned());
        }
        Why {
            hook: hook.name.to_string(),
            source: hook.source.clone(),
            why,
            tasks: tasks.into_iter().take(TASKS).map(|t| t.view).collect(),
            rate_limit,
            last_run,
            not_granted,
            bindings,
        }
    }

    fn stands_by(&self) -> bool {
        self.recent.leadership().is_some_and(|view| !view.leads)
    }

    fn tasks_of(&self, index: HookIndex, now: Instant) -> Vec<Found> {
        let mut found = Vec::new();
        for queue in self.engine.queues.values() {
            let tasks: Vec<Task> = queue.state().tasks().cloned().collect();
            let status = queue.status();
            let describe = |i: usize, task: &Task| {
                describe(&self.engine, &self.recent, &queue.name, i + 1, task, now)
            };
            for (i, task) in tasks.iter().enumerate().filter(|(_, t)| t.hook == index) {
                let head = tasks.first().filter(|_| i > 0);
                found.push(Found {
                    view: WaitingTask {
                        queue: queue.name.clone(),
                        status: status.text(now),
                        continues_in_seconds: status.left(now).map(|left| left.as_secs_f64()),
                        task: describe(i, task),
                        behind: head.map(|head| Box::new(describe(0, head))),
                    },
                    status,
                    work: task.work.clone(),
                });
            }
        }
        found
    }

    fn rate_limit(&self, index: HookIndex, hook: &Hook, now: Instant) -> Option<RateLimit> {
        let settings = hook.config.settings?;
        if settings.execution_min_interval.is_zero() {
            return None;
        }
        let next = self.engine.next_turn(index, now);
        Some(RateLimit {
            interval_seconds: settings.execution_min_interval.as_secs_f64(),
            burst: settings.execution_burst.max(1),
            next_in_seconds: next.saturating_duration_since(now).as_secs_f64(),
        })
    }

    fn bindings_of(&self, index: HookIndex, hook: &Hook, tasks: &[Found]) -> Vec<BindingView> {
        let config = &hook.config;
        let recent = self.recent.hook(&hook.name).map(|recent| HookRecent {
            bindings: recent.bindings.clone(),
            ..HookRecent::default()
        });
        let of = |key: &str| -> Option<&BindingRecent> { recent.as_ref()?.bindings.get(key) };
        let mut views = Vec::new();
        if let Some(order) = config.on_startup {
            let waits = tasks.iter().any(|t| t.view.task.bindings == ["onStartup"]);
            let state = if waits { "waits for its run" } else { "done" };
            views.push(view(
                "onStartup",
                "onStartup",
                &format!("order {order}"),
                state,
            ));
        }
        let begin = self.stands_by() || tasks.iter().any(|t| t.work == Work::EnableSchedules);
        let webhook_state = if self.common.webhooks {
            "served"
        } else {
            "not served"
        };
        for schedule in &config.schedule {
            let crontab = schedule.crontab.as_str();
            let state = if begin { "not begun" } else { "enabled" };
            let next = self.engine.next_tick(&schedule.crontab);
            let state = match next {
                None => "never fires",
                Some(_) => state,
            };
            let mut view = view("schedule", &schedule.name, crontab, state);
            view.next = next.filter(|_| !begin);
            remember(&mut view, of(&schedule_key(&schedule.name, crontab)));
            views.push(view);
        }
        for (binding, kubernetes) in config.kubernetes.iter().enumerate() {
            let id = MonitorId {
                hook: index,
                binding,
            };
            let recent = of(&kubernetes.name);
            views.push(self.kubernetes(id, kubernetes, recent, tasks));
        }
        let validating = config.kubernetes_validating.iter();
        let validating = validating.map(|webhook| ("kubernetesValidating", webhook));
        let mutating = config.kubernetes_mutating.iter();
        let mutating = mutating.map(|webhook| ("kubernetesMutating", webhook));
        for (kind, webhook) in validating.chain(mutating) {
            let mut view = view(kind, &webhook.name, "", webhook_state);
            remember(&mut view, of(&webhook.name));
            views.push(view);
        }
        for conversion in &config.kubernetes_custom_resource_conversion {
            let kind = "kubernetesCustomResourceConversion";
            let mut view = view(kind, &conversion.name, &conversion.crd_name, webhook_state);
            remember(&mut view, of(&conversion.name));
            views.push(view);
        }
        views
    }

    fn kubernetes(
        &self,
        id: MonitorId,
        config: &Kubernetes,
        recent: Option<&BindingRecent>,
        tasks: &[Found],
    ) -> BindingView {
        let monitor = self.engine.monitor(id);
        let state = match &monitor {
            None if self.engine.cluster.is_none() => "never enabled: there is no cluster",
            None if tasks.iter().any(|t| t.work == Work::EnableKubernetes) => "not begun",
            None if self.stands_by() => "not begun",
            None => "not enabled",
            Some(monitor) => match monitor.phase() {
                Phase::Starting => "listing its objects",
                Phase::Absent => "not enabled: its kind is not served",
                Phase::Retrying => "not enabled",
                Phase::Enabled if monitor.put_aside().is_some() => {
                    "waiting for its Synchronization"
                }
                Phase::Enabled => "enabled",
            },
        };
        let on = match &config.api_version {
            Some(version) => format!("{version} {}", config.kind),
            None => config.kind.clone(),
        };
        let mut view = view("kubernetes", &config.name, &on, state);
        if let Some(monitor) = &monitor {
            let (objects, bytes) = monitor.held();
            (view.objects, view.bytes) = (Some(objects), Some(bytes));
            view.put_aside = monitor.put_aside().unwrap_or_default();
        }
        remember(&mut view, recent);
        if state.starts_with("not enabled") {
            view.error = recent.and_then(|r| r.error.as_deref().map(api::one_line));
        }
        view.on.push_str(&wants(config));
        view
    }
}

/// What a binding does not want, in words.
fn wants(config: &Kubernetes) -> String {
    let mut words = String::new();
    if let NamespaceSelector::Names(names) = &config.namespace {
        words.push_str(&format!(" in {}", names.join(", ")));
    }
    let all = [WatchEvent::Added, WatchEvent::Modified, WatchEvent::Deleted];
    if config.execute_hook_on_event.is_empty() {
        words.push_str(", no events");
    } else if !all.iter().all(|e| config.execute_hook_on_event.contains(e)) {
        let events: Vec<&str> = config
            .execute_hook_on_event
            .iter()
            .map(|e| e.as_str())
            .collect();
        words.push_str(&format!(", only {}", events.join(" and ")));
    }
    words
}

fn view(kind: &str, name: &str, on: &str, state: &str) -> BindingView {
    BindingView {
        kind: kind.to_owned(),
        name: name.to_owned(),
        on: on.to_owned(),
        state: state.to_owned(),
        error: None,
        objects: None,
        bytes: None,
        put_aside: 0,
        next: None,
        tally: super::view::Tally::default(),
        last: Vec::new(),
    }
}

fn remember(view: &mut BindingView, recent: Option<&BindingRecent>) {
    if let Some(recent) = recent {
        view.tally = recent.tally;
        view.last = recent.last.iter().rev().cloned().collect();
    }
}

/// One task in words.
fn say_task(found: &Found, now: Instant) -> String {
    let WaitingTask {
        queue,
        task,
        behind,
        ..
    } = &found.view;
    let what = match &found.work {
        Work::EnableKubernetes => "enables its kubernetes bindings".to_owned(),
        Work::EnableSchedules => "begins its schedules".to_owned(),
        Work::Run(_) => match task.bindings.as_slice() {
            [one] => format!("runs for binding `{one}`"),
            many => format!("runs for bindings {}", quoted(many)),
        },
    };
    let left = || short(found.status.left(now).unwrap_or_default());
    match (behind, found.status) {
        (Some(head), status) => {
            let head_is = match status {
                Status::Sleeping { .. } => {
                    let error = head.error.as_deref().unwrap_or("it failed");
                    format!("failed and is tried again in {}: {error}", left())
                }
                Status::Limited { .. } => format!("waits {} for its rate limit", left()),
                Status::OverQuota { resource, .. } => over_quota(resource, &left()),
                Status::Blind { .. } => "waits for snapshots that are not known".to_owned(),
                Status::Running { since } => {
                    format!("runs since {}", short(now.saturating_duration_since(since)))
                }
                Status::Idle | Status::Stopped => "is next".to_owned(),
            };
            format!(
                "it {what} when its turn comes: it is at place {} of queue `{queue}`, behind hook `{}`, which {head_is}",
                task.index, head.hook
            )
        }
        (None, Status::Sleeping { .. }) => format!(
            "it failed {} in queue `{queue}` and is tried again in {}: {}",
            times(task.failures),
            left(),
            task.error.as_deref().unwrap_or("the log says why")
        ),
        (None, Status::Limited { .. }) => {
            format!("it {what} in {}, when its rate limit lets it", left())
        }
        (None, Status::OverQuota { resource, .. }) => {
            format!("it {what} later: it {}", over_quota(resource, &left()))
        }
        (None, Status::Blind { .. }) => {
            format!("it {what} when the snapshots that it shows are known")
        }
        (None, Status::Running { since }) => format!(
            "it {what} right now in queue `{queue}`, since {}",
            short(now.saturating_duration_since(since))
        ),
        (None, Status::Idle | Status::Stopped) => format!("it {what} next in queue `{queue}`"),
    }
}

fn over_quota(resource: Resource, left: &str) -> String {
    let field = resource.field();
    format!("waits {left} for its tenant's quota `{field}`")
}

/// The last run in words. A failure that is tried again is told with its task.
fn say_last(last: Option<&LastRun>, has_tasks: bool, now: Timestamp) -> Option<String> {
    let Some(last) = last else {
        return (!has_tasks).then(|| "it has not run since the start".to_owned());
    };
    let ago = age(last.finished, now);
    let error = || {
        let message = last.message.as_deref().unwrap_or_default();
        api::one_line(message).to_string()
    };
    match last.outcome {
        Outcome::Success => Some(format!("its last run, {ago} ago, succeeded")),
        Outcome::Failed if last.retry_at.is_some() && has_tasks => None,
        Outcome::Failed => Some(format!(
            "its last run, {ago} ago, failed and is not repeated: {}",
            error()
        )),
        Outcome::AllowedFailure => Some(format!(
            "its last run, {ago} ago, failed, which its binding allows: {}",
            error()
        )),
        Outcome::Running => None,
    }
}

/// What there is to say of a binding beside its place in the list.
fn say_binding(binding: &BindingView, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    let name = &binding.name;
    // What has not begun is told with the task that begins it.
    let quiet = ["enabled", "not begun"].contains(&binding.state.as_str());
    if binding.kind == "kubernetes" && !quiet {
        let error = binding.error.as_deref();
        let error = error.map_or_else(String::new, |error| format!(": {error}"));
        lines.push(format!("binding `{name}` is {}{error}", binding.state));
    }
    if binding.put_aside > 0 {
        let changes = match binding.put_aside {
            1 => format!("1 change of binding `{name}` is"),
            n => format!("{n} changes of binding `{name}` are"),
        };
        lines.push(format!(
            "{changes} put aside until its Synchronization has run"
        ));
    }
    if binding.kind == "schedule" {
        match binding.next {
            Some(next) => lines.push(format!(
                "schedule `{name}` ({}) fires next in {}, at {next:.0}",
                binding.on,
                age(now, next)
            )),
            None if binding.state == "not begun" => {}
            None => lines.push(format!(
                "schedule `{name}` ({}) {}",
                binding.on, binding.state
            )),
        }
    }
    if let Some(last) = binding.last.first() {
        let ago = age(last.time, now);
        if binding.kind == "kubernetesCustomResourceConversion" {
            if let Some(why) = last.message.as_deref() {
                lines.push(format!(
                    "its last conversion `{name}`, {} of {} {ago} ago, failed: {why}",
                    last.what, last.object
                ));
            }
            return lines;
        }
        let (what, object) = (&last.what, &last.object);
        let of = format!("the last change of binding `{name}`, {what} of {object} {ago} ago,");
        match &*last.outcome {
            "unchanged" => lines.push(format!("{of} did not run it: what counts did not change")),
            "not-wanted" => lines.push(format!(
                "{of} did not run it: executeHookOnEvent leaves it out"
            )),
            "filter-failed" => lines.push(format!(
                "the filter of binding `{name}` failed on {object} {ago} ago: {}",
                last.message.as_deref().unwrap_or_default()
            )),
            "skipped" => lines.push(format!(
                "schedule `{name}` was skipped {ago} ago: {}",
                last.message.as_deref().unwrap_or_default()
            )),
            _ => {}
        }
    }
    lines
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn times(n: u32) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

fn seconds(seconds: f64) -> String {
    short(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// From one time to another; zero when it is not later.
fn age(from: Timestamp, to: Timestamp) -> String {
    let span: SignedDuration = to.duration_since(from);
    let span = Duration::try_from(span).unwrap_or_default();
    // Parts of a second say nothing after the first ones.
    let whole = if span < Duration::from_secs(10) {
        span
    } else {
        Duration::from_secs(span.as_secs())
    };
    short(whole)
}
