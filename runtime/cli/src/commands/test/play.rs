//! Playing a case on an embedded cluster.

use std::time::Duration;

use anyhow::anyhow;
use hookbox_cluster::Cluster;
use hookbox_operator::event::RunFinished;
use hookbox_operator::load::{self, Hook, Loaded};
use hookbox_operator::{HookSource, HookSpec, ModuleValues, Unanswered};
use hookbox_sandbox::{Ask, Budget, Context};
use serde_json::Value;

use super::Bench;
use super::case::{Case, Change, Trigger};
use super::outcome::{Beside, CaseOutcome};
use crate::failure::{Failure, Outcome};
use crate::review::{self, Answered};
use crate::state::{self, Manifest, Submitted};
use crate::trial::{Pace, Settled, Setup, Stage, Trial};

/// How long a hook may take to answer, whatever its binding says: nobody waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a case, and the objects before the runs that count.
struct Played {
    settled: Settled,
    runs: Vec<RunFinished>,
    before: Vec<Value>,
    answer: Option<Answered>,
    /// Events that webhooks refused, by their numbers, with what they said.
    refused: Vec<(usize, String)>,
}

impl Bench {
    /// Let happen what the case says, on this cluster. Gives the runs, too, of which an outcome has what is the same each
    /// time.
    pub(super) async fn play(
        &self,
        case: &Case,
        cluster: Cluster,
        values: Option<ModuleValues>,
    ) -> Outcome<(CaseOutcome, Vec<RunFinished>)> {
        let hooks = self.hooks(case).await?;
        case.fits(&hooks.hooks)?;
        let setup = Setup {
            budget: self.budget.clone(),
            values,
            granted: self.granted.clone(),
            pace: Pace::Steps,
            max_runs: self.max_runs,
            listen: None,
            webhooks: true,
        };
        let mut trial = Trial::start(cluster, hooks, self.jq.clone(), setup).await?;
        let played = act(case, &mut trial).await?;
        if let Settled::Endless(endless) = &played.settled {
            // There is no outcome: it would be another one with another limit.
            return Err(endless.failure());
        }
        let after = trial.cluster.objects();
        let outcome = CaseOutcome::new(
            &played.settled,
            Beside {
                answer: played.answer,
                refused: played.refused,
                problems: trial.problems().iter().cloned().collect(),
            },
            &played.runs,
            &played.before,
            &after,
            &case.trigger,
        );
        trial.stop().await;
        Ok((outcome, played.runs))
    }

    /// The hooks that the case is about.
    async fn hooks(&self, case: &Case) -> Outcome<Loaded> {
        let spec = HookSpec::from(HookSource::file(&self.component));
        let mut loaded = load::load(vec![spec], &self.sandbox, &self.jq, &Budget::describe()).await;
        if let Some(problem) = loaded.problems.pop() {
            return Err(Failure::failed(problem));
        }
        if let Some(name) = &case.hook {
            let names: Vec<String> = loaded.hooks.iter().map(|h| h.name.to_string()).collect();
            loaded.hooks.retain(|hook| *hook.name == **name);
            if loaded.hooks.is_empty() {
                return Err(
                    Failure::usage(anyhow!("the component holds no hook `{name}`"))
                        .help(format!("it holds: {}", names.join(", "))),
                );
            }
        }
        Ok(loaded)
    }
}

impl Case {
    /// Whether the hooks have what the case triggers: else it would pass for ever, and show nothing.
    fn fits(&self, hooks: &[Hook]) -> Outcome {
        let whose = match &self.hook {
            Some(name) => format!("hook `{name}` has"),
            None => "the component's hooks have".to_owned(),
        };
        let schedules = || hooks.iter().flat_map(|hook| &hook.config.schedule);
        match &self.trigger {
            Trigger::OnStartup if hooks.iter().all(|h| h.config.on_startup.is_none()) => Err(
                Failure::usage(anyhow!("the case is for `onStartup`, which {whose} not")),
            ),
            Trigger::Synchronization if hooks.iter().all(|h| h.config.kubernetes.is_empty()) => {
                Err(Failure::usage(anyhow!(
                    "the case is for Synchronization, but no `kubernetes` binding {whose}"
                )))
            }
            Trigger::Schedule { name } => {
                let wanted = |schedule: &str| name.as_deref().is_none_or(|n| n == schedule);
                if schedules().any(|schedule| wanted(&schedule.name)) {
                    return Ok(());
                }
                let names: Vec<&str> = schedules().map(|s| s.name.as_str()).collect();
                let failure = Failure::usage(match name {
                    Some(name) => {
                        anyhow!("the case fires the schedule `{name}`, which {whose} not")
                    }
                    None => anyhow!("the case fires schedules, but {whose} none"),
                });
                Err(match names.as_slice() {
                    [] => failure,
                    names => failure.help(format!("there are: {}", names.join(", "))),
                })
            }
            Trigger::Review(document) => asked(document, hooks).map(drop),
            _ => Ok(()),
        }
    }
}

