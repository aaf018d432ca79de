//! `#[derive(Snapshots)]`

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use serde_json::Value;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field, Fields, Meta};

use crate::args::{Args, Errors, Word};
use crate::document::Document;
use crate::watch::Watch;

pub(crate) fn expand(input: DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    match read(&input, &mut errors) {
        Some(bindings) if errors.is_empty() => generate(&input, &bindings),
        // With an implementation, the only errors are those of the macro, not those of its absence.
        _ => {
            let name = &input.ident;
            let (parameters, arguments, bounds) = input.generics.split_for_impl();
            let errors = errors.into_compile_error();
            quote! {
                #errors
                impl #parameters ::hookbox_sdk::Snapshots for #name #arguments #bounds {
                    const BINDINGS: &'static [::hookbox_sdk::__private::Binding] = &[];
                    const CONFIG: &'static ::core::primitive::str = "";
                    // The checks of the hooks have nothing to go by.
                    const VALID: ::core::primitive::bool = false;
                    fn load(_: &::hookbox_sdk::__private::Loader<'_>) -> ::hookbox_sdk::Result<Self> {
                        ::core::unreachable!()
                    }
                }
            }
        }
    }
}

struct BoundField<'a> {
    field: &'a Field,
    watch: Watch,
    /// Names of the snapshots that its runs have; the group's are added by the operator.
    includes: Vec<String>,
}

fn read<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<Vec<BoundField<'a>>> {
    let Data::Struct(data) = &input.data else {
        errors.at(input.ident.span(), "only a struct can hold snapshots");
        return None;
    };
    let Fields::Named(fields) = &data.fields else {
        errors.at(
            input.ident.span(),
            "a snapshots struct has named fields: a field's name is the binding's name",
        );
        return None;
    };
    if !input.generics.params.is_empty() {
        errors.at(
            input.generics.span(),
            "a snapshots struct cannot be generic",
        );
        return None;
    }
    if fields.named.is_empty() {
        errors.at(
            input.ident.span(),
            "the struct has no binding\nhelp: a hook without bindings takes `Input` alone",
        );
        return None;
    }
    let mut bound = Vec::new();
    for field in &fields.named {
        // The index is that in the document, where a field without an attribute is not.
        if let Some(watch) = watch(field, bound.len(), errors) {
            bound.push(BoundField {
                field,
                watch,
                includes: Vec::new(),
            });
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for BoundField { watch, .. } in &bound {
        if seen.contains(&watch.name.text.as_str()) {
            errors.at(
                watch.name.span,
                format!("two bindings are named `{}`", watch.name.text),
            );
        }
        seen.push(&watch.name.text);
    }
    if bound.len() == fields.named.len() && errors.is_empty() {
        include(&mut bound);
    }
    let mut document = Document::new(input.ident.span());
    for BoundField { watch, .. } in &bound {
        document.push("kubernetes", &watch.item);
    }
    document.check(errors);
    Some(bound)
}

fn watch(field: &Field, index: usize, errors: &mut Errors) -> Option<Watch> {
    let ident = field.ident.as_ref()?;
    let mut attributes = field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("watch"));
    let Some(attribute) = attributes.next() else {
        let message = format!("`{ident}` is not a binding: add `#[watch(kind = \"…\")]`");
        errors.at(ident.span(), message);
        return None;
    };
    if let Some(second) = attributes.next() {
        errors.at(
            second.span(),
            "a field is one binding: it has one `#[watch]`",
        );
    }
    let args: Args = match &attribute.meta {
        // Without arguments, as with empty parentheses, it lacks a kind.
        Meta::Path(_) => Args::default(),
        _ => errors.take(attribute.parse_args())?,
    };
    let name = Word {
        text: ident.unraw().to_string(),
        span: ident.span(),
        bare: true,
    };
    Some(Watch::new(&args, index, name, errors))
}

