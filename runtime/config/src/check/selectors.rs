//! `labelSelector` and `fieldSelector`

use std::collections::BTreeMap;

use crate::selector::{
    FieldOperator, FieldRequirement, FieldSelector, LabelSelector, Operator, Requirement,
    SelectorError, check_label_key, check_label_value,
};

use super::object::{At, Object};
use super::report::Report;

const OPERATORS: &[(&str, Operator)] = &[
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
];

const FIELD_OPERATORS: &[(&str, FieldOperator)] = &[
    ("=", FieldOperator::Equals),
    ("==", FieldOperator::Equals),
    ("Equals", FieldOperator::Equals),
    ("!=", FieldOperator::NotEquals),
    ("NotEquals", FieldOperator::NotEquals),
];

fn refuse(at: &At<'_>, error: &SelectorError, report: &mut Report) {
    report.offence(at, error.code(), error.to_string(), "");
}

pub(super) fn label_selector(at: At<'_>, report: &mut Report) -> Option<LabelSelector> {
    let object = Object::read(at, &["matchLabels", "matchExpressions"], report)?;
    if object.keys().is_empty() && !report.lenient {
        report.offence(object.at(), "too-few-keys", "must not be empty", {
            "write `matchLabels` or `matchExpressions`, or leave the selector out"
        });
    }
    let labels = object.field("matchLabels");
    let expressions = object.field("matchExpressions");
    Some(LabelSelector {
        match_labels: labels
            .map(|at| match_labels(&at, report))
            .unwrap_or_default(),
        match_expressions: expressions
            .and_then(|at| at.items(report))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|at| requirement(at, report))
            .collect(),
    })
}

fn match_labels(at: &At<'_>, report: &mut Report) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in at.entries(report).unwrap_or_default() {
        let at = at.inner(&entry.key, &entry.value);
        if let Err(error) = check_label_key(&entry.key) {
            refuse(&at.clone().placed(entry.at), &error, report);
        }
        if let Some(value) = at.text(report) {
            match check_label_value(value) {
                Ok(()) => {
                    labels.insert(entry.key.clone(), value.to_owned());
                }
                Err(error) => refuse(&at, &error, report),
            }
        }
    }
    labels
}

fn requirement(at: At<'_>, report: &mut Report) -> Option<Requirement> {
    let object = Object::read(at, &["key", "operator", "values"], report)?;
    let key = object.required("key", report).and_then(|at| {
        let key = at.text(report)?;
        match check_label_key(key) {
            Ok(()) => Some(key),
            Err(error) => {
                refuse(&at, &error, report);
                None
            }
        }
    });
    let operator = object
        .required("operator", report)
        .and_then(|at| at.one_of(OPERATORS, report));
    let list = object.field("values");
    let texts = list.as_ref().and_then(|at| at.texts(0, report));
    let mut values = Vec::new();
    for (at, value) in texts.unwrap_or_default() {
        if let Err(error) = check_label_value(value) {
            refuse(&at, &error, report);
        }
        values.push(value.to_owned());
    }
    let at = list.unwrap_or_else(|| object.at().inner("values", object.at().node));
    // A list with a mistake in it has been told of.
    let written = match &at.node.value {
        crate::yaml::Value::Sequence(items) => items.len(),
        _ => 0,
    };
    match operator {
        Some(operator @ (Operator::In | Operator::NotIn)) if written == 0 => {
            refuse(&at, &SelectorError::NoValues { operator }, report);
        }
        Some(operator @ (Operator::Exists | Operator::DoesNotExist)) if written > 0 => {
            refuse(&at, &SelectorError::NeedlessValues { operator }, report);
        }
        _ => {}
    }
    Some(Requirement {
        key: key?.to_owned(),
        operator: operator?,
        values,
    })
}

pub(super) fn field_selector(at: At<'_>, report: &mut Report) -> Option<FieldSelector> {
    let object = Object::read(at, &["matchExpressions"], report)?;
    let items = object.required("matchExpressions", report)?.items(report)?;
    Some(FieldSelector {
        match_expressions: items
            .into_iter()
            .filter_map(|at| field_requirement(at, report))
            .collect(),
    })
}

fn field_requirement(at: At<'_>, report: &mut Report) -> Option<FieldRequirement> {
    let object = Object::read(at, &["field", "operator", "value"], report)?;
    let field = object.required("field", report).and_then(|at| {
        let field = at.name(report)?;
        // It becomes part of a query: no other field than the one that is written must come of it.
        if field.contains(|c: char| "=!,\\".contains(c) || c.is_whitespace() || c.is_control()) {
            report.offence(&at, "invalid-field", "is not the path of a field", {
                "such as `metadata.name` or `status.phase`"
            });
            return None;
        }
        Some(field)
    });
    let operator = object
        .required("operator", report)
        .and_then(|at| at.one_of(FIELD_OPERATORS, report));
    let value = object
        .required("value", report)
        .and_then(|at| at.text(report));
    Some(FieldRequirement {
        field: field?.to_owned(),
        operator: operator?,
        value: value?.to_owned(),
    })
}
