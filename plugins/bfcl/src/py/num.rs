//! Python's arithmetic: integers of any size, floats, and both together.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::{Py, PyErr, PyResult};

/// A number taken apart.
enum Num {
    Int(i64),
    Big(BigInt),
    Float(f64),
}

fn num(value: &Py) -> Option<Num> {
    Some(match value {
        Py::Bool(value) => Num::Int(i64::from(*value)),
        Py::Int(value) => Num::Int(*value),
        Py::Big(digits) => Num::Big(digits.parse().ok()?),
        Py::Float(value) => Num::Float(*value),
        _ => return None,
    })
}

impl Num {
    fn big(self) -> Option<BigInt> {
        match self {
            Self::Int(value) => Some(value.into()),
            Self::Big(value) => Some(value),
            Self::Float(_) => None,
        }
    }
}

/// Both as integers, where both are.
fn bigs(a: &Py, b: &Py) -> Option<(BigInt, BigInt)> {
    Some((num(a)?.big()?, num(b)?.big()?))
}

fn unsupported(sign: &str, a: &Py, b: &Py) -> PyErr {
    PyErr(format!("unsupported operand type(s) for {sign}: '{}' and '{}'", a.type_name(), b.type_name()))
}

fn float(value: &Py) -> Result<f64, PyErr> {
    match value.as_f64() {
        Some(float) if float.is_infinite() && !matches!(value, Py::Float(_)) => {
            Err(PyErr::new("int too large to convert to float"))
        }
        Some(float) => Ok(float),
        None => Err(PyErr(format!("must be real number, not {}", value.type_name()))),
    }
}

/// One of `+ - *`.
fn plain(
    sign: &str,
    a: &Py,
    b: &Py,
    small: fn(i64, i64) -> Option<i64>,
    big: fn(BigInt, BigInt) -> BigInt,
    real: fn(f64, f64) -> f64,
) -> PyResult {
    match (num(a), num(b)) {
        (Some(Num::Int(x)), Some(Num::Int(y))) => {
            Ok(small(x, y).map_or_else(|| Py::int(big(x.into(), y.into())), Py::Int))
        }
        (Some(Num::Float(x)), Some(Num::Float(y))) => Ok(Py::Float(real(x, y))),
        (Some(_), Some(_)) => match bigs(a, b) {
            Some((x, y)) => Ok(Py::int(big(x, y))),
            None => Ok(Py::Float(real(float(a)?, float(b)?))),
        },
        _ => Err(unsupported(sign, a, b)),
    }
}

/// `a + b` of numbers, and of texts and lists.
///
/// # Errors
/// `TypeError`, or an integer too large for a float.
pub fn add(a: &Py, b: &Py) -> PyResult {
    match (a, b) {
        (Py::Str(a), Py::Str(b)) => Ok(format!("{a}{b}").into()),
        (Py::List(a), Py::List(b)) => Ok(Py::List(a.iter().chain(b).cloned().collect())),
        (Py::Str(_), _) => Err(PyErr(format!("can only concatenate str (not \"{}\") to str", b.type_name()))),
        _ => plain("+", a, b, i64::checked_add, |x, y| x + y, |x, y| x + y),
    }
}

/// `a - b`.
///
/// # Errors
/// As [`add`].
pub fn sub(a: &Py, b: &Py) -> PyResult {
    plain("-", a, b, i64::checked_sub, |x, y| x - y, |x, y| x - y)
}

/// `a * b` of numbers, and of texts and lists with an integer.
///
/// # Errors
/// As [`add`].
pub fn mul(a: &Py, b: &Py) -> PyResult {
    match (a, b) {
        (Py::Str(_) | Py::List(_) | Py::Tuple(_), _) => repeat(a, b),
        (_, Py::Str(_) | Py::List(_) | Py::Tuple(_)) => repeat(b, a),
        _ => plain("*", a, b, i64::checked_mul, |x, y| x * y, |x, y| x * y),
    }
}

