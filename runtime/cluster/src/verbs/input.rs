//! Reads the object of a request's body.

use serde_json::Value;

use crate::error::{ApiError, Fault};
use crate::kinds::Kind;
use crate::request::{Call, FieldValidation};
use crate::schema;
use crate::tree::Tree;

/// Parses a body: JSON, or YAML where the content type says so. Anything else is refused as the real server does.
pub(super) fn parse(call: &Call, body: &[u8]) -> Result<Value, ApiError> {
    match call.content_type() {
        "" | "application/json" | "*/*" => json(&call.kind, body),
        "application/yaml" => yaml(body),
        _ => Err(ApiError::unsupported_media_type()),
    }
}

fn json(kind: &Kind, body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        let head: String = String::from_utf8_lossy(body).chars().take(100).collect();
        ApiError::bad_request(format!("the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: {error} ({head})", kind.kind))
    })
}

/// YAML, of which JSON is a part.
pub(super) fn yaml(body: &[u8]) -> Result<Value, ApiError> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))?;
    serde_saphyr::from_str(text)
        .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))
}

/// Checks that an object is of the kind, and brings it into the form of its type. Gives warnings.
pub(crate) fn conform(
    kind: &Kind,
    object: &mut Value,
    validation: FieldValidation,
) -> Result<Vec<String>, ApiError> {
    let Some(map) = object.as_object_mut() else {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json: cannot unmarshal into Go value of type struct",
            kind.kind
        )));
    };
    let wanted = kind.api_version();
    let given_kind = map
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let given_version = map
        .get("apiVersion")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let name = map
        .get("metadata")
        .map(|meta| meta.at("name").as_str().unwrap_or_default().to_owned())
        .unwrap_or_default();
    if given_kind.is_empty() && kind.custom.is_some() {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing",
            kind.kind
        )));
    }
    if (!given_kind.is_empty() && given_kind != kind.kind)
        || (!given_version.is_empty() && given_version != wanted)
    {
        return Err(mismatch(kind, &given_kind, &given_version, &name));
    }
    map.insert("kind".into(), kind.kind.clone().into());
    map.insert("apiVersion".into(), wanted.into());
    // A null metadata is none.
    if map.get("metadata").is_none_or(Value::is_null) {
        map.insert("metadata".into(), Value::Object(serde_json::Map::new()));
    }
    let typed = kind.custom.is_none();
    let decoded = schema::decode(kind.schema.get(), object, typed).map_err(|error| {
        ApiError::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: {error}",
            kind.kind, kind.version, kind.kind
        ))
    })?;
    let warnings: Vec<String> = decoded
        .unknown
        .iter()
        .map(|path| format!("unknown field {path:?}"))
        .collect();
    match validation {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Warn => Ok(warnings),
        FieldValidation::Strict if warnings.is_empty() => Ok(warnings),
        FieldValidation::Strict => {
            let told = format!("strict decoding error: {}", warnings.join(", "));
            Err(ApiError::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: {told}",
                kind.kind, kind.version, kind.kind
            )))
        }
    }
}

fn mismatch(kind: &Kind, given_kind: &str, given_version: &str, name: &str) -> ApiError {
    let version = given_version.rsplit('/').next().unwrap_or_default();
    let version = if version.is_empty() {
        kind.version.as_str()
    } else {
        version
    };
    let given_kind = if given_kind.is_empty() {
        kind.kind.as_str()
    } else {
        given_kind
    };
    if kind.custom.is_some() {
        if given_kind == kind.kind {
            return ApiError::bad_request(format!(
                "the API version in the data ({given_version}) does not match the expected API version ({})",
                kind.api_version()
            ));
        }
        let why = format!("must be {}", kind.kind);
        return ApiError::invalid(
            &kind.group,
            given_kind,
            name,
            &[Fault::invalid("kind", &given_kind.into(), &why)],
        );
    }
    let internal = if kind.group.is_empty() {
        "core"
    } else {
        kind.group.split('.').next().unwrap_or_default()
    };
    ApiError::bad_request(format!(
        "{given_kind} in version {version:?} cannot be handled as a {}: converting ({version}.{given_kind}) to ({internal}.{}): unknown conversion",
        kind.kind, kind.kind
    ))
}
