//! What the server does to an object before it is kept: metadata, generation, status, and the checks of both.

use serde_json::{Map, Value};

use crate::error::{ApiError, Fault};
use crate::kinds::Kind;
use crate::names::{self, NameRule};
use crate::tree::Tree;
use crate::{clock, rules, schema};

const MAX_ANNOTATIONS: usize = 256 << 10;

/// Sets a field of the metadata.
pub(crate) fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.insert(key.to_owned(), value.into());
    }
}

/// Removes a field of the metadata.
pub(crate) fn unset(object: &mut Value, key: &str) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove(key);
    }
}

/// A text of the metadata; empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.at("metadata").at(key).as_str().unwrap_or_default()
}

/// A new object: names, uid, time, status as it begins; then all checks.
pub(crate) fn create(
    kind: &Kind,
    namespace: Option<&str>,
    object: &mut Value,
) -> Result<(), ApiError> {
    if !text(object, "resourceVersion").is_empty() {
        // The real one forgot to give it a reason.
        return Err(ApiError::new(
            500,
            "",
            "resourceVersion should not be set on objects to be created",
        ));
    }
    scope(kind, namespace, object)?;
    let generate = text(object, "generateName").to_owned();
    for key in [
        "resourceVersion",
        "uid",
        "selfLink",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        unset(object, key);
    }
    if text(object, "name").is_empty() && !generate.is_empty() {
        set(object, "name", names::generated(&generate));
    }
    set(object, "uid", names::uid());
    set(object, "creationTimestamp", clock::now());
    if kind.traits.generation {
        set(object, "generation", 1);
    }
    if kind.custom.is_some() {
        if kind.has_status()
            && let Some(root) = object.as_object_mut()
        {
            root.remove("status");
        }
        schema::apply_defaults(kind.schema.get(), object);
    }
    rules::on_create(kind, object);
    check(kind, object, None)
}

/// Puts the namespace of the request into the object; another one is a mistake.
pub(crate) fn scope(
    kind: &Kind,
    namespace: Option<&str>,
    object: &mut Value,
) -> Result<(), ApiError> {
    let given = text(object, "namespace").to_owned();
    match namespace {
        Some(namespace) if given.is_empty() || given == namespace => {
            set(object, "namespace", namespace);
            Ok(())
        }
        Some(_) => Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
        None if given.is_empty() || kind.namespaced => {
            unset(object, "namespace");
            Ok(())
        }
        None => {
            let name = text(object, "name").to_owned();
            Err(ApiError::invalid(
                &kind.group,
                &kind.kind,
                &name,
                &[Fault::forbidden(
                    "metadata.namespace",
                    "not allowed on this type",
                )],
            ))
        }
    }
}

/// Which part of an object an update may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All but the status, where that is a subresource.
    Main,
    /// The status only.
    Status,
}

/// A changed object: what clients cannot change is put back, the generation counts; then all checks.
pub(crate) fn update(
    kind: &Kind,
    part: Part,
    object: &mut Value,
    old: &Value,
) -> Result<(), ApiError> {
    let name = text(old, "name").to_owned();
    let uid = text(object, "uid");
    if !uid.is_empty() && uid != text(old, "uid") {
        let path = crate::store::key(old.at("metadata").at("namespace").as_str(), &name);
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{path}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            kind.plural,
            text(old, "uid")
        );
        return Err(ApiError::conflict(kind, &name, &why));
    }
    match part {
        Part::Status => {
            let mut kept = old.clone();
            let managed = object.at("metadata").at("managedFields").clone();
            if let Some(root) = kept.as_object_mut() {
                match object
                    .as_object_mut()
                    .and_then(|root| root.remove("status"))
                {
                    Some(status) => root.insert("status".into(), status),
                    None => root.remove("status"),
                };
            }
            if !managed.is_null() {
                set(&mut kept, "managedFields", managed);
            }
            *object = kept;
        }
        Part::Main => {
            if kind.has_status() && !rules::status_is_open(kind) {
                let status = old.get("status").cloned();
                if let Some(root) = object.as_object_mut() {
                    match status {
                        Some(status) => root.insert("status".into(), status),
                        None => root.remove("status"),
                    };
                }
            }
        }
    }
    let mut frozen = Vec::new();
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        match object.at("metadata").get(key) {
            Some(value) if Some(value) != old.at("metadata").get(key) => {
                frozen.push(Fault::invalid(
                    format!("metadata.{key}"),
                    value,
                    "field is immutable",
                ));
            }
            _ => {}
        }
    }
    if !frozen.is_empty() {
        return Err(ApiError::invalid(&kind.group, &kind.kind, &name, &frozen));
    }
    for key in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
        "namespace",
    ] {
        match old.at("metadata").get(key) {
            Some(value) => set(object, key, value.clone()),
            None => unset(object, key),
        }
    }
    unset(object, "selfLink");
    if kind.custom.is_some() {
        schema::apply_defaults(kind.schema.get(), object);
    }
    rules::on_update(kind, part, object, old);
    if kind.traits.generation && wants_change(kind, object, old) {
        let next = old.at("metadata").at("generation").as_i64().unwrap_or(0) + 1;
        set(object, "generation", next);
    }
    check(kind, object, Some(old))
}

