//! What the macros refuse, and in which words: the compile errors that an author reads.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

fn check(expanded: syn::Result<TokenStream>, want: &str) {
    let message = match expanded {
        Ok(code) => panic!("compiles, wanted {want:?}:\n{code}"),
        Err(error) => error.to_string(),
    };
    assert!(message.contains(want), "{want:?} not in {message:?}");
}

#[test]
fn tools_refuse_with_the_fix() {
    let cases: [(TokenStream, &str); 15] = [
        (
            quote!(
                struct Todo;
            ),
            "#[tools] stands on `impl YourEnvironment { … }`",
        ),
        (quote!(impl Environment for Todo {}), "not on a trait's"),
        (
            quote!(
                impl<T> Todo<T> {}
            ),
            "no generics",
        ),
        (quote!(impl Todo { fn helper() {} }), "no function here carries `#[tool]`"),
        (quote!(impl Todo { #[tool] fn look(state: &State) {} }), "say what look does, in a doc comment"),
        (quote!(impl Todo { #[doc = "look"] #[tool] fn look() {} }), "first parameter is the state"),
        (quote!(impl Todo { #[doc = "look"] #[tool] fn look(&self) {} }), "first parameter is the state"),
        (quote!(impl Todo { #[doc = "look"] #[tool] fn look(id: u32) {} }), "first parameter is the state"),
        (
            quote!(impl Todo { #[doc = "look"] #[tool] fn look(state: &S, a: A, b: B) {} }),
            "put all arguments into the struct",
        ),
        (quote!(impl Todo { #[doc = "look"] #[tool] fn look(state: &S, a: &A) {} }), "one struct that derives Args"),
        (quote!(impl Todo { #[doc = "look"] #[tool] fn look<'a>(state: &'a S) -> R<'a> {} }), "`Listing<'_>`"),
        (quote!(impl Todo { #[doc = "look"] #[tool] async fn look(state: &S) {} }), "no async"),
        (quote!(impl Todo { #[doc = "look"] #[tool(mutates)] fn look(state: &S) {} }), "takes `state: &mut State`"),
        (quote!(impl Todo { #[doc = "look"] #[tool(pres = "x")] fn look(state: &S) {} }), "a tool takes `pre ="),
        (quote!(impl Todo { #[doc = "look"] #[tool(error(a))] fn look(state: &S) {} }), "expected `=`"),
    ];
    for (item, want) in cases {
        check(crate::tools::expand(TokenStream::new(), item), want);
    }
    check(crate::tools::expand(quote!(state = S), quote!(impl Todo {})), "#[tools] takes nothing");
}

#[test]
fn arguments_refuse_with_the_fix() {
    let cases: [(syn::DeriveInput, &str); 8] = [
        (
            parse_quote!(
                struct A(u32);
            ),
            "Args is for structs with named fields, and this is a tuple struct",
        ),
        (
            parse_quote!(
                enum A {
                    X,
                }
            ),
            "derive Choice for one of several words",
        ),
        (
            parse_quote!(
                struct A<'a> {
                    x: &'a str,
                }
            ),
            "use `String`, not `&str`",
        ),
        (
            parse_quote!(
                struct A {
                    x: u32,
                }
            ),
            "say what x is, in a doc comment",
        ),
        (
            parse_quote!(
                struct A {
                    #[doc = "x"]
                    #[arg(range = 1..9)]
                    x: u32,
                }
            ),
            "`range = 1..=9`",
        ),
        (
            parse_quote!(
                struct A {
                    #[doc = "x"]
                    #[arg(range = 1)]
                    x: u32,
                }
            ),
            "write both ends",
        ),
        (
            parse_quote!(
                struct A {
                    #[doc = "x"]
                    #[arg(max = 9)]
                    x: u32,
                }
            ),
            "an argument takes `range = 1..=9`",
        ),
        (
            parse_quote!(
                struct A {
                    #[doc = "x"]
                    #[arg(name = 9)]
                    x: u32,
                }
            ),
            "expected string literal",
        ),
    ];
    for (input, want) in cases {
        check(crate::args::expand(input), want);
    }
}

#[test]
fn replies_choices_and_errors_refuse_with_the_fix() {
    check(
        crate::reply::expand(parse_quote!(
            struct R<T> {
                x: T,
            }
        )),
        "type parameters are not",
    );
    check(
        crate::reply::expand(parse_quote!(
            struct R(u32);
        )),
        "a tuple struct",
    );
    check(
        crate::choice::expand(parse_quote!(
            struct C;
        )),
        "Choice is for enums",
    );
    check(
        crate::choice::expand(parse_quote!(
            enum C {}
        )),
        "add variants",
    );
    check(
        crate::choice::expand(parse_quote!(
            enum C {
                A(u32),
            }
        )),
        "its variants hold nothing",
    );
    check(
        crate::errors::expand(parse_quote!(
            struct E;
        )),
        "one variant an error code",
    );
    check(
        crate::errors::expand(parse_quote!(
            enum E {
                UnknownItem { id: u32 },
            }
        )),
        "say what unknown_item means",
    );
    check(
        crate::errors::expand(parse_quote!(
            enum E {
                #[doc = "x"]
                A(u32, u32),
            }
        )),
        "name the fields",
    );
}

#[test]
fn docs_are_joined_like_prose() {
    let field: syn::ItemStruct = parse_quote! {
        /// one line
        /// and another
        ///
        ///
        /// a paragraph
        struct S;
    };
    assert_eq!(crate::attrs::doc(&field.attrs), "one line and another\na paragraph");
}

#[test]
fn codes_are_snake_case() {
    for (name, want) in [("AlreadyDone", "already_done"), ("Full", "full"), ("r#type", "type")] {
        assert_eq!(crate::attrs::snake_case(&syn::parse_str(name).expect("a name")), want);
    }
}
