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
    // One function of the contract: the hook of this name answers.
    let dispatch = |call: fn(&Path) -> TokenStream| -> TokenStream {
        let arms = hooks.iter().map(|hook| {
            let call = call(hook);
            quote! {
                if name == <#hook as ::hookbox_sdk::Hook>::NAME {
                    return ::hookbox_sdk::__private::component::#call;
                }
            }
        });
        quote!(#(#arms)*)
    };
    let run = dispatch(|hook| quote!(run::<#hook>(contexts)));
    let validate = dispatch(|hook| quote!(validate::<#hook>(request)));
    let mutate = dispatch(|hook| quote!(mutate::<#hook>(request)));
    let convert = dispatch(|hook| quote!(convert::<#hook>(objects, &to)));
    let filter = dispatch(|hook| quote!(filter::<#hook>(&binding, objects)));
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
            use ::hookbox_sdk::__private::bindings::exports::hookbox::hook as exported;
            type Text = ::std::string::String;
            type Answer<T> = ::core::result::Result<T, contract::types::Error>;
            struct Component;
            impl exported::hooks::Guest for Component {
                fn describe() -> ::std::vec::Vec<exported::hooks::Hook> {
                    ::std::vec![#(::hookbox_sdk::__private::component::describe::<#hooks>()),*]
                }
                fn run(
                    name: Text, contexts: ::std::vec::Vec<contract::contexts::BindingContext>
                ) -> Answer<()> {
                    #run
                    ::hookbox_sdk::__private::component::unknown(&name)
                }
            }
            impl exported::admission::Guest for Component {
                fn validate(name: Text, _: Text, request: Text) -> Answer<exported::admission::Response> {
                    #validate
                    ::hookbox_sdk::__private::component::unknown(&name)
                }
                fn mutate(name: Text, _: Text, request: Text) -> Answer<exported::admission::Response> {
                    #mutate
                    ::hookbox_sdk::__private::component::unknown(&name)
                }
            }
            impl exported::conversion::Guest for Component {
                fn convert(
                    name: Text, _: Text, _: Text, to: Text, objects: ::std::vec::Vec<Text>
                ) -> Answer<::std::vec::Vec<Text>> {
                    #convert
                    ::hookbox_sdk::__private::component::unknown(&name)
                }
            }
            impl exported::filters::Guest for Component {
                fn filter(
                    name: Text, binding: Text, objects: ::std::vec::Vec<Text>
                ) -> ::std::vec::Vec<Answer<Text>> {
                    #filter
                    objects.iter().map(|_| ::hookbox_sdk::__private::component::unknown(&name)).collect()
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
