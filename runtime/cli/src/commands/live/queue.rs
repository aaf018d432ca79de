//! `hookbox queue`: what waits.

use std::time::Duration;

use hookbox_operator::live::{QueueDump, QueuesDump, TaskDump};
use jiff::Timestamp;

use super::{Operator, brief, cell, short};
use crate::cli::{LiveFormat, LiveOutput, QueueCommand};
use crate::failure::Outcome;
use crate::signal::Signals;
use crate::ui::{self, Ui};

pub(in crate::commands) async fn queue(command: &QueueCommand, ui: &Ui) -> Outcome {
    match command {
        QueueCommand::Main { output } => {
            super::show(output, "/queue/main", "", ui, |queue: &QueueDump, ui| {
                show(std::slice::from_ref(queue), ui)
            })
            .await
        }
        QueueCommand::List {
            show_empty,
            watch,
            watch_interval,
            output,
        } => {
            let operator = Operator::find(&output.socket).await?;
            let list = List {
                operator,
                output,
                show_empty: *show_empty,
            };
            if *watch {
                list.watch(*watch_interval, ui).await
            } else {
                list.once(ui).await
            }
        }
    }
}

struct List<'a> {
    operator: Operator,
    output: &'a LiveOutput,
    show_empty: bool,
}

impl List<'_> {
    async fn once(&self, ui: &Ui) -> Outcome {
        let query = format!("&showEmpty={}", self.show_empty);
        if self.output.output != LiveFormat::Table {
            let format = self.output.output;
            return self.operator.print("/queue/list", &query, format, ui).await;
        }
        let path = format!("/queue/list.json?{query}");
        let queues: QueuesDump = self.operator.json(&path).await?;
        let all: Vec<QueueDump> = queues.active.into_iter().chain(queues.empty).collect();
        show(&all, ui)
    }

    /// Until it is asked to end, or the operator is gone.
    async fn watch(&self, interval: Duration, ui: &Ui) -> Outcome {
        let mut signals = Signals::listen()?;
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let screen = ui.screen();
        let mut first = true;
        loop {
            tokio::select! {
                biased;
                () = signals.wait() => return Ok(()),
                _ = ticks.tick() => {}
            }
            if screen.is_terminal() || !first {
                screen.again();
            }
            first = false;
            if screen.is_terminal() {
                let now = Timestamp::now();
                ui.data(&format!("{now:.0}   every {}\n\n", brief(interval)))?;
            }
            self.once(ui).await?;
        }
    }
}

fn show(queues: &[QueueDump], ui: &Ui) -> Outcome {
    let header = [
        "QUEUE", "STATUS", "PLACE", "HOOK", "TASK", "CONTEXTS", "WAITING", "FAILED", "ERROR",
    ];
    let mut rows = Vec::new();
    for queue in queues {
        let row = |first: bool, task: &TaskDump| {
            let task_is = match task.kind.as_str() {
                "HookRun" => task.bindings.join(", "),
                kind => kind.to_owned(),
            };
            vec![
                queue.name.clone(),
                if first {
                    cell(status(&queue.status))
                } else {
                    "-".to_owned()
                },
                task.index.to_string(),
                task.hook.clone(),
                task_is,
                task.contexts.to_string(),
                brief(Duration::try_from_secs_f64(task.waiting_seconds).unwrap_or_default()),
                task.failures.to_string(),
                task.error
                    .as_deref()
                    .map_or_else(String::new, |error| short(error, 60)),
            ]
        };
        if queue.tasks.is_empty() {
            let mut empty = vec!["-".to_owned(); header.len() - 1];
            if let Some(name) = empty.first_mut() {
                name.clone_from(&queue.name);
            }
            rows.push(empty);
        }
        rows.extend(
            queue
                .tasks
                .iter()
                .enumerate()
                .map(|(i, task)| row(i == 0, task)),
        );
    }
    let nothing = rows.is_empty();
    if nothing {
        ui.plain("no queue has a task");
        return Ok(());
    }
    ui.data(&ui::table(&header, rows))
}

/// The status of a queue in fewer words: of `sleep after fail for 6.3s (4s left of 6s delay)` the first and what is left.
fn status(whole: &str) -> String {
    let Some((before, rest)) = whole.split_once(" (") else {
        return whole.to_owned();
    };
    match rest.split_once(" left of ") {
        Some((left, _)) => {
            let what = before.split(" for ").next().unwrap_or(before);
            format!("{what}, {left} left")
        }
        None => whole.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn what_is_left_is_enough() {
        for (whole, short) in [
            (
                "sleep after fail for 6.3s (4s left of 6s delay)",
                "sleep after fail, 4s left",
            ),
            (
                "rate limit (1m5s left of 2m0s delay)",
                "rate limit, 1m5s left",
            ),
            ("run first task", "run first task"),
            ("", ""),
        ] {
            assert_eq!(status(whole), short);
        }
    }
}
