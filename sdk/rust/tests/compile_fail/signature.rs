//! A hook has two arguments and returns `Result` or nothing.
use hookbox_sdk::prelude::*;

#[hook(on_startup = 1)]
fn one(_input: Input) -> Result {
    Ok(())
}

#[hook(on_startup = 1)]
fn shared(_input: Input, _out: &Effects) -> Result {
    Ok(())
}

#[hook(on_startup = 1)]
fn other(_input: String, _out: &mut Effects) -> Result {
    Ok(())
}

#[hook(on_startup = 1)]
async fn asynchronous(_input: Input, _out: &mut Effects) -> Result {
    Ok(())
}

#[hook(on_startup = 1)]
fn number(_input: Input, _out: &mut Effects) -> u32 {
    1
}

#[hook]
fn never(_input: Input, _out: &mut Effects) -> Result {
    Ok(())
}

#[hook(on_startup = 1)]
struct NotAFunction;

fn main() {}
