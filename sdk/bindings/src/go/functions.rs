//! Functions: what is imported, and what is exported.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use heck::ToLowerCamelCase as _;
use wit_bindgen_core::wit_parser::abi::{AbiVariant, WasmType};
use wit_bindgen_core::wit_parser::{
    Function, FunctionKind, InterfaceId, Type, TypeDefKind, WorldKey,
};

use super::{Writer, docs, public};

impl Writer<'_> {
    pub(super) fn key(&self, key: &WorldKey) -> String {
        self.resolve.name_world_key(key)
    }

    pub(super) fn prefix(&self, id: InterfaceId) -> String {
        let interface = self.resolve.interfaces.get(id);
        public(
            interface
                .and_then(|i| i.name.as_deref())
                .unwrap_or_default(),
        )
    }

    pub(super) fn import(&mut self, key: &WorldKey, id: InterfaceId) -> Result<()> {
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
                let _ = writeln!(self.host, "\t{name}Drop func(uint32)");
                let _ = write!(
                    self.native,
                    "// Drop gives it back.\nfunc (self {name}) Drop() {{ Host.{name}Drop(self.Handle) }}\n\n"
                );
            }
        }
        for function in interface.functions.values() {
            self.import_function(&module, &prefix, function)?;
        }
        Ok(())
    }

    pub(super) fn import_function(
        &mut self,
        module: &str,
        prefix: &str,
        function: &Function,
    ) -> Result<()> {
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

    pub(super) fn export(&mut self, key: &WorldKey, id: InterfaceId) -> Result<()> {
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
