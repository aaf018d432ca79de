//! A component without what only debuggers read.

use anyhow::{Context, Result};

/// The first bytes of modules and components.
const MAGIC: &[u8] = b"\0asm";
/// Version and layer of a component, which may hold modules and components.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];
/// Kinds of sections: of all, and of a component's.
const CUSTOM: u8 = 0;
const MODULE: u8 = 1;
const NESTED: u8 = 4;
/// Components in components at most.
const DEPTH: u32 = 16;

/// Leave out names of functions, records of producers and debuggers' tables, in all modules of a component.
///
/// # Errors
/// When the bytes are no component, or end too early.
pub fn strip(component: &[u8]) -> Result<Vec<u8>> {
    stripped(component, DEPTH).context("this is no WebAssembly component")
}

fn stripped(binary: &[u8], depth: u32) -> Option<Vec<u8>> {
    let (magic, rest) = binary.split_at_checked(MAGIC.len())?;
    let (version, mut rest) = rest.split_at_checked(COMPONENT.len())?;
    if magic != MAGIC {
        return None;
    }
    let is_component = version == COMPONENT;
    let mut out = Vec::with_capacity(binary.len());
    out.extend_from_slice(magic);
    out.extend_from_slice(version);
    while let Some((&kind, after)) = rest.split_first() {
        let (size, after) = number(after)?;
        let (content, after) = after.split_at_checked(size)?;
        rest = after;
        if kind == CUSTOM && is_for_debuggers(content)? {
            continue;
        }
        let inner;
        let content = if is_component && (kind == MODULE || kind == NESTED) {
            inner = stripped(content, depth.checked_sub(1)?)?;
            inner.as_slice()
        } else {
            content
        };
        out.push(kind);
        put(content.len(), &mut out);
        out.extend_from_slice(content);
    }
    Some(out)
}

fn is_for_debuggers(section: &[u8]) -> Option<bool> {
    let (size, rest) = number(section)?;
    let (name, _) = rest.split_at_checked(size)?;
    Some(matches!(name, b"name" | b"component-name" | b"producers") || name.starts_with(b".debug_"))
}

/// A number in LEB128, and what comes behind it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}

fn put(mut value: usize, out: &mut Vec<u8>) {
    loop {
        // The lowest seven bits.
        let byte = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_are_left_out_and_nothing_else() {
        let named = wat::parse_str(
            "(component $outer (core module $m (func $f (export \"f\") nop) (@custom \"kept\" \"x\")) (component $inner (core module $n (func $g))))",
        );
        let plain = wat::parse_str(
            "(component (core module (func (export \"f\") nop) (@custom \"kept\" \"x\")) (component (core module (func))))",
        );
        let (named, plain) = (named.unwrap(), plain.unwrap());
        assert_ne!(named, plain);
        assert_eq!(strip(&named).unwrap(), plain);
    }

    #[test]
    fn what_ends_too_early_is_refused() {
        let whole = wat::parse_str("(component (core module (func (export \"f\"))))").unwrap();
        assert!(strip(&whole).is_ok());
        for end in (0..whole.len()).filter(|&end| end != 8) {
            assert!(strip(&whole[..end]).is_err(), "{end}");
        }
        assert!(strip(b"text, of some length").is_err());
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for value in [0, 1, 127, 128, 300, 16_384, u32::MAX as usize] {
            let mut bytes = Vec::new();
            put(value, &mut bytes);
            bytes.push(7);
            assert_eq!(number(&bytes), Some((value, &[7][..])));
        }
        assert_eq!(number(&[0x80; 9]), None);
    }
}
