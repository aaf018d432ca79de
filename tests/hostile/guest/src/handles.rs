//! Handles of the host's things: kept, dropped, guessed, taken for others.

use std::mem::forget;
use std::sync::Mutex;

use crate::hookbox::hook::contexts::BindingContext;
use crate::hookbox::hook::snapshots::{self, Snapshot};
use crate::{Answer, failed, say};

pub const NAMES: &[&str] = &[
    "keep",
    "kept",
    "dropped",
    "dropped-twice",
    "guessed",
    "wrong-type",
    "forgotten",
    "hoarded",
    "churned",
    "index",
];

/// What a hook that believes in globals keeps for its next run.
static KEPT: Mutex<Vec<u32>> = Mutex::new(Vec::new());

pub fn run(hook: &str, contexts: Vec<BindingContext>) -> Option<Answer> {
    Some(match hook {
        "keep" => keep(),
        "kept" => kept(),
        "dropped" => dropped(),
        "dropped-twice" => dropped_twice(),
        "guessed" => guessed(),
        "wrong-type" => wrong_type(contexts),
        "forgotten" => forgotten(),
        "hoarded" => hoarded(),
        "churned" => churned(),
        "index" => index(),
        _ => return None,
    })
}

fn open() -> Result<Snapshot, crate::Error> {
    snapshots::open("pods").ok_or_else(|| failed("no pods"))
}

/// A handle from a number.
fn from(number: u32) -> Snapshot {
    // SAFETY: it is not sound, and that is the point: the host must see that it is none.
    unsafe { Snapshot::from_handle(number) }
}

/// Leave handles behind for the next run of the same hook.
fn keep() -> Answer {
    let mut kept = KEPT.lock().map_err(|_| failed("poisoned"))?;
    for _ in 0..100 {
        kept.push(open()?.take_handle());
    }
    Ok(())
}

/// The run after [`keep`]: neither the numbers nor what they meant are there.
fn kept() -> Answer {
    let kept = KEPT.lock().map_err(|_| failed("poisoned"))?;
    if !kept.is_empty() {
        return Err(failed("the memory of another run"));
    }
    say("nothing was kept");
    // As the other run would have numbered them.
    say(&from(50).len().to_string());
    Ok(())
}

fn dropped() -> Answer {
    let snapshot = open()?;
    let number = snapshot.handle();
    drop(snapshot);
    say("dropped");
    say(&from(number).len().to_string());
    Ok(())
}

fn dropped_twice() -> Answer {
    let snapshot = open()?;
    drop(from(snapshot.handle()));
    say("dropped");
    drop(snapshot);
    Ok(())
}

fn guessed() -> Answer {
    say(&from(u32::MAX / 2).len().to_string());
    Ok(())
}

/// A context taken for a snapshot.
fn wrong_type(contexts: Vec<BindingContext>) -> Answer {
    let context = contexts.first().ok_or_else(|| failed("no context"))?;
    say("a context");
    say(&from(context.handle()).len().to_string());
    Ok(())
}

/// Never dropped: the host drops them with the run.
fn forgotten() -> Answer {
    for _ in 0..1000 {
        forget(open()?);
    }
    Ok(())
}

fn hoarded() -> Answer {
    loop {
        forget(open()?);
    }
}

/// Opened and dropped without end: a limit of things held is none of things opened.
fn churned() -> Answer {
    loop {
        drop(open()?);
    }
}

/// Indices that are none.
fn index() -> Answer {
    let pods = open()?;
    if pods.get(u32::MAX).is_some()
        || !pods.range(u32::MAX, u32::MAX).is_empty()
        || !pods.range(pods.len(), 1).is_empty()
    {
        return Err(failed("an entry behind the last one"));
    }
    Ok(())
}
