//! Objects written as protobuf, as kubectl writes those it has Go types for (`kubectl create configmap`).
//!
//! Only read: every client that writes protobuf also takes JSON for an answer. The types are a table made from the Go
//! types' own tags ([`types`]).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};

use crate::error::ApiError;

mod types;
mod wire;

use types::{Field, Type, Types};
use wire::{Payload, fields};

const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// What an object begins with.
const MAGIC: &[u8] = b"k8s\0";
/// Deepest nesting: more than any built-in type needs but the recursive ones.
const MAX_DEPTH: u32 = 64;

/// A request's headers and body, as JSON when they were protobuf.
pub(crate) fn as_json(
    mut headers: HeaderMap,
    body: Result<Bytes, ApiError>,
) -> (HeaderMap, Result<Bytes, ApiError>) {
    let is_protobuf = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(';').next().map(str::trim) == Some(MEDIA_TYPE));
    if !is_protobuf {
        return (headers, body);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let body = body.and_then(|body| match body.is_empty() {
        true => Ok(body),
        false => object(&body).map(|object| Bytes::from(object.to_string())),
    });
    (headers, body)
}

/// The object of a body: four bytes of magic, then a message of its type and its bytes.
fn object(body: &[u8]) -> Result<Value, ApiError> {
    let refused = |told: &str| {
        ApiError::bad_request(format!("the object provided is not valid protobuf: {told}"))
    };
    let envelope = body
        .strip_prefix(MAGIC)
        .ok_or_else(|| refused("it does not begin with k8s"))?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), [].as_slice());
    for field in fields(envelope) {
        match field.map_err(refused)? {
            (1, Payload::Bytes(type_meta)) => {
                for field in fields(type_meta) {
                    match field.map_err(refused)? {
                        (1, Payload::Bytes(text)) => {
                            api_version = wire::text(text).map_err(refused)?
                        }
                        (2, Payload::Bytes(text)) => kind = wire::text(text).map_err(refused)?,
                        _ => {}
                    }
                }
            }
            (2, Payload::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let types = Types::get();
    // What is not in the table has no protobuf form, as custom resources on the real server.
    let root = types
        .root(&api_version, &kind)
        .ok_or_else(ApiError::unsupported_media_type)?;
    let mut object = Map::new();
    object.insert("apiVersion".into(), api_version.into());
    object.insert("kind".into(), kind.into());
    message(types, root, raw, MAX_DEPTH, &mut object).map_err(refused)?;
    Ok(Value::Object(object))
}

/// Put the message's fields into `into`.
fn message(
    types: &Types,
    name: &str,
    bytes: &[u8],
    depth: u32,
    into: &mut Map<String, Value>,
) -> Result<(), &'static str> {
    let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
    for item in fields(bytes) {
        let (number, payload) = item?;
        // A field of a later version of Kubernetes: left out, as by the real server.
        let Some(Field {
            key,
            kind,
            optional,
        }) = types.field(name, number)
        else {
            continue;
        };
        match kind {
            Type::Message(inner) if key == "." => {
                message(types, inner, payload.bytes()?, depth, into)?
            }
            Type::List(element) => {
                let slot = into.entry(key.as_str()).or_insert_with(|| json!([]));
                let Some(list) = slot.as_array_mut() else {
                    continue;
                };
                match payload {
                    // Numbers may come packed into one field.
                    Payload::Bytes(packed) if matches!(**element, Type::Integer | Type::Flag) => {
                        for number in wire::packed(packed) {
                            list.push(value(types, element, Payload::Varint(number?), depth)?);
                        }
                    }
                    payload => list.push(value(types, element, payload, depth)?),
                }
            }
            Type::Map(element) => {
                let (key_of_entry, entry) = entry(types, element, payload.bytes()?, depth)?;
                let slot = into.entry(key.as_str()).or_insert_with(|| json!({}));
                if let Some(map) = slot.as_object_mut() {
                    map.insert(key_of_entry, entry);
                }
            }
            kind => {
                let value = value(types, kind, payload, depth)?;
                // Go writes fields that are not set; in JSON they are left out.
                let unset = value.is_null() || (*optional && is_zero(&value));
                if !unset {
                    into.insert(key.clone(), value);
                }
            }
        }
    }
    Ok(())
}

fn entry(
    types: &Types,
    element: &Type,
    bytes: &[u8],
    depth: u32,
) -> Result<(String, Value), &'static str> {
    let (mut key, mut held) = (String::new(), None);
    for item in fields(bytes) {
        match item? {
            (1, payload) => key = wire::text(payload.bytes()?)?,
            (2, payload) => held = Some(value(types, element, payload, depth)?),
            _ => {}
        }
    }
    let held = match held {
        Some(held) => held,
        None if matches!(element, Type::Text | Type::Bytes) => json!(""),
        None => Value::Null,
    };
    Ok((key, held))
}

