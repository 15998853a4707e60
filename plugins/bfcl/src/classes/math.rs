//! `MathAPI`: arithmetic without state. Logarithms come from mpmath (`mpf`), roots from `decimal`, powers and rounding
//! from C's library (`real`): the three have modules of their own.
//!
//! The official tools catch `TypeError` and let other exceptions out; both kinds are one type here, so a tool asks first
//! whether its arguments are of the right kind and what is left is let out.

mod decimal;
mod mpf;
mod real;

pub use real::round as round_float;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Class, Ctx, Default, Function};
use crate::py::{self, Py, PyErr, PyResult, compare};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MathApi {}

const PAIR: &[(&str, Default)] = &[("a", Default::Required), ("b", Default::Required)];
const NUMBERS: &[(&str, Default)] = &[("numbers", Default::Required)];
const CONVERSION: &[(&str, Default)] =
    &[("value", Default::Required), ("unit_in", Default::Required), ("unit_out", Default::Required)];

const BOTH: &str = "Both inputs must be numbers";
const ALL: &str = "All elements in the list must be numbers";
const TOO_LARGE: &str = "Conversion resulted in a value too large to represent";

impl Class for MathApi {
    const NAME: &'static str = "MathAPI";
    const FUNCTIONS: &'static [Function] = &[
        Function { name: "absolute_value", params: &[("number", Default::Required)] },
        Function { name: "add", params: PAIR },
        Function { name: "divide", params: PAIR },
        Function { name: "imperial_si_conversion", params: CONVERSION },
        Function {
            name: "logarithm",
            params: &[("value", Default::Required), ("base", Default::Required), ("precision", Default::Required)],
        },
        Function { name: "max_value", params: NUMBERS },
        Function { name: "mean", params: NUMBERS },
        Function { name: "min_value", params: NUMBERS },
        Function { name: "multiply", params: PAIR },
        Function { name: "percentage", params: &[("part", Default::Required), ("whole", Default::Required)] },
        Function { name: "power", params: &[("base", Default::Required), ("exponent", Default::Required)] },
        Function {
            name: "round_number",
            params: &[("number", Default::Required), ("decimal_places", Default::Int(0))],
        },
        Function { name: "si_unit_conversion", params: CONVERSION },
        Function { name: "square_root", params: &[("number", Default::Required), ("precision", Default::Required)] },
        Function { name: "standard_deviation", params: NUMBERS },
        Function { name: "subtract", params: PAIR },
        Function { name: "sum_values", params: NUMBERS },
    ];

    fn load(_: &mut Py, _: Ctx<'_>) -> Result<Self, PyErr> {
        Ok(Self {})
    }

    fn call(&mut self, function: &str, args: &[Py], _: Ctx<'_>) -> PyResult {
        match (function, args) {
            ("absolute_value", [number]) => absolute(number),
            ("add", [a, b]) => tried(py::add(a, b), a, b),
            ("subtract", [a, b]) => tried(py::sub(a, b), a, b),
            ("multiply", [a, b]) if !(a.is_number() && b.is_number()) => Ok(Py::error(BOTH)),
            ("multiply", [a, b]) => py::mul(a, b).map(result),
            ("divide", [a, b]) if is_zero(b) => Ok(Py::error("Cannot divide by zero")),
            ("divide", [a, b]) => tried(py::div(a, b), a, b),
            ("percentage", [_, whole]) if is_zero(whole) => Ok(Py::error("Whole value cannot be zero")),
            ("percentage", [part, whole]) => {
                tried(py::div(part, whole).and_then(|ratio| py::mul(&ratio, &Py::Int(100))), part, whole)
            }
            ("power", [base, exponent]) => tried(power(base, exponent), base, exponent),
            ("logarithm", [value, base, precision]) => {
                Ok(logarithm(value, base, precision).map_or_else(|PyErr(text)| Py::error(text), result))
            }
            ("square_root", [number, precision]) => square_root(number, precision),
            ("round_number", [number, places]) => round(number, places),
            ("imperial_si_conversion", [value, from, to]) => imperial(value, from, to),
            ("si_unit_conversion", [value, from, to]) => metric(value, from, to),
            ("max_value", [numbers]) => extreme(numbers, "maximum", ">", Ordering::is_gt),
            ("min_value", [numbers]) => extreme(numbers, "minimum", "<", Ordering::is_lt),
            ("mean", [numbers]) => over(numbers, "mean", mean),
            ("standard_deviation", [numbers]) => over(numbers, "standard deviation", deviation),
            ("sum_values", [numbers]) => over(numbers, "sum", py::sum),
            _ => Err(PyErr(format!("'MathAPI' object has no attribute '{function}'"))),
        }
    }

    fn public(&self) -> Vec<(&'static str, Py)> {
        Vec::new()
    }
}

