//! TypeScript, for QuickJS components (`componentize-qjs`).
//!
//! The engine does the canonical ABI; what it gives and takes has the types that are written down here. An option is
//! the value or `null`, a function's result is what it returns or throws, an enum's case is its name, a variant is
//! `{ tag, val }`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};
use wit_bindgen_core::wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
    WorldId, WorldItem, WorldKey,
};

const HEAD: &str = "// Generated from wit/ by hookbox-bindings. Do not edit.\n\n";

/// The files of the folder `bindings`, by their names.
///
/// # Errors
/// The contract has something that cannot be said in TypeScript yet.
pub fn generate(resolve: &Resolve, world: WorldId) -> Result<BTreeMap<String, String>> {
    let Some(world) = resolve.worlds.get(world) else {
        bail!("there is no such world");
    };
    let mut writer = Writer {
        resolve,
        types: BTreeMap::new(),
        interfaces: String::new(),
    };
    let (mut imports, mut exports) = (String::new(), String::new());
    let (mut modules, mut glue, mut names) = (String::new(), String::new(), Vec::new());
    for (key, item) in &world.imports {
        if let WorldItem::Interface { id, .. } = item
            && let Some((field, name)) = writer.interface(*id)?
        {
            let module = resolve.name_world_key(key);
            let _ = writeln!(imports, "  {field}: {name};");
            let _ = writeln!(
                modules,
                "declare module \"{module}\" {{\n  const imported: import(\"./contract.js\").{name};\n  export default imported;\n}}"
            );
            let _ = writeln!(glue, "import {field} from \"{module}\";");
            names.push(field);
        }
    }
    for (key, item) in &world.exports {
        if let WorldItem::Interface { id, .. } = item
            && let Some((field, name)) = writer.interface(*id)?
            && matches!(key, WorldKey::Interface(_))
        {
            let _ = writeln!(exports, "  {field}: {name};");
        }
    }
    let types: String = writer.types.into_values().collect();
    let contract = format!(
        "{HEAD}{types}{}/** What the host offers. */\nexport interface Imports {{\n{imports}}}\n\n/** What a component does. */\nexport interface Exports {{\n{exports}}}\n",
        writer.interfaces
    );
    let glue = format!(
        "{HEAD}{glue}import type {{ Imports }} from \"./contract.js\";\n\n/** The host of a component. */\nexport const imports: Imports = {{ {} }};\n",
        names.join(", ")
    );
    Ok(BTreeMap::from([
        ("contract.ts".to_owned(), contract),
        ("imports.ts".to_owned(), glue),
        ("modules.d.ts".to_owned(), format!("{HEAD}{modules}")),
    ]))
}

