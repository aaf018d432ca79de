//! Which fields of an object a type is made from, found by watching the type deserialize.
//!
//! A type is given a deserializer that has nothing: it says what it wants, and fails. A struct names its fields, each of which
//! is looked at by another try, in which the structs on the way are offered that field alone. Anything else takes what is there
//! as a whole. So what is found is never less than what the type asks for, and no value is made up, with which code of a hook
//! would have to do.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};

/// How deeply structs may lie in each other before one is taken whole: types may contain themselves.
const DEPTH: usize = 8;
/// Options, lists and the like around each other and structs, before what is in them is taken whole.
const LAYERS: usize = 64;
/// Most fields that are worth it; the host allows 256.
const FIELDS: usize = 64;
/// Most tries.
const TRIES: usize = 256;
/// A key that no type has.
const STRANGE: &str = "\0hookbox";

/// JSON Pointers of the fields of an object that a `T` is made from; arrays are no step. None when it needs all of it, or so
/// many that it does not matter.
pub(crate) fn of<T: DeserializeOwned>() -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut to_look_at = vec![Vec::new()];
    for _ in 0..TRIES {
        let Some(path) = to_look_at.pop() else {
            return (!fields.is_empty()).then_some(fields);
        };
        let found = Found::default();
        // It fails, since there is nothing.
        let _ = T::deserialize(Probe {
            path: &path,
            layers: 0,
            found: &found,
        });
        match found.members.into_inner() {
            Some(members) if path.len() < DEPTH => {
                to_look_at.extend(members.iter().map(|name| {
                    let mut below = path.clone();
                    below.push(*name);
                    below
                }));
            }
            _ if path.is_empty() || fields.len() >= FIELDS => return None,
            _ => {
                let steps = path.iter();
                fields.push(
                    steps
                        .map(|name| format!("/{}", crate::pointer::escape(name)))
                        .collect(),
                );
            }
        }
    }
    None
}

/// What one try found.
#[derive(Default)]
struct Found {
    /// The fields of the struct at the end of the path, which takes others without a word; none when all of what is there is
    /// taken.
    members: RefCell<Option<&'static [&'static str]>>,
}

/// Goes the rest of a path, and fails.
#[derive(Clone, Copy)]
struct Probe<'f> {
    path: &'f [&'static str],
    layers: usize,
    found: &'f Found,
}

impl<'f> Probe<'f> {
    /// The same place, in another layer.
    fn inside(self) -> Result<Self, Nothing> {
        let layers = self.layers + 1;
        match layers < LAYERS {
            true => Ok(Self { layers, ..self }),
            false => Err(Nothing),
        }
    }
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

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Nothing;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Nothing> {
        Err(Nothing)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        visitor.visit_some(self.inside()?)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        visitor.visit_newtype_struct(self.inside()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        visitor.visit_seq(One(self.inside()?))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        let inside = self.inside()?;
        match self.path.split_first() {
            Some((name, path)) => visitor.visit_map(Field {
                name,
                value: Probe { path, ..inside },
            }),
            None if fields.is_empty() => Err(Nothing),
            None => {
                let taken = Cell::new(false);
                let all = visitor.visit_map(Strange { taken: &taken });
                if taken.get() {
                    self.found.members.replace(Some(fields));
                }
                all
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct
        map enum identifier ignored_any
    }
}

/// The one element of an array; it is at the array's own place.
struct One<'f>(Probe<'f>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Nothing;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Nothing> {
        seed.deserialize(self.0).map(Some)
    }
}

fn key<'de, K: DeserializeSeed<'de>>(seed: K, name: &str) -> Result<Option<K::Value>, Nothing> {
    let name: StrDeserializer<'_, Nothing> = name.into_deserializer();
    seed.deserialize(name).map(Some)
}

/// A struct with one field.
struct Field<'f> {
    name: &'static str,
    value: Probe<'f>,
}

impl<'de> MapAccess<'de> for Field<'_> {
    type Error = Nothing;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Nothing> {
        key(seed, self.name)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Nothing> {
        seed.deserialize(self.value)
    }
}

/// A struct with a field that it does not have.
struct Strange<'f> {
    /// Whether it does not mind.
    taken: &'f Cell<bool>,
}

impl<'de> MapAccess<'de> for Strange<'_> {
    type Error = Nothing;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Nothing> {
        key(seed, STRANGE)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, _: V) -> Result<V::Value, Nothing> {
        self.taken.set(true);
        Err(Nothing)
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
    #[serde(tag = "type", content = "config", rename_all = "lowercase")]
    #[allow(dead_code, reason = "as above")]
    enum Provider {
        Aws(Metadata),
        Gcp { project: String },
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "as above")]
    struct Strict {
        name: String,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "as above")]
    struct Careful {
        #[serde(deserialize_with = "first_word")]
        word: String,
        strict: Strict,
        provider: Option<Vec<Provider>>,
        nested: Nested,
        chain: Chain,
        nothing: Option<Empty>,
    }

    #[derive(Deserialize)]
    struct Nested(#[allow(dead_code, reason = "as above")] Vec<Nested>);

    #[derive(Deserialize)]
    #[serde(transparent)]
    #[allow(dead_code, reason = "as above")]
    struct Chain {
        next: Option<Box<Chain>>,
    }

    #[derive(Deserialize)]
    struct Empty {}

    /// Has never seen an empty text.
    fn first_word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text
            .split(' ')
            .next()
            .filter(|word| !word.is_empty())
            .unwrap()
            .to_owned())
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
        assert_eq!(
            sorted::<Picky>(),
            ["/after/a~1b~0c", "/after/name", "/number"]
        );
        let (new, old) = (["/new/a~1b~0c", "/new/name"], ["/old/a~1b~0c", "/old/name"]);
        assert_eq!(
            sorted::<Parts>(),
            [&["/either"], &new[..], &old, &["/value"]].concat()
        );
        let careful = [
            "/chain",
            "/nested",
            "/nothing",
            "/provider/config",
            "/provider/type",
            "/strict",
            "/word",
        ];
        assert_eq!(sorted::<Careful>(), careful);
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
        assert_eq!(of::<Strict>(), None);
        assert_eq!(of::<Nested>(), None);
        assert_eq!(of::<Chain>(), None);
        assert_eq!(of::<Empty>(), None);
        assert_eq!(of::<Box<serde_json::value::RawValue>>(), None);
    }
}
