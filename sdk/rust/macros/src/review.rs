//! `#[validate]`, `#[mutate]` and `#[convert]`: hooks that the API server asks.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use serde_json::{Value, json};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, ItemFn, Type};

use crate::args::{Arg, Args, Errors, Word};
use crate::document::{Document, Item};
use crate::hook::{Wishes, check_name, is_effects, snapshots_of};
use crate::watch::label_selector;

/// What the function is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Validate,
    Mutate,
    Convert,
}

const ADMISSION_KEYS: &[&str] = &[
    "name",
    "webhook",
    "rule",
    "failure_policy",
    "side_effects",
    "timeout_seconds",
    "condition",
    "labels",
    "namespace_labels",
    "group",
    "include_snapshots",
    "settings",
    "capabilities",
];
const CONVERT_KEYS: &[&str] = &[
    "name",
    "crd",
    "from",
    "to",
    "group",
    "include_snapshots",
    "settings",
    "capabilities",
];
const RULE_KEYS: &[&str] = &["groups", "versions", "resources", "operations", "scope"];
const CONDITION_KEYS: &[&str] = &["name", "expression"];

impl Kind {
    fn attribute(self) -> &'static str {
        match self {
            Self::Validate => "`#[validate]`",
            Self::Mutate => "`#[mutate]`",
            Self::Convert => "`#[convert]`",
        }
    }

    fn signature(self) -> &'static str {
        match self {
            Self::Validate => {
                "a validating hook is `fn name(review: Review<Watches>) -> Result<Verdict>`, with `out: &mut Effects` where it changes something"
            }
            Self::Mutate => {
                "a mutating hook is `fn name(review: Review<Watches>) -> Result<Mutation>`, with `out: &mut Effects` where it changes something"
            }
            Self::Convert => {
                "a conversion is `fn name(object: Old) -> Result<New>`, with `input: &Input<Watches>` where it looks at snapshots"
            }
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Validate => "kubernetesValidating",
            Self::Mutate => "kubernetesMutating",
            Self::Convert => "kubernetesCustomResourceConversion",
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Validate | Self::Mutate => ADMISSION_KEYS,
            Self::Convert => CONVERT_KEYS,
        }
    }
}

