//! One file a verb.

mod build;
mod check;
mod completions;
mod dev;
mod exec;
mod inspect;
mod new;
mod run;
mod test;
mod try_;

pub(crate) use self::try_::Try;
use crate::cli::{Cli, Command};
use crate::failure::Outcome;
use crate::logging;
use crate::ui::Ui;

/// Do what the command line says.
pub(crate) async fn dispatch(cli: Cli, ui: &Ui) -> Outcome {
    let global = cli.global;
    // Only an operator's log is worth reading from the start; the other verbs tell what they do themselves.
    let level = match (&global.log_level, &cli.command) {
        (Some(level), _) => level.as_str(),
        // What the client could not do is told by whoever asked it.
        (None, Command::Run(_)) => "info,kube_client=off",
        (None, _) => "error,kube_client=off,hookbox_operator=off",
    };
    logging::start(level, global.log_format)?;
    match cli.command {
        Command::New(args) => new::new(&args, ui),
        Command::Build(args) => build::build(&global, &args, ui).await,
        Command::Check(args) => check::check(&global, &args, ui).await,
        Command::Inspect(args) => inspect::inspect(&global, &args, ui).await,
        Command::Exec(args) => exec::exec(&global, &args, ui).await,
        Command::Test(args) => test::test(&global, &args, ui).await,
        Command::Dev(args) => dev::dev(&global, &args, ui).await,
        Command::Run(args) => run::run(&global, &args, ui).await,
        Command::Try(args) => try_::try_(&global, &args, ui).await,
        Command::Completions { shell } => completions::completions(shell, ui),
    }
}
