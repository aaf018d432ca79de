//! The sandbox from outside: real components, each kind of hostile one, a real cache on disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod cache;
mod calls;
mod grants;
mod harmless;
mod hostile;
mod hosts;
mod idle;
mod load;
mod odd;
mod requests;
mod server;
mod support;
mod warm;
