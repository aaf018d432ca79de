//! Objects cut down to some of their fields, without building a tree: one pass over the text.

mod scan;

use std::sync::Arc;

use serde_json::json;

use crate::pointer;

/// Most paths of one selection.
const PATHS: usize = 256;
/// How deeply arrays may lie in each other before one is taken whole.
const DEPTH: usize = 128;

/// Bytes for which there is room from the start; most cuts are shorter.
const FIRST: usize = 512;

/// Which fields to keep of an object.
#[derive(Debug)]
pub(crate) struct Fields {
    /// The same for the same fields, and no others.
    pub(crate) id: Arc<str>,
    root: Node,
    ignore_case: bool,
}

/// What to keep of one value, and of what lies in it.
#[derive(Debug, Default)]
struct Node {
    /// All of what is here, whatever is named below.
    whole: bool,
    /// Sorted by the length of the key, then by the key, so that few of them are compared byte by byte; in lower case where
    /// case does not matter.
    below: Vec<(String, Node)>,
}

impl Fields {
    /// The fields that these paths name: JSON Pointers in which arrays are no step. The message says what is wrong with
    /// them.
    pub(crate) fn parse(paths: &[String], ignore_case: bool) -> Result<Self, String> {
        if paths.len() > PATHS {
            return Err(format!(
                "{} fields are named, at most {PATHS} are allowed",
                paths.len()
            ));
        }
        let mut root = Node::default();
        for path in paths {
            let mut at = &mut root;
            for mut step in pointer::parse(path)? {
                if ignore_case {
                    step.make_ascii_lowercase();
                }
                let place = at.place(&step, false);
                let place = place.unwrap_or_else(|place| {
                    at.below.insert(place, (step, Node::default()));
                    place
                });
                let Some((_, below)) = at.below.get_mut(place) else {
                    break;
                };
                at = below;
            }
            at.whole = true;
        }
        let id = json!([paths, ignore_case]).to_string().into();
        Ok(Self {
            id,
            root,
            ignore_case,
        })
    }

    /// The text of an object with nothing but these fields in it, never longer than the object. What lies on the way to a
    /// field and is neither an object nor an array stays as it is: whoever decodes the rest finds the same mistakes. None
    /// when the text is not JSON.
    pub(crate) fn cut(&self, text: &str) -> Option<String> {
        if self.root.whole {
            return Some(text.to_owned());
        }
        let mut cut = Cut {
            text,
            at: 0,
            out: String::with_capacity(text.len().min(FIRST)),
            ignore_case: self.ignore_case,
        };
        cut.value(&self.root, 0)?;
        cut.blank();
        (cut.at == text.len()).then_some(cut.out)
    }
}

impl Node {
    /// Where a key is, or would be.
    fn place(&self, key: &str, ignore_case: bool) -> Result<usize, usize> {
        self.below.binary_search_by(|(name, _)| {
            let by_length = name.len().cmp(&key.len());
            by_length.then_with(|| match ignore_case {
                false => name.as_str().cmp(key),
                true => {
                    let lower = key.bytes().map(|byte| byte.to_ascii_lowercase());
                    name.bytes().cmp(lower)
                }
            })
        })
    }

    /// What is named below a key, and its place among all.
    fn below(&self, key: &str, ignore_case: bool) -> Option<(usize, &Self)> {
        let place = self.place(key, ignore_case).ok()?;
        self.below.get(place).map(|(_, node)| (place, node))
    }
}

/// All is kept where case does not matter and more than ASCII does.
static WHOLE: Node = Node {
    whole: true,
    below: Vec::new(),
};

struct Cut<'t> {
    text: &'t str,
    at: usize,
    out: String,
    ignore_case: bool,
}

