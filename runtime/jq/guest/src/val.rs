//! JSON values as jq filters see them.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;

use crate::num;

/// Bytes of a string: UTF-8, except where `@base64d` made something else.
pub type Str = Rc<[u8]>;

/// A JSON value. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub enum Val {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that need not fit into an `i64`.
    Big(Rc<BigInt>),
    Float(f64),
    Str(Str),
    Arr(Rc<Vec<Val>>),
    Obj(Rc<Map>),
}

/// An object's fields, sorted by key: the order in which the peers' jq shows them everywhere.
#[derive(Clone, Debug, Default)]
pub struct Map(Vec<(Str, Val)>);

impl Map {
    /// From fields in any order; the last one of a key wins.
    pub fn from_fields(mut fields: Vec<(Str, Val)>) -> Self {
        if !fields.is_sorted_by(|a, b| a.0 < b.0) {
            // Stable, so that of equal keys the last one stays last.
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    std::mem::swap(later, kept);
                }
                same
            });
        }
        Self(fields)
    }

    fn find(&self, key: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|(k, _)| k.as_ref().cmp(key))
    }

    pub fn get(&self, key: &[u8]) -> Option<&Val> {
        self.find(key).ok().map(|i| &self.0[i].1)
    }

    pub fn entry(&mut self, key: &Str) -> &mut Val {
        let i = match self.find(key) {
            Ok(i) => i,
            Err(i) => {
                self.0.insert(i, (key.clone(), Val::Null));
                i
            }
        };
        &mut self.0[i].1
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn fields(&self) -> &[(Str, Val)] {
        &self.0
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&mut Val) -> bool) {
        self.0.retain_mut(|(_, v)| keep(v));
    }

    /// `other`'s fields over these.
    pub fn extend(&mut self, other: &Self) {
        if other.0.len() < 8 && other.0.len() * 4 < self.0.len() {
            for (k, v) in &other.0 {
                *self.entry(k) = v.clone();
            }
        } else {
            self.merge(other, |_, new| new.clone());
        }
    }

    /// `other`'s fields over these, where `both` decides on keys that both have. Linear.
    pub fn merge(&mut self, other: &Self, mut both: impl FnMut(Val, &Val) -> Val) {
        let mut left = std::mem::take(&mut self.0).into_iter().peekable();
        let mut right = other.0.iter().peekable();
        let mut out = Vec::with_capacity(left.len() + right.len());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some((l, _)), Some((r, _))) => l.cmp(r),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            match order {
                Ordering::Less => out.extend(left.next()),
                Ordering::Greater => out.extend(right.next().cloned()),
                Ordering::Equal => {
                    if let (Some((k, l)), Some((_, r))) = (left.next(), right.next()) {
                        out.push((k, both(l, r)));
                    }
                }
            }
        }
        self.0 = out;
    }
}

impl Val {
    pub fn str(s: &str) -> Self {
        Self::Str(Str::from(s.as_bytes()))
    }

    pub fn bytes(s: Vec<u8>) -> Self {
        Self::Str(Str::from(s))
    }

    pub fn arr(a: Vec<Val>) -> Self {
        Self::Arr(Rc::new(a))
    }

    pub fn obj(fields: Vec<(Str, Val)>) -> Self {
        Self::Obj(Rc::new(Map::from_fields(fields)))
    }

    /// An object with these constant keys.
    pub fn record<const N: usize>(fields: [(&str, Val); N]) -> Self {
        Self::obj(
            fields
                .into_iter()
                .map(|(k, v)| (Str::from(k.as_bytes()), v))
                .collect(),
        )
    }

    pub fn size(n: usize) -> Self {
        Self::Int(n as i64)
    }

    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Big(_) | Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::Arr(_) => "array",
            Self::Obj(_) => "object",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Int(_) | Self::Big(_) | Self::Float(_) => 3,
            Self::Str(_) => 4,
            Self::Arr(_) => 5,
            Self::Obj(_) => 6,
        }
    }

    /// A string's text, with bytes that are not UTF-8 replaced.
    pub fn text(s: &[u8]) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(s)
    }
}

/// How jq's operators compare. NaN is less than any number, itself included, and any number is greater than NaN.
pub fn compare(l: &Val, r: &Val) -> Ordering {
    compare_with(l, r, num::compare)
}

/// A total order for sorting: as [`compare`], except that NaN equals NaN and large numbers are compared exactly.
pub fn compare_total(l: &Val, r: &Val) -> Ordering {
    compare_with(l, r, num::compare_total)
}

fn compare_with(l: &Val, r: &Val, numbers: fn(&Val, &Val) -> Ordering) -> Ordering {
    match (l, r) {
        (Val::Str(l), Val::Str(r)) => l.cmp(r),
        (Val::Arr(l), Val::Arr(r)) => {
            for (l, r) in l.iter().zip(r.iter()) {
                match compare_with(l, r, numbers) {
                    Ordering::Equal => {}
                    other => return other,
                }
            }
            l.len().cmp(&r.len())
        }
        (Val::Obj(l), Val::Obj(r)) => {
            let keys = |m: &Rc<Map>| {
                m.fields()
                    .iter()
                    .map(|(k, _)| k.clone())
                    .collect::<Vec<_>>()
            };
            keys(l).cmp(&keys(r)).then_with(|| {
                let mut pairs = l.fields().iter().zip(r.fields());
                pairs
                    .find_map(|((_, l), (_, r))| {
                        Some(compare_with(l, r, numbers)).filter(|o| o.is_ne())
                    })
                    .unwrap_or(Ordering::Equal)
            })
        }
        _ if l.rank() == 3 && r.rank() == 3 => numbers(l, r),
        _ => l.rank().cmp(&r.rank()),
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Val::Arr(l), Val::Arr(r)) => {
                l.len() == r.len() && l.iter().zip(r.iter()).all(|(l, r)| l == r)
            }
            (Val::Obj(l), Val::Obj(r)) => {
                l.len() == r.len()
                    && l.fields()
                        .iter()
                        .zip(r.fields())
                        .all(|((lk, lv), (rk, rv))| lk == rk && lv == rv)
            }
            _ => compare(self, other).is_eq(),
        }
    }
}

impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(compare(self, other))
    }
}
