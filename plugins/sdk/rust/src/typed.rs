//! Typed tools: Rust types in place of JSON, functions in place of a `match` over names.
//!
//! The macros (`#[tools]`, `#[derive(Args)]`, `#[derive(Reply)]`, `#[derive(Choice)]`, `#[derive(ToolErrors)]`) implement
//! the traits of this module in terms of the builder in [`crate::tool`], so that a typed environment describes itself in
//! the same words as a hand-written one. Chosen: own conversions rather than serde's, because they name the argument that
//! does not fit, keep the order of declaration, leave `None` out, and cost no detour through another data model.
//!
//! ```
//! use coevo_sdk::{Args, Reply, ToolErrors, Tools, json, tools};
//!
//! struct Shelf;
//!
//! #[derive(Args)]
//! struct Take {
//!     /// how many
//!     #[arg(range = 1..=9)]
//!     count: u32,
//! }
//!
//! #[derive(Reply)]
//! struct Taken {
//!     left: u32,
//! }
//!
//! #[derive(ToolErrors)]
//! enum TakeError {
//!     /// there is less on the shelf
//!     #[message("only {left} are left")]
//!     TooFew { left: u32 },
//! }
//!
//! #[tools]
//! impl Shelf {
//!     /// take things off the shelf
//!     #[tool(pre = "The shelf holds that many.")]
//!     fn take(stock: &mut u32, Take { count }: Take) -> Result<Taken, TakeError> {
//!         *stock = stock.checked_sub(count).ok_or(TakeError::TooFew { left: *stock })?;
//!         Ok(Taken { left: *stock })
//!     }
//! }
//!
//! let tool = &Shelf::tools()[0];
//! assert_eq!((tool.name, tool.description, tool.mutates), ("take", "take things off the shelf", true));
//! assert_eq!(tool.errors, [("too_few", "there is less on the shelf")]);
//! assert_eq!(tool.arguments_schema()["properties"]["count"]["maximum"], 9);
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::args;
use crate::session::Context;
use crate::tool::{Tool, ToolError, Ty};

/// The fields of a JSON object, in order.
pub type Fields = Map<String, Value>;

/// The tools of an environment. `#[tools]` implements it.
pub trait Tools {
    type State;

    /// What the agent is told of them, in the order of their functions.
    fn tools() -> Vec<Tool>;

    /// Runs the tool called `name`; `None` if it is not one of these.
    fn run(
        state: &mut Self::State,
        context: &mut Context<'_>,
        name: &str,
        args: &Value,
    ) -> Option<Result<Value, ToolError>>;

    /// As [`Tools::run`], for an environment that has no other tools: the body of [`crate::Environment::call`].
    ///
    /// # Errors
    /// The tool's own; `unknown_tool`; `missing_argument` and `wrong_type`, which the host finds first.
    fn dispatch(
        state: &mut Self::State,
        context: &mut Context<'_>,
        name: &str,
        args: &Value,
    ) -> Result<Value, ToolError> {
        Self::run(state, context, name, args).unwrap_or_else(|| Err(ToolError::unknown_tool(name)))
    }
}

/// Why a JSON value is not of the type that a tool takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Path of the value in the arguments, such as `guests/0/name`; empty for the arguments themselves.
    path: String,
    /// What was expected; `None` where nothing was given.
    expected: Option<String>,
}

impl Mismatch {
    /// The value is there, and is not `expected` ("a string", "1 to 9").
    pub fn expected(expected: impl Into<String>) -> Self {
        Self { path: String::new(), expected: Some(expected.into()) }
    }

    fn missing() -> Self {
        Self { path: String::new(), expected: None }
    }

    fn inside(mut self, step: &str) -> Self {
        self.path = if self.path.is_empty() { step.to_owned() } else { format!("{step}/{}", self.path) };
        self
    }
}

impl From<Mismatch> for ToolError {
    fn from(Mismatch { path, expected }: Mismatch) -> Self {
        let shown = if path.is_empty() { "arguments" } else { &path };
        match expected {
            None => Self::new("missing_argument", format!("{shown} is required"), json!({"argument": path})),
            Some(expected) => {
                let message = format!("{shown} must be {expected}");
                Self::new("wrong_type", message, json!({"argument": path, "expected": expected}))
            }
        }
    }
}

/// All arguments of a tool. `#[derive(Args)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the arguments of a tool",
    label = "not a struct of arguments",
    note = "put `#[derive(Args)]` on the struct, and a doc comment on each of its fields"
)]
pub trait Args: Sized {
    /// Adds the arguments to a description.
    fn declare(tool: Tool) -> Tool;

    /// # Errors
    /// The first argument that is missing or does not fit.
    fn read(args: &Value) -> Result<Self, Mismatch>;
}

