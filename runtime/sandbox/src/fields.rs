//! Objects cut down to some of their fields, without building a tree: one pass over the text.

use crate::pointer;

/// Most paths of one selection.
const PATHS: usize = 256;
/// How deeply arrays may lie in each other before one is taken whole.
const DEPTH: usize = 128;

/// Bytes for which there is room from the start; most cuts are shorter.
const FIRST: usize = 512;

/// Which fields to keep: a tree of keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// All of what is here, whatever is named below.
    whole: bool,
    /// Sorted by key; in lower case where case does not matter.
    below: Vec<(String, Fields)>,
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
        let mut fields = Self::default();
        for path in paths {
            let mut at = &mut fields;
            for mut step in pointer::parse(path)? {
                if ignore_case {
                    step.make_ascii_lowercase();
                }
                let place = at.below.binary_search_by(|(key, _)| key.cmp(&step));
                let place = place.unwrap_or_else(|place| {
                    at.below.insert(place, (step, Self::default()));
                    place
                });
                let Some((_, below)) = at.below.get_mut(place) else {
                    break;
                };
                at = below;
            }
            at.whole = true;
        }
        Ok(fields)
    }

    fn below(&self, key: &str) -> Option<&Self> {
        let place = self
            .below
            .binary_search_by(|(name, _)| name.as_str().cmp(key));
        self.below.get(place.ok()?).map(|(_, fields)| fields)
    }

    /// As [`Self::below`], for a key in any case.
    fn below_in_any_case(&self, key: &str) -> Option<&Self> {
        let place = self.below.binary_search_by(|(name, _)| {
            let lower = key.bytes().map(|byte| byte.to_ascii_lowercase());
            name.bytes().cmp(lower)
        });
        self.below.get(place.ok()?).map(|(_, fields)| fields)
    }
}

/// All is kept where case does not matter and more than ASCII does.
static WHOLE: Fields = Fields {
    whole: true,
    below: Vec::new(),
};

/// The text of an object with nothing but these fields in it. What lies on the way to a field and is neither an object nor
/// an array stays as it is: whoever decodes the rest finds the same mistakes. None when the text is not JSON.
pub(crate) fn cut(text: &str, fields: &Fields, ignore_case: bool) -> Option<String> {
    if fields.whole {
        return Some(text.to_owned());
    }
    let mut cut = Cut {
        text,
        at: 0,
        out: String::with_capacity(text.len().min(FIRST)),
        ignore_case,
    };
    cut.value(fields, 0)?;
    cut.blank();
    (cut.at == text.len()).then_some(cut.out)
}

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

    fn value(&mut self, fields: &Fields, arrays: usize) -> Option<()> {
        self.blank();
        match self.peek()? {
            b'{' if !fields.whole => self.object(fields, arrays),
            b'[' if !fields.whole && arrays < DEPTH => self.array(fields, arrays + 1),
            _ => {
                let start = self.at;
                self.skip()?;
                let kept = self.since(start)?;
                self.out.push_str(kept);
                Some(())
            }
        }
    }

    fn object(&mut self, fields: &Fields, arrays: usize) -> Option<()> {
        self.at += 1;
        self.out.push('{');
        self.blank();
        if self.peek()? == b'}' {
            self.at += 1;
            self.out.push('}');
            return Some(());
        }
        let mut kept = false;
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
            match self.child(fields, key, escaped) {
                Some(below) => {
                    if kept {
                        self.out.push(',');
                    }
                    kept = true;
                    self.out.push_str(key);
                    self.out.push(':');
                    self.value(below, arrays)?;
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

    /// What is kept under a key, which is JSON text with its quotes.
    fn child<'f>(&self, fields: &'f Fields, key: &str, escaped: bool) -> Option<&'f Fields> {
        let inner = key.get(1..key.len() - 1)?;
        if self.ignore_case {
            // What other letters are the same in another case is for whoever decodes to say.
            return match escaped || !inner.is_ascii() {
                true => Some(&WHOLE),
                false => fields.below_in_any_case(inner),
            };
        }
        if escaped {
            let key: String = serde_json::from_str(key).ok()?;
            return fields.below(&key);
        }
        fields.below(inner)
    }

    fn array(&mut self, fields: &Fields, arrays: usize) -> Option<()> {
        self.at += 1;
        self.out.push('[');
        self.blank();
        if self.peek()? == b']' {
            self.at += 1;
            self.out.push(']');
            return Some(());
        }
        loop {
            self.value(fields, arrays)?;
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
            b'{' | b'[' => self.container()?,
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

    /// Pass over an object or an array.
    fn container(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += end(rest)?;
        Some(())
    }

    /// Pass over a string; whether it has escapes.
    fn string(&mut self) -> Option<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            self.at += found + 1;
            if rest.get(found)? == &b'"' {
                return Some(escaped);
            }
            escaped = true;
            self.at += 1;
        }
    }
}