fn result(value: Py) -> Py {
    Py::dict([("result", value)])
}

fn is_zero(value: &Py) -> bool {
    value.is_number() && !value.truth()
}

/// The result of an operation on two values; a `TypeError` is reported, other exceptions are let out.
fn tried(outcome: PyResult, a: &Py, b: &Py) -> PyResult {
    match outcome {
        Err(_) if !(a.is_number() && b.is_number()) => Ok(Py::error(BOTH)),
        outcome => outcome.map(result),
    }
}

fn absolute(number: &Py) -> PyResult {
    match number {
        Py::Float(x) => Ok(result(Py::Float(x.abs()))),
        _ if !number.is_number() => Ok(Py::error("Input must be a number")),
        _ if compare(number, &Py::Int(0)) == Some(Ordering::Less) => py::neg(number).map(result),
        _ => py::add(number, &Py::Int(0)).map(result),
    }
}

/// `base ** exponent`.
fn power(base: &Py, exponent: &Py) -> PyResult {
    let whole = |value: &Py| value.is_number() && !matches!(value, Py::Float(_));
    if whole(base) && whole(exponent) && compare(exponent, &Py::Int(0)) != Some(Ordering::Less) {
        return py::pow(base, exponent);
    }
    match (as_float(base), as_float(exponent)) {
        (Some(x), Some(y)) => real::pow(x?, y?),
        _ => Err(PyErr::new(BOTH)),
    }
}

/// A number as a float: `None` where it is none, an error where it is too large.
fn as_float(value: &Py) -> Option<Result<f64, PyErr>> {
    let float = value.as_f64()?;
    Some(match value {
        Py::Big(_) if float.is_infinite() => Err(PyErr::new("int too large to convert to float")),
        _ => Ok(float),
    })
}

fn logarithm(value: &Py, base: &Py, precision: &Py) -> PyResult {
    let precision = mpf::precision(precision)?;
    let (value, base) = (mpf::log(value, precision)?, mpf::log(base, precision)?);
    let quotient = mpf::divide(&value, &base, precision)?;
    Ok(Py::Object(mpf::text(&quotient, precision)))
}

fn square_root(number: &Py, precision: &Py) -> PyResult {
    let invalid = || Ok(Py::error("Input must be a number or computation resulted in an invalid operation"));
    if !number.is_number() {
        return invalid();
    }
    if compare(number, &Py::Int(0)) == Some(Ordering::Less) {
        return Ok(Py::error("Cannot calculate square root of a negative number"));
    }
    match decimal::precision(precision) {
        Ok(digits) => match decimal::sqrt(number, digits) {
            Some(root) => Ok(result(Py::Object(format!("Decimal('{root}')")))),
            None => invalid(),
        },
        Err(decimal::Refused::Type) => invalid(),
        Err(decimal::Refused::Other(error)) => Err(error),
    }
}

/// `round(number, places)`.
fn round(number: &Py, places: &Py) -> PyResult {
    let whole = |value: &Py| match value {
        Py::Big(digits) => digits.parse().ok(),
        _ => value.as_i64().map(num_bigint::BigInt::from),
    };
    let places = match (number, places) {
        (Py::Float(x), Py::None) if x.is_nan() => return Err(PyErr::new("cannot convert float NaN to integer")),
        (Py::Float(x), Py::None) if x.is_infinite() => {
            return Err(PyErr::new("cannot convert float infinity to integer"));
        }
        (Py::Float(x), Py::None) => {
            return Ok(result(py::int_of(x.round_ties_even())));
        }
        (_, Py::None) => 0,
        // More places than any number has.
        (_, Py::Big(digits)) => {
            if digits.starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            }
        }
        (_, places) => match places.as_i64() {
            Some(places) if number.is_number() => places,
            _ => return Ok(Py::error("First input must be a number, second input must be an integer")),
        },
    };
    match (number, whole(number)) {
        (Py::Float(x), _) => Ok(result(Py::Float(real::round(*x, places)?))),
        (_, Some(n)) if places >= 0 => Ok(result(Py::int(n))),
        (_, Some(n)) => Ok(result(Py::int(real::round_int(&n, places.unsigned_abs())))),
        _ => Ok(Py::error("First input must be a number, second input must be an integer")),
    }
}

