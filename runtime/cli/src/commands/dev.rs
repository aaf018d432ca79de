//! `hookbox dev`: a project on an embedded cluster, rebuilt and reloaded on change.

mod show;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::load::{self, Loaded};
use hookbox_operator::{HookSource, HookSpec};
use hookbox_sandbox::{Budget, Sandbox};

use self::show::Shown;
use self::watch::Changes;
use crate::cli::{Dev, Global};
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::project::Project;
use crate::signal;
use crate::state;
use crate::trial::{Pace, Settled, Trial};
use crate::ui::{self, Tone, Ui};

/// What a session works with.
struct Session<'a> {
    ui: &'a Ui,
    project: Project,
    sandbox: Sandbox,
    jq: Jq,
    cluster: Cluster,
    budget: Budget,
}

pub(super) async fn dev(global: &Global, args: &Dev, ui: &Ui) -> Outcome {
    let project = Project::open(&args.path)?;
    if !args.listen.ip().is_loopback() {
        return Err(Failure::usage(anyhow!(
            "the embedded cluster listens on loopback only, not on {}",
            args.listen
        ))
        .help("it lets everybody in"));
    }
    let seed = args
        .cluster
        .clone()
        .or_else(|| Some(project.root.join("cluster.yaml")).filter(|p| p.is_file()));
    // A mistake in a manifest is told before anything is built.
    let manifests = seed
        .as_deref()
        .map(state::read)
        .transpose()?
        .unwrap_or_default();
    let later = args
        .apply
        .iter()
        .map(|path| state::read(path))
        .collect::<Outcome<Vec<_>>>()?;
    let sandbox = hooks::sandbox(global)?;
    let jq = Jq::new(&sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    let mut options = hookbox_cluster::Options::default();
    // A `hookbox run` that watched the last cluster at this address notices that this is another one.
    let now = jiff::Timestamp::now().as_millisecond();
    options.first_revision = u64::try_from(now).unwrap_or(1);
    let cluster = Cluster::with_options(options);
    state::seed(&cluster, &manifests).await?;
    let session = Session {
        ui,
        project,
        sandbox,
        jq,
        cluster,
        budget: args.limits.budget(),
    };
    if args.once {
        return session.once(&later).await;
    }
    let listener = session.cluster.listen(args.listen).await.map_err(|error| {
        Failure::environment(
            anyhow::Error::new(error).context(format!("{} cannot be listened on", args.listen)),
        )
        .help(
            "stop who listens there, or choose another address by --listen (port 0: any free one)",
        )
    })?;
    let kubeconfig = args.kubeconfig_out.clone().unwrap_or_else(|| {
        session
            .project
            .root
            .join("target")
            .join("hookbox")
            .join("kubeconfig")
    });
    write_kubeconfig(&kubeconfig, &listener.kubeconfig())?;
    ui.status(
        Tone::Good,
        "Cluster",
        format!(
            "{} objects; export KUBECONFIG={}",
            session.cluster.objects().len(),
            kubeconfig.display()
        ),
    );
    let result = tokio::select! {
        result = session.follow(&later) => result,
        stopped = signal::wait() => stopped,
    };
    // The address in it is nobody's from now on.
    let _ = std::fs::remove_file(&kubeconfig);
    listener.shutdown().await;
    ui.status(
        Tone::Note,
        "Stopped",
        "the embedded cluster and its objects are gone",
    );
    result
}

fn write_kubeconfig(path: &Path, text: &str) -> Outcome {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("{} cannot be made", parent.display()))
            .or_environment()?;
    }
    std::fs::write(path, text)
        .with_context(|| format!("{} cannot be written", path.display()))
        .or_environment()
}

