//! What an ordinary hook does.

use crate::hookbox::hook::log::{self, Level};
use crate::hookbox::hook::object_patches::{
    self as patches, CreateMode, ObjectRef, PatchOptions, Propagation,
};
use crate::hookbox::hook::types::{Error, Retry};
use crate::hookbox::hook::{config_values, metrics, snapshots, values};
use crate::{Answer, BindingContext, failed};

pub const NAMES: &[&str] = &[
    "ok",
    "nothing",
    "fail",
    "fail-never",
    "fail-after",
    "status-then-fail",
    "contexts",
    "snapshots",
    "pointers",
    "values",
    "values-append",
    "print",
    "random-and-clock",
    "network",
];

pub fn run(hook: &str, contexts: &[BindingContext]) -> Option<Answer> {
    Some(match hook {
        "ok" => ok(contexts),
        "nothing" => Ok(()),
        "fail" => Err(failed("it went wrong")),
        "fail-never" => Err(Error {
            message: "hopeless".to_owned(),
            retry: Retry::Never,
        }),
        "fail-after" => Err(Error {
            message: "later".to_owned(),
            retry: Retry::After(u64::MAX),
        }),
        "status-then-fail" => status_then_fail(),
        "contexts" => describe_contexts(contexts),
        "snapshots" => read_snapshots(),
        "pointers" => read_pointers(),
        "values" => write_values(),
        "values-append" => append_values(),
        "print" => print(),
        "random-and-clock" => random_and_clock(),
        "network" => network(),
        _ => return None,
    })
}

fn refused(refusal: crate::hookbox::hook::types::Refusal) -> Error {
    failed(format!("{}: {}", refusal.code, refusal.message))
}

fn say(message: impl AsRef<str>) {
    log::log(Level::Info, message.as_ref(), &[]);
}

