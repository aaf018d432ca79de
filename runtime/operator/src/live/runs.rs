//! The last runs, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use hookbox_sandbox::effects::ObjectRef;
use hookbox_sandbox::{Context, LogRecord};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::recent::{MESSAGE, clipped};
use super::view::{EffectCounts, PatchView, RunEnd, RunView};
use crate::event::{PatchResult, RunFinished, RunReason, RunResult};

/// Runs that are kept.
const RUNS: usize = 1000;
/// Bytes of texts of all runs that are kept.
const BYTES: usize = 8 << 20;
/// Binding contexts that are shown of a run.
const REASONS: usize = 16;
/// Object patches that are shown of a run.
const PATCHES: usize = 50;
/// Missing grants that are shown of a run.
const REFUSALS: usize = 8;
/// Bytes of a run's log that are kept.
const LOG: usize = 16 << 10;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It has not ended.
    Running,
    /// Well.
    Success,
    /// It failed.
    Failed,
    /// It failed, and may (`allowFailure`).
    AllowedFailure,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::AllowedFailure => "allowed-failure",
        }
    }
}

/// The last runs and those under way.
#[derive(Debug)]
pub(super) struct Runs {
    /// How many are kept, and bytes of their texts.
    most: (usize, usize),
    /// In the order of their numbers.
    open: Vec<Kept>,
    /// With the bytes that each takes, the newest last.
    done: VecDeque<(Kept, usize)>,
    bytes: usize,
}

/// A run. Texts that are the same in many runs are there once.
#[derive(Debug)]
struct Kept {
    run: u64,
    hook: Arc<str>,
    queue: Box<str>,
    attempt: u32,
    reasons: Reasons,
    started: Timestamp,
    outcome: Outcome,
    end: Option<RunEnd>,
}

impl Kept {
    fn view(&self) -> RunView {
        RunView {
            run: self.run,
            id: String::new(),
            hook: self.hook.to_string(),
            queue: self.queue.to_string(),
            attempt: self.attempt,
            reasons: self.reasons.first.to_vec(),
            contexts: self.reasons.contexts,
            started: self.started,
            outcome: self.outcome,
            end: self.end.clone(),
        }
    }
}

/// Why a run happens: the first of its binding contexts, and how many there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Reasons {
    first: Arc<[RunReason]>,
    contexts: usize,
}

impl Reasons {
    pub(super) fn of(contexts: &[Context]) -> Self {
        Self {
            first: contexts.iter().take(REASONS).map(reason).collect(),
            contexts: contexts.len(),
        }
    }

    /// Whether they are those of these contexts.
    pub(super) fn are(&self, contexts: &[Context]) -> bool {
        let same = |(reason, context): (&RunReason, &Context)| {
            reason.binding == context.binding
                && reason.kind == context.kind
                && reason.watch_event == context.watch_event
        };
        self.contexts == contexts.len() && self.first.iter().zip(contexts).all(same)
    }
}

/// Why a run happens, of one binding context.
pub(crate) fn reason(context: &Context) -> RunReason {
    RunReason {
        binding: context.binding.clone(),
        kind: context.kind.clone(),
        watch_event: context.watch_event.clone(),
    }
}

/// Runs of a tenant's Hook that are kept, and bytes of their texts.
const OF_TENANT: (usize, usize) = (100, 1 << 20);

impl Runs {
    pub(super) fn new(of_tenant: bool) -> Self {
        Self {
            most: match of_tenant {
                true => OF_TENANT,
                false => (RUNS, BYTES),
            },
            open: Vec::new(),
            done: VecDeque::new(),
            bytes: 0,
        }
    }

    pub(super) fn begin(
        &mut self,
        run: u64,
        hook: Arc<str>,
        queue: &str,
        attempt: u32,
        reasons: Reasons,
        now: Timestamp,
    ) {
        // A run that panicked has no end; there are never so many at once.
        if self.open.len() >= self.most.0 {
            self.open.remove(0);
        }
        let kept = Kept {
            run,
            hook,
            queue: queue.into(),
            attempt,
            reasons,
            started: now,
            outcome: Outcome::Running,
            end: None,
        };
        let at = self.open.partition_point(|open| open.run < run);
        self.open.insert(at, kept);
    }

