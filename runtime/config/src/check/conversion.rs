//! `kubernetesCustomResourceConversion[]`

use crate::config::{Conversion, ConversionRule};

use super::object::{At, Object};
use super::report::Report;
use super::snapshots::Bindings;

const KEYS: &[&str] = &[
    "name",
    "crdName",
    "conversions",
    "group",
    "includeSnapshotsFrom",
];

/// Where there is an offence, what is given does not matter.
pub(super) fn conversion(
    at: At<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Option<Conversion> {
    let object = Object::read(at, KEYS, report)?;
    Some(Conversion {
        name: name(&object, "name", report),
        crd_name: name(&object, "crdName", report),
        conversions: {
            object.required("conversions", report);
            object.items("conversions", report, |at, report| {
                let object = Object::read(at, &["fromVersion", "toVersion"], report)?;
                Some(ConversionRule {
                    from_version: name(&object, "fromVersion", report),
                    to_version: name(&object, "toVersion", report),
                })
            })
        },
        group: object.text_or_none("group", report),
        include_snapshots_from: bindings.included(&object, report),
    })
}

fn name(object: &Object<'_>, key: &str, report: &mut Report) -> String {
    object
        .required(key, report)
        .and_then(|at| at.name(report))
        .unwrap_or_default()
        .to_owned()
}
