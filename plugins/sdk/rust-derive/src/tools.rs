//! `#[tools]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl, LitStr, ReturnType, Type};

use crate::attrs;

/// What `#[tool(…)]` says.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    preconditions: Vec<LitStr>,
    /// (code, description)
    errors: Vec<(String, LitStr)>,
    user: bool,
}

const KEYS: &str = "a tool takes `pre = \"sentence\"`, `error(code = \"description\")`, `user` and `name = \"…\"`";

impl Options {
    fn of(attribute: &Attribute) -> syn::Result<Self> {
        let mut options = Self::default();
        if matches!(attribute.meta, syn::Meta::Path(_)) {
            return Ok(options);
        }
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("pre") {
                options.preconditions.push(meta.value()?.parse()?);
            } else if meta.path.is_ident("name") {
                options.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("user") {
                options.user = true;
            } else if meta.path.is_ident("error") {
                meta.parse_nested_meta(|error| {
                    let code = error.path.require_ident()?;
                    options.errors.push((attrs::name(code), error.value()?.parse()?));
                    Ok(())
                })?;
            } else if meta.path.is_ident("mutates") {
                return Err(
                    meta.error("a tool may change the state exactly when it takes `state: &mut State`: drop `mutates`")
                );
            } else {
                return Err(meta.error(KEYS));
            }
            Ok(())
        })?;
        Ok(options)
    }
}

/// One tool, as code.
struct Expanded {
    state: Type,
    declaration: TokenStream,
    arm: TokenStream,
}

pub fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(syn::Error::new_spanned(attribute, "#[tools] takes nothing; write `#[tool(…)]` on the functions"));
    }
    let place = "#[tools] stands on `impl YourEnvironment { … }`, the block with the functions";
    let mut block: ItemImpl =
        syn::parse2(item).map_err(|error| syn::Error::new(error.span(), format!("{place} ({error})")))?;
    if let Some((path, _)) = &block.trait_ {
        return Err(syn::Error::new_spanned(path, format!("{place}, not on a trait's")));
    }
    if !block.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&block.generics, "an environment is one type: no generics"));
    }
    let mut tools = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let Some(at) = function.attrs.iter().position(|attribute| attribute.path().is_ident("tool")) else { continue };
        let attribute = function.attrs.remove(at);
        tools.push(tool(function, &attribute)?);
    }
    let Some(state) = tools.first().map(|tool| tool.state.clone()) else {
        return Err(syn::Error::new_spanned(&block.self_ty, "no function here carries `#[tool]`"));
    };
    let (declarations, arms) = (tools.iter().map(|tool| &tool.declaration), tools.iter().map(|tool| &tool.arm));
    let environment = &block.self_ty;
    Ok(quote! {
        #block

        #[automatically_derived]
        impl ::coevo_sdk::Tools for #environment {
            type State = #state;

            fn tools() -> ::std::vec::Vec<::coevo_sdk::Tool> {
                ::std::vec![#(#declarations),*]
            }

            fn run(
                __state: &mut Self::State,
                __context: &mut ::coevo_sdk::Context<'_>,
                __name: &str,
                __args: &::coevo_sdk::Value,
            ) -> ::core::option::Option<::core::result::Result<::coevo_sdk::Value, ::coevo_sdk::ToolError>> {
                ::core::option::Option::Some(match __name {
                    #(#arms,)*
                    _ => return ::core::option::Option::None,
                })
            }
        }
    })
}

fn tool(function: &ImplItemFn, attribute: &Attribute) -> syn::Result<Expanded> {
    let options = Options::of(attribute)?;
    let signature = &function.sig;
    let ident = &signature.ident;
    let name = options.name.as_ref().map_or_else(|| attrs::name(ident), LitStr::value);
    let doc = attrs::doc(&function.attrs);
    if doc.is_empty() {
        let message = format!("say what {name} does, in a doc comment: the agent reads it");
        return Err(syn::Error::new_spanned(ident, message));
    }
    if !signature.generics.params.is_empty() {
        let message = "a tool has no generics; a reply that borrows from the state is `Listing<'_>`";
        return Err(syn::Error::new_spanned(&signature.generics, message));
    }
    if let Some(keyword) = &signature.asyncness {
        return Err(syn::Error::new_spanned(keyword, "a tool runs to its end: no async"));
    }
    let first = "a tool's first parameter is the state: `state: &State`, or `state: &mut State` if it may change it";
    let mut inputs = signature.inputs.iter();
    let (state, mutates) = match inputs.next() {
        Some(FnArg::Typed(parameter)) => match &*parameter.ty {
            Type::Reference(reference) => ((*reference.elem).clone(), reference.mutability.is_some()),
            other => return Err(syn::Error::new_spanned(other, first)),
        },
        Some(other) => return Err(syn::Error::new_spanned(other, first)),
        None => return Err(syn::Error::new_spanned(ident, first)),
    };
    let (mut passed, mut arguments) = (Vec::new(), None);
    for parameter in inputs {
        let FnArg::Typed(parameter) = parameter else { continue };
        match &*parameter.ty {
            Type::Reference(reference) if is_context(&reference.elem) => passed.push(quote!(__context)),
            ty if arguments.is_none() && !matches!(ty, Type::Reference(_)) => {
                arguments = Some(ty.clone());
                passed.push(quote!(__given));
            }
            other => {
                let message = "after the state a tool takes one struct that derives Args, and `&mut Context<'_>`: put all arguments into the struct";
                return Err(syn::Error::new_spanned(other, message));
            }
        }
    }
    let declare_arguments =
        arguments.as_ref().map(|ty| quote_spanned!(ty.span()=> let tool = <#ty as ::coevo_sdk::Args>::declare(tool);));
    let declare_outcome = match &signature.output {
        ReturnType::Default => quote!(),
        ReturnType::Type(_, ty) => {
            quote_spanned!(ty.span()=> let tool = <#ty as ::coevo_sdk::Outcome>::declare(tool);)
        }
    };
    let mutates = mutates.then(|| quote!(.mutates()));
    let user = options.user.then(|| quote!(.user_side()));
    let (preconditions, errors) = (options.preconditions, options.errors.into_iter());
    let errors = errors.map(|(code, description)| quote!(.error(#code, #description)));
    let call =
        quote_spanned!(signature.output.span()=> ::coevo_sdk::Outcome::conclude(Self::#ident(__state #(, #passed)*)));
    let run = match &arguments {
        None => call,
        Some(ty) => quote! {
            match <#ty as ::coevo_sdk::Args>::read(__args) {
                ::core::result::Result::Ok(__given) => #call,
                ::core::result::Result::Err(mismatch) => ::core::result::Result::Err(mismatch.into()),
            }
        },
    };
    Ok(Expanded {
        state,
        declaration: quote!({
            let tool = ::coevo_sdk::Tool::new(#name).doc(#doc)#mutates #user;
            #declare_arguments
            #declare_outcome
            tool #(.pre(#preconditions))* #(#errors)*
        }),
        arm: quote!(#name => #run),
    })
}

fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Context"))
}