/// A text, list or tuple several times over.
fn repeat(items: &Py, times: &Py) -> PyResult {
    let Some(times) = times.as_i64() else {
        return Err(PyErr(format!("can't multiply sequence by non-int of type '{}'", times.type_name())));
    };
    let times = usize::try_from(times).unwrap_or(0);
    let length = items.as_str().map_or_else(|| items.items().map_or(0, <[Py]>::len), str::len);
    // CPython runs out of memory later.
    if length.saturating_mul(times) > 1 << 24 {
        return Err(PyErr::new(""));
    }
    let all = |items: &[Py]| items.iter().cycle().take(items.len() * times).cloned().collect();
    Ok(match items {
        Py::Str(text) => text.repeat(times).into(),
        Py::Tuple(items) => Py::Tuple(all(items)),
        _ => Py::List(all(items.items().unwrap_or_default())),
    })
}

/// `-a`.
///
/// # Errors
/// As [`add`].
pub fn neg(a: &Py) -> PyResult {
    match a {
        Py::Float(value) => Ok(Py::Float(-value)),
        _ if a.is_number() => sub(&Py::Int(0), a),
        _ => Err(PyErr(format!("bad operand type for unary -: '{}'", a.type_name()))),
    }
}

/// Largest integer magnitude that a float holds exactly together with all below it.
const EXACT: i64 = 1 << 53;

fn exact(whole: i64) -> bool {
    (-EXACT..=EXACT).contains(&whole)
}

/// `a / b`, correctly rounded also for large integers.
///
/// # Errors
/// `TypeError`, `ZeroDivisionError`, or a quotient too large for a float.
pub fn div(a: &Py, b: &Py) -> PyResult {
    match (num(a), num(b)) {
        (Some(Num::Int(_) | Num::Big(_)), Some(Num::Int(_) | Num::Big(_))) => {
            if !b.truth() {
                return Err(PyErr::new("division by zero"));
            }
            if a.as_i64().is_some_and(exact) && b.as_i64().is_some_and(exact) {
                return Ok(Py::Float(float(a)? / float(b)?));
            }
            let (x, y) = bigs(a, b).ok_or_else(|| unsupported("/", a, b))?;
            quotient(&x, &y).map(Py::Float)
        }
        (Some(_), Some(_)) => {
            let (x, y) = (float(a)?, float(b)?);
            if y == 0.0 { Err(PyErr::new("float division by zero")) } else { Ok(Py::Float(x / y)) }
        }
        _ => Err(unsupported("/", a, b)),
    }
}

/// The float nearest to `x / y`, ties to even.
fn quotient(x: &BigInt, y: &BigInt) -> Result<f64, PyErr> {
    let negative = (x.sign() == Sign::Minus) != (y.sign() == Sign::Minus);
    let (x, y) = (x.magnitude(), y.magnitude());
    if x.bits() == 0 {
        return Ok(if negative { -0.0 } else { 0.0 });
    }
    // 66 bits or more of quotient, and a sticky bit for the rest: enough for any rounding, subnormal or not.
    let shift = 66 - (x.bits() as i64 - y.bits() as i64);
    let (top, bottom) = if shift >= 0 { (x << shift as u64, y.clone()) } else { (x.clone(), y << (-shift) as u64) };
    let mut mantissa = &top / &bottom;
    if &mantissa * &bottom != top {
        mantissa.set_bit(0, true);
    }
    // Decimal text of `mantissa · 2^-shift` would do, too; halving by hand is exact and shorter.
    let mut exponent = -shift;
    let keep = 53.min((mantissa.bits() as i64 + exponent + 1074).max(0));
    let drop = mantissa.bits() as i64 - keep;
    if drop > 0 {
        let one = num_bigint::BigUint::from(1u8);
        let half = &one << (drop - 1) as u64;
        let rest = &mantissa & ((&one << drop as u64) - &one);
        mantissa >>= drop as u64;
        if rest > half || (rest == half && mantissa.bit(0)) {
            mantissa += 1u8;
        }
        exponent += drop;
    }
    let digits = mantissa.iter_u64_digits().next().unwrap_or(0);
    if digits != 0 && exponent + mantissa.bits() as i64 > 1024 {
        return Err(PyErr::new("integer division result too large for a float"));
    }
    // Two steps, because 2^exponent alone may be below the least float.
    let half = (exponent / 2) as i32;
    let value = digits as f64 * 2f64.powi(half) * 2f64.powi(exponent as i32 - half);
    Ok(if negative { -value } else { value })
}

