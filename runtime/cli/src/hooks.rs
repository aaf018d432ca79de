//! Loading components for the commands that look at them.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use hookbox_config::{HookConfig, Offence, Offences};
use hookbox_jq::Jq;
use hookbox_operator::{Program, load};
use hookbox_sandbox::{Budget, Component, Sandbox, Settings};

use crate::cli::Global;
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::input;
use crate::project::Project;
use crate::report;
use crate::ui::{self, Tone, Ui};

/// A loaded component with its hooks' checked configurations.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) component: Component,
    pub(crate) hooks: Vec<LoadedHook>,
}

/// One hook of a component.
#[derive(Debug)]
pub(crate) struct LoadedHook {
    pub(crate) name: String,
    /// The document as the component gives it.
    pub(crate) text: String,
    pub(crate) config: Result<HookConfig, Offences>,
}

/// The folder for compiled components.
pub(crate) fn cache_dir(global: &Global) -> Option<PathBuf> {
    if let Some(dir) = &global.cache_dir {
        return Some(dir.clone());
    }
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|p| p.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?;
    Some(base.join("hookbox").join("components"))
}

/// The sandbox that this command runs hooks in, each run in a fresh instance.
pub(crate) fn sandbox(global: &Global) -> Outcome<Sandbox> {
    sandbox_with(global, |_| {})
}

/// The same with other settings.
pub(crate) fn sandbox_with(
    global: &Global,
    adjust: impl FnOnce(&mut Settings),
) -> Outcome<Sandbox> {
    let mut settings = Settings {
        cache_dir: cache_dir(global),
        warm_instances: 0,
        ..Settings::default()
    };
    adjust(&mut settings);
    Sandbox::new(settings)
        .context("the sandbox could not be made")
        .or_environment()
}

/// Read a file whose bytes are to be a component.
fn read(path: &Path) -> Outcome<Vec<u8>> {
    let most = Settings::default().max_component_size;
    // A pipe that nobody writes to would be waited for without end.
    let kind = std::fs::metadata(path)
        .with_context(|| format!("{} cannot be read", path.display()))
        .or_usage()?;
    if !kind.is_file() {
        return Err(Failure::usage(anyhow!(
            "{} is not a file with a component",
            path.display()
        )));
    }
    input::bytes(path, most)?.ok_or_else(|| {
        Failure::failed(anyhow!(
            "{} is not a hook component: it is larger than {}",
            path.display(),
            ui::bytes(most)
        ))
    })
}

/// Load one component and check its hooks' configurations.
pub(crate) async fn load(sandbox: &Sandbox, path: &Path, ui: &Ui) -> Outcome<Loaded> {
    let component = sandbox.load(read(path)?).await.map_err(|error| {
        Failure::failed(
            anyhow::Error::new(error)
                .context(format!("{} is not a hook component", path.display())),
        )
    })?;
    for warning in &component.load_report().warnings {
        ui.warn(format_args!("{}: {warning}", path.display()));
    }
    let jq = Jq::new(sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    let definitions = component
        .describe(&Budget::default())
        .await
        .map_err(|error| {
            Failure::failed(
                anyhow::Error::new(error)
                    .context(format!("{} does not describe its hooks", path.display())),
            )
        })?;
    let mut hooks = Vec::new();
    let program = Program::Component(component.clone());
    for definition in definitions {
        let config = load::config(&definition.config, &jq)
            .await
            .and_then(|(config, _)| exported(&program, config));
        hooks.push(LoadedHook {
            name: definition.name,
            text: definition.config,
            config,
        });
    }
    if hooks.is_empty() {
        return Err(Failure::failed(anyhow!(
            "{} holds no hooks",
            path.display()
        )));
    }
    Ok(Loaded {
        path: path.to_owned(),
        component,
        hooks,
    })
}

/// The configuration, unless the component lacks an export that it needs.
fn exported(program: &Program, config: HookConfig) -> Result<HookConfig, Offences> {
    let Some((what, export)) = load::missing_export(program, &config) else {
        return Ok(config);
    };
    let message = format!(
        "uses `{what}`, but the component does not export `hookbox:hook/{}`",
        export.interface()
    );
    Err(Offence::new("", "no-export", message).into())
}

/// The component at `path`: a file, or what a project builds to.
pub(crate) async fn open(global: &Global, path: &Path, ui: &Ui) -> Outcome<(Sandbox, Loaded)> {
    let sandbox = sandbox(global)?;
    let file = if path.is_dir() {
        Project::open(path)?.build(ui).await?.component
    } else {
        path.to_owned()
    };
    let loaded = load(&sandbox, &file, ui).await?;
    Ok((sandbox, loaded))
}

/// Print what is wrong with the hooks' configurations; fail when anything is.
pub(crate) fn report_offences(loaded: &[Loaded], ui: &Ui) -> Outcome {
    let mut count = 0;
    for component in loaded {
        for hook in &component.hooks {
            if let Err(offences) = &hook.config {
                count += offences.0.len();
                report::offences(
                    ui,
                    &format!("{} (hook `{}`)", component.path.display(), hook.name),
                    &hook.text,
                    &offences.0,
                );
            }
        }
    }
    if count == 0 {
        return Ok(());
    }
    ui.status(
        Tone::Bad,
        "Refused",
        format!("{} in the configuration", ui::count(count, "mistake")),
    );
    Err(Failure::told(Exit::Failed))
}

impl Loaded {
    /// The hook that a command is about: the named one, or the only one.
    pub(crate) fn choose(&self, name: Option<&str>) -> Outcome<&LoadedHook> {
        let names: Vec<&str> = self.hooks.iter().map(|h| h.name.as_str()).collect();
        match (name, self.hooks.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::usage(anyhow!(
                "{} holds {} hooks",
                self.path.display(),
                names.len()
            ))
            .help(format!("choose one with --hook: {}", names.join(", ")))),
            (Some(name), hooks) => hooks.iter().find(|h| h.name == name).ok_or_else(|| {
                Failure::usage(anyhow!("{} holds no hook `{name}`", self.path.display()))
                    .help(format!("it holds: {}", names.join(", ")))
            }),
        }
    }
}
