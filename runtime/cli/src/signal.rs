//! Ctrl-C and SIGTERM.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{OrFail, Outcome};

/// Come back when the command is asked to end.
pub(crate) async fn wait() -> Outcome {
    let mut terminate = signal(SignalKind::terminate())
        .context("signals cannot be received")
        .or_environment()?;
    let mut interrupt = signal(SignalKind::interrupt())
        .context("signals cannot be received")
        .or_environment()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
