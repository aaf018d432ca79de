//! What happens in an operator, for the person who watches.

use hookbox_operator::event::{EventOutcome, OperatorEvent, PatchResult, RunFinished, RunResult};
use hookbox_operator::load::Hook;
use hookbox_sandbox::effects::{MetricAction, MetricOperation, ValuesPatchOperation};
use similar::ChangeTag;
use tokio::time::Instant;

use super::pace::{Happened, Pace};
use crate::diff;
use crate::ui::{self, Tone, Ui};

/// What was shown so far.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) runs: usize,
    pub(super) changed: usize,
    /// The session ends when all is done: nothing is tried again.
    once: bool,
    pace: Pace,
    /// Events that came too fast to be received.
    missed: u64,
}

impl Shown {
    /// For a session that ends when all is done.
    pub(super) fn once() -> Self {
        Self {
            once: true,
            ..Self::default()
        }
    }

    /// Shows an event, unless its hook does so much that it would be too many lines: then it is summed up later, by
    /// [`Shown::sum_up`].
    pub(super) fn show_in_time(&mut self, ui: &Ui, event: &OperatorEvent) {
        let happened = match event {
            OperatorEvent::RunFinished(run) => Some((&run.hook, Happened::Run)),
            OperatorEvent::KubeEvent { hook, .. } | OperatorEvent::ScheduleFired { hook, .. } => {
                Some((hook, Happened::Event))
            }
            _ => None,
        };
        if happened.is_none_or(|(hook, happened)| self.pace.shows(hook, happened)) {
            self.show(ui, event);
        } else if let OperatorEvent::RunFinished(run) = event {
            self.count(run);
        }
    }

    /// Events came too fast to be received.
    pub(super) fn missed(&mut self, events: u64) {
        self.missed += events;
    }

    /// When there is something to be summed up.
    pub(super) fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    /// Whether it is time to sum up, or events were missed and nothing else tells of them.
    pub(super) fn is_late(&self) -> bool {
        match self.due() {
            Some(due) => due <= Instant::now(),
            None => self.missed > 0,
        }
    }

    /// Says in one line each what hooks did that was not shown.
    pub(super) fn sum_up(&mut self, ui: &Ui) {
        let summaries = self.pace.summaries();
        let missed = match std::mem::take(&mut self.missed) {
            0 => String::new(),
            missed => format!("; {missed} events came too fast to be counted"),
        };
        for (index, summary) in summaries.iter().enumerate() {
            let missed = if index == 0 { &*missed } else { "" };
            ui.status(Tone::Warn, "Busy", format!("{summary}{missed}"));
        }
        if summaries.is_empty() && !missed.is_empty() {
            ui.warn(missed.trim_start_matches("; "));
        }
    }

    pub(super) fn show(&mut self, ui: &Ui, event: &OperatorEvent) {
        match event {
            OperatorEvent::BindingEnabled {
                hook,
                binding,
                objects,
            } => {
                ui.status(
                    Tone::Note,
                    "Bound",
                    format!("{hook}/{binding}: {}", ui::count(*objects, "object")),
                );
            }
            OperatorEvent::BindingFailed {
                hook,
                binding,
                message,
                ..
            } => {
                let next = if self.once { "" } else { "; trying again" };
                ui.status(
                    Tone::Bad,
                    "Unbound",
                    format!("{hook}/{binding}: {message}{next}"),
                );
            }
            OperatorEvent::FilterFailed {
                hook,
                binding,
                namespace,
                name,
                message,
            } => {
                ui.status(
                    Tone::Bad,
                    "Filter",
                    format!(
                        "{hook}/{binding}: {}: {message}",
                        ui::place(namespace, name)
                    ),
                );
            }
            OperatorEvent::KubeEvent {
                hook,
                binding,
                watch_event,
                namespace,
                name,
                outcome,
            } => {
                let (tone, note) = match outcome {
                    EventOutcome::Fired => (Tone::Note, ""),
                    EventOutcome::Buffered => (Tone::Dim, ", kept until Synchronization is done"),
                    EventOutcome::Unchanged => (Tone::Dim, ", nothing that the filter sees"),
                    EventOutcome::NotWanted => (Tone::Dim, ", not asked for"),
                };
                ui.status(
                    tone,
                    "Event",
                    format!(
                        "{hook}/{binding}: {} {}{note}",
                        watch_event.as_str(),
                        ui::place(namespace, name)
                    ),
                );
            }
            OperatorEvent::ScheduleFired {
                hook,
                binding,
                crontab,
            } => {
                ui.status(
                    Tone::Note,
                    "Schedule",
                    format!("{hook}/{binding}: {crontab}"),
                );
            }
            OperatorEvent::ReviewAnswered {
                webhook,
                allowed,
                message,
                ..
            } => {
                let (tone, word) = match allowed {
                    true => (Tone::Note, "Allowed"),
                    false => (Tone::Bad, "Denied"),
                };
                let message = match message.is_empty() {
                    true => String::new(),
                    false => format!(": {message}"),
                };
                ui.status(tone, word, format!("by webhook {webhook}{message}"));
            }
            // A run that failed says why itself.
            OperatorEvent::ObjectsConverted {
                hook,
                from_version,
                to_version,
                outcome,
                message,
                ..
            } if !["converted", "failed"].contains(&outcome.as_str()) => {
                let text = format!("{hook}: {from_version} to {to_version}: {message}");
                ui.status(Tone::Bad, "Unconverted", text);
            }
            OperatorEvent::RunFinished(run) => self.finished(ui, run),
            _ => {}
        }
    }

