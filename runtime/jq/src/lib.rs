//! jq filters in a sandbox.
//!
//! A hook's filters come from whoever wrote its configuration: they may loop for ever, recurse, or eat memory, and a
//! native stack overflow would take the whole operator down. So the interpreter, [jaq](https://github.com/01mf02/jaq),
//! is compiled to WebAssembly and runs on the engine of [`hookbox_sandbox`]. It imports nothing. Each object has a
//! [`JqBudget`]; a filter that comes to a limit gets a typed error, its instance is thrown away, and nobody else
//! notices. While a filter works, other tasks get their turn every few milliseconds.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use hookbox_jq::Jq;
//! use hookbox_sandbox::{Sandbox, Settings};
//!
//! let jq = Jq::new(&Sandbox::new(Settings::default())?)?;
//! let filter = jq.compile("{name: .metadata.name}").await?;
//! assert_eq!(filter.apply(r#"{"metadata":{"name":"a"}}"#).await?, r#"{"name":"a"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # What it costs
//! The interpreter is compiled once and kept in the sandbox's cache: a second or two at the first start, some
//! milliseconds later. Instances are shared by all filters, at most `spare_instances` of the sandbox's settings; those
//! of busy filters stay warm, others are made anew in about 0.1 ms. A filter that does nothing holds its text and no
//! more.
//!
//! # The language
//! Filters are written for gojq, which shell-operator runs; `tests/it/table.txt` holds what gojq 0.12.17 answers to
//! some 1,000 filters, and we answer the same. So the grammar, the values and the builtins are our own, after gojq; jaq
//! runs them. In particular: objects are shown with sorted keys everywhere (`.[]`, `to_entries`, `paths`); integers of
//! any size are exact, other numbers are floats and a whole one is written without a point (`1.0` is `1`); regular
//! expressions are Go's and take linear time.
//!
//! As in shell-operator, no output gives `null`, several give an array, `halt` ends the filter as if it had no more
//! outputs, and a result that holds NaN or an infinity is an error. There is no environment (`env` and `$ENV` are
//! empty), no input to ask for (`input` and `inputs` are refused), no `debug`, `stderr`, `input_filename` or `$__loc__`,
//! and there are no modules. `now` is the host's clock.
//!
//! Known differences from gojq:
//! - The text of errors is ours where it is not gojq's; user errors come without the prefix `error: `.
//! - `modulemeta` is unknown. A format that is unknown is an error when the filter is compiled (gojq: when it runs).
//! - Local time is UTC. Of `strftime` and `strptime`, week numbers are written but not read.
//! - The last digit of some functions, such as `sin`, differs.
//! - A path through `reduce` is counted from its start, and `.a[.i]?` looks for `.i` in `.`, as everywhere else (gojq: in
//!   `.a`). A pattern such as `[$a]` takes characters out of a string (gojq: an error).
//! - JSON may be nested 2,000 levels deep, a filter 500; beyond that it is [`JqLimit::Stack`]. Recursion that is no
//!   tail call ends at some thousand levels, also [`JqLimit::Stack`].
//! - A regular expression may not use a group's name twice.

mod clock;
mod error;
mod filter;
mod instance;
mod jq;
mod pool;

pub use error::{JqError, JqLimit, Position};
pub use filter::Filter;
pub use jq::{Jq, JqBudget};

/// Bytes of a filter's text, at most.
pub const MAX_FILTER: usize = 64 << 10;
/// Bytes of an object, at most. An object takes four to eight times its size in memory while it is filtered, so that
/// the memory of the budget is mostly the nearer limit.
pub const MAX_OBJECT: usize = 16 << 20;
/// Bytes of a result, at most.
pub const MAX_RESULT: usize = 16 << 20;
