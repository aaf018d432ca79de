//! Which fields of an object a type is made from, found by watching the type deserialize.
//!
//! A type is given a deserializer that has nothing and answers whatever it is asked for. A struct names its fields, which
//! are visited in turn; anything else takes what is there as a whole, and so does a type that cannot be made of nothing. So what
//! is found is never less than what the type asks for.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};

/// How deeply structs may lie in each other before one is taken whole: types may contain themselves.
const DEPTH: usize = 8;
/// Most fields that are worth it; the host allows 256.
const FIELDS: usize = 64;

/// JSON Pointers of the fields of an object that a `T` is made from; arrays are no step. None when it needs all of it, or so
/// many that it does not matter.
pub(crate) fn of<T: DeserializeOwned>() -> Option<Vec<String>> {
    let found = Found::default();
    // That nothing can be made of nothing is no mistake.
    let _ = T::deserialize(Probe {
        at: String::new(),
        depth: 0,
        found: &found,
    });
    let fields = found.fields.into_inner();
    let whole = fields.is_empty() || fields.len() > FIELDS || fields.iter().any(String::is_empty);
    (!whole).then_some(fields)
}

#[derive(Default)]
struct Found {
    fields: RefCell<Vec<String>>,
}

impl Found {
    /// All that is at this place.
    fn whole(&self, at: &str) {
        let mut fields = self.fields.borrow_mut();
        if fields.len() <= FIELDS && !fields.iter().any(|field| field == at) {
            fields.push(at.to_owned());
        }
    }

    /// A struct is at this place: its fields instead.
    fn opened(&self, at: &str) {
        self.fields.borrow_mut().retain(|field| field != at);
    }

    fn is_full(&self) -> bool {
        self.fields.borrow().len() > FIELDS
    }
}

/// Answers what is asked for, and notes it.
struct Probe<'f> {
    at: String,
    depth: usize,
    found: &'f Found,
}

/// What there is of everything: nothing.
#[derive(Debug)]
struct Nothing;

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is nothing")
    }
}

impl std::error::Error for Nothing {}

impl serde::de::Error for Nothing {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Takes all that is there, whatever it is.
macro_rules! whole {
    ($($method:ident => $visit:ident($($value:expr)?)),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
            self.found.whole(&self.at);
            visitor.$visit($($value)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Nothing;

    whole! {
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i8(0), deserialize_i16 => visit_i16(0),
        deserialize_i32 => visit_i32(0), deserialize_i64 => visit_i64(0), deserialize_i128 => visit_i128(0),
        deserialize_u8 => visit_u8(0), deserialize_u16 => visit_u16(0),
        deserialize_u32 => visit_u32(0), deserialize_u64 => visit_u64(0), deserialize_u128 => visit_u128(0),
        deserialize_f32 => visit_f32(0.0), deserialize_f64 => visit_f64(0.0),
        deserialize_char => visit_char(' '),
        deserialize_str => visit_str(""), deserialize_string => visit_str(""),
        deserialize_bytes => visit_bytes(b""), deserialize_byte_buf => visit_bytes(b""),
        deserialize_unit => visit_unit(),
        deserialize_ignored_any => visit_unit(),
        // What looks at whatever there is: of nothing it learns nothing, so all of it is kept.
        deserialize_any => visit_unit(),
        deserialize_identifier => visit_str(""),
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.found.whole(&self.at);
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.found.whole(&self.at);
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.found.whole(&self.at);
        visitor.visit_seq(One(Some(self)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Nothing> {
        self.found.whole(&self.at);
        visitor.visit_seq(One(None))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.found.whole(&self.at);
        visitor.visit_map(Fields {
            names: [].iter(),
            value: None,
            probe: self,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.found.whole(&self.at);
        let first = variants.first().ok_or(Nothing)?;
        let first: StrDeserializer<'_, Nothing> = (*first).into_deserializer();
        visitor.visit_enum(first)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        if self.depth >= DEPTH || fields.is_empty() || self.found.is_full() {
            self.found.whole(&self.at);
            return Err(Nothing);
        }
        // First all of them as a whole: a field that is not visited, since one before it cannot be made, stays so.
        self.found.opened(&self.at);
        for name in fields {
            self.found.whole(&below(&self.at, name));
        }
        visitor.visit_map(Fields {
            names: fields.iter(),
            value: None,
            probe: self,
        })
    }
}

fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", crate::pointer::escape(name))
}

/// The one element of an array; it is at the array's own place.
struct One<'f>(Option<Probe<'f>>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Nothing;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Nothing> {
        self.0
            .take()
            .map(|probe| seed.deserialize(probe))
            .transpose()
    }
}

/// The fields of a struct.
struct Fields<'f> {
    names: std::slice::Iter<'static, &'static str>,
    value: Option<&'static str>,
    probe: Probe<'f>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Nothing;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Nothing> {
        self.value = self.names.next().copied();
        let key = self.value.map(|name| {
            let name: StrDeserializer<'_, Nothing> = name.into_deserializer();
            seed.deserialize(name)
        });
        key.transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Nothing> {
        let name = self.value.take().ok_or(Nothing)?;
        seed.deserialize(Probe {
            at: below(&self.probe.at, name),
            depth: self.probe.depth + 1,
            found: self.probe.found,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::Value;

    use super::of;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code, reason = "only its shape is of interest")]
    struct Pod {
        metadata: Metadata,
        #[serde(default)]
        spec: Option<Spec>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Metadata {
        name: String,
        #[serde(default, rename = "a/b~c")]
        labels: BTreeMap<String, String>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code, reason = "as above")]
    struct Spec {
        node_name: String,
        containers: Vec<Container>,
        #[serde(skip)]
        skipped: String,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Container {
        image: Box<str>,
        ports: Option<Vec<(u16, String)>>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Picky {
        /// Cannot be made of nothing.
        number: std::num::NonZeroU32,
        after: Metadata,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Tree {
        name: String,
        below: Vec<Tree>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Flat {
        name: String,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    #[allow(dead_code, reason = "as above")]
    enum Either {
        One(Metadata),
        Other(Container),
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Parts {
        either: Either,
        value: Value,
        #[serde(alias = "old")]
        new: Option<Metadata>,
    }

    fn sorted<T: serde::de::DeserializeOwned>() -> Vec<String> {
        let mut fields = of::<T>().expect("fields");
        fields.sort();
        fields
    }

    #[test]
    fn fields_of_structs_are_found() {
        let pod = [
            "/metadata/a~1b~0c",
            "/metadata/name",
            "/spec/containers/image",
            "/spec/containers/ports",
            "/spec/nodeName",
        ];
        assert_eq!(sorted::<Pod>(), pod);
        assert_eq!(sorted::<Picky>(), ["/after", "/number"]);
        assert_eq!(sorted::<Parts>(), ["/either", "/new", "/old", "/value"]);
        let tree = sorted::<Tree>();
        assert!(tree.contains(&"/below/below/name".to_owned()), "{tree:?}");
        assert_eq!(tree.last().unwrap(), "/name");
    }

    #[test]
    fn what_needs_all_of_an_object_gets_it() {
        assert_eq!(of::<Value>(), None);
        assert_eq!(of::<BTreeMap<String, Metadata>>(), None);
        assert_eq!(of::<Flat>(), None);
        assert_eq!(of::<Either>(), None);
        assert_eq!(of::<(String, u8)>(), None);
        assert_eq!(of::<Box<serde_json::value::RawValue>>(), None);
    }
}