pub(crate) fn expand(kind: Kind, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message = format!(
                "{} goes on a function: {}",
                kind.attribute(),
                kind.signature()
            );
            errors.push(syn::Error::new_spanned(&item, message));
            let errors = errors.into_compile_error();
            return quote!(#errors #item);
        }
    };
    let args: Option<Args> = errors.take(syn::parse2(attribute));
    let shape = Shape::read(kind, &function, &mut errors);
    let asked = args.map(|args| Asked::read(kind, &args, &function, &mut errors));
    match (shape, asked) {
        (Some(shape), Some(asked)) if errors.is_empty() => {
            let generated = asked.generate(&function, &shape);
            quote!(#function #generated)
        }
        (shape, _) => {
            let snapshots = shape.map_or_else(|| quote!(()), |shape| shape.snapshots);
            let empty = crate::hook::placeholder(&function, &snapshots);
            let errors = errors.into_compile_error();
            quote!(#errors #function #empty)
        }
    }
}

/// What the function takes.
struct Shape {
    snapshots: TokenStream,
    /// Whether it takes the second argument.
    second: bool,
}

impl Shape {
    fn read(kind: Kind, function: &ItemFn, errors: &mut Errors) -> Option<Self> {
        let sig = &function.sig;
        let mut wrong = |what: &dyn quote::ToTokens, message: &str| {
            let message = format!("{message}\nhelp: {}", kind.signature());
            errors.push(syn::Error::new_spanned(what, message));
        };
        if let Some(asyncness) = &sig.asyncness {
            wrong(asyncness, "a hook is not async: what it reads is there");
            return None;
        }
        if !sig.generics.params.is_empty() {
            wrong(&sig.generics, "a hook cannot be generic");
            return None;
        }
        let inputs: Vec<&FnArg> = sig.inputs.iter().collect();
        let (first, second) = match inputs.as_slice() {
            [FnArg::Typed(first)] => (first, None),
            [FnArg::Typed(first), FnArg::Typed(second)] => (first, Some(second)),
            _ => {
                wrong(&sig.inputs, "it has one or two arguments");
                return None;
            }
        };
        if let syn::ReturnType::Default = sig.output {
            wrong(&sig.ident, "it returns its answer");
            return None;
        }
        if kind == Kind::Convert {
            let snapshots = match second {
                None => Some(quote!(())),
                Some(second) => match &*second.ty {
                    Type::Reference(reference) => snapshots_of(&reference.elem, "Input"),
                    _ => None,
                },
            };
            if snapshots.is_none()
                && let Some(second) = second
            {
                wrong(
                    &second.ty,
                    "the second argument of a conversion is `&Input<…>`",
                );
            }
            return Some(Self {
                snapshots: snapshots?,
                second: second.is_some(),
            });
        }
        let snapshots = snapshots_of(&first.ty, "Review");
        if snapshots.is_none() {
            wrong(
                &first.ty,
                "the first argument is `Review<…>` of its snapshots, or `Review`",
            );
        }
        if let Some(second) = second
            && !is_effects(&second.ty)
        {
            wrong(&second.ty, "the second argument is `&mut Effects`");
            return None;
        }
        Some(Self {
            snapshots: snapshots?,
            second: second.is_some(),
        })
    }
}

/// A hook that is asked.
struct Asked {
    kind: Kind,
    name: Word,
    /// Fields of the binding as JSON, without braces and `includeSnapshotsFrom`.
    json: String,
    includes: Option<(Vec<Word>, Span)>,
    group: Option<String>,
    wishes: Wishes,
}

impl Asked {
    fn read(kind: Kind, args: &Args, function: &ItemFn, errors: &mut Errors) -> Self {
        let repeatable: &[&str] = &["rule", "condition"];
        let known = args.check_keys(kind.attribute(), kind.keys(), repeatable, errors);
        let ident = &function.sig.ident;
        let own = Word {
            text: ident.unraw().to_string(),
            span: ident.span(),
            bare: true,
        };
        let name = args.read("name", errors, Arg::text).unwrap_or(own);
        check_name(&name, errors);
        let mut document = Document::new(ident.span());
        let mut item = Item::new(kind.list(), 0, ident.span());
        match kind {
            Kind::Convert => conversion(args, &name, known, &mut item, errors),
            Kind::Validate | Kind::Mutate => admission(kind, args, known, &mut item, errors),
        }
        let group = args.read("group", errors, Arg::text);
        if let Some(group) = &group {
            item.set("group", group.text.as_str(), group.span);
        }
        let includes = args.read("include_snapshots", errors, Arg::words);
        let includes = includes.zip(args.get("include_snapshots").map(Arg::span));
        document.push(kind.list(), &item);
        let wishes = Wishes::read(args, &mut document, errors);
        document.check(errors);
        Self {
            kind,
            name,
            json: item.json_fields(),
            includes,
            group: group.map(|group| group.text),
            wishes,
        }
    }

    fn generate(&self, function: &ItemFn, shape: &Shape) -> TokenStream {
        let (ident, vis) = (&function.sig.ident, &function.vis);
        let (name, json, snapshots) = (&self.name.text, &self.json, &shape.snapshots);
        let wishes = self.wishes.fields();
        let includes = match &self.includes {
            Some((words, _)) => {
                let names = words.iter().map(|word| &word.text);
                quote!(::core::option::Option::Some(&[#(#names),*]))
            }
            None => quote!(::core::option::Option::None),
        };
        let kind = match self.kind {
            Kind::Validate => quote!(Validate),
            Kind::Mutate => quote!(Mutate),
            Kind::Convert => quote!(Convert),
        };
        let output = match &function.sig.output {
            syn::ReturnType::Default => ident.span(),
            syn::ReturnType::Type(_, ty) => ty.span(),
        };
        // Names that no function has: it is called where they are in scope.
        let review_call = match shape.second {
            true => quote!(#ident(__review, __out)),
            false => quote!(#ident(__review)),
        };
        let review_call = quote_spanned!(output => ::core::result::Result::map_err(#review_call, ::core::convert::Into::into));
        let handler = match self.kind {
            Kind::Validate => quote! {
                fn validate(
                    __review: ::hookbox_sdk::Review<#snapshots>, __out: &mut ::hookbox_sdk::Effects
                ) -> ::hookbox_sdk::Result<::hookbox_sdk::Verdict> {
                    let _ = &__out;
                    #review_call
                }
            },
            Kind::Mutate => quote! {
                fn mutate(
                    __review: ::hookbox_sdk::Review<#snapshots>, __out: &mut ::hookbox_sdk::Effects
                ) -> ::hookbox_sdk::Result<::hookbox_sdk::Mutation> {
                    let _ = &__out;
                    #review_call
                }
            },
            Kind::Convert => {
                let call = match shape.second {
                    true => quote!(#ident(__object, __input)),
                    false => quote!(#ident(__object)),
                };
                quote_spanned! { output =>
                    fn convert(
                        __input: &::hookbox_sdk::Input<#snapshots>, __text: &::core::primitive::str, __to: &::core::primitive::str
                    ) -> ::hookbox_sdk::Result<::std::string::String> {
                        let _ = &__input;
                        ::hookbox_sdk::__private::convert(__text, __to, |__object| #call)
                    }
                }
            }
        };
        let checks = self.checks(ident);
        quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types, dead_code)]
            #vis enum #ident {}
            impl ::hookbox_sdk::Hook for #ident {
                const NAME: &'static ::core::primitive::str = #name;
                const PARTS: ::hookbox_sdk::__private::Parts = ::hookbox_sdk::__private::Parts {
                    #wishes
                    on_startup: ::core::option::Option::None,
                    schedules: &[],
                    asked: ::core::option::Option::Some(::hookbox_sdk::__private::AskedPart {
                        kind: ::hookbox_sdk::__private::AskedKind::#kind, json: #json, includes: #includes,
                    }),
                };
                type Snapshots = #snapshots;
                #handler
            }
            #checks
        }
    }

    fn checks(&self, ident: &syn::Ident) -> TokenStream {
        let snapshots = quote!(<#ident as ::hookbox_sdk::Hook>::Snapshots);
        match &self.includes {
            Some((words, span)) => crate::schedule::include_checks(
                words,
                *span,
                &self.name.text,
                self.group.as_deref(),
                &snapshots,
            ),
            None => TokenStream::new(),
        }
    }
}

fn conversion(args: &Args, name: &Word, known: bool, item: &mut Item, errors: &mut Errors) {
    item.set("name", name.text.as_str(), name.span);
    let mut versions = json!({"fromVersion": "v1", "toVersion": "v2"});
    let mut spans = Vec::new();
    for (key, field) in [
        ("crd", "crdName"),
        ("from", "fromVersion"),
        ("to", "toVersion"),
    ] {
        match args.read(key, errors, Arg::text) {
            Some(word) if key == "crd" => item.set(field, word.text, word.span),
            Some(word) => {
                spans.push((field, word.span));
                if let Some(place) = versions.get_mut(field) {
                    *place = Value::from(word.text);
                }
            }
            None if args.get(key).is_none() && known => errors.at(
                name.span,
                format!("`#[convert]` needs `crd`, `from` and `to`: `{key}` is missing"),
            ),
            None => {}
        }
    }
    item.set_default_if_absent("crdName", "widgets.example.com");
    item.set_default("conversions", json!([versions]));
    for (field, span) in spans {
        item.locate(&format!("conversions[0].{field}"), span);
    }
}

fn admission(kind: Kind, args: &Args, known: bool, item: &mut Item, errors: &mut Errors) {
    // Where it is missing or wrong, which is told, the other mistakes are shown too.
    item.set_default("name", "name.example.com");
    match args.get("webhook") {
        Some(arg) => {
            if let Some(word) = errors.take(arg.text()) {
                item.set("name", word.text, word.span);
            }
        }
        None if known => errors.at(
            Span::call_site(),
            format!(
                "{} needs the webhook's name: `webhook = \"pods.policy.example.com\"`",
                kind.attribute()
            ),
        ),
        None => {}
    }
    for (key, field) in [
        ("failure_policy", "failurePolicy"),
        ("side_effects", "sideEffects"),
    ] {
        if let Some(words) = args.read(key, errors, Arg::words)
            && let [word] = words.as_slice()
        {
            item.set(field, word.text.as_str(), word.span);
        }
    }
    if let (Some(seconds), Some(arg)) = (
        args.read("timeout_seconds", errors, Arg::int),
        args.get("timeout_seconds"),
    ) {
        item.set("timeoutSeconds", seconds, arg.span());
    }
    if let Some(text) = args.read("labels", errors, Arg::text)
        && let Some(selector) = errors.take(label_selector(&text))
    {
        item.set("labelSelector", selector, text.span);
    }
    if let Some(text) = args.read("namespace_labels", errors, Arg::text)
        && let Some(selector) = errors.take(label_selector(&text))
    {
        item.set("namespace", json!({"labelSelector": selector}), text.span);
    }
    rules(kind, args, known, item, errors);
    conditions(args, item, errors);
}

fn rules(kind: Kind, args: &Args, known: bool, item: &mut Item, errors: &mut Errors) {
    let mut rules = Vec::new();
    for arg in args.0.iter().filter(|arg| arg.key == "rule") {
        let Some(nested) = errors.take(arg.nested()) else {
            continue;
        };
        nested.check_keys("`rule`", RULE_KEYS, &[], errors);
        let path = format!("rules[{}]", rules.len());
        let mut rule = json!({"apiGroups": [""], "apiVersions": ["*"], "operations": ["*"]});
        item.locate(&path, arg.key.span());
        for (key, field) in [
            ("groups", "apiGroups"),
            ("versions", "apiVersions"),
            ("resources", "resources"),
            ("operations", "operations"),
        ] {
            let Some(words) = nested.read(key, errors, Arg::words) else {
                continue;
            };
            let operations = key == "operations";
            for (i, word) in words.iter().enumerate() {
                item.locate(&format!("{path}.{field}[{i}]"), word.span);
            }
            // `Create` and `"CREATE"`.
            let text = |word: &Word| match operations {
                true => word.text.to_ascii_uppercase(),
                false => word.text.clone(),
            };
            let words: Vec<String> = words.iter().map(text).collect();
            insert(&mut rule, field, json!(words));
        }
        if let Some(words) = nested.read("scope", errors, Arg::words)
            && let [word] = words.as_slice()
        {
            item.locate(&format!("{path}.scope"), word.span);
            insert(&mut rule, "scope", json!(word.text));
        }
        if nested.get("resources").is_none() {
            errors.at(
                arg.key.span(),
                "`rule` needs resources: `resources = [\"pods\"]`",
            );
            insert(&mut rule, "resources", json!(["pods"]));
        }
        rules.push(rule);
    }
    if rules.is_empty() && known && args.get("rule").is_none() {
        errors.at(
            Span::call_site(),
            format!(
                "{} needs a rule: `rule(resources = [\"pods\"], operations = [Create])`",
                kind.attribute()
            ),
        );
    }
    if !rules.is_empty() {
        item.set_default("rules", Value::Array(rules));
    }
}

fn conditions(args: &Args, item: &mut Item, errors: &mut Errors) {
    let mut conditions = Vec::new();
    for arg in args.0.iter().filter(|arg| arg.key == "condition") {
        let Some(nested) = errors.take(arg.nested()) else {
            continue;
        };
        nested.check_keys("`condition`", CONDITION_KEYS, &[], errors);
        let mut condition = json!({});
        for key in CONDITION_KEYS {
            match nested.read(key, errors, Arg::text) {
                Some(word) => insert(&mut condition, key, json!(word.text)),
                None if nested.get(key).is_none() => errors.at(
                    arg.key.span(),
                    format!("`condition` needs `name` and `expression`: `{key}` is missing"),
                ),
                None => {}
            }
        }
        item.locate(
            &format!("matchConditions[{}]", conditions.len()),
            arg.key.span(),
        );
        conditions.push(condition);
    }
    if !conditions.is_empty() {
        item.set_default("matchConditions", Value::Array(conditions));
    }
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(key.to_owned(), value);
    }
}
