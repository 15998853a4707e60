//! Float functions whose last bit must not depend on the machine: powers and rounding to decimals, correctly rounded.
//!
//! glibc's `pow`, on which CPython rests, is correctly rounded but for about one result in a thousand; Rust's is another
//! function for every target.

use num_bigint::{BigInt, BigUint};

use super::mpf::{ln_fixed, ln2, round_shift};
use crate::py::{Py, PyErr, PyResult};

/// A finite float as `man · 2^exp`, exactly.
pub fn parts(x: f64) -> (BigInt, i64) {
    let bits = x.to_bits();
    let (field, fraction) = ((bits >> 52 & 0x7FF) as i64, bits & ((1 << 52) - 1));
    let man = if field == 0 { fraction } else { fraction | 1 << 52 };
    let man = BigInt::from(man);
    (if x.is_sign_negative() { -man } else { man }, field.max(1) - 1075)
}

/// The float nearest to `man · 2^exp`, ties to even; infinite where there is none.
fn to_f64(man: BigUint, exp: i64) -> f64 {
    let excess = (man.bits() as i64 - 53).max(-1074 - exp).max(0) as u64;
    let (man, exp) = (round_shift(man, excess), exp + excess as i64);
    let digits = man.iter_u64_digits().next().unwrap_or(0);
    if digits == 0 {
        return 0.0;
    }
    if exp + man.bits() as i64 > 1024 {
        return f64::INFINITY;
    }
    // In two steps, as 2^exp alone may be no float.
    let half = (exp / 2) as i32;
    digits as f64 * 2f64.powi(half) * 2f64.powi(exp as i32 - half)
}

/// `x ** y` of floats; a complex result is an opaque value with its `repr`.
///
/// # Errors
/// `ZeroDivisionError` and `OverflowError`.
pub fn pow(x: f64, y: f64) -> PyResult {
    let odd = y % 2.0 == 1.0 || y % 2.0 == -1.0;
    if y == 0.0 || x == 1.0 {
        return Ok(Py::Float(1.0));
    }
    if x == 0.0 && y < 0.0 {
        return Err(PyErr::new("0.0 cannot be raised to a negative power"));
    }
    if !x.is_finite() || !y.is_finite() || x == 0.0 {
        return Ok(Py::Float(x.powf(y)));
    }
    if x < 0.0 && y.fract() != 0.0 {
        // De Moivre, as CPython does it.
        let (size, phase) = (positive_pow(-x, y), std::f64::consts::PI * y);
        let (re, im) = (size * phase.cos(), size * phase.sin());
        if re.is_infinite() || im.is_infinite() {
            return Err(PyErr::new("complex exponentiation"));
        }
        return Ok(Py::Object(complex(re, im)));
    }
    let size = positive_pow(x.abs(), y);
    if size.is_infinite() {
        return Err(PyErr::new("(34, 'Numerical result out of range')"));
    }
    Ok(Py::Float(if x < 0.0 && odd { -size } else { size }))
}

/// `repr` of a complex number.
fn complex(re: f64, im: f64) -> String {
    let short = |x: f64| {
        let text = crate::py::float_repr(x);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    let plus = if im.is_sign_negative() { "" } else { "+" };
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", short(im));
    }
    format!("({}{plus}{}j)", short(re), short(im))
}

