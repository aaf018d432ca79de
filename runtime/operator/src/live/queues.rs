//! Queues as shell-operator dumps them.

use std::fmt::Write as _;

use tokio::time::Instant;

use super::Live;
use super::recent::{Recent, clipped};
use super::runs::Outcome;
use super::view::{OtherQueues, QueueDump, QueueSummary, QueuesDump, TaskDump};
use crate::api;
use crate::engine::{Engine, MAIN};
use crate::queue::{Cause, HookRun, Queue, Task, Work};

/// Characters of an error in the description of a task.
const ERROR: usize = 300;

/// `main` alone.
pub(super) fn main(engine: &Engine, recent: &Recent) -> QueueDump {
    match engine.queues.get(MAIN) {
        Some(queue) => dump(engine, recent, queue),
        None => QueueDump {
            name: MAIN.to_owned(),
            tasks_count: 0,
            status: String::new(),
            tasks: Vec::new(),
        },
    }
}

/// All queues.
pub(super) fn all(engines: &[Live], show_empty: bool) -> QueuesDump {
    let mut dumps: Vec<QueueDump> = Vec::new();
    for Live { engine, recent, .. } in engines {
        let queues = engine.queues.values();
        dumps.extend(queues.map(|queue| dump(engine, recent, queue)));
    }
    dumps.sort_by(|a, b| (a.name != MAIN, &a.name).cmp(&(b.name != MAIN, &b.name)));
    let (active, empty): (Vec<_>, Vec<_>) = dumps.into_iter().partition(|q| q.tasks_count > 0);
    let others = |queues: &[QueueDump]| queues.iter().filter(|q| q.name != MAIN).count();
    let tasks = |main: bool| -> usize {
        let of = active.iter().filter(|q| (q.name == MAIN) == main);
        of.map(|q| q.tasks_count).sum()
    };
    let summary = QueueSummary {
        main_queue_tasks: tasks(true),
        other_queues: OtherQueues {
            active: others(&active),
            empty: others(&empty),
            tasks: tasks(false),
        },
        total_tasks: tasks(true) + tasks(false),
    };
    let empty = if show_empty { empty } else { Vec::new() };
    QueuesDump {
        active,
        empty: empty
            .into_iter()
            .map(|queue| QueueDump {
                status: String::new(),
                ..queue
            })
            .collect(),
        summary,
    }
}

fn dump(engine: &Engine, recent: &Recent, queue: &Queue) -> QueueDump {
    // Not described while the queue is locked: that would hold up whoever adds to it.
    let tasks: Vec<Task> = queue.state().tasks().cloned().collect();
    let now = Instant::now();
    QueueDump {
        name: queue.name.clone(),
        tasks_count: tasks.len(),
        status: queue.status().text(now),
        tasks: tasks
            .iter()
            .enumerate()
            .map(|(i, task)| describe(engine, recent, &queue.name, i + 1, task, now))
            .collect(),
    }
}

/// One task.
pub(super) fn describe(
    engine: &Engine,
    recent: &Recent,
    queue: &str,
    index: usize,
    task: &Task,
    now: Instant,
) -> TaskDump {
    let hook = engine.hook(task.hook).map_or("", |hook| &*hook.name);
    let error = (task.failures > 0)
        .then(|| last_error(recent, hook, queue))
        .flatten();
    let (kind, mut description) = match &task.work {
        Work::EnableKubernetes => enabling("EnableKubernetesBindings", hook),
        Work::EnableSchedules => enabling("EnableScheduleBindings", hook),
        Work::Run(run) => ("HookRun", run_description(run, queue, hook)),
    };
    if task.failures > 0 {
        let _ = write!(description, ":failures {}", task.failures);
        if let Some(error) = &error {
            let _ = write!(description, ":{}", clipped(error, ERROR));
        }
    }
    let reasons = match &task.work {
        Work::Run(run) => run.reasons.as_slice(),
        Work::EnableKubernetes | Work::EnableSchedules => &[],
    };
    let mut bindings: Vec<String> = Vec::new();
    for reason in reasons {
        if !bindings.iter().any(|b| **b == *reason.binding) {
            bindings.push(reason.binding.to_string());
        }
    }
    TaskDump {
        index,
        description,
        kind: kind.to_owned(),
        hook: hook.to_owned(),
        bindings,
        contexts: reasons.len(),
        failures: task.failures,
        error,
        waiting_seconds: now.saturating_duration_since(task.queued).as_secs_f64(),
    }
}

/// These have neither a queue nor a type of binding in shell-operator.
fn enabling(kind: &'static str, hook: &str) -> (&'static str, String) {
    (kind, format!("{kind}:::{hook}:{kind}"))
}

/// As shell-operator describes the first reason of a run, whose group and binding are the task's.
fn run_description(run: &HookRun, queue: &str, hook: &str) -> String {
    let Some(first) = run.reasons.first() else {
        return format!("HookRun:{queue}::{hook}");
    };
    let group = first
        .group
        .as_deref()
        .map_or_else(String::new, |group| format!(":group={group}"));
    match first.cause {
        Cause::Startup => format!("HookRun::onStartup:{hook}"),
        Cause::Schedule => format!("HookRun:{queue}:schedule:{hook}{group}:{}", first.binding),
        Cause::Synchronization { .. } | Cause::Event { .. } => {
            format!("HookRun:{queue}:kubernetes:{hook}{group}:{}", first.binding)
        }
    }
}

