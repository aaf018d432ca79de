//! Two hooks of a component cannot have one name.
use hookbox_sdk::prelude::*;

#[hook(on_startup = 1)]
fn first(_input: Input, _out: &mut Effects) {}

#[hook(name = "first", on_startup = 2)]
fn second(_input: Input, _out: &mut Effects) {}

hookbox_sdk::export!(first, second);

fn main() {}
