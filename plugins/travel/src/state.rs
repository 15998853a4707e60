//! The state of one episode. Small on purpose: it is hashed after every call and copied for every fork.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A flight on sale. Quotes name it: `q3a` is flight 3 at fare period `a`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// Airport codes.
    pub from: String,
    pub to: String,
    /// `MM-DD`
    pub date: String,
    /// `HH:MM`
    pub dep: String,
    /// Euros.
    pub price: u32,
    pub seats: u32,
    /// Refunded in full on cancellation; otherwise not at all.
    pub flex: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traveler {
    pub name: String,
    /// `P` and four digits.
    pub passport: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    pub flight: u32,
    /// May differ from the flight's own date after a change.
    pub date: String,
    pub traveler: u32,
    pub card: String,
    /// Euros, fees included.
    pub paid: u32,
    pub bags: u32,
    pub seat: Option<String>,
    pub cancelled: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// `MM-DD`
    pub today: String,
    /// Results carry much irrelevant material (the long-context category).
    pub verbose: bool,
    /// Number of successful changes so far. A fare is held for less than two of them.
    pub tick: u32,
    /// Euros; the sum of what was paid may not pass the budget.
    pub budget: u32,
    pub spent: u32,
    pub points: u32,
    /// Euros left on each card.
    pub cards: BTreeMap<String, u32>,
    pub travelers: BTreeMap<u32, Traveler>,
    pub flights: BTreeMap<u32, Flight>,
    /// Seats that others hold: flight and seat.
    pub taken: BTreeSet<(u32, String)>,
    pub bookings: BTreeMap<u32, Booking>,
}

/// Changes for which a quote stays valid.
pub const QUOTE_LIFE: u32 = 2;
/// Most bags on one booking.
pub const MAX_BAGS: u32 = 3;
/// Euros for each bag.
pub const BAG_FEE: u32 = 25;
/// Euros for another date.
pub const CHANGE_FEE: u32 = 30;
/// No amount in an initial state reaches this, so that sums cannot overflow.
const MONEY: u32 = 100_000_000;
/// Points for one euro.
pub const POINTS_PER_EURO: u32 = 100;

impl State {
    /// The quote of a flight in the present fare period.
    pub fn quote(&self, flight: u32) -> String {
        format!("q{flight}{}", period(self.tick))
    }

    /// The account holder, who travels unless another traveler is named.
    pub fn holder(&self) -> u32 {
        self.travelers.keys().next().copied().unwrap_or(0)
    }

    /// Whether everything that the state refers to exists, so that no tool can stumble over it.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), String> {
        parse_date(&self.today).ok_or_else(|| format!("today {:?} is no MM-DD", self.today))?;
        if self.travelers.is_empty() {
            return Err("nobody travels".to_owned());
        }
        for (id, booking) in &self.bookings {
            let known = self.flights.contains_key(&booking.flight)
                && self.travelers.contains_key(&booking.traveler)
                && self.cards.contains_key(&booking.card);
            if !known {
                return Err(format!("booking b{id} refers to an unknown flight, traveler or card"));
            }
        }
        let paid: u64 = self.bookings.values().filter(|b| !b.cancelled).map(|b| u64::from(b.paid)).sum();
        let sane =
            u64::from(self.spent) >= paid && self.budget < MONEY && self.cards.values().all(|left| *left < MONEY);
        if sane { Ok(()) } else { Err("the money does not add up".to_owned()) }
    }

    /// Counts a successful change.
    pub fn changed(&mut self) {
        self.tick += 1;
    }
}

/// The letter of a fare period.
pub fn period(tick: u32) -> char {
    char::from(b'a' + (tick % 26) as u8)
}

/// Euros for a seat: the first five rows cost more.
pub fn seat_fee(row: u32) -> u32 {
    if row <= 5 { 19 } else { 9 }
}

/// The parts of `MM-DD`, or nothing if it is no date of that form.
pub fn parse_date(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let number = |part: &str| (part.len() == 2).then(|| part.parse::<u32>().ok()).flatten();
    let (month, day) = (number(month)?, number(day)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day))
}

/// The row of a seat such as `12A`, or nothing if there is no such seat.
pub fn parse_seat(text: &str) -> Option<u32> {
    let letter = text.chars().last()?;
    let digits = text.strip_suffix(letter)?;
    let row: u32 = digits.parse().ok()?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    (plain && ('A'..='F').contains(&letter) && (1..=30).contains(&row)).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_seats_have_one_form() {
        for (text, want) in
            [("05-12", Some((5, 12))), ("5-12", None), ("13-01", None), ("12 May", None), ("05-40", None), ("", None)]
        {
            assert_eq!(parse_date(text), want, "{text}");
        }
        for (text, want) in
            [("12A", Some(12)), ("1F", Some(1)), ("12G", None), ("A", None), ("012A", None), ("31A", None), ("é", None)]
        {
            assert_eq!(parse_seat(text), want, "{text}");
        }
    }
}
