//! As whom a tenant's hooks read and write.
//!
//! All that a tenant's hooks ask of the API server goes out as their ServiceAccount, by impersonation: the cluster's own
//! RBAC decides. A watch that several tenants want is opened once, as one of them; each of the others has its access
//! checked before it takes part, and again and again while it does ([`Access`]).

mod access;
mod impersonate;
mod side;

pub use self::access::{Access, AccessSettings, Right, Verdict};
pub(crate) use self::impersonate::prove;
pub use self::impersonate::{ImpersonateError, impersonating};
pub(crate) use self::side::{Identities, TenantSide};