/// Which hook is asked, and what.
fn asked(document: &Value, hooks: &[Hook]) -> Outcome<(String, Ask, Context)> {
    let answering: Vec<&Hook> = hooks
        .iter()
        .filter(|h| review::answers(&h.config))
        .collect();
    let hook = match answering.as_slice() {
        [only] => *only,
        [] => {
            return Err(Failure::usage(anyhow!(
                "the case asks a hook, but none answers reviews"
            )));
        }
        several => {
            let names: Vec<&str> = several.iter().map(|hook| &*hook.name).collect();
            return Err(Failure::usage(anyhow!("several hooks answer reviews"))
                .help(format!("say which by `hook`: {}", names.join(", "))));
        }
    };
    let (ask, context) = review::of_document(document, "`review`", &hook.config, None)?;
    Ok((hook.name.to_string(), ask, context))
}

/// Let happen what the case says. What was there before the runs that count is no part of its outcome, unless it
/// failed.
async fn act(case: &Case, trial: &mut Trial) -> Outcome<Played> {
    let before = trial.cluster.objects();
    let first = match case.trigger {
        Trigger::OnStartup | Trigger::Synchronization => Stage::Startup,
        Trigger::Schedule { .. } | Trigger::Events(_) | Trigger::Review(_) => Stage::All,
    };
    let (settled, runs) = trial.runs(first).await;
    if settled != Settled::Quiet || matches!(case.trigger, Trigger::OnStartup) {
        return Ok(Played {
            settled,
            runs,
            before,
            answer: None,
            refused: Vec::new(),
        });
    }
    let mut answer = None;
    let mut refused = Vec::new();
    let before = trial.cluster.objects();
    let (settled, runs) = match &case.trigger {
        Trigger::Schedule { name } => {
            trial
                .running
                .fire_schedules(|_, schedule| name.as_deref().is_none_or(|n| n == schedule));
            trial.runs(Stage::All).await
        }
        Trigger::Events(changes) => {
            let (mut settled, mut runs) = (Settled::Quiet, Vec::new());
            for (index, change) in changes.iter().enumerate() {
                if let Some(why) = change_cluster(&trial.cluster, index, change).await? {
                    refused.push((index, why));
                }
                let (next, more) = trial.runs(Stage::All).await;
                runs.extend(more);
                settled = next;
                if settled != Settled::Quiet {
                    break;
                }
            }
            (settled, runs)
        }
        Trigger::Review(document) => {
            let (hook, ask, context) = asked(document, trial.running.hooks())?;
            answer = match trial.running.ask(&hook, ask, context, PATIENCE).await {
                Ok(answer) => Answered::of(answer),
                // The run shows it.
                Err(Unanswered::Failed { .. }) => None,
                Err(error) => {
                    return Err(Failure::failed(anyhow!(
                        "hook `{hook}` was not asked: {error}"
                    )));
                }
            };
            trial.runs(Stage::All).await
        }
        Trigger::OnStartup | Trigger::Synchronization => trial.runs(Stage::All).await,
    };
    Ok(Played {
        settled,
        runs,
        before,
        answer,
        refused,
    })
}

/// Do what event number `index` of a case says. Why not, if a webhook refuses it.
async fn change_cluster(
    cluster: &Cluster,
    index: usize,
    change: &Change,
) -> Outcome<Option<String>> {
    match change {
        Change::Apply(object) => {
            let manifest = Manifest {
                place: format!("event {} of the case", index + 1),
                object: object.clone(),
            };
            Ok(match state::submit(cluster, &manifest).await? {
                Submitted::Taken(_) => None,
                Submitted::Refused(why) => Some(why),
            })
        }
        Change::Delete(object) => state::delete(cluster, object).await,
    }
}
