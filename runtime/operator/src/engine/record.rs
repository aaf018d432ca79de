//! What is kept and told of a run.

use std::collections::BTreeSet;

use hookbox_sandbox::{LogLevel, LogRecord, RunInput};
use jiff::Timestamp;

use super::Engine;
use super::effects::Patches;
use crate::apply;
use crate::event::RunFinished;
use crate::journal::{self, Journal, RunEntry, Timings};
use crate::load::Hook;

/// What a run's record needs beside its end.
pub(super) struct Given {
    pub(super) input: RunInput,
    pub(super) queued: Timestamp,
    pub(super) started: Timestamp,
}

impl Engine {
    pub(super) fn record(
        &self,
        journal: &Journal,
        hook: &Hook,
        given: Given,
        finished: &RunFinished,
        patches: Patches,
        result: journal::RunResult,
    ) {
        // Whatever the group: what only might be a Secret is kept from the journal too.
        let kinds = hook.config.kubernetes.iter();
        let secret_bindings: BTreeSet<String> = kinds
            .filter(|k| apply::is_secret(None, &k.kind))
            .map(|k| k.name.clone())
            .collect();
        journal.record(RunEntry {
            id: self.run_id(finished.run),
            hook: finished.hook.clone(),
            queue: finished.queue.clone(),
            attempt: finished.attempt,
            component: hook.program.digest().to_owned(),
            input: given.input,
            secret_bindings,
            effects: finished.effects.clone(),
            surviving: patches.surviving,
            patches: patches.records,
            result,
            log: finished.log.clone().into(),
            timings: Timings {
                queued: given.queued,
                started: given.started,
                finished: self.clock.now(),
            },
            usage: finished.usage.clone(),
            reads: patches.reads,
            requests: patches.requests,
            missing_grants: finished.missing_grants.clone(),
        });
        self.count_journal();
    }

    /// The journal's thread writes, or does not, some time after a run was recorded: its counts are asked for again
    /// from time to time.
    pub(crate) fn count_journal(&self) {
        if let Some(journal) = &self.journal {
            self.metrics.journal(journal.written(), journal.dropped());
        }
    }
}

/// The hook's log becomes part of ours.
pub(super) fn log(hook: &Hook, run: u64, record: &LogRecord) {
    let (hook, message) = (&*hook.name, &*record.message);
    let fields = fields(record);
    match record.level {
        LogLevel::Debug => tracing::debug!(target: "hook", hook, run, fields, "{message}"),
        LogLevel::Info => tracing::info!(target: "hook", hook, run, fields, "{message}"),
        LogLevel::Warn => tracing::warn!(target: "hook", hook, run, fields, "{message}"),
        LogLevel::Error => tracing::error!(target: "hook", hook, run, fields, "{message}"),
    }
}

/// A record's fields in one text, where it has any: `name=value`, with quotes where one could not tell them apart.
fn fields(record: &LogRecord) -> Option<String> {
    let quoted = |text: &str| {
        text.is_empty()
            || text.contains(|c: char| {
                c.is_whitespace() || c.is_control() || matches!(c, '=' | '"' | '\\')
            })
    };
    let word = |text: &str| match quoted(text) {
        true => format!("{text:?}"),
        false => text.to_owned(),
    };
    let all: Vec<String> = record
        .fields
        .iter()
        .map(|(name, value)| format!("{}={}", word(name), word(value)))
        .collect();
    (!all.is_empty()).then(|| all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_can_be_told_apart() {
        let record = |fields: &[(&str, &str)]| LogRecord {
            level: LogLevel::Info,
            message: String::new(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        assert_eq!(fields(&record(&[])), None);
        let some = [
            ("a", "1"),
            ("b c", "two words"),
            ("d", ""),
            ("e", "x=\"y\""),
        ];
        assert_eq!(
            fields(&record(&some)).as_deref(),
            Some(r#"a=1 "b c"="two words" d="" e="x=\"y\"""#)
        );
    }
}
