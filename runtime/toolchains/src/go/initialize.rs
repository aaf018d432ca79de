//! The end of a module's initialization, which Go tells nobody.

use anyhow::{Context as _, Result, bail};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemArg, Module, RawSection,
};
use wasmparser::{BinaryReader, CodeSectionReader, ExternalKind, Parser, Payload, TypeRef};

/// What is called before anything else of the module. All packages are initialized in it, and no `main` comes after it.
const INITIALIZE: &str = "_initialize";

/// The module, which writes 1 to the address `word` when its initialization is over.
///
/// # Errors
/// These bytes are no module, or one without an initialization.
pub(super) fn mark_end(module: &[u8], word: i32) -> Result<Vec<u8>> {
    let initialization = Initialization::of(module)?;
    let mut made = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::FunctionSection(types) => {
                let mut functions = FunctionSection::new();
                for kind in types.clone() {
                    functions.function(kind?);
                }
                functions.function(initialization.kind);
                made.section(&functions);
            }
            Payload::ExportSection(there) => {
                let mut exports = ExportSection::new();
                for export in there.clone() {
                    let export = export?;
                    let index = match export.name {
                        INITIALIZE => initialization.own,
                        _ => export.index,
                    };
                    let kind = match export.kind {
                        ExternalKind::Func => ExportKind::Func,
                        ExternalKind::Memory => ExportKind::Memory,
                        ExternalKind::Global => ExportKind::Global,
                        ExternalKind::Table => ExportKind::Table,
                        other => bail!("it exports `{}`, a {other:?}", export.name),
                    };
                    exports.export(export.name, kind, index);
                }
                made.section(&exports);
            }
            Payload::CodeSectionStart { range, .. } => {
                let content = module.get(range.clone()).context("it ends too early")?;
                let bodies = CodeSectionReader::new(BinaryReader::new(content, range.start))?;
                let mut code = CodeSection::new();
                for body in bodies {
                    code.raw(body?.as_bytes());
                }
                code.function(&initialization.then_write(word));
                made.section(&code);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = module.get(range).context("it ends too early")?;
                    made.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(made.finish())
}

/// Where a module is initialized.
struct Initialization {
    /// The function, and its type.
    original: u32,
    kind: u32,
    /// The one that takes its place, behind all others.
    own: u32,
}

impl Initialization {
    fn of(module: &[u8]) -> Result<Self> {
        let (mut imported, mut kinds, mut found) = (0, Vec::new(), None);
        for payload in Parser::new(0).parse_all(module) {
            match payload.context("this is no WebAssembly module")? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(types) => {
                    kinds = types.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.name == INITIALIZE && export.kind == ExternalKind::Func {
                            found = Some(export.index);
                        }
                    }
                }
                _ => {}
            }
        }
        let original =
            found.context("it does not export `_initialize`, as a library of Go does")?;
        let number = original.checked_sub(imported).map(usize::try_from);
        let kind = number
            .transpose()?
            .and_then(|number| kinds.get(number).copied());
        Ok(Self {
            original,
            kind: kind.context("`_initialize` is no function of the module")?,
            own: imported + u32::try_from(kinds.len())?,
        })
    }

    fn then_write(&self, word: i32) -> Function {
        let mut function = Function::new([]);
        let at = MemArg {
            offset: 0,
            align: 2,
            memory_index: 0,
        };
        let mut instructions = function.instructions();
        instructions.call(self.original);
        instructions
            .i32_const(word)
            .i32_const(1)
            .i32_store(at)
            .end();
        function
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test's failure is a panic")]

    use super::*;

    #[test]
    fn another_function_is_called_that_calls_the_first_one() {
        let module = wat::parse_str(
            r#"(module
                (import "a" "b" (func (param i32)))
                (type $nothing (func))
                (memory (export "memory") 1)
                (func (export "other") (result i32) i32.const 7)
                (func $start (export "_initialize") (type $nothing))
                (data (i32.const 8) "text"))"#,
        );
        let marked = mark_end(&module.unwrap(), 4200).unwrap();
        wasmparser::validate(&marked).unwrap();
        let now = Initialization::of(&marked).unwrap();
        // Behind the import and the two that were there.
        assert_eq!((now.original, now.own), (3, 4));
        let body = Parser::new(0)
            .parse_all(&marked)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CodeSectionEntry(body) => Some(body),
                _ => None,
            });
        let text: Vec<String> = body
            .last()
            .unwrap()
            .get_operators_reader()
            .unwrap()
            .into_iter()
            .map(|operator| format!("{:?}", operator.unwrap()))
            .collect();
        assert_eq!(text[0], "Call { function_index: 2 }");
        assert_eq!(text[1], "I32Const { value: 4200 }");
        assert_eq!(text.len(), 5);
    }

    #[test]
    fn what_has_no_initialization_is_told() {
        for (module, why) in [
            (r#"(module (func (export "run")))"#, "does not export"),
            (
                r#"(module (memory (export "_initialize") 1))"#,
                "does not export",
            ),
            (
                r#"(module (import "a" "b" (func $f)) (export "_initialize" (func $f)))"#,
                "no function of the module",
            ),
        ] {
            let error = mark_end(&wat::parse_str(module).unwrap(), 4200).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        assert!(mark_end(b"text", 4200).is_err());
    }
}
