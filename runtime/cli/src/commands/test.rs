//! `hookbox test`: a project's cases, each on an embedded cluster of its own.

mod case;
mod outcome;
mod play;
mod stable;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::event::{RunFinished, RunResult};
use hookbox_sandbox::{Budget, Sandbox};
use similar::ChangeTag;

use self::case::Case;
use self::outcome::KEYS;
use crate::cli::{Global, Granted, Test, Values};
use crate::diff;
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::input;
use crate::project::Project;
use crate::state;
use crate::ui::{self, Tone, Ui};

/// What a case runs with.
struct Bench {
    sandbox: Sandbox,
    jq: Jq,
    component: PathBuf,
    budget: Budget,
    values: Values,
    granted: Granted,
    max_runs: u64,
}

/// A case that was played.
struct Ended {
    verdict: Verdict,
    /// What went wrong beside its runs.
    problems: Vec<String>,
    runs: Vec<RunFinished>,
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
        budget: args.play.limits.budget(),
        values: args.play.values.clone(),
        granted: args.play.grants.read()?,
        max_runs: args.play.max_runs,
    };
    let (mut passed, mut failed) = (0, 0);
    // Whether blessing would make a difference.
    let mut blessable = false;
    for dir in &dirs {
        let name = dir
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let ended = bench.case(&args.path, dir, args.bless).await;
        let ended = match ended {
            Ok(ended) => ended,
            Err(failure) => {
                failed += 1;
                ui.status(Tone::Bad, "Failed", &name);
                let _ = ui.fail(&failure);
                continue;
            }
        };
        match ended.verdict {
            Verdict::Passed => {
                passed += 1;
                ui.status(Tone::Good, "Passed", &name);
                continue;
            }
            Verdict::Blessed => {
                passed += 1;
                ui.status(
                    Tone::Note,
                    "Blessed",
                    format!("{name}: {}", dir.join("expected.yaml").display()),
                );
            }
            Verdict::Unknown(text) => {
                failed += 1;
                blessable = true;
                ui.status(
                    Tone::Bad,
                    "Failed",
                    format!("{name}: it has no expected.yaml; what came out is"),
                );
                ui.indented(Tone::Good, &text);
                tell(ui, &ended.runs);
            }
            Verdict::Different(lines) => {
                failed += 1;
                blessable = true;
                ui.status(
                    Tone::Bad,
                    "Failed",
                    format!("{name}: what came out (+) is not what is expected (-)"),
                );
                show(ui, &lines);
                tell(ui, &ended.runs);
            }
        }
        for problem in ended.problems {
            ui.warn(format_args!("{name}: {problem}"));
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

/// What the runs of a case say that did not pass: their log, and all of an error, of which an outcome has the part that
/// is the same each time.
fn tell(ui: &Ui, runs: &[RunFinished]) {
    for run in runs {
        let more = match &run.result {
            RunResult::Failed { code, message, .. } => {
                Some(message).filter(|message| stable::error(code, message) != **message)
            }
            RunResult::Succeeded => None,
        };
        if run.log.is_empty() && more.is_none() {
            continue;
        }
        let run_of = format!("of {} for {}", run.hook, ui::because(&run.reasons));
        ui.status(Tone::Note, "Run", run_of);
        for record in &run.log {
            ui.log(record);
        }
        if let Some(message) = more {
            ui.indented(Tone::Bad, message);
        }
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
    /// Play one case.
    async fn case(&self, project: &Path, dir: &Path, bless: bool) -> Outcome<Ended> {
        let case = Case::read(&dir.join("case.yaml"))?;
        let seed = [dir.join("cluster.yaml"), project.join("cluster.yaml")]
            .into_iter()
            .find(|p| p.is_file());
        let cluster = Cluster::new();
        if let Some(seed) = seed {
            state::seed(&cluster, &state::read(&seed)?).await?;
        }
        let values = self.values.read(&[dir, project])?;
        let (outcome, runs) = self.play(&case, cluster, values).await?;
        let ended = |verdict| Ended {
            verdict,
            problems: outcome.problems().to_vec(),
            runs,
        };
        let text = ui::to_yaml(&outcome)?;
        let expected = dir.join("expected.yaml");
        let before = if expected.exists() {
            Some(input::text(&expected, input::MAX_TEXT)?)
        } else {
            None
        };
        if let Some(before) = &before {
            match same(before, &text) {
                Ok(true) => return Ok(ended(Verdict::Passed)),
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
            return Ok(ended(Verdict::Blessed));
        }
        Ok(ended(match before {
            Some(before) => Verdict::Different(diff::lines(&before, &text)),
            None => Verdict::Unknown(text),
        }))
    }
}

/// Whether an expectation says the same as what came out; the order of keys, comments and blank lines do not matter.
fn same(expected: &str, actual: &str) -> anyhow::Result<bool> {
    let documents = hookbox_config::yaml::parse_documents(expected)
        .map_err(|e| anyhow!("{}:{}: {}", e.line, e.column, e.message))?;
    for document in &documents {
        if let hookbox_config::yaml::Value::Mapping(entries) = &document.value
            && let Some(entry) = entries.iter().find(|e| !KEYS.contains(&e.key.as_str()))
        {
            return Err(anyhow!(
                "{}: unknown key `{}`; an expectation has `{}`",
                entry.at,
                entry.key,
                KEYS.join("`, `")
            ));
        }
    }
    let expected: Vec<_> = documents.iter().map(|n| n.to_json()).collect();
    let actual = hookbox_config::yaml::parse_documents(actual)
        .map_err(|e| anyhow!("{}:{}: {}", e.line, e.column, e.message))?;
    Ok(expected == actual.iter().map(|n| n.to_json()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_has_no_other_keys_than_what_comes_out() {
        assert!(same("# so\nruns: []\nresult: ok\n", "result: ok\nruns: []\n").unwrap());
        assert!(!same("result: failed\n", "result: ok\n").unwrap());
        let error = same("result: ok\n run: []\n", "").unwrap_err().to_string();
        assert!(error.starts_with("2:"), "{error}");
        let error = same("result: ok\nrun: []\n", "").unwrap_err().to_string();
        assert!(error.starts_with("2:1: unknown key `run`"), "{error}");
    }
}
