//! Runs hooks on the events and schedules of a Kubernetes cluster.
//!
//! The whole way: hook sources become components and checked configurations ([`load`]), their bindings become watches
//! with snapshots ([`monitor`], [`snapshot`], [`watch`]) and timers ([`schedule`]), what happens becomes tasks in queues
//! ([`queue`]), each run of a hook gives effects, and these pass one gate and one writer ([`apply`]) and the metrics
//! ([`metrics`]). People look into it by live commands ([`live`]). [`Operator`] puts it all together.

pub mod api;
pub mod apply;
pub mod clock;
pub mod contexts;
pub mod event;
pub mod filter;
pub mod grants;
pub mod http;
pub mod identity;
pub mod journal;
pub mod kinds;
pub mod leader;
pub mod live;
pub mod load;
pub mod metrics;
pub mod monitor;
pub mod native;
pub mod object;
pub mod program;
pub mod queue;
pub mod quota;
pub mod reads;
pub mod schedule;
pub mod snapshot;
pub mod source;
pub mod tenants;
pub mod units;
pub mod watch;
pub mod webhook;

mod any_case;
mod backoff;
mod client;
mod engine;
mod input;
mod json;
mod operator;
mod rule;
mod running;
mod values;

pub use client::client;
pub use clock::Clock;
pub use engine::Unanswered;
pub use event::OperatorEvent;
pub use operator::{Operator, Options, StartError};
pub use program::Program;
pub use quota::{Quota, QuotaSettings};
pub use rule::Rule;
pub use running::{QueueView, Running, TaskView};
pub use source::{HookSource, HookSpec, Tenant, TenantError};
pub use values::ModuleValues;
