//! `#[derive(Reply)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, GenericParam};

use crate::attrs;

pub fn expand(input: DeriveInput) -> syn::Result<TokenStream> {
    let fields = attrs::named_fields(&input, "Reply")?;
    if let Some(other) = input.generics.params.iter().find(|param| !matches!(param, GenericParam::Lifetime(_))) {
        return Err(syn::Error::new_spanned(
            other,
            "a reply has one schema: lifetimes are fine, type parameters are not",
        ));
    }
    let (mut declarations, mut types, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    for (ident, field) in fields {
        let (name, ty) = (attrs::name(ident), &field.ty);
        let value_type = quote_spanned!(ty.span()=> <#ty as ::coevo_sdk::Output>::TY);
        declarations.push(quote!(.returns(#name, #value_type)));
        types.push(quote!((#name, #value_type)));
        writes.push(quote!(::coevo_sdk::typed::put(&mut __fields, #name, &self.#ident);));
    }
    let count = writes.len();
    let (ident, (impls, of_type, bounds)) = (&input.ident, input.generics.split_for_impl());
    Ok(quote! {
        #[automatically_derived]
        impl #impls ::coevo_sdk::Reply for #ident #of_type #bounds {
            fn declare(__tool: ::coevo_sdk::Tool) -> ::coevo_sdk::Tool {
                __tool #(#declarations)*
            }

            fn write(&self) -> ::coevo_sdk::Value {
                let mut __fields = ::coevo_sdk::typed::Fields::with_capacity(#count);
                #(#writes)*
                ::coevo_sdk::Value::Object(__fields)
            }
        }

        #[automatically_derived]
        impl #impls ::coevo_sdk::Output for #ident #of_type #bounds {
            const TY: ::coevo_sdk::Ty = ::coevo_sdk::Ty::Object(&[#(#types),*]);

            fn write(&self) -> ::coevo_sdk::Value {
                <Self as ::coevo_sdk::Reply>::write(self)
            }
        }
    })
}