impl<'t> Cut<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The next byte that is not blank, passed over.
    fn next(&mut self) -> Option<u8> {
        self.blank();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// What was passed over since `start`.
    fn since(&self, start: usize) -> Option<&'t str> {
        self.text.get(start..self.at)
    }

    fn value(&mut self, node: &Node, arrays: usize) -> Option<()> {
        self.blank();
        match self.peek()? {
            b'{' if !node.whole => self.object(node, arrays),
            b'[' if !node.whole && arrays < DEPTH => self.array(node, arrays + 1),
            _ => {
                let start = self.at;
                self.skip()?;
                let kept = self.since(start)?;
                self.out.push_str(kept);
                Some(())
            }
        }
    }

    fn object(&mut self, node: &Node, arrays: usize) -> Option<()> {
        self.at += 1;
        self.out.push('{');
        self.blank();
        if self.peek()? == b'}' {
            self.at += 1;
            self.out.push('}');
            return Some(());
        }
        let mut kept = false;
        let mut missing = self.missing(node);
        loop {
            self.blank();
            let start = self.at;
            if self.peek()? != b'"' {
                return None;
            }
            let escaped = self.string()?;
            let key = self.since(start)?;
            if self.next()? != b':' {
                return None;
            }
            match self.child(node, key, escaped) {
                Some((place, below)) => {
                    if kept {
                        self.out.push(',');
                    }
                    kept = true;
                    self.out.push_str(key);
                    self.out.push(':');
                    self.value(below, arrays)?;
                    missing = missing.map(|missing| missing & !place);
                    if missing == Some(0) {
                        // Objects of Kubernetes have no key twice; of those that do, what came first is kept.
                        self.close(1)?;
                        break;
                    }
                }
                None => {
                    self.blank();
                    self.skip()?;
                }
            }
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        self.out.push('}');
        Some(())
    }

    /// A bit for each field that may still come, by its place; none where that cannot be known.
    fn missing(&self, node: &Node) -> Option<u64> {
        let unused = u64::BITS.checked_sub(u32::try_from(node.below.len()).ok()?)?;
        (!self.ignore_case).then(|| u64::MAX.checked_shr(unused).unwrap_or_default())
    }

    /// What is kept under a key, which is JSON text with its quotes, and its bit of those that are [`Cut::missing`].
    fn child<'f>(&self, node: &'f Node, key: &str, escaped: bool) -> Option<(u64, &'f Node)> {
        let inner = key.get(1..key.len() - 1)?;
        if self.ignore_case {
            // What other letters are the same in another case is for whoever decodes to say.
            return match escaped || !inner.is_ascii() {
                true => Some((0, &WHOLE)),
                false => node.below(inner, true).map(|(_, below)| (0, below)),
            };
        }
        let found = match escaped {
            true => node.below(&serde_json::from_str::<String>(key).ok()?, false),
            false => node.below(inner, false),
        };
        let (place, below) = found?;
        let bit = u32::try_from(place)
            .ok()
            .and_then(|place| 1_u64.checked_shl(place));
        Some((bit.unwrap_or_default(), below))
    }

    fn array(&mut self, node: &Node, arrays: usize) -> Option<()> {
        self.at += 1;
        self.out.push('[');
        self.blank();
        if self.peek()? == b']' {
            self.at += 1;
            self.out.push(']');
            return Some(());
        }
        loop {
            self.value(node, arrays)?;
            match self.next()? {
                b',' => self.out.push(','),
                b']' => break,
                _ => return None,
            }
        }
        self.out.push(']');
        Some(())
    }

    /// Pass over a value, without a look at more than where it ends.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => self.close(0)?,
            _ => {
                let start = self.at;
                while !matches!(
                    self.peek(),
                    None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
                ) {
                    self.at += 1;
                }
                if self.at == start {
                    return None;
                }
            }
        }
        Some(())
    }

    /// Pass over what follows until all that it opens is closed, and before it `open` objects and arrays.
    fn close(&mut self, open: usize) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += scan::end(rest, open)?;
        Some(())
    }

    /// Pass over a string; whether it has escapes.
    fn string(&mut self) -> Option<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let found = scan::special(rest)?;
            self.at += found + 1;
            if rest.get(found)? == &b'"' {
                return Some(escaped);
            }
            escaped = true;
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn paths(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    fn fields(of: &[&str]) -> Fields {
        Fields::parse(&paths(of), false).unwrap()
    }

    #[test]
    fn named_fields_are_kept_and_arrays_are_no_step() {
        let pod = r#" { "kind": "Pod", "metadata": {"name": "a", "labels": {"x": "1", "y": [1, {}]}, "uid": "u"},
            "spec": {"containers": [{"name": "c", "image": "i", "env": [{"a": "\"]}"}]}, {"image": null, "n": 1e3}], "x": []},
            "a/b": {"~": 1, "k\u0065y": 2} } "#;
        let table = [
            (&["/metadata/name"][..], json!({"metadata": {"name": "a"}})),
            (
                &["/metadata/labels", "/metadata/labels/x", "/kind"],
                json!({"kind": "Pod", "metadata": {"labels": {"x": "1", "y": [1, {}]}}}),
            ),
            (
                &["/spec/containers/image"],
                json!({"spec": {"containers": [{"image": "i"}, {"image": null}]}}),
            ),
            (&["/spec/x/y"], json!({"spec": {"x": []}})),
            (
                &["/kind/x", "/metadata/none"],
                json!({"kind": "Pod", "metadata": {}}),
            ),
            (
                &["/a~1b/~0", "/a~1b/key"],
                json!({"a/b": {"~": 1, "key": 2}}),
            ),
            (&[], json!({})),
            (&["/none"], json!({})),
        ];
        for (paths, expected) in table {
            let text = fields(paths).cut(pod).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&text).unwrap(),
                expected,
                "{paths:?}"
            );
        }
        assert_eq!(fields(&["/kind", ""]).cut(pod).as_deref(), Some(pod));
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_first_is_kept_when_nothing_else_is_missing() {
        let text = r#"{"a":1,"b":{"c":[]},"a":{"c":2}}"#;
        assert_eq!(fields(&["/a"]).cut(text).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(
            fields(&["/a", "/d"]).cut(text).as_deref(),
            Some(r#"{"a":1,"a":{"c":2}}"#)
        );
    }

    #[test]
    fn however_many_are_named_none_is_missed() {
        for count in [1, 2, 63, 64, 65, 130, 256] {
            let names: Vec<String> = (0..count).map(|n| format!("k{n:03}")).collect();
            let paths: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
            let fields = Fields::parse(&paths, false).unwrap();
            let mut members: Vec<String> =
                names.iter().map(|name| format!("\"{name}\":[1]")).collect();
            for _ in 0..2 {
                let expected = format!("{{{}}}", members.join(","));
                let text = format!(
                    "{{\"x\":{{}},{},\"y\":\"}}\",\"z\":[{{}}]}}",
                    members.join(",")
                );
                assert_eq!(fields.cut(&text), Some(expected));
                members.reverse();
            }
        }
    }

    #[test]
    fn case_does_not_matter_where_it_is_said() {
        let text = r#"{"nodeName":"n","nodename":1,"other":2,"\u006eodeName":3,"ſpec":4}"#;
        let fields = Fields::parse(&paths(&["/NodeName"]), true).unwrap();
        let kept = fields.cut(text).unwrap();
        assert_eq!(
            kept,
            r#"{"nodeName":"n","nodename":1,"\u006eodeName":3,"ſpec":4}"#
        );
        let fields = Fields::parse(&paths(&["/NodeName"]), false).unwrap();
        assert_eq!(fields.cut(text).as_deref(), Some("{}"));
    }

    #[test]
    fn what_is_not_json_is_not_cut() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\" 1}",
            "[1",
            "{\"b\":\"",
            "{\"b\":[}",
            "{} {}",
            "{,}",
        ] {
            assert_eq!(fields(&["/a"]).cut(text), None, "{text}");
        }
        let many = vec!["/a".to_owned(); PATHS + 1];
        assert!(Fields::parse(&many, false).is_err());
        assert!(Fields::parse(&paths(&["a"]), false).is_err());
    }

    #[test]
    fn what_is_passed_over_ends_where_it_ends() {
        // Of every length, so that all that matters falls on every place of a block.
        for length in 0..140 {
            let filler = "x".repeat(length);
            for inner in [
                "{}",
                "[]",
                "\"\\\"\"",
                "\"}\"",
                "\"]\\\\\"",
                "\"\\\\\\\"{\"",
                "\"|;\"",
                "[{\"a\":[]}]",
            ] {
                let text = format!("{{\"a\":{{\"{filler}\":[{inner},\"{filler}\"]}},\"b\":1}}");
                let cut = fields(&["/b"]).cut(&text);
                assert_eq!(cut.as_deref(), Some("{\"b\":1}"), "{text}");
            }
        }
        assert_eq!(fields(&["/b"]).cut("{\"a\":]}"), None);
    }

    #[test]
    fn deep_arrays_end_somewhere() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(fields(&["/a"]).cut(&deep), Some(deep));
    }

    /// What cutting means, on trees.
    fn kept(value: &Value, node: &Node) -> Value {
        match value {
            _ if node.whole => value.clone(),
            Value::Object(members) => members
                .iter()
                .filter_map(|(key, value)| {
                    Some((key.clone(), kept(value, node.below(key, false)?.1)))
                })
                .collect(),
            Value::Array(items) => items.iter().map(|item| kept(item, node)).collect(),
            other => other.clone(),
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\{}\\[\\]é]{0,4}".prop_map(Value::from),
            "[a\"\\\\{}\\[\\]]{50,80}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ab/~\"é]{0,2}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_cut_text_is_the_cut_tree(
            document in documents(), pretty in any::<bool>(),
            steps in prop::collection::vec(prop::collection::vec("[ab/~\"é]{0,2}", 0..4), 0..4),
        ) {
            let paths: Vec<String> = steps.iter().map(pointer::write).collect();
            let fields = Fields::parse(&paths, false).unwrap();
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let cut = fields.cut(&text.unwrap()).expect("it is JSON");
            prop_assert_eq!(serde_json::from_str::<Value>(&cut).unwrap(), kept(&document, &fields.root));
        }

        #[test]
        fn any_text_is_cut_or_refused(text in "[\\[\\]{}:,\"ab0-9\\\\ ]{0,60}") {
            let _ = fields(&["/a/b", "/b"]).cut(&text);
            let ignoring = Fields::parse(&paths(&["/a/b", "/b"]), true).unwrap();
            let _ = ignoring.cut(&text);
        }
    }
}