    pub(super) fn finish(&mut self, finished: &RunFinished, now: Timestamp) {
        let place = |open: &Kept| open.run;
        let Ok(at) = self.open.binary_search_by_key(&finished.run, place) else {
            return;
        };
        let mut kept = self.open.remove(at);
        let (outcome, code, message, retry_at) = ended(&finished.result, now);
        let (log, log_left_out) = tail(&finished.log);
        kept.outcome = outcome;
        kept.end = Some(RunEnd {
            finished: now,
            code,
            message,
            retry_at,
            usage: finished.usage.clone(),
            effects: finished
                .effects
                .as_ref()
                .map_or_else(Default::default, |effects| EffectCounts {
                    object_patches: effects.object_patches.len(),
                    metrics: effects.metrics.len(),
                    values: effects.values.len() + effects.config_values.len(),
                }),
            patches: finished.patches.iter().take(PATCHES).map(patch).collect(),
            metrics_dropped: finished.metrics_dropped.iter().take(8).cloned().collect(),
            missing_grants: refusals(finished),
            log,
            log_left_out,
        });
        let bytes = size(&kept);
        self.bytes += bytes;
        self.done.push_back((kept, bytes));
        while self.done.len() > self.most.0 || self.bytes > self.most.1 {
            let Some((_, bytes)) = self.done.pop_front() else {
                break;
            };
            self.bytes -= bytes;
        }
    }

    /// The newest first: those under way, then those that ended.
    pub(super) fn newest(&self) -> impl Iterator<Item = RunView> {
        self.kept().map(Kept::view)
    }

    pub(super) fn find(&self, run: u64) -> Option<RunView> {
        self.kept().find(|kept| kept.run == run).map(Kept::view)
    }

    fn kept(&self) -> impl Iterator<Item = &Kept> {
        let done = self.done.iter().rev().map(|(run, _)| run);
        self.open.iter().rev().chain(done)
    }
}

/// Outcome, code, message and time of the next attempt.
pub(super) fn ended(
    result: &RunResult,
    now: Timestamp,
) -> (Outcome, Option<String>, Option<String>, Option<Timestamp>) {
    match result {
        RunResult::Succeeded => (Outcome::Success, None, None, None),
        RunResult::Failed {
            code,
            message,
            allowed,
            retry_in,
        } => {
            let outcome = if *allowed {
                Outcome::AllowedFailure
            } else {
                Outcome::Failed
            };
            let retry_at = retry_in
                .and_then(|pause| SignedDuration::try_from(pause).ok())
                .and_then(|pause| now.checked_add(pause).ok());
            let message = clipped(message, MESSAGE);
            (outcome, Some(code.clone()), Some(message), retry_at)
        }
    }
}

/// What a run was refused because it was not granted: the first of it.
pub(super) fn refusals(finished: &RunFinished) -> Vec<String> {
    let first = finished.missing_grants.iter().take(REFUSALS);
    first.map(|text| clipped(text, MESSAGE)).collect()
}

fn patch(result: &PatchResult) -> PatchView {
    match result {
        PatchResult::Applied(applied) => PatchView {
            operation: Some(applied.operation.clone()),
            object: Some(name(&applied.object)),
            done: Some(if applied.changed {
                format!("{:?}", applied.verb)
            } else {
                "Unchanged".to_owned()
            }),
            code: None,
            error: None,
        },
        PatchResult::Failed { code, error } => PatchView {
            operation: None,
            object: None,
            done: None,
            code: Some(code.clone()),
            error: Some(clipped(error, MESSAGE)),
        },
    }
}

