//! `hookbox build`: a project becomes a checked component.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::cli::{Build, Global};
use crate::failure::{OrFail, Outcome};
use crate::hooks;
use crate::project::Project;
use crate::ui::{self, Tone, Ui};

/// What the project built before, in its own `target/hookbox`.
const RECORD: &str = ".built.json";

/// A component that a build put somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Put {
    path: PathBuf,
    /// Its size and when it was written: another file of the same name is not ours.
    size: u64,
    modified: Duration,
}

impl Put {
    fn at(path: &Path) -> Option<Self> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            size: metadata.len(),
            modified: metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?,
        })
    }
}

pub(super) async fn build(global: &Global, args: &Build, ui: &Ui) -> Outcome {
    let project = Project::open(&args.path)?;
    let built = project.build(ui).await?;
    let sandbox = hooks::sandbox(global)?;
    let loaded = hooks::load(&sandbox, &built.component, ui).await?;
    hooks::report_offences(std::slice::from_ref(&loaded), ui)?;
    let out_dir = args
        .out_dir
        .clone()
        .unwrap_or_else(|| project.root.join("target").join("hookbox"));
    std::fs::create_dir_all(&out_dir)
        .with_context(|| format!("{} cannot be made", out_dir.display()))
        .or_environment()?;
    let out = out_dir.join(format!("{}.wasm", built.name.replace('_', "-")));
    // A reader sees the old component or the new one, never half of one.
    let part = out_dir.join(format!(".{}.{}.part", built.name, std::process::id()));
    std::fs::copy(&built.component, &part)
        .and_then(|_| std::fs::rename(&part, &out))
        .inspect_err(|_| drop(std::fs::remove_file(&part)))
        .with_context(|| format!("{} cannot be written", out.display()))
        .or_environment()?;
    clean(&project, &out, ui)?;
    let names: Vec<&str> = loaded.hooks.iter().map(|h| h.name.as_str()).collect();
    ui.status(
        Tone::Good,
        "Built",
        format!(
            "{} ({}), hooks: {}",
            out.display(),
            ui::bytes(loaded.component.size()),
            names.join(", ")
        ),
    );
    ui.data(&out.display().to_string())
}

/// Remove what the project built into the same folder under other names, so that nobody runs it any more, and note what
/// it built now.
fn clean(project: &Project, out: &Path, ui: &Ui) -> Outcome {
    let folder = project.root.join("target").join("hookbox");
    let record = folder.join(RECORD);
    // Without a readable record nothing is known to be ours.
    let before: Vec<Put> = std::fs::read(&record)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    let mut puts = Vec::new();
    for put in before {
        if put.path == out || Put::at(&put.path).as_ref() != Some(&put) {
            continue;
        }
        if put.path.parent() != out.parent() {
            puts.push(put);
            continue;
        }
        std::fs::remove_file(&put.path)
            .with_context(|| {
                format!(
                    "{}, from an earlier build, cannot be removed",
                    put.path.display()
                )
            })
            .or_environment()?;
        ui.status(
            Tone::Note,
            "Removed",
            format!("{}, from an earlier build", put.path.display()),
        );
    }
    puts.extend(Put::at(&out));
    let text = serde_json::to_vec(&puts).or_failed()?;
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&record, text))
        .with_context(|| format!("{} cannot be written", record.display()))
        .or_environment()
}
