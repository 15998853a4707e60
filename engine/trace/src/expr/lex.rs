//! Words of an expression, each with its place.

use super::ExprError;

/// A word with its place, in characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A bare word or number: letters, digits and `_ - . / @ * + :`.
    Word(String),
    /// Text in quotes.
    Quoted(String),
    Open,
    Close,
    Comma,
    /// `=`, `!=`, `<`, `<=`, `>`, `>=` or `~`.
    Op(&'static str),
    End,
}

impl TokenKind {
    /// As messages show it.
    pub fn shown(&self) -> String {
        match self {
            TokenKind::Word(text) | TokenKind::Quoted(text) => format!("`{text}`"),
            TokenKind::Open => "`(`".to_owned(),
            TokenKind::Close => "`)`".to_owned(),
            TokenKind::Comma => "`,`".to_owned(),
            TokenKind::Op(op) => format!("`{op}`"),
            TokenKind::End => "the end".to_owned(),
        }
    }

    /// Whether it is that bare word, whatever its case.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, TokenKind::Word(text) if text.eq_ignore_ascii_case(word))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '*' | '+' | ':')
}

/// The operator at `at`, normalised, and its length: `==`, `<>` and `&&`-like habits of other languages are read, too.
fn operator(chars: &[char], at: usize) -> Option<(TokenKind, usize)> {
    let next = chars.get(at + 1).copied();
    Some(match (chars[at], next) {
        ('=', Some('=')) => (TokenKind::Op("="), 2),
        ('=', _) => (TokenKind::Op("="), 1),
        ('!', Some('=')) | ('<', Some('>')) => (TokenKind::Op("!="), 2),
        ('<', Some('=')) => (TokenKind::Op("<="), 2),
        ('>', Some('=')) => (TokenKind::Op(">="), 2),
        ('<', _) => (TokenKind::Op("<"), 1),
        ('>', _) => (TokenKind::Op(">"), 1),
        ('~', _) => (TokenKind::Op("~"), 1),
        ('&', Some('&')) => (TokenKind::Word("and".to_owned()), 2),
        ('|', Some('|')) => (TokenKind::Word("or".to_owned()), 2),
        ('!', _) => (TokenKind::Word("not".to_owned()), 1),
        ('(', _) => (TokenKind::Open, 1),
        (')', _) => (TokenKind::Close, 1),
        (',', _) => (TokenKind::Comma, 1),
        _ => return None,
    })
}

/// Every token, the end included.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, ExprError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let kind = if let Some((kind, length)) = operator(&chars, at) {
            at += length;
            kind
        } else if c == '\'' || c == '"' {
            let length = chars[at + 1..].iter().position(|other| *other == c);
            let Some(length) = length else {
                return Err(error(text, start, chars.len(), "this text has no end", format!("close it with {c}")));
            };
            at += length + 2;
            TokenKind::Quoted(chars[start + 1..at - 1].iter().collect())
        } else if is_word(c) {
            at += chars[at..].iter().position(|c| !is_word(*c)).unwrap_or(chars.len() - at);
            TokenKind::Word(chars[start..at].iter().collect())
        } else {
            let hint = "write it inside quotes if it belongs to a value".to_owned();
            return Err(error(text, start, start + 1, &format!("`{}` means nothing here", c.escape_debug()), hint));
        };
        tokens.push(Token { kind, start, end: at });
    }
    tokens.push(Token { kind: TokenKind::End, start: at, end: at });
    Ok(tokens)
}

/// An error about `start..end` of `text`.
pub(super) fn error(text: &str, start: usize, end: usize, message: &str, hint: String) -> ExprError {
    // On one line, with as many characters: the caret must stay under its place.
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    ExprError { text, start, end, message: message.to_owned(), hint }
}
