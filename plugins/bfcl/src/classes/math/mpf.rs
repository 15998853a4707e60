//! Binary floats of any precision, as mpmath has them: enough for `log(x) / log(b)` and its `repr`.
//!
//! Logarithms are computed with 64 bits to spare and rounded to the nearest, where mpmath spares 20; the two can differ
//! in one result of about a million.

use num_bigint::{BigInt, BigUint, Sign};

use crate::py::{Py, PyErr, repr, str_repr};

/// Working precision that a `log` call asked for, in bits.
#[derive(Clone, Copy)]
pub struct Precision {
    bits: u64,
}

/// More digits than this would only burn the episode's fuel.
const MOST_DIGITS: i64 = 10_000;

/// Binary digits of a decimal one.
const BITS_PER_DIGIT: f64 = 3.321_928_094_887_362_6;

/// A real number: `man · 2^exp`, `man` odd or zero, or one of the specials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mpf {
    Finite { man: BigInt, exp: i64 },
    Infinite { negative: bool },
    Nan,
}

/// What `log` gives: complex for negative arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    Real(Mpf),
    Complex(Mpf, Mpf),
}

/// `mp.dps = precision`.
///
/// # Errors
/// As `int(precision)`; or more digits than are computed here.
pub fn precision(value: &Py) -> Result<Precision, PyErr> {
    let wanted = match value {
        Py::Float(x) if x.is_nan() => return Err(PyErr::new("cannot convert float NaN to integer")),
        Py::Float(x) if x.is_infinite() => return Err(PyErr::new("cannot convert float infinity to integer")),
        Py::Float(x) => *x as i64,
        Py::Str(text) => text
            .trim()
            .parse()
            .map_err(|_| PyErr(format!("invalid literal for int() with base 10: {}", str_repr(text))))?,
        Py::Big(digits) if digits.starts_with('-') => 0,
        Py::Big(_) => return Err(PyErr::new("too many digits in integer")),
        _ => value.as_i64().ok_or_else(|| {
            let of = value.type_name();
            PyErr(format!("int() argument must be a string, a bytes-like object or a real number, not '{of}'"))
        })?,
    };
    if wanted > 1 << 60 {
        return Err(PyErr::new("too many digits in integer"));
    }
    if wanted > MOST_DIGITS {
        return Err(PyErr(format!("more than {MOST_DIGITS} digits are not computed")));
    }
    let wanted = wanted.max(-2);
    let bits = ((wanted + 1) as f64 * BITS_PER_DIGIT).round_ties_even().max(1.0) as u64;
    Ok(Precision { bits })
}

impl Precision {
    /// Digits of a `repr` that reads back the same.
    fn repr_digits(self) -> usize {
        let digits = (self.bits as f64 / BITS_PER_DIGIT - 1.0).round_ties_even().max(1.0) as usize;
        if digits == 15 { 17 } else { digits + 3 }
    }
}

/// `mpmath.log(value)`.
///
/// # Errors
/// `TypeError` for what is no number, nor a text of one.
pub fn log(value: &Py, precision: Precision) -> Result<Number, PyErr> {
    let x = convert(value, precision)?;
    Ok(match &x {
        Mpf::Finite { man, exp } if man.sign() == Sign::Minus => {
            let size = ln(man.magnitude(), *exp, precision.bits);
            Number::Complex(size, pi(precision.bits))
        }
        Mpf::Finite { man, exp } => Number::Real(ln(man.magnitude(), *exp, precision.bits)),
        Mpf::Infinite { negative: true } => Number::Complex(Mpf::Infinite { negative: false }, pi(precision.bits)),
        _ => Number::Real(x),
    })
}

/// `a / b`.
///
/// # Errors
/// `ZeroDivisionError`, which mpmath raises without a message.
pub fn divide(a: &Number, b: &Number, precision: Precision) -> Result<Number, PyErr> {
    use Number::{Complex, Real};
    let bits = precision.bits;
    let zero = Mpf::Finite { man: BigInt::ZERO, exp: 0 };
    Ok(match (a, b) {
        (Real(a), Real(b)) => Real(a.div(b, bits)?),
        (Complex(re, im), Real(b)) => Complex(re.div(b, bits)?, im.div(b, bits)?),
        (Real(p), Complex(c, d)) => {
            let size = c.mul(c).add(&d.mul(d), bits + 10);
            Complex(c.mul(p).div(&size, bits)?, zero.add(&d.mul(p), 0).neg().div(&size, bits)?)
        }
        (Complex(a, b), Complex(c, d)) => {
            let size = c.mul(c).add(&d.mul(d), bits + 10);
            let re = a.mul(c).add(&b.mul(d), bits + 10);
            let im = b.mul(c).add(&a.mul(d).neg(), bits + 10);
            Complex(re.div(&size, bits)?, im.div(&size, bits)?)
        }
    })
}

