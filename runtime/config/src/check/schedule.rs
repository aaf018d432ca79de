//! `schedule[]`

use crate::config::{MAIN_QUEUE, Schedule};
use crate::cron::Crontab;

use super::object::{At, Object};
use super::report::Report;
use super::snapshots::Bindings;

const KEYS: &[&str] = &[
    "name",
    "crontab",
    "allowFailure",
    "includeSnapshotsFrom",
    "queue",
    "group",
];

pub(super) fn schedule(
    at: At<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Option<Schedule> {
    let object = Object::read(at, KEYS, report)?;
    let crontab = object
        .required("crontab", report)
        .and_then(|at| crontab(&at, report));
    let schedule = |crontab| Schedule {
        name: object.text_or("name", "schedule", report),
        crontab,
        allow_failure: object.flag("allowFailure", false, report),
        queue: object.text_or("queue", MAIN_QUEUE, report),
        group: object.text_or_none("group", report),
        include_snapshots_from: bindings.included(&object, report),
    };
    // The other fields are checked even without a crontab.
    let fallback = || Crontab::parse("@hourly").ok();
    crontab.or_else(fallback).map(schedule)
}

pub(super) fn crontab(at: &At<'_>, report: &mut Report) -> Option<Crontab> {
    match Crontab::parse(at.text(report)?) {
        Ok(crontab) => {
            if crontab.never_fires() {
                report.warning(at, "never-fires", "never fires: there is no such date");
            }
            Some(crontab)
        }
        Err(error) => {
            let help = error.help().unwrap_or_default();
            report.offence(at, error.code(), error.to_string(), help);
            None
        }
    }
}
