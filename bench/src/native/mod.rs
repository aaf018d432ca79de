//! The same work as a shell hook with one jq and as a component, in the same operator; beside shell-operator itself where
//! it is given.

mod driver;
mod hooks;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hookbox_tests::RealCluster;
use tokio::process::Command;
use tokio::time::sleep;

use crate::child::Child;
use crate::stats::{Samples, ratio};
use crate::{Role, guests, print, setup};
use driver::Driver;
pub(crate) use hooks::child;

/// What CLUSTER.md's machine took with it from an event to the hook, single events, in µs: the median.
const EVENT_TO_HOOK: f64 = 156_000.0;

/// Hooks of each kind.
const LANES: usize = 4;
const SINGLE: u32 = 150;
const WARM: u32 = 10;
/// Time between two single changes, and what is added to some: shell-operator looks at its queues at fixed intervals.
const GAP: (Duration, Duration) = (Duration::from_millis(60), Duration::from_millis(13));
const BURST: Duration = Duration::from_secs(3);
const BURSTS: usize = 5;
/// Time for shell-operator to start.
const SHELL_START: Duration = Duration::from_secs(60);

/// What runs the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// A shell hook in this operator.
    Native,
    /// A component in this operator.
    Component,
    /// The same shell hook in shell-operator.
    Shell,
}

impl Kind {
    fn lane(self, lane: usize) -> String {
        let word = match self {
            Self::Native => "native",
            Self::Component => "component",
            Self::Shell => "shell",
        };
        format!("{word}-{lane}")
    }
}

/// `shell` is a shell-operator to measure on the same real cluster.
pub(crate) async fn measure(shell: Option<&Path>) -> Result<()> {
    print::title(
        "6. The same work as a shell hook with one jq and as a component, in one operator, in turn",
    );
    let version = Command::new("jq").arg("--version").output().await;
    let Ok(version) = version else {
        print::row("shell hook", "not measured: there is no jq here");
        return Ok(());
    };
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    print::row("shell hook", format_args!("bash, {version}"));
    let folder = tempfile::tempdir()?;
    let place = folder.path();
    std::fs::write(place.join("work.wasm"), guests::work()?)?;
    hooks::scripts(&place.join("hooks"), Kind::Native, LANES)?;

    let kubeconfig = place.join("kubeconfig");
    let mut cluster = Child::start(Role::Cluster, &[kubeconfig.as_os_str(), "0".as_ref()])?;
    cluster.next().await?.context("the cluster process ended")?;
    one("embedded cluster over HTTP", place, &kubeconfig, None).await?;
    drop(cluster);

    let settings = hookbox_tests::Settings {
        controllers: false,
        ..hookbox_tests::Settings::default()
    };
    let Some(real) = RealCluster::start(settings).await else {
        print::row("kube-apiserver", "not measured: it cannot be had here");
        return Ok(());
    };
    let name = "kube-apiserver with etcd, TLS";
    one(name, place, &real.kubeconfig(), shell).await
}

async fn one(name: &str, place: &Path, kubeconfig: &Path, shell: Option<&Path>) -> Result<()> {
    print::line(format_args!("-- {name}"));
    let mut driver = Driver::start(setup::client(kubeconfig).await?).await?;
    let component = place.join("work.wasm");
    let arguments = [
        component.as_os_str(),
        kubeconfig.as_os_str(),
        place.as_os_str(),
    ];
    let mut operator = Child::start(Role::Hooks, &arguments)?;
    operator.expect("ready").await?;
    let shell = match shell {
        Some(program) => Some(shell_operator(program, place, kubeconfig)?),
        None => None,
    };
    for kind in [Kind::Native, Kind::Component] {
        driver.lane(kind, 0)?.warm(WARM).await?;
    }
    operator.tell().await?;
    single(&mut driver, shell.is_some()).await?;
    own(&operator.tell().await?);
    // Its processor time would be taken from the others.
    drop(shell);
    bursts(&mut driver, &operator).await?;
    own(&operator.tell().await?);
    operator.finish().await?;
    driver.end().await
}

