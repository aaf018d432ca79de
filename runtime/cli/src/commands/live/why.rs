//! `hookbox why`: why a hook did or did not run.

use std::fmt::Write as _;

use hookbox_operator::live::{BindingView, Tally, Why, path_part};

use super::{ago, cell, short, show};
use crate::cli::WhyArgs;
use crate::failure::Outcome;
use crate::ui::{self, Ui};

/// Events that are shown in all.
const EVENTS: usize = 12;

pub(in crate::commands) async fn why(args: &WhyArgs, ui: &Ui) -> Outcome {
    let name = format!("/hook/{}/why", path_part(&args.hook));
    show(&args.output, &name, "", ui, |why: &Why, ui| {
        ui.data(&text(why))
    })
    .await
}

fn text(why: &Why) -> String {
    let mut out = format!("hook {} ({})\n\n", why.hook, why.source);
    for line in &why.why {
        let _ = writeln!(out, "- {line}");
    }
    if !why.bindings.is_empty() {
        let header = [
            "BINDING",
            "TYPE",
            "ON",
            "STATE",
            "OBJECTS",
            "MEMORY",
            "SINCE THE START",
        ];
        let _ = write!(
            out,
            "\n{}",
            ui::table(&header, why.bindings.iter().map(binding))
        );
    }
    let mut events: Vec<_> = why
        .bindings
        .iter()
        .flat_map(|b| b.last.iter().map(|event| (&b.name, event)))
        .collect();
    events.sort_by_key(|(_, event)| std::cmp::Reverse(event.time));
    if !events.is_empty() {
        let header = ["LAST", "BINDING", "EVENT", "OBJECT", "OUTCOME", ""];
        let rows = events.into_iter().take(EVENTS).map(|(binding, event)| {
            vec![
                format!("{} ago", ago(event.time)),
                binding.clone(),
                event.what.to_string(),
                cell(&event.object),
                event.outcome.to_string(),
                event
                    .message
                    .as_deref()
                    .map_or_else(String::new, |m| short(m, 60)),
            ]
        });
        let _ = write!(out, "\n{}", ui::table(&header, rows));
    }
    out
}

fn binding(binding: &BindingView) -> Vec<String> {
    vec![
        binding.name.clone(),
        binding.kind.clone(),
        cell(&binding.on),
        binding.state.clone(),
        binding
            .objects
            .map_or_else(|| "-".to_owned(), |n| n.to_string()),
        binding
            .bytes
            .map_or_else(|| "-".to_owned(), |n| ui::bytes(n as u64)),
        cell(tally(&binding.tally)),
    ]
}

fn tally(tally: &Tally) -> String {
    let parts = [
        (tally.fired, "fired"),
        (tally.put_aside, "put aside"),
        (tally.unchanged, "unchanged"),
        (tally.not_wanted, "not wanted"),
        (tally.filter_failed, "filter failed"),
        (tally.skipped, "skipped"),
        (tally.allowed, "allowed"),
        (tally.denied, "denied"),
        (tally.converted, "converted"),
        (tally.not_converted, "not converted"),
    ];
    let some = parts.iter().filter(|(n, _)| *n > 0);
    let words: Vec<String> = some.map(|(n, word)| format!("{n} {word}")).collect();
    words.join(", ")
}
