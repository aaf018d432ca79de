//! Types of the contract as Go's.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use wit_bindgen_core::wit_parser::{Handle, Int, Type, TypeDefKind, TypeId, TypeOwner};

use super::{Writer, docs, public};

/// One of several things that a value may be.
pub(super) struct Case {
    /// A condition on `v`.
    pub(super) holds: String,
    /// What it carries, and where.
    pub(super) payload: Option<(Type, String)>,
    /// How it is made of `VALUE`.
    pub(super) make: String,
}

impl Case {
    fn new(holds: &str, payload: Option<(Type, &str)>, make: String) -> Self {
        Self {
            holds: holds.to_owned(),
            payload: payload.map(|(ty, value)| (ty, value.to_owned())),
            make,
        }
    }
}

impl<'r> Writer<'r> {
    pub(super) fn kind(&self, id: TypeId) -> Result<&'r TypeDefKind> {
        match self.resolve.types.get(id) {
            Some(def) => Ok(&def.kind),
            None => bail!("a type is not there"),
        }
    }

    /// A type behind all of its other names.
    pub(super) fn plain(&self, ty: &Type) -> Result<Type> {
        let mut ty = *ty;
        while let Type::Id(id) = ty {
            match self.kind(id)? {
                TypeDefKind::Type(inner) => ty = *inner,
                _ => break,
            }
        }
        Ok(ty)
    }

    /// The name of a type that has one.
    pub(super) fn name_of(&self, id: TypeId) -> Option<String> {
        let def = self.resolve.types.get(id)?;
        let name = def.name.as_deref()?;
        let TypeOwner::Interface(owner) = def.owner else {
            return Some(public(name));
        };
        let interface = self.resolve.interfaces.get(owner)?.name.as_deref();
        Some(format!(
            "{}{}",
            public(interface.unwrap_or("")),
            public(name)
        ))
    }

    /// A type as Go writes it. Named ones are written down where they are met first.
    pub(super) fn go(&mut self, ty: &Type) -> Result<String> {
        let ty = self.plain(ty)?;
        Ok(match ty {
            Type::Bool => "bool".to_owned(),
            Type::U8 => "uint8".to_owned(),
            Type::S8 => "int8".to_owned(),
            Type::U16 => "uint16".to_owned(),
            Type::S16 => "int16".to_owned(),
            Type::U32 => "uint32".to_owned(),
            Type::S32 => "int32".to_owned(),
            Type::U64 => "uint64".to_owned(),
            Type::S64 => "int64".to_owned(),
            Type::F32 => "float32".to_owned(),
            Type::F64 => "float64".to_owned(),
            Type::Char => "rune".to_owned(),
            Type::String => "string".to_owned(),
            Type::ErrorContext => bail!("error contexts are not known"),
            Type::Id(id) => self.go_id(id)?,
        })
    }

    pub(super) fn go_optional(&mut self, ty: Option<&Type>) -> Result<String> {
        ty.map_or(Ok("struct{}".to_owned()), |ty| self.go(ty))
    }

    pub(super) fn go_id(&mut self, id: TypeId) -> Result<String> {
        Ok(match self.kind(id)? {
            TypeDefKind::Option(inner) => format!("Option[{}]", self.go(inner)?),
            TypeDefKind::List(inner) => format!("[]{}", self.go(inner)?),
            TypeDefKind::Result(result) => {
                let ok = self.go_optional(result.ok.as_ref())?;
                let err = self.go_optional(result.err.as_ref())?;
                format!("Result[{ok}, {err}]")
            }
            TypeDefKind::Tuple(tuple) if tuple.types.len() == 2 => {
                let parts: Vec<String> = tuple
                    .types
                    .iter()
                    .map(|ty| self.go(ty))
                    .collect::<Result<_>>()?;
                format!("Pair[{}]", parts.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
                let Type::Id(id) = self.plain(&Type::Id(*id))? else {
                    bail!("a handle of what is no resource");
                };
                self.go_id(id)?
            }
            _ => {
                let Some(name) = self.name_of(id) else {
                    bail!("a type without a name that has no other form");
                };
                if self.named.insert(id) {
                    self.define(id, &name)?;
                }
                name
            }
        })
    }

    /// Writes down a type.
    pub(super) fn define(&mut self, id: TypeId, name: &str) -> Result<()> {
        let Some(def) = self.resolve.types.get(id) else {
            return Ok(());
        };
        let mut text = docs(def.docs.contents.as_deref(), "");
        match &def.kind {
            TypeDefKind::Record(record) => {
                let _ = writeln!(text, "type {name} struct {{");
                for field in &record.fields {
                    text.push_str(&docs(field.docs.contents.as_deref(), "\t"));
                    let ty = self.go(&field.ty)?;
                    let _ = writeln!(text, "\t{} {ty}", public(&field.name));
                }
                text.push_str("}\n\n");
            }
            TypeDefKind::Enum(cases) => {
                let _ = writeln!(text, "type {name} uint8\n\nconst (");
                for (number, case) in cases.cases.iter().enumerate() {
                    text.push_str(&docs(case.docs.contents.as_deref(), "\t"));
                    let _ = writeln!(text, "\t{name}{} {name} = {number}", public(&case.name));
                }
                text.push_str(")\n\n");
            }
            TypeDefKind::Variant(variant) => {
                let _ = writeln!(text, "type {name} struct {{\n\tTag {name}Tag");
                for case in &variant.cases {
                    if let Some(ty) = &case.ty {
                        let ty = self.go(ty)?;
                        let _ = writeln!(text, "\t{} {ty}", public(&case.name));
                    }
                }
                let _ = writeln!(
                    text,
                    "}}\n\n// {name}Tag says which one it is.\ntype {name}Tag uint8\n\nconst ("
                );
                for (number, case) in variant.cases.iter().enumerate() {
                    text.push_str(&docs(case.docs.contents.as_deref(), "\t"));
                    let _ = writeln!(
                        text,
                        "\t{name}Is{} {name}Tag = {number}",
                        public(&case.name)
                    );
                }
                text.push_str(")\n\n");
            }
            TypeDefKind::Resource => {
                let _ = writeln!(
                    text,
                    "type {name} struct {{\n\t// Handle is its number; 0 is none.\n\tHandle uint32\n}}\n"
                );
            }
            _ => bail!("`{name}` is of a kind that is not known"),
        }
        self.types.push_str(&text);
        Ok(())
    }

    /// What a type is called in the names of helpers.
    pub(super) fn word(&mut self, ty: &Type) -> Result<String> {
        let go = self.go(ty)?.replace("[]", "List ");
        let mut word = String::new();
        for part in go.split(['[', ']', ',', ' ', '{', '}']) {
            let mut letters = part.chars();
            word.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            word.push_str(letters.as_str());
        }
        Ok(word)
    }

    pub(super) fn size(&self, ty: &Type) -> usize {
        self.sizes.size(ty).size_wasm32()
    }

    /// The cases of a type that is one of several: each with its payload and with how Go says it.
    pub(super) fn cases(&mut self, ty: &Type) -> Result<Option<Vec<Case>>> {
        let Type::Id(id) = self.plain(ty)? else {
            return Ok(None);
        };
        let go = self.go(ty)?;
        Ok(Some(match self.kind(id)? {
            TypeDefKind::Option(inner) => {
                let inner_go = self.go(inner)?;
                vec![
                    Case::new("!v.Some", None, format!("{go}{{}}")),
                    Case::new(
                        "v.Some",
                        Some((*inner, "v.Value")),
                        format!("Some[{inner_go}](VALUE)"),
                    ),
                ]
            }
            TypeDefKind::Result(result) => {
                let types = go.strip_prefix("Result").unwrap_or_default().to_owned();
                let make = |name: &str, ty: Option<&Type>| match ty {
                    Some(_) => format!("{name}{types}(VALUE)"),
                    None => format!("{name}{types}(struct{{}}{{}})"),
                };
                vec![
                    Case::new(
                        "!v.IsErr",
                        result.ok.map(|ty| (ty, "v.OK")),
                        make("OK", result.ok.as_ref()),
                    ),
                    Case::new(
                        "v.IsErr",
                        result.err.map(|ty| (ty, "v.Err")),
                        make("Err", result.err.as_ref()),
                    ),
                ]
            }
            TypeDefKind::Variant(variant) => variant
                .cases
                .iter()
                .map(|case| {
                    let tag = format!("{go}Is{}", public(&case.name));
                    let field = public(&case.name);
                    let make = match case.ty {
                        Some(_) => format!("{go}{{Tag: {tag}, {field}: VALUE}}"),
                        None => format!("{go}{{Tag: {tag}}}"),
                    };
                    Case {
                        holds: format!("v.Tag == {tag}"),
                        payload: case.ty.map(|ty| (ty, format!("v.{field}"))),
                        make,
                    }
                })
                .collect(),
            _ => return Ok(None),
        }))
    }

    pub(super) fn payload_offset(&self, cases: &[Case]) -> usize {
        let payloads = cases
            .iter()
            .map(|case| case.payload.as_ref().map(|(ty, _)| ty));
        let (tag, count) = (Int::U8, payloads.collect::<Vec<_>>());
        self.sizes.payload_offset(tag, count).size_wasm32()
    }
}