/// A statistic of a list that must have numbers, and at least one.
fn over(numbers: &Py, what: &str, statistic: fn(&[Py]) -> PyResult) -> PyResult {
    if !numbers.truth() {
        return Ok(Py::error(format!("Cannot calculate {what} of an empty list")));
    }
    match numbers.iterate() {
        Ok(items) if items.iter().all(Py::is_number) => statistic(&items).map(result),
        _ => Ok(Py::error(ALL)),
    }
}

fn mean(numbers: &[Py]) -> PyResult {
    py::div(&py::sum(numbers)?, &Py::Int(numbers.len() as i64))
}

fn deviation(numbers: &[Py]) -> PyResult {
    let mean = mean(numbers)?;
    let square = |x: &Py| power(&py::sub(x, &mean)?, &Py::Int(2));
    let squares: Vec<Py> = numbers.iter().map(square).collect::<Result<_, _>>()?;
    let variance = py::div(&py::sum(&squares)?, &Py::Int(numbers.len() as i64))?;
    Ok(Py::Float(variance.as_f64().unwrap_or(f64::NAN).sqrt()))
}

/// `min` or `max`: the first of equals.
fn extreme(numbers: &Py, what: &str, sign: &str, better: fn(Ordering) -> bool) -> PyResult {
    if !numbers.truth() {
        return Ok(Py::error(format!("Cannot find {what} of an empty list")));
    }
    let best = numbers.iterate().and_then(|items| {
        let mut items = items.into_iter();
        let mut best = items.next().unwrap_or(Py::None);
        for item in items {
            if py::order(&item, sign, &best, better)? {
                best = item;
            }
        }
        Ok(best)
    });
    Ok(best.map_or_else(|_| Py::error(ALL), result))
}

fn not_supported(from: &Py, to: &Py) -> Py {
    Py::error(format!("Conversion from '{}' to '{}' is not supported", py::str(from), py::str(to)))
}

/// Metres in a unit.
fn metres(unit: &Py) -> Option<Py> {
    Some(match unit.as_str()? {
        "km" => Py::Int(1000),
        "m" => Py::Int(1),
        "cm" => Py::Float(0.01),
        "mm" => Py::Float(0.001),
        "um" => Py::Float(1e-6),
        "nm" => Py::Float(1e-9),
        _ => return None,
    })
}

fn metric(value: &Py, from: &Py, to: &Py) -> PyResult {
    if !value.is_number() {
        return Ok(Py::error("Value must be a number"));
    }
    from.hashable()?;
    let Some(factor) = metres(from) else { return Ok(not_supported(from, to)) };
    to.hashable()?;
    let Some(divisor) = metres(to) else { return Ok(not_supported(from, to)) };
    let inverse = py::div(&Py::Int(1), &divisor)?;
    let converted = py::mul(value, &factor).and_then(|metres| py::mul(&metres, &inverse));
    Ok(converted.map_or_else(|_| Py::error(TOO_LARGE), result))
}

