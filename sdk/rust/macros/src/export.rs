//! `export!`

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Path, Token};

pub(crate) struct Hooks(Vec<Path>);

impl Parse for Hooks {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let paths = Punctuated::<Path, Token![,]>::parse_terminated(input)?;
        if paths.is_empty() {
            return Err(Error::new(
                Span::call_site(),
                "name the hooks of the component: `export!(pods, nodes)`",
            ));
        }
        Ok(Self(paths.into_iter().collect()))
    }
}

pub(crate) fn expand(Hooks(hooks): Hooks) -> TokenStream {
    let checks = hooks.iter().enumerate().flat_map(|(i, hook)| {
        hooks.iter().take(i).map(move |earlier| {
            let message = format!("`{}` and `{}` have the same hook name", text(earlier), text(hook));
            quote_spanned! { hook.span() =>
                const _: () = ::core::assert!(
                    !::hookbox_sdk::__private::check::same(
                        <#earlier as ::hookbox_sdk::Hook>::NAME, <#hook as ::hookbox_sdk::Hook>::NAME
                    ),
                    #message
                );
            }
        })
    });
    let run = hooks.iter().map(|hook| {
        quote! {
            if name == <#hook as ::hookbox_sdk::Hook>::NAME {
                return ::hookbox_sdk::__private::component::run::<#hook>(contexts);
            }
        }
    });
    // Names each hook in builds for the host too, so that a mistake shows in `cargo test`.
    let exist = hooks.iter().map(|hook| {
        quote_spanned!(hook.span() => const _: &::core::primitive::str = <#hook as ::hookbox_sdk::Hook>::NAME;)
    });
    quote! {
        #(#exist)*
        #(#checks)*
        #[cfg(target_family = "wasm")]
        const _: () = {
            use ::hookbox_sdk::__private::bindings::hookbox::hook as contract;
            use ::hookbox_sdk::__private::bindings::exports::hookbox::hook::hooks as exported;
            struct Component;
            impl exported::Guest for Component {
                fn describe() -> ::std::vec::Vec<exported::Hook> {
                    ::std::vec![#(::hookbox_sdk::__private::component::describe::<#hooks>()),*]
                }
                fn run(
                    name: ::std::string::String,
                    contexts: ::std::vec::Vec<contract::contexts::BindingContext>,
                ) -> ::core::result::Result<(), contract::types::Error> {
                    #(#run)*
                    ::hookbox_sdk::__private::component::unknown(&name)
                }
            }
            ::hookbox_sdk::__private::bindings::__export_component!(Component);
        };
    }
}

fn text(path: &Path) -> String {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect::<Vec<_>>()
        .join("::")
}