/// One value in the arguments of a tool. Implement it for types of your own, such as an id with a prefix.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    label = "not a type of arguments",
    note = "arguments are String, bool, integers, floats, Vec, BTreeMap<String, _>, Option, enums with `#[derive(Choice)]` and structs with `#[derive(Args)]`"
)]
pub trait Arg: Sized {
    const TY: Ty;

    /// # Errors
    /// When the value is of another type.
    fn read(value: &Value) -> Result<Self, Mismatch>;

    /// What it is where it was left out; nothing if it must not be.
    fn absent() -> Option<Self> {
        None
    }
}

/// What a tool answers. `#[derive(Reply)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "not a reply",
    note = "put `#[derive(Reply)]` on the struct; a tool that has nothing to say returns `()`"
)]
pub trait Reply {
    /// Adds the fields of the result to a description.
    fn declare(tool: Tool) -> Tool;

    fn write(&self) -> Value;
}

/// One value in the result of a tool, or in the details of an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a reply",
    label = "not a type of replies",
    note = "replies hold strings, bool, integers, floats, Vec and slices, BTreeMap<String, _>, Option, enums with `#[derive(Choice)]` and structs with `#[derive(Reply)]`"
)]
pub trait Output {
    const TY: Ty;

    fn write(&self) -> Value;

    /// Whether it is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// One of several words. `#[derive(Choice)]` implements it, and [`Arg`] and [`Output`] with it.
pub trait Choice: Sized {
    /// In the order of the variants.
    const WORDS: &'static [&'static str];

    fn word(&self) -> &'static str;
    fn of_word(word: &str) -> Option<Self>;
}

/// The errors of a tool. `#[derive(ToolErrors)]` implements it. [`ToolError`] itself is the untyped way: it declares
/// nothing, `#[tool(error(code = "…"))]` does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool",
    label = "not an error of a tool",
    note = "put `#[derive(ToolErrors)]` on the enum, or use `ToolError` with `#[tool(error(code = \"…\"))]`"
)]
pub trait ToolErrors: Sized {
    /// (code, description)
    fn declared() -> Vec<(&'static str, &'static str)>;
    fn into_error(self) -> ToolError;
}

impl ToolErrors for ToolError {
    fn declared() -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    fn into_error(self) -> ToolError {
        self
    }
}

/// What a tool's function returns: a reply, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be what a tool returns",
    label = "neither a reply nor a `Result` of one",
    note = "put `#[derive(Reply)]` on the struct, or return `()`, or `Result<YourReply, YourErrors>` with `#[derive(ToolErrors)]` on the errors"
)]
pub trait Outcome {
    fn declare(tool: Tool) -> Tool;

    /// # Errors
    /// Those of the tool.
    fn conclude(self) -> Result<Value, ToolError>;
}

impl<R: Reply> Outcome for R {
    fn declare(tool: Tool) -> Tool {
        R::declare(tool)
    }

    fn conclude(self) -> Result<Value, ToolError> {
        Ok(self.write())
    }
}

impl<R: Reply, E: ToolErrors> Outcome for Result<R, E> {
    fn declare(tool: Tool) -> Tool {
        E::declared().into_iter().fold(R::declare(tool), |tool, (code, text)| tool.error(code, text))
    }

    fn conclude(self) -> Result<Value, ToolError> {
        self.map(|reply| reply.write()).map_err(E::into_error)
    }
}

impl Reply for () {
    fn declare(tool: Tool) -> Tool {
        tool
    }

    fn write(&self) -> Value {
        Value::Object(Fields::new())
    }
}

impl Arg for String {
    const TY: Ty = Ty::String;

    fn read(value: &Value) -> Result<Self, Mismatch> {
        value.as_str().map(str::to_owned).ok_or_else(|| Mismatch::expected("a string"))
    }
}

impl Arg for bool {
    const TY: Ty = Ty::Bool;

    fn read(value: &Value) -> Result<Self, Mismatch> {
        value.as_bool().ok_or_else(|| Mismatch::expected("true or false"))
    }
}

impl Arg for f64 {
    const TY: Ty = Ty::Number;

    fn read(value: &Value) -> Result<Self, Mismatch> {
        value.as_f64().ok_or_else(|| Mismatch::expected("a number"))
    }
}

/// Whatever JSON it is.
impl Arg for Value {
    const TY: Ty = Ty::Any;

    fn read(value: &Value) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Arg for $ty {
            const TY: Ty = Ty::Int;

            fn read(value: &Value) -> Result<Self, Mismatch> {
                let fits = args::whole(value).and_then(|n| <$ty>::try_from(n).ok());
                fits.ok_or_else(|| Mismatch::expected(concat!("a whole number that fits ", stringify!($ty))))
            }
        }