/// `a % b`: the sign is the divisor's.
///
/// # Errors
/// `TypeError` or `ZeroDivisionError`.
pub fn rem(a: &Py, b: &Py) -> PyResult {
    match (num(a), num(b)) {
        (Some(Num::Float(_)), Some(_)) | (Some(_), Some(Num::Float(_))) => {
            let (x, y) = (float(a)?, float(b)?);
            if y == 0.0 {
                return Err(PyErr::new("float modulo by zero"));
            }
            let left = x % y;
            let moved = if left != 0.0 && (left < 0.0) != (y < 0.0) { left + y } else { left };
            Ok(Py::Float(if moved == 0.0 { 0f64.copysign(y) } else { moved }))
        }
        (Some(_), Some(_)) => {
            let (x, y) = bigs(a, b).ok_or_else(|| unsupported("%", a, b))?;
            if !b.truth() {
                return Err(PyErr::new("integer modulo by zero"));
            }
            Ok(Py::int(((x % &y) + &y) % y))
        }
        _ => Err(unsupported("%", a, b)),
    }
}

/// `a // b` of floats and small integers, as a float's or integer's floor.
///
/// # Errors
/// As [`rem`].
pub fn floor(a: &Py, b: &Py) -> PyResult {
    let left = rem(a, b)?;
    match bigs(a, b) {
        Some((x, y)) => {
            let left = num(&left).and_then(Num::big).ok_or_else(|| unsupported("//", a, b))?;
            Ok(Py::int((x - left) / y))
        }
        None => {
            let quotient = (float(a)? - float(&left)?) / float(b)?;
            let whole = quotient.floor();
            Ok(Py::Float(if quotient - whole > 0.5 { whole + 1.0 } else { whole }))
        }
    }
}

/// `a ** b`.
///
/// # Errors
/// `TypeError`, a zero to a negative power, a result too large. Complex results are an error here.
pub fn pow(a: &Py, b: &Py) -> PyResult {
    match (num(a), num(b)) {
        (Some(Num::Int(_) | Num::Big(_)), Some(Num::Int(power))) if power >= 0 => {
            let base = num(a).and_then(Num::big).ok_or_else(|| unsupported("** or pow()", a, b))?;
            let power = u32::try_from(power).map_err(|_| PyErr::new("exponent too large"))?;
            // 2^20 bits take CPython a moment, too, and would fill a result with 300,000 digits.
            if base.bits().saturating_mul(u64::from(power)) > 1 << 20 && base.bits() > 1 {
                return Err(PyErr::new("Exceeds the limit (4300 digits) for integer string conversion"));
            }
            Ok(Py::int(base.pow(power)))
        }
        (Some(_), Some(_)) => {
            let (x, y) = (float(a)?, float(b)?);
            if x == 0.0 && y < 0.0 {
                return Err(PyErr::new("zero to a negative power"));
            }
            if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 {
                return Err(PyErr::new("a negative number to a fractional power is complex"));
            }
            let value = x.powf(y);
            if value.is_infinite() && x.is_finite() && y.is_finite() {
                return Err(PyErr::new("(34, 'Numerical result out of range')"));
            }
            Ok(Py::Float(value))
        }
        _ => Err(unsupported("** or pow()", a, b)),
    }
}

