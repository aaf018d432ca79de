//! Who asks, and whether they may: impersonation, and the rules of roles and bindings in the store.

mod bootstrap;
mod grants;
mod policy;
mod user;

pub(crate) use bootstrap::objects as bootstrap;
pub(crate) use policy::{Action, Policies};
pub(crate) use user::{Tokens, User};