/// The contract as one text, for a tool that wants files.
///
/// # Errors
/// A file cannot be read.
pub fn contract_text(folder: &std::path::Path) -> Result<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "wit"));
    files.sort();
    let mut text = String::from("// Made of wit/ by hookbox-bindings. Do not edit.\n\n");
    for (number, file) in files.iter().enumerate() {
        for line in std::fs::read_to_string(file)?.lines() {
            if number == 0 || !line.starts_with("package ") {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Ok(text)
}

struct Writer<'r> {
    resolve: &'r Resolve,
    /// Types that have names, written down.
    types: BTreeMap<String, String>,
    interfaces: String,
}

fn docs(text: Option<&str>, indent: &str) -> String {
    let lines: Vec<&str> = text.unwrap_or_default().trim().lines().collect();
    match lines.as_slice() {
        [] => String::new(),
        [one] => format!("{indent}/** {one} */\n"),
        many => {
            let mut out = format!("{indent}/**\n");
            for line in many {
                let _ = writeln!(out, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(out, "{indent} */");
            out
        }
    }
}

impl<'r> Writer<'r> {
    fn kind(&self, id: TypeId) -> Result<&'r TypeDefKind> {
        match self.resolve.types.get(id) {
            Some(def) => Ok(&def.kind),
            None => bail!("a type is not there"),
        }
    }

    /// Writes an interface down: its name as a field and as a type; none where it has no functions.
    fn interface(&mut self, id: InterfaceId) -> Result<Option<(String, String)>> {
        let resolve = self.resolve;
        let Some(interface) = resolve.interfaces.get(id) else {
            return Ok(None);
        };
        let wit = interface.name.as_deref().unwrap_or_default();
        let mut own = String::new();
        for function in interface.functions.values() {
            match function.kind {
                FunctionKind::Freestanding => own.push_str(&self.function(function, 0)?),
                FunctionKind::Method(_) => {}
                _ => bail!("`{}` is of a kind that is not known", function.name),
            }
        }
        for ty in interface.types.values() {
            self.ts(&Type::Id(*ty))?;
        }
        if own.is_empty() {
            return Ok(None);
        }
        let name = wit.to_upper_camel_case();
        let _ = write!(
            self.interfaces,
            "{}export interface {name} {{\n{own}}}\n\n",
            docs(interface.docs.contents.as_deref(), "")
        );
        Ok(Some((wit.to_lower_camel_case(), name)))
    }

    fn function(&mut self, function: &Function, skipped: usize) -> Result<String> {
        let mut params = Vec::new();
        for param in function.params.iter().skip(skipped) {
            let ty = self.ts(&param.ty)?;
            params.push(format!("{}: {ty}", param.name.to_lower_camel_case()));
        }
        let result = match &function.result {
            None => "void".to_owned(),
            // Its error is thrown.
            Some(Type::Id(id)) => match self.kind(*id)? {
                TypeDefKind::Result(result) => match &result.ok {
                    Some(ok) => self.ts(ok)?,
                    None => "void".to_owned(),
                },
                _ => self.ts(&Type::Id(*id))?,
            },
            Some(ty) => self.ts(ty)?,
        };
        Ok(format!(
            "{}  {}({}): {result};\n",
            docs(function.docs.contents.as_deref(), "  "),
            function.item_name().to_lower_camel_case(),
            params.join(", ")
        ))
    }

    fn ts(&mut self, ty: &Type) -> Result<String> {
        Ok(match ty {
            Type::Bool => "boolean".to_owned(),
            Type::U8
            | Type::S8
            | Type::U16
            | Type::S16
            | Type::U32
            | Type::S32
            | Type::U64
            | Type::S64
            | Type::F32
            | Type::F64 => "number".to_owned(),
            Type::Char | Type::String => "string".to_owned(),
            Type::ErrorContext => bail!("error contexts are not known"),
            Type::Id(id) => self.ts_id(*id)?,
        })
    }

    fn ts_optional(&mut self, ty: Option<&Type>) -> Result<String> {
        ty.map_or(Ok("undefined".to_owned()), |ty| self.ts(ty))
    }

    fn ts_id(&mut self, id: TypeId) -> Result<String> {
        Ok(match self.kind(id)? {
            TypeDefKind::Type(inner) => self.ts(inner)?,
            TypeDefKind::Option(inner) => format!("{} | null", self.ts(inner)?),
            TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
            TypeDefKind::List(inner) => match self.ts(inner)? {
                several if several.contains(' ') => format!("Array<{several}>"),
                one => format!("{one}[]"),
            },
            TypeDefKind::Result(result) => {
                let ok = self.ts_optional(result.ok.as_ref())?;
                let err = self.ts_optional(result.err.as_ref())?;
                format!("{{ tag: \"ok\"; val: {ok} }} | {{ tag: \"err\"; val: {err} }}")
            }
            TypeDefKind::Tuple(tuple) => {
                let parts: Vec<String> = tuple
                    .types
                    .iter()
                    .map(|ty| self.ts(ty))
                    .collect::<Result<_>>()?;
                format!("[{}]", parts.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => self.ts_id(*id)?,
            _ => {
                let name = self.name_of(id)?;
                if !self.types.contains_key(&name) {
                    // Until it is there, so that it may speak of itself.
                    self.types.insert(name.clone(), String::new());
                    let text = self.define(id, &name)?;
                    self.types.insert(name.clone(), text);
                }
                name
            }
        })
    }

    fn name_of(&self, id: TypeId) -> Result<String> {
        let named = self.resolve.types.get(id).and_then(|def| {
            let TypeOwner::Interface(owner) = def.owner else {
                return None;
            };
            let interface = self.resolve.interfaces.get(owner)?.name.as_deref()?;
            let name = def.name.as_deref()?;
            Some(interface.to_upper_camel_case() + &name.to_upper_camel_case())
        });
        match named {
            Some(name) => Ok(name),
            None => bail!("a type without a name that has no other form"),
        }
    }

    /// The text of a type that has a name.
    fn define(&mut self, id: TypeId, name: &str) -> Result<String> {
        let resolve = self.resolve;
        let Some(def) = resolve.types.get(id) else {
            bail!("a type is not there");
        };
        let mut text = docs(def.docs.contents.as_deref(), "");
        match &def.kind {
            TypeDefKind::Record(record) => {
                let _ = writeln!(text, "export interface {name} {{");
                for field in &record.fields {
                    text.push_str(&docs(field.docs.contents.as_deref(), "  "));
                    let ty = self.ts(&field.ty)?;
                    let _ = writeln!(text, "  {}: {ty};", field.name.to_lower_camel_case());
                }
                text.push_str("}\n\n");
            }
            TypeDefKind::Enum(cases) => {
                let cases: Vec<String> = cases
                    .cases
                    .iter()
                    .map(|case| format!("\"{}\"", case.name))
                    .collect();
                let _ = writeln!(text, "export type {name} = {};\n", cases.join(" | "));
            }
            TypeDefKind::Variant(variant) => {
                let _ = write!(text, "export type {name} =");
                for case in &variant.cases {
                    let val = match &case.ty {
                        Some(ty) => format!("; val: {}", self.ts(ty)?),
                        None => String::new(),
                    };
                    let _ = write!(text, "\n  | {{ tag: \"{}\"{val} }}", case.name);
                }
                text.push_str(";\n\n");
            }
            TypeDefKind::Resource => {
                let TypeOwner::Interface(owner) = def.owner else {
                    bail!("`{name}` belongs to nobody");
                };
                let _ = writeln!(text, "export interface {name} {{");
                let functions = resolve.interfaces.get(owner).map(|owner| &owner.functions);
                for function in functions.into_iter().flat_map(|all| all.values()) {
                    if function.kind == FunctionKind::Method(id) {
                        text.push_str(&self.function(function, 1)?);
                    }
                }
                text.push_str("}\n\n");
            }
            _ => bail!("`{name}` is of a kind that is not known"),
        }
        Ok(text)
    }
}
