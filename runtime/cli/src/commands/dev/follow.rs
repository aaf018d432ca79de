//! A session that goes on until it is interrupted, and follows what its author changes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use hookbox_operator::OperatorEvent;
use hookbox_operator::load::Loaded;

use super::show::Shown;
use super::state_file::StateFile;
use super::watch::{Changed, Changes};
use super::{Refusal, Session, any_port, watchable};
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::state::Manifest;
use crate::trial::{Settled, Trial};
use crate::ui::{Tone, Ui};

/// A session, and how far it is.
pub(super) struct Follower<'a> {
    session: &'a Session<'a>,
    state: StateFile,
    /// To be applied one after the other, each when all is quiet.
    later: VecDeque<Manifest>,
    changes: Changes,
    shown: Shown,
    /// The hooks at work; none when there was no build that gave any.
    trial: Option<Trial>,
    /// Digests of their components.
    running: Vec<String>,
    /// Whether it is not known yet what the last change leads to.
    settling: bool,
    /// Where the metrics are served; the same for all builds of a session.
    address: Option<SocketAddr>,
    /// Whether it was said that changes are waited for.
    told: bool,
    /// What a webhook said of the manifest that was applied last, if it refused it.
    refused: Option<Refusal>,
}

/// What comes next in a session.
enum Next {
    Event(Option<Arc<OperatorEvent>>),
    Settled(Settled),
}

impl<'a> Follower<'a> {
    pub(super) fn new(
        session: &'a Session<'a>,
        state: StateFile,
        later: Vec<Manifest>,
    ) -> Outcome<Self> {
        let file = watchable(&state).then_some(state.path.as_path());
        let changes = Changes::of(&session.project.root, file)?;
        Ok(Self {
            session,
            state,
            later: later.into(),
            changes,
            shown: Shown::default(),
            trial: None,
            running: Vec::new(),
            settling: false,
            address: None,
            told: false,
            refused: None,
        })
    }

    /// Run until interrupted; build anew whenever a source changes.
    pub(super) async fn follow(mut self) -> Outcome {
        let built = self.session.build().await;
        self.changes.built();
        match built {
            Ok(hooks) => self.replace(hooks).await?,
            // The author is about to mend it.
            Err(failure) if failure.exit != Exit::Environment => {
                let _ = self.ui().fail(&failure);
                self.watching();
            }
            Err(failure) => return Err(failure),
        }
        loop {
            let ui = self.session.ui;
            let (trial, shown) = (&mut self.trial, &mut self.shown);
            let settling = self.settling;
            // While it is not known what a change leads to, all is shown; then the number of runs is bounded.
            let due = shown.due().filter(|_| !settling);
            let next = async {
                match trial {
                    Some(trial) if settling => {
                        Next::Settled(trial.settle(|event| shown.show(ui, event)).await)
                    }
                    Some(trial) => Next::Event(trial.next().await),
                    None => std::future::pending().await,
                }
            };
            let due = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            // Runs may never end: changes are looked at all the same.
            let next = tokio::select! {
                next = next => next,
                () = due => {
                    self.shown.sum_up(ui);
                    continue;
                }
                changed = self.changes.next() => {
                    self.changed(changed?).await?;
                    continue;
                }
            };
            match next {
                Next::Event(Some(event)) => self.shown.show_in_time(ui, &event),
                Next::Event(None) => return Ok(()),
                Next::Settled(settled) => self.settled(settled).await?,
            }
            let missed = self.trial.as_mut().map(|t| std::mem::take(&mut t.missed));
            self.shown.missed(missed.unwrap_or_default());
            // A hook that is never at rest leaves the timer no chance.
            if self.shown.is_late() {
                self.shown.sum_up(ui);
            }
        }
    }

    fn ui(&self) -> &'a Ui {
        self.session.ui
    }

    /// It is known what the last change led to.
    async fn settled(&mut self, settled: Settled) -> Outcome {
        self.settling = false;
        // Behind what led to it.
        if let Some(refusal) = self.refused.take() {
            refusal.show(self.ui());
        }
        match settled {
            Settled::Quiet => {
                if let Some(manifest) = self.later.pop_front() {
                    match self.session.apply(&manifest).await {
                        Ok(refusal) => self.refused = refusal,
                        Err(failure) => drop(self.ui().fail(&failure)),
                    }
                    self.settling = true;
                    return Ok(());
                }
            }
            Settled::Failed => {}
            Settled::Endless(endless) => {
                let _ = self.ui().fail(&endless.failure());
            }
        }
        self.watching();
        Ok(())
    }

    fn watching(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            let root = self.session.project.root.display();
            self.ui().status(
                Tone::Note,
                "Watching",
                format!("{root}; change a source or the cluster, end with Ctrl-C"),
            );
        }
    }

    /// Follow a change of files.
    async fn changed(&mut self, changed: Changed) -> Outcome {
        if changed.cluster {
            let name = input::name(&self.state.path);
            self.ui().status(Tone::Note, "Changed", name);
            match self.state.reread(&self.session.cluster, self.ui()).await {
                Ok(()) => self.settling = self.trial.is_some(),
                Err(failure) => {
                    let _ = self.ui().fail(&failure);
                    let kept = "the cluster as it was before the change";
                    self.ui().status(Tone::Warn, "Kept", kept);
                }
            }
        }
        let Some(source) = changed.source else {
            return Ok(());
        };
        self.ui().status(Tone::Note, "Changed", source.display());
        let built = self.session.build().await;
        self.changes.built();
        match built {
            Ok(hooks) if self.trial.is_some() && digests(&hooks) == self.running => {
                let kept = "the hooks: the component is the same as before";
                self.ui().status(Tone::Note, "Kept", kept);
            }
            Ok(hooks) => self.replace(hooks).await?,
            Err(failure) => self.kept(&failure),
        }
        Ok(())
    }

    /// Tell of a build that gave no hooks.
    fn kept(&self, failure: &Failure) {
        let _ = self.ui().fail(failure);
        if self.trial.is_some() {
            let kept = "the hooks as they were before the change";
            self.ui().status(Tone::Warn, "Kept", kept);
        }
    }

    /// Let these hooks work in place of the ones before.
    async fn replace(&mut self, hooks: Loaded) -> Outcome {
        self.running = digests(&hooks);
        if let Some(old) = self.trial.take() {
            old.stop().await;
        }
        let trial = match self.address {
            // Somebody else may listen there by now.
            Some(address) => match self.session.start(again(&hooks), Some(address)).await {
                Ok(trial) => trial,
                Err(_) => self.session.start(hooks, Some(any_port())).await?,
            },
            None => self.session.start(hooks, Some(any_port())).await?,
        };
        let served = trial.running.http_addr();
        if let Some(served) = served.filter(|_| served != self.address) {
            self.ui().status(
                Tone::Note,
                "Metrics",
                format!("http://{served}/metrics/hooks and http://{served}/metrics"),
            );
        }
        self.address = served;
        self.trial = Some(trial);
        self.settling = true;
        Ok(())
    }
}

/// The same hooks for a second start.
fn again(hooks: &Loaded) -> Loaded {
    Loaded {
        hooks: hooks.hooks.clone(),
        problems: Vec::new(),
    }
}

/// What tells a build from another one.
fn digests(hooks: &Loaded) -> Vec<String> {
    hooks
        .hooks
        .iter()
        .map(|hook| hook.program.digest().to_owned())
        .collect()
}
