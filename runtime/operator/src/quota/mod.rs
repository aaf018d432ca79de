//! What a tenant may use over time, and what it used.
//!
//! A run begins when there is something left of everything that runs use; what it then used is taken, even where it is
//! more than there was: the next run waits for as long as it takes until it came back. So whoever is over its quota waits,
//! and nothing of it fails.

mod bucket;
mod held;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookbox_sandbox::Usage;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

use self::bucket::Bucket;
pub use self::held::{Held, NoRoom};
pub use self::settings::{QuotaSettings, Resource};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Bindings of a tenant that filter objects at a time.
const FILTERING: usize = 2;

/// What runs use: all that must be there when one begins.
const RUN: [Resource; 5] = [
    Resource::Runs,
    Resource::Cpu,
    Resource::Effects,
    Resource::ApiCalls,
    Resource::LogBytes,
];

/// What a tenant may use, and what it used. All hooks of the tenant share one.
#[derive(Debug)]
pub struct Quota {
    tenant: Arc<str>,
    state: Mutex<State>,
    /// Counts the changes of the settings.
    changed: watch::Sender<u64>,
    /// Turns of filtering.
    filtering: Semaphore,
}

#[derive(Debug)]
struct State {
    settings: QuotaSettings,
    cpu: Bucket,
    runs: Bucket,
    effects: Bucket,
    api_calls: Bucket,
    log_bytes: Bucket,
    compile_time: Bucket,
    /// Bytes that snapshots hold.
    held: u64,
    /// How long the tenant waited in all, and how often, by what it waited for.
    waited: HashMap<Resource, Waited>,
}

/// How long and how often somebody waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waited {
    /// How often.
    pub times: u64,
    /// How long in all.
    pub time: Duration,
}

/// What is used up, and when there is some again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// What is used up.
    pub resource: Resource,
    /// When there is some again, as far as is known: more may be used meanwhile.
    pub until: Instant,
}

/// How much of one thing a tenant used and may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceView {
    /// What.
    pub resource: Resource,
    /// What it used of it and did not come back yet; bytes that are held, for snapshots. Times are in nanoseconds.
    pub used: u64,
    /// What it may use.
    pub limit: u64,
}

impl State {
    fn new(settings: QuotaSettings) -> Self {
        let minute = |amount| Bucket::new(amount, MINUTE);
        let mut state = Self {
            cpu: minute(0),
            runs: minute(0),
            effects: minute(0),
            api_calls: minute(0),
            log_bytes: minute(0),
            compile_time: Bucket::new(0, HOUR),
            held: 0,
            waited: HashMap::new(),
            settings: settings.clone(),
        };
        state.set(settings);
        state
    }

    fn set(&mut self, settings: QuotaSettings) {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let now = Instant::now();
        self.cpu.resize(nanoseconds(settings.cpu_per_minute.0), now);
        self.runs.resize(settings.runs_per_minute.into(), now);
        self.effects.resize(settings.effects_per_minute.into(), now);
        self.api_calls
            .resize(settings.api_calls_per_minute.into(), now);
        self.log_bytes.resize(settings.log_bytes_per_minute.0, now);
        self.compile_time
            .resize(nanoseconds(settings.compile_time_per_hour.0), now);
        self.settings = settings;
    }

    fn bucket(&mut self, resource: Resource) -> Option<&mut Bucket> {
        Some(match resource {
            Resource::Cpu => &mut self.cpu,
            Resource::Runs => &mut self.runs,
            Resource::Effects => &mut self.effects,
            Resource::ApiCalls => &mut self.api_calls,
            Resource::LogBytes => &mut self.log_bytes,
            Resource::CompileTime => &mut self.compile_time,
            Resource::SnapshotBytes => return None,
        })
    }

    /// What of these is used up for longest.
    fn blocked(&mut self, needed: &[Resource], now: Instant) -> Option<Blocked> {
        let mut last = None;
        for resource in needed {
            let Some(until) = self.bucket(*resource).map(|bucket| bucket.ready_at(now)) else {
                continue;
            };
            if until > now && last.is_none_or(|last: Blocked| until > last.until) {
                last = Some(Blocked {
                    resource: *resource,
                    until,
                });
            }
        }
        last
    }

    fn take(&mut self, resource: Resource, amount: u64, now: Instant) {
        if let Some(bucket) = self.bucket(resource) {
            bucket.take(amount, now);
        }
    }
}

