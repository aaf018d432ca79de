//! Write Kubernetes hooks for hookbox in Rust.
//!
//! A **hook** is a function that runs when something happens: the operator starts, a schedule fires, an object of the
//! cluster changes. It reads what it was given and says what should change. This page is the way from nothing to a
//! tested hook.
//!
//! # A first hook
//!
//! `hookbox new demo` makes a crate such as this one. The crate is a `cdylib`, and built for `wasm32-wasip2` it is a
//! component that `hookbox dev`, `hookbox test` and `hookbox run` take:
//!
//! ```
//! use hookbox_sdk::objects::ConfigMap;
//! use hookbox_sdk::prelude::*;
//!
//! /// What the hook watches: a field is a binding.
//! #[derive(Snapshots)]
//! struct Watches {
//!     #[watch(kind = "Pod", namespace = "default", labels = "app=web", jq = ".metadata.name")]
//!     pods: Vec<String>,
//! }
//!
//! /// Runs whenever the names of the pods change.
//! #[hook]
//! fn list_pods(input: Input<Watches>, out: &mut Effects) -> Result {
//!     out.create_or_update(&ConfigMap::new("default", "pods").data("names", input.pods.join(",")));
//!     Ok(())
//! }
//!
//! hookbox_sdk::export!(list_pods);
//!
//! # /*
//! #[test]
//! fn lists_the_names() -> Result {
//! # */
//! # fn main() -> Result {
//!     let input = Input::test().snapshot("pods", ["a", "b"]).added("pods", "b");
//!     let effects = hookbox_sdk::testing::run(list_pods, input)?;
//!     assert_eq!(effects.object("ConfigMap", "default/pods").unwrap()["data"]["names"], "a,b");
//!     Ok(())
//! }
//! ```
//!
//! # When it runs
//!
//! [`#[hook]`](macro@hook) says it for startup and schedules, [`#[derive(Snapshots)]`](macro@Snapshots) for objects;
//! their pages list every key. All of it becomes the configuration document that shell-operator's hooks print
//! (`configVersion: v1`; see [`Hook::config`]), and all of it is checked when the hook is compiled: a wrong crontab,
//! selector or jq filter, a name that stands twice, a snapshot that is not there, are compiler errors at the word that is
//! wrong.
//!
//! ```
//! # use hookbox_sdk::prelude::*;
//! #[hook(
//!     schedule(name = "often", crontab = "*/5 * * * *"),
//!     schedule(name = "nightly", crontab = "TZ=Europe/Berlin 0 3 * * *", queue = "slow"),
//!     settings(min_interval = "10s", burst = 2)
//! )]
//! fn by_the_clock(input: Input, out: &mut Effects) -> Result {
//!     for trigger in input.contexts() {
//!         match trigger {
//!             Trigger::Schedule { name } if name == "nightly" => info!("good night"),
//!             other => info!("runs because of {}", other.binding()),
//!         }
//!     }
//!     out.metric("runs").increment();
//!     Ok(())
//! }
//! ```
//!
//! Events that came while the hook was busy are given to one run: [`Input::contexts`] has several reasons then. A hook
//! that looks at its snapshots and brings the cluster in line with them, as `list_pods` does, need not look at the
//! reasons at all, and an event that came twice does no harm.
//!
//! # What it reads
//!
//! - **Snapshots**: the objects that the bindings select, as fields of [`Input`]. `Vec<T>` is read whole before the hook
//!   starts; [`Lazy<T>`](Lazy) as the hook asks, so that reading k of N objects costs O(k). `T` is any type that
//!   implements `serde::Deserialize`, and is made from the `jq` filter's result, or from the object where there is none.
//!   A filter pays: only what it keeps is held in memory, and only a change of it is an event. Every run has all
//!   snapshots of the struct, unless `include_snapshots` says which; a field that some run does not have is an `Option`.
//!   Runs at startup have none.
//! - **Reasons**: [`Trigger`] and [`Event`]: which object, as it was at the event.
//! - **Values** of the hook's module: [`Values`].
//! - **The cluster** and **HTTP**, where an administrator granted it: [`Cluster`], [`Http`].
//!
//! # What it changes
//!
//! A hook never writes while it runs. [`Effects`] records what it asks for: objects to create, patch and delete,
//! metrics. When the hook returned `Ok`, the host checks the changes and applies them in their order; else none of them.
//! Log with [`info!`] and its siblings, or just `println!`.
//!
//! # When it fails
//!
//! `?` turns every error into an [`Error`]; [`ResultExt::context`] says what was being done. The host runs a failed hook
//! again after a growing pause, and the hook may advise otherwise: [`Error::retry_after`], [`Error::no_retry`]. A panic
//! fails the run too, with its message and line in the log, and harms nothing else.
//!
//! # Testing
//!
//! The function is plain, so a plain `#[test]` runs it: see [`testing`]. `hookbox test` runs the component against an
//! embedded cluster with cases from folders.
//!
//! # The crate
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]   # alone: beside `rlib`, link-time optimisation would not work
//!
//! [dependencies]
//! hookbox-sdk = "0.1"
//! serde = { version = "1", features = ["derive"] }
//!
//! [profile.release]
//! opt-level = "s"
//! lto = true
//! codegen-units = 1
//! strip = "debuginfo"
//! ```
//!
//! The hook above then is a component of 140 KB. A component may hold many hooks; they share its code and nothing else,
//! since every run starts afresh: nothing in a `static` outlives it.
// The macros and the generated bindings say `::hookbox_sdk`, here too.
#[allow(unused_extern_crates)]
extern crate self as hookbox_sdk;

#[cfg(target_family = "wasm")]
#[rustfmt::skip]
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    rust_2018_idioms,
    clippy::all,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "generated from wit/ by tests/bindings.rs; the calls across the boundary are unsafe by nature"
)]
#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod check;
mod cluster;
mod effects;
mod error;
mod fields;
mod hook;
mod host;
mod http;
mod input;
pub mod log;
mod object;
pub mod objects;
mod pointer;
mod review;
mod snapshots;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod trigger;
mod values;

pub use cluster::{Cluster, Listing};
pub use effects::{Effects, MetricBuilder, PatchBuilder};
pub use error::{Error, Result, ResultExt, Retry};
pub use hook::{Hook, Outcome};
pub use hookbox_sdk_macros::{Snapshots, convert, export, hook, mutate, validate};
pub use http::{Http, Request, Response, Sending};
pub use input::Input;
pub use object::ObjectRef;
pub use review::{Kind, Mutation, Operation, Resource, Review, User, Verdict};
pub use serde_json::{self, json};
pub use snapshots::{Iter, Lazy, SnapshotField, Snapshots};
pub use trigger::{Event, Synchronization, Trigger, WatchEvent};
pub use values::Values;

/// What a hook's source wants in scope.
pub mod prelude {
    pub use crate::{
        Effects, Error, Input, Lazy, Mutation, ObjectRef, Operation, Result, ResultExt, Review,
        Snapshots, Trigger, Verdict, WatchEvent, bail, convert, debug, error, hook, info, json,
        mutate, objects, serde_json, validate, warn,
    };
}

/// For the macros' output only.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_family = "wasm")]
    pub use crate::bindings;
    pub use crate::check;
    #[cfg(target_family = "wasm")]
    pub use crate::hook::component;
    pub use crate::hook::{AskedKind, AskedPart, Parts, SchedulePart};
    pub use crate::review::convert;
    pub use crate::snapshots::{Binding, Loader, filter};
    #[cfg(target_family = "wasm")]
    pub use wit_bindgen::rt;
}
