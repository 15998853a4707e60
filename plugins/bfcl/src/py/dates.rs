//! `datetime.strptime` with the two formats that the tools read.

use super::string::strip;
use super::{Py, PyErr, str_repr};

/// Year, month, day, hour, minute, second: orders as time does.
pub type Moment = (i64, i64, i64, i64, i64, i64);

const DATE: &str = "%Y-%m-%d";
const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

/// `datetime.strptime(value, "%Y-%m-%d")`.
///
/// # Errors
/// `TypeError` for what is no text, `ValueError` for another format: the latter is `Ok(Err(…))`, as tools catch it.
pub fn date(value: &Py) -> Result<Result<Moment, PyErr>, PyErr> {
    let text = argument(value)?;
    Ok(read(text, DATE))
}

/// `datetime.strptime(value, "%Y-%m-%d %H:%M:%S")`.
///
/// # Errors
/// `TypeError` and `ValueError`.
pub fn moment(value: &Py) -> Result<Moment, PyErr> {
    read(argument(value)?, MOMENT)
}

fn argument(value: &Py) -> Result<&str, PyErr> {
    let name = if value.is_none() { "None" } else { value.type_name() };
    value.as_str().ok_or_else(|| PyErr(format!("strptime() argument 1 must be str, not {name}")))
}

fn read(text: &str, format: &str) -> Result<Moment, PyErr> {
    let mut left = text;
    let fields = fields(&mut left, format == MOMENT)
        .ok_or_else(|| PyErr(format!("time data {} does not match format '{format}'", str_repr(text))))?;
    if !left.is_empty() {
        return Err(PyErr(format!("unconverted data remains: {left}")));
    }
    let (year, month, day, .., second) = fields;
    if year == 0 {
        return Err(PyErr::new("year 0 is out of range"));
    }
    if day > days(year, month) {
        return Err(PyErr::new("day is out of range for month"));
    }
    if second > 59 {
        return Err(PyErr::new("second must be in 0..59"));
    }
    Ok(fields)
}

fn fields(left: &mut &str, moment: bool) -> Option<Moment> {
    let year = exactly(left, 4)?;
    literal(left, "-")?;
    let month = up_to(left, 1, 12)?;
    literal(left, "-")?;
    // The day alone may begin with a blank.
    let blank = left.strip_prefix(' ').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() && c != '0'));
    let day = match blank {
        Some(rest) => {
            *left = rest;
            exactly(left, 1)?
        }
        None => up_to(left, 1, 31)?,
    };
    if !moment {
        return Some((year, month, day, 0, 0, 0));
    }
    let rest = left.trim_start_matches(|c: char| strip(c.encode_utf8(&mut [0; 4])).is_empty());
    if rest.len() == left.len() {
        return None;
    }
    *left = rest;
    let hour = up_to(left, 0, 23)?;
    literal(left, ":")?;
    let minute = up_to(left, 0, 59)?;
    literal(left, ":")?;
    Some((year, month, day, hour, minute, up_to(left, 0, 61)?))
}

fn literal(left: &mut &str, text: &str) -> Option<()> {
    *left = left.strip_prefix(text)?;
    Some(())
}

fn exactly(left: &mut &str, digits: usize) -> Option<i64> {
    let text = left.get(..digits).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    *left = &left[digits..];
    text.parse().ok()
}

/// Two digits where they are in range, else one.
fn up_to(left: &mut &str, least: i64, most: i64) -> Option<i64> {
    for digits in [2, 1] {
        let mut rest = *left;
        if let Some(value) = exactly(&mut rest, digits).filter(|value| (least..=most).contains(value)) {
            *left = rest;
            return Some(value);
        }
    }
    None
}

fn days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_strptime_reads_them() {
        let day = |text: &'static str| date(&text.into()).and_then(|read| read).map_err(|error| error.0);
        assert_eq!(day("2024-2-29"), Ok((2024, 2, 29, 0, 0, 0)));
        assert_eq!(day("2024-01- 5"), Ok((2024, 1, 5, 0, 0, 0)));
        for (text, want) in [
            ("2023-02-29", "day is out of range for month"),
            ("2024-01-32", "unconverted data remains: 2"),
            ("2024-13-01", "time data '2024-13-01' does not match format '%Y-%m-%d'"),
            ("24-01-01", "time data '24-01-01' does not match format '%Y-%m-%d'"),
            ("2024-01-01T00:00:00", "unconverted data remains: T00:00:00"),
            ("0000-01-01", "year 0 is out of range"),
        ] {
            assert_eq!(day(text), Err(want.to_owned()));
        }
        assert_eq!(date(&Py::Int(3)), Err(PyErr::new("strptime() argument 1 must be str, not int")));
        assert_eq!(date(&Py::None), Err(PyErr::new("strptime() argument 1 must be str, not None")));
        let time = |text: &'static str| moment(&text.into()).map_err(|error| error.0);
        assert_eq!(time("2024-09-01  7:05:9"), Ok((2024, 9, 1, 7, 5, 9)));
        assert_eq!(time("2024-09-01 10:00:00.5"), Err("unconverted data remains: .5".to_owned()));
    }
}
