//! `hookbox build`: a project becomes a checked component.

use anyhow::Context;

use crate::cli::{Build, Global};
use crate::failure::{OrFail, Outcome};
use crate::hooks;
use crate::project::Project;
use crate::ui::{self, Tone, Ui};

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
