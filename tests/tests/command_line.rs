//! The command as its users meet it: what it prints, with which exit code it ends, and what it leaves behind.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

#[path = "command_line/c.rs"]
mod c;
#[path = "command_line/check.rs"]
mod check;
#[path = "command_line/components.rs"]
mod components;
#[path = "command_line/dev.rs"]
mod dev;
#[path = "command_line/examples.rs"]
mod examples;
#[path = "command_line/exec.rs"]
mod exec;
#[path = "command_line/first_steps.rs"]
mod first_steps;
#[path = "command_line/go.rs"]
mod go;
#[path = "command_line/go_granted.rs"]
mod go_granted;
#[path = "command_line/grants.rs"]
mod grants;
#[path = "command_line/inspect.rs"]
mod inspect;
#[path = "command_line/kinds.rs"]
mod kinds;
#[path = "command_line/live.rs"]
mod live;
#[path = "command_line/loops.rs"]
mod loops;
#[path = "command_line/python.rs"]
mod python;
#[path = "command_line/registry.rs"]
mod registry;
#[path = "command_line/run.rs"]
mod run;
#[path = "command_line/terminal.rs"]
mod terminal;
#[path = "command_line/test.rs"]
mod test;
#[path = "command_line/toolchains.rs"]
mod toolchains;
#[path = "command_line/try_contexts.rs"]
mod try_contexts;
#[path = "command_line/try_parts.rs"]
mod try_parts;
#[path = "command_line/typescript.rs"]
mod typescript;
#[path = "command_line/webhooks.rs"]
mod webhooks;
