//! What all macros read the same way: doc comments, names, the fields of a struct.

use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Field, Fields, Ident, Lit, Meta};

/// The doc comment as one text: lines of a paragraph joined by a space, paragraphs by a line break.
pub fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    let mut text = String::new();
    for line in lines {
        match line.as_str() {
            "" if !text.is_empty() && !text.ends_with('\n') => text.push('\n'),
            "" => {}
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// An identifier as its name, `r#type` as `type`.
pub fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// `AlreadyDone` as `already_done`.
pub fn snake_case(ident: &Ident) -> String {
    let mut out = String::new();
    for c in name(ident).chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// The named fields of a struct.
pub fn named_fields<'a>(input: &'a DeriveInput, derive: &str) -> syn::Result<Vec<(&'a Ident, &'a Field)>> {
    let wrong = |what: &str| {
        let message = format!("{derive} is for structs with named fields, and this is {what}");
        Err(syn::Error::new_spanned(&input.ident, message))
    };
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                Ok(fields.named.iter().filter_map(|field| Some((field.ident.as_ref()?, field))).collect())
            }
            Fields::Unit => Ok(Vec::new()),
            Fields::Unnamed(_) => wrong("a tuple struct"),
        },
        Data::Enum(_) => wrong("an enum (derive Choice for one of several words)"),
        Data::Union(_) => wrong("a union"),
    }
}
