//! `hookbox dev`: a project on an embedded cluster, rebuilt and reloaded on change.

mod follow;
mod kubeconfig;
mod pace;
mod show;
mod state_file;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::load::{self, Loaded};
use hookbox_operator::{HookSource, HookSpec};
use hookbox_sandbox::{Budget, Sandbox};

use self::follow::Follower;
use self::kubeconfig::KubeconfigFile;
use self::show::Shown;
use self::state_file::StateFile;
use crate::cli::{Dev, Global, Granted, Values};
use crate::diff;
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::input;
use crate::project::Project;
use crate::signal::Signals;
use crate::state::{self, Manifest, Submitted};
use crate::trial::{Pace, Settled, Setup, Trial};
use crate::ui::{self, Tone, Ui};

/// What a session works with.
struct Session<'a> {
    ui: &'a Ui,
    project: Project,
    sandbox: Sandbox,
    jq: Jq,
    cluster: Cluster,
    budget: Budget,
    values: Values,
    granted: Granted,
    max_runs: u64,
}

/// Memory for compiled functions, of which most are the same in the next build.
const PARTS: u64 = 256 << 20;

pub(super) async fn dev(global: &Global, args: &Dev, ui: &Ui) -> Outcome {
    let project = Project::open(&args.path)?;
    if !args.listen.ip().is_loopback() {
        return Err(Failure::usage(anyhow!(
            "the embedded cluster listens on loopback only, not on {}",
            args.listen
        ))
        .help("it lets everybody in"));
    }
    let usual = project.root.join("cluster.yaml");
    let path = args.cluster.clone().unwrap_or_else(|| usual.clone());
    // A mistake in a manifest is told before anything is built.
    let manifests = if args.cluster.is_some() || usual.is_file() {
        state::read(&path)?
    } else {
        Vec::new()
    };
    let state = StateFile { path, manifests };
    let mut later = Vec::new();
    for path in &args.apply {
        later.extend(state::read(path)?);
    }
    let sandbox = hooks::sandbox_with(global, |settings| {
        settings.warm_instances = args.warm.warm_instances;
        settings.compiled_parts = PARTS;
    })?;
    let jq = Jq::new(&sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    let mut options = hookbox_cluster::Options::default();
    // A `hookbox run` that watched the last cluster at this address notices that this is another one.
    let now = jiff::Timestamp::now().as_millisecond();
    options.first_revision = u64::try_from(now).unwrap_or(1);
    let cluster = Cluster::with_options(options);
    state::seed(&cluster, &state.manifests).await?;
    let session = Session {
        ui,
        project,
        sandbox,
        jq,
        cluster,
        budget: args.play.limits.budget(),
        values: args.play.values.clone(),
        granted: args.play.grants.read()?,
        max_runs: args.play.max_runs,
    };
    if args.once {
        if args.kubeconfig_out.is_some() {
            ui.warn("--kubeconfig-out is not used: with --once, kubectl cannot reach the cluster");
        }
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
    let mut signals = Signals::listen()?;
    let kubeconfig = KubeconfigFile::write(
        args.kubeconfig_out.as_deref(),
        &session.project.root.join("target").join("hookbox"),
        &listener.kubeconfig(),
    )?;
    ui.status(
        Tone::Good,
        "Cluster",
        format!(
            "{} objects; export KUBECONFIG={}",
            session.cluster.objects().len(),
            kubeconfig.path.display()
        ),
    );
    let result = tokio::select! {
        result = async { Follower::new(&session, state, later)?.follow().await } => result,
        () = signals.wait() => Ok(()),
    };
    kubeconfig.remove();
    listener.shutdown().await;
    ui.status(
        Tone::Note,
        "Stopped",
        "the embedded cluster and its objects are gone",
    );
    result
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

    async fn start(&self, hooks: Loaded, listen: Option<SocketAddr>) -> Outcome<Trial> {
        let setup = Setup {
            budget: self.budget.clone(),
            values: self.values.read(&[&self.project.root])?,
            granted: self.granted.clone(),
            pace: Pace::Free,
            max_runs: self.max_runs,
            listen,
            webhooks: true,
        };
        Trial::start(self.cluster.clone(), hooks, self.jq.clone(), setup).await
    }

    /// Apply a manifest of `--apply`. Why not, if a webhook refuses it.
    async fn apply(&self, manifest: &Manifest) -> Outcome<Option<Refusal>> {
        let title = diff::title(&manifest.object);
        self.ui.status(Tone::Note, "Apply", &title);
        state::home(&self.cluster, manifest).await?;
        Ok(match state::submit(&self.cluster, manifest).await? {
            Submitted::Taken(warnings) => {
                for warning in warnings {
                    self.ui.warn(format_args!("{title}: {warning}"));
                }
                None
            }
            Submitted::Refused(why) => Some(Refusal {
                place: manifest.place.clone(),
                why,
            }),
        })
    }

    /// Run until all is quiet, apply what there is to apply, and end.
    async fn once(&self, later: &[Manifest]) -> Outcome {
        let mut trial = self.start(self.build().await?, None).await?;
        let mut shown = Shown::once();
        let mut refused = 0;
        let mut settled = trial.settle(|event| shown.show(self.ui, event)).await;
        for manifest in later {
            if settled != Settled::Quiet {
                break;
            }
            let refusal = self.apply(manifest).await?;
            settled = trial.settle(|event| shown.show(self.ui, event)).await;
            if let Some(refusal) = refusal {
                refused += 1;
                refusal.show(self.ui);
            }
        }
        trial.stop().await;
        let (tone, word) = match settled {
            Settled::Quiet if refused > 0 => (Tone::Bad, "Ended"),
            Settled::Quiet => (Tone::Good, "Done"),
            Settled::Failed | Settled::Endless(_) => (Tone::Bad, "Ended"),
        };
        self.ui.status(
            tone,
            word,
            format!(
                "{}, {} changed{}{}",
                ui::count(shown.runs, "run"),
                ui::count(shown.changed, "object"),
                match refused {
                    0 => String::new(),
                    n => format!(", {} refused", ui::count(n, "manifest")),
                },
                match settled {
                    Settled::Failed => "; with what failed above, nothing goes on",
                    _ => "",
                }
            ),
        );
        match settled {
            Settled::Quiet if refused > 0 => Err(Failure::told(Exit::Failed)),
            Settled::Quiet => Ok(()),
            Settled::Failed => Err(Failure::told(Exit::Failed)),
            Settled::Endless(endless) => Err(endless.failure()),
        }
    }
}

/// A manifest that a webhook refuses.
struct Refusal {
    place: String,
    why: String,
}

impl Refusal {
    fn show(&self, ui: &Ui) {
        ui.status(
            Tone::Bad,
            "Refused",
            format!("{}: {}", self.place, self.why),
        );
    }
}

/// Where the metrics are served: any free port, for this machine only.
fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Whether the file can change under its name.
fn watchable(state: &StateFile) -> bool {
    !input::is_stdin(&state.path)
}
