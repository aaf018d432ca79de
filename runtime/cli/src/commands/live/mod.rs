//! The live commands: what a running operator does, asked over its unix socket.

pub(super) mod config;
pub(super) mod hook;
pub(super) mod queue;
pub(super) mod runs;
pub(super) mod why;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hookbox_operator::live::{ClientError, LiveClient, LiveSettings, Parameter, Place};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::cli::{LiveFormat, LiveOutput, Raw, Socket};
use crate::failure::{Failure, Outcome};
use crate::logging::Level;
use crate::ui::{self, Ui};

/// What the socket is called in its folder.
const SOCKET: &str = "debug.socket";

/// How an operator serves live commands; none where the socket's path is empty.
pub(super) fn settings(socket: Option<&OsStr>, level: Level) -> Option<LiveSettings> {
    if socket.is_some_and(OsStr::is_empty) {
        return None;
    }
    Some(LiveSettings {
        places: places(socket),
        required: socket.is_some(),
        parameters: vec![Parameter {
            name: "log.level".to_owned(),
            description: "Level or filter of the log; one that shows debug lines holds for 30m unless a time is given"
                .to_owned(),
            default: level.first.clone(),
            setting: Arc::new(level),
        }],
    })
}

/// Where the socket is: at this path, or else in the usual places.
fn places(socket: Option<&OsStr>) -> Vec<Place> {
    if let Some(path) = socket {
        return vec![Place::at(path)];
    }
    let mut places = vec![Place::at(PathBuf::from("/var/run/hookbox").join(SOCKET))];
    if let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty()) {
        let path = PathBuf::from(runtime).join("hookbox").join(SOCKET);
        places.push(Place::at(path));
    }
    let user = rustix::process::geteuid().as_raw();
    places.push(Place {
        path: PathBuf::from(format!("/tmp/hookbox-{user}")).join(SOCKET),
        shared: true,
    });
    places
}

/// The running operator.
struct Operator {
    client: LiveClient,
}

impl Operator {
    async fn find(socket: &Socket) -> Outcome<Self> {
        let path = socket.debug_unix_socket.as_deref();
        let path = path.filter(|path| !path.is_empty());
        let client = LiveClient::find(&places(path)).await.map_err(failure)?;
        Ok(Self { client })
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Outcome<T> {
        self.client.json(path).await.map_err(failure)
    }

    /// Prints an answer as it comes.
    async fn copy(&self, path: &str, ui: &Ui) -> Outcome {
        let mut answer = self.client.get(path).await.map_err(failure)?;
        let mut last = b'\n';
        while let Some(piece) = answer.piece().await.map_err(failure)? {
            last = piece.last().copied().unwrap_or(last);
            if !ui.piece(&piece)? {
                return Ok(());
            }
        }
        if last != b'\n' {
            ui.piece(b"\n")?;
        }
        Ok(())
    }

    /// Prints an answer in one of the forms that the operator itself has. `name` is a path without its form, `query`
    /// begins with `&` where there is any.
    async fn print(&self, name: &str, query: &str, format: LiveFormat, ui: &Ui) -> Outcome {
        let path = match format {
            LiveFormat::Json => format!("{name}.json?pretty=true{query}"),
            LiveFormat::Yaml => format!("{name}.yaml?{query}"),
            LiveFormat::Text | LiveFormat::Table => format!("{name}.text?{query}"),
        };
        self.copy(path.trim_end_matches('?'), ui).await
    }
}

/// Finds the operator and prints what it answers, or makes a table of it.
async fn show<T: DeserializeOwned>(
    output: &LiveOutput,
    name: &str,
    query: &str,
    ui: &Ui,
    table: impl FnOnce(&T, &Ui) -> Outcome,
) -> Outcome {
    let operator = Operator::find(&output.socket).await?;
    match output.output {
        LiveFormat::Table => {
            let path = format!("{name}.json?{query}");
            let data: T = operator.json(path.trim_end_matches('?')).await?;
            table(&data, ui)
        }
        format => operator.print(name, query, format, ui).await,
    }
}

/// `hookbox raw`.
pub(super) async fn raw(args: &Raw, ui: &Ui) -> Outcome {
    let operator = Operator::find(&args.socket).await?;
    let path = &args.urlpath;
    let path = match path.starts_with('/') {
        true => path.clone(),
        false => format!("/{path}"),
    };
    operator.copy(&path, ui).await
}

fn failure(error: ClientError) -> Failure {
    match &error {
        ClientError::NoSocket(_) => Failure::environment(error).help(
            "run this where `hookbox run` runs (in a pod: by `kubectl exec`), as its user; if it has another socket, \
             name that by --debug-unix-socket",
        ),
        ClientError::Dead(_) => Failure::environment(error).help(
            "the operator has ended without removing its socket; a new one replaces it",
        ),
        ClientError::Forbidden(_) => {
            Failure::environment(error).help("live commands are for the user of `hookbox run` and for root")
        }
        ClientError::Busy(_) => Failure::environment(error).help("try again; its log and /metrics say what it does"),
        ClientError::Refused { status: 503, .. } => Failure::environment(error).help("try again"),
        ClientError::Refused { .. } => Failure::usage(error),
        _ => Failure::environment(error),
    }
}

/// How long ago, in one number.
fn ago(then: Timestamp) -> String {
    let span = Timestamp::now().duration_since(then);
    brief(Duration::try_from(span).unwrap_or_default())
}

/// A span in one number: `3s`, `12m`, `5h`, `2d`.
fn brief(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..100 => format!("{seconds}s"),
        100..6_000 => format!("{}m", seconds / 60),
        6_000..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The beginning of a text, in one line.
fn short(text: &str, most: usize) -> String {
    let line = hookbox_operator::api::one_line(text);
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// A cell that is never empty.
fn cell(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

/// A table, or words where it would be empty.
fn table(ui: &Ui, header: &[&str], rows: Vec<Vec<String>>, none: &str) -> Outcome {
    if rows.is_empty() {
        ui.plain(none);
        return Ok(());
    }
    ui.data(&ui::table(header, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_one_number() {
        for (seconds, expected) in [
            (0, "0s"),
            (99, "99s"),
            (100, "1m"),
            (5_999, "99m"),
            (6_000, "1h"),
            (172_800, "2d"),
        ] {
            assert_eq!(brief(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_named_socket_is_the_only_place() {
        let one = places(Some(OsStr::new("/x/y.socket")));
        assert_eq!(one, [Place::at("/x/y.socket")]);
        let usual = places(None);
        assert_eq!(usual[0], Place::at("/var/run/hookbox/debug.socket"));
        assert!(usual.last().is_some_and(|place| place.shared));
    }
}
