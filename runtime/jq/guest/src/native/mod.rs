//! Builtins written in Rust.

mod basic;
mod collections;
mod format;
mod math;
mod paths;
mod regex;
mod text;
mod time;

use jaq_core::data::JustLut;
use jaq_core::native::Fun;

use crate::val::Val;

pub use basic::{set_now, take_halt};

/// What jaq runs on: these values, and no data of its own.
pub type Data = JustLut<Val>;
/// Outputs of a builtin.
pub type Outputs<'a> = jaq_core::ValXs<'a, Val>;

/// All builtins.
pub fn all() -> Vec<Fun<Data>> {
    [
        basic::funs(),
        collections::funs(),
        format::funs(),
        math::funs(),
        paths::funs(),
        regex::funs(),
        text::funs(),
        time::funs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A builtin with variables as arguments and one output: `op!("name", |v| …)`, `op!("name", |v, x| …)`, …
macro_rules! op {
    ($name:expr, |$v:ident| $body:expr) => {
        $crate::native::op!(@ $name, |$v;| $body)
    };
    ($name:expr, |$v:ident, $($arg:ident),+| $body:expr) => {
        $crate::native::op!(@ $name, |$v; $($arg),+| $body)
    };
    (@ $name:expr, |$v:ident; $($arg:ident),*| $body:expr) => {{
        #[allow(unused_mut)]
        let run: jaq_core::RunPtr<$crate::native::Data> = |mut cv| {
            $crate::native::op!(@pop cv $($arg)*);
            let $v: $crate::val::Val = cv.1;
            #[allow(clippy::redundant_closure_call)]
            let result: $crate::err::ValR = (|| $body)();
            jaq_core::native::bome(result)
        };
        let binds: &[&str] = &[$(stringify!($arg)),*];
        ($name, jaq_core::native::v(binds.len()), jaq_core::Native::<$crate::native::Data>::new(run))
    }};
    // The last argument is on top.
    (@pop $cv:ident) => {};
    (@pop $cv:ident $first:ident $($rest:ident)*) => {
        $crate::native::op!(@pop $cv $($rest)*);
        let $first: $crate::val::Val = $cv.0.pop_var();
    };
}
pub(crate) use op;
