//! Numbers: integers of any size are exact, all else is a 64-bit float.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use crate::val::Val;

/// The number that a JSON number or a jq literal stands for.
pub fn parse(s: &str) -> Val {
    if let Ok(i) = s.parse::<i64>() {
        return Val::Int(i);
    }
    if s.contains(['.', 'e', 'E']) {
        return Val::Float(s.parse().unwrap_or(f64::NAN));
    }
    match s.parse::<BigInt>() {
        Ok(i) => big(i),
        Err(_) if s.starts_with('-') => Val::Float(f64::NEG_INFINITY),
        Err(_) => Val::Float(f64::INFINITY),
    }
}

/// An integer in its smallest form.
pub fn big(i: BigInt) -> Val {
    i.to_i64().map_or_else(|| Val::Big(Rc::new(i)), Val::Int)
}

fn big_to_f64(i: &BigInt) -> f64 {
    i.to_f64().unwrap_or(if i.is_negative() {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    })
}

/// The number as a float; none if it is not a number.
pub fn to_f64(v: &Val) -> Option<f64> {
    match v {
        Val::Int(i) => Some(*i as f64),
        Val::Big(i) => Some(big_to_f64(i)),
        Val::Float(f) => Some(*f),
        _ => None,
    }
}

/// The number as an integer, cut off and saturated; none if it is not a number.
pub fn to_int(v: &Val) -> Option<i64> {
    match v {
        Val::Int(i) => Some(*i),
        Val::Big(i) => Some(if i.is_negative() { i64::MIN } else { i64::MAX }),
        Val::Float(f) => Some(float_to_int(*f)),
        _ => None,
    }
}

fn float_to_int(f: f64) -> i64 {
    // NaN falls to the least integer, as in the peers' jq.
    if f.is_nan() { i64::MIN } else { f as i64 }
}

enum Pair {
    Ints(i64, i64),
    Bigs(BigInt, BigInt),
    Floats(f64, f64),
}

fn to_big(v: &Val) -> Option<BigInt> {
    match v {
        Val::Int(i) => Some(BigInt::from(*i)),
        Val::Big(i) => Some((**i).clone()),
        _ => None,
    }
}

fn pair(l: &Val, r: &Val) -> Option<Pair> {
    match (l, r) {
        (Val::Int(l), Val::Int(r)) => Some(Pair::Ints(*l, *r)),
        (Val::Float(_), _) | (_, Val::Float(_)) => Some(Pair::Floats(to_f64(l)?, to_f64(r)?)),
        _ => Some(Pair::Bigs(to_big(l)?, to_big(r)?)),
    }
}

pub fn compare(l: &Val, r: &Val) -> Ordering {
    match pair(l, r) {
        Some(Pair::Ints(l, r)) => l.cmp(&r),
        Some(Pair::Bigs(l, r)) => l.cmp(&r),
        Some(Pair::Floats(l, r)) if l < r || l.is_nan() => Ordering::Less,
        Some(Pair::Floats(l, r)) if l == r => Ordering::Equal,
        _ => Ordering::Greater,
    }
}

pub fn compare_total(l: &Val, r: &Val) -> Ordering {
    let float = |v: &Val| {
        if let Val::Float(f) = v {
            Some(*f)
        } else {
            None
        }
    };
    match (float(l), float(r)) {
        (Some(l), Some(r)) => l
            .partial_cmp(&r)
            .unwrap_or_else(|| r.is_nan().cmp(&l.is_nan())),
        (None, None) => compare(l, r),
        (Some(l), None) => float_big(l, r),
        (None, Some(r)) => float_big(r, l).reverse(),
    }
}

fn float_big(l: f64, r: &Val) -> Ordering {
    let Some(r) = to_big(r) else {
        return Ordering::Less;
    };
    match num_traits::FromPrimitive::from_f64(l.floor()) {
        None if l > 0.0 => Ordering::Greater,
        None => Ordering::Less,
        Some(floor) => BigInt::cmp(&floor, &r).then(if l > l.floor() {
            Ordering::Greater
        } else {
            Ordering::Equal
        }),
    }
}

pub fn add(l: &Val, r: &Val) -> Option<Val> {
    Some(match pair(l, r)? {
        Pair::Ints(l, r) => l
            .checked_add(r)
            .map_or_else(|| big(BigInt::from(l) + r), Val::Int),
        Pair::Bigs(l, r) => big(l + r),
        Pair::Floats(l, r) => Val::Float(l + r),
    })
}

