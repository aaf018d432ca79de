//! Object patches through gate and writer on the embedded cluster: each row of BEHAVIOUR C1, and what happens when
//! the API server does not do as it is asked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod changes;
mod creates;
mod deletes;
mod faults;
mod gate;
mod jq;
mod operations;
mod secrets;
mod world;
