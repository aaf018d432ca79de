//! One behaviour, all languages: the hooks in Rust.

mod asked;
mod cluster;
mod failing;
mod outside;
mod stored;

use asked::{change, convert, review};
use cluster::{contexts, filtered, patches, reconcile};
use failing::fail;
use outside::{fetch, read};
use stored::{metrics, values};

hookbox_sdk::export!(
    reconcile, filtered, values, metrics, patches, contexts, review, change, convert, fetch, read, fail
);
