//! What happened lately, in bounded memory: for each binding its last events and how often what came of them, for each
//! hook its last run, and the last runs of all.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookbox_config::WatchEvent;
use hookbox_sandbox::Context;
use jiff::Timestamp;

use super::runs::{Outcome, Reasons, Runs};
use super::view::{Happening, LastRun, Tally};
use crate::clock::Clock;
use crate::event::{EventOutcome, OperatorEvent, RunFinished};
use crate::leader::Leadership;

/// Events that are kept of a binding.
const LAST: usize = 8;
/// Characters of an error that are kept.
pub(super) const MESSAGE: usize = 2000;

/// What happened lately.
pub(crate) struct Recent {
    clock: Clock,
    hooks: HashMap<Arc<str>, Mutex<HookRecent>>,
    runs: Mutex<Runs>,
    leadership: Mutex<Option<Leadership>>,
}

/// What happened to one hook. Small until something does.
#[derive(Debug, Default)]
pub(super) struct HookRecent {
    pub(super) bindings: BTreeMap<Box<str>, BindingRecent>,
    pub(super) runs: u64,
    pub(super) failures: u64,
    pub(super) last_run: Option<Box<LastRun>>,
    /// Why it ran last.
    pub(super) reasons: Reasons,
}

/// What happened to one binding.
#[derive(Debug, Clone, Default)]
pub(super) struct BindingRecent {
    pub(super) tally: Tally,
    /// Objects added, modified and deleted since the start.
    pub(super) since_start: Operations,
    /// The same since the hook's last run began.
    pub(super) since_run: Operations,
    /// It was enabled once.
    enabled: bool,
    /// Why it is not enabled.
    pub(super) error: Option<Box<str>>,
    /// The last ones, the newest last.
    pub(super) last: VecDeque<Happening>,
}

/// How many objects were added, modified and deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Operations {
    pub(super) added: u64,
    pub(super) modified: u64,
    pub(super) deleted: u64,
}

impl Operations {
    fn add(&mut self, event: WatchEvent) {
        let count = match event {
            WatchEvent::Added => &mut self.added,
            WatchEvent::Modified => &mut self.modified,
            WatchEvent::Deleted => &mut self.deleted,
        };
        *count += 1;
    }
}

impl Recent {
    /// For these hooks: the operator's own, or a tenant's, of which less is kept.
    pub(crate) fn new(
        hooks: impl IntoIterator<Item = Arc<str>>,
        of_tenant: bool,
        clock: Clock,
    ) -> Self {
        Self {
            clock,
            hooks: hooks.into_iter().map(|h| (h, Mutex::default())).collect(),
            runs: Mutex::new(Runs::new(of_tenant)),
            leadership: Mutex::default(),
        }
    }

