//! The paths, which are shell-operator's, and ours beside them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, RawQuery, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hookbox_config::duration;

use super::dump::Form;
use super::format::{Format, decode};
use super::parameters::{self, SetError};
use super::runs::Outcome;
use super::view::RunView;
use super::{Live, queues, why};

/// Bytes of a form.
const FORM: usize = 64 << 10;
/// Runs in a list, unless another number is asked for.
const RUNS: usize = 20;

type Shared = State<Arc<Live>>;
type Pairs = Query<HashMap<String, String>>;

/// An answer, or what is wrong with the question.
type Answer = Result<Response, (StatusCode, String)>;

pub(super) fn router(live: Arc<Live>) -> Router {
    Router::new()
        .route("/", get(|| async { "debug endpoint is alive" }))
        .route("/queue/{file}", get(queue))
        .route("/hook/{*rest}", get(hook))
        .route("/config/{file}", get(config))
        .route("/config/set", post(set))
        .route("/runs/{file}", get(runs))
        .fallback(|| async { (StatusCode::NOT_FOUND, PATHS) })
        .layer(DefaultBodyLimit::max(FORM))
        .with_state(live)
}

const PATHS: &str = "no such path; there are /queue/list, /queue/main, /hook/list, /hook/NAME/snapshots, /hook/NAME/why, \
    /config/list, /config/set (POST), /runs/list and /runs/NUMBER, each but set with .text, .json or .yaml\n";

fn missing() -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, PATHS.to_owned())
}

fn bad(text: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, format!("{text}\n"))
}

/// As Go reads booleans.
fn is_true(pairs: &HashMap<String, String>, name: &str) -> bool {
    let value = pairs.get(name).map(String::as_str).unwrap_or_default();
    ["1", "t", "T", "true", "TRUE", "True"].contains(&value)
}

async fn queue(State(live): Shared, Path(file): Path<String>, Query(pairs): Pairs) -> Answer {
    let pretty = is_true(&pairs, "pretty");
    match Format::split(&file) {
        Some(("main", format)) => {
            let queue = queues::main(&live.engine, &live.recent);
            Ok(format.answer_or(pretty, &queue, queues::queue_text))
        }
        Some(("list", format)) => {
            let show_empty = is_true(&pairs, "showEmpty");
            let all = queues::all(&live.all(), show_empty);
            let text = |all: &_| queues::queues_text(all, show_empty);
            Ok(format.answer_or(pretty, &all, text))
        }
        _ => Err(missing()),
    }
}

