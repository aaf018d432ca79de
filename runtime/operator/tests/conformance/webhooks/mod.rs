//! Webhooks: BEHAVIOUR D, and the webhook rows of A3 and B6.

mod admission;
mod calls;
mod certificates;
pub(crate) mod client;
mod conversion;
mod embedded;
mod forms;
mod native;
mod registration;
