//! Metrics of queues.

use super::super::registry::{Type, Value};
use super::{NO_BOUNDS, SelfMetrics, labels_of};
use crate::queue::{ACTION_BOUNDS, ActionTimes};

impl SelfMetrics {
    /// A queue has this many tasks.
    pub fn queue_length(&self, queue: &str, tasks: usize) {
        self.set(
            "tasks_queue_length",
            "Tasks that wait in the queue or are being done.",
            &[("queue", queue)],
            tasks as f64,
        );
    }

    /// How long the actions on a queue took since the start.
    pub fn queue_actions(&self, queue: &str, times: &ActionTimes) {
        for (action, counts, sum) in times.all() {
            let labels = labels_of(&[("queue_name", queue), ("queue_action", action)]);
            self.with(
                "tasks_queue_action_duration_seconds",
                "Time that actions on the queue took.",
                Type::Histogram,
                &ACTION_BOUNDS,
                &labels,
                |value, _| {
                    *value = Value::Histogram {
                        counts: counts.to_vec(),
                        sum,
                    }
                },
            );
        }
    }

    /// The waiting runs of a hook in a long queue became one.
    pub fn queue_compacted(&self, queue: &str, hook: &str) {
        self.add(
            "d8_telemetry_tasks_queue_compaction_operations_total",
            "How often the waiting runs of a hook in a long queue became one.",
            &[("queue_name", queue), ("hook", hook)],
            1.0,
        );
    }

    /// How many tasks each hook has in a queue, of those that have more than twenty. One that had more and has no longer
    /// is shown with 0.
    pub fn queue_tasks_by_hook<'a>(
        &self,
        queue: &str,
        tasks: impl IntoIterator<Item = (&'a str, usize)>,
    ) {
        const NAME: &str = "d8_telemetry_tasks_queue_compaction_tasks_by_hook";
        if let Some(family) = self.lock().get_mut(NAME) {
            for (labels, series) in &mut family.series {
                if labels.get("queue_name") == Some(queue) {
                    series.value.set(0.0);
                }
            }
        }
        for (hook, tasks) in tasks {
            self.with(
                NAME,
                "Tasks of a hook in the queue, where there are more than 20.",
                Type::Gauge,
                NO_BOUNDS,
                &labels_of(&[("queue_name", queue), ("hook", hook)]),
                |value, _| value.set(tasks as f64),
            );
        }
    }
}