/// Whether what is wanted differs: everything but metadata, and the status where it is a subresource.
fn wants_change(kind: &Kind, object: &Value, old: &Value) -> bool {
    let empty = Map::new();
    let (new, old) = (
        object.as_object().unwrap_or(&empty),
        old.as_object().unwrap_or(&empty),
    );
    let counts = |key: &str| {
        key != "metadata" && key != "apiVersion" && !(key == "status" && kind.has_status())
    };
    new.iter()
        .filter(|(key, _)| counts(key))
        .any(|(key, value)| old.get(key) != Some(value))
        || old
            .keys()
            .filter(|key| counts(key))
            .any(|key| !new.contains_key(key))
}

fn check(kind: &Kind, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
    let mut faults = check_metadata(kind, object, old);
    if kind.custom.is_some() {
        faults.extend(schema::validate(kind.schema.get(), object, ""));
    }
    faults.extend(rules::check(kind, object, old));
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid(
            &kind.group,
            &kind.kind,
            text(object, "name"),
            &faults,
        ))
    }
}

fn check_metadata(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let meta = object.at("metadata");
    let name = text(object, "name");
    if old.is_none() {
        let rule = if kind.custom.is_some() {
            NameRule::Subdomain
        } else {
            NameRule::of(&kind.group, &kind.plural)
        };
        if name.is_empty() {
            faults.push(Fault::required(
                "metadata.name",
                "name or generateName is required",
            ));
        } else {
            faults.extend(
                rule.check(name)
                    .iter()
                    .map(|why| Fault::invalid("metadata.name", &name.into(), why)),
            );
        }
    }
    for (key, value) in meta.at("labels").as_object().into_iter().flatten() {
        if let Err(wrong) = names::qualified_name(key) {
            faults.extend(
                wrong
                    .iter()
                    .map(|why| Fault::invalid("metadata.labels", &key.as_str().into(), why)),
            );
        }
        if let Err(why) = names::label_value(value.as_str().unwrap_or_default()) {
            faults.push(Fault::invalid("metadata.labels", value, &why));
        }
    }
    let mut size = 0;
    for (key, value) in meta.at("annotations").as_object().into_iter().flatten() {
        if let Err(wrong) = names::qualified_name(&key.to_lowercase()) {
            faults.extend(
                wrong
                    .iter()
                    .map(|why| Fault::invalid("metadata.annotations", &key.as_str().into(), why)),
            );
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MAX_ANNOTATIONS {
        faults.push(Fault::too_long("metadata.annotations", MAX_ANNOTATIONS));
    }
    faults.extend(check_owners(meta));
    faults.extend(check_finalizers(meta, old));
    faults
}

fn check_owners(meta: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut controllers: Vec<String> = Vec::new();
    for owner in meta.at("ownerReferences").as_array().into_iter().flatten() {
        for (key, why) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if owner.at(key).as_str().unwrap_or_default().is_empty() {
                faults.push(Fault::invalid(
                    format!("metadata.ownerReferences.{key}"),
                    &owner.get(key).cloned().unwrap_or_else(|| "".into()),
                    why,
                ));
            }
        }
        if owner.at("controller") == true {
            controllers.push(owner.at("uid").to_string());
        }
    }
    if controllers.len() > 1 {
        faults.push(Fault::invalid(
            "metadata.ownerReferences",
            meta.at("ownerReferences"),
            "Only one reference can have Controller set to true. Found \"true\" in references for more than one owner",
        ));
    }
    faults
}

fn check_finalizers(meta: &Value, old: Option<&Value>) -> Vec<Fault> {
    const STANDARD: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];
    let mut faults = Vec::new();
    let list = |value: &Value| {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let now = list(meta.at("finalizers"));
    for (index, finalizer) in now.iter().enumerate() {
        let field = format!("metadata.finalizers[{index}]");
        if let Err(wrong) = names::qualified_name(finalizer) {
            faults.extend(
                wrong.iter().map(|why| {
                    Fault::invalid("metadata.finalizers", &finalizer.as_str().into(), why)
                }),
            );
        } else if !finalizer.contains('/') && !STANDARD.contains(&finalizer.as_str()) {
            faults.push(Fault::invalid(
                field,
                &finalizer.as_str().into(),
                "name is neither a standard finalizer name nor is it fully qualified",
            ));
        }
    }
    if now.iter().any(|one| one == "orphan") && now.iter().any(|one| one == "foregroundDeletion") {
        faults.push(Fault::invalid(
            "metadata.finalizers",
            meta.at("finalizers"),
            "finalizer orphan and foregroundDeletion cannot be both set",
        ));
    }
    if let Some(old) = old
        && old.at("metadata").at("deletionTimestamp").is_string()
    {
        let before = list(old.at("metadata").at("finalizers"));
        let fresh: Vec<String> = now
            .iter()
            .filter(|one| !before.contains(one))
            .map(|one| format!("{one:?}"))
            .collect();
        if !fresh.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                fresh.join(", ")
            );
            faults.push(Fault::forbidden("metadata.finalizers", &why));
        }
    }
    faults
}
