//! From what a language's own compiler makes to a component: the contract, adapters and the encoder, so that an author
//! needs nothing but the compiler.

pub mod c;
mod component;
mod contract;
pub mod go;
mod strip;

pub use component::componentize;
pub use contract::{WORLD, contract};
pub use strip::strip;
