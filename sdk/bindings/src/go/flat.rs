//! Values as parameters and results of core functions.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use heck::ToLowerCamelCase as _;
use wit_bindgen_core::wit_parser::abi::{FlatTypes, WasmType};
use wit_bindgen_core::wit_parser::{Type, TypeDefKind, TypeId};

use super::{Writer, public};

impl Writer<'_> {
    pub(super) fn flat(&self, ty: &Type) -> Result<Vec<WasmType>> {
        let mut storage = [WasmType::I32; 64];
        let mut flat = FlatTypes::new(&mut storage);
        if !self.resolve.push_flat(ty, &mut flat) {
            bail!("a type that is too wide");
        }
        Ok(flat.to_vec())
    }

    /// What a value is as parameters of a core function: an expression for each, with what has to be done before.
    pub(super) fn lower(&mut self, ty: &Type, value: &str) -> Result<(String, Vec<String>)> {
        let plain = self.plain(ty)?;
        let one = |text: String| Ok((String::new(), vec![text]));
        match plain {
            Type::Bool => return one(format!("flag({value})")),
            Type::U8 | Type::U16 | Type::U32 | Type::Char => {
                return one(format!("uint32({value})"));
            }
            Type::S8 | Type::S16 | Type::S32 => return one(format!("uint32(int32({value}))")),
            Type::U64 | Type::S64 => return one(format!("uint64({value})")),
            Type::F32 | Type::F64 => return one(value.to_owned()),
            _ => {}
        }
        let id = match plain {
            Type::Id(id) => Some(id),
            _ => None,
        };
        if let Some(id) = id {
            match self.kind(id)? {
                TypeDefKind::Enum(_) => return one(format!("uint32({value})")),
                TypeDefKind::Handle(_) => return one(format!("{value}.Handle")),
                _ => {}
            }
        }
        // By a helper that gives them all.
        let flat = self.flat(ty)?;
        let (go, word) = (self.go(ty)?, self.word(ty)?);
        let name = format!("lower{word}");
        if !self.helpers.contains_key(&name) {
            self.helpers.insert(name.clone(), String::new());
            let body = self.lower_body(ty, id, flat.len())?;
            let text = format!(
                "func {name}(m *memory, v {go}) (f [{}]flat) {{\n{body}\treturn\n}}\n\n",
                flat.len()
            );
            self.helpers.insert(name.clone(), text);
        }
        let base = value.replace(['.', '(', ')', ' '], "_");
        let local = format!("flat_{base}").to_lower_camel_case();
        let before = format!("\t{local} := {name}(&m, {value})\n");
        let parts = flat
            .iter()
            .enumerate()
            .map(|(number, ty)| {
                let part = format!("{local}[{number}]");
                Ok(match ty {
                    WasmType::F32 => format!("{part}.float32()"),
                    WasmType::F64 => format!("{part}.float64()"),
                    WasmType::I64 => format!("uint64({part})"),
                    _ => format!("uint32({part})"),
                })
            })
            .collect::<Result<_>>()?;
        Ok((before, parts))
    }

    pub(super) fn lower_body(
        &mut self,
        ty: &Type,
        id: Option<TypeId>,
        width: usize,
    ) -> Result<String> {
        let mut body = String::new();
        let Some(id) = id else {
            // A string.
            return Ok("\tf[0], f[1] = m.string(v)\n".to_owned());
        };
        let part = |writer: &mut Self, ty: &Type, value: &str, at: &mut usize| -> Result<String> {
            let (before, parts) = writer.lower(ty, value)?;
            let mut text = before.replace("(&m, ", "(m, ");
            let flat = writer.flat(ty)?;
            for (part, ty) in parts.iter().zip(flat) {
                let made = match ty {
                    WasmType::F32 => format!("flat32({part})"),
                    WasmType::F64 => format!("flat64({part})"),
                    _ => format!("flat({part})"),
                };
                let _ = writeln!(text, "\tf[{at}] = {made}");
                *at += 1;
            }
            Ok(text)
        };
        if let Some(cases) = self.cases(ty)? {
            body.push_str("\tswitch {\n");
            for (number, case) in cases.iter().enumerate() {
                let _ = writeln!(body, "\tcase {}:\n\tf[0] = {number}", case.holds);
                if let Some((ty, value)) = &case.payload {
                    let mut at = 1;
                    body.push_str(&part(self, ty, value, &mut at)?);
                    if at > width {
                        bail!("cases of other widths");
                    }
                }
            }
            body.push_str("\t}\n");
            return Ok(body);
        }
        let mut at = 0;
        match self.kind(id)? {
            TypeDefKind::List(inner) => {
                let (size, store) = (self.size(inner), self.store(inner)?);
                let _ = writeln!(body, "\tf[0], f[1] = lowerList(m, v, {size}, {store})");
            }
            TypeDefKind::Record(record) => {
                for field in &record.fields {
                    let value = format!("v.{}", public(&field.name));
                    body.push_str(&part(self, &field.ty, &value, &mut at)?);
                }
            }
            TypeDefKind::Tuple(tuple) => {
                for (ty, field) in tuple.types.iter().zip(["v.First", "v.Second"]) {
                    body.push_str(&part(self, ty, field, &mut at)?);
                }
            }
            _ => bail!("a type that is no parameter"),
        }
        Ok(body)
    }

    /// A value from the parameters or the result of a core function.
    pub(super) fn lift(&mut self, ty: &Type, parts: &[String]) -> Result<String> {
        let plain = self.plain(ty)?;
        let (first, second) = (
            parts.first().cloned().unwrap_or_default(),
            parts.get(1).cloned().unwrap_or_default(),
        );
        Ok(match plain {
            Type::Bool => format!("{first} != 0"),
            Type::String => format!("text({first}, {second})"),
            Type::Id(id) => match self.kind(id)? {
                TypeDefKind::List(inner) => {
                    let (size, load) = (self.size(inner), self.load(inner)?);
                    format!("liftList({first}, {second}, {size}, {load})")
                }
                TypeDefKind::Enum(_) => format!("{}({first})", self.go(ty)?),
                TypeDefKind::Handle(_) => format!("{}{{{first}}}", self.go(ty)?),
                _ => bail!("a type that is no parameter of an export"),
            },
            _ => format!("{}({first})", self.go(ty)?),
        })
    }
}
