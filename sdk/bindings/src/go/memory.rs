//! Values in linear memory: a function that loads, and one that stores, for each type.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use wit_bindgen_core::wit_parser::{Type, TypeDefKind};

use super::{Writer, public};

impl Writer<'_> {
    /// The name of the function that loads a type from memory.
    pub(super) fn load(&mut self, ty: &Type) -> Result<String> {
        let plain = self.plain(ty)?;
        let simple = match plain {
            Type::Bool => "loadBool",
            Type::U8 => "load[uint8]",
            Type::S8 => "load[int8]",
            Type::U16 => "load[uint16]",
            Type::S16 => "load[int16]",
            Type::U32 => "load[uint32]",
            Type::S32 => "load[int32]",
            Type::U64 => "load[uint64]",
            Type::S64 => "load[int64]",
            Type::F32 => "load[float32]",
            Type::F64 => "load[float64]",
            Type::Char => "load[rune]",
            Type::String => "loadString",
            _ => "",
        };
        if !simple.is_empty() {
            return Ok(simple.to_owned());
        }
        let Type::Id(id) = plain else {
            bail!("a type that cannot be loaded");
        };
        let (go, word) = (self.go(ty)?, self.word(ty)?);
        let name = format!("load{word}");
        if self.helpers.contains_key(&name) {
            return Ok(name);
        }
        self.helpers.insert(name.clone(), String::new());
        let mut body = String::new();
        if let Some(cases) = self.cases(ty)? {
            let offset = self.payload_offset(&cases);
            body.push_str("\tswitch load[uint8](p) {\n");
            for (number, case) in cases.iter().enumerate() {
                let made = match &case.payload {
                    Some((ty, _)) => {
                        let load = self.load(ty)?;
                        case.make
                            .replace("VALUE", &format!("{load}(at(p, {offset}))"))
                    }
                    None => case.make.clone(),
                };
                let _ = writeln!(body, "\tcase {number}:\n\t\treturn {made}");
            }
            body.push_str("\t}\n\tpanic(\"the host gave an unknown case\")\n");
        } else {
            match self.kind(id)? {
                TypeDefKind::List(inner) => {
                    let (size, load) = (self.size(inner), self.load(inner)?);
                    let _ = writeln!(body, "\treturn loadList(p, {size}, {load})");
                }
                TypeDefKind::Record(record) => {
                    let fields: Vec<Type> = record.fields.iter().map(|f| f.ty).collect();
                    let _ = writeln!(body, "\treturn {go}{{");
                    let offsets = self.offsets(&fields);
                    for (field, offset) in record.fields.iter().zip(offsets) {
                        let load = self.load(&field.ty)?;
                        let _ = writeln!(
                            body,
                            "\t\t{}: {load}(at(p, {offset})),",
                            public(&field.name)
                        );
                    }
                    body.push_str("\t}\n");
                }
                TypeDefKind::Tuple(tuple) => {
                    let offsets = self.offsets(&tuple.types);
                    let _ = writeln!(body, "\treturn {go}{{");
                    for (ty, offset) in tuple.types.iter().zip(offsets) {
                        let load = self.load(ty)?;
                        let _ = writeln!(body, "\t\t{load}(at(p, {offset})),");
                    }
                    body.push_str("\t}\n");
                }
                TypeDefKind::Enum(_) => {
                    let _ = writeln!(body, "\treturn {go}(load[uint8](p))");
                }
                TypeDefKind::Handle(_) => {
                    let _ = writeln!(body, "\treturn {go}{{load[uint32](p)}}");
                }
                _ => bail!("`{go}` cannot be loaded"),
            }
        }
        let text = format!("func {name}(p pointer) {go} {{\n{body}}}\n\n");
        self.helpers.insert(name.clone(), text);
        Ok(name)
    }

    pub(super) fn offsets(&self, types: &[Type]) -> Vec<usize> {
        let all = self.sizes.field_offsets(types);
        all.into_iter().map(|(at, _)| at.size_wasm32()).collect()
    }

    /// The name of the function that stores a type in memory.
    pub(super) fn store(&mut self, ty: &Type) -> Result<String> {
        let plain = self.plain(ty)?;
        let simple = match plain {
            Type::Bool => "storeBool".to_owned(),
            Type::String => "storeString".to_owned(),
            Type::Id(_) => String::new(),
            _ => format!("store[{}]", self.go(ty)?),
        };
        if !simple.is_empty() {
            return Ok(simple);
        }
        let Type::Id(id) = plain else {
            bail!("a type that cannot be stored");
        };
        let (go, word) = (self.go(ty)?, self.word(ty)?);
        let name = format!("store{word}");
        if self.helpers.contains_key(&name) {
            return Ok(name);
        }
        self.helpers.insert(name.clone(), String::new());
        let mut body = String::new();
        if let Some(cases) = self.cases(ty)? {
            let offset = self.payload_offset(&cases);
            body.push_str("\tswitch {\n");
            for (number, case) in cases.iter().enumerate() {
                let _ = writeln!(
                    body,
                    "\tcase {}:\n\t\tstore[uint8](m, p, {number})",
                    case.holds
                );
                if let Some((ty, value)) = &case.payload {
                    let store = self.store(ty)?;
                    let _ = writeln!(body, "\t\t{store}(m, at(p, {offset}), {value})");
                }
            }
            body.push_str("\t}\n");
        } else {
            match self.kind(id)? {
                TypeDefKind::List(inner) => {
                    let (size, store) = (self.size(inner), self.store(inner)?);
                    let _ = writeln!(body, "\tstoreList(m, p, v, {size}, {store})");
                }
                TypeDefKind::Record(record) => {
                    let fields: Vec<Type> = record.fields.iter().map(|f| f.ty).collect();
                    let offsets = self.offsets(&fields);
                    for (field, offset) in record.fields.iter().zip(offsets) {
                        let store = self.store(&field.ty)?;
                        let _ = writeln!(
                            body,
                            "\t{store}(m, at(p, {offset}), v.{})",
                            public(&field.name)
                        );
                    }
                }
                TypeDefKind::Tuple(tuple) => {
                    let offsets = self.offsets(&tuple.types);
                    for ((ty, offset), part) in
                        tuple.types.iter().zip(offsets).zip(["First", "Second"])
                    {
                        let store = self.store(ty)?;
                        let _ = writeln!(body, "\t{store}(m, at(p, {offset}), v.{part})");
                    }
                }
                TypeDefKind::Enum(_) => body.push_str("\tstore(m, p, uint8(v))\n"),
                TypeDefKind::Handle(_) => body.push_str("\tstore(m, p, v.Handle)\n"),
                _ => bail!("`{go}` cannot be stored"),
            }
        }
        let text = format!("func {name}(m *memory, p pointer, v {go}) {{\n{body}}}\n\n");
        self.helpers.insert(name.clone(), text);
        Ok(name)
    }
}
