use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn keys_are_sorted_and_spaces_dropped() {
    for (text, expected) in [
        (
            r#"{ "b": [1, {"y": 2, "x": -3}], "a": null }"#,
            r#"{"a":null,"b":[1,{"x":-3,"y":2}]}"#,
        ),
        (r#"{"b":1,"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (
            r#"{"b":{"d":1,"c":2},"a":[{},[],""]}"#,
            r#"{"a":[{},[],""],"b":{"c":2,"d":1}}"#,
        ),
        (" [ ] ", "[]"),
        (r#"{"a\u0062":1,"ab":2,"A":true}"#, r#"{"A":true,"ab":2}"#),
        (r#"{"a":1,"\"":2,"\n":3}"#, r#"{"\n":3,"\"":2,"a":1}"#),
    ] {
        assert_eq!(compact(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn strings_have_the_fewest_escapes() {
    for (text, expected) in [
        (
            r#""\u0001\u00e9\u003c\/\u000a\u001F""#,
            "\"\\u0001é</\\n\\u001f\"",
        ),
        (
            r#""line\nbreak \"q\" \\ é \b\f\r\t""#,
            r#""line\nbreak \"q\" \\ é \b\f\r\t""#,
        ),
        (
            r#""\ud83d\ude00 \ud83d \ude00x""#,
            "\"😀 \u{fffd} \u{fffd}x\"",
        ),
        (r#""\ud83d\u0041""#, "\"\u{fffd}A\""),
        (
            "\"0123456é\u{7f}0123456789abcdef\"",
            "\"0123456é\u{7f}0123456789abcdef\"",
        ),
    ] {
        assert_eq!(compact(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn numbers_stay_as_they_are_written() {
    for number in [
        "0",
        "-0",
        "1.50",
        "1e3",
        "-2E-7",
        "123456789012345678901234567890",
    ] {
        assert_eq!(compact(number).as_deref(), Ok(number));
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "]",
        "{]",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "[1 2]",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "tru",
        "nul",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u00g0\"",
        "\"\\u+123\"",
        "\"\n\"",
        "\"\\u12",
        "1 2",
        "{\"a\":1}}",
        "'a'",
        "{1:2}",
        "[,1]",
    ] {
        assert!(compact(text).is_err(), "{text:?}");
    }
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(compact(&deep(DEPTH)).is_ok());
    assert_eq!(compact(&deep(DEPTH + 1)), Err(JsonError::Depth));
    assert!(compact(&"{\"a\":".repeat(100_000)).is_err());
}

#[test]
fn members_are_added_and_left_out() {
    let mut reader = Reader::new(r#"{"c":1,"a":{"x":1},"d":2}"#);
    let defaults = [("b", "\"new\""), ("c", "9")];
    reader
        .write_object(&defaults, |reader, key| {
            let stays = reader.at(key) != "d";
            reader.value().map(|()| stays)
        })
        .unwrap();
    assert_eq!(reader.written(), r#"{"a":{"x":1},"b":"new","c":1}"#);
}

proptest! {
    #[test]
    fn any_text_is_read_as_others_read_it(text in "[\\[\\]{}:,\"abu019.eE+\\\\ -]{0,40}") {
        let theirs = serde_json::from_str::<Value>(&text);
        match compact(&text) {
            // Numbers of any size stay whole, and half a character is allowed.
            Ok(ours) => {
                let big = theirs.is_err() && text.contains(['e', 'E', '\\']);
                prop_assert!(big || serde_json::from_str::<Value>(&ours).ok() == theirs.ok(), "{}", text);
            }
            Err(error) => prop_assert!(theirs.is_err(), "{}: {}", text, error),
        }
    }

    #[test]
    fn any_string_comes_back(string in "\\PC{0,40}|[\\x00-\\x30\"\\\\]{0,20}") {
        let text = Value::from(string).to_string();
        prop_assert_eq!(compact(&text), Ok(text.clone()));
    }

    #[test]
    fn any_object_comes_out_sorted(map in proptest::collection::btree_map("[a-c\"é\\\\\n]{0,3}", any::<i64>(), 0..6), seed in any::<u64>()) {
        let mut members: Vec<String> = map.iter().map(|(k, v)| format!("{}:{v}", Value::from(k.as_str()))).collect();
        let sorted = format!("{{{}}}", members.join(","));
        fastrand::Rng::with_seed(seed).shuffle(&mut members);
        prop_assert_eq!(compact(&format!("{{{}}}", members.join(","))), Ok(sorted));
    }
}
