//! When a hook's log comes out.
//!
//! The operator writes what a hook logs into its own log, at once when the run is over; a subscriber that does nothing
//! but look at the clock sees it at that moment, on the thread that ran the hook.

use std::time::Instant;

use anyhow::Result;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::clock;

/// Target of what hooks log.
const TARGET: &str = "hook";

struct Stamps(UnboundedSender<Instant>);

/// Stamps of all records of hooks in this process from now on.
///
/// # Errors
/// When this was called before.
pub(crate) fn install() -> Result<UnboundedReceiver<Instant>> {
    let (sender, receiver) = unbounded_channel();
    tracing::subscriber::set_global_default(Stamps(sender))?;
    Ok(receiver)
}

impl Subscriber for Stamps {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // All others cost one comparison.
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && metadata.is_event()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        // Nobody waits for it any more when the receiver is gone.
        let _ = self.0.send(clock::now());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
