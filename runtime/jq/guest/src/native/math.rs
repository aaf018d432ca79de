//! Mathematics on floats. The results are floats; a whole one is written without a point.

use jaq_core::native::Fun;

use super::{Data, op};
use crate::err::{self, Error, ValR};
use crate::num;
use crate::val::Val;

fn float(name: &str, v: &Val) -> Result<f64, Error> {
    num::to_f64(v).ok_or_else(|| err::not_for(name, v))
}

macro_rules! one {
    ($name:literal, $f:expr) => {
        op!($name, |v| {
            let f: fn(f64) -> f64 = $f;
            Ok(Val::Float(f(float($name, &v)?)))
        })
    };
}

macro_rules! two {
    ($name:literal, $f:expr) => {
        op!($name, |_v, x, y| {
            let f: fn(f64, f64) -> f64 = $f;
            Ok(Val::Float(f(float($name, &x)?, float($name, &y)?)))
        })
    };
}

fn int(f: f64) -> i32 {
    f as i32
}

fn significand(f: f64) -> f64 {
    if !f.is_finite() || f == 0.0 {
        return f;
    }
    f64::from_bits(f.to_bits() & 0x800f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
}

fn logb(f: f64) -> f64 {
    if f == 0.0 {
        f64::NEG_INFINITY
    } else if f.is_infinite() {
        f64::INFINITY
    } else if f.is_nan() {
        f
    } else {
        f64::from(libm::ilogb(f))
    }
}

fn drem(x: f64, y: f64) -> f64 {
    let r = libm::remainder(x, y);
    if r == 0.0 { r.copysign(x) } else { r }
}

fn frexp(v: &Val) -> ValR {
    let (fraction, exponent) = libm::frexp(float("frexp", v)?);
    Ok(Val::arr(vec![
        Val::Float(fraction),
        Val::Int(i64::from(exponent)),
    ]))
}

fn modf(v: &Val) -> ValR {
    let f = float("modf", v)?;
    let (fraction, whole) = if f.is_infinite() {
        (f64::NAN, f)
    } else {
        libm::modf(f)
    };
    Ok(Val::arr(vec![Val::Float(fraction), Val::Float(whole)]))
}

fn normal(v: &Val) -> ValR {
    Ok(Val::Bool(num::to_f64(v).is_some_and(f64::is_normal)))
}

fn is_nan(v: &Val) -> ValR {
    match v {
        Val::Null => Ok(Val::Bool(false)),
        v => Ok(Val::Bool(float("isnan", v)?.is_nan())),
    }
}

pub fn funs() -> Vec<Fun<Data>> {
    vec![
        op!("abs", |v| num::abs(&v)
            .ok_or_else(|| err::not_for("abs", &v))),
        op!("nan", |_v| Ok(Val::Float(f64::NAN))),
        op!("infinite", |_v| Ok(Val::Float(f64::INFINITY))),
        op!("isnan", |v| is_nan(&v)),
        op!("isinfinite", |v| Ok(Val::Bool(
            num::to_f64(&v).is_some_and(f64::is_infinite)
        ))),
        op!("isfinite", |v| Ok(Val::Bool(
            num::to_f64(&v).is_some_and(|f| !f.is_infinite())
        ))),
        op!("isnormal", |v| normal(&v)),
        op!("frexp", |v| frexp(&v)),
        op!("modf", |v| modf(&v)),
        op!("fma", |_v, x, y, z| {
            Ok(Val::Float(libm::fma(
                float("fma", &x)?,
                float("fma", &y)?,
                float("fma", &z)?,
            )))
        }),
        one!("floor", f64::floor),
        one!("ceil", f64::ceil),
        one!("round", f64::round),
        one!("nearbyint", f64::round_ties_even),
        one!("rint", f64::round_ties_even),
        one!("trunc", f64::trunc),
        one!("fabs", f64::abs),
        one!("sqrt", f64::sqrt),
        one!("cbrt", libm::cbrt),
        one!("significand", significand),
        one!("logb", logb),
        one!("gamma", libm::tgamma),
        one!("tgamma", libm::tgamma),
        one!("lgamma", libm::lgamma),
        one!("exp", libm::exp),
        one!("exp2", libm::exp2),
        one!("exp10", |f| libm::pow(10.0, f)),
        one!("expm1", libm::expm1),
        one!("log", libm::log),
        one!("log2", libm::log2),
        one!("log10", libm::log10),
        one!("log1p", libm::log1p),
        one!("sin", libm::sin),
        one!("cos", libm::cos),
        one!("tan", libm::tan),
        one!("asin", libm::asin),
        one!("acos", libm::acos),
        one!("atan", libm::atan),
        one!("sinh", libm::sinh),
        one!("cosh", libm::cosh),
        one!("tanh", libm::tanh),
        one!("asinh", libm::asinh),
        one!("acosh", libm::acosh),
        one!("atanh", libm::atanh),
        one!("erf", libm::erf),
        one!("erfc", libm::erfc),
        one!("j0", libm::j0),
        one!("j1", libm::j1),
        one!("y0", libm::y0),
        one!("y1", libm::y1),
        two!("pow", libm::pow),
        two!("atan2", libm::atan2),
        two!("hypot", libm::hypot),
        two!("fmin", f64::min),
        two!("fmax", f64::max),
        two!("fmod", libm::fmod),
        two!("fdim", libm::fdim),
        two!("copysign", f64::copysign),
        two!("drem", drem),
        two!("remainder", libm::remainder),
        two!("nextafter", libm::nextafter),
        two!("nexttoward", libm::nextafter),
        two!("ldexp", |x, e| libm::ldexp(x, int(e))),
        two!("scalb", |x, e| libm::ldexp(x, int(e))),
        two!("scalbln", |x, e| libm::ldexp(x, int(e))),
        two!("jn", |n, x| libm::jn(int(n), x)),
        two!("yn", |n, x| libm::yn(int(n), x)),
    ]
}