fn value(
    types: &Types,
    kind: &Type,
    payload: Payload<'_>,
    depth: u32,
) -> Result<Value, &'static str> {
    Ok(match kind {
        Type::Text => wire::text(payload.bytes()?)?.into(),
        Type::Bytes => crate::base64::standard(payload.bytes()?).into(),
        Type::Flag => (payload.number()? != 0).into(),
        // Negative numbers are written as their two's complement.
        Type::Integer => payload.number()?.cast_signed().into(),
        Type::Float => payload.float()?.into(),
        Type::Time => time(payload.bytes()?, "%Y-%m-%dT%H:%M:%SZ")?,
        Type::MicroTime => time(payload.bytes()?, "%Y-%m-%dT%H:%M:%S.%6fZ")?,
        Type::Quantity => match inner(payload.bytes()?, 1)? {
            Some(text) => wire::text(text.bytes()?)?.into(),
            None => Value::Null,
        },
        Type::IntegerOrText => integer_or_text(payload.bytes()?)?,
        Type::Raw => match inner(payload.bytes()?, 1)? {
            Some(raw) if !raw.bytes()?.is_empty() => serde_json::from_slice(raw.bytes()?)
                .map_err(|_| "a field that holds JSON does not")?,
            _ => Value::Null,
        },
        Type::Texts => {
            let mut list = Vec::new();
            for item in fields(payload.bytes()?) {
                if let (1, text) = item? {
                    list.push(Value::from(wire::text(text.bytes()?)?));
                }
            }
            list.into()
        }
        Type::Message(name) => {
            let mut map = Map::new();
            message(types, name, payload.bytes()?, depth, &mut map)?;
            Value::Object(map)
        }
        // Protobuf has no lists of lists and no lists of maps.
        Type::List(_) | Type::Map(_) => return Err("a list holds a list"),
    })
}

/// The last field with this number.
fn inner(bytes: &[u8], wanted: u32) -> Result<Option<Payload<'_>>, &'static str> {
    let mut found = None;
    for item in fields(bytes) {
        let (number, payload) = item?;
        if number == wanted {
            found = Some(payload);
        }
    }
    Ok(found)
}

/// Seconds and nanoseconds since 1970; nothing at all is no time.
fn time(bytes: &[u8], format: &str) -> Result<Value, &'static str> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanoseconds) = (0, 0);
    for item in fields(bytes) {
        match item? {
            (1, payload) => seconds = payload.number()?.cast_signed(),
            (2, payload) => {
                nanoseconds =
                    i32::try_from(payload.number()?).map_err(|_| "a time is out of range")?
            }
            _ => {}
        }
    }
    let time = jiff::Timestamp::new(seconds, nanoseconds).map_err(|_| "a time is out of range")?;
    Ok(time.strftime(format).to_string().into())
}

fn integer_or_text(bytes: &[u8]) -> Result<Value, &'static str> {
    let number = |wanted| -> Result<i64, &'static str> {
        let payload = inner(bytes, wanted)?;
        Ok(payload.map_or(Ok(0), Payload::number)?.cast_signed())
    };
    match number(1)? {
        0 => Ok(number(2)?.into()),
        _ => Ok(match inner(bytes, 3)? {
            Some(text) => wire::text(text.bytes()?)?.into(),
            None => json!(""),
        }),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests;