    /// Something happened that is no review and no run. Short, and takes no lock for longer than it writes.
    pub(crate) fn observe(&self, event: &OperatorEvent) {
        match event {
            OperatorEvent::KubeEvent {
                hook,
                binding,
                watch_event,
                namespace,
                name,
                outcome,
            } => self.binding(hook, binding, |recent| {
                recent.since_start.add(*watch_event);
                recent.since_run.add(*watch_event);
                let (count, outcome) = match outcome {
                    EventOutcome::Fired => (&mut recent.tally.fired, "fired"),
                    EventOutcome::Buffered => (&mut recent.tally.put_aside, "put-aside"),
                    EventOutcome::Unchanged => (&mut recent.tally.unchanged, "unchanged"),
                    EventOutcome::NotWanted => (&mut recent.tally.not_wanted, "not-wanted"),
                };
                *count += 1;
                recent.remember(Happening {
                    time: self.clock.now(),
                    what: watch_event.as_str().to_owned().into(),
                    object: place(namespace, name),
                    outcome: outcome.into(),
                    message: None,
                });
            }),
            OperatorEvent::FilterFailed {
                hook,
                binding,
                namespace,
                name,
                message,
            } => self.binding(hook, binding, |recent| {
                recent.tally.filter_failed += 1;
                recent.remember(Happening {
                    time: self.clock.now(),
                    what: "Filter".into(),
                    object: place(namespace, name),
                    outcome: "filter-failed".into(),
                    message: Some(clipped(message, MESSAGE)),
                });
            }),
            OperatorEvent::ScheduleFired {
                hook,
                binding,
                crontab,
            } => self.schedule(hook, binding, crontab, None),
            OperatorEvent::ScheduleSkipped {
                hook,
                binding,
                crontab,
                message,
            } => self.schedule(hook, binding, crontab, Some(message)),
            OperatorEvent::BindingEnabled {
                hook,
                binding,
                objects,
            } => self.binding(hook, binding, |recent| {
                recent.error = None;
                // What was there at the start counts as added, as in shell-operator.
                if !std::mem::replace(&mut recent.enabled, true) {
                    recent.since_start.added += *objects as u64;
                    recent.since_run.added += *objects as u64;
                }
            }),
            OperatorEvent::BindingFailed {
                hook,
                binding,
                message,
                ..
            } => self.binding(hook, binding, |recent| {
                recent.error = Some(clipped(message, MESSAGE).into());
            }),
            OperatorEvent::ObjectsConverted {
                hook,
                binding,
                crd,
                from_version,
                to_version,
                objects,
                outcome,
                message,
            } => self.binding(hook, binding, |recent| {
                let count = match outcome.as_str() {
                    "converted" => &mut recent.tally.converted,
                    _ => &mut recent.tally.not_converted,
                };
                *count += *objects as u64;
                let objects = match objects {
                    1 => format!("1 object of {crd}"),
                    n => format!("{n} objects of {crd}"),
                };
                recent.remember(Happening {
                    time: self.clock.now(),
                    what: format!("{from_version} to {to_version}").into(),
                    object: objects,
                    outcome: outcome.clone().into(),
                    message: (!message.is_empty()).then(|| clipped(message, MESSAGE)),
                });
            }),
            OperatorEvent::Leadership(view) => {
                *self.leading() = Some(view.clone());
            }
            _ => {}
        }
    }

    /// A webhook's review was answered. This, [`Self::began`] and [`Self::ended`] are part of every answer: they copy no
    /// text that they have already.
    pub(crate) fn reviewed(
        &self,
        hook: &str,
        webhook: &str,
        outcome: &'static str,
        allowed: bool,
        message: &str,
    ) {
        self.binding(hook, webhook, |recent| {
            let count = match allowed {
                true => &mut recent.tally.allowed,
                false => &mut recent.tally.denied,
            };
            *count += 1;
            recent.remember(Happening {
                time: self.clock.now(),
                what: "Review".into(),
                object: String::new(),
                outcome: outcome.into(),
                message: (!message.is_empty()).then(|| clipped(message, MESSAGE)),
            });
        });
    }

    /// A run starts.
    pub(crate) fn began(
        &self,
        run: u64,
        hook: &Arc<str>,
        queue: &str,
        attempt: u32,
        contexts: &[Context],
    ) {
        let reasons = match self.hook(hook) {
            Some(mut recent) => {
                for binding in recent.bindings.values_mut() {
                    binding.since_run = Operations::default();
                }
                recent.reasons(contexts)
            }
            None => Reasons::of(contexts),
        };
        let now = self.clock.now();
        self.runs()
            .begin(run, hook.clone(), queue, attempt, reasons, now);
    }

    /// A run is over.
    pub(crate) fn ended(&self, finished: &RunFinished) {
        let now = self.clock.now();
        let last = last_run(finished, now);
        if let Some(mut recent) = self.hook(&finished.hook) {
            recent.runs += 1;
            recent.failures += u64::from(last.outcome != Outcome::Success);
            match &mut recent.last_run {
                Some(place) => **place = last,
                none => *none = Some(Box::new(last)),
            }
        }
        self.runs().finish(finished, now);
    }

    /// Who leads, where a leader is elected.
    pub(super) fn leadership(&self) -> Option<Leadership> {
        self.leading().clone()
    }