/// Where the object or array ends that a text begins with. Most of what is cut is passed over here.
fn end(text: &[u8]) -> Option<usize> {
    let mut open = 0_usize;
    let mut inside = false;
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    let mut last = [b' '; CHUNK];
    for (last, byte) in last.iter_mut().zip(rest) {
        *last = *byte;
    }
    // Whether the byte before the chunk was a backslash that says something of its first byte.
    let mut escapes = false;
    for (number, chunk) in chunks.iter().chain([&last]).enumerate() {
        let mut marks = marks(chunk);
        if escapes {
            marks &= !1;
            escapes = false;
        }
        while marks != 0 {
            let at = marks.trailing_zeros();
            marks &= marks - 1;
            let place = usize::try_from(at).ok()?;
            match chunk.get(place)? {
                b'"' => inside = !inside,
                b'\\' if place + 1 == CHUNK => escapes = true,
                b'\\' => marks &= !(1 << (at + 1)),
                _ if inside => {}
                b'{' | b'[' => open += 1,
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    if open == 0 {
                        return Some(number * CHUNK + place + 1);
                    }
                }
                // `{|}` in another case.
                _ => {}
            }
        }
    }
    None
}

/// Bytes that are looked at together.
const CHUNK: usize = 16;

/// A bit for each byte of a chunk that may be a quote, a backslash, or a bracket.
#[cfg(target_arch = "x86_64")]
fn marks(chunk: &[u8; CHUNK]) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };

    #[target_feature(enable = "sse2")]
    fn marks(chunk: u128) -> u32 {
        let all = |byte: u8| _mm_set1_epi8(byte.cast_signed());
        let is = |bytes: __m128i, byte: u8| _mm_cmpeq_epi8(bytes, all(byte));
        let half = |shift: u32| ((chunk >> shift) as u64).cast_signed();
        let bytes = _mm_set_epi64x(half(64), half(0));
        // `[` and `]` are `{` and `}` but for this bit.
        let folded = _mm_or_si128(bytes, all(0x20));
        let in_strings = _mm_or_si128(is(bytes, b'"'), is(bytes, b'\\'));
        let brackets = _mm_or_si128(is(folded, b'{'), is(folded, b'}'));
        _mm_movemask_epi8(_mm_or_si128(in_strings, brackets)).cast_unsigned()
    }
    #[allow(
        unsafe_code,
        reason = "every processor of this architecture has SSE2, and nothing of it is a matter of memory"
    )]
    // SAFETY: x86-64 has SSE2.
    unsafe {
        marks(u128::from_le_bytes(*chunk))
    }
}

/// A bit for each byte of a chunk that may be a quote, a backslash, or a bracket.
#[cfg(not(target_arch = "x86_64"))]
fn marks(chunk: &[u8; CHUNK]) -> u32 {
    let is = |byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b'[' | b']');
    let bits = chunk.iter().enumerate();
    bits.fold(0, |marks, (at, byte)| marks | u32::from(is(byte)) << at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

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
            let text = cut(pod, &fields(paths), false).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&text).unwrap(),
                expected,
                "{paths:?}"
            );
        }
        assert_eq!(
            cut(pod, &fields(&["/kind", ""]), false).as_deref(),
            Some(pod)
        );
    }

    #[test]
    fn case_does_not_matter_where_it_is_said() {
        let text = r#"{"nodeName":"n","nodename":1,"other":2,"\u006eodeName":3,"ſpec":4}"#;
        let fields = Fields::parse(&paths(&["/NodeName"]), true).unwrap();
        let kept = cut(text, &fields, true).unwrap();
        assert_eq!(
            kept,
            r#"{"nodeName":"n","nodename":1,"\u006eodeName":3,"ſpec":4}"#
        );
        assert_eq!(
            cut(
                text,
                &super::Fields::parse(&paths(&["/NodeName"]), false).unwrap(),
                false
            )
            .unwrap(),
            "{}"
        );
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
            assert_eq!(cut(text, &fields(&["/a"]), false), None, "{text}");
        }
        let many = vec!["/a".to_owned(); PATHS + 1];
        assert!(Fields::parse(&many, false).is_err());
        assert!(Fields::parse(&paths(&["a"]), false).is_err());
    }

    #[test]
    fn what_is_passed_over_ends_where_it_ends() {
        // Of every length, so that all that matters falls on every place of a chunk.
        for length in 0..40 {
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
                let cut = cut(&text, &fields(&["/b"]), false);
                assert_eq!(cut.as_deref(), Some("{\"b\":1}"), "{text}");
            }
        }
        assert_eq!(cut("{\"a\":]}", &fields(&["/b"]), false), None);
    }

    #[test]
    fn deep_arrays_end_somewhere() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(cut(&deep, &fields(&["/a"]), false), Some(deep));
    }

    /// What cutting means, on trees.
    fn kept(value: &Value, fields: &Fields) -> Value {
        match value {
            _ if fields.whole => value.clone(),
            Value::Object(members) => members
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), kept(value, fields.below(key)?))))
                .collect(),
            Value::Array(items) => items.iter().map(|item| kept(item, fields)).collect(),
            other => other.clone(),
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\{}\\[\\]é]{0,4}".prop_map(Value::from),
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
            let cut = cut(&text.unwrap(), &fields, false).expect("it is JSON");
            prop_assert_eq!(serde_json::from_str::<Value>(&cut).unwrap(), kept(&document, &fields));
        }

        #[test]
        fn any_text_is_cut_or_refused(text in "[\\[\\]{}:,\"ab0-9\\\\ ]{0,60}") {
            let _ = cut(&text, &fields(&["/a/b", "/b"]), false);
            let _ = cut(&text, &fields(&["/a/b", "/b"]), true);
        }
    }
}