/// Names of hooks may have slashes, so that the path is taken apart from its end.
async fn hook(State(live): Shared, uri: Uri, Query(pairs): Pairs) -> Answer {
    let path = uri.path().strip_prefix("/hook/").unwrap_or_default();
    let pretty = is_true(&pairs, "pretty");
    let Some((name, file)) = path.rsplit_once('/') else {
        return match Format::split(path) {
            Some(("list", format)) if is_true(&pairs, "details") => {
                let engines = live.all();
                let hooks: Vec<_> = engines.iter().flat_map(Live::hooks).collect();
                Ok(format.answer(pretty, &hooks))
            }
            Some(("list", format)) => Ok(format.answer(pretty, &live.names())),
            _ => Err(missing()),
        };
    };
    let name = decode(name, false);
    let found = live.find(&name);
    let unknown = || (StatusCode::NOT_FOUND, format!("{}\n", live.unknown(&name)));
    match Format::split(file) {
        Some(("snapshots", format)) => {
            let (live, index) = found.ok_or_else(unknown)?;
            let live = Arc::new(live);
            let hook = live.engine.hook(index).ok_or_else(unknown)?;
            let form = Form {
                format,
                pretty,
                brief: is_true(&pairs, "brief"),
            };
            let permit = live.common.dumps.clone().try_acquire_owned().map_err(|_| {
                let text = "busy: other snapshots are being shown; ask again\n";
                (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
            })?;
            Ok(live.dump(index, hook, form, permit))
        }
        Some(("why", format)) => match (found, live.refused(&name)) {
            (Some((live, index)), _) => {
                let hook = live.engine.hook(index).ok_or_else(unknown)?;
                Ok(format.answer(pretty, &live.why(index, hook)))
            }
            (None, Some(refused)) => Ok(format.answer(pretty, &why::left_out(&name, refused))),
            (None, None) => Err(unknown()),
        },
        _ => Err(missing()),
    }
}

async fn config(State(live): Shared, Path(file): Path<String>, Query(pairs): Pairs) -> Answer {
    match Format::split(&file) {
        Some(("list", format)) => {
            let list = live.common.parameters.list();
            let pretty = is_true(&pairs, "pretty");
            Ok(format.answer_or(pretty, &list, |list| parameters::text(list)))
        }
        _ => Err(missing()),
    }
}

async fn set(State(live): Shared, RawQuery(_): RawQuery, body: Bytes) -> Answer {
    let body = String::from_utf8_lossy(&body);
    let field = |name: &str| {
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| decode(key, true) == name);
        values.next().map(|(_, value)| decode(value, true))
    };
    let required = |name: &str| {
        let value = field(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| bad(format_args!("the form has no `{name}`")))
    };
    let (name, value) = (required("name")?, required("value")?);
    let time = match field("duration").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let time = duration::parse(&text)
                .map_err(|error| bad(format_args!("`{text}` is no duration: {error}")))?;
            Some(time).filter(|time| *time > Duration::ZERO)
        }
    };
    match live.common.parameters.set(&name, &value, time) {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(error @ (SetError::Unknown { .. } | SetError::Invalid { .. })) => Err(bad(error)),
    }
}

async fn runs(State(live): Shared, Path(file): Path<String>, Query(pairs): Pairs) -> Answer {
    let pretty = is_true(&pairs, "pretty");
    let (what, format) = Format::split(&file).ok_or_else(missing)?;
    if what == "list" {
        let limit = match pairs.get("limit").map(|text| (text, text.parse::<usize>())) {
            None => RUNS,
            Some((_, Ok(limit))) => limit,
            Some((text, Err(_))) => return Err(bad(format_args!("`{text}` is no number"))),
        };
        let hook = pairs.get("hook").filter(|hook| !hook.is_empty());
        if let Some(hook) = hook
            && live.find(hook).is_none()
        {
            return Err((StatusCode::NOT_FOUND, format!("{}\n", live.unknown(hook))));
        }
        let failed = is_true(&pairs, "failed");
        let wanted = |run: &RunView| {
            hook.is_none_or(|hook| run.hook == *hook)
                && (!failed || matches!(run.outcome, Outcome::Failed | Outcome::AllowedFailure))
        };
        let engines = match hook {
            Some(hook) => live.find(hook).into_iter().map(|(live, _)| live).collect(),
            None => live.all(),
        };
        let mut list: Vec<RunView> = Vec::new();
        for live in &engines {
            let runs = live.recent.runs();
            let chosen = runs.newest().filter(wanted).take(limit);
            list.extend(chosen.map(|run| live.with_id(run)));
        }
        if engines.len() > 1 {
            // Those under way first, as each has them.
            list.sort_by_key(|run| (run.outcome != Outcome::Running, std::cmp::Reverse(run.run)));
            list.truncate(limit);
        }
        return Ok(format.answer(pretty, &list));
    }
    let number = what.parse::<u64>().map_err(|_| missing())?;
    let mut engines = live.all().into_iter();
    let run = engines.find_map(|live| live.recent.runs().find(number));
    match run {
        Some(run) => Ok(format.answer(pretty, &live.with_id(run))),
        None => Err((
            StatusCode::NOT_FOUND,
            format!(
                "run {number} is not known here any more, or never was; the journal keeps runs for longer\n"
            ),
        )),
    }
}

impl Live {
    /// With its id in the journal.
    fn with_id(&self, run: RunView) -> RunView {
        RunView {
            id: self.engine.run_id(run.run),
            ..run
        }
    }
}
