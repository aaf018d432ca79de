//! Go, for the standard toolchain (`GOOS=wasip1`).
//!
//! The canonical ABI is written out: imports by `//go:wasmimport`, exports by `//go:wasmexport`, values by functions that
//! load and store them in linear memory. What does not depend on the contract (memory that outlives a call, strings,
//! lists) is written by hand beside it, in `abi.go`. Outside of WebAssembly the same functions ask a `Host` of functions,
//! which tests put there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};
use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};
use wit_bindgen_core::wit_parser::abi::{AbiVariant, WasmType};
use wit_bindgen_core::wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, SizeAlign, Type, TypeDefKind, TypeId,
    TypeOwner, WorldId, WorldItem, WorldKey,
};

const HEAD: &str = "// Code generated from wit/ by hookbox-bindings. DO NOT EDIT.\n\n";

/// The files of the package `bindings`, by their names.
///
/// # Errors
/// The contract has something that cannot be said in Go yet.
pub fn generate(resolve: &Resolve, world: WorldId) -> Result<BTreeMap<String, String>> {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let mut writer = Writer {
        resolve,
        sizes,
        types: String::new(),
        named: BTreeSet::new(),
        helpers: BTreeMap::new(),
        imports: String::new(),
        native: String::new(),
        host: String::new(),
        exports: String::new(),
        exported: String::new(),
    };
    let Some(world) = resolve.worlds.get(world) else {
        bail!("there is no such world");
    };
    for (key, item) in &world.imports {
        if let WorldItem::Interface { id, .. } = item {
            writer.import(key, *id)?;
        }
    }
    for (key, item) in &world.exports {
        if let WorldItem::Interface { id, .. } = item {
            writer.export(key, *id)?;
        }
    }
    Ok(writer.files())
}

struct Writer<'r> {
    resolve: &'r Resolve,
    sizes: SizeAlign,
    types: String,
    named: BTreeSet<TypeId>,
    /// Functions that load, store or lower a type, by their names; none while one is being written.
    helpers: BTreeMap<String, String>,
    imports: String,
    native: String,
    host: String,
    exports: String,
    exported: String,
}

/// A Go name that is seen outside of its package.
fn public(name: &str) -> String {
    name.to_upper_camel_case()
        .replace("Json", "JSON")
        .replace("Api", "API")
}

fn docs(text: Option<&str>, indent: &str) -> String {
    let mut out = String::new();
    for line in text.unwrap_or_default().trim().lines() {
        let _ = writeln!(out, "{indent}// {}", line.trim_end());
    }
    out.replace("// \n", "//\n")
}

impl<'r> Writer<'r> {
    fn files(self) -> BTreeMap<String, String> {
        let wasm = |rest: &str| format!("{HEAD}//go:build wasip1\n\npackage bindings\n\n{rest}");
        let helpers: String = self.helpers.into_values().collect();
        let native = format!(
            "{HEAD}//go:build !wasip1\n\npackage bindings\n\n// Host is who answers outside of WebAssembly.\nvar Host struct {{\n{}}}\n\n{}",
            self.host, self.native
        );
        let types = format!(
            "{HEAD}package bindings\n\n{}// Exports is what the component does. All of it has to be there.\nvar Exports struct {{\n{}}}\n",
            self.types, self.exported
        );
        BTreeMap::from([
            ("types.go".to_owned(), types),
            (
                "wasm.go".to_owned(),
                wasm(&format!("{}{}{helpers}", self.imports, self.exports)),
            ),
            ("native.go".to_owned(), native),
        ])
    }

