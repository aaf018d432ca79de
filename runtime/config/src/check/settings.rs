//! `settings`

use std::time::Duration;

use crate::config::Settings;
use crate::duration;

use super::object::{At, Object};
use super::report::Report;

pub(super) fn settings(at: At<'_>, report: &mut Report) -> Option<Settings> {
    let object = Object::read(
        at,
        &["executionMinInterval", "executionBurst", "warmInstance"],
        report,
    )?;
    let interval = object.field("executionMinInterval").map(|at| {
        let text = at.text(report)?;
        duration::parse(text)
            .map_err(|error| {
                report.offence(&at, error.code(), error.to_string(), error.help());
            })
            .ok()
    });
    let burst = object.integer("executionBurst", report);
    if let Some(burst) = burst
        && let Some(at) = object.field("executionBurst")
    {
        if !(1..=i64::from(i32::MAX)).contains(&burst) {
            let message = format!("must be from 1 to {}, found {burst}", i32::MAX);
            report.offence(&at, "out-of-range", message, "");
        } else if interval.is_none() {
            report.warning(
                &at,
                "ignored",
                "has no effect without `executionMinInterval`",
            );
        }
    }
    let warm_instance = object.flag("warmInstance", false, report);
    Some(Settings {
        execution_min_interval: interval.flatten().unwrap_or(Duration::ZERO),
        execution_burst: burst.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        warm_instance,
    })
}