/// One change at a time, to the hooks in turn.
async fn single(driver: &mut Driver, shell: bool) -> Result<()> {
    let mut kinds = vec![Kind::Native, Kind::Component];
    if shell {
        // It may not watch yet.
        let first = tokio::time::timeout(SHELL_START, driver.lane(Kind::Shell, 0)?.warm(1));
        first.await.context("shell-operator does not answer")??;
        kinds.push(Kind::Shell);
    }
    let mut times = vec![Samples::default(); kinds.len()];
    for number in 0..SINGLE {
        for (kind, times) in kinds.iter().zip(&mut times) {
            sleep(GAP.0 + GAP.1 * (number % 11)).await;
            times.push_time(driver.lane(*kind, 0)?.change().await?);
        }
    }
    let names = [
        "shell hook",
        "component",
        "shell-operator, the same shell hook",
    ];
    print::line("from sending a change until the effect is seen, single changes (µs)");
    for (name, times) in names.iter().zip(&times) {
        print::row(&format!("  {name}"), times);
    }
    let [native, component, shell @ ..] = times.as_slice() else {
        return Ok(());
    };
    print::row("  shell hook / component", ratio(native, component));
    for shell in shell {
        print::row(
            "  shell-operator / component (target 20)",
            ratio(shell, component),
        );
    }
    print::row(
        "  156 ms of shell-operator / component (target 20)",
        format_args!("{:.1}", EVENT_TO_HOOK / component.median()),
    );
    Ok(())
}

/// All hooks of a kind at once, as fast as they can.
async fn bursts(driver: &mut Driver, operator: &Child) -> Result<()> {
    let mut rates = [Samples::default(), Samples::default()];
    let mut costs = [Samples::default(), Samples::default()];
    for _ in 0..BURSTS {
        for (index, kind) in [Kind::Native, Kind::Component].into_iter().enumerate() {
            let before = operator.cpu_time();
            let (rate, count) = driver.saturate(kind, BURST).await?;
            let cpu = operator.cpu_time().saturating_sub(before);
            if let (Some(rates), Some(costs)) = (rates.get_mut(index), costs.get_mut(index)) {
                rates.push(rate);
                costs.push(cpu.as_secs_f64() * 1e6 / count as f64);
            }
        }
    }
    let [native, component] = &rates;
    print::line(format_args!(
        "{LANES} hooks of each kind at once, a change as soon as the last one has its effect"
    ));
    print::row("  shell hooks, runs per second", native);
    print::row("  components, runs per second", component);
    print::row("  components / shell hooks", ratio(component, native));
    let [native, component] = &costs;
    print::row("  CPU of the operator for each shell run, µs", native);
    print::row("  and for each run of a component, µs", component);
    print::row("  shell hooks / components", ratio(native, component));
    Ok(())
}

/// What the runs took by their own account.
fn own(said: &BTreeMap<String, f64>) {
    let value = |word: &str| said.get(word).copied().unwrap_or(f64::NAN);
    print::line(
        "CPU time of a run alone (µs): of the process with all that it starts; of the instance",
    );
    for (kind, name) in [("native", "shell hook"), ("component", "component")] {
        let [min, p50, p90, p99, runs] =
            ["min", "p50", "p90", "p99", "runs"].map(|part| value(&format!("{kind}-{part}")));
        print::row(
            &format!("  {name}"),
            format_args!(
                "min {min:>8.1}  p50 {p50:>8.1}  p90 {p90:>8.1}  p99 {p99:>8.1}  n {runs}"
            ),
        );
    }
    print::row(
        "  ratio of medians (target 50)",
        format_args!("{:.1}", value("native-p50") / value("component-p50")),
    );
}

/// shell-operator with the same hook, on the same cluster. Killed when dropped.
fn shell_operator(
    program: &Path,
    place: &Path,
    kubeconfig: &Path,
) -> Result<tokio::process::Child> {
    let hooks = place.join("shell-hooks");
    hooks::scripts(&hooks, Kind::Shell, 1)?;
    let log = std::fs::File::create(place.join("shell-operator.log"))?;
    let mut command = Command::new(program);
    command
        .arg("start")
        .args(["--listen-address", "127.0.0.1", "--listen-port", "0"])
        .arg("--hooks-dir")
        .arg(&hooks)
        .arg("--tmp-dir")
        .arg(place.join("shell-tmp"))
        .arg("--debug-unix-socket")
        .arg(place.join("shell.sock"))
        .arg("--kube-config")
        .arg(kubeconfig)
        .current_dir(place)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    command.spawn().context("shell-operator does not start")
}