    fn kind(&self, id: TypeId) -> Result<&'r TypeDefKind> {
        match self.resolve.types.get(id) {
            Some(def) => Ok(&def.kind),
            None => bail!("a type is not there"),
        }
    }

    /// A type behind all of its other names.
    fn plain(&self, ty: &Type) -> Result<Type> {
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
    fn name_of(&self, id: TypeId) -> Option<String> {
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
    fn go(&mut self, ty: &Type) -> Result<String> {
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

    fn go_optional(&mut self, ty: Option<&Type>) -> Result<String> {
        ty.map_or(Ok("struct{}".to_owned()), |ty| self.go(ty))
    }

    fn go_id(&mut self, id: TypeId) -> Result<String> {
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
    fn define(&mut self, id: TypeId, name: &str) -> Result<()> {
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
    fn word(&mut self, ty: &Type) -> Result<String> {
        let go = self.go(ty)?.replace("[]", "List ");
        let mut word = String::new();
        for part in go.split(['[', ']', ',', ' ', '{', '}']) {
            let mut letters = part.chars();
            word.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            word.push_str(letters.as_str());
        }
        Ok(word)
    }

    fn size(&self, ty: &Type) -> usize {
        self.sizes.size(ty).size_wasm32()
    }

    /// The cases of a type that is one of several: each with its payload and with how Go says it.
    fn cases(&mut self, ty: &Type) -> Result<Option<Vec<Case>>> {
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

    fn payload_offset(&self, cases: &[Case]) -> usize {
        let payloads = cases
            .iter()
            .map(|case| case.payload.as_ref().map(|(ty, _)| ty));
        let (tag, count) = (
            wit_bindgen_core::wit_parser::Int::U8,
            payloads.collect::<Vec<_>>(),
        );
        self.sizes.payload_offset(tag, count).size_wasm32()
    }

    /// The name of the function that loads a type from memory.
    fn load(&mut self, ty: &Type) -> Result<String> {
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

    fn offsets(&self, types: &[Type]) -> Vec<usize> {
        let all = self.sizes.field_offsets(types);
        all.into_iter().map(|(at, _)| at.size_wasm32()).collect()
    }

    /// The name of the function that stores a type in memory.
    fn store(&mut self, ty: &Type) -> Result<String> {
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

    fn flat(&self, ty: &Type) -> Result<Vec<WasmType>> {
        let mut storage = [WasmType::I32; 64];
        let mut flat = wit_bindgen_core::wit_parser::abi::FlatTypes::new(&mut storage);
        if !self.resolve.push_flat(ty, &mut flat) {
            bail!("a type that is too wide");
        }
        Ok(flat.to_vec())
    }

    /// What a value is as parameters of a core function: an expression for each, with what has to be done before.
    fn lower(&mut self, ty: &Type, value: &str) -> Result<(String, Vec<String>)> {
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
            let results: Vec<&str> = flat.iter().map(|ty| core(*ty)).collect::<Result<_>>()?;
            let text = format!(
                "func {name}(m *memory, v {go}) (f [{}]flat) {{\n{body}\treturn\n}}\n\n",
                results.len()
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

    fn lower_body(&mut self, ty: &Type, id: Option<TypeId>, width: usize) -> Result<String> {
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

    fn key(&self, key: &WorldKey) -> String {
        self.resolve.name_world_key(key)
    }

    fn prefix(&self, id: InterfaceId) -> String {
        let interface = self.resolve.interfaces.get(id);
        public(
            interface
                .and_then(|i| i.name.as_deref())
                .unwrap_or_default(),
        )
    }

    fn import(&mut self, key: &WorldKey, id: InterfaceId) -> Result<()> {
        let (module, prefix) = (self.key(key), self.prefix(id));
        let Some(interface) = self.resolve.interfaces.get(id) else {
            return Ok(());
        };
        for ty in interface.types.values() {
            if matches!(self.kind(*ty)?, TypeDefKind::Resource) {
                let name = self.go(&Type::Id(*ty))?;
                let wit = self.resolve.types.get(*ty).and_then(|def| def.name.clone());
                let wit = wit.unwrap_or_default();
                let _ = write!(
                    self.imports,
                    "//go:wasmimport {module} [resource-drop]{wit}\nfunc drop{name}(handle uint32)\n\n// Drop gives it back.\nfunc (self {name}) Drop() {{ drop{name}(self.Handle) }}\n\n"
                );
                let _ = write!(
                    self.native,
                    "// Drop gives it back.\nfunc (self {name}) Drop() {{}}\n\n"
                );
            }
        }
        for function in interface.functions.values() {
            self.import_function(&module, &prefix, function)?;
        }
        Ok(())
    }

    fn import_function(&mut self, module: &str, prefix: &str, function: &Function) -> Result<()> {
        let resource = match function.kind {
            FunctionKind::Freestanding => None,
            FunctionKind::Method(id) => Some(self.go(&Type::Id(id))?),
            _ => bail!("`{}` is of a kind that is not known", function.name),
        };
        let short = public(function.item_name());
        let mut params = Vec::new();
        for param in &function.params {
            params.push((
                param.name.to_lower_camel_case(),
                self.go(&param.ty)?,
                param.ty,
            ));
        }
        let result = match &function.result {
            Some(ty) => self.go(ty)?,
            None => String::new(),
        };
        let said: Vec<String> = params
            .iter()
            .skip(usize::from(resource.is_some()))
            .map(|(name, go, _)| format!("{} {go}", safe(name)))
            .collect();
        let said = said.join(", ");
        let (head, host) = match &resource {
            Some(resource) => (
                format!("func (self {resource}) {short}({said}) {result}"),
                format!("{resource}{short}"),
            ),
            None => (
                format!("func {prefix}{short}({said}) {result}"),
                format!("{prefix}{short}"),
            ),
        };
        let text = docs(function.docs.contents.as_deref(), "");
        // WebAssembly.
        let signature = self
            .resolve
            .wasm_signature(AbiVariant::GuestImport, function);
        let core_params: Vec<String> = signature
            .params
            .iter()
            .enumerate()
            .map(|(number, ty)| Ok(format!("p{number} {}", core(*ty)?)))
            .collect::<Result<_>>()?;
        let core_result = match signature.results.first() {
            Some(ty) => core(*ty)?.to_owned(),
            None => String::new(),
        };
        let raw = format!("import{host}");
        let _ = writeln!(
            self.imports,
            "//go:wasmimport {module} {}\nfunc {raw}({}) {core_result}\n",
            function.name,
            core_params.join(", ")
        );
        let mut body = String::from("\tvar m memory\n");
        let mut flats = Vec::new();
        if signature.indirect_params {
            // Too many: as one record.
            let types: Vec<Type> = params.iter().map(|(_, _, ty)| *ty).collect();
            let words = self.sizes.params(&types).size.size_wasm32().div_ceil(8);
            let _ = writeln!(body, "\tgiven := m.area({words})");
            for ((name, _, ty), offset) in params.iter().zip(self.offsets(&types)) {
                let store = self.store(ty)?;
                let _ = writeln!(body, "\t{store}(&m, at(given, {offset}), {})", safe(name));
            }
            flats.push("address(given)".to_owned());
        } else {
            for (name, _, ty) in &params {
                let (before, parts) = self.lower(ty, &safe(name))?;
                body.push_str(&before);
                flats.extend(parts);
            }
        }
        let returned = match (&function.result, signature.retptr) {
            (Some(ty), true) => {
                let words = self.size(ty).div_ceil(8);
                let load = self.load(ty)?;
                let _ = writeln!(body, "\tarea := m.area({words})");
                flats.push("address(area)".to_owned());
                format!("{load}(area)")
            }
            (Some(ty), false) => self.lift(ty, &["got".to_owned()])?,
            (None, _) => String::new(),
        };
        let call = format!("{raw}({})", flats.join(", "));
        let call = match core_result.is_empty() {
            true => call,
            false => format!("got := {call}"),
        };
        let _ = writeln!(body, "\tleave()\n\t{call}\n\tenter()");
        if !returned.is_empty() {
            let _ = writeln!(body, "\tresult := {returned}");
        }
        body.push_str("\tm.end()\n");
        if !returned.is_empty() {
            body.push_str("\treturn result\n");
        }
        let _ = write!(self.imports, "{text}{head} {{\n{body}}}\n\n");
        // Elsewhere.
        let mut types: Vec<String> = params.iter().map(|(_, go, _)| go.clone()).collect();
        let mut names: Vec<String> = params.iter().map(|(name, ..)| safe(name)).collect();
        if resource.is_some()
            && let (Some(ty), Some(name)) = (types.first_mut(), names.first_mut())
        {
            *ty = "uint32".to_owned();
            *name = "self.Handle".to_owned();
        }
        let _ = writeln!(self.host, "\t{host} func({}) {result}", types.join(", "));
        let call = format!("Host.{host}({})", names.join(", "));
        let call = match result.is_empty() {
            true => call,
            false => format!("return {call}"),
        };
        let _ = write!(self.native, "{text}{head} {{ {call} }}\n\n");
        Ok(())
    }

    /// A value from the parameters or the result of a core function.
    fn lift(&mut self, ty: &Type, parts: &[String]) -> Result<String> {
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

    fn export(&mut self, key: &WorldKey, id: InterfaceId) -> Result<()> {
        let (module, prefix) = (self.key(key), self.prefix(id));
        let Some(interface) = self.resolve.interfaces.get(id) else {
            return Ok(());
        };
        for function in interface.functions.values() {
            let name = format!("{prefix}{}", public(&function.name));
            let signature = self
                .resolve
                .wasm_signature(AbiVariant::GuestExport, function);
            if signature.indirect_params {
                bail!("`{}` has too many parameters", function.name);
            }
            let mut said = Vec::new();
            let mut lifted = Vec::new();
            let mut at = 0;
            for param in &function.params {
                said.push(format!(
                    "{} {}",
                    safe(&param.name.to_lower_camel_case()),
                    self.go(&param.ty)?
                ));
                let width = self.flat(&param.ty)?.len();
                let parts: Vec<String> = (at..at + width).map(|n| format!("p{n}")).collect();
                at += width;
                lifted.push(self.lift(&param.ty, &parts)?);
            }
            let Some(result) = &function.result else {
                bail!("`{}` gives nothing back", function.name);
            };
            let result_go = self.go(result)?;
            let params: Vec<String> = signature
                .params
                .iter()
                .enumerate()
                .map(|(number, ty)| Ok(format!("p{number} {}", core(*ty)?)))
                .collect::<Result<_>>()?;
            let (words, store) = (self.size(result).div_ceil(8), self.store(result)?);
            self.exported
                .push_str(&docs(function.docs.contents.as_deref(), "\t"));
            let _ = writeln!(
                self.exported,
                "\t{name} func({}) {result_go}",
                said.join(", ")
            );
            let _ = write!(
                self.exports,
                "//go:wasmexport {module}#{}\nfunc export{name}({}) uint32 {{\n\tenter()\n\tresult := Exports.{name}({})\n\treturn give({words}, result, {store})\n}}\n\n",
                function.name,
                params.join(", "),
                lifted.join(", ")
            );
        }
        Ok(())
    }
}

/// One of several things that a value may be.
struct Case {
    /// A condition on `v`.
    holds: String,
    /// What it carries, and where.
    payload: Option<(Type, String)>,
    /// How it is made of `VALUE`.
    make: String,
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

/// A core type as Go writes it in `//go:wasmimport`.
fn core(ty: WasmType) -> Result<&'static str> {
    Ok(match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "uint32",
        WasmType::I64 => "uint64",
        WasmType::F32 => "float32",
        WasmType::F64 => "float64",
        WasmType::PointerOrI64 => bail!("a pointer or a long number"),
    })
}

/// A name that is no word of Go, nor one that is used here.
fn safe(name: &str) -> String {
    match name {
        "type" | "func" | "range" | "map" | "select" | "default" | "m" | "p" | "v" | "f" => {
            format!("{name}_")
        }
        name => name.to_owned(),
    }
}
