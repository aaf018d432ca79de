//! Reads of a test's cluster: objects in memory.

use serde_json::Value;

use super::validate::refusal;
use super::{ListCall, ListPage, Refusal, requests};
use crate::ObjectRef;

/// Objects of one page at most.
const PAGE: usize = 500;

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn known(objects: Option<&Vec<Value>>) -> Result<&Vec<Value>, Refusal> {
    objects.ok_or_else(|| {
        refusal(
            "not-granted",
            "the test's input has no cluster to read: give it one by `.cluster(…)`",
        )
    })
}

/// The object of this name.
pub(super) fn get(
    objects: Option<&Vec<Value>>,
    object: &ObjectRef,
) -> Result<Option<String>, Refusal> {
    let api_version = object.api_version.as_deref();
    let Some(version) = api_version else {
        return Err(refusal(
            "invalid-argument",
            "a read names the object's apiVersion",
        ));
    };
    requests::read(version, &object.kind, object.namespace.as_deref())?;
    requests::name(&object.name)?;
    let found = known(objects)?.iter().find(|one| {
        text(one, "/apiVersion") == api_version
            && text(one, "/kind") == Some(&object.kind)
            && text(one, "/metadata/namespace") == object.namespace.as_deref()
            && text(one, "/metadata/name") == Some(&object.name)
    });
    Ok(found.map(Value::to_string))
}

/// One page of objects. Selectors are understood as far as `a=b`, `a!=b`, `a` and `!a`, joined by commas.
pub(super) fn list(objects: Option<&Vec<Value>>, call: &ListCall) -> Result<ListPage, Refusal> {
    requests::read(&call.api_version, &call.kind, call.namespace.as_deref())?;
    let selectors = [call.labels.as_deref(), call.fields.as_deref()];
    requests::selection(selectors, call.after.as_deref())?;
    let start: usize = match call.after.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(refusal("expired", "no such place in the listing")),
    };
    let mut found = Vec::new();
    for one in known(objects)? {
        let meant = text(one, "/apiVersion") == Some(&call.api_version)
            && text(one, "/kind") == Some(&call.kind)
            && (call.namespace.is_none()
                || text(one, "/metadata/namespace") == call.namespace.as_deref());
        let labels = one.pointer("/metadata/labels").unwrap_or(&Value::Null);
        let label = |key: &str| labels.get(key).and_then(Value::as_str);
        let field = |key: &str| text(one, &format!("/{}", key.replace('.', "/")));
        if meant
            && selected(call.labels.as_deref(), label)?
            && selected(call.fields.as_deref(), field)?
        {
            found.push(one.to_string());
        }
    }
    let limit = call
        .limit
        .map_or(PAGE, |limit| limit as usize)
        .clamp(1, PAGE);
    let total = found.len();
    let objects: Vec<String> = found.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(objects.len());
    Ok(ListPage {
        objects,
        next: (end < total).then(|| end.to_string()),
    })
}

fn selected<'a>(
    selector: Option<&str>,
    value: impl Fn(&str) -> Option<&'a str>,
) -> Result<bool, Refusal> {
    let parts = selector.into_iter().flat_map(|text| text.split(','));
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        if part.contains(['(', '<', '>']) {
            let text = format!("a test's cluster does not understand the selector `{part}`");
            return Err(refusal("invalid-argument", text));
        }
        let meant = match (part.split_once("!="), part.split_once('=')) {
            (Some((key, wanted)), _) => value(key.trim()) != Some(wanted.trim()),
            (_, Some((key, wanted))) => {
                value(key.trim()) == Some(wanted.trim_start_matches('=').trim())
            }
            _ => match part.strip_prefix('!') {
                Some(key) => value(key.trim()).is_none(),
                None => value(part).is_some(),
            },
        };
        if !meant {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_selects_and_comes_in_pages() {
        let pod = |name: &str, app: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a", "name": name, "labels": {"app": app}}});
        let objects = vec![pod("x", "web"), pod("y", "db"), pod("z", "web")];
        let call = |labels: &str, fields: &str, limit, after: Option<&str>| ListCall {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: Some("a".to_owned()),
            labels: Some(labels.to_owned()),
            fields: Some(fields.to_owned()),
            limit,
            after: after.map(str::to_owned),
        };
        let count = |labels, fields| {
            let page = list(Some(&objects), &call(labels, fields, None, None));
            page.map(|page| page.objects.len())
        };
        assert_eq!(count("app=web", ""), Ok(2));
        assert_eq!(count("app==web,app", ""), Ok(2));
        assert_eq!(count("app!=web", ""), Ok(1));
        assert_eq!(count("!app", ""), Ok(0));
        assert_eq!(count("", "metadata.name=y"), Ok(1));
        assert!(count("app in (a)", "").is_err());
        let first = list(Some(&objects), &call("", "", Some(2), None)).unwrap();
        assert_eq!((first.objects.len(), first.next.as_deref()), (2, Some("2")));
        let second = list(Some(&objects), &call("", "", Some(2), Some("2"))).unwrap();
        assert_eq!((second.objects.len(), second.next), (1, None));
        assert_eq!(
            list(None, &call("", "", None, None)).unwrap_err().code,
            "not-granted"
        );
    }
}