/// `x ** y` of a positive finite `x`.
fn positive_pow(x: f64, y: f64) -> f64 {
    if y == 2.0 {
        return x * x;
    }
    let (man, exp) = parts(x);
    let size = y.abs();
    // Small whole powers are exact fractions.
    if y > 0.0 && size.fract() == 0.0 && size <= 64.0 {
        return to_f64(man.into_parts().1.pow(size as u32), exp * size as i64);
    }
    // x^y = 2^n · e^r with r in (-ln 2, ln 2).
    const BITS: u64 = 192;
    let (log, scale) = ln_fixed(man.magnitude(), exp, BITS + 16);
    let (factor, power) = parts(y);
    let product = log * factor;
    // ln x · y in fixed point of BITS bits; beyond ±2^11 it is out of range anyway.
    let shift = power - scale as i64 + BITS as i64;
    if product.bits() as i64 + shift > BITS as i64 + 11 {
        return if product.sign() == num_bigint::Sign::Minus { 0.0 } else { f64::INFINITY };
    }
    let log = if shift >= 0 { product << shift as u64 } else { product >> (-shift) as u64 };
    let two = ln2(BITS);
    let n = &log / &two;
    let rest = log - &n * two;
    let n = i64::try_from(&n).unwrap_or(0);
    // e^r by its series, r halved eight times and the result squared as often.
    const HALVED: u64 = 8;
    let small = rest >> HALVED;
    let one = BigInt::from(1) << BITS;
    let (mut term, mut sum, mut k) = (one.clone(), one, 0u32);
    while term.bits() > 1 {
        k += 1;
        term = ((term * &small) >> BITS) / k;
        sum += &term;
        if k > 64 {
            break;
        }
    }
    for _ in 0..HALVED {
        sum = (&sum * &sum) >> BITS;
    }
    to_f64(sum.into_parts().1, n - BITS as i64)
}

/// `round(x, places)` of a float: exactly on its binary value, ties to even.
///
/// # Errors
/// `OverflowError`.
pub fn round(x: f64, places: i64) -> Result<f64, PyErr> {
    if !x.is_finite() || places > 323 {
        return Ok(x);
    }
    if places < -308 {
        return Ok(0.0 * x);
    }
    let (man, exp) = parts(x);
    let ten = BigUint::from(10u8).pow(places.unsigned_abs() as u32);
    let (mut top, mut bottom) = (man.into_parts().1, BigUint::from(1u8));
    if places >= 0 {
        top *= &ten
    } else {
        bottom *= &ten
    }
    if exp >= 0 {
        top <<= exp as u64
    } else {
        bottom <<= (-exp) as u64
    }
    let whole = half_even(&top, &bottom);
    let value: f64 = format!("{whole}e{}", -places).parse().unwrap_or(x);
    if value.is_infinite() {
        return Err(PyErr::new("rounded value too large to represent"));
    }
    Ok(value.copysign(x))
}

/// `round(n, -places)` of an integer: to a multiple of a power of ten.
pub fn round_int(n: &BigInt, places: u64) -> BigInt {
    // Ten to that power is more than twice any such number.
    if places > n.bits() / 3 + 2 {
        return BigInt::ZERO;
    }
    let ten = BigUint::from(10u8).pow(places as u32);
    BigInt::from_biguint(n.sign(), half_even(n.magnitude(), &ten) * ten)
}

fn half_even(top: &BigUint, bottom: &BigUint) -> BigUint {
    let whole = top / bottom;
    let twice = (top - &whole * bottom) << 1u8;
    match twice.cmp(bottom) {
        std::cmp::Ordering::Greater => whole + 1u8,
        std::cmp::Ordering::Equal if whole.bit(0) => whole + 1u8,
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::py::repr;

    #[test]
    fn powers_and_rounding() {
        for (x, y, want) in [
            (2.0, 1.5, "2.8284271247461903"),
            (2.0, -1.0, "0.5"),
            (10.0, 308.25, "1.7782794100389228e+308"),
            (1.1, 1000.0, "2.4699329180060256e+41"),
            (-2.0, 3.0, "-8.0"),
            (-8.0, 0.5, "(1.7319121124709868e-16+2.8284271247461903j)"),
            (0.5, 1074.0, "5e-324"),
        ] {
            assert_eq!(pow(x, y).map(|value| repr(&value)), Ok(want.to_owned()), "{x} ** {y}");
        }
        assert_eq!(pow(2.0, 5000.0).unwrap_err().0, "(34, 'Numerical result out of range')");
        for (x, places, want) in
            [(2.675, 2, 2.67), (0.125, 2, 0.12), (2.5, 0, 2.0), (1250.0, -2, 1200.0), (1e22, 5, 1e22)]
        {
            assert_eq!(round(x, places), Ok(want), "round({x}, {places})");
        }
        assert_eq!(round_int(&BigInt::from(-25), 1), BigInt::from(-20));
        assert_eq!(round_int(&BigInt::from(7), 30), BigInt::ZERO);
    }
}
