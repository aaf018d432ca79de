//! Bindings of the contract in `wit/` for the languages whose own tools make none: made here, kept beside the SDK that
//! uses them, so that an author's build needs no generator.

pub mod c;
pub mod go;
pub mod typescript;
