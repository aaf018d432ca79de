//! A case played.

use std::collections::BTreeMap;

use hookbox_tests::Program;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::case::{Case, Count, Question, Step};
use crate::outcome::{Outcome, RunOutcome};
use crate::stable::stable;
use crate::subject::Subject;
use crate::world::{LOOK, PATIENCE, World};

/// An identifier for one play, in place of [`ID`](crate::case::ID).
#[must_use]
pub fn fresh_id() -> String {
    let letter = || fastrand::lowercase();
    format!("c{}", (0..5).map(|_| letter()).collect::<String>())
}

/// What is there before the operator starts.
pub async fn prepare(case: &Case, world: &World) {
    for object in &case.state {
        world.apply(object).await;
    }
}

/// Play the steps and look at what came of it.
///
/// # Panics
/// When what a step waits for does not come.
pub async fn play(case: &Case, id: &str, world: &World, subject: &mut Subject) -> Outcome {
    let mut answers = Vec::new();
    for (index, step) in case.steps.iter().enumerate() {
        match step {
            Step::Ask(question) => answers.push(stable(ask(question, subject).await, id)),
            step => take(index + 1, step, world, subject).await,
        }
    }
    let mut outcome = look(case, id, world, subject).await;
    outcome.answers = answers;
    outcome
}

/// Asks as the API server does.
async fn ask(question: &Question, subject: &Subject) -> Value {
    let address = subject.webhook(question.is_conversion());
    let url = format!("https://{address}{}", question.path);
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = Program::new("curl")
            .args(["-sk", "-X", &question.method])
            .args(["-H", &format!("Content-Type: {}", question.content_type)])
            .args(["--data-binary", "@-", "-w", "\n%{http_code}", &url])
            .input(question.text())
            .run()
            .await;
        let (body, code) = answer.stdout.rsplit_once('\n').unwrap_or_default();
        // The server may not be there yet.
        if code != "000" || Instant::now() > end {
            let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
            return json!({"code": code, "body": body});
        }
        sleep(LOOK).await;
    }
}

async fn take(number: usize, step: &Step, world: &World, subject: &mut Subject) {
    match step {
        Step::Apply(objects) => {
            for object in objects {
                world.apply(object).await;
            }
        }
        Step::Delete(object) => world.delete(object).await,
        Step::Remove(object) => {
            world.delete(object).await;
            world.until_gone(object).await;
        }
        Step::Ask(_) => {}
        Step::Exists(object) => world.until_there(object).await,
        Step::Gone(object) => world.until_gone(object).await,
        Step::Release(hook) => subject.release(hook),
        Step::Restart => subject.restart().await,
        Step::Runs(_)
        | Step::Started(_)
        | Step::Queue(_)
        | Step::Idle
        | Step::Metrics(_)
        | Step::Snapshot { .. } => {
            let end = Instant::now() + PATIENCE;
            while !come(step, subject).await {
                if Instant::now() > end {
                    let (runs, queues) = (subject.runs(), subject.queues().await);
                    panic!(
                        "step {number} waits in vain: {step:?}\nruns: {runs:#?}\nqueues: {queues:?}\n{}",
                        subject.words()
                    );
                }
                sleep(LOOK).await;
            }
        }
    }
}

/// Whether what the step waits for is there.
async fn come(step: &Step, subject: &Subject) -> bool {
    let reached = |count: &Count, ended: bool| {
        let runs = subject.runs();
        let runs = runs.iter().filter(|run| run.ended || !ended);
        match count {
            Count::All(number) => runs.count() >= *number,
            Count::Each(numbers) => {
                let mut each: BTreeMap<&str, usize> = BTreeMap::new();
                for run in runs {
                    *each.entry(&run.hook).or_default() += 1;
                }
                let enough = |(hook, number): (&String, &usize)| {
                    each.get(hook.as_str()).copied().unwrap_or_default() >= *number
                };
                numbers.iter().all(enough)
            }
        }
    };
    match step {
        Step::Runs(count) => reached(count, true),
        Step::Started(count) => reached(count, false),
        Step::Queue(wanted) => {
            let queues = subject.queues().await;
            let fits = |(name, tasks): (&String, &usize)| {
                queues.get(name).copied().unwrap_or_default() == *tasks
            };
            wanted.iter().all(fits)
        }
        Step::Snapshot {
            hook,
            binding,
            objects,
        } => subject.snapshot(hook, binding).await == Some(*objects),
        Step::Idle => subject.queues().await.is_empty(),
        Step::Metrics(lines) => {
            let text = subject.metrics(false).await;
            lines
                .iter()
                .all(|wanted| text.lines().any(|line| line == wanted))
        }
        _ => true,
    }
}

async fn look(case: &Case, id: &str, world: &World, subject: &Subject) -> Outcome {
    let runs = subject.runs().into_iter().map(|run| RunOutcome {
        hook: run.hook,
        contexts: stable(run.contexts, id),
    });
    let mut objects = BTreeMap::new();
    for object in &case.objects {
        let place = object
            .namespace
            .as_deref()
            .map(|n| format!("{n}/"))
            .unwrap_or_default();
        let key = format!("{} {place}{}", object.kind, object.name);
        let seen = world.get(object).await.unwrap_or_default();
        objects.insert(key.replace(id, crate::case::ID), stable(seen, id));
    }
    let pick = |text: &str, names: &[String], prefixes: &[&str]| -> Vec<String> {
        let mut lines: Vec<String> = text
            .lines()
            .filter_map(|line| {
                let bare = prefixes
                    .iter()
                    .find_map(|prefix| line.strip_prefix(prefix))?;
                let wanted = names.iter().any(|name| bare.starts_with(name.as_str()));
                (wanted && !line.starts_with('#')).then(|| bare.replace(id, crate::case::ID))
            })
            .collect();
        lines.sort();
        lines
    };
    let metrics = match case.metrics.is_empty() {
        true => Vec::new(),
        false => pick(&subject.metrics(false).await, &case.metrics, &[""]),
    };
    let own_metrics = match case.own_metrics.is_empty() {
        true => Vec::new(),
        false => {
            let text = subject.metrics(true).await;
            pick(
                &text,
                &case.own_metrics,
                &["shell_operator_", "hookbox_", "d8_telemetry_"],
            )
        }
    };
    Outcome {
        runs: runs.collect(),
        answers: Vec::new(),
        objects,
        metrics,
        own_metrics,
    }
}
