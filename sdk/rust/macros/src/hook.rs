//! `#[hook]`

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use serde_json::{Map, Value};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, GenericArgument, ItemFn, PathArguments, Type};

use crate::args::{Arg, Args, Errors, Word};
use crate::capabilities::capabilities;
use crate::document::Document;
use crate::schedule::Schedule;

const KEYS: &[&str] = &["name", "on_startup", "schedule", "settings", "capabilities"];
const SIGNATURE: &str = "a hook is `fn name(input: Input<Watches>, out: &mut Effects) -> Result`";

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            errors.push(syn::Error::new_spanned(
                &item,
                format!("`#[hook]` goes on a function: {SIGNATURE}"),
            ));
            let errors = errors.into_compile_error();
            return quote!(#errors #item);
        }
    };
    let args: Option<Args> = errors.take(syn::parse2(attribute));
    let snapshots = signature(&function, &mut errors);
    let hook = args.map(|args| Hook::read(&args, &function, &mut errors));
    match (snapshots, hook) {
        (Some(snapshots), Some(hook)) if errors.is_empty() => {
            let generated = hook.generate(&function, &snapshots);
            quote!(#function #generated)
        }
        (snapshots, _) => {
            // With an implementation, `export!` has nothing of its own to complain of.
            let snapshots = snapshots.unwrap_or_else(|| quote!(()));
            let empty = placeholder(&function, &snapshots);
            let errors = errors.into_compile_error();
            quote!(#errors #function #empty)
        }
    }
}

/// An implementation that stands for one with a mistake.
pub(crate) fn placeholder(function: &ItemFn, snapshots: &TokenStream) -> TokenStream {
    let (ident, vis) = (&function.sig.ident, &function.vis);
    let name = ident.to_string();
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis enum #ident {}
        impl ::hookbox_sdk::Hook for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            const PARTS: ::hookbox_sdk::__private::Parts = ::hookbox_sdk::__private::Parts {
                settings: ::core::option::Option::None, capabilities: ::core::option::Option::None,
                on_startup: ::core::option::Option::None, schedules: &[],
                asked: ::core::option::Option::None,
            };
            type Snapshots = #snapshots;
            fn run(_: ::hookbox_sdk::Input<#snapshots>, _: &mut ::hookbox_sdk::Effects) -> ::hookbox_sdk::Result {
                ::core::unreachable!()
            }
        }
    }
}

/// Checks the function and finds the type of its snapshots.
fn signature(function: &ItemFn, errors: &mut Errors) -> Option<TokenStream> {
    let sig = &function.sig;
    let mut wrong = |what: &dyn ToTokens, message: &str| {
        errors.push(syn::Error::new_spanned(
            what,
            format!("{message}\nhelp: {SIGNATURE}"),
        ));
    };
    if let Some(asyncness) = &sig.asyncness {
        wrong(
            asyncness,
            "a hook is not async: what it reads is there, what it changes is applied afterwards",
        );
        return None;
    }
    if !sig.generics.params.is_empty() {
        wrong(&sig.generics, "a hook cannot be generic");
        return None;
    }
    let inputs: Vec<&FnArg> = sig.inputs.iter().collect();
    let [FnArg::Typed(input), FnArg::Typed(out)] = inputs.as_slice() else {
        wrong(&sig.inputs, "a hook has two arguments");
        return None;
    };
    let is_effects = is_effects(&out.ty);
    if !is_effects {
        wrong(&out.ty, "the second argument of a hook is `&mut Effects`");
    }
    let snapshots = snapshots_of(&input.ty, "Input");
    if snapshots.is_none() {
        wrong(
            &input.ty,
            "the first argument of a hook is `Input<…>` of its snapshots, or `Input`",
        );
    }
    snapshots.filter(|_| is_effects)
}

/// Whether it is `&mut Effects`.
pub(crate) fn is_effects(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            reference.mutability.is_some() && last_segment(&reference.elem) == "Effects"
        }
        _ => false,
    }
}

