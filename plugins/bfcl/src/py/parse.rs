//! Reads Python literals and calls with literal arguments, such as `mv(source='a', destination='b')`.

use num_bigint::BigInt;

use super::Py;

/// A call as it is written: a name (dotted or not) and literal arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub function: String,
    pub positional: Vec<Py>,
    pub keyword: Vec<(String, Py)>,
}

/// Reads one call.
///
/// # Errors
/// Where and why the text is none.
pub fn parse_call(text: &str) -> Result<Call, String> {
    let mut reader = Reader::new(text);
    reader.space();
    let function = reader.name(true).ok_or_else(|| reader.wrong("a function's name"))?.to_owned();
    reader.space();
    reader.expect(b'(')?;
    let mut call = Call { function, positional: Vec::new(), keyword: Vec::new() };
    loop {
        reader.space();
        if reader.take(b')') {
            break;
        }
        match reader.keyword() {
            Some(name) => call.keyword.push((name, reader.value()?)),
            None if call.keyword.is_empty() => call.positional.push(reader.value()?),
            None => return Err(reader.wrong("a keyword argument (positional ones come first)")),
        }
        reader.space();
        if !reader.take(b',') {
            reader.expect(b')')?;
            break;
        }
    }
    reader.end()?;
    Ok(call)
}

