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
mod queues;
mod sharing;
mod steps;
mod support;
mod tenants;
mod v0;
mod watches;
mod webhooks;