fn last_segment(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// `S` of `Input<S>`, or of another type of that form.
pub(crate) fn snapshots_of(ty: &Type, of: &str) -> Option<TokenStream> {
    let Type::Path(path) = ty else { return None };
    let segment = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == of)?;
    match &segment.arguments {
        PathArguments::None => Some(quote!(())),
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(Type::Reference(_))) => None,
            Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(quote!(#ty)),
            _ => None,
        },
        PathArguments::Parenthesized(_) => None,
    }
}

struct Hook {
    name: Word,
    on_startup: Option<(i64, Span)>,
    schedules: Vec<Schedule>,
    wishes: Wishes,
}

/// What any hook may say of its runs, as JSON.
pub(crate) struct Wishes {
    settings: Option<String>,
    capabilities: Option<String>,
}

impl Wishes {
    pub(crate) fn read(args: &Args, document: &mut Document, errors: &mut Errors) -> Self {
        Self {
            settings: args
                .get("settings")
                .and_then(|arg| settings(arg, document, errors)),
            capabilities: args
                .get("capabilities")
                .and_then(|arg| capabilities(arg, document, errors)),
        }
    }

    /// The fields of `Parts`.
    pub(crate) fn fields(&self) -> TokenStream {
        let some = |text: &Option<String>| match text {
            Some(text) => quote!(::core::option::Option::Some(#text)),
            None => quote!(::core::option::Option::None),
        };
        let (settings, capabilities) = (some(&self.settings), some(&self.capabilities));
        quote!(settings: #settings, capabilities: #capabilities,)
    }
}

impl Hook {
    fn read(args: &Args, function: &ItemFn, errors: &mut Errors) -> Self {
        args.check_keys("`#[hook]`", KEYS, &["schedule"], errors);
        let ident = &function.sig.ident;
        let own = Word {
            text: ident.unraw().to_string(),
            span: ident.span(),
            bare: true,
        };
        let name = args.read("name", errors, Arg::text).unwrap_or(own);
        check_name(&name, errors);
        let mut document = Document::new(ident.span());
        let on_startup = args
            .read("on_startup", errors, Arg::int)
            .zip(args.get("on_startup").map(Arg::span));
        if let Some((order, span)) = on_startup {
            document.set("onStartup", order.into(), span);
        }
        let mut schedules: Vec<Schedule> = Vec::new();
        for arg in args.0.iter().filter(|arg| arg.key == "schedule") {
            // `schedule = "*/5 * * * *"` is what one may try first.
            if let Ok(crontab) = arg.text() {
                errors.at(
                    arg.span(),
                    format!(
                        "a schedule has arguments: `schedule(crontab = {:?})`",
                        crontab.text
                    ),
                );
                continue;
            }
            let Some(nested) = errors.take(arg.nested()) else {
                continue;
            };
            let schedule = Schedule::new(nested, schedules.len(), arg.key.span(), errors);
            if schedules
                .iter()
                .any(|other| other.name.text == schedule.name.text)
            {
                let message = format!(
                    "two schedules are named `{0}`\nhelp: say `name = \"…\"`",
                    schedule.name.text
                );
                errors.at(schedule.name.span, message);
            }
            document.push("schedule", &schedule.item);
            schedules.push(schedule);
        }
        let wishes = Wishes::read(args, &mut document, errors);
        document.check(errors);
        Self {
            name,
            on_startup,
            schedules,
            wishes,
        }
    }

    fn generate(&self, function: &ItemFn, snapshots: &TokenStream) -> TokenStream {
        let (ident, vis) = (&function.sig.ident, &function.vis);
        let name = &self.name.text;
        let on_startup = match self.on_startup {
            Some((order, _)) => quote!(::core::option::Option::Some(#order)),
            None => quote!(::core::option::Option::None),
        };
        let wishes = self.wishes.fields();
        let schedules = self.schedules.iter().map(Schedule::part);
        let checks = self.checks(ident);
        let output = match &function.sig.output {
            syn::ReturnType::Default => ident.span(),
            syn::ReturnType::Type(_, ty) => ty.span(),
        };
        // Names that no function has: it is called where they are in scope.
        let call =
            quote_spanned!(output => ::hookbox_sdk::Outcome::into_result(#ident(__input, __out)));
        quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types, dead_code)]
            #vis enum #ident {}
            impl ::hookbox_sdk::Hook for #ident {
                const NAME: &'static ::core::primitive::str = #name;
                const PARTS: ::hookbox_sdk::__private::Parts = ::hookbox_sdk::__private::Parts {
                    #wishes
                    on_startup: #on_startup,
                    schedules: &[#(#schedules),*],
                    asked: ::core::option::Option::None,
                };
                type Snapshots = #snapshots;
                fn run(__input: ::hookbox_sdk::Input<#snapshots>, __out: &mut ::hookbox_sdk::Effects) -> ::hookbox_sdk::Result {
                    #call
                }
            }
            #checks
        }
    }

    /// What only the compiler can check, since the struct of the snapshots is expanded apart.
    fn checks(&self, ident: &syn::Ident) -> TokenStream {
        // By way of the hook, where the type is known to hold snapshots: if it does not, that is told once.
        let snapshots = quote!(<#ident as ::hookbox_sdk::Hook>::Snapshots);
        let valid = quote!(<#snapshots as ::hookbox_sdk::Snapshots>::VALID);
        let bindings = quote!(<#snapshots as ::hookbox_sdk::Snapshots>::BINDINGS);
        let schedules = self
            .schedules
            .iter()
            .map(|schedule| schedule.checks(&snapshots));
        let startup = self.on_startup.map(|(_, span)| {
            quote_spanned! { span =>
                const _: () = ::core::assert!(
                    !#valid || ::hookbox_sdk::__private::check::all_optional(#bindings),
                    "a run at startup has no snapshots: make the fields an `Option`, or make a hook of its own for the startup"
                );
            }
        });
        let reason = quote_spanned! { ident.span() =>
            const _: () = ::core::assert!(
                !#valid || ::hookbox_sdk::__private::check::has_reason(&<#ident as ::hookbox_sdk::Hook>::PARTS, #bindings),
                "this hook would never run: give it `on_startup`, a `schedule(…)`, or a binding with events"
            );
        };
        quote!(#(#schedules)* #startup #reason)
    }
}

/// Checks a hook's name.
pub(crate) fn check_name(name: &Word, errors: &mut Errors) {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if name.text.is_empty() || !name.text.chars().all(good) {
        let message = format!(
            "`{}` is not a hook's name: letters, digits, `-`, `_`, `.` and `/`",
            name.text
        );
        errors.at(name.span, message);
    }
}

/// `settings(min_interval = "1s", burst = 3, warm_instance = true)` as JSON.
fn settings(arg: &Arg, document: &mut Document, errors: &mut Errors) -> Option<String> {
    let args = errors.take(arg.nested())?;
    args.check_keys(
        "`settings`",
        &["min_interval", "burst", "warm_instance"],
        &[],
        errors,
    );
    let warm = args.read("warm_instance", errors, Arg::bool);
    let mut settings = Map::new();
    let mut spans = Vec::new();
    if let Some(interval) = args.read("min_interval", errors, Arg::text) {
        settings.insert(
            "executionMinInterval".to_owned(),
            Value::from(interval.text),
        );
        spans.push(("settings.executionMinInterval", interval.span));
    } else if args.get("min_interval").is_none() && (warm.is_none() || args.get("burst").is_some())
    {
        errors.at(
            arg.key.span(),
            "`settings` needs `min_interval = \"…\"`, a duration such as `1s`",
        );
    }
    if args.get("min_interval").is_some() || args.get("burst").is_some() {
        // Operators want both.
        settings.insert(
            "executionBurst".to_owned(),
            Value::from(args.read("burst", errors, Arg::int).unwrap_or(1)),
        );
    }
    if warm == Some(true) {
        settings.insert("warmInstance".to_owned(), Value::from(true));
    }
    if let Some(burst) = args.get("burst") {
        spans.push(("settings.executionBurst", burst.span()));
    }
    let text = Value::Object(settings.clone()).to_string();
    document.set("settings", Value::Object(settings), arg.key.span());
    for (path, span) in spans {
        document.locate(path, span);
    }
    Some(text)
}
