//! `#[derive(ToolErrors)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr, Variant};

use crate::attrs;

pub fn expand(input: DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "ToolErrors is for enums: one variant an error code"));
    };
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&input.generics, "errors own what they hold: no generics, no lifetimes"));
    }
    let ident = &input.ident;
    let (mut declares, mut arms, mut conversions) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        let name = &variant.ident;
        if let Fields::Unnamed(fields) = &variant.fields {
            let Some((inner, true)) = fields.unnamed.first().map(|field| (&field.ty, fields.unnamed.len() == 1)) else {
                let message = "name the fields, `{ id: u32 }`: they are the details that the agent reads";
                return Err(syn::Error::new_spanned(&variant.fields, message));
            };
            declares.push(quote!(__errors.extend(<#inner as ::coevo_sdk::ToolErrors>::declared());));
            arms.push(quote!(Self::#name(inner) => <#inner as ::coevo_sdk::ToolErrors>::into_error(inner)));
            conversions.push(quote! {
                #[automatically_derived]
                impl ::core::convert::From<#inner> for #ident {
                    fn from(inner: #inner) -> Self {
                        Self::#name(inner)
                    }
                }
            });
            continue;
        }
        let code = attrs::snake_case(name);
        let doc = attrs::doc(&variant.attrs);
        if doc.is_empty() {
            let message = format!("say what {code} means, in a doc comment: recovery hints are made of it");
            return Err(syn::Error::new_spanned(variant, message));
        }
        declares.push(quote!(__errors.push((#code, #doc));));
        arms.push(arm(variant, &code, &doc)?);
    }
    Ok(quote! {
        #[automatically_derived]
        impl ::coevo_sdk::ToolErrors for #ident {
            fn declared() -> ::std::vec::Vec<(&'static str, &'static str)> {
                let mut __errors = ::std::vec::Vec::new();
                #(#declares)*
                __errors
            }

            fn into_error(self) -> ::coevo_sdk::ToolError {
                match self { #(#arms),* }
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#ident> for ::coevo_sdk::ToolError {
            fn from(error: #ident) -> Self {
                ::coevo_sdk::ToolErrors::into_error(error)
            }
        }

        #(#conversions)*
    })
}

fn arm(variant: &Variant, code: &str, doc: &str) -> syn::Result<TokenStream> {
    let name = &variant.ident;
    let message = match variant.attrs.iter().find(|attribute| attribute.path().is_ident("message")) {
        Some(attribute) => {
            let text: LitStr = attribute.parse_args()?;
            quote!(::std::format!(#text))
        }
        None => quote!(#doc),
    };
    let fields: Vec<_> = variant.fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    if fields.is_empty() {
        return Ok(
            quote!(Self::#name { .. } => ::coevo_sdk::ToolError::new(#code, #message, ::coevo_sdk::Value::Null)),
        );
    }
    let names = fields.iter().map(|field| attrs::name(field));
    Ok(quote! {
        Self::#name { #(#fields),* } => {
            let mut __fields = ::coevo_sdk::typed::Fields::new();
            #(::coevo_sdk::typed::put(&mut __fields, #names, &#fields);)*
            ::coevo_sdk::ToolError::new(#code, #message, ::coevo_sdk::Value::Object(__fields))
        }
    })
}