    fn count(&mut self, run: &RunFinished) {
        self.runs += 1;
        let changed = |patch: &&PatchResult| matches!(patch, PatchResult::Applied(a) if a.changed);
        self.changed += run.patches.iter().filter(changed).count();
    }

    fn finished(&mut self, ui: &Ui, run: &RunFinished) {
        self.count(run);
        let usage = format!(
            "{}, {}",
            ui::span(run.usage.wall_clock),
            ui::bytes(run.usage.memory)
        );
        for record in &run.log {
            ui.log(record);
        }
        match &run.result {
            RunResult::Succeeded => ui.status(
                Tone::Good,
                "Ran",
                format!("{} for {} ({usage})", run.hook, ui::because(&run.reasons)),
            ),
            RunResult::Failed {
                message,
                allowed,
                retry_in,
                ..
            } => {
                let next = match (retry_in, allowed) {
                    (Some(_), _) if self.once => String::new(),
                    (Some(pause), _) => format!("; again in {}", ui::span(*pause)),
                    (None, true) => "; it may fail".to_owned(),
                    (None, false) => "; not again".to_owned(),
                };
                ui.status(
                    Tone::Bad,
                    "Failed",
                    format!(
                        "{} for {} ({usage}){next}",
                        run.hook,
                        ui::because(&run.reasons)
                    ),
                );
                ui.indented(Tone::Bad, message);
            }
        }
        for patch in &run.patches {
            match (patch, &run.result) {
                // The reason why the run failed has it already.
                (PatchResult::Failed { error, .. }, RunResult::Failed { message, .. })
                    if message.contains(error) => {}
                _ => show_patch(ui, patch),
            }
        }
        let Some(effects) = &run.effects else { return };
        for metric in &effects.metrics {
            ui.status(Tone::Note, "Metric", describe(metric));
        }
        for dropped in &run.metrics_dropped {
            ui.warn(dropped);
        }
        for (word, operations) in [
            ("Value", &effects.values),
            ("ConfigValue", &effects.config_values),
        ] {
            for operation in operations {
                ui.status(Tone::Note, word, change(operation));
            }
        }
        if run.values_dropped {
            ui.warn(format_args!(
                "{} set values, but belongs to no module: they are not kept (a file values.yaml in the project makes it one)",
                run.hook
            ));
        }
    }
}

fn show_patch(ui: &Ui, patch: &PatchResult) {
    match patch {
        PatchResult::Applied(applied) => {
            let title = diff::display(&applied.object);
            if !applied.changed {
                ui.status(
                    Tone::Dim,
                    "Same",
                    format!("{title} ({})", applied.operation),
                );
                return;
            }
            ui.status(
                Tone::Good,
                "Patch",
                format!("{title} ({})", applied.operation),
            );
            let Ok(lines) = diff::objects(applied.before.as_ref(), applied.after.as_ref()) else {
                return;
            };
            for (tag, line) in lines {
                let tone = match tag {
                    ChangeTag::Insert => Tone::Good,
                    ChangeTag::Delete => Tone::Bad,
                    ChangeTag::Equal => Tone::Dim,
                };
                ui.indented(tone, &line);
            }
        }
        PatchResult::Failed { error, .. } => ui.status(Tone::Bad, "Patch", error),
    }
}

/// A change of values.
fn change(operation: &ValuesPatchOperation) -> String {
    match operation {
        ValuesPatchOperation::Add { path, value } => format!("{path} = {value}"),
        ValuesPatchOperation::Remove { path } => format!("{path} removed"),
    }
}

fn describe(metric: &MetricOperation) -> String {
    let labels: Vec<String> = metric
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v:?}"))
        .collect();
    let labels = if labels.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", labels.join(","))
    };
    let value = metric.value.unwrap_or_default();
    match metric.action {
        MetricAction::Add => format!("{}{labels} +{value}", metric.name),
        MetricAction::Set => format!("{}{labels} = {value}", metric.name),
        MetricAction::Observe => format!("{}{labels} observed {value}", metric.name),
        MetricAction::Expire => format!(
            "group {} expired",
            metric.group.as_deref().unwrap_or("of the hook")
        ),
    }
}

/// A hook's bindings, in one line.
pub(super) fn bindings(hook: &Hook) -> String {
    let config = &hook.config;
    let mut names: Vec<String> = config
        .on_startup
        .iter()
        .map(|order| format!("onStartup {order}"))
        .collect();
    names.extend(
        config
            .schedule
            .iter()
            .map(|s| format!("schedule {}", s.crontab.as_str())),
    );
    names.extend(
        config
            .kubernetes
            .iter()
            .map(|k| format!("kubernetes {}: {}", k.name, k.kind)),
    );
    let validating = config.kubernetes_validating.iter();
    names.extend(validating.map(|webhook| format!("validating {}", webhook.name)));
    let mutating = config.kubernetes_mutating.iter();
    names.extend(mutating.map(|webhook| format!("mutating {}", webhook.name)));
    for conversion in &config.kubernetes_custom_resource_conversion {
        let rules = conversion.conversions.iter();
        let rules: Vec<String> = rules
            .map(|rule| format!("{} to {}", rule.from_version, rule.to_version))
            .collect();
        names.push(format!(
            "conversion of {}: {}",
            conversion.crd_name,
            rules.join(", ")
        ));
    }
    names.join(", ")
}
