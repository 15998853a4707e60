//! `str`, `repr` and `json.dumps`.

use super::Py;

/// `str(x)`.
pub fn str(value: &Py) -> String {
    match value {
        Py::Str(text) => text.to_string(),
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
    out.push_str(itoa::Buffer::new().format(value));
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
    if let Some(text) = short_repr(value) {
        return text;
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

/// `repr` of a float that has few decimals. A text of 15 digits or fewer that reads back the same is the shortest: no two of
/// them read as one float.
fn short_repr(value: f64) -> Option<String> {
    let size = value.abs();
    if size >= 1e9 {
        return None;
    }
    let (whole, decimals) = [(1.0, 0), (100.0, 2), (10_000.0, 4)].into_iter().find_map(|(scale, decimals)| {
        let whole = (size * scale).round();
        (whole / scale == size).then_some((whole as u64, decimals))
    })?;
    let mut text = String::with_capacity(20);
    if value.is_sign_negative() {
        text.push('-');
    }
    let unit = 10u64.pow(decimals);
    text.push_str(itoa::Buffer::new().format(whole / unit));
    text.push('.');
    let (mut rest, mut unit) = (whole % unit, unit);
    loop {
        unit = (unit / 10).max(1);
        text.push(char::from(b'0' + (rest / unit) as u8));
        rest %= unit;
        if rest == 0 {
            break Some(text);
        }
    }
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
    let mut out = String::with_capacity(TYPICAL);
    write_json(value, &mut out, false)?;
    Some(out)
}

/// As [`dumps`], but `None` also where Python writes a number that JSON lacks.
pub fn strict_dumps(value: &Py) -> Option<String> {
    let mut out = String::with_capacity(TYPICAL);
    write_json(value, &mut out, true)?;
    Some(out)
}

/// Bytes that most results fit into.
const TYPICAL: usize = 240;

/// `strict` refuses numbers that JSON lacks.
fn write_json(value: &Py, out: &mut String, strict: bool) -> Option<()> {
    match value {
        Py::None => out.push_str("null"),
        Py::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Py::Int(value) => write_int(*value, out),
        Py::Big(digits) => out.push_str(digits),
        Py::Items(text) => out.push_str(text),
        Py::Float(value) if strict && !value.is_finite() => return None,
        Py::Float(value) => json_float(*value, out),
        Py::Str(text) => json_str(text, out),
        Py::List(items) | Py::Tuple(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_json(item, out, strict)?;
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
                        write_json(key, out, false)?;
                        out.push('"');
                    }
                    _ => return None,
                }
                out.push_str(": ");
                write_json(value, out, strict)?;
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

/// How many bytes at the beginning JSON shows as they are. Eight are tested at once.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    // The top bit of each byte that is below `least`, where no byte has its top bit set.
    let below = |word: u64, least: u64| !(word | TOPS).wrapping_sub(ONES * least) & TOPS;
    let word = |block: &[u8]| u64::from_le_bytes(block.try_into().expect("eight bytes"));
    let plain = |word: u64| {
        let odd = word | below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
        (odd | below(word ^ (ONES * 0x7f), 1)) & TOPS == 0
    };
    let at = 8 * bytes.chunks_exact(8).take_while(|block| plain(word(block))).count();
    let plain = |b: &u8| (b' '..=b'~').contains(b) && *b != b'"' && *b != b'\\';
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
            (0.0, "0.0"),
            (-12.5, "-12.5"),
            (1234.05, "1234.05"),
            (0.0625, "0.0625"),
            (999_999_999.99, "999999999.99"),
            (100.0001, "100.0001"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(float_repr(value), want);
        }
    }

    /// The short way and the long one agree, on floats near and at few decimals.
    #[test]
    fn short_floats_are_the_shortest() {
        let mut rng = coevo_sdk::Rng::new(0, "floats", &[]);
        for _ in 0..200_000 {
            let draw = rng.next_u64();
            let decimals = 10f64.powi((draw % 7) as i32);
            let value = ((draw >> 8) % 10u64.pow(1 + (draw >> 3) as u32 % 9)) as f64 / decimals;
            for value in [value, -value, value * 1.000_000_000_000_000_2] {
                if let Some(short) = short_repr(value) {
                    assert_eq!(short, format!("{value:?}"));
                }
            }
        }
    }

    #[test]
    fn a_plain_run_ends_at_the_first_byte_that_is_not() {
        for odd in (0..=255u8).filter(|b| !(b' '..=b'~').contains(b) || matches!(b, b'"' | b'\\')) {
            for at in 0..20 {
                let mut bytes = [b'a'; 20];
                bytes[at] = odd;
                assert_eq!(plain_run(&bytes), at, "{odd}");
            }
        }
        let all: Vec<u8> = (b' '..=b'~').filter(|b| !matches!(b, b'"' | b'\\')).collect();
        assert_eq!(plain_run(&all), all.len());
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
