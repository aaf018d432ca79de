//! Black-box tests of hookbox, and what they stand on.
//!
//! - [`RealCluster`]: etcd, kube-apiserver and kube-controller-manager as processes of this machine.
//! - [`Program`] and [`Background`]: programs run with a time limit, their output captured.
//! - [`hookbox`]: the built `hookbox` command.
//! - [`languages`]: projects of every language, built.
//! - [`transcript`]: console sessions whose recorded output is the expectation.
//! - [`wait`]: waiting for a state of the cluster by watch.
//!
//! This library is for tests: where something cannot go on, it panics and says what was missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

mod cluster;
mod environment;
pub mod hookbox;
pub mod http;
mod keys;
mod kubebox;
pub mod languages;
pub mod mirror;
pub mod operator;
pub mod ports;
mod processes;
mod program;
pub mod python;
pub mod transcript;
pub mod wait;

pub use cluster::{RealCluster, Settings};
pub use environment::bless;
pub use kubebox::{Kubebox, not_run};
pub use ports::free as free_ports;
pub use processes::signal;
pub use program::{Background, Finished, Program};

/// A folder for one test, removed when dropped.
pub fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("hookbox-test-")
        .tempdir()
        .expect("a temporary folder")
}
