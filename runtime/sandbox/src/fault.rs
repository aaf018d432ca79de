//! From wasmtime's error to ours: which limit, which trap, and what the guest said last.

use std::fmt::{self, Write as _};
use std::str::Utf8Error;

use wasmtime::component::ResourceTableError;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::budget::{Limit, LimitHit};
use crate::state::{State, handles_hit};
use crate::{RunError, engine};

/// Longest backtrace in bytes; what is longer is cut.
const BACKTRACE: usize = 16 << 10;

/// Longest name of a function in it, in bytes.
const NAME: usize = 1 << 10;

/// Name the error that stopped a guest.
pub(crate) fn name(
    error: &wasmtime::Error,
    state: &State,
    last_words: &[String],
    call_bytes: u64,
) -> RunError {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return (*hit).into();
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return handles_hit(state.table.max_capacity()).into();
    }
    if passed_too_much(error) {
        return LimitHit {
            limit: Limit::CallBytes,
            used: call_bytes,
            allowed: call_bytes,
        }
        .into();
    }
    let trap = error.downcast_ref::<Trap>().copied();
    if trap == Some(Trap::StackOverflow) {
        let stack = u64::try_from(engine::STACK).unwrap_or(u64::MAX);
        return LimitHit {
            limit: Limit::Stack,
            used: stack,
            allowed: stack,
        }
        .into();
    }
    // A guest that was refused memory mostly aborts, and what it aborts with says nothing of memory.
    if let Some(hit) = state.memory.refusal() {
        return hit.into();
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let reason = reason(error, trap, backtrace);
    if state.instantiated.is_none() && trap.is_none() && backtrace.is_none() {
        return RunError::Instantiate(reason);
    }
    RunError::Trap {
        message: message(&reason, last_words, backtrace),
    }
}

fn reason(
    error: &wasmtime::Error,
    trap: Option<Trap>,
    backtrace: Option<&WasmBacktrace>,
) -> String {
    if let Some(trap) = trap {
        let text = trap.to_string();
        let text = text.strip_prefix("wasm trap: ").unwrap_or(&text);
        let recursion = trap == Trap::MemoryOutOfBounds && backtrace.is_some_and(recurses);
        return if recursion {
            format!("{text} (endless recursion? its own stack is full)")
        } else {
            text.to_owned()
        };
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        // WASI knows success and failure, and no number.
        let how = if *status == 0 { "success" } else { "a failure" };
        return format!("it called exit with {how}; a hook returns instead");
    }
    if error.downcast_ref::<Utf8Error>().is_some() {
        return "it passed a string that is not UTF-8".to_owned();
    }
    // Without the backtrace, which is the outermost context and is shown below.
    error.root_cause().to_string()
}

/// Whether all frames but a few are the same function: the backtrace was cut at its longest, and what is seen of it
/// goes round.
fn recurses(backtrace: &WasmBacktrace) -> bool {
    let frames = backtrace.frames();
    let mut functions: Vec<u32> = frames.iter().map(wasmtime::FrameInfo::func_index).collect();
    functions.sort_unstable();
    functions.dedup();
    frames.len() >= engine::FRAMES.get() && functions.len() <= frames.len() / 2
}

/// Whether the guest passed more to the host in one call than it may. wasmtime's error for that is not public, so that
/// only the name of its type tells; a test of ours fails should it ever change.
fn passed_too_much(error: &wasmtime::Error) -> bool {
    format!("{:?}", error.root_cause()) == "HostcallFuelExhausted"
}

fn message(reason: &str, last_words: &[String], backtrace: Option<&WasmBacktrace>) -> String {
    let mut message = reason.to_owned();
    if !last_words.is_empty() {
        message.push_str("\nlast lines of standard error:");
        for line in last_words {
            message.push_str("\n    ");
            message.push_str(line);
        }
    }
    if let Some(backtrace) = backtrace
        && !backtrace.frames().is_empty()
    {
        message.push('\n');
        let mut text = Bounded::new(BACKTRACE);
        if frames(&mut text, backtrace.frames()).is_err() {
            text.text.push('…');
        }
        message.push_str(&text.text);
    }
    message
}

/// Write where a guest was. Not as wasmtime does: the names are the guest's own. They may be as long as its file, and
/// wasmtime reads mangled names of C++ too, of which a short one may stand for a text longer than any memory.
fn frames(text: &mut Bounded, frames: &[FrameInfo]) -> fmt::Result {
    write!(text, "error while executing at wasm backtrace:")?;
    for (index, frame) in frames.iter().enumerate() {
        write!(text, "\n  {index:>3}: ")?;
        if let Some(offset) = frame.module_offset() {
            write!(text, "{offset:#8x} - ")?;
        }
        write!(text, "{}!", frame.module().name().unwrap_or("<unknown>"))?;
        match frame.func_name() {
            Some(name) if name.len() <= NAME => write!(text, "{}", rustc_demangle::demangle(name))?,
            Some(name) => {
                let end = name.floor_char_boundary(NAME);
                write!(text, "{}…", name.get(..end).unwrap_or_default())?;
            }
            None => write!(text, "<wasm function {}>", frame.func_index())?,
        }
    }
    Ok(())
}

/// Text up to a length, without control characters but for line ends.
struct Bounded {
    text: String,
    room: usize,
}

impl Bounded {
    fn new(room: usize) -> Self {
        Self {
            text: String::new(),
            room,
        }
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            self.room = self.room.checked_sub(char.len_utf8()).ok_or(fmt::Error)?;
            let control = char.is_control() && char != '\n';
            self.text.push(if control {
                char::REPLACEMENT_CHARACTER
            } else {
                char
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_its_length_and_fit_for_a_terminal() {
        let mut text = Bounded::new(8);
        assert!(writeln!(text, "a\u{1b}[b").is_ok());
        assert!(write!(text, "äöü").is_err());
        assert_eq!(text.text, "a\u{fffd}[b\nä");
    }

    #[test]
    fn an_exit_has_no_number() {
        let told = |status| reason(&I32Exit(status).into(), None, None);
        assert_eq!(
            told(0),
            "it called exit with success; a hook returns instead"
        );
        assert_eq!(
            told(1),
            "it called exit with a failure; a hook returns instead"
        );
    }
}
