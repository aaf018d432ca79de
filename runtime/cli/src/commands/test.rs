//! `hookbox test`: a project's cases, each on an embedded cluster of its own.

mod case;
mod outcome;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::load::{self, Loaded};
use hookbox_operator::{HookSource, HookSpec};
use hookbox_sandbox::{Budget, Sandbox};
use similar::ChangeTag;

use self::case::{Case, Change, Trigger};
use self::outcome::CaseOutcome;
use crate::cli::{Global, Test};
use crate::diff;
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::input;
use crate::project::Project;
use crate::state;
use crate::trial::{Pace, Settled, Trial};
use crate::ui::{self, Tone, Ui};

/// What a case runs with.
struct Bench {
    sandbox: Sandbox,
    jq: Jq,
    component: PathBuf,
    budget: Budget,
}

/// How a case ended.
enum Verdict {
    Passed,
    Blessed,
    /// Something else came out; the difference.
    Different(Vec<(ChangeTag, String)>),
    /// Nobody has said yet what is to come out; what did.
    Unknown(String),
}

pub(super) async fn test(global: &Global, args: &Test, ui: &Ui) -> Outcome {
    let dirs = cases(&args.path, args.filter.as_deref())?;
    let component = match &args.component {
        Some(file) => file.clone(),
        None => Project::open(&args.path)?.build(ui).await?.component,
    };
    let sandbox = hooks::sandbox(global)?;
    let jq = Jq::new(&sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    hooks::report_offences(&[hooks::load(&sandbox, &component, ui).await?], ui)?;
    let bench = Bench {
        sandbox,
        jq,
        component,
        budget: args.limits.budget(),
    };
    let (mut passed, mut failed) = (0, 0);
    // Whether blessing would make a difference.
    let mut blessable = false;
    for dir in &dirs {
        let name = dir
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        match bench.case(&args.path, dir, args.bless).await {
            Ok(Verdict::Passed) => {
                passed += 1;
                ui.status(Tone::Good, "Passed", &name);
            }
            Ok(Verdict::Blessed) => {
                passed += 1;
                ui.status(
                    Tone::Note,
                    "Blessed",
                    format!("{name}: {}", dir.join("expected.yaml").display()),
                );
            }
            Ok(Verdict::Unknown(text)) => {
                failed += 1;
                blessable = true;
                ui.status(
                    Tone::Bad,
                    "Failed",
                    format!("{name}: it has no expected.yaml; what came out is"),
                );
                ui.indented(Tone::Good, &text);
            }
            Ok(Verdict::Different(lines)) => {
                failed += 1;
                blessable = true;
                ui.status(
                    Tone::Bad,
                    "Failed",
                    format!("{name}: what came out (+) is not what is expected (-)"),
                );
                show(ui, &lines);
            }
            Err(failure) => {
                failed += 1;
                ui.status(Tone::Bad, "Failed", &name);
                let _ = ui.fail(&failure);
            }
        }
    }
    ui.data(&format!("{passed} passed, {failed} failed"))?;
    if blessable {
        ui.status(
            Tone::Note,
            "Hint",
            "when what came out is right, `hookbox test --bless` makes it the expectation",
        );
    }
    if failed > 0 {
        return Err(Failure::told(Exit::Failed));
    }
    Ok(())
}

fn show(ui: &Ui, lines: &[(ChangeTag, String)]) {
    for (tag, line) in lines {
        let tone = match tag {
            ChangeTag::Insert => Tone::Good,
            ChangeTag::Delete => Tone::Bad,
            ChangeTag::Equal => Tone::Dim,
        };
        ui.indented(tone, line);
    }
}

/// The folders with cases, by name.
fn cases(project: &Path, filter: Option<&str>) -> Outcome<Vec<PathBuf>> {
    let root = project.join("tests").join("cases");
    let entries = std::fs::read_dir(&root).map_err(|error| {
        Failure::usage(
            anyhow::Error::new(error).context(format!("{} holds no cases", root.display())),
        )
        .help("a case is a folder tests/cases/NAME with a case.yaml")
    })?;
    let mut dirs = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("{} cannot be read", root.display()))
            .or_usage()?
            .path();
        let wanted = filter.is_none_or(|f| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().contains(f))
        });
        if wanted && path.join("case.yaml").is_file() {
            dirs.push(path);
        }
    }
    dirs.sort();
    if dirs.is_empty() {
        let which = filter
            .map(|f| format!(" whose name contains `{f}`"))
            .unwrap_or_default();
        return Err(
            Failure::usage(anyhow!("{} holds no cases{which}", root.display()))
                .help("a case is a folder tests/cases/NAME with a case.yaml"),
        );
    }
    Ok(dirs)
}