/// `repr(number)`.
pub fn text(number: &Number, precision: Precision) -> String {
    let digits = precision.repr_digits();
    match number {
        Number::Real(x) => format!("mpf('{}')", x.text(digits)),
        Number::Complex(re, im) => format!("mpc(real='{}', imag='{}')", re.text(digits), im.text(digits)),
    }
}

/// `mp.convert(value)`.
fn convert(value: &Py, precision: Precision) -> Result<Mpf, PyErr> {
    let refuse = || PyErr(format!("cannot create mpf from {}", repr(value)));
    Ok(match value {
        Py::Float(x) if x.is_nan() => Mpf::Nan,
        Py::Float(x) if x.is_infinite() => Mpf::Infinite { negative: *x < 0.0 },
        Py::Float(x) => {
            let (man, exp) = super::real::parts(*x);
            Mpf::rounded(man, exp, 0)
        }
        Py::Int(x) => Mpf::rounded((*x).into(), 0, 0),
        Py::Bool(x) => Mpf::rounded(u8::from(*x).into(), 0, 0),
        Py::Big(digits) => Mpf::rounded(digits.parse().map_err(|_| refuse())?, 0, 0),
        Py::Str(text) => parse(text, precision.bits).ok_or_else(|| match text.to_lowercase().contains('j') {
            true => PyErr::new("'NoneType' object has no attribute 'group'"),
            false => refuse(),
        })?,
        _ => return Err(refuse()),
    })
}

/// A decimal literal, a fraction, or the name of a special, rounded to `bits`.
fn parse(text: &str, bits: u64) -> Option<Mpf> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "inf" | "+inf" => return Some(Mpf::Infinite { negative: false }),
        "-inf" => return Some(Mpf::Infinite { negative: true }),
        "nan" => return Some(Mpf::Nan),
        _ => {}
    }
    if let Some((p, q)) = text.split_once('/') {
        let whole = |text: &str| Some(Mpf::rounded(text.trim().parse().ok()?, 0, 0));
        return whole(p)?.div(&whole(q)?, bits).ok();
    }
    let _: f64 = text.parse().ok()?;
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = part.trim_end_matches('0');
    let man: BigInt = format!("{whole}{part}").parse().ok()?;
    let exponent = exponent.parse::<i64>().ok()? - part.len() as i64;
    let power = BigInt::from(10).pow(u32::try_from(exponent.abs()).ok().filter(|power| *power <= 5000)?);
    if exponent >= 0 {
        return Some(Mpf::rounded(man * power, 0, bits));
    }
    Mpf::rounded(man, 0, 0).div(&Mpf::rounded(power, 0, 0), bits).ok()
}

impl Mpf {
    /// `man · 2^exp` to the nearest number of `bits` bits, ties to even; exact where `bits` is 0.
    fn rounded(mut man: BigInt, mut exp: i64, bits: u64) -> Self {
        let excess = man.bits().saturating_sub(bits);
        if bits > 0 && excess > 0 {
            let (sign, size) = man.into_parts();
            man = BigInt::from_biguint(sign, round_shift(size, excess));
            exp += excess as i64;
        }
        match man.trailing_zeros() {
            Some(zeros) => Self::Finite { man: man >> zeros, exp: exp + zeros as i64 },
            None => Self::Finite { man, exp: 0 },
        }
    }

    fn neg(self) -> Self {
        match self {
            Self::Finite { man, exp } => Self::Finite { man: -man, exp },
            Self::Infinite { negative } => Self::Infinite { negative: !negative },
            Self::Nan => Self::Nan,
        }
    }

