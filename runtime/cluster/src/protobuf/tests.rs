use proptest::prelude::*;

use super::types::{Field, Type};
use super::*;

/// A field that holds bytes.
fn bytes(number: u8, payload: &[u8]) -> Vec<u8> {
    [
        &[(number << 3) | 2, u8::try_from(payload.len()).unwrap()],
        payload,
    ]
    .concat()
}

fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [MAGIC, &bytes(1, &type_meta), &bytes(2, raw)].concat()
}

#[test]
fn the_table_is_read_whole_and_has_no_loose_ends() {
    let types = Types::get();
    let lines = include_str!("../../data/protobuf.txt").lines().count();
    let messages = types.messages();
    let read = types.roots().len()
        + messages.len()
        + messages.values().map(|fields| fields.len()).sum::<usize>();
    assert_eq!(read, lines);
    fn named(kind: &Type) -> Option<&'static str> {
        match kind {
            Type::Message(name) => Some(name),
            Type::List(inner) | Type::Map(inner) => named(inner),
            _ => None,
        }
    }
    let fields = messages.values().flat_map(|fields| fields.values());
    for name in fields
        .filter_map(|Field { kind, .. }| named(kind))
        .chain(types.roots().values().copied())
    {
        assert!(messages.contains_key(name), "{name}");
    }
}

#[test]
fn a_config_map_is_read_as_kubectl_writes_it() {
    let metadata = [
        bytes(1, b"map"),
        bytes(2, b""),
        bytes(8, b""),
        bytes(11, &[bytes(1, b"app"), bytes(2, b"web")].concat()),
    ];
    let data = [bytes(1, b"a"), bytes(2, b"1")].concat();
    let raw = [
        bytes(1, &metadata.concat()),
        bytes(2, &data),
        bytes(3, &[bytes(1, b"b"), bytes(2, &[255])].concat()),
    ]
    .concat();
    assert_eq!(
        object(&envelope("v1", "ConfigMap", &raw)).unwrap(),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map", "labels": {"app": "web"}},
            "data": {"a": "1"}, "binaryData": {"b": "/w=="}})
    );
}

#[test]
fn inline_fields_times_quantities_and_ports_are_as_in_json() {
    let quantity = bytes(
        1,
        &[bytes(1, b"cpu"), bytes(2, &bytes(1, b"100m"))].concat(),
    );
    let env = [
        bytes(1, b"A"),
        bytes(
            3,
            &bytes(3, &[bytes(1, &bytes(1, b"map")), bytes(2, b"key")].concat()),
        ),
    ]
    .concat();
    let probe = bytes(
        1,
        &bytes(2, &bytes(2, &[8, 1, 26, 4, b'h', b't', b't', b'p'])),
    );
    let container = [
        bytes(1, b"main"),
        bytes(7, &env),
        bytes(8, &quantity),
        bytes(10, &probe),
    ]
    .concat();
    let metadata = bytes(8, &[8, 128, 138, 1]);
    let raw = [bytes(1, &metadata), bytes(2, &bytes(2, &container))].concat();
    assert_eq!(
        object(&envelope("v1", "Pod", &raw)).unwrap(),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": "1970-01-01T04:54:24Z"},
        "spec": {"containers": [{
            "name": "main",
            "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "key"}}}],
            "resources": {"limits": {"cpu": "100m"}},
            "livenessProbe": {"httpGet": {"port": "http"}},
        }]}})
    );
}

#[test]
fn options_are_of_every_group_and_custom_resources_of_none() {
    assert_eq!(
        object(&envelope("apps/v1", "DeleteOptions", &[8, 0, 34, 0])).unwrap(),
        json!({"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": ""})
    );
    assert_eq!(
        object(&envelope("example.com/v1", "Widget", &[]))
            .unwrap_err()
            .code(),
        "UnsupportedMediaType"
    );
}

#[test]
fn broken_bytes_are_refused() {
    for body in [
        &b"{}"[..],
        b"k8s\0\x0a\x05v1",
        b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"k8s\0\x0c",
    ] {
        assert_eq!(object(body).unwrap_err().code(), "BadRequest", "{body:?}");
    }
    // A text that is not UTF-8.
    assert!(object(&envelope("v1", "ConfigMap", &bytes(1, &bytes(1, &[0xff])))).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(raw in proptest::collection::vec(any::<u8>(), 0..100)) {
        for kind in ["Pod", "Secret", "Event", "DeleteOptions"] {
            let _ = object(&envelope("v1", kind, &raw));
        }
        let _ = object(&[MAGIC, &raw].concat());
    }
}
