//! A small language that chooses episodes: `label=state_mismatch and env=travel and round>5 and not reward>=1`.
//!
//! ```text
//! expression = and { "or" and }
//! and        = not { "and" not }
//! not        = "not" not | "(" expression ")" | test
//! test       = field operator value | field ["not"] "in" "(" value { "," value } ")" | flag
//! operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" (contains, whatever the case)
//! value      = word | number | 'text' | "text"
//! ```
//!
//! It is compiled to SQL over columns and two small tables: no payload is read. Chosen over SQL itself, because the names are
//! the field's and not the tables', because a misspelt name or label can be answered with the right one, and because
//! nothing that a user types is ever a statement. Logic is two-valued: a test on something that an episode does not have (the
//! reward of an unscored one) is false, its negation true.

mod fields;
mod lex;
mod parse;
#[cfg(test)]
mod tests;

use coevo_core::hint::{list, nearest};
use rusqlite::types::Value as Sql;

pub use fields::{Field, field_help};

/// A parsed and checked expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr(pub(crate) Node);

/// What went wrong in an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at column {}: {message}\n  {text}\n  {}{}\n  hint: {hint}", .start + 1, " ".repeat(*.start), "^".repeat((.end - .start).max(1)))]
pub struct ExprError {
    /// The expression on one line.
    pub text: String,
    /// First character at fault, from 0.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    pub message: String,
    pub hint: String,
}

/// The tree of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test { field: &'static Field, op: Op, values: Vec<Operand> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Contains,
}

/// A value as the column holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Text(String),
    Number(f64),
    Integer(i64),
}

impl std::str::FromStr for Expr {
    type Err = ExprError;

    fn from_str(text: &str) -> Result<Self, ExprError> {
        parse::parse(text).map(Self)
    }
}

impl Expr {
    /// The condition as SQL over `episodes`; its parameters are added to `values`.
    pub(crate) fn sql(&self, values: &mut Vec<Sql>) -> String {
        let mut sql = String::new();
        self.0.write(&mut sql, values);
        sql
    }
}

/// The field that a key of an order names; `text` and `place` are for the error.
pub(crate) fn sort_field(text: &str, place: (usize, usize), name: &str) -> Result<&'static Field, ExprError> {
    let single = || fields::FIELDS.iter().filter(|field| field.is_single()).map(|field| field.name);
    let wrong = |message: String, hint| lex::error(text, place.0, place.1, &message, hint);
    match Field::find(name) {
        Some(field) if field.is_single() => Ok(field),
        Some(_) => {
            let hint = format!("order by one of {}", list(single()));
            Err(wrong(format!("an episode can have several values of `{name}`"), hint))
        }
        None => {
            let near = nearest(name, single());
            let hint = near.map_or_else(|| format!("there are {}", list(single())), |n| format!("did you mean `{n}`?"));
            Err(wrong(format!("there is no field `{name}`"), hint))
        }
    }
}

impl Node {
    fn write(&self, sql: &mut String, values: &mut Vec<Sql>) {
        match self {
            Node::And(nodes) => write_all(nodes, " AND ", sql, values),
            Node::Or(nodes) => write_all(nodes, " OR ", sql, values),
            Node::Not(node) => {
                sql.push_str("NOT ");
                node.write(sql, values);
            }
            Node::Test { field, op, values: operands } => {
                let mut test = match op {
                    Op::Equal if operands.len() == 1 => " = ".to_owned(),
                    Op::Equal => " IN (".to_owned(),
                    Op::Less => " < ".to_owned(),
                    Op::LessEqual => " <= ".to_owned(),
                    Op::Greater => " > ".to_owned(),
                    Op::GreaterEqual => " >= ".to_owned(),
                    Op::Contains => " LIKE ".to_owned(),
                };
                for (number, operand) in operands.iter().enumerate() {
                    values.push(match (op, operand) {
                        (Op::Contains, Operand::Text(text)) => Sql::Text(format!("%{}%", escape(text))),
                        (_, Operand::Text(text)) => Sql::Text(text.clone()),
                        (_, Operand::Number(number)) => Sql::Real(*number),
                        (_, Operand::Integer(number)) => Sql::Integer(*number),
                    });
                    let comma = if number == 0 { "" } else { ", " };
                    test.push_str(&format!("{comma}?{}", values.len()));
                }
                test.push_str(match op {
                    Op::Equal if operands.len() != 1 => ")",
                    Op::Contains => " ESCAPE '\\'",
                    _ => "",
                });
                sql.push_str(&field.test(&test));
            }
        }
    }
}

fn write_all(nodes: &[Node], between: &str, sql: &mut String, values: &mut Vec<Sql>) {
    sql.push('(');
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 {
            sql.push_str(between);
        }
        node.write(sql, values);
    }
    sql.push(')');
}

/// Characters that LIKE reads as patterns, as themselves.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
