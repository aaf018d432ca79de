//! Errors as they are the same each time: what was measured, and where in the code it was, is left out.

/// What the sandbox puts before a trap's backtrace.
const BACKTRACE: &str = "error while executing at wasm backtrace:";

/// The part of a run's error that does not differ from run to run, nor with a component's next build.
pub(super) fn error(code: &str, message: &str) -> String {
    match code {
        "limit" => limit(message).unwrap_or_else(|| message.to_owned()),
        "trap" => trap(message),
        _ => message.to_owned(),
    }
}

/// `stopped at the cpu-time limit: 105 of 100 ms` without the number that was measured.
fn limit(message: &str) -> Option<String> {
    let (what, numbers) = message.split_once(" limit: ")?;
    let (_, allowed) = numbers.split_once(" of ")?;
    Some(format!("{what} limit of {allowed}"))
}

/// A trap with the message of its panic: no addresses, no places in the code.
fn trap(message: &str) -> String {
    let lines = message
        .lines()
        .take_while(|line| line.trim() != BACKTRACE)
        .filter(|line| {
            !line
                .trim_start()
                .starts_with("note: run with `RUST_BACKTRACE")
        });
    lines.map(without_place).collect::<Vec<_>>().join("\n")
}

/// `panicked at src/lib.rs:7:5:`, with or without the thread before it, without the place.
fn without_place(line: &str) -> String {
    let text = line.trim_start();
    let indent = line.strip_suffix(text).unwrap_or_default();
    let (thread, place) = match text.split_once("panicked at ") {
        Some((thread, place)) => (thread, place),
        None => return line.to_owned(),
    };
    if place.ends_with(':') && (thread.is_empty() || thread.starts_with("thread ")) {
        format!("{indent}panicked:")
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_left_out() {
        for (code, message, stable) in [
            (
                "limit",
                "stopped at the cpu-time limit: 105 of 100 ms",
                "stopped at the cpu-time limit of 100 ms",
            ),
            (
                "limit",
                "stopped at the host-calls limit: 11 of 10",
                "stopped at the host-calls limit of 10",
            ),
            ("hook-failed", "no limit: 3 of 4", "no limit: 3 of 4"),
            (
                "trap",
                "the component trapped: wasm `unreachable` instruction executed\nlast lines of standard error:\n    \
                 thread '<unnamed>' (1) panicked at src/lib.rs:17:5:\n    boom\n    note: run with \
                 `RUST_BACKTRACE=1` environment variable to display a backtrace\nerror while executing at wasm \
                 backtrace:\n    0:   0x8f - a.wasm!f",
                "the component trapped: wasm `unreachable` instruction executed\nlast lines of standard error:\n    \
                 panicked:\n    boom",
            ),
            (
                "trap",
                "the component trapped: x\n    panicked at src/lib.rs:17:5:\n    I panicked at home",
                "the component trapped: x\n    panicked:\n    I panicked at home",
            ),
        ] {
            assert_eq!(error(code, message), stable);
        }
    }
}
