//! A compiled filter.

use hookbox_jq_syntax::SyntaxError;
use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars};

use crate::json::{self, ReadError};
use crate::native::{self, Data};
use crate::prelude;
use crate::tree;
use crate::val::Val;

/// A name that no filter can call.
const MAIN: &str = "@main";

/// A filter that is ready to run.
pub struct Program(Filter<Data>);

/// Why a filter gave no result.
#[derive(Debug, PartialEq, Eq)]
pub enum RunError {
    /// The input is not a JSON document.
    Input(String),
    /// The filter failed.
    Failed(String),
    /// The input is nested too deeply.
    Depth,
}

impl Program {
    /// Parse and compile.
    pub fn compile(text: &str) -> Result<Self, SyntaxError> {
        let parsed = hookbox_jq_syntax::filter(text)?;
        let mut defs: Vec<Def<&str>> = prelude::definitions(&parsed.calls);
        defs.push(Def {
            name: MAIN,
            args: Vec::new(),
            body: tree::term(parsed.tree),
        });
        let arena = Arena::default();
        let main = File {
            code: MAIN,
            path: (),
        };
        let internal = |what: &str| SyntaxError {
            offset: 0,
            message: format!("internal: {what}"),
            too_deep: false,
        };
        let modules = Loader::new(defs)
            .load(&arena, main)
            .map_err(|_| internal("the entry cannot be parsed"))?;
        let compiler = Compiler::default().with_funs(native::all());
        compiler.compile(modules).map(Self).map_err(|files| {
            let mut undefined = files.iter().flat_map(|(_, errors)| errors);
            // The parser knows all names: what it lets through is here.
            let name = undefined.next().map_or("unknown", |(name, _)| name);
            internal(&format!("there is no `{name}`"))
        })
    }

    /// Run on one JSON document. No output gives `null`, several give an array.
    pub fn run(&self, input: &[u8]) -> Result<Vec<u8>, RunError> {
        let input = json::read(input).map_err(|e| match e {
            ReadError::Syntax(expected, at) => RunError::Input(format!(
                "the object is not JSON: expected {expected} at byte {at}"
            )),
            ReadError::Depth => RunError::Depth,
        })?;
        // What an earlier object left behind is none of this one's business.
        native::take_halt();
        let ctx = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        let mut outputs = Vec::new();
        for output in self.0.id.run((ctx, input)) {
            match output.map_err(|e| e.get_err()) {
                Ok(v) => outputs.push(v),
                Err(Ok(error)) => return Err(RunError::Failed(error.to_string())),
                Err(Err(_halt)) => match native::take_halt() {
                    // Only what has something to say is an error.
                    Some(Val::Null) | None => break,
                    Some(v) => return Err(RunError::Failed(format!("halt error: {v}"))),
                },
            }
        }
        let result = match outputs.len() {
            0 => Val::Null,
            1 => outputs.remove(0),
            _ => Val::arr(outputs),
        };
        if let Some(number) = json::not_finite(&result) {
            return Err(RunError::Failed(format!(
                "the result holds {number}, which JSON cannot say"
            )));
        }
        Ok(json::to_json(&result))
    }
}