/// `sum(items)` as in CPython 3.12 and later: floats with Neumaier's compensation.
///
/// # Errors
/// As [`add`].
pub fn sum(items: &[Py]) -> PyResult {
    let mut whole = Py::Int(0);
    let mut rest = items.iter().peekable();
    while let Some(item) = rest.next_if(|item| !matches!(item, Py::Float(_))) {
        whole = add(&whole, item)?;
    }
    if rest.peek().is_none() {
        return Ok(whole);
    }
    // The first float meets the integers without compensation.
    let (mut total, mut lost) = (float(&whole)? + rest.next().and_then(Py::as_f64).unwrap_or(0.0), 0.0);
    for item in rest {
        match item {
            Py::Float(x) => {
                let next = total + x;
                lost += if total.abs() >= x.abs() { (total - next) + x } else { (x - next) + total };
                total = next;
            }
            // CPython adds a small integer as a float, without compensation.
            Py::Int(_) | Py::Bool(_) | Py::Big(_) => total += float(item)?,
            _ => return Err(unsupported("+", &Py::Float(total), item)),
        }
    }
    Ok(Py::Float(if lost != 0.0 && lost.is_finite() { total + lost } else { total }))
}

/// How two numbers compare; two texts by code points. `None` for NaN and for types that have no order.
pub fn compare(a: &Py, b: &Py) -> Option<Ordering> {
    if let (Py::Str(a), Py::Str(b)) = (a, b) {
        return Some(a.cmp(b));
    }
    match (num(a)?, num(b)?) {
        (Num::Int(a), Num::Int(b)) => Some(a.cmp(&b)),
        (Num::Float(a), Num::Float(b)) => a.partial_cmp(&b),
        (Num::Int(a), Num::Float(b)) if exact(a) => (a as f64).partial_cmp(&b),
        (Num::Float(a), Num::Int(b)) if exact(b) => a.partial_cmp(&(b as f64)),
        (Num::Float(x), y) => with_float(y.big()?, x).map(Ordering::reverse),
        (x, Num::Float(y)) => with_float(x.big()?, y),
        (x, y) => Some(x.big()?.cmp(&y.big()?)),
    }
}

/// `a < b` and its like: `sign` is the operator, `wanted` says which orders satisfy it.
///
/// # Errors
/// `TypeError` for what has no order.
pub fn order(a: &Py, sign: &str, b: &Py, wanted: fn(Ordering) -> bool) -> Result<bool, PyErr> {
    match compare(a, b) {
        Some(order) => Ok(wanted(order)),
        None if a.is_number() && b.is_number() => Ok(false),
        None => match (a, b) {
            // By the first pair that differs, else by length.
            (Py::List(x), Py::List(y)) | (Py::Tuple(x), Py::Tuple(y)) => match x.iter().zip(y).find(|(x, y)| x != y) {
                Some((x, y)) => order(x, sign, y, wanted),
                None => Ok(wanted(x.len().cmp(&y.len()))),
            },
            _ => {
                let (a, b) = (a.type_name(), b.type_name());
                Err(PyErr(format!("'{sign}' not supported between instances of '{a}' and '{b}'")))
            }
        },
    }
}

/// `a < b`.
///
/// # Errors
/// As [`order`].
pub fn less(a: &Py, b: &Py) -> Result<bool, PyErr> {
    order(a, "<", b, Ordering::is_lt)
}

/// `a > b`.
///
/// # Errors
/// As [`order`].
pub fn more(a: &Py, b: &Py) -> Result<bool, PyErr> {
    order(a, ">", b, Ordering::is_gt)
}

/// `int(x)` of a finite float.
pub fn int_of(x: f64) -> Py {
    if x.abs() < i64::MAX as f64 {
        return Py::Int(x as i64);
    }
    // A finite float prints its integer part exactly.
    format!("{:.0}", x.trunc()).parse().map_or(Py::Int(0), Py::int)
}