fn imperial(value: &Py, from: &Py, to: &Py) -> PyResult {
    if !value.is_number() {
        return Ok(Py::error("Value must be a number"));
    }
    if from == to {
        return Ok(result(value.clone()));
    }
    let factor = match (py::str(from).as_str(), py::str(to).as_str()) {
        ("cm", "in") => 0.393701,
        ("in", "cm") => 2.54,
        ("m", "ft") => 3.28084,
        ("ft", "m") => 0.3048,
        ("m", "yd") => 1.09361,
        ("yd", "m") => 0.9144,
        ("km", "miles") => 0.621371,
        ("miles", "km") => 1.60934,
        ("kg", "lb") => 2.20462,
        ("lb", "kg") => 0.453592,
        ("celsius", "fahrenheit") => 1.8,
        ("fahrenheit", "celsius") => 5.0 / 9.0,
        _ => return Ok(not_supported(from, to)),
    };
    let factor = Py::Float(factor);
    let converted = match from.as_str() {
        Some("celsius") => py::mul(value, &factor).and_then(|scaled| py::add(&scaled, &Py::Int(32))),
        Some("fahrenheit") => py::sub(value, &Py::Int(32)).and_then(|above| py::mul(&above, &factor)),
        _ => py::mul(value, &factor),
    };
    Ok(converted.map_or_else(|_| Py::error(TOO_LARGE), result))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: &str, args: &str, want: &str) {
        let ctx = Ctx { long: &[], today: (2026, 1, 1) };
        let args = py::parse_literal(&format!("[{args}]")).unwrap();
        let got = match (MathApi {}).call(function, args.items().unwrap(), ctx) {
            Ok(value) => py::dumps(&value).unwrap_or_else(|| py::str(&value)),
            Err(PyErr(message)) => format!("raised {message}"),
        };
        assert_eq!(got, want, "{function}({args:?})");
    }

    #[test]
    fn kinds_of_numbers_are_kept() {
        check("add", "2, 3", r#"{"result": 5}"#);
        check("add", "'a', 'b'", r#"{"result": "ab"}"#);
        check("add", "'a', 1", r#"{"error": "Both inputs must be numbers"}"#);
        check("multiply", "'a', 2", r#"{"error": "Both inputs must be numbers"}"#);
        check("divide", "4, 2", r#"{"result": 2.0}"#);
        check("divide", "None, False", r#"{"error": "Cannot divide by zero"}"#);
        check("absolute_value", "True", r#"{"result": 1}"#);
        check("power", "2, 100", r#"{"result": 1267650600228229401496703205376}"#);
        check("power", "-8, 0.5", "{'result': (1.7319121124709868e-16+2.8284271247461903j)}");
        check("power", "0, -1", "raised 0.0 cannot be raised to a negative power");
        check("round_number", "2.5, 0", r#"{"result": 2.0}"#);
        check("round_number", "2.5, None", r#"{"result": 2}"#);
        check("round_number", "25, -1", r#"{"result": 20}"#);
        check(
            "round_number",
            "1, 1.0",
            r#"{"error": "First input must be a number, second input must be an integer"}"#,
        );
    }

    #[test]
    fn statistics() {
        check("mean", "[3, 16, 60]", r#"{"result": 26.333333333333332}"#);
        check("mean", "[]", r#"{"error": "Cannot calculate mean of an empty list"}"#);
        check("standard_deviation", "[100, 95, 85, 90, 88, 92]", r#"{"result": 4.853406592853679}"#);
        check("min_value", "'cab'", r#"{"result": "a"}"#);
        check("max_value", "[[2], [1, 5]]", r#"{"result": [2]}"#);
        check("max_value", "[1, 'a']", r#"{"error": "All elements in the list must be numbers"}"#);
        check("sum_values", "[1, 0.1, 0.2, 0.3]", r#"{"result": 1.6}"#);
    }

    #[test]
    fn conversions_and_precision() {
        check("si_unit_conversion", "5, 'km', 'cm'", r#"{"result": 500000.0}"#);
        check("si_unit_conversion", "5, 'km', 'mi'", r#"{"error": "Conversion from 'km' to 'mi' is not supported"}"#);
        check("si_unit_conversion", "5, [], 'm'", "raised unhashable type: 'list'");
        check("imperial_si_conversion", "100, 'celsius', 'fahrenheit'", r#"{"result": 212.0}"#);
        check("logarithm", "36.0, 6.0, 4", "{'result': mpf('2.0')}");
        check("logarithm", "2, 1, 4", r#"{"error": ""}"#);
        check("square_root", "2, 5", "{'result': Decimal('1.4142')}");
        check("square_root", "2, 0", "raised valid range for prec is [1, MAX_PREC]");
    }
}
