//! Plays the cases with shell-operator, and compares what it does with what the cases expect.
//!
//!     cargo run -p hookbox-conformance --bin compare -- --shell-operator PATH [--kubeconfig FILE] [--bless] [TEXT...]
//!
//! TEXT: only cases whose names contain one of these. Without `--kubeconfig` a control plane is started.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a tool of the tests"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use futures::{FutureExt, StreamExt};
use hookbox_conformance::case::Case;
use hookbox_conformance::outcome::Outcome;
use hookbox_conformance::{Process, Subject, World, play};
use hookbox_tests::{RealCluster, Settings};

/// Cases that are played at the same time.
const AT_ONCE: usize = 6;

#[derive(Default)]
struct Wanted {
    shell_operator: Option<PathBuf>,
    kubeconfig: Option<PathBuf>,
    bless: bool,
    texts: Vec<String>,
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut path = || {
            arguments
                .next()
                .map(PathBuf::from)
                .ok_or(format!("{argument} needs a path"))
        };
        match argument.as_str() {
            "--shell-operator" => wanted.shell_operator = Some(path()?),
            "--kubeconfig" => wanted.kubeconfig = Some(path()?),
            "--bless" => wanted.bless = true,
            flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}")),
            text => wanted.texts.push(text.to_owned()),
        }
    }
    Ok(wanted)
}

#[tokio::main]
async fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("compare: {error}");
            return ExitCode::from(2);
        }
    };
    let Some(program) = &wanted.shell_operator else {
        eprintln!("compare: --shell-operator PATH is missing: the program to compare with");
        return ExitCode::from(2);
    };
    let program = program.canonicalize().expect("the program");
    let own = match wanted.kubeconfig {
        Some(_) => None,
        None => RealCluster::start(Settings::default()).await,
    };
    let kubeconfig = match (&wanted.kubeconfig, &own) {
        (Some(file), _) => file.canonicalize().expect("the kubeconfig"),
        (None, Some(cluster)) => cluster.kubeconfig(),
        (None, None) => return ExitCode::from(3),
    };
    let names = Case::names().into_iter().filter(|name| {
        wanted.texts.is_empty() || wanted.texts.iter().any(|text| name.contains(text.as_str()))
    });
    let plays = names.map(|name| {
        let (program, kubeconfig) = (program.clone(), kubeconfig.clone());
        async move {
            let playing = play_one(&name, &program, &kubeconfig, wanted.bless);
            let result = std::panic::AssertUnwindSafe(playing).catch_unwind().await;
            (
                name,
                result.unwrap_or_else(|_| Err("a panic, see above".to_owned())),
            )
        }
    });
    let mut plays = futures::stream::iter(plays).buffer_unordered(AT_ONCE);
    let mut failed = 0;
    while let Some((name, result)) = plays.next().await {
        match result {
            Ok(word) => println!("{word} {name}"),
            Err(difference) => {
                failed += 1;
                println!("differs {name}\n{difference}");
            }
        }
    }
    println!("{failed} differ");
    ExitCode::from(u8::from(failed > 0))
}

async fn play_one(
    name: &str,
    program: &std::path::Path,
    kubeconfig: &std::path::Path,
    bless: bool,
) -> Result<&'static str, String> {
    let id = play::fresh_id();
    let case = Case::read(name, &id);
    if let Some(reason) = case.not.get("shell-operator") {
        println!("not played {name}: {reason}");
        return Ok("skipped");
    }
    let world = World::new(client(kubeconfig).await?);
    play::prepare(&case, &world).await;
    let process = Process::shell_operator(&case, &id, program, kubeconfig);
    let mut subject = Subject::Process(Box::new(process));
    let outcome = play::play(&case, &id, &world, &mut subject).await;
    subject.stop().await;
    world.tidy(&id).await;
    if bless {
        let file = case.folder.join(Outcome::file_of_shell_operator(&case));
        std::fs::write(&file, outcome.text()).map_err(|e| e.to_string())?;
        return Ok("written");
    }
    let expected = Outcome::of_shell_operator(&case)?;
    let seen = outcome.comparable(&case, Some(&expected));
    seen.difference(&expected.comparable(&case, None))
        .map_or(Ok("same"), Err)
}

async fn client(kubeconfig: &std::path::Path) -> Result<kube::Client, String> {
    use kube::config::{KubeConfigOptions, Kubeconfig};
    let config = Kubeconfig::read_from(kubeconfig).map_err(|e| e.to_string())?;
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default())
        .await
        .map_err(|e| e.to_string())?;
    kube::Client::try_from(config).map_err(|e| e.to_string())
}