/// `float(x)`.
///
/// # Errors
/// For what is no number, nor the text of one.
pub fn to_float(value: &Py) -> Result<f64, PyErr> {
    match value {
        Py::Str(text) => {
            let plain = super::string::strip(text);
            // Underscores stand between digits only.
            let joined =
                plain.as_bytes().windows(3).all(|w| w[1] != b'_' || (w[0].is_ascii_digit() && w[2].is_ascii_digit()));
            let digits = if joined && !plain.starts_with('_') && !plain.ends_with('_') {
                plain.replace('_', "")
            } else {
                String::new()
            };
            digits.parse().map_err(|_| PyErr(format!("could not convert string to float: {}", super::str_repr(text))))
        }
        _ if value.is_number() => float(value),
        _ => Err(PyErr(format!("float() argument must be a string or a real number, not '{}'", value.type_name()))),
    }
}

/// `a += b` or `a -= b`: an unfit pair is told of the operator as it is written.
///
/// # Errors
/// As [`add`].
pub fn in_place(a: &mut Py, sign: &str, b: &Py) -> Result<(), PyErr> {
    let outcome = if sign == "-" { sub(a, b) } else { add(a, b) };
    *a = outcome.map_err(|PyErr(text)| {
        PyErr(text.replacen(&format!("operand type(s) for {sign}:"), &format!("operand type(s) for {sign}=:"), 1))
    })?;
    Ok(())
}

/// Compares an integer with a float exactly.
fn with_float(whole: BigInt, real: f64) -> Option<Ordering> {
    if real.is_nan() {
        return None;
    }
    if real.is_infinite() {
        return Some(if real > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let below = real.floor();
    let floor = num(&int_of(below))?.big()?;
    Some(whole.cmp(&floor).then(if below < real { Ordering::Less } else { Ordering::Equal }))
}

/// Python's `==` of two numbers; false where one is none.
pub(super) fn equal(a: &Py, b: &Py) -> bool {
    match (a, b) {
        (Py::Int(a), Py::Int(b)) => a == b,
        (Py::Float(a), Py::Float(b)) => a == b,
        (Py::Str(_), _) | (_, Py::Str(_)) => false,
        _ => compare(a, b) == Some(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::py::{parse_literal, repr};

    #[test]
    fn arithmetic_is_cpythons() {
        type Op = fn(&Py, &Py) -> PyResult;
        let cases: &[(Op, &str, &str, &str)] = &[
            (add, "9223372036854775807", "1", "9223372036854775808"),
            (sub, "9223372036854775808", "1", "9223372036854775807"),
            (mul, "True", "2.5", "2.5"),
            (div, "7", "2", "3.5"),
            (div, "-10000000000000000000001", "3", "-3.3333333333333335e+21"),
            (div, "1", "9007199254740993", "1.1102230246251564e-16"),
            (div, "0", "-10000000000000000000000", "-0.0"),
            (rem, "-7", "3", "2"),
            (rem, "7", "-3", "-2"),
            (rem, "-7.5", "2", "0.5"),
            (floor, "-7", "2", "-4"),
            (floor, "7.5", "2", "3.0"),
            (pow, "2", "100", "1267650600228229401496703205376"),
            (pow, "2", "-1", "0.5"),
        ];
        for (op, a, b, want) in cases {
            let got = op(&parse_literal(a).unwrap(), &parse_literal(b).unwrap());
            assert_eq!(got.map(|value| repr(&value)), Ok((*want).to_owned()), "{a} {b}");
        }
        let numbers = parse_literal("[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]").unwrap();
        assert_eq!(repr(&sum(numbers.items().unwrap()).unwrap()), "1.0");
    }

    #[test]
    fn numbers_are_equal_by_value() {
        for (a, b, same) in [
            ("1", "1.0", true),
            ("1", "True", true),
            ("0", "False", true),
            ("9007199254740993", "9007199254740992.0", false),
            ("100000000000000000000", "1e20", true),
            ("1", "'1'", false),
            ("None", "0", false),
            ("{'a': 1, 'b': 2}", "{'b': 2.0, 'a': True}", true),
            ("[1, 2]", "(1, 2)", false),
            ("{1, 2}", "{2, 1}", true),
        ] {
            assert_eq!(parse_literal(a).unwrap() == parse_literal(b).unwrap(), same, "{a} == {b}");
        }
    }
}
