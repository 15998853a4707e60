//! `str`, `repr` and `json.dumps`.

use super::Py;

/// `str(x)`.
pub fn str(value: &Py) -> String {
    match value {
        Py::Str(text) => text.clone(),
        _ => repr(value),
    }
}

/// `repr(x)`.
pub fn repr(value: &Py) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

fn write_repr(value: &Py, out: &mut String) {
    let list = |items: &[Py], open: &str, close: &str, out: &mut String| {
        out.push_str(open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            write_repr(item, out);
        }
        out.push_str(close);
    };
    match value {
        Py::None => out.push_str("None"),
        Py::Bool(true) => out.push_str("True"),
        Py::Bool(false) => out.push_str("False"),
        Py::Int(value) => write_int(*value, out),
        Py::Big(text) | Py::Object(text) => out.push_str(text),
        Py::Items(text) => out.push_str(text),
        Py::Float(value) => out.push_str(&float_repr(*value)),
        Py::Str(text) => write_str_repr(text, out),
        Py::List(items) => list(items, "[", "]", out),
        Py::Tuple(items) => list(items, "(", if items.len() == 1 { ",)" } else { ")" }, out),
        Py::Set(items) if items.is_empty() => out.push_str("set()"),
        Py::Set(items) => list(items, "{", "}", out),
        Py::Dict(pairs) => {
            out.push('{');
            for (at, (key, value)) in pairs.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_repr(key, out);
                out.push_str(": ");
                write_repr(value, out);
            }
            out.push('}');
        }
    }
}

fn write_int(value: i64, out: &mut String) {
    use std::fmt::Write;
    let _ = write!(out, "{value}");
}

/// `repr` of a text: single quotes, double ones where only single ones are inside.
pub fn str_repr(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_str_repr(text, &mut out);
    out
}

fn write_str_repr(text: &str, out: &mut String) {
    use std::fmt::Write;
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            c if printable(c) => out.push(c),
            c => {
                let _ = match u32::from(c) {
                    n @ 0..=0xff => write!(out, "\\x{n:02x}"),
                    n @ 0x100..=0xffff => write!(out, "\\u{n:04x}"),
                    n => write!(out, "\\U{n:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// `str.isprintable` of a character beyond ASCII, by the categories that occur in practice: controls, separators,
/// format characters, surrogates, private use.
fn printable(c: char) -> bool {
    let code = u32::from(c);
    !(c.is_control()
        || c.is_whitespace()
        || matches!(code, 0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e)
        || matches!(code, 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb | 0xf_0000..))
}

/// `repr` of a float: the fewest digits that read back the same, with an exponent below 1e-4 and from 1e16 on.
pub fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mut digits = digits.to_owned();
        let exact = format!("{value:.40e}");
        let tail = exact.get(digits.len()..digits.len() + 20);
        if digits.len() > 16 && tail.is_some_and(|tail| tail.starts_with('5') && tail[1..].bytes().all(|b| b == b'0')) {
            make_even(&mut digits);
        }
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let mut text = format!("{value}");
    match text.find('.') {
        None => text.push_str(".0"),
        // The exact value has one decimal more, a five, when it has one binary place more than there are decimals.
        Some(point) if text.len() > 16 => {
            let half = size * 2f64.powi((text.len() - point - 1) as i32);
            if half.fract() == 0.5 {
                make_even(&mut text);
            }
        }
        Some(_) => {}
    }
    text
}

/// Of two shortest texts that are equally near, CPython takes the one with the even last digit, Rust the upper one.
fn make_even(digits: &mut String) {
    if let Some(last) = digits.pop() {
        digits.push(if last.to_digit(10).is_some_and(|digit| digit % 2 == 1) {
            char::from(last as u8 - 1)
        } else {
            last
        });
    }
}

/// `json.dumps(x)`; `None` where Python raises `TypeError`.
pub fn dumps(value: &Py) -> Option<String> {
    let mut out = String::new();
    write_json(value, &mut out)?;
    Some(out)
}

/// As [`dumps`], but `None` also where Python writes a number that JSON lacks.
pub fn strict_dumps(value: &Py) -> Option<String> {
    fn finite(value: &Py) -> bool {
        match value {
            Py::Float(value) => value.is_finite(),
            Py::List(items) | Py::Tuple(items) => items.iter().all(finite),
            Py::Dict(pairs) => pairs.iter().all(|(_, value)| finite(value)),
            _ => true,
        }
    }
    dumps(value).filter(|_| finite(value))
}

fn write_json(value: &Py, out: &mut String) -> Option<()> {
    match value {
        Py::None => out.push_str("null"),
        Py::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Py::Int(value) => write_int(*value, out),
        Py::Big(digits) => out.push_str(digits),
        Py::Items(text) => out.push_str(text),
        Py::Float(value) => json_float(*value, out),
        Py::Str(text) => json_str(text, out),
        Py::List(items) | Py::Tuple(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_json(item, out)?;
            }
            out.push(']');
        }
        Py::Dict(pairs) => {
            out.push('{');
            for (at, (key, value)) in pairs.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                match key {
                    Py::Str(text) => json_str(text, out),
                    Py::None | Py::Bool(_) | Py::Int(_) | Py::Big(_) | Py::Float(_) => {
                        out.push('"');
                        write_json(key, out)?;
                        out.push('"');
                    }
                    _ => return None,
                }
                out.push_str(": ");
                write_json(value, out)?;
            }
            out.push('}');
        }
        Py::Set(_) | Py::Object(_) => return None,
    }
    Some(())
}

fn json_float(value: f64, out: &mut String) {
    match value {
        v if v.is_nan() => out.push_str("NaN"),
        f64::INFINITY => out.push_str("Infinity"),
        f64::NEG_INFINITY => out.push_str("-Infinity"),
        v => out.push_str(&float_repr(v)),
    }
}

fn json_str(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    // Runs of plain characters are copied whole: long results consist of them.
    let mut rest = text;
    loop {
        let (run, left) = rest.split_at(plain_run(rest.as_bytes()));
        out.push_str(run);
        let Some(c) = left.chars().next() else { break };
        rest = &left[c.len_utf8()..];
        let _ = match c {
            '"' => write!(out, "\\\""),
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\u{8}' => write!(out, "\\b"),
            '\u{c}' => write!(out, "\\f"),
            c => c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}")),
        };
    }
    out.push('"');
}

