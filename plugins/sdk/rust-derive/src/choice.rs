//! `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr, Variant};

use crate::attrs;

fn word(variant: &Variant) -> syn::Result<String> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(syn::Error::new_spanned(variant, "a choice is a word: its variants hold nothing"));
    }
    match variant.attrs.iter().find(|attribute| attribute.path().is_ident("choice")) {
        Some(attribute) => Ok(attribute.parse_args::<LitStr>()?.value()),
        None => Ok(attrs::snake_case(&variant.ident)),
    }
}

pub fn expand(input: DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "Choice is for enums: one of several words"));
    };
    if data.variants.is_empty() {
        return Err(syn::Error::new_spanned(&input.ident, "a choice needs something to choose from: add variants"));
    }
    let words = data.variants.iter().map(word).collect::<syn::Result<Vec<_>>>()?;
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::coevo_sdk::Choice for #ident {
            const WORDS: &'static [&'static str] = &[#(#words),*];

            fn word(&self) -> &'static str {
                match self { #(Self::#variants => #words),* }
            }

            fn of_word(word: &str) -> ::core::option::Option<Self> {
                match word {
                    #(#words => ::core::option::Option::Some(Self::#variants),)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        #[automatically_derived]
        impl ::coevo_sdk::Arg for #ident {
            const TY: ::coevo_sdk::Ty = ::coevo_sdk::Ty::OneOf(<Self as ::coevo_sdk::Choice>::WORDS);

            fn read(value: &::coevo_sdk::Value) -> ::core::result::Result<Self, ::coevo_sdk::typed::Mismatch> {
                ::coevo_sdk::typed::read_choice(value)
            }
        }

        #[automatically_derived]
        impl ::coevo_sdk::Output for #ident {
            const TY: ::coevo_sdk::Ty = ::coevo_sdk::Ty::OneOf(<Self as ::coevo_sdk::Choice>::WORDS);

            fn write(&self) -> ::coevo_sdk::Value {
                ::coevo_sdk::Value::from(<Self as ::coevo_sdk::Choice>::word(self))
            }
        }
    })
}