/// Reads one literal.
///
/// # Errors
/// Where and why the text is none.
pub fn parse_literal(text: &str) -> Result<Py, String> {
    let mut reader = Reader::new(text);
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// The literal that a module assigns to `name` at the beginning of a line, as text and as value.
///
/// # Errors
/// When there is no such line, or its value is no literal.
pub fn constant<'a>(source: &'a str, name: &str) -> Result<(&'a str, Py), String> {
    let mut at = 0;
    loop {
        let rest = &source[at..];
        let mut reader = Reader::new(rest);
        if rest.starts_with(name) && reader.keyword().as_deref() == Some(name) {
            let from = reader.at;
            let value = reader.value().map_err(|error| format!("{name}: {error}"))?;
            return Ok((rest[from..reader.at].trim(), value));
        }
        at += rest.find('\n').ok_or_else(|| format!("no constant {name}"))? + 1;
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// Deeper nesting is refused: no task has it, and the stack is small.
const DEEPEST: u32 = 64;

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn wrong(&self, wanted: &str) -> String {
        let found: String = self.rest().chars().take(20).collect();
        format!("column {}: {wanted} should be here, not {found:?}", self.at + 1)
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if self.peek() != b'#' {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte && self.at < self.text.len();
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.take(byte) { Ok(()) } else { Err(self.wrong(&format!("`{}`", char::from(byte)))) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.space();
        if self.rest().is_empty() { Ok(()) } else { Err(self.wrong("the end")) }
    }

    fn name(&mut self, dotted: bool) -> Option<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || dotted && c == '.')).unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end])
    }

    /// `name =`, if that comes next; else nothing is taken.
    fn keyword(&mut self) -> Option<String> {
        let before = self.at;
        if let Some(name) = self.name(false) {
            self.space();
            if self.take(b'=') && self.peek() != b'=' {
                return Some(name.to_owned());
            }
        }
        self.at = before;
        None
    }

    fn value(&mut self) -> Result<Py, String> {
        self.space();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("something less deep"));
        }
        let value = match self.peek() {
            b'[' => Ok(Py::List(self.items(b']')?.0)),
            b'(' => match self.items(b')')? {
                (mut items, false) if items.len() == 1 => Ok(items.remove(0)),
                (items, _) => Ok(Py::Tuple(items)),
            },
            b'{' => self.braces(),
            b'\'' | b'"' => self.texts(),
            b'-' => {
                self.at += 1;
                let value = self.value()?;
                super::neg(&value).map_err(|_| self.wrong("a number"))
            }
            b'+' => {
                self.at += 1;
                self.value()
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.rest().starts_with("...") => {
                self.at += 3;
                Ok(Py::Object("Ellipsis".to_owned()))
            }
            b'.' => self.number(),
            _ => match self.name(false) {
                Some("None") => Ok(Py::None),
                Some("Ellipsis") => Ok(Py::Object("Ellipsis".to_owned())),
                Some("True") => Ok(Py::Bool(true)),
                Some("False") => Ok(Py::Bool(false)),
                Some("set") if self.rest().starts_with("()") => {
                    self.at += 2;
                    Ok(Py::Set(Vec::new()))
                }
                Some(name) => {
                    self.at -= name.len();
                    Err(self.wrong("a literal"))
                }
                None => Err(self.wrong("a value")),
            },
        };
        self.depth -= 1;
        value
    }

    /// The items up to `close`, and whether there was a comma.
    fn items(&mut self, close: u8) -> Result<(Vec<Py>, bool), String> {
        self.at += 1;
        let mut items = Vec::new();
        let mut comma = false;
        loop {
            self.space();
            if self.take(close) {
                return Ok((items, comma));
            }
            items.push(self.value()?);
            self.space();
            if self.take(b',') {
                comma = true;
            } else {
                self.expect(close)?;
                return Ok((items, comma));
            }
        }
    }

    fn braces(&mut self) -> Result<Py, String> {
        self.at += 1;
        let (mut dict, mut set) = (Py::Dict(Vec::new()), Vec::new());
        loop {
            self.space();
            if self.take(b'}') {
                break;
            }
            let key = self.value()?;
            self.space();
            if self.take(b':') {
                let value = self.value()?;
                dict.set(key, value);
            } else if !set.contains(&key) {
                set.push(key);
            }
            self.space();
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        Ok(if set.is_empty() { dict } else { Py::Set(set) })
    }

    /// Text literals next to each other are one text.
    fn texts(&mut self) -> Result<Py, String> {
        let mut text = String::new();
        while matches!(self.peek(), b'\'' | b'"') {
            self.one_text(&mut text)?;
            self.space();
        }
        Ok(text.into())
    }

    fn one_text(&mut self, out: &mut String) -> Result<(), String> {
        let quote = char::from(self.peek());
        let triple: String = [quote; 3].iter().collect();
        let close = if self.rest().starts_with(&triple) { triple.as_str() } else { &triple[..1] };
        self.at += close.len();
        loop {
            // Runs of plain characters are copied whole: some literals are pages long.
            let stops = |b: &u8| *b == quote as u8 || matches!(b, b'\\' | b'\n');
            let run = self.rest().as_bytes().iter().position(stops).unwrap_or(self.rest().len());
            out.push_str(&self.rest()[..run]);
            self.at += run;
            if self.rest().starts_with(close) {
                self.at += close.len();
                return Ok(());
            }
            let Some(c) = self.rest().chars().next() else {
                return Err(self.wrong("the closing quote"));
            };
            self.at += c.len_utf8();
            match c {
                '\n' if close.len() == 1 => return Err(self.wrong("the closing quote before the line's end")),
                '\\' => self.escape(out)?,
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.wrong("an escape"));
        };
        self.at += c.len_utf8();
        let code = |reader: &mut Self, digits: usize| -> Result<char, String> {
            let code = reader.rest().get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let c = code.and_then(char::from_u32).ok_or_else(|| reader.wrong("the number of a character"))?;
            reader.at += digits;
            Ok(c)
        };
        match c {
            '\n' => {}
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            '\\' | '\'' | '"' => out.push(c),
            'x' => out.push(code(self, 2)?),
            'u' => out.push(code(self, 4)?),
            'U' => out.push(code(self, 8)?),
            '0'..='7' => {
                self.at -= 1;
                let length = self.rest().bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
                let number = u32::from_str_radix(&self.rest()[..length], 8).unwrap_or(0);
                out.extend(char::from_u32(number));
                self.at += length;
            }
            // Python keeps the backslash of an escape that it does not know.
            other => out.extend(['\\', other]),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Py, String> {
        let rest = self.rest().as_bytes();
        let mut end = 0;
        let mut real = false;
        while let Some(byte) = rest.get(end) {
            match byte {
                b'0'..=b'9' | b'_' => {}
                b'.' => real = true,
                b'e' | b'E' if end > 0 => {
                    real = true;
                    end += usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
                }
                _ => break,
            }
            end += 1;
        }
        let digits = self.rest()[..end].replace('_', "");
        let value = if real {
            digits.parse().ok().map(Py::Float)
        } else if digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0') {
            None
        } else {
            digits.parse().map(Py::Int).or_else(|_| digits.parse::<BigInt>().map(Py::int)).ok()
        };
        let value = value.ok_or_else(|| self.wrong("a number"))?;
        self.at += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::py::repr;

    #[test]
    fn calls() {
        let call = parse_call("Fs.mv( 'it\\'s', destination = \"b\" ,n=[-1, 2.5e3,(1,),()], )").unwrap();
        assert_eq!(call.function, "Fs.mv");
        assert_eq!(call.positional, [Py::from("it's")]);
        let shown: Vec<_> = call.keyword.iter().map(|(name, value)| format!("{name}={}", repr(value))).collect();
        assert_eq!(shown, ["destination='b'", "n=[-1, 2500.0, (1,), ()]"]);
        for (text, place) in [("f(", 3), ("f(x=g(1))", 5), ("f(x=1, 2)", 8), ("f(1) 2", 6), ("(1)", 1), ("f(01)", 3)] {
            assert!(parse_call(text).unwrap_err().starts_with(&format!("column {place}:")), "{:?}", parse_call(text));
        }
    }

    #[test]
    fn constants() {
        let source = "import x\nA = ['b',\n  'c' 'd']  # e\n\nB={\"k\": {'n': None}}\ndef f(x=1):\n    C = 3\n";
        let found = |name| constant(source, name).map(|(text, value)| format!("{text} is {}", repr(&value)));
        assert_eq!(found("A").unwrap(), "['b',\n  'c' 'd'] is ['b', 'cd']");
        assert_eq!(found("B").unwrap(), "{\"k\": {'n': None}} is {'k': {'n': None}}");
        assert_eq!(found("C").unwrap_err(), "no constant C");
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse_literal(&"[".repeat(10_000)).is_err());
    }
}