/// How many bytes at the beginning JSON shows as they are. Blocks are tested as a whole, which the compiler does many bytes
/// at a time.
fn plain_run(bytes: &[u8]) -> usize {
    let plain = |b: &u8| (b' '..=b'~').contains(b) && *b != b'"' && *b != b'\\';
    let blocks = bytes.chunks_exact(32).take_while(|block| block.iter().fold(true, |all, b| all & plain(b))).count();
    let at = blocks * 32;
    at + bytes[at..].iter().take_while(|b| plain(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::py::parse_literal;

    #[test]
    fn floats() {
        for (value, want) in [
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (1e16, "1e+16"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (1.25e300, "1.25e+300"),
            (5e-324, "5e-324"),
            (29_318_532.786_132_812_5, "29318532.786132812"),
            (1_974_202_141_507_773.25, "1974202141507773.2"),
            (1_974_202_141_507_773.75, "1974202141507773.8"),
            (0.5, "0.5"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(float_repr(value), want);
        }
    }

    #[test]
    fn texts() {
        for (literal, repr_, json) in [
            (r#""it's""#, r#""it's""#, Some(r#""it's""#)),
            (r#"'a"b\'c\\'"#, r#"'a"b\'c\\'"#, Some(r#""a\"b'c\\""#)),
            (r"'\n\x07é\u2028😀'", r"'\n\x07é\u2028😀'", Some(r#""\n\u0007\u00e9\u2028\ud83d\ude00""#)),
            (
                "{1: None, 'a': [True, (2.0,)]}",
                "{1: None, 'a': [True, (2.0,)]}",
                Some(r#"{"1": null, "a": [true, [2.0]]}"#),
            ),
            ("{'s': {1}}", "{'s': {1}}", None),
            ("-1e400", "-inf", Some("-Infinity")),
        ] {
            let value = parse_literal(literal).unwrap();
            assert_eq!((repr(&value).as_str(), dumps(&value).as_deref()), (repr_, json), "{literal}");
        }
    }
}
