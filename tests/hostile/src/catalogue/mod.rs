//! The attacks, by what they are aimed at.

mod answers;
pub(crate) mod bombs;
mod boundary;
mod budgets;
mod buffers;
mod exports;
mod handles;
mod memory;

use crate::Attack;

/// All of them.
#[must_use]
pub fn all() -> Vec<Attack> {
    [
        budgets::all(),
        memory::all(),
        buffers::all(),
        handles::all(),
        exports::all(),
        answers::all(),
        boundary::all(),
        bombs::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Milliseconds.
fn ms(millis: u64) -> std::time::Duration {
    std::time::Duration::from_millis(millis)
}

/// Time for an attack that is to come to its end, however busy the machine is.
fn patient(budget: &mut hookbox_sandbox::Budget) {
    (budget.cpu_time, budget.wall_clock) = (ms(300_000), ms(600_000));
}