/// One of each effect.
fn ok(contexts: &[BindingContext]) -> Answer {
    println!("hello");
    eprintln!("careful");
    let fields = [("contexts".to_owned(), contexts.len().to_string())];
    log::log(Level::Debug, "looking", &fields);
    let manifest = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"}}"#;
    patches::create(manifest, CreateMode::ReplaceExisting).map_err(refused)?;
    let pod = ObjectRef {
        api_version: None,
        kind: "Pod".to_owned(),
        namespace: Some("default".to_owned()),
        name: "old".to_owned(),
    };
    patches::delete(&pod, Propagation::Background).map_err(refused)?;
    let options = PatchOptions {
        subresource: None,
        ignore_missing_object: true,
        ignore_hook_error: false,
    };
    patches::merge_patch(&pod, r#"{"metadata":{"labels":{"a":"b"}}}"#, &options)
        .map_err(refused)?;
    patches::json_patch(&pod, r#"[{"op":"remove","path":"/spec"}]"#, &options).map_err(refused)?;
    patches::jq_patch(&pod, ".x = 1", &options).map_err(refused)?;
    let labels = [("node".to_owned(), "n1".to_owned())];
    metrics::add("runs_total", 1.0, &labels, None).map_err(refused)?;
    metrics::set("size", 2.5, &[], Some("g")).map_err(refused)?;
    metrics::observe("seconds", 0.1, &[0.5, 0.05, 0.5], &[], None).map_err(refused)?;
    metrics::expire(Some("old")).map_err(refused)?;
    values::set("/module/done", "true").map_err(refused)?;
    config_values::set("/module", r#"{"on":true}"#).map_err(refused)
}

fn status_then_fail() -> Answer {
    let pod = ObjectRef {
        api_version: None,
        kind: "Pod".to_owned(),
        namespace: None,
        name: "p".to_owned(),
    };
    let mut options = PatchOptions {
        subresource: Some("/status".to_owned()),
        ignore_missing_object: false,
        ignore_hook_error: true,
    };
    patches::merge_patch(&pod, r#"{"status":{"failed":true}}"#, &options).map_err(refused)?;
    options.subresource = Some("scale".to_owned());
    patches::merge_patch(&pod, r#"{"spec":{}}"#, &options).map_err(refused)?;
    options = PatchOptions {
        subresource: Some("status".to_owned()),
        ignore_missing_object: false,
        ignore_hook_error: false,
    };
    patches::merge_patch(&pod, r#"{"status":{}}"#, &options).map_err(refused)?;
    Err(failed("after the patches"))
}

fn describe_contexts(contexts: &[BindingContext]) -> Answer {
    for context in contexts {
        say(format!(
            "{} kind={:?} group={:?} event={:?} object={:?} filter={:?} name={:?} objects={:?} snapshots={:?}",
            context.binding(),
            context.kind(),
            context.group(),
            context.watch_event(),
            context.object(),
            context.filter_result(),
            context.object_pointer("/metadata/name").map_err(refused)?,
            context.objects().map(|objects| objects.len()),
            context.snapshot_names(),
        ));
        say(context.to_json());
    }
    match contexts.first().map(|context| context.object_pointer("x")) {
        Some(Err(refusal)) => say(refusal.code),
        other => return Err(failed(format!("{other:?}"))),
    }
    Ok(())
}

/// Read a snapshot by ranges, and a few entries of it.
fn read_snapshots() -> Answer {
    say(snapshots::names().join(","));
    let Some(pods) = snapshots::open("pods") else {
        return Err(failed("no pods"));
    };
    if snapshots::open("none").is_some() {
        return Err(failed("a snapshot that is not there"));
    }
    let last = pods.get(pods.len() - 1).ok_or_else(|| failed("no last"))?;
    say(format!(
        "{} {:?} {:?} {}",
        pods.len(),
        last.object,
        last.filter_result,
        pods.get(pods.len()).is_none()
    ));
    let (mut read, mut transfers) = (0, 0);
    loop {
        let part = pods.range(read, u32::MAX);
        if part.is_empty() {
            break;
        }
        read += part.len() as u32;
        transfers += 1;
    }
    say(format!("{read} in {transfers}"));
    Ok(())
}

fn read_pointers() -> Answer {
    let Some(pods) = snapshots::open("pods") else {
        return Err(failed("no pods"));
    };
    for (index, part, pointer) in [
        (0, snapshots::Part::Object, "/metadata/name"),
        (0, snapshots::Part::FilterResult, ""),
        (0, snapshots::Part::Object, "/none"),
        (u32::MAX, snapshots::Part::Object, ""),
    ] {
        say(format!(
            "{:?}",
            pods.pointer(index, part, pointer).map_err(refused)?
        ));
    }
    match pods.pointer(0, snapshots::Part::Object, "metadata") {
        Err(refusal) => say(refusal.code),
        Ok(other) => return Err(failed(format!("{other:?}"))),
    }
    Ok(())
}

fn write_values() -> Answer {
    let get = |path: &str| {
        values::get(path)
            .map_err(refused)
            .map(|value| say(value.unwrap_or("none".to_owned())))
    };
    get("/m/on")?;
    values::set("/m/on", "false").map_err(refused)?;
    values::set("/m/new", r#"{"a":[]}"#).map_err(refused)?;
    values::set("/m/new/a/-", "1").map_err(refused)?;
    get("/m")?;
    values::remove("/m/on").map_err(refused)?;
    say(values::exists("/m/on").map_err(refused)?.to_string());
    for answer in [
        values::set("/x/y", "1"),
        values::set("m", "1"),
        values::set("/m", "{"),
        values::set("", "1"),
        values::remove("/m/none"),
    ] {
        match answer {
            Err(refusal) => say(refusal.code),
            Ok(()) => return Err(failed("not refused")),
        }
    }
    config_values::remove("/m/on").map_err(refused)
}

fn append_values() -> Answer {
    for number in 0..100 {
        values::set("/m/list/-", &number.to_string()).map_err(refused)?;
    }
    Ok(())
}

fn print() -> Answer {
    print!("a");
    println!("b");
    println!();
    print!("no end");
    // A library has no end at which its language would do so.
    std::io::Write::flush(&mut std::io::stdout()).map_err(|error| failed(error.to_string()))?;
    Ok(())
}

fn random_and_clock() -> Answer {
    use std::time::{Duration, Instant, SystemTime};
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    let slept = before.elapsed();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| failed("clock"))?;
    if slept < Duration::from_millis(15)
        || slept.subsec_nanos() % 1_000_000 != 0
        || now.subsec_nanos() % 1_000_000 != 0
    {
        return Err(failed(format!("{slept:?} {now:?}")));
    }
    if std::env::vars().count() + std::env::args().count() > 0 || std::fs::read_dir("/").is_ok() {
        return Err(failed("something of the host can be seen"));
    }
    // The map's hasher takes random numbers.
    let map: std::collections::HashMap<u8, u8> = [(1, 2)].into();
    say(format!("{}", map[&1]));
    Ok(())
}

fn network() -> Answer {
    match std::net::TcpStream::connect("127.0.0.1:1") {
        Ok(_) => Err(failed("connected")),
        Err(error) => {
            say(format!("{:?}", error.kind()));
            Ok(())
        }
    }
}
