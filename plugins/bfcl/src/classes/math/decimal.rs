//! `Decimal(x).sqrt()` at a given precision, and its `str`.

use num_bigint::{BigInt, BigUint};

use crate::py::{Py, PyErr};

/// More digits than this would only burn the episode's fuel.
const MOST_DIGITS: usize = 20_000;

/// Why there is no root: `TypeError` is caught by the tool, other exceptions are not.
pub enum Refused {
    Type,
    Other(PyErr),
}

/// `getcontext().prec = precision`.
pub fn precision(value: &Py) -> Result<usize, Refused> {
    let other = |text: &str| Refused::Other(PyErr::new(text));
    match value {
        Py::Big(_) => Err(other("Python int too large to convert to C ssize_t")),
        Py::Int(_) | Py::Bool(_) => match value.as_i64().unwrap_or(0) {
            // The largest precision there is; CPython runs out of memory long before.
            digits @ 1..=999_999_999_999_999_999 => {
                usize::try_from(digits).ok().filter(|digits| *digits <= MOST_DIGITS).ok_or_else(|| other(""))
            }
            _ => Err(other("valid range for prec is [1, MAX_PREC]")),
        },
        _ => Err(Refused::Type),
    }
}

/// The root of a number that is not negative, as `str` shows it, correctly rounded to `digits` digits.
pub fn sqrt(value: &Py, digits: usize) -> Option<String> {
    let (coefficient, exponent) = match value {
        Py::Float(x) if x.is_nan() => return Some("NaN".to_owned()),
        Py::Float(x) if x.is_infinite() => return Some("Infinity".to_owned()),
        Py::Float(x) if *x == 0.0 => return Some(if x.is_sign_negative() { "-0" } else { "0" }.to_owned()),
        Py::Float(x) => {
            // Exact: a power of two below the point is one of five over one of ten.
            let (man, exp) = super::real::parts(*x);
            let zeros = man.trailing_zeros().unwrap_or(0).min((-exp).max(0) as u64);
            let (man, exp) = ((man >> zeros).into_parts().1, exp + zeros as i64);
            match exp {
                0.. => (man << exp as u64, 0),
                _ => (man * BigUint::from(5u8).pow((-exp) as u32), exp),
            }
        }
        Py::Big(text) => (text.parse::<BigInt>().ok()?.into_parts().1, 0),
        _ => (BigUint::from(value.as_i64()?.unsigned_abs()), 0),
    };
    Some(root(coefficient, exponent, digits))
}

fn root(coefficient: BigUint, exponent: i64, digits: usize) -> String {
    let ten = BigUint::from(10u8);
    let ideal = exponent.div_euclid(2);
    if coefficient.bits() == 0 {
        return show("0", ideal);
    }
    // Enough digits for the root to have two more than asked for, at an even exponent.
    let have = coefficient.to_string().len();
    let mut more = (2 * (digits + 2)).saturating_sub(have) as i64;
    more += (exponent - more).rem_euclid(2);
    let square = coefficient * ten.pow(more as u32);
    let mut found = square.sqrt();
    let exact = &found * &found == square;
    let mut at = (exponent - more) / 2;
    while exact && at < ideal && (&found % 10u8).bits() == 0 {
        found /= 10u8;
        at += 1;
    }
    let text = found.to_string();
    let excess = text.len().saturating_sub(digits);
    if excess == 0 {
        return show(&text, at);
    }
    let (kept, cut) = text.split_at(digits);
    let half = format!("5{}", "0".repeat(excess - 1));
    let up = match cut.cmp(&half) {
        std::cmp::Ordering::Equal if exact => kept.ends_with(['1', '3', '5', '7', '9']),
        order => order.is_ge(),
    };
    let mut kept = kept.to_owned();
    at += excess as i64;
    if up {
        let next: BigUint = kept.parse::<BigUint>().unwrap_or_default() + 1u8;
        kept = next.to_string();
        if kept.len() > digits {
            kept.pop();
            at += 1;
        }
    }
    show(&kept, at)
}

/// Scientific text of `digits · 10^exponent`: plain from 1e-6 on where no digit is left open.
fn show(digits: &str, exponent: i64) -> String {
    let length = digits.len() as i64;
    let left = exponent + length;
    if exponent <= 0 && left > -6 {
        return match left {
            _ if exponent == 0 => digits.to_owned(),
            1.. => format!("{}.{}", &digits[..left as usize], &digits[left as usize..]),
            _ => format!("0.{}{digits}", "0".repeat(-left as usize)),
        };
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}E{:+}", left - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_read_as_decimal_shows_them() {
        for (value, digits, want) in [
            (Py::Int(2), 5, "1.4142"),
            (Py::Int(16), 10, "4"),
            (Py::Float(2.25), 10, "1.5"),
            (Py::Float(-0.0), 10, "-0"),
            (Py::Int(100_000_000), 2, "1.0E+4"),
            (Py::Int(10_000), 1, "1E+2"),
            (Py::Float(1e-300), 3, "1.00E-150"),
            (Py::Float(0.1), 4, "0.3162"),
            (Py::Int(0), 3, "0"),
        ] {
            assert_eq!(sqrt(&value, digits).as_deref(), Some(want), "sqrt({value:?}) to {digits} digits");
        }
    }
}
