//! The behaviour catalogue, row by row, on an embedded cluster with real components.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod contexts;
mod definitions;
mod enabling;
mod events;
mod failures;
mod grants;
mod identity;
mod journal;
mod leader;
mod lists;
mod live;
mod loading;
mod locked;
mod metadata;
mod operator;
mod own_filters;
mod pauses;
mod pulled;
mod queues;
mod refused;
/// A registry in this process, to which each test adds what it lies about.
#[allow(dead_code, reason = "made for the registry's own tests")]
#[path = "../../../registry/tests/it/server.rs"]
mod registry;
mod sharing;
mod steps;
mod support;
mod tenants;
mod v0;
mod values;
mod warm;
mod watches;
mod webhooks;