    fn leading(&self) -> MutexGuard<'_, Option<Leadership>> {
        self.leadership
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened to a hook; none when there is no such hook.
    pub(super) fn hook(&self, name: &str) -> Option<MutexGuard<'_, HookRecent>> {
        let recent = self.hooks.get(name)?;
        Some(recent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The last runs.
    pub(super) fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(&self, hook: &str, binding: &str, crontab: &str, skipped: Option<&String>) {
        self.binding(hook, &schedule_key(binding, crontab), |recent| {
            let (count, outcome) = match skipped {
                None => (&mut recent.tally.fired, "fired"),
                Some(_) => (&mut recent.tally.skipped, "skipped"),
            };
            *count += 1;
            recent.remember(Happening {
                time: self.clock.now(),
                what: "Tick".into(),
                object: String::new(),
                outcome: outcome.into(),
                message: skipped.map(|why| clipped(why, MESSAGE)),
            });
        });
    }

    fn binding(&self, hook: &str, binding: &str, act: impl FnOnce(&mut BindingRecent)) {
        let Some(mut recent) = self.hook(hook) else {
            return;
        };
        match recent.bindings.get_mut(binding) {
            Some(binding) => act(binding),
            None => act(recent.bindings.entry(binding.into()).or_default()),
        }
    }
}

impl HookRecent {
    /// The reasons of a run: those of the one before, where they are the same.
    fn reasons(&mut self, contexts: &[Context]) -> Reasons {
        if !self.reasons.are(contexts) {
            self.reasons = Reasons::of(contexts);
        }
        self.reasons.clone()
    }
}

impl BindingRecent {
    fn remember(&mut self, happening: Happening) {
        if self.last.len() >= LAST {
            self.last.pop_front();
        }
        self.last.push_back(happening);
    }
}

/// Schedules often have the same name.
pub(super) fn schedule_key(binding: &str, crontab: &str) -> String {
    format!("{binding} {crontab}")
}

fn last_run(finished: &RunFinished, now: Timestamp) -> LastRun {
    let (outcome, code, message, retry_at) = super::runs::ended(&finished.result, now);
    LastRun {
        run: finished.run,
        queue: finished.queue.clone(),
        attempt: finished.attempt,
        finished: now,
        outcome,
        code,
        message,
        retry_at,
        missing_grants: super::runs::refusals(finished),
    }
}

/// An object's name with its namespace, where it has one.
fn place(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        [namespace, "/", name].concat()
    }
}

/// The beginning of a text, of so many characters.
pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent() -> Recent {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        Recent::new([Arc::from("a")], false, clock)
    }

    fn change(name: &str, outcome: EventOutcome) -> OperatorEvent {
        OperatorEvent::KubeEvent {
            hook: "a".into(),
            binding: "pods".into(),
            watch_event: WatchEvent::Modified,
            namespace: "ns".into(),
            name: name.into(),
            outcome,
        }
    }

    #[tokio::test]
    async fn the_last_events_are_kept_and_all_are_counted() {
        let recent = recent();
        for i in 0..100 {
            recent.observe(&change(&i.to_string(), EventOutcome::Unchanged));
        }
        recent.observe(&change("x", EventOutcome::Fired));
        let hook = recent.hook("a").unwrap();
        let pods = &hook.bindings["pods"];
        assert_eq!((pods.tally.unchanged, pods.tally.fired), (100, 1));
        assert_eq!(pods.since_start.modified, 101);
        let names: Vec<&str> = pods.last.iter().map(|h| h.object.as_str()).collect();
        assert_eq!(names.len(), LAST);
        assert_eq!(names[LAST - 2..], ["ns/99", "ns/x"]);
    }

    #[tokio::test]
    async fn a_run_begins_to_count_anew() {
        let recent = recent();
        recent.observe(&change("x", EventOutcome::Fired));
        recent.began(1, &"a".into(), "main", 1, &[]);
        recent.observe(&change("y", EventOutcome::Fired));
        let hook = recent.hook("a").unwrap();
        let pods = &hook.bindings["pods"];
        assert_eq!((pods.since_start.modified, pods.since_run.modified), (2, 1));
    }

    #[tokio::test]
    async fn hooks_that_nobody_knows_are_not_kept() {
        let recent = recent();
        recent.observe(&OperatorEvent::ScheduleFired {
            hook: "b".into(),
            binding: "schedule".into(),
            crontab: "* * * * *".into(),
        });
        assert!(recent.hook("b").is_none());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(clipped("äöü", 3), "äöü");
        assert_eq!(clipped("äöü", 2), "äö…");
    }
}
