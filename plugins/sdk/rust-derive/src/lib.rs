//! The macros of `coevo-sdk`. Use them from there: `use coevo_sdk::{Args, Choice, Reply, ToolErrors, tools};`.
//!
//! They write calls of the SDK's builder (`Tool::new("…").arg(…)`), so that a typed environment and a hand-written one
//! describe themselves in the same words, and the host cannot tell them apart. What they refuse, they refuse with the
//! place and the fix.

mod args;
mod attrs;
mod choice;
mod errors;
mod reply;
#[cfg(test)]
mod tests;
mod tools;

use proc_macro::TokenStream;

/// Makes tools of the functions of an `impl` block that carry `#[tool]`: implements `coevo_sdk::Tools`.
///
/// ```text
/// #[tools]
/// impl Todo {
///     /// tick something off
///     #[tool(pre = "The item must be on the list and not done.")]
///     fn finish_item(state: &mut State, args: FinishItem) -> Result<Finished, FinishError> { … }
/// }
/// ```
///
/// - The doc comment is what the agent is told of the tool.
/// - The first parameter is the state. `&State`: the tool only reads. `&mut State`: a successful call may change it.
/// - Then, in any order and each only where needed: one struct that derives `Args`, and `&mut Context<'_>`.
/// - The result derives `Reply`, or is `()`; or `Result` of that and of an enum that derives `ToolErrors` (or the
///   untyped `ToolError`).
/// - `#[tool(…)]` takes `pre = "sentence"` (a rule that must hold before the call; several are allowed),
///   `error(code = "description", …)` (further errors), `user` (only the simulated user may call it) and
///   `name = "…"` (instead of the function's name).
#[proc_macro_attribute]
pub fn tools(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tools::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The arguments of a tool: a struct with named fields, each with a doc comment, which the agent is shown.
///
/// Field types are those that implement `coevo_sdk::Arg`: `String`, `bool`, integers, floats, `Vec`, `BTreeMap<String, _>`,
/// `Option` (the argument may be left out), enums that derive `Choice`, structs that derive `Args`, and your own.
/// `#[arg(…)]` takes `range = 1..=9`, `pattern = "^b[0-9]+$"`, `one_of = ["a", "b"]` and `name = "…"`; values may be
/// constants.
#[proc_macro_derive(Args, attributes(arg))]
pub fn derive_args(input: TokenStream) -> TokenStream {
    derive(input, args::expand)
}

/// What a tool answers: a struct with named fields. `Option` fields that are `None` are left out. Fields may borrow from
/// the state (`struct Listing<'a> { items: &'a [Item] }`).
#[proc_macro_derive(Reply)]
pub fn derive_reply(input: TokenStream) -> TokenStream {
    derive(input, reply::expand)
}

/// One of several words, as an argument or in a reply: an enum of unit variants. The word is the variant's name in
/// `snake_case`, or what `#[choice("…")]` says.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    derive(input, choice::expand)
}

/// The errors of a tool: an enum. Each variant is an error code (its name in `snake_case`), its doc comment the
/// description, its fields the details, and `#[message("no item {id}")]` the sentence that the agent reads (else the
/// description). A variant that holds another such enum, `Charge(ChargeError)`, stands for all errors of that one.
#[proc_macro_derive(ToolErrors, attributes(message))]
pub fn derive_tool_errors(input: TokenStream) -> TokenStream {
    derive(input, errors::expand)
}

fn derive(
    input: TokenStream,
    expand: impl FnOnce(syn::DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let parsed = syn::parse::<syn::DeriveInput>(input);
    parsed.and_then(expand).unwrap_or_else(syn::Error::into_compile_error).into()
}