impl Session<'_> {
    /// Build the project and load what it gives.
    async fn build(&self) -> Outcome<Loaded> {
        let built = self.project.build(self.ui).await?;
        self.load(built.component).await
    }

    async fn load(&self, component: PathBuf) -> Outcome<Loaded> {
        let looked = hooks::load(&self.sandbox, &component, self.ui).await?;
        hooks::report_offences(std::slice::from_ref(&looked), self.ui)?;
        let loaded = load::load(
            vec![HookSpec::from(HookSource::file(&component))],
            &self.sandbox,
            &self.jq,
            &Budget::describe(),
        )
        .await;
        for hook in &loaded.hooks {
            self.ui.status(
                Tone::Good,
                "Loaded",
                format!("{} ({})", hook.name, show::bindings(hook)),
            );
        }
        match loaded.problems.first() {
            Some(problem) => Err(Failure::failed(anyhow!(
                "{}",
                hookbox_operator::api::chain(problem)
            ))),
            None => Ok(loaded),
        }
    }

    async fn start(&self, hooks: Loaded) -> Outcome<Trial> {
        Trial::start(
            self.cluster.clone(),
            hooks,
            self.jq.clone(),
            self.budget.clone(),
            Pace::Free,
        )
        .await
    }

    /// Run until all is quiet, apply what there is to apply, and end.
    async fn once(&self, later: &[Vec<state::Manifest>]) -> Outcome {
        let mut trial = self.start(self.build().await?).await?;
        let mut shown = Shown::default();
        let mut settled = trial.settle(|event| shown.show(self.ui, event)).await?;
        for manifest in later.iter().flatten() {
            if settled == Settled::Failed {
                break;
            }
            self.ui
                .status(Tone::Note, "Apply", crate::diff::title(&manifest.object));
            state::seed(&self.cluster, std::slice::from_ref(manifest)).await?;
            settled = trial.settle(|event| shown.show(self.ui, event)).await?;
        }
        trial.stop().await;
        if settled == Settled::Failed {
            return Err(Failure::told(Exit::Failed));
        }
        self.ui.status(
            Tone::Good,
            "Done",
            format!(
                "{}, {} changed",
                ui::count(shown.runs, "run"),
                ui::count(shown.changed, "object")
            ),
        );
        Ok(())
    }

    /// Run until interrupted; build anew whenever a source changes.
    async fn follow(&self, later: &[Vec<state::Manifest>]) -> Outcome {
        let mut changes = Changes::of(&self.project.root)?;
        let mut shown = Shown::default();
        let mut running = Vec::new();
        let mut trial = match self.build().await {
            Ok(hooks) => {
                running = digests(&hooks);
                Some(self.start(hooks).await?)
            }
            // The author is about to mend it.
            Err(failure) => self.told(failure)?,
        };
        if let Some(trial) = &mut trial {
            let mut settled = trial.settle(|event| shown.show(self.ui, event)).await?;
            for manifest in later.iter().flatten() {
                if settled == Settled::Failed {
                    break;
                }
                self.ui
                    .status(Tone::Note, "Apply", crate::diff::title(&manifest.object));
                state::seed(&self.cluster, std::slice::from_ref(manifest)).await?;
                settled = trial.settle(|event| shown.show(self.ui, event)).await?;
            }
        }
        self.ui.status(
            Tone::Note,
            "Watching",
            format!(
                "{}; change a source or the cluster, end with Ctrl-C",
                self.project.root.display()
            ),
        );
        loop {
            let event = async {
                match &mut trial {
                    Some(trial) => trial.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = event => match event {
                    Some(event) => {
                        shown.show(self.ui, &event);
                        if let Some(missed) = trial.as_mut().map(|t| std::mem::take(&mut t.missed)).filter(|n| *n > 0) {
                            self.ui.warn(format_args!("{missed} events happened too fast to be shown"));
                        }
                    }
                    None => return Ok(()),
                },
                changed = changes.next() => {
                    self.ui.status(Tone::Note, "Changed", changed?.display());
                    match self.build().await {
                        Ok(hooks) if trial.is_some() && digests(&hooks) == running => {
                            self.ui.status(Tone::Note, "Kept", "the hooks: the component is the same as before");
                        }
                        Ok(hooks) => {
                            running = digests(&hooks);
                            if let Some(old) = trial.take() {
                                old.stop().await;
                            }
                            trial = Some(self.start(hooks).await?);
                        }
                        Err(failure) => {
                            self.told(failure)?;
                            if trial.is_some() {
                                self.ui.status(Tone::Warn, "Kept", "the hooks as they were before the change");
                            }
                        }
                    }
                }
            }
        }
    }

    /// Tell of a build that gave no hooks; go on unless the environment is to blame.
    fn told(&self, failure: Failure) -> Outcome<Option<Trial>> {
        if failure.exit == Exit::Environment {
            return Err(failure);
        }
        let _ = self.ui.fail(&failure);
        Ok(None)
    }
}

/// What tells a build from another one.
fn digests(hooks: &Loaded) -> Vec<String> {
    hooks
        .hooks
        .iter()
        .map(|hook| hook.component.digest().to_owned())
        .collect()
}
