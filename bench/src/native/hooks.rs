//! The hooks that are compared, and the process that runs them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use hookbox_operator::event::RunResult;
use hookbox_operator::native::NativeSettings;
use hookbox_operator::{HookSource, Operator, OperatorEvent, Options};
use hookbox_sandbox::HookDefinition;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{Kind, LANES};
use crate::stats::Samples;
use crate::{print, setup};

/// The configuration of one hook: its objects have the label `lane`.
fn config(kind: Kind, lane: usize) -> String {
    let name = kind.lane(lane);
    json!({
        "configVersion": "v1",
        "kubernetes": [{
            "name": "maps", "kind": "ConfigMap", "queue": name, "executeHookOnSynchronization": false,
            "namespace": {"nameSelector": {"matchNames": ["default"]}},
            "labelSelector": {"matchLabels": {"lane": name}},
            "jqFilter": "{name: .metadata.name, number: .data.number}",
            "keepFullObjectsInMemory": false, "includeSnapshotsFrom": ["maps"],
        }],
    })
    .to_string()
}

/// Puts a shell hook for each lane into a folder.
pub(super) fn scripts(folder: &Path, kind: Kind, lanes: usize) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for lane in 0..lanes {
        let path = folder.join(format!("{}.sh", kind.lane(lane)));
        let text = include_str!("hook.sh").replace("@CONFIG@", &config(kind, lane));
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The measuring process: runs the shell hooks of `scripts` and the component, until its standard input ends. For each
/// line it says what the runs since the last one took by their own account.
pub(crate) async fn child(component: &Path, kubeconfig: &Path, place: &Path) -> Result<()> {
    let sandbox = setup::sandbox(None)?;
    let jq = setup::jq(&sandbox)?;
    let client = setup::client(kubeconfig).await?;
    let settings = Arc::new(NativeSettings::new(place.join("tmp")));
    let scripts = HookSource::all(&place.join("hooks"))?.with_native(&settings);
    let mut specs: Vec<_> = scripts.into_iter().map(Into::into).collect();
    let mut spec = setup::bytes("work", std::fs::read(component)?);
    let lanes = (0..LANES).map(|lane| HookDefinition {
        name: format!("lane_{lane}"),
        config: config(Kind::Component, lane),
    });
    spec.definitions = Some(lanes.collect());
    specs.push(spec);
    let mut options = Options::default();
    options.client = Some(client);
    options.hooks = specs;
    // Else it would be what is measured.
    options.writer.qps = 0.0;
    let running = Operator::start(options, sandbox, jq).await?;
    setup::whole(&running)?;
    setup::idle(&running).await?;
    let mut runs = Runs::default();
    let mut events = running.events();
    print::line("ready 1");
    let mut asked = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            wrong = runs.count(&mut events) => wrong?,
            line = asked.next_line() => match line? {
                Some(_) => std::mem::take(&mut runs).say(),
                None => break,
            }
        }
    }
    running.stop().await;
    Ok(())
}

/// CPU time of runs by their own account, in microseconds.
#[derive(Default)]
struct Runs {
    native: Samples,
    component: Samples,
}

impl Runs {
    fn say(&self) {
        for (word, times) in [("native", &self.native), ("component", &self.component)] {
            for (name, share) in [("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
                print::line(format_args!("{word}-{name} {}", times.quantile(share)));
            }
            print::line(format_args!("{word}-runs {}", times.len()));
        }
        print::line("end 1");
    }

    /// Counts until something is wrong.
    async fn count(&mut self, events: &mut Receiver<Arc<OperatorEvent>>) -> Result<()> {
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => bail!("the operator ended"),
            };
            let OperatorEvent::RunFinished(run) = &*event else {
                continue;
            };
            ensure!(run.result == RunResult::Succeeded, "{:?}", run.result);
            let times = if run.hook.ends_with(".sh") {
                &mut self.native
            } else {
                &mut self.component
            };
            times.push_time(run.usage.cpu_time);
        }
    }
}
