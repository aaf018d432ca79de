//! One leader among replicas, elected by a Lease (`coordination.k8s.io/v1`), as Kubernetes' own controllers do it.
//!
//! Only the leader runs what waits in queues; the others stand by with their hooks loaded. What keeps two from changing
//! things at the same time is the [`Term`]: a leader's last renewal was *sent* at most the renew deadline ago, others
//! saw it after it was sent and wait for the longer lease duration, and each request that changes something looks at the
//! term first, at the last moment before it is written to the connection ([`Guarded`]). What remains is the time that a
//! request travels. A new leader begins as after a start, so that what its predecessor saw and did not do is not lost.

mod elector;
mod guard;
mod lease;
mod options;
mod record;
mod term;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use elector::{Elector, Lost};
pub(crate) use guard::{Guarded, guard, guarded};
pub use options::{LeaderOptions, LeaderOptionsError};
pub use term::{Over, Term};
pub use view::Leadership;
