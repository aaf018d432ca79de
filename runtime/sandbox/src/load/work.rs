//! What a function costs to compile, estimated before it is compiled.
//!
//! A compilation can be given up, but not be stopped, and what it has allocated is taken from everybody. Cranelift joins
//! each local at each block where ways meet, so that a small file could ask for a product of the two.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

use super::LoadError;
use crate::Limit;
use crate::sandbox::Settings;

/// Refuse a component with a function that costs too much. Reads all code, so that it is for what is to be compiled, not
/// for what is found compiled.
pub(crate) fn check(bytes: &[u8], settings: &Settings) -> Result<(), LoadError> {
    let invalid = |error: wasmparser::BinaryReaderError| LoadError::Invalid(error.to_string());
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(invalid)? {
            let (used, allowed) = (work(&body).map_err(invalid)?, settings.max_function_work);
            if used > allowed {
                return Err(LoadError::TooLarge {
                    limit: Limit::FunctionWork,
                    used,
                    allowed,
                });
            }
        }
    }
    Ok(())
}

/// Locals times blocks. Parameters, of which there are few, do not count.
fn work(body: &FunctionBody<'_>) -> Result<u64, wasmparser::BinaryReaderError> {
    let mut locals: u64 = 0;
    for group in body.get_locals_reader()? {
        locals = locals.saturating_add(u64::from(group?.0));
    }
    // Most functions have few locals: then even a block in each byte of the largest would do.
    if locals == 0 {
        return Ok(0);
    }
    let mut blocks: u64 = 0;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        if matches!(
            operators.read()?,
            Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. }
        ) {
            blocks = blocks.saturating_add(1);
        }
    }
    Ok(locals.saturating_mul(blocks))
}