impl Quota {
    /// A quota of which nothing is used. `tenant` is what metrics and messages call it.
    #[must_use]
    pub fn new(tenant: impl Into<Arc<str>>, settings: QuotaSettings) -> Arc<Self> {
        Arc::new(Self {
            tenant: tenant.into(),
            state: Mutex::new(State::new(settings)),
            changed: watch::Sender::new(0),
            filtering: Semaphore::new(FILTERING),
        })
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &Arc<str> {
        &self.tenant
    }

    /// From now on it is another one; what was used stays so. Who waits looks again.
    pub fn update(&self, settings: QuotaSettings) {
        {
            let mut state = self.state();
            if state.settings == settings {
                return;
            }
            state.set(settings);
        }
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// What it is now.
    #[must_use]
    pub fn settings(&self) -> QuotaSettings {
        self.state().settings.clone()
    }

    /// What keeps a run from beginning, if anything does.
    #[must_use]
    pub fn blocked(&self) -> Option<Blocked> {
        self.state().blocked(&RUN, Instant::now())
    }

    /// Waits until a run may begin, which is counted then. `waits` is told of each thing that is waited for.
    pub async fn run(&self, waits: impl FnMut(Blocked)) {
        self.pass(&RUN, Some(Resource::Runs), waits).await;
    }

    /// As [`Quota::run`], if it may begin before `until`. Otherwise nothing is counted.
    ///
    /// # Errors
    /// What is used up until later than that.
    pub async fn run_by(&self, until: Instant) -> Result<(), Blocked> {
        loop {
            if let Some(blocked) = self.blocked().filter(|blocked| blocked.until > until) {
                return Err(blocked);
            }
            let pass = self.run(|_| {});
            match tokio::time::timeout_at(until, pass).await {
                Ok(()) => return Ok(()),
                // Somebody else was first, and used it up again.
                Err(_) if Instant::now() < until => {}
                Err(_) => {
                    return Err(self.blocked().unwrap_or(Blocked {
                        resource: Resource::Runs,
                        until,
                    }));
                }
            }
        }
    }

    /// Waits until something may be sent to the API server, which is counted then.
    pub async fn api_call(&self) {
        self.pass(&[Resource::ApiCalls], Some(Resource::ApiCalls), |_| {})
            .await;
    }

    /// Counts a request to the API server that does not wait, such as one in the middle of a run.
    pub fn charge_api_call(&self) {
        self.charge(Resource::ApiCalls, 1);
    }

    /// Waits until objects may be filtered: there is CPU time left, and no more of the tenant's bindings filter than may at
    /// a time. So those of other tenants wait for no more than that before them.
    pub async fn filter(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.filtering.acquire().await.ok();
        self.pass(&[Resource::Cpu], None, |_| {}).await;
        turn
    }

    /// Counts CPU time of something that is no run.
    pub fn charge_cpu(&self, time: Duration) {
        self.charge(Resource::Cpu, nanoseconds(time));
    }

    /// What keeps something from being compiled, if anything does.
    #[must_use]
    pub fn compile_blocked(&self) -> Option<Blocked> {
        self.state()
            .blocked(&[Resource::CompileTime], Instant::now())
    }

    /// Counts time that compiling took, also where it came to nothing.
    pub fn charge_compile(&self, time: Duration) {
        self.charge(Resource::CompileTime, nanoseconds(time));
    }

    /// Counts what a run used.
    pub fn charge_run(&self, usage: &Usage, effects: usize) {
        let now = Instant::now();
        let mut state = self.state();
        state.take(Resource::Cpu, nanoseconds(usage.cpu_time), now);
        state.take(Resource::LogBytes, usage.log_bytes, now);
        let effects = u64::try_from(effects).unwrap_or(u64::MAX);
        state.take(Resource::Effects, effects, now);
    }

    /// A place for the bytes of one snapshot, which holds none.
    #[must_use]
    pub fn hold(self: &Arc<Self>) -> Held {
        Held::new(self.clone())
    }

    /// How much of each thing is used.
    #[must_use]
    pub fn view(&self) -> Vec<ResourceView> {
        let now = Instant::now();
        let mut state = self.state();
        let held = ResourceView {
            resource: Resource::SnapshotBytes,
            used: state.held,
            limit: state.settings.snapshot_bytes.0,
        };
        let mut views = Vec::with_capacity(RUN.len() + 2);
        for resource in RUN.into_iter().chain([Resource::CompileTime]) {
            if let Some(bucket) = state.bucket(resource) {
                views.push(ResourceView {
                    resource,
                    used: bucket.used(now),
                    limit: bucket.amount(),
                });
            }
        }
        views.push(held);
        views
    }

    /// How often and how long something of the tenant waited, by what it waited for.
    #[must_use]
    pub fn waited(&self) -> Vec<(Resource, Waited)> {
        let mut all: Vec<_> = self.state().waited.iter().map(|(r, w)| (*r, *w)).collect();
        all.sort_unstable_by_key(|(resource, _)| *resource);
        all
    }

    fn charge(&self, resource: Resource, amount: u64) {
        self.state().take(resource, amount, Instant::now());
    }

    /// Waits until there is something left of all of `needed`, then takes one of `counts`.
    async fn pass(
        &self,
        needed: &[Resource],
        counts: Option<Resource>,
        mut waits: impl FnMut(Blocked),
    ) {
        let mut changed = self.changed.subscribe();
        let mut waiting: Option<Waiting<'_>> = None;
        loop {
            changed.mark_unchanged();
            let now = Instant::now();
            let blocked = {
                let mut state = self.state();
                let blocked = state.blocked(needed, now);
                if let (None, Some(resource)) = (blocked, counts) {
                    state.take(resource, 1, now);
                }
                blocked
            };
            let Some(blocked) = blocked else { return };
            if waiting
                .as_ref()
                .is_none_or(|w| w.resource != blocked.resource)
            {
                waiting = Some(Waiting::new(self, blocked.resource));
            }
            waits(blocked);
            tokio::select! {
                () = tokio::time::sleep_until(blocked.until) => {}
                // The sender is this quota's own.
                _ = changed.changed() => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits; counted when it is over, or given up.
struct Waiting<'q> {
    quota: &'q Quota,
    resource: Resource,
    since: Instant,
}

impl<'q> Waiting<'q> {
    fn new(quota: &'q Quota, resource: Resource) -> Self {
        Self {
            quota,
            resource,
            since: Instant::now(),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.quota.state();
        let waited = state.waited.entry(self.resource).or_default();
        waited.times += 1;
        waited.time += self.since.elapsed();
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
