//! Dates `MM-DD` of a year without a leap day, and times `HH:MM`.

const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// When the office opens and closes, in minutes of the day.
pub const OFFICE: (u32, u32) = (8 * 60, 18 * 60);

/// Two digits each side of a separator.
fn pair(text: &str, separator: char) -> Option<(u32, u32)> {
    let (left, right) = text.split_once(separator)?;
    let number = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten()
    };
    Some((number(left)?, number(right)?))
}

/// The day of the year of a date, from 0.
pub fn day(date: &str) -> Option<u32> {
    let (month, day) = pair(date, '-')?;
    let long = *DAYS.get((month as usize).checked_sub(1)?)?;
    let before: u32 = DAYS[..month as usize - 1].iter().sum();
    (1..=long).contains(&day).then_some(before + day - 1)
}

/// The date of a day of the year, or nothing beyond its end.
pub fn date(day: u32) -> Option<String> {
    let mut left = day;
    for (month, long) in (1..).zip(DAYS) {
        if left < long {
            return Some(format!("{month:02}-{:02}", left + 1));
        }
        left -= long;
    }
    None
}

/// The minute of the day of a time.
pub fn minute(time: &str) -> Option<u32> {
    let (hour, minute) = pair(time, ':')?;
    (hour < 24 && minute < 60).then_some(60 * hour + minute)
}

/// The time of a minute of the day.
pub fn time(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60 % 24, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_go_both_ways() {
        for at in 0..365 {
            assert_eq!(day(&date(at).unwrap()), Some(at));
        }
        for at in 0..1440 {
            assert_eq!(minute(&time(at)), Some(at));
        }
        assert_eq!((date(365), date(58).as_deref(), date(59).as_deref()), (None, Some("02-28"), Some("03-01")));
        for bad in ["02-29", "13-01", "00-10", "5-12", "05-00", "+5-12", "", "0512", "05:12"] {
            assert_eq!(day(bad), None, "{bad}");
        }
        for bad in ["24:00", "9:00", "12:60", "", "12-30", "12:3"] {
            assert_eq!(minute(bad), None, "{bad}");
        }
    }
}
