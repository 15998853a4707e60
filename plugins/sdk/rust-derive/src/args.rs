//! `#[derive(Args)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Expr, Field, LitStr, RangeLimits};

use crate::attrs;

/// What `#[arg(…)]` says of a field.
#[derive(Default)]
struct Refinements {
    name: Option<String>,
    /// (low, high), both included
    range: Option<(Expr, Expr)>,
    pattern: Option<Expr>,
    one_of: Option<Expr>,
}

impl Refinements {
    fn of(field: &Field) -> syn::Result<Self> {
        let mut found = Self::default();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    found.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("pattern") {
                    found.pattern = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("one_of") {
                    found.one_of = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("range") {
                    found.range = Some(closed_range(meta.value()?.parse()?)?);
                } else {
                    return Err(meta.error("an argument takes `range = 1..=9`, `pattern = \"^…$\"`, `one_of = [\"a\", \"b\"]` and `name = \"…\"`"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

fn closed_range(range: Expr) -> syn::Result<(Expr, Expr)> {
    let message = "write both ends, the last one included: `range = 1..=9`";
    let Expr::Range(parts) = &range else {
        return Err(syn::Error::new_spanned(range, message));
    };
    match (&parts.start, &parts.limits, &parts.end) {
        (Some(low), RangeLimits::Closed(_), Some(high)) => Ok(((**low).clone(), (**high).clone())),
        _ => Err(syn::Error::new_spanned(range, message)),
    }
}

pub fn expand(input: DeriveInput) -> syn::Result<TokenStream> {
    let fields = attrs::named_fields(&input, "Args")?;
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &input.generics,
            "arguments own what they hold: no generics, no lifetimes; use `String`, not `&str`",
        ));
    }
    let (mut declarations, mut types, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for (ident, field) in fields {
        let refinements = Refinements::of(field)?;
        let doc = attrs::doc(&field.attrs);
        let name = refinements.name.unwrap_or_else(|| attrs::name(ident));
        if doc.is_empty() {
            let message = format!("say what {name} is, in a doc comment: the agent reads it");
            return Err(syn::Error::new_spanned(field, message));
        }
        let ty = &field.ty;
        let (mut refine, mut check) = (TokenStream::new(), TokenStream::new());
        if let Some(pattern) = refinements.pattern {
            refine.extend(quote!(.pattern(#pattern)));
        }
        if let Some(values) = refinements.one_of {
            refine.extend(quote!(.one_of(&#values)));
            check.extend(quote!(::coevo_sdk::typed::check_one_of(__args, #name, &#values)?;));
        }
        if let Some((low, high)) = refinements.range {
            refine.extend(quote!(.range(#low, #high)));
            check.extend(quote!(::coevo_sdk::typed::check_range(__args, #name, #low, #high)?;));
        }
        let value_type = quote_spanned!(ty.span()=> <#ty as ::coevo_sdk::Arg>::TY);
        declarations.push(quote!(.arg(#name, #value_type, #doc) #refine));
        types.push(quote!((#name, #value_type)));
        reads.push(quote!(#ident: { #check ::coevo_sdk::typed::field::<#ty>(__args, #name)? }));
    }
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::coevo_sdk::Args for #ident {
            fn declare(__tool: ::coevo_sdk::Tool) -> ::coevo_sdk::Tool {
                __tool #(#declarations)*
            }

            fn read(__args: &::coevo_sdk::Value) -> ::core::result::Result<Self, ::coevo_sdk::typed::Mismatch> {
                ::coevo_sdk::typed::check_object(__args)?;
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
        }

        #[automatically_derived]
        impl ::coevo_sdk::Arg for #ident {
            const TY: ::coevo_sdk::Ty = ::coevo_sdk::Ty::Object(&[#(#types),*]);

            fn read(__args: &::coevo_sdk::Value) -> ::core::result::Result<Self, ::coevo_sdk::typed::Mismatch> {
                <Self as ::coevo_sdk::Args>::read(__args)
            }
        }
    })
}