/// Why the hook's run in this queue failed last, in one line.
fn last_error(recent: &Recent, hook: &str, queue: &str) -> Option<String> {
    let recent = recent.hook(hook)?;
    let last = recent.last_run.as_ref()?;
    if last.queue != queue || last.outcome != Outcome::Failed {
        return None;
    }
    last.message
        .as_deref()
        .map(|m| api::one_line(m).to_string())
}

/// One queue as text.
pub(super) fn queue_text(queue: &QueueDump) -> String {
    let mut out = String::new();
    write_queue(&mut out, queue);
    out
}

fn write_queue(out: &mut String, queue: &QueueDump) {
    let QueueDump {
        name,
        tasks_count,
        status,
        tasks,
    } = queue;
    let _ = writeln!(
        out,
        "Queue '{name}': length {tasks_count}, status: '{status}'\n"
    );
    for task in tasks {
        let _ = writeln!(out, "{:2}. {}", task.index, task.description);
    }
}

/// All queues as text.
pub(super) fn queues_text(queues: &QueuesDump, show_empty: bool) -> String {
    let mut out = String::new();
    for (i, queue) in queues.active.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        write_queue(&mut out, queue);
    }
    let QueueSummary {
        main_queue_tasks,
        other_queues,
        total_tasks,
    } = &queues.summary;
    let others = other_queues.active + other_queues.empty;
    // That there is nothing but an empty `main` is said below.
    if show_empty && others > 0 {
        let _ = writeln!(out, "\nEmpty queues ({}):", queues.empty.len());
        for queue in &queues.empty {
            let _ = writeln!(out, "- {}", queue.name);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let count = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    out.push_str("Summary:\n");
    let main = match main_queue_tasks {
        0 => "empty".to_owned(),
        n => count(*n, "task", "tasks"),
    };
    let _ = writeln!(out, "- '{MAIN}' queue: {main}.");
    if others > 0 {
        let _ = writeln!(
            out,
            "- {} ({} active, {} empty): {}.",
            count(others, "other queue", "other queues"),
            other_queues.active,
            other_queues.empty,
            count(other_queues.tasks, "task", "tasks")
        );
    }
    let _ = match total_tasks {
        0 => writeln!(out, "- no tasks to handle."),
        n => writeln!(out, "- total {} to handle.", count(*n, "task", "tasks")),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(index: usize, description: &str) -> TaskDump {
        TaskDump {
            index,
            description: description.into(),
            kind: "HookRun".into(),
            hook: "a".into(),
            bindings: Vec::new(),
            contexts: 1,
            failures: 0,
            error: None,
            waiting_seconds: 0.0,
        }
    }

    fn queue(name: &str, status: &str, tasks: Vec<TaskDump>) -> QueueDump {
        QueueDump {
            name: name.into(),
            tasks_count: tasks.len(),
            status: status.into(),
            tasks,
        }
    }

    fn summary(main: usize, active: usize, empty: usize, tasks: usize) -> QueueSummary {
        QueueSummary {
            main_queue_tasks: main,
            other_queues: OtherQueues {
                active,
                empty,
                tasks,
            },
            total_tasks: main + tasks,
        }
    }

    #[test]
    fn nothing_to_do_is_said_in_two_lines() {
        let queues = QueuesDump {
            active: Vec::new(),
            empty: vec![queue("main", "", Vec::new())],
            summary: summary(0, 0, 0, 0),
        };
        let text = "Summary:\n- 'main' queue: empty.\n- no tasks to handle.\n";
        assert_eq!(queues_text(&queues, true), text);
    }

    #[test]
    fn queues_are_told_with_their_tasks_and_a_summary() {
        let first = task(1, "HookRun:main:kubernetes:a:pods:failures 2:no");
        let queues = QueuesDump {
            active: vec![
                queue(
                    "main",
                    "sleep after fail for 5s (3s left of 5s delay)",
                    vec![first],
                ),
                queue(
                    "slow",
                    "run first task",
                    vec![task(1, "HookRun:slow:schedule:b:schedule"), task(2, "x")],
                ),
            ],
            empty: vec![queue("other", "", Vec::new())],
            summary: summary(1, 1, 1, 2),
        };
        let expected = "\
Queue 'main': length 1, status: 'sleep after fail for 5s (3s left of 5s delay)'

 1. HookRun:main:kubernetes:a:pods:failures 2:no

Queue 'slow': length 2, status: 'run first task'

 1. HookRun:slow:schedule:b:schedule
 2. x

Empty queues (1):
- other

Summary:
- 'main' queue: 1 task.
- 2 other queues (1 active, 1 empty): 2 tasks.
- total 3 tasks to handle.
";
        assert_eq!(queues_text(&queues, true), expected);
        assert_eq!(
            queue_text(&queues.active[0]),
            expected[..expected.find("\nQueue 'slow").unwrap()]
        );
    }
}