pub fn sub(l: &Val, r: &Val) -> Option<Val> {
    Some(match pair(l, r)? {
        Pair::Ints(l, r) => l
            .checked_sub(r)
            .map_or_else(|| big(BigInt::from(l) - r), Val::Int),
        Pair::Bigs(l, r) => big(l - r),
        Pair::Floats(l, r) => Val::Float(l - r),
    })
}

pub fn mul(l: &Val, r: &Val) -> Option<Val> {
    Some(match pair(l, r)? {
        Pair::Ints(l, r) => l
            .checked_mul(r)
            .map_or_else(|| big(BigInt::from(l) * r), Val::Int),
        Pair::Bigs(l, r) => big(l * r),
        Pair::Floats(l, r) => Val::Float(l * r),
    })
}

/// Outer none: not numbers. Inner none: a division by zero.
pub fn div(l: &Val, r: &Val) -> Option<Option<Val>> {
    Some(match pair(l, r)? {
        Pair::Ints(_, 0) => None,
        Pair::Ints(l, r) => Some(match l.checked_rem(r) {
            Some(0) => Val::Int(l / r),
            Some(_) => Val::Float(l as f64 / r as f64),
            // The one quotient that does not fit: the least integer by -1.
            None => big(-BigInt::from(l)),
        }),
        Pair::Bigs(_, r) if r.is_zero() => None,
        Pair::Bigs(l, r) => Some(if (&l % &r).is_zero() {
            big(l / r)
        } else {
            Val::Float(big_to_f64(&l) / big_to_f64(&r))
        }),
        Pair::Floats(_, 0.0) => None,
        Pair::Floats(l, r) => Some(Val::Float(l / r)),
    })
}

/// Outer none: not numbers. Inner none: a division by zero.
pub fn rem(l: &Val, r: &Val) -> Option<Option<Val>> {
    Some(match pair(l, r)? {
        Pair::Ints(_, 0) => None,
        Pair::Ints(l, r) => Some(Val::Int(l.checked_rem(r).unwrap_or(0))),
        Pair::Bigs(_, r) if r.is_zero() => None,
        Pair::Bigs(l, r) => Some(big(l % r)),
        Pair::Floats(l, r) => {
            let divisor = float_to_int(r);
            if divisor == 0 {
                None
            } else if l.is_nan() || r.is_nan() {
                Some(Val::Float(f64::NAN))
            } else {
                Some(Val::Int(float_to_int(l).checked_rem(divisor).unwrap_or(0)))
            }
        }
    })
}

pub fn neg(v: &Val) -> Option<Val> {
    Some(match v {
        Val::Int(i) => i
            .checked_neg()
            .map_or_else(|| big(-BigInt::from(*i)), Val::Int),
        Val::Big(i) => big(-(**i).clone()),
        Val::Float(f) => Val::Float(-f),
        _ => return None,
    })
}

pub fn abs(v: &Val) -> Option<Val> {
    match v {
        Val::Int(i) if *i < 0 => neg(v),
        Val::Big(i) if i.is_negative() => neg(v),
        Val::Float(f) => Some(Val::Float(f.abs())),
        Val::Int(_) | Val::Big(_) => Some(v.clone()),
        _ => None,
    }
}

/// The float as JSON: shortest digits, an exponent only below 1e-6 and from 1e21 on.
pub fn write_float(out: &mut Vec<u8>, f: f64) {
    // Not std's digits: of two that are equally short and near, Go and ryu take the even one.
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format(f);
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i32>() else {
        return out.extend_from_slice(text.as_bytes());
    };
    // The digits, and where the point is: `0.digits` times ten to this.
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let point = whole.len() as i32 + exponent - zeros as i32;
    let digits = digits.trim_matches('0');
    out.extend_from_slice(sign.as_bytes());
    if digits.is_empty() {
        return out.push(b'0');
    }
    let (one, rest) = digits.split_at(1);
    if !(-5..=21).contains(&point) {
        out.extend_from_slice(one.as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest.as_bytes());
        }
        let exponent = point - 1;
        let sign = if exponent < 0 { "" } else { "+" };
        return out.extend_from_slice(format!("e{sign}{exponent}").as_bytes());
    }
    let length = digits.len() as i32;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let text = if point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{digits}{}", zeros(point - length))
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    };
    out.extend_from_slice(text.as_bytes());
}
