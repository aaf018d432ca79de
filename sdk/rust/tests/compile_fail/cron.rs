//! A crontab is checked when the hook is compiled.
use hookbox_sdk::prelude::*;

#[hook(schedule(crontab = "* * * *"), schedule(name = "zero", crontab = "*/0 * * * *"))]
fn tick(_input: Input, _out: &mut Effects) -> Result {
    Ok(())
}

fn main() {}
