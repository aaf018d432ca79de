//! A catalogue of attacks, each with what must happen, and the stage on which they are shown.
//!
//! - [`Attack`] and [`catalogue`]: what is tried, and what must come of it.
//! - [`Stage`]: one sandbox for all of them. A hook of somebody else's runs in it all the time.
//! - [`heap`]: what the process has allocated, to see that it comes back.
//!
//! This library is for tests: where something cannot go on, it panics and says what was missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

mod attack;
pub mod catalogue;
pub mod heap;
mod neighbour;
mod stage;

pub use attack::{Asked, Attack, Guest, Must, Seen};
pub use neighbour::Neighbour;
pub use stage::Stage;
