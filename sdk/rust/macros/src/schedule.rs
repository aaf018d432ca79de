//! One `schedule(…)` of `#[hook]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::args::{Arg, Args, Errors, Word};
use crate::document::Item;

const KEYS: &[&str] = &[
    "name",
    "crontab",
    "queue",
    "group",
    "allow_failure",
    "include_snapshots",
];

pub(crate) struct Schedule {
    pub(crate) name: Word,
    pub(crate) item: Item,
    group: Option<String>,
    includes: Option<(Vec<Word>, Span)>,
}

impl Schedule {
    /// Reads the arguments of the `index`th schedule, whose keyword stands at `span`.
    pub(crate) fn new(args: &Args, index: usize, span: Span, errors: &mut Errors) -> Self {
        let known = args.check_keys("`schedule`", KEYS, &[], errors);
        let mut item = Item::new("schedule", index, span);
        let name = args.read("name", errors, Arg::text);
        let name = name.unwrap_or(Word {
            text: "schedule".to_owned(),
            span,
            bare: true,
        });
        item.set("name", name.text.as_str(), name.span);
        // Where it is missing or wrong, which is told, the other mistakes are shown too.
        item.set_default("crontab", "@hourly");
        match args.get("crontab") {
            Some(arg) => {
                if let Some(crontab) = errors.take(arg.text()) {
                    item.set("crontab", crontab.text, crontab.span);
                }
            }
            None if known => errors.at(
                span,
                "`schedule` needs a crontab: `crontab = \"*/5 * * * *\"`",
            ),
            None => {}
        }
        let group = args.read("group", errors, Arg::text);
        for (field, word) in [
            ("queue", args.read("queue", errors, Arg::text)),
            ("group", group.clone()),
        ] {
            if let Some(word) = word {
                item.set(field, word.text, word.span);
            }
        }
        if let (Some(value), Some(arg)) = (
            args.read("allow_failure", errors, Arg::bool),
            args.get("allow_failure"),
        ) {
            item.set("allowFailure", value, arg.span());
        }
        let includes = args.read("include_snapshots", errors, Arg::words);
        let includes = includes.zip(args.get("include_snapshots").map(Arg::span));
        Self {
            name,
            item,
            group: group.map(|group| group.text),
            includes,
        }
    }

    /// The `SchedulePart`.
    pub(crate) fn part(&self) -> TokenStream {
        let json = self.item.json_fields();
        let includes = match &self.includes {
            Some((words, _)) => {
                let names = words.iter().map(|word| &word.text);
                quote!(::core::option::Option::Some(&[#(#names),*]))
            }
            None => quote!(::core::option::Option::None),
        };
        quote! {
            ::hookbox_sdk::__private::SchedulePart { json: #json, includes: #includes }
        }
    }

    /// Checks of the author's list against the struct `snapshots`, which only the compiler knows.
    pub(crate) fn checks(&self, snapshots: &TokenStream) -> TokenStream {
        let Some((words, span)) = &self.includes else {
            return TokenStream::new();
        };
        include_checks(
            words,
            *span,
            &self.name.text,
            self.group.as_deref(),
            snapshots,
        )
    }
}

/// Checks of a binding's list of snapshots, which stands at `span`, against the struct `snapshots`.
pub(crate) fn include_checks(
    words: &[Word],
    span: Span,
    binding: &str,
    group: Option<&str>,
    snapshots: &TokenStream,
) -> TokenStream {
    let valid = quote!(<#snapshots as ::hookbox_sdk::Snapshots>::VALID);
    let bindings = quote!(<#snapshots as ::hookbox_sdk::Snapshots>::BINDINGS);
    let known = words.iter().map(|word| {
        let name = &word.text;
        let message = format!(
            "there is no snapshot `{name}`: the hook has no `kubernetes` binding of this name"
        );
        quote_spanned! { word.span =>
            const _: () = ::core::assert!(
                !#valid || ::hookbox_sdk::__private::check::has_binding(#bindings, #name), #message
            );
        }
    });
    let names = words.iter().map(|word| &word.text);
    let group = match group {
        Some(group) => quote!(::core::option::Option::Some(#group)),
        None => quote!(::core::option::Option::None),
    };
    let message = format!(
        "runs of `{binding}` would not have all snapshots: include them, or make the fields left out an `Option`"
    );
    let covers = quote_spanned! { span =>
        const _: () = ::core::assert!(
            !#valid || ::hookbox_sdk::__private::check::covers(#bindings, &[#(#names),*], #group), #message
        );
    };
    quote!(#(#known)* #covers)
}