    /// -1, 0 or 1; 0 also for NaN.
    fn sign(&self) -> i8 {
        match self {
            Self::Finite { man, .. } => match man.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            },
            Self::Infinite { negative } => {
                if *negative {
                    -1
                } else {
                    1
                }
            }
            Self::Nan => 0,
        }
    }

    /// The exact product.
    fn mul(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Finite { man: a, exp: x }, Self::Finite { man: b, exp: y }) => Self::rounded(a * b, x + y, 0),
            _ => match self.sign() * other.sign() {
                0 => Self::Nan,
                sign => Self::Infinite { negative: sign < 0 },
            },
        }
    }

    fn add(&self, other: &Self, bits: u64) -> Self {
        match (self, other) {
            (Self::Finite { man: a, exp: x }, Self::Finite { man: b, exp: y }) => {
                let low = *x.min(y);
                Self::rounded((a << (x - low) as u64) + (b << (y - low) as u64), low, bits)
            }
            (Self::Finite { .. }, special) | (special, Self::Finite { .. }) => special.clone(),
            _ if self == other => self.clone(),
            _ => Self::Nan,
        }
    }

    fn div(&self, other: &Self, bits: u64) -> Result<Self, PyErr> {
        if matches!(other, Self::Finite { man, .. } if man.sign() == Sign::NoSign) {
            return Err(PyErr::new(""));
        }
        Ok(match (self, other) {
            (Self::Finite { man: a, exp: x }, Self::Finite { man: b, exp: y }) => {
                let extra = (bits + b.bits() + 5).saturating_sub(a.bits()).max(5);
                let top = a << extra;
                let quotient = &top / b;
                // A remainder must be able to decide a tie.
                let sticky = if &quotient * b == top { BigInt::ZERO } else { BigInt::from(self.sign() * other.sign()) };
                Self::rounded((quotient << 1) + sticky, x - y - extra as i64 - 1, bits)
            }
            (Self::Nan, _) | (_, Self::Nan) | (Self::Infinite { .. }, Self::Infinite { .. }) => Self::Nan,
            (Self::Infinite { .. }, _) => Self::Infinite { negative: self.sign() * other.sign() < 0 },
            (_, Self::Infinite { .. }) => Self::Finite { man: BigInt::ZERO, exp: 0 },
        })
    }

    /// Decimal text of at most `digits` digits, trailing zeros cut, with an exponent far from 1.
    fn text(&self, digits: usize) -> String {
        let (man, exp) = match self {
            Self::Finite { man, exp } if man.sign() != Sign::NoSign => (man, *exp),
            Self::Finite { .. } => return "0.0".to_owned(),
            Self::Infinite { negative } => return if *negative { "-inf" } else { "+inf" }.to_owned(),
            Self::Nan => return "nan".to_owned(),
        };
        let (mut shown, mut exponent) = leading_digits(man.magnitude(), exp, digits + 3);
        let up = shown.get(digits).is_some_and(|digit| *digit >= b'5');
        shown.truncate(digits);
        if up {
            match shown.iter().rposition(|digit| *digit != b'9') {
                Some(at) => {
                    shown[at] += 1;
                    shown[at + 1..].fill(b'0');
                }
                None => {
                    shown.fill(b'0');
                    shown[0] = b'1';
                    exponent += 1;
                }
            }
        }
        let mut split = 1;
        if -((digits / 3).max(5) as i64) < exponent && exponent < digits as i64 {
            if exponent < 0 {
                shown.splice(0..0, std::iter::repeat_n(b'0', exponent.unsigned_abs() as usize));
            } else {
                split = exponent as usize + 1;
                shown.resize(shown.len().max(split), b'0');
            }
            exponent = 0;
        }
        let shown = String::from_utf8_lossy(&shown);
        let (whole, part) = shown.split_at(split);
        let part = match part.trim_end_matches('0') {
            "" => "0",
            part => part,
        };
        let sign = if man.sign() == Sign::Minus { "-" } else { "" };
        match exponent {
            0 => format!("{sign}{whole}.{part}"),
            e => format!("{sign}{whole}.{part}e{e:+}"),
        }
    }
}

/// The first `count` or more decimal digits, and the power of ten of the first; the rest is cut. Binary digits below what
/// `count` digits need are cut first, as mpmath does.
fn leading_digits(man: &BigUint, exp: i64, count: usize) -> (Vec<u8>, i64) {
    let bits = (count as f64 * std::f64::consts::LOG2_10) as i64 + 10;
    let fraction = (bits - exp - man.bits() as i64).max(0);
    let decimals = (fraction as f64 / std::f64::consts::LOG2_10 + 0.5) as u32;
    let shift = exp + fraction;
    let fixed = if shift >= 0 { man << shift as u64 } else { man >> (-shift) as u64 };
    let digits = ((fixed * BigUint::from(10u8).pow(decimals)) >> fraction as u64).to_string().into_bytes();
    let exponent = digits.len() as i64 - i64::from(decimals) - 1;
    (digits, exponent)
}

/// `size / 2^bits` to the nearest integer, ties to even.
pub fn round_shift(size: BigUint, bits: u64) -> BigUint {
    if bits == 0 {
        return size;
    }
    let tie = size.trailing_zeros() == Some(bits - 1);
    let up = size.bit(bits - 1) && (!tie || size.bit(bits));
    let whole = size >> bits;
    if up { whole + 1u8 } else { whole }
}

/// Bits to spare in series.
const GUARD: u64 = 64;

