//! Which webhooks are asked about a change.

use std::sync::Arc;

use serde_json::Value;

use super::Change;
use crate::kinds::Kind;
use crate::server::Server;
use crate::tree::Tree;

/// Whether the webhook is to be asked, by all but its conditions: then the version in which it knows the kind.
pub(super) fn matches(server: &Server, webhook: &Value, change: &Change<'_>) -> Option<Arc<Kind>> {
    let kind = known_as(server, webhook, change)?;
    let fits = namespace_matches(server, webhook.at("namespaceSelector"), change)
        && objects_match(webhook.at("objectSelector"), change);
    fits.then_some(kind)
}

/// The kind that a rule names: the request's own; else, where that is enough, the same in another version.
fn known_as(server: &Server, webhook: &Value, change: &Change<'_>) -> Option<Arc<Kind>> {
    let rules = webhook.at("rules").as_array()?;
    let known = |kind: &Kind| rules.iter().any(|rule| rule_matches(rule, change, kind));
    let own = &change.call.kind;
    if known(own) {
        return Some(own.clone());
    }
    if webhook.at("matchPolicy") == "Exact" || own.custom.is_none() {
        return None;
    }
    let kinds = server.registry.kinds();
    let mut others = kinds.all().filter(|kind| {
        kind.group == own.group && kind.plural == own.plural && kind.version != own.version
    });
    others.find(|kind| known(kind)).cloned()
}

fn rule_matches(rule: &Value, change: &Change<'_>, kind: &Kind) -> bool {
    let among = |key: &str, wanted: &str| {
        let list = rule.at(key).as_array().into_iter().flatten();
        list.filter_map(Value::as_str)
            .any(|one| one == "*" || one == wanted)
    };
    let scope = match rule.at("scope").as_str() {
        Some("Namespaced") => kind.namespaced,
        Some("Cluster") => !kind.namespaced,
        _ => true,
    };
    let resource = |pattern: &str| {
        let (plural, sub) = pattern.split_once('/').unwrap_or((pattern, ""));
        let sub_matches = match (sub, change.call.sub()) {
            ("*", _) => true,
            (wanted, sub) => wanted == sub,
        };
        // `*/*` is all, `*` all without subresources.
        (plural == "*" || plural == kind.plural) && sub_matches
    };
    let resources = rule.at("resources").as_array().into_iter().flatten();
    scope
        && among("operations", change.operation)
        && among("apiGroups", &kind.group)
        && among("apiVersions", &kind.version)
        && resources.filter_map(Value::as_str).any(resource)
}

fn namespace_matches(server: &Server, selector: &Value, change: &Change<'_>) -> bool {
    let call = change.call;
    let kinds = server.registry.kinds();
    let Some(namespaces) = kinds.resource("", "v1", "namespaces") else {
        return true;
    };
    if call.kind.is("", "namespaces") {
        return change
            .object
            .or(change.old)
            .is_none_or(|object| selects(selector, object));
    }
    // What is in no namespace is never left out by its labels.
    let Some(namespace) = &call.namespace else {
        return true;
    };
    match server.store.get(namespaces.table, namespace) {
        Some(namespace) => selects(selector, &namespace.value()),
        None => selects(selector, &Value::Null),
    }
}

/// One of both is enough, so that nothing escapes by a change of labels.
fn objects_match(selector: &Value, change: &Change<'_>) -> bool {
    let mut all = [change.object, change.old].into_iter().flatten();
    all.any(|object| selects(selector, object))
}

/// Whether a label selector selects an object.
fn selects(selector: &Value, object: &Value) -> bool {
    let labels = object.at("metadata").at("labels");
    let wanted = selector.at("matchLabels").as_object();
    let mut wanted = wanted.into_iter().flatten();
    let mut expressions = selector
        .at("matchExpressions")
        .as_array()
        .into_iter()
        .flatten();
    wanted.all(|(key, value)| labels.get(key) == Some(value))
        && expressions.all(|expression| {
            let key = expression.at("key").as_str().unwrap_or_default();
            let label = labels.get(key);
            let values = expression.at("values").as_array();
            let among = || values.is_some_and(|all| label.is_some_and(|l| all.contains(l)));
            match expression.at("operator").as_str() {
                Some("In") => among(),
                Some("NotIn") => !among(),
                Some("Exists") => label.is_some(),
                Some("DoesNotExist") => label.is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_are_as_in_kubernetes() {
        let object = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!({}), true),
            (Value::Null, true),
            (json!({"matchLabels": {"a": "1"}}), true),
            (json!({"matchLabels": {"a": "2"}}), false),
            (expression("a", "In", &["0", "1"]), true),
            (expression("c", "In", &["1"]), false),
            (expression("c", "NotIn", &["1"]), true),
            (expression("a", "NotIn", &["1"]), false),
            (expression("b", "Exists", &[]), true),
            (expression("c", "DoesNotExist", &[]), true),
            (expression("a", "Odd", &[]), false),
        ] {
            assert_eq!(selects(&selector, &object), expected, "{selector}");
        }
    }
}