/// Fills `includeSnapshotsFrom`: the author's list, or all. A field's name stands for its binding's.
fn include(bound: &mut [BoundField<'_>]) {
    let names: Vec<(String, String)> = bound
        .iter()
        .map(|BoundField { field, watch, .. }| {
            let field = field.ident.as_ref().map(|ident| ident.unraw().to_string());
            (field.unwrap_or_default(), watch.name.text.clone())
        })
        .collect();
    let resolve = |word: &Word| match names
        .iter()
        .find(|(field, _)| word.bare && *field == word.text)
    {
        Some((_, name)) => name.clone(),
        None => word.text.clone(),
    };
    for BoundField {
        watch, includes, ..
    } in bound
    {
        match &watch.includes {
            None => {
                *includes = names.iter().map(|(_, name)| name.clone()).collect();
                watch
                    .item
                    .set_default("includeSnapshotsFrom", json_list(includes));
            }
            Some((words, _)) if words.is_empty() => {}
            Some((words, span)) => {
                *includes = words.iter().map(resolve).collect();
                watch
                    .item
                    .set("includeSnapshotsFrom", json_list(includes), *span);
                let spans: Vec<Span> = words.iter().map(|word| word.span).collect();
                for (i, span) in spans.into_iter().enumerate() {
                    watch
                        .item
                        .locate(&format!("includeSnapshotsFrom[{i}]"), span);
                }
            }
        }
    }
}

fn json_list(names: &[String]) -> Value {
    names.iter().map(String::as_str).collect()
}

fn generate(input: &DeriveInput, bound: &[BoundField<'_>]) -> TokenStream {
    let name = &input.ident;
    let config = bound
        .iter()
        .map(|BoundField { watch, .. }| watch.item.json())
        .collect::<Vec<_>>()
        .join(",");
    let consts: Vec<_> = (0..bound.len())
        .map(|index| format_ident!("BINDING_{index}"))
        .collect();
    let definitions = bound
        .iter()
        .zip(&consts)
        .map(|(binding, constant)| definition(binding, bound, constant));
    let loads = bound
        .iter()
        .zip(&consts)
        .map(|(BoundField { field, .. }, constant)| {
            let ident = &field.ident;
            let ty = &field.ty;
            quote_spanned! { ty.span() => #ident: loader.field::<#ty>(&#constant)? }
        });
    let checks = bound.iter().flat_map(|binding| coverage(binding, bound));
    let arms: Vec<_> = bound.iter().filter_map(filter_arm).collect();
    let filter = (!arms.is_empty()).then(|| {
        quote! {
            fn filter(binding: &::core::primitive::str, object: &::core::primitive::str)
                -> ::hookbox_sdk::Result<::std::string::String>
            {
                match binding {
                    #(#arms)*
                    other => ::core::result::Result::Err(::hookbox_sdk::Error::msg(
                        ::core::format_args!("the binding `{other}` has no filter of its own")
                    )),
                }
            }
        }
    });
    quote! {
        const _: () = {
            #(#definitions)*
            #(#checks)*
            impl ::hookbox_sdk::Snapshots for #name {
                const BINDINGS: &'static [::hookbox_sdk::__private::Binding] = &[#(#consts),*];
                const CONFIG: &'static ::core::primitive::str = #config;
                #filter
                fn load(loader: &::hookbox_sdk::__private::Loader<'_>) -> ::hookbox_sdk::Result<Self> {
                    ::core::result::Result::Ok(Self { #(#loads),* })
                }
            }
        };
    }
}

/// The call of a binding's own filter function.
fn filter_arm(BoundField { watch, .. }: &BoundField<'_>) -> Option<TokenStream> {
    let (path, name) = (watch.filter.as_ref()?, &watch.name.text);
    Some(quote_spanned! { path.span() =>
        #name => ::hookbox_sdk::__private::filter(#path, object),
    })
}

fn definition(
    binding: &BoundField<'_>,
    all: &[BoundField<'_>],
    constant: &syn::Ident,
) -> TokenStream {
    let BoundField {
        field,
        watch,
        includes,
    } = binding;
    let ty = &field.ty;
    let (name, filtered, runs) = (&watch.name.text, watch.filtered, watch.runs);
    let group = match &watch.group {
        Some(group) => quote!(::core::option::Option::Some(#group)),
        None => quote!(::core::option::Option::None),
    };
    let effective: Vec<&str> = all
        .iter()
        .filter(|other| has(watch, includes, other))
        .map(|other| other.watch.name.text.as_str())
        .collect();
    let optional = quote_spanned!(ty.span() => <#ty as ::hookbox_sdk::SnapshotField>::OPTIONAL);
    quote! {
        const #constant: ::hookbox_sdk::__private::Binding = ::hookbox_sdk::__private::Binding {
            name: #name,
            filtered: #filtered,
            runs: #runs,
            group: #group,
            optional: #optional,
            includes: &[#(#effective),*],
        };
    }
}

/// Whether the runs of a binding have the snapshot of another one.
fn has(watch: &Watch, includes: &[String], other: &BoundField<'_>) -> bool {
    let same_group = watch.group.is_some() && watch.group == other.watch.group;
    same_group || includes.contains(&other.watch.name.text)
}

/// A list of the author's that leaves a snapshot out needs that field to be optional.
fn coverage(binding: &BoundField<'_>, all: &[BoundField<'_>]) -> Vec<TokenStream> {
    let Some((_, span)) = &binding.watch.includes else {
        return Vec::new();
    };
    let left_out = all
        .iter()
        .filter(|other| !has(&binding.watch, &binding.includes, other));
    left_out
        .map(|other| {
            let (ty, name) = (&other.field.ty, &other.watch.name.text);
            let message = format!(
                "runs of `{}` would not have the snapshot `{name}`: include it, or make the field an `Option`",
                binding.watch.name.text
            );
            quote_spanned! { *span =>
                const _: () = ::core::assert!(<#ty as ::hookbox_sdk::SnapshotField>::OPTIONAL, #message);
            }
        })
        .collect()
}
