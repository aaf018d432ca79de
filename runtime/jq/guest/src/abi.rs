//! What the host calls. One instance holds one filter.
//!
//! The host writes text where `hookbox_input` says, calls, and reads the answer that the call returns as address and
//! length in one number. An answer begins with a tag.

use std::cell::RefCell;

use crate::program::{Program, RunError};

/// The rest is the result: JSON, or nothing after compiling.
const OK: u8 = 0;
/// Four bytes offset (little-endian), and why the filter cannot be compiled.
const COMPILE: u8 = 1;
/// Why the filter failed.
const RUNTIME: u8 = 2;
/// The filter or the object is nested too deeply.
const DEPTH: u8 = 3;
/// Why the object is not JSON.
const INPUT: u8 = 4;

/// Buffers above this size are given back after use.
const KEPT: usize = 256 << 10;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    output: Vec<u8>,
    program: Option<Program>,
    panic: String,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn packed(bytes: &[u8]) -> u64 {
    (bytes.as_ptr() as usize as u64) << 32 | bytes.len() as u64
}

/// Keep the answer until the next call.
fn answer(tag: u8, parts: &[&[u8]]) -> u64 {
    STATE.with_borrow_mut(|state| {
        state.output.clear();
        state.output.shrink_to(KEPT);
        state.output.push(tag);
        parts
            .iter()
            .for_each(|part| state.output.extend_from_slice(part));
        packed(&state.output)
    })
}

fn take_input() -> Vec<u8> {
    STATE.with_borrow_mut(|state| std::mem::take(&mut state.input))
}

fn give_back(mut input: Vec<u8>) {
    input.clear();
    input.shrink_to(KEPT);
    STATE.with_borrow_mut(|state| state.input = input);
}

/// Make room for `len` bytes of input and say where.
#[unsafe(no_mangle)]
pub extern "C" fn hookbox_input(len: usize) -> usize {
    STATE.with_borrow_mut(|state| {
        state.input.clear();
        state.input.resize(len, 0);
        state.input.as_mut_ptr() as usize
    })
}

/// Compile the filter in the input.
#[unsafe(no_mangle)]
pub extern "C" fn hookbox_compile() -> u64 {
    std::panic::set_hook(Box::new(|info| {
        // A panic while the state is borrowed has no words.
        STATE.with(|state| {
            if let Ok(mut state) = state.try_borrow_mut() {
                state.panic = info.to_string();
            }
        });
    }));
    let input = take_input();
    let result = match std::str::from_utf8(&input) {
        Ok(text) => Program::compile(text),
        Err(e) => Err(crate::SyntaxError {
            offset: e.valid_up_to(),
            message: "the filter is not UTF-8".into(),
            too_deep: false,
        }),
    };
    give_back(input);
    match result {
        Ok(program) => {
            STATE.with_borrow_mut(|state| state.program = Some(program));
            answer(OK, &[])
        }
        Err(e) => {
            let offset = u32::try_from(e.offset).unwrap_or(u32::MAX).to_le_bytes();
            answer(
                if e.too_deep { DEPTH } else { COMPILE },
                &[&offset, e.message.as_bytes()],
            )
        }
    }
}

/// Run the compiled filter on the object in the input; `now` is in seconds since 1970.
#[unsafe(no_mangle)]
pub extern "C" fn hookbox_apply(now: f64) -> u64 {
    crate::set_now(now);
    let input = take_input();
    let program = STATE.with_borrow_mut(|state| state.program.take());
    let result = match &program {
        Some(program) => program.run(&input),
        None => Err(RunError::Failed("no filter is compiled".into())),
    };
    give_back(input);
    STATE.with_borrow_mut(|state| state.program = program);
    match result {
        Ok(json) => answer(OK, &[&json]),
        Err(RunError::Failed(message)) => answer(RUNTIME, &[message.as_bytes()]),
        Err(RunError::Input(message)) => answer(INPUT, &[message.as_bytes()]),
        Err(RunError::Depth) => answer(DEPTH, &[]),
    }
}

/// What the last panic said; asked for after a trap.
#[unsafe(no_mangle)]
pub extern "C" fn hookbox_panic() -> u64 {
    STATE.with(|state| {
        state
            .try_borrow()
            .map_or(0, |state| packed(state.panic.as_bytes()))
    })
}
