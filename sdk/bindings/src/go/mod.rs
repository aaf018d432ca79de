//! Go, for the standard toolchain (`GOOS=wasip1`).
//!
//! The canonical ABI is written out: imports by `//go:wasmimport`, exports by `//go:wasmexport`, values by functions that
//! load and store them in linear memory. What does not depend on the contract (memory that outlives a call, strings,
//! lists) is written by hand beside it, in `abi.go`. Outside of WebAssembly the same functions ask a `Host` of functions,
//! which tests put there.

mod flat;
mod functions;
mod memory;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};
use heck::ToUpperCamelCase as _;
use wit_bindgen_core::wit_parser::{Resolve, SizeAlign, TypeId, WorldId, WorldItem};

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
        .replace("Http", "HTTP")
        .replace("Url", "URL")
}

fn docs(text: Option<&str>, indent: &str) -> String {
    let mut out = String::new();
    for line in text.unwrap_or_default().trim().lines() {
        let _ = writeln!(out, "{indent}// {}", line.trim_end());
    }
    out.replace("// \n", "//\n")
}

impl Writer<'_> {
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
}
