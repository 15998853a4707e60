//! From words to a checked tree: recursive descent, one function a rule of the grammar.

use coevo_core::hint::{list, nearest};

use super::fields::{FIELDS, Field, Kind};
use super::lex::{Token, TokenKind, error, lex};
use super::{ExprError, Node, Op, Operand};
use crate::record::{STAGES, stage_name};

/// Parentheses and `not`s inside each other.
const DEEPEST: usize = 64;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Node, ExprError> {
    let mut parser = Parser { text, tokens: lex(text)?, at: 0, depth: 0 };
    if parser.peek().kind == TokenKind::End {
        let hint = "such as label=state_mismatch and reward<1".to_owned();
        return Err(parser.wrong(&parser.peek().clone(), "the expression is empty", hint));
    }
    let node = parser.or()?;
    match parser.next() {
        Token { kind: TokenKind::End, .. } => Ok(node),
        extra => {
            let hint = "join tests with `and` or `or`; quote values that have spaces".to_owned();
            Err(parser.wrong(&extra, &format!("{} follows a whole expression", extra.kind.shown()), hint))
        }
    }
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn wrong(&self, token: &Token, message: &str, hint: String) -> ExprError {
        error(self.text, token.start, token.end, message, hint)
    }

    fn or(&mut self) -> Result<Node, ExprError> {
        self.joined("or", Self::and, Node::Or)
    }

    fn and(&mut self) -> Result<Node, ExprError> {
        self.joined("and", Self::not, Node::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Node, ExprError>,
        join: fn(Vec<Node>) -> Node,
    ) -> Result<Node, ExprError> {
        let mut nodes = vec![part(self)?];
        while self.peek().kind.is(word) {
            self.next();
            nodes.push(part(self)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { join(nodes) })
    }

    fn not(&mut self) -> Result<Node, ExprError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let token = self.peek().clone();
            let hint = format!("nest at most {DEEPEST} deep");
            return Err(self.wrong(&token, "this is nested too deeply", hint));
        }
        let node = if self.peek().kind.is("not") {
            self.next();
            Node::Not(Box::new(self.not()?))
        } else if self.peek().kind == TokenKind::Open {
            let open = self.next();
            let node = self.or()?;
            match self.next() {
                Token { kind: TokenKind::Close, .. } => node,
                other => {
                    let message = format!("the `(` at column {} is not closed", open.start + 1);
                    let hint = format!("write `)` before {}", other.kind.shown());
                    return Err(self.wrong(&other, &message, hint));
                }
            }
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn test(&mut self) -> Result<Node, ExprError> {
        let token = self.next();
        let TokenKind::Word(name) = &token.kind else {
            let hint = "a test is FIELD OPERATOR VALUE, such as round>5".to_owned();
            return Err(self.wrong(&token, &format!("a field is expected, not {}", token.kind.shown()), hint));
        };
        let Some(field) = Field::find(name) else {
            let known = FIELDS.iter().map(|field| field.name);
            let hint = match nearest(name, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", list(known)),
            };
            return Err(self.wrong(&token, &format!("there is no field `{name}`"), hint));
        };
        let equal = |values| Node::Test { field, op: Op::Equal, values };
        let not = |node| Node::Not(Box::new(node));
        let negated = self.peek().kind.is("not") && self.tokens.get(self.at + 1).is_some_and(|t| t.kind.is("in"));
        if negated {
            self.next();
        }
        if self.peek().kind.is("in") {
            self.next();
            let node = equal(self.values(field)?);
            return Ok(if negated { not(node) } else { node });
        }
        let TokenKind::Op(sign) = self.peek().kind else {
            if field.kind == Kind::Flag {
                return Ok(equal(vec![Operand::Integer(1)]));
            }
            let found = self.peek().clone();
            let example = field.choices().first().copied().unwrap_or("…");
            let hint = format!("such as {name}={example}; operators are = != < <= > >= ~ in");
            return Err(self.wrong(&found, &format!("an operator is expected after `{name}`"), hint));
        };
        let sign_token = self.next();
        let op = match sign {
            "<" => Op::Less,
            "<=" => Op::LessEqual,
            ">" => Op::Greater,
            ">=" => Op::GreaterEqual,
            "~" => Op::Contains,
            _ => Op::Equal,
        };
        let ordered = matches!(op, Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual);
        if ordered && field.kind != Kind::Number {
            let hint = format!("use = or != with `{name}`");
            return Err(self.wrong(&sign_token, &format!("`{name}` has no order, `{sign}` cannot compare it"), hint));
        }
        if op == Op::Contains && field.kind != Kind::Text {
            let hint = format!("use = with `{name}`");
            return Err(self.wrong(&sign_token, &format!("`{name}` is no text, `~` cannot search in it"), hint));
        }
        let node = Node::Test { field, op, values: vec![self.value(field)?] };
        Ok(if sign == "!=" { not(node) } else { node })
    }

    fn values(&mut self, field: &Field) -> Result<Vec<Operand>, ExprError> {
        let open = self.next();
        if open.kind != TokenKind::Open {
            let hint = format!("such as {} in (a, b)", field.name);
            return Err(self.wrong(&open, "`(` is expected after `in`", hint));
        }
        let mut values = vec![self.value(field)?];
        loop {
            match self.next() {
                Token { kind: TokenKind::Comma, .. } => values.push(self.value(field)?),
                Token { kind: TokenKind::Close, .. } => return Ok(values),
                other => {
                    let hint = "separate values with `,` and close with `)`".to_owned();
                    return Err(self.wrong(&other, &format!("{} is not expected in a list", other.kind.shown()), hint));
                }
            }
        }
    }

    fn value(&mut self, field: &Field) -> Result<Operand, ExprError> {
        let token = self.next();
        let text = match &token.kind {
            TokenKind::Word(text) | TokenKind::Quoted(text) => text.clone(),
            other => {
                let hint = format!("write a value for `{}`", field.name);
                return Err(self.wrong(&token, &format!("a value is expected, not {}", other.shown()), hint));
            }
        };
        operand(field, &text).map_err(|(message, hint)| self.wrong(&token, &message, hint))
    }
}

/// The value as the column holds it; else what is wrong with it, and the fix.
fn operand(field: &Field, text: &str) -> Result<Operand, (String, String)> {
    let name = field.name;
    match field.kind {
        Kind::Text => return Ok(Operand::Text(text.to_owned())),
        Kind::Number => {
            return match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Operand::Number(number)),
                _ => Err((format!("`{name}` is a number, `{text}` is none"), format!("such as {name}>1"))),
            };
        }
        Kind::Seed => {
            let parsed = text.parse::<u64>();
            let wrong = |_| (format!("`{name}` is a whole number, `{text}` is none"), format!("such as {name}=0"));
            return parsed.map(|seed| Operand::Integer(seed.cast_signed())).map_err(wrong);
        }
        Kind::Flag | Kind::Stage | Kind::Label | Kind::Ending | Kind::Boundary => {}
    }
    let choices = field.choices();
    let wanted = text.to_ascii_lowercase().replace('-', "_");
    let Some(place) = choices.iter().position(|choice| *choice == wanted) else {
        let hint = match nearest(&wanted, choices.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", list(choices.iter().copied())),
        };
        return Err((format!("`{text}` is no {}", noun(field)), hint));
    };
    Ok(match field.kind {
        Kind::Flag => Operand::Integer(i64::from(wanted == "true")),
        Kind::Stage => Operand::Integer(STAGES.iter().position(|s| stage_name(*s) == wanted).unwrap_or(place) as i64),
        _ => Operand::Text(wanted),
    })
}

fn noun(field: &Field) -> &'static str {
    match field.kind {
        Kind::Stage => "stage",
        Kind::Label => "label",
        Kind::Ending => "ending",
        Kind::Boundary => "boundary of a fault",
        _ => "truth value",
    }
}

#[cfg(test)]
mod names {
    use coevo_core::label::Label;

    use super::*;

    #[test]
    fn stages_are_numbered_as_they_are_stored() {
        for stage in STAGES {
            assert_eq!(operand(&FIELDS[1], stage_name(stage)), Ok(Operand::Integer(stage as i64)));
        }
        assert_eq!(Label::all().count(), FIELDS.iter().find(|f| f.name == "label").map_or(0, |f| f.choices().len()));
    }
}
