//! One file a verb.

mod build;
mod check;
mod completions;
mod dev;
mod exec;
mod inspect;
mod live;
mod manifest;
mod new;
mod pull;
mod push;
mod run;
mod sign;
mod test;
mod try_;
mod verify;

pub(crate) use self::try_::Try;
use crate::cli::{Cli, Command};
use crate::compat::Parsed;
use crate::failure::Outcome;
use crate::logging::{self, Form};
use crate::ui::Ui;

/// Do what the command line says.
pub(crate) async fn dispatch(parsed: Parsed, ui: &Ui) -> Outcome {
    let Parsed { cli, notes } = parsed;
    let Cli { global, command } = cli;
    // Only an operator's log is worth reading from the start; the other verbs tell what they do themselves.
    let level = match (&global.log_level, &command) {
        (Some(level), _) => level.as_str(),
        (None, Command::Run(_)) => "info",
        (None, _) => "error,kube_client=off,hookbox_operator=off",
    };
    let form = Form {
        format: global.log_format,
        no_time: global.log_no_time,
    };
    let level = logging::start(level, form)?;
    match command {
        Command::New(args) => new::new(&args, ui),
        Command::Build(args) => build::build(&global, &args, ui).await,
        Command::Check(args) => check::check(&global, &args, ui).await,
        Command::Inspect(args) => inspect::inspect(&global, &args, ui).await,
        Command::Exec(args) => exec::exec(&global, &args, ui).await,
        Command::Test(args) => test::test(&global, &args, ui).await,
        Command::Dev(args) => dev::dev(&global, &args, ui).await,
        Command::Push(args) => push::push(&global, &args, ui).await,
        Command::Pull(args) => pull::pull(&args, ui).await,
        Command::Sign(args) => sign::sign(&args, ui).await,
        Command::Verify(args) => verify::verify(&args, ui).await,
        Command::Run(args) => {
            notes.log();
            run::run(&global, &args, level, ui).await
        }
        Command::Queue(command) => live::queue::queue(&command, ui).await,
        Command::Hook(command) => live::hook::hook(&command, ui).await,
        Command::Runs(command) => live::runs::runs(&command, ui).await,
        Command::Why(args) => live::why::why(&args, ui).await,
        Command::Config(command) => live::config::config(&command, ui).await,
        Command::Raw(args) => live::raw(&args, ui).await,
        Command::Version => ui.data(concat!("hookbox ", env!("CARGO_PKG_VERSION"))),
        Command::Try(args) => try_::try_(&global, &args, ui).await,
        Command::Crds(args) => manifest::crds(&args, ui),
        Command::Manifest(command) => manifest::manifest(&command, ui),
        Command::Completions { shell } => completions::completions(shell, ui),
    }
}