        impl Output for $ty {
            const TY: Ty = Ty::Int;

            fn write(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Output for usize {
    const TY: Ty = Ty::Int;

    fn write(&self) -> Value {
        Value::from(*self as u64)
    }
}

impl<T: Arg> Arg for Option<T> {
    const TY: Ty = Ty::Optional(&T::TY);

    fn read(value: &Value) -> Result<Self, Mismatch> {
        T::read(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Arg> Arg for Vec<T> {
    const TY: Ty = Ty::Array(&T::TY);

    fn read(value: &Value) -> Result<Self, Mismatch> {
        let items = value.as_array().ok_or_else(|| Mismatch::expected("a list"))?;
        let read = |(at, item)| T::read(item).map_err(|mismatch| mismatch.inside(&format!("{at}")));
        items.iter().enumerate().map(read).collect()
    }
}

impl<T: Arg> Arg for BTreeMap<String, T> {
    const TY: Ty = Ty::Map(&T::TY);

    fn read(value: &Value) -> Result<Self, Mismatch> {
        let fields = value.as_object().ok_or_else(|| Mismatch::expected("an object"))?;
        let read = |(key, item): (&String, _)| match T::read(item) {
            Ok(item) => Ok((key.clone(), item)),
            Err(mismatch) => Err(mismatch.inside(key)),
        };
        fields.iter().map(read).collect()
    }
}

impl Output for bool {
    const TY: Ty = Ty::Bool;

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Output for f64 {
    const TY: Ty = Ty::Number;

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Output for str {
    const TY: Ty = Ty::String;

    fn write(&self) -> Value {
        Value::from(self)
    }
}

impl Output for String {
    const TY: Ty = Ty::String;

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Output for Value {
    const TY: Ty = Ty::Any;

    fn write(&self) -> Value {
        self.clone()
    }
}

impl<T: Output + ?Sized> Output for &T {
    const TY: Ty = T::TY;

    fn write(&self) -> Value {
        T::write(self)
    }

    fn is_absent(&self) -> bool {
        T::is_absent(self)
    }
}

impl<T: Output> Output for Option<T> {
    const TY: Ty = Ty::Optional(&T::TY);

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Output> Output for [T] {
    const TY: Ty = Ty::Array(&T::TY);

    fn write(&self) -> Value {
        self.iter().map(T::write).collect()
    }
}

impl<T: Output> Output for Vec<T> {
    const TY: Ty = Ty::Array(&T::TY);

    fn write(&self) -> Value {
        self.as_slice().write()
    }
}

impl<T: Output> Output for BTreeMap<String, T> {
    const TY: Ty = Ty::Map(&T::TY);

    fn write(&self) -> Value {
        Value::Object(self.iter().map(|(key, item)| (key.clone(), item.write())).collect())
    }
}

/// One field of the arguments. For the macros.
#[doc(hidden)]
pub fn field<T: Arg>(args: &Value, name: &str) -> Result<T, Mismatch> {
    let read = match args.get(name) {
        Some(value) => T::read(value),
        None => T::absent().ok_or_else(Mismatch::missing),
    };
    read.map_err(|mismatch| mismatch.inside(name))
}

/// Adds a field to an object unless it is left out. For the macros.
#[doc(hidden)]
pub fn put(fields: &mut Fields, name: &str, value: &impl Output) {
    if !value.is_absent() {
        fields.insert(name.to_owned(), value.write());
    }
}

#[doc(hidden)]
pub fn check_object(args: &Value) -> Result<(), Mismatch> {
    if args.is_object() { Ok(()) } else { Err(Mismatch::expected("an object")) }
}

#[doc(hidden)]
pub fn check_range(args: &Value, name: &str, low: i64, high: i64) -> Result<(), Mismatch> {
    let outside = |value: &Value| args::whole(value).is_some_and(|n| n < low.into() || n > high.into());
    match args.get(name) {
        Some(value) if outside(value) => Err(Mismatch::expected(format!("{low} to {high}")).inside(name)),
        _ => Ok(()),
    }
}

#[doc(hidden)]
pub fn check_one_of(args: &Value, name: &str, values: &[&str]) -> Result<(), Mismatch> {
    match args.get(name).and_then(Value::as_str) {
        Some(text) if !values.contains(&text) => Err(one_of(values).inside(name)),
        _ => Ok(()),
    }
}

#[doc(hidden)]
pub fn read_choice<T: Choice>(value: &Value) -> Result<T, Mismatch> {
    value.as_str().and_then(T::of_word).ok_or_else(|| one_of(T::WORDS))
}

fn one_of(words: &[&str]) -> Mismatch {
    Mismatch::expected(format!("one of {}", words.join(", ")))
}
