//! What cannot become the SDK's error is told with what can.
use hookbox_sdk::prelude::*;

#[hook(on_startup = 1)]
fn text(_input: Input, _out: &mut Effects) -> Result<(), String> {
    Ok(())
}

#[hook(on_startup = 1)]
fn boxed(_input: Input, _out: &mut Effects) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

fn main() {}