impl Bench {
    async fn case(&self, project: &Path, dir: &Path, bless: bool) -> Outcome<Verdict> {
        let case = Case::read(&dir.join("case.yaml"))?;
        let seed = [dir.join("cluster.yaml"), project.join("cluster.yaml")]
            .into_iter()
            .find(|p| p.is_file());
        let cluster = Cluster::new();
        if let Some(seed) = seed {
            state::seed(&cluster, &state::read(&seed)?).await?;
        }
        let outcome = self.play(&case, cluster).await?;
        let text = ui::to_yaml(&outcome)?;
        let expected = dir.join("expected.yaml");
        let before = if expected.exists() {
            Some(input::text(&expected, input::MAX_TEXT)?)
        } else {
            None
        };
        if let Some(before) = &before {
            match same(before, &text) {
                Ok(true) => return Ok(Verdict::Passed),
                Err(error) if !bless => {
                    return Err(Failure::usage(anyhow!("{}:{error:#}", expected.display())));
                }
                Ok(false) | Err(_) => {}
            }
        }
        if bless {
            std::fs::write(&expected, &text)
                .with_context(|| format!("{} cannot be written", expected.display()))
                .or_environment()?;
            return Ok(Verdict::Blessed);
        }
        Ok(match before {
            Some(before) => Verdict::Different(diff::lines(&before, &text)),
            None => Verdict::Unknown(text),
        })
    }

    async fn hooks(&self, only: Option<&str>) -> Outcome<Loaded> {
        let spec = HookSpec::from(HookSource::file(&self.component));
        let mut loaded = load::load(vec![spec], &self.sandbox, &self.jq, &Budget::describe()).await;
        if let Some(problem) = loaded.problems.pop() {
            return Err(Failure::failed(problem));
        }
        if let Some(name) = only {
            loaded.hooks.retain(|hook| &*hook.name == name);
            if loaded.hooks.is_empty() {
                return Err(Failure::usage(anyhow!(
                    "the component holds no hook `{name}`"
                )));
            }
        }
        Ok(loaded)
    }

    async fn play(&self, case: &Case, cluster: Cluster) -> Outcome<CaseOutcome> {
        let hooks = self.hooks(case.hook.as_deref()).await?;
        let mut before = cluster.objects();
        let mut trial = Trial::start(
            cluster,
            hooks,
            self.jq.clone(),
            self.budget.clone(),
            Pace::Steps,
        )
        .await?;
        let (mut settled, mut runs) = trial.runs().await?;
        match &case.trigger {
            Trigger::OnStartup => runs.retain(|run| run.reasons.iter().any(|r| r.kind.is_none())),
            Trigger::Synchronization => {
                runs.retain(|run| run.reasons.iter().all(|r| r.kind.is_some()))
            }
            Trigger::Schedule { name } => {
                before = trial.cluster.objects();
                if settled == Settled::Quiet {
                    let fired = trial.running.fire_schedules(|hook, schedule| {
                        case.hook.as_deref().is_none_or(|h| h == hook)
                            && name.as_deref().is_none_or(|n| n == schedule)
                    });
                    if fired == 0 {
                        return Err(Failure::usage(anyhow!(
                            "the case fires a schedule that no hook has"
                        )));
                    }
                    (settled, runs) = trial.runs().await?;
                }
            }
            Trigger::Events(changes) => {
                before = trial.cluster.objects();
                if settled == Settled::Quiet {
                    runs.clear();
                    for (index, change) in changes.iter().enumerate() {
                        change_cluster(&trial.cluster, index, change).await?;
                        let (next, more) = trial.runs().await?;
                        runs.extend(more);
                        settled = next;
                        if settled == Settled::Failed {
                            break;
                        }
                    }
                }
            }
        }
        let after = trial.cluster.objects();
        let outcome = CaseOutcome::new(settled, &runs, &before, &after, &case.trigger);
        trial.stop().await;
        Ok(outcome)
    }
}

/// Whether two texts say the same; the order of keys, comments and blank lines do not matter.
fn same(expected: &str, actual: &str) -> anyhow::Result<bool> {
    Ok(values(expected)? == values(actual)?)
}

fn values(text: &str) -> anyhow::Result<Vec<serde_json::Value>> {
    let documents = hookbox_config::yaml::parse_documents(text)
        .map_err(|e| anyhow!("{}:{}: {}", e.line, e.column, e.message))?;
    Ok(documents.iter().map(|n| n.to_json()).collect())
}

/// Do what event number `index` of a case says.
async fn change_cluster(cluster: &Cluster, index: usize, change: &Change) -> Outcome {
    match change {
        Change::Apply(object) => {
            state::apply(cluster, object, || {
                format!("event {} of the case", index + 1)
            })
            .await
        }
        Change::Delete(object) => state::delete(cluster, object).await,
    }
}
