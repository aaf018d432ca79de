//! Every case, with its hooks as a component and as executables, on the embedded and on the real API server: each a test
//! of its own name.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use futures::FutureExt;
use hookbox_cluster::Cluster;
use hookbox_conformance::case::{Case, ID};
use hookbox_conformance::outcome::Outcome;
use hookbox_conformance::{Inside, Process, Subject, World, play};
use hookbox_tests::{RealCluster, Settings};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// Plays mostly wait: more than there are processors.
const AT_ONCE: usize = 8;

/// Its hooks as a component, or as executables, of an operator in this process; or as executables of `hookbox run`.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Component,
    Native,
    Command,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Native => "native",
            Self::Command => "command",
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let runtime = Runtime::new().expect("a runtime");
    let mut plays = Vec::new();
    for name in Case::names() {
        let case = Case::read(&name, ID);
        if case.no_component().is_none() {
            plays.push((name.clone(), Form::Component));
        }
        if !case.not.contains_key("native") {
            plays.push((name.clone(), Form::Native));
            plays.push((name, Form::Command));
        }
    }
    let on_real = |(name, form): &(String, Form)| {
        // What the command adds does not depend on the cluster.
        let not = Case::read(name, ID).not.contains_key("real") || *form == Form::Command;
        (!not).then(|| format!("real::{}::{name}", form.name()))
    };
    let wanted = |name: &str| match (&arguments.filter, arguments.exact) {
        (Some(filter), true) => name == filter,
        (Some(filter), false) => name.contains(filter.as_str()),
        (None, _) => true,
    };
    // Started only when it is needed.
    let real_wanted = plays.iter().filter_map(on_real).any(|name| wanted(&name));
    let real = match real_wanted && !arguments.list {
        true => runtime
            .block_on(RealCluster::start(Settings::default()))
            .map(Arc::new),
        false => None,
    };
    let mut trials = Vec::new();
    for play in plays {
        let on_real = on_real(&play);
        let (name, form) = play;
        let (handle, case) = (runtime.handle().clone(), name.clone());
        let test = format!("embedded::{}::{name}", form.name());
        trials.push(Trial::test(test, move || {
            handle.block_on(embedded(&case, form))
        }));
        let Some(test) = on_real else { continue };
        let (handle, cluster) = (runtime.handle().clone(), real.clone());
        // Without a server they count as ignored.
        let missing = cluster.is_none() && !arguments.list;
        let run = move || match cluster {
            Some(cluster) => handle.block_on(on(&name, form, &cluster)),
            None => Ok(()),
        };
        trials.push(Trial::test(test, run).with_ignored_flag(missing));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

async fn embedded(name: &str, form: Form) -> Result<(), Failed> {
    let case = Case::read(name, ID);
    let cluster = Cluster::new();
    let world = World::new(cluster.client());
    if form != Form::Command {
        return hold(&case, ID, form, world, None).await;
    }
    // May have to be built first, which blocks.
    tokio::task::spawn_blocking(hookbox_tests::hookbox::binary).await?;
    let server = cluster.listen(([127, 0, 0, 1], 0).into()).await?;
    let place = hookbox_tests::scratch();
    let kubeconfig = place.path().join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig())?;
    let held = hold(&case, ID, form, world, Some(&kubeconfig)).await;
    server.shutdown().await;
    held
}

async fn on(name: &str, form: Form, cluster: &RealCluster) -> Result<(), Failed> {
    let id = play::fresh_id();
    let case = Case::read(name, &id);
    hold(&case, &id, form, World::new(cluster.client().await), None).await
}

/// Play the case and compare what came of it with what is expected.
async fn hold(
    case: &Case,
    id: &str,
    form: Form,
    world: World,
    kubeconfig: Option<&Path>,
) -> Result<(), Failed> {
    let playing = async {
        play::prepare(case, &world).await;
        let client = world.client();
        let mut subject = match form {
            Form::Component => {
                Subject::Inside(Box::new(Inside::components(case, id, client).await))
            }
            Form::Native => Subject::Inside(Box::new(Inside::native(case, id, client).await)),
            Form::Command => {
                let kubeconfig = kubeconfig.expect("a kubeconfig");
                Subject::Process(Box::new(Process::hookbox(case, id, kubeconfig)))
            }
        };
        let outcome = play::play(case, id, &world, &mut subject).await;
        subject.stop().await;
        world.tidy(id).await;
        outcome
    };
    let outcome = std::panic::AssertUnwindSafe(playing)
        .catch_unwind()
        .await
        .map_err(|panic| match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(_) => "a panic".to_owned(),
        })?;
    if hookbox_tests::bless() && case.differs.is_some() {
        std::fs::write(case.folder.join("expected.yaml"), outcome.text())?;
        return Ok(());
    }
    let expected = Outcome::expected(case)?;
    let seen = outcome.comparable(case, Some(&expected));
    match seen.difference(&expected.comparable(case, None)) {
        None => Ok(()),
        Some(difference) => Err(difference.into()),
    }
}
