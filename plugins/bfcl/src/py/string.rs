//! Methods of `str` whose rules differ from Rust's.

/// Where `str.splitlines` and `str.split()` disagree with Unicode's idea of white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// `text.splitlines()`.
pub fn splitlines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut from = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            lines.push(&text[from..at]);
            from = at + c.len_utf8();
            if c == '\r' && chars.next_if(|(_, next)| *next == '\n').is_some() {
                from += 1;
            }
        }
    }
    if from < text.len() {
        lines.push(&text[from..]);
    }
    lines
}

/// `text.split()`.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `text.strip()`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `text.isdigit()` for the digits that occur: ASCII ones.
pub fn isdigit(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_words() {
        assert_eq!(splitlines("a\r\nb\rc\n\nd"), ["a", "b", "c", "", "d"]);
        assert_eq!(splitlines("a\n"), ["a"]);
        assert_eq!(splitlines(""), [""; 0]);
        assert_eq!(split(" a\t\u{1f}b  ").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(strip("\u{a0} x \n"), "x");
        assert!(isdigit("012") && !isdigit("") && !isdigit("-1"));
    }
}
