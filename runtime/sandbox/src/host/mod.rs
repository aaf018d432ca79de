//! What a guest may ask of the host: one file for each interface of the contract.

mod cluster;
mod contexts;
mod http;
mod log;
mod metrics;
mod patches;
mod snapshots;
mod values;

#[allow(
    unreachable_pub,
    reason = "the generated bindings name these types publicly, in a module that is not"
)]
pub use contexts::ContextHandle;
#[allow(unreachable_pub, reason = "as above")]
pub use snapshots::SnapshotHandle;

use crate::bindings::hookbox::hook::types::{self, Refusal};
use crate::state::{Answer, Fault, State};
use crate::{pointer, validate};

impl types::Host for State {}

/// Read a JSON pointer, or refuse it with `code`.
fn steps(pointer: &str, code: &str) -> Result<Vec<String>, Refusal> {
    pointer::parse(pointer).map_err(|message| validate::refusal(code, message))
}

/// A refusal is an answer, and a fault ends the run.
fn refused<T>(fault: Fault) -> Answer<T> {
    match fault {
        Fault::Refused(refusal) => Ok(Err(refusal)),
        Fault::Stopped(error) => Err(error),
    }
}