/// `ConfigMap default/greetings`.
fn name(object: &ObjectRef) -> String {
    let ObjectRef {
        kind,
        namespace,
        name,
        ..
    } = object;
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The end of a log, and how many records are missing before it.
fn tail(log: &[LogRecord]) -> (Vec<LogRecord>, usize) {
    let mut room = LOG;
    let kept = log.iter().rev().take_while(|record| {
        let bytes = record_size(record);
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    let left_out = log.len() - kept.count();
    (log.iter().skip(left_out).cloned().collect(), left_out)
}

fn record_size(record: &LogRecord) -> usize {
    let fields: usize = record.fields.iter().map(|(n, v)| n.len() + v.len()).sum();
    64 + record.message.len() + fields
}

/// About the bytes that a run takes.
fn size(run: &Kept) -> usize {
    let reasons: usize = run.reasons.first.iter().map(|r| 96 + r.binding.len()).sum();
    let end = run.end.as_ref().map_or(0, |end| {
        let patch = |p: &PatchView| {
            let texts = [&p.operation, &p.object, &p.done, &p.code, &p.error];
            160 + texts.into_iter().flatten().map(String::len).sum::<usize>()
        };
        end.message.as_ref().map_or(0, String::len)
            + end.patches.iter().map(patch).sum::<usize>()
            + end
                .metrics_dropped
                .iter()
                .chain(&end.missing_grants)
                .map(|m| 32 + m.len())
                .sum::<usize>()
            + end.log.iter().map(record_size).sum::<usize>()
    });
    512 + run.hook.len() + run.queue.len() + reasons + end
}

#[cfg(test)]
mod tests {
    use hookbox_sandbox::{LogLevel, Usage};

    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn finished(run: u64, log: Vec<LogRecord>, result: RunResult) -> RunFinished {
        RunFinished {
            run,
            hook: "a".into(),
            queue: "main".into(),
            attempt: 1,
            reasons: Vec::new(),
            result,
            values_dropped: false,
            effects: None,
            patches: Vec::new(),
            metrics_dropped: Vec::new(),
            missing_grants: Vec::new(),
            log,
            usage: Usage::default(),
        }
    }

    fn record(message: String) -> LogRecord {
        LogRecord {
            level: LogLevel::Info,
            message,
            fields: Default::default(),
        }
    }

    fn one(runs: &mut Runs, run: u64, log: Vec<LogRecord>) {
        runs.begin(run, "a".into(), "main", 1, Reasons::default(), now());
        runs.finish(&finished(run, log, RunResult::Succeeded), now());
    }

    #[test]
    fn the_number_of_runs_is_bounded() {
        let mut runs = Runs::new(false);
        for run in 0..RUNS as u64 + 10 {
            one(&mut runs, run, Vec::new());
        }
        assert_eq!(runs.newest().count(), RUNS);
        assert_eq!(runs.newest().next().unwrap().run, RUNS as u64 + 9);
        assert!(runs.find(9).is_none() && runs.find(10).is_some());
    }

    #[test]
    fn the_bytes_of_runs_are_bounded_and_the_end_of_a_log_is_kept() {
        let mut runs = Runs::new(false);
        let line = |i: usize| record(format!("{i} {}", "x".repeat(4000)));
        for run in 0..900 {
            one(&mut runs, run, (0..10).map(line).collect());
        }
        let kept = runs.newest().count();
        assert!((400..600).contains(&kept), "{kept}");
        assert!(runs.bytes <= BYTES);
        let end = runs.newest().next().unwrap().end.unwrap();
        assert_eq!((end.log.len(), end.log_left_out), (4, 6));
        assert!(end.log[3].message.starts_with("9 "));
        one(&mut runs, 900, vec![record("x".repeat(100_000))]);
        let end = runs.find(900).unwrap().end.unwrap();
        assert_eq!((end.log.len(), end.log_left_out), (0, 1));
    }

    #[test]
    fn a_run_under_way_is_shown_and_one_without_an_end_is_forgotten() {
        let mut runs = Runs::new(false);
        for run in 0..=RUNS as u64 {
            runs.begin(run, "a".into(), "main", 1, Reasons::default(), now());
        }
        assert!(runs.find(0).is_none());
        assert_eq!(runs.find(1).unwrap().outcome, Outcome::Running);
        runs.finish(&finished(0, Vec::new(), RunResult::Succeeded), now());
        assert!(runs.find(0).is_none());
    }

    #[test]
    fn reasons_are_shared_only_where_they_are_the_same() {
        let context = |binding: &str, kind: &str| Context {
            binding: binding.to_owned(),
            kind: Some(kind.to_owned()),
            ..Context::default()
        };
        let all: Vec<Context> = (0..REASONS + 2)
            .map(|i| context(&i.to_string(), "Event"))
            .collect();
        let reasons = Reasons::of(&all);
        assert!(reasons.are(&all));
        assert_eq!((reasons.first.len(), reasons.contexts), (REASONS, 18));
        assert!(!reasons.are(&all[1..]) && !reasons.are(&[]));
        let mut other = all.clone();
        other[1].kind = Some("Schedule".to_owned());
        assert!(!reasons.are(&other));
    }

    #[test]
    fn a_failure_says_when_it_is_tried_again() {
        let result = |retry| RunResult::Failed {
            code: "trap".into(),
            message: "m".repeat(10_000),
            allowed: false,
            retry_in: retry,
        };
        let (outcome, code, message, retry_at) =
            ended(&result(Some(std::time::Duration::from_secs(5))), now());
        assert_eq!((outcome, code.as_deref()), (Outcome::Failed, Some("trap")));
        assert_eq!(message.unwrap().chars().count(), MESSAGE + 1);
        assert_eq!(retry_at.unwrap().to_string(), "2026-01-01T00:00:05Z");
        assert_eq!(ended(&result(None), now()).3, None);
    }
}
