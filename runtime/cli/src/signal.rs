//! Ctrl-C and SIGTERM.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{OrFail, Outcome};

/// Being asked to end: heard from the moment on that this is made, so that nothing which must be tidied up may be made
/// before it.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Outcome<Self> {
        let listen = |kind| {
            signal(kind)
                .context("signals cannot be received")
                .or_environment()
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Come back when the command is asked to end, and each time that it is asked again.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
