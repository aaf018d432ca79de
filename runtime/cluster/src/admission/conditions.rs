//! `matchConditions`: expressions in CEL, all of which must be true for a webhook to be asked.
//!
//! They are evaluated without types: a mistake that a real API server finds when the configuration is written may show
//! only when the webhook would be asked. `authorizer` and the functions that only Kubernetes has are unknown here, so that
//! a condition with them fails, as the webhook's `failurePolicy` says.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::{Context, Program, Value as Cel};
use serde_json::Value;

use super::Change;
use crate::error::Fault;
use crate::tree::Tree;

/// Longest expression, in bytes.
const LONGEST: usize = 8 << 10;
/// Brackets within one another.
const DEEPEST: usize = 64;

/// What conditions say.
#[derive(Debug, PartialEq)]
pub(super) enum Decision {
    /// All are true.
    Ask,
    /// One is false.
    Skip,
    /// None is false, and at least one cannot be evaluated.
    Failed(String),
}

/// Whether the conditions of a webhook hold for a change.
pub(super) fn decide(webhook: &Value, change: &Change<'_>) -> Decision {
    let conditions = webhook.at("matchConditions").as_array();
    let Some(conditions) = conditions.filter(|all| !all.is_empty()) else {
        return Decision::Ask;
    };
    let mut request = change.request("");
    for hidden in ["uid", "object", "oldObject"] {
        request.cut(hidden);
    }
    let null = Value::Null;
    let variables = [
        ("object", change.object.unwrap_or(&null)),
        ("oldObject", change.old.unwrap_or(&null)),
        ("request", &request),
    ];
    all(conditions, &variables)
}

fn all(conditions: &[Value], variables: &[(&str, &Value)]) -> Decision {
    let mut failed = Vec::new();
    for condition in conditions {
        let text = |key: &str| condition.at(key).as_str().unwrap_or_default();
        match evaluate(text("expression"), variables) {
            Ok(true) => {}
            Ok(false) => return Decision::Skip,
            Err(why) => failed.push(format!("match condition {:?}: {why}", text("name"))),
        }
    }
    match failed.is_empty() {
        true => Decision::Ask,
        false => Decision::Failed(failed.join(", ")),
    }
}

fn evaluate(expression: &str, variables: &[(&str, &Value)]) -> Result<bool, String> {
    let program = compile(expression)?;
    // The evaluator is not ours: what makes it panic shall not take the cluster down.
    let value = catch_unwind(AssertUnwindSafe(|| {
        let mut context = Context::default();
        for (name, value) in variables {
            context.add_variable_from_value(*name, of_json(value));
        }
        program.execute(&context)
    }));
    match value {
        Ok(Ok(Cel::Bool(holds))) => Ok(holds),
        Ok(Ok(_)) => Err("it gives no bool".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it cannot be evaluated".to_owned()),
    }
}

fn compile(expression: &str) -> Result<Program, String> {
    if expression.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    // The parser goes down with each bracket.
    let mut depth = 0_usize;
    for byte in expression.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("more than {DEEPEST} brackets are in one another"));
        }
    }
    match catch_unwind(|| Program::compile(expression)) {
        Ok(program) => program.map_err(|error| error.to_string()),
        Err(_) => Err("it cannot be parsed".to_owned()),
    }
}

/// Whole numbers are `int`, as in Kubernetes.
fn of_json(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cel::Int(whole),
            None => Cel::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(of_json).collect())),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (key.clone(), of_json(value)));
            Cel::from(fields.collect::<HashMap<String, Cel>>())
        }
    }
}

/// What is wrong with the conditions of a webhook configuration.
pub(crate) fn check(configuration: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let webhooks = configuration.at("webhooks").as_array();
    for (index, webhook) in webhooks.into_iter().flatten().enumerate() {
        let conditions = webhook.at("matchConditions").as_array();
        for (at, condition) in conditions.into_iter().flatten().enumerate() {
            let expression = condition.at("expression");
            let text = expression.as_str().unwrap_or_default();
            let field = format!("webhooks[{index}].matchConditions[{at}].expression");
            if text.trim().is_empty() {
                faults.push(Fault::required(field, ""));
            } else if let Err(why) = compile(text) {
                let why = format!("compilation failed: {why}");
                faults.push(Fault::invalid(field, expression, &why));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decided(expressions: &[&str]) -> Decision {
        let conditions: Vec<Value> = expressions
            .iter()
            .map(|e| json!({"name": "c", "expression": e}))
            .collect();
        let object = json!({"metadata": {"name": "web-1", "labels": {"app": "web"}}, "spec": {"replicas": 3, "ports": [80, 443]}});
        let request = json!({"operation": "CREATE", "namespace": "shop", "resource": {"group": "", "resource": "pods"}, "userInfo": {"username": "ann", "groups": ["dev", "system:authenticated"]}});
        all(
            &conditions,
            &[
                ("object", &object),
                ("oldObject", &Value::Null),
                ("request", &request),
            ],
        )
    }

    #[test]
    fn conditions_are_as_in_the_documentation_of_kubernetes() {
        for (expression, holds) in [
            ("true", true),
            ("request.operation == 'CREATE'", true),
            (
                "!(request.resource.group == 'coordination.k8s.io' && request.resource.resource == 'leases')",
                true,
            ),
            ("!('system:nodes' in request.userInfo.groups)", true),
            ("request.userInfo.groups.exists(g, g == 'dev')", true),
            ("request.userInfo.username.startsWith('system:')", false),
            ("object.metadata.name.matches('^web-[0-9]+$')", true),
            (
                "has(object.metadata.labels) && object.metadata.labels['app'] == 'web'",
                true,
            ),
            ("has(object.metadata.annotations)", false),
            (
                "object.spec.replicas > 2 && object.spec.replicas + 1 == 4",
                true,
            ),
            (
                "size(object.spec.ports) == 2 && object.spec.ports.all(p, p < 1024)",
                true,
            ),
            ("oldObject == null", true),
            ("request.namespace in ['kube-system', 'shop']", true),
            (
                "(has(object.spec.host) ? object.spec.host : 'none') == 'none'",
                true,
            ),
        ] {
            let expected = match holds {
                true => Decision::Ask,
                false => Decision::Skip,
            };
            assert_eq!(decided(&[expression]), expected, "{expression}");
        }
    }

    #[test]
    fn one_that_is_false_is_enough_and_one_that_fails_is_not() {
        assert_eq!(decided(&[]), Decision::Ask);
        assert_eq!(decided(&["object.none.none == 1", "false"]), Decision::Skip);
        for bad in [
            "object.none.none == 1",
            "authorizer.group('').resource('pods').check('get').allowed()",
            "'text'",
            "1 +",
        ] {
            let decision = decided(&["true", bad]);
            assert!(
                matches!(decision, Decision::Failed(_)),
                "{bad}: {decision:?}"
            );
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_when_it_is_written() {
        let faults = |expression: &str| {
            check(
                &json!({"webhooks": [{}, {"matchConditions": [{"name": "a", "expression": expression}]}]}),
            )
        };
        assert!(faults("object.a == 1").is_empty());
        for bad in ["", "a ==", "1 +", &"(".repeat(1000), &"1+".repeat(8000)] {
            let found = faults(bad);
            assert_eq!(found.len(), 1, "{bad}");
            let told = found[0].to_string();
            assert!(
                told.starts_with("webhooks[1].matchConditions[0].expression: "),
                "{told}"
            );
        }
    }
}
