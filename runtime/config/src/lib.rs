//! Hook configuration documents: what a hook says of itself, read, checked and made whole.
//!
//! A hook's configuration is the document that shell-operator's hooks print for `--config`, as JSON or YAML, of the
//! format `v1` or, without a `configVersion`, of the old format `v0`. [`parse`] reads one and gives either a typed
//! [`HookConfig`] with every default filled in, or **all** that is wrong with it, each [`Offence`] with its path, its
//! place in the text, and a hint where one can be given:
//!
//! ```
//! let config = hookbox_config::parse("
//! configVersion: v1
//! kubernetes:
//! - name: pods
//!   kind: Pod
//!   labelSelector: {matchLabels: {app: web}}
//! ").unwrap();
//! assert_eq!(config.kubernetes[0].queue, "main");
//!
//! let offences = hookbox_config::parse("
//! configVersion: v1
//! schedule:
//! - crontab: '* * * *'
//!   qeue: slow
//! ").unwrap_err();
//! assert_eq!(offences.0.len(), 2);
//! assert_eq!(offences.0[1].path, "schedule[0].qeue");
//! assert_eq!(offences.0[1].help.as_deref(), Some("did you mean `queue`?"));
//! ```
//!
//! The parts are of use on their own: [`cron`] (when a crontab fires next), [`selector`] (label and field selectors),
//! [`duration`] (Go's durations) and [`yaml`] (documents with positions, for manifests too).
//!
//! The crate depends on neither Kubernetes nor WebAssembly, because the SDK's macros run it inside the compiler. It
//! reads what guests and files say, so it panics on nothing and bounds everything: see [`yaml::Limits`].
//!
//! # Features
//! `timezones` (default) carries the time zone database along, for systems that have none, such as empty container
//! images. Where the system has a zone, the system's is used.

pub mod config;
pub mod cron;
pub mod document;
pub mod duration;
pub mod offence;
pub mod selector;
pub mod yaml;

mod check;
mod path;
pub mod suggest;
mod written;

pub use config::{
    ConfigVersion, Conversion, ConversionRule, FailurePolicy, HookConfig, Kubernetes,
    MatchCondition, NamespaceSelector, Operation, Rule, Schedule, Scope, Settings, SideEffects,
    WatchEvent, Webhook,
};
pub use cron::{CronError, Crontab};
pub use document::{Document, check_capabilities, check_grants, parse};
pub use offence::{Offence, Offences};
pub use selector::{FieldSelector, LabelSelector};
pub use yaml::Position;
