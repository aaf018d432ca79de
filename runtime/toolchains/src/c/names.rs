//! What is kept of a module's debug information: names of functions, with the places where they are written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context as _, Result};
use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};
use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload};

type Bytes<'m> = EndianSlice<'m, LittleEndian>;

/// The module without its custom sections but for one with the names.
///
/// # Errors
/// It is no module.
pub(super) fn slim(module: &[u8], name: &str) -> Result<Vec<u8>> {
    let read = Module::read(module).context("the linker made no module")?;
    let lines = read.lines();
    let mut functions = Vec::new();
    for (index, function) in &read.names {
        let at = read
            .imports
            .try_into()
            .ok()
            .and_then(|imports| index.checked_sub(imports))
            .and_then(|own: u32| read.bodies.get(usize::try_from(own).ok()?))
            .and_then(|body| lines.range(body.start..body.end).next());
        let text = match at {
            Some((_, (file, line))) => Cow::Owned(format!("{function} ({file}:{line})")),
            None => Cow::Borrowed(*function),
        };
        functions.push((*index, text));
    }
    let mut out = module.get(..8).unwrap_or_default().to_vec();
    for range in &read.kept {
        out.extend_from_slice(module.get(range.clone()).unwrap_or_default());
    }
    write(&mut out, name, &functions);
    Ok(out)
}

#[derive(Default)]
struct Module<'m> {
    /// Sections that are kept, with their heads.
    kept: Vec<Range<usize>>,
    /// Functions that are imported: they come first.
    imports: usize,
    /// The functions' names, by their indices.
    names: BTreeMap<u32, &'m str>,
    /// Where the bodies of the module's own functions are, from the begin of the code section.
    bodies: Vec<Range<u64>>,
    debug: BTreeMap<&'m str, &'m [u8]>,
}

impl<'m> Module<'m> {
    fn read(module: &'m [u8]) -> Result<Self> {
        let mut read = Self::default();
        let mut end = 8;
        let mut code = 0;
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Payload::ImportSection(imports) = &payload {
                for import in imports.clone().into_imports() {
                    let function = matches!(import?.ty, wasmparser::TypeRef::Func(_));
                    read.imports += usize::from(function);
                }
            }
            if let Payload::CodeSectionStart { range, .. } = &payload {
                code = range.start;
            }
            if let Payload::CodeSectionEntry(body) = &payload {
                let range = body.range();
                let from = |at: usize| u64::try_from(at.saturating_sub(code)).unwrap_or(u64::MAX);
                read.bodies.push(from(range.start)..from(range.end));
                continue;
            }
            let Some((id, range)) = payload.as_section() else {
                continue;
            };
            if id != 0 {
                // The head has its size, of which the length varies: it begins where the section before ended.
                read.kept.push(end..range.end);
            }
            end = range.end;
            if let Payload::CustomSection(custom) = payload {
                match custom.as_known() {
                    KnownCustom::Name(names) => read.functions(names),
                    _ if custom.name().starts_with(".debug_") => {
                        read.debug.insert(custom.name(), custom.data());
                    }
                    _ => {}
                }
            }
        }
        Ok(read)
    }

    /// What cannot be read of names is left out: they are for people only.
    fn functions(&mut self, names: NameSectionReader<'m>) {
        for part in names {
            let Ok(Name::Function(map)) = part else {
                continue;
            };
            self.names
                .extend(map.into_iter().flatten().map(|n| (n.index, n.name)));
        }
    }

    /// Files and lines by addresses, which are places in the code section.
    fn lines(&self) -> BTreeMap<u64, (String, u64)> {
        let section = |id: SectionId| {
            let bytes = self.debug.get(id.name()).copied().unwrap_or_default();
            Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        let mut lines = BTreeMap::new();
        if let Ok(dwarf) = Dwarf::load(section) {
            // What is broken ends early.
            let _ = collect(&dwarf, &mut lines);
        }
        lines
    }
}

fn collect(
    dwarf: &Dwarf<Bytes<'_>>,
    lines: &mut BTreeMap<u64, (String, u64)>,
) -> gimli::Result<()> {
    let mut units = dwarf.units();
    while let Some(head) = units.next()? {
        let unit = dwarf.unit(head)?;
        let Some(program) = unit.line_program.clone() else {
            continue;
        };
        let mut rows = program.rows();
        // Only where functions begin is of interest: the first row of each sequence.
        let mut begins = true;
        while let Some((header, row)) = rows.next_row()? {
            let (address, line) = (row.address(), row.line());
            if begins && let (Some(line), Some(file)) = (line, row.file(header)) {
                let mut path = String::new();
                if let Some(folder) = file.directory(header)
                    && file.directory_index() != 0
                {
                    let folder = dwarf.attr_string(&unit, folder)?;
                    path.push_str(&folder.to_string_lossy());
                    path.push('/');
                }
                let name = dwarf.attr_string(&unit, file.path_name())?;
                path.push_str(&name.to_string_lossy());
                lines.insert(address, (path, line.get()));
            }
            begins = row.end_sequence();
        }
    }
    Ok(())
}

/// Write a name section.
fn write(out: &mut Vec<u8>, module: &str, functions: &[(u32, Cow<'_, str>)]) {
    let mut names = Vec::new();
    text(&mut names, "name");
    let mut part = Vec::new();
    text(&mut part, module);
    names.push(0);
    sized(&mut names, &part);
    part.clear();
    number(&mut part, functions.len());
    for (index, name) in functions {
        number(&mut part, usize::try_from(*index).unwrap_or(usize::MAX));
        text(&mut part, name);
    }
    names.push(1);
    sized(&mut names, &part);
    out.push(0);
    sized(out, &names);
}

fn text(out: &mut Vec<u8>, text: &str) {
    sized(out, text.as_bytes());
}

fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// An unsigned LEB128.
fn number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test's failure is a panic")]

    use wasmparser::BinaryReader;

    use super::*;

    #[test]
    fn only_names_are_kept_of_what_the_module_has_besides() {
        let module = wat::parse_str(
            "(module $m (@custom \".debug_info\" \"x\") (import \"a\" \"b\" (func $there)) (func $here (export \"e\") nop) \
             (@custom \"producers\" \"y\") (memory 1) (data (i32.const 0) \"z\"))",
        )
        .unwrap();
        let slim = slim(&module, "demo").unwrap();
        wasmparser::validate(&slim).unwrap();
        let read = Module::read(&slim).unwrap();
        assert!(read.debug.is_empty());
        assert_eq!(read.names, BTreeMap::from([(0, "there"), (1, "here")]));
        let custom: Vec<String> = Parser::new(0)
            .parse_all(&slim)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(custom) => Some(custom.name().to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(custom, ["name"]);
        assert!(super::slim(b"no module", "demo").is_err());
    }

    #[test]
    fn numbers_are_written_in_parts() {
        let mut out = Vec::new();
        number(&mut out, 624_485);
        assert_eq!(out, [0xE5, 0x8E, 0x26]);
        let mut reader = BinaryReader::new(&out, 0);
        assert_eq!(reader.read_var_u32().unwrap(), 624_485);
    }
}