/// The natural logarithm of `man · 2^exp`, which is not negative.
fn ln(man: &BigUint, exp: i64, bits: u64) -> Mpf {
    if man.bits() == 0 {
        return Mpf::Infinite { negative: true };
    }
    let (fixed, scale) = ln_fixed(man, exp, bits);
    Mpf::rounded(fixed, -(scale as i64), bits)
}

/// `ln(man · 2^exp) · 2^scale`, `bits` of it significant. `man` is not 0.
pub fn ln_fixed(man: &BigUint, exp: i64, bits: u64) -> (BigInt, u64) {
    // x = f · 2^mag with f in [1/2, 1), or in [1, √2) where that is nearer to 1.
    let length = man.bits() as i64;
    let top = if length >= 64 { man >> (length - 64) as u64 } else { man << (64 - length) as u64 };
    const ROOT_HALF: u64 = 0xB504_F333_F9DE_6484;
    let mag = exp + length - i64::from(top < BigUint::from(ROOT_HALF));
    let one = BigInt::from(1) << (mag - exp) as u64;
    let man = BigInt::from(man.clone());
    let (below, above) = (&man - &one, &man + &one);
    // Near 1 the result is as small as f - 1.
    let lost = if mag == 0 { one.bits().saturating_sub(below.bits()) } else { 0 };
    let scale = bits + GUARD + lost;
    // With many bits, roots make the argument of the series smaller: each is worth two bits of every term.
    let roots = if lost < 8 { bits.isqrt() / 8 } else { 0 };
    let ratio = if roots < 4 {
        (below << scale) / above
    } else {
        let unit = BigInt::from(1) << scale;
        let mut root = (man << scale) / one;
        for _ in 0..roots {
            root = (root << scale).sqrt();
        }
        ((&root - &unit) << scale) / (root + unit)
    };
    let mut sum = atanh(ratio, scale) << if roots < 4 { 1 } else { roots + 1 };
    if mag != 0 {
        sum += ln2(scale) * mag;
    }
    (sum, scale)
}

/// `atanh(z)` of a small fixed-point `z`.
fn atanh(z: BigInt, scale: u64) -> BigInt {
    let square = (&z * &z) >> scale;
    let (mut power, mut sum, mut k) = (z.clone(), z, 1u32);
    loop {
        power = (power * &square) >> scale;
        k += 2;
        let term = &power / k;
        if term.bits() == 0 || power.bits() <= 1 {
            return sum;
        }
        sum += term;
    }
}

/// `Σ ±1 / (k · n^k)` over odd `k`: `atanh(1/n)`, or `atan(1/n)` with changing signs.
fn inverse(n: u32, scale: u64, alternating: bool) -> BigInt {
    let mut power = (BigInt::from(1) << scale) / n;
    let (mut sum, mut k, mut sign) = (power.clone(), 1u32, 1i8);
    while power.bits() > 0 {
        power /= n * n;
        k += 2;
        sign = if alternating { -sign } else { 1 };
        sum += (&power / k) * sign;
    }
    sum
}

/// `ln 2` in fixed point.
pub fn ln2(scale: u64) -> BigInt {
    inverse(26, scale, false) * 18 - inverse(4801, scale, false) * 2 + inverse(8749, scale, false) * 8
}

/// π, by Machin's formula.
fn pi(bits: u64) -> Mpf {
    let scale = bits + GUARD;
    let fixed = inverse(5, scale, true) * 16 - inverse(239, scale, true) * 4;
    Mpf::rounded(fixed, -(scale as i64), bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotient(value: &str, base: &str, digits: i64) -> String {
        let literal = |text: &str| crate::py::parse_literal(text).unwrap();
        let precision = precision(&Py::Int(digits)).unwrap();
        let log = |text: &str| log(&literal(text), precision).unwrap();
        match divide(&log(value), &log(base), precision) {
            Ok(number) => text(&number, precision),
            Err(PyErr(message)) => format!("error {message:?}"),
        }
    }

    #[test]
    fn logarithms_read_as_mpmath_shows_them() {
        for (value, base, digits, want) in [
            ("36.0", "6.0", 4, "mpf('2.0')"),
            ("1000", "10", 10, "mpf('3.0')"),
            ("1.0000001", "10", 15, "mpf('4.342944604420994e-8')"),
            ("2", "1", 5, "error \"\""),
            ("0", "2", 5, "mpf('-inf')"),
            ("-8", "2", 5, "mpc(real='3.0', imag='4.5323639')"),
            ("'3/4'", "2", 8, "mpf('-0.41503749881')"),
        ] {
            assert_eq!(quotient(value, base, digits), want, "log({value}, {base}) to {digits} digits");
        }
    }
}
