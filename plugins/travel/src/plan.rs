//! Draws a scenario: a world and what the customer wants in it, turn by turn.
//!
//! The plan fixes every value that the customer will say; what depends on results (quotes, new booking ids) is filled in
//! when the plan is played. At most one flight is booked in a plan, so that card limits and budgets can be set exactly
//! where a turn needs them to bite.

use std::collections::{BTreeMap, BTreeSet};

use coevo_sdk::Rng;

use crate::intent::{Detail, Intent, Pick, Place, Which};
use crate::state::{Booking, Flight, State, Traveler};
use crate::words::NAMES;
use crate::world::{CARDS, CITIES, CURRENCIES};

/// A world and the customer's wishes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub state: State,
    pub intents: Vec<Intent>,
    /// Dates are said as `12 May` rather than `05-12`.
    pub spoken_dates: bool,
}

/// The plan of a scenario.
pub fn draw(rng: &mut Rng) -> Plan {
    loop {
        let plan = Drawing::new(rng).finish();
        if plan.intents.iter().any(Intent::can_lack) {
            return plan;
        }
    }
}

struct Drawing<'r> {
    rng: &'r mut Rng,
    state: State,
    intents: Vec<Intent>,
    from: usize,
    to: usize,
    /// Flights of the route that the customer may want, cheapest first.
    route: Vec<u32>,
    date: String,
    /// The customer's cards; existing bookings were paid with the second.
    cards: [&'static str; 2],
    /// Dates and passports that are in use, so that no two meet by chance.
    used: BTreeSet<String>,
}

impl<'r> Drawing<'r> {
    fn new(rng: &'r mut Rng) -> Self {
        let cities = rng.distinct(CITIES.len(), 5);
        let cards = rng.distinct(CARDS.len(), 2);
        let cards = [CARDS[cards[0]], CARDS[cards[1]]];
        let holder = Traveler { name: rng.pick(&NAMES).to_owned(), passport: passport(rng) };
        let (date, day) = (date(rng, 4), rng.range(1, 28));
        let used = BTreeSet::from([date.clone(), holder.passport.clone()]);
        let state = State {
            today: format!("{:02}-{day:02}", rng.range(1, 3)),
            verbose: false,
            tick: 0,
            budget: 0,
            spent: 0,
            points: 100 * rng.range(5, 30),
            cards: cards.iter().map(|card| ((*card).to_owned(), rng.range(800, 1_600))).collect(),
            travelers: BTreeMap::from([(rng.range(1, 9), holder)]),
            flights: BTreeMap::new(),
            taken: BTreeSet::new(),
            bookings: BTreeMap::new(),
        };
        let (from, to) = (cities[0], cities[1]);
        let mut drawing = Self { rng, state, intents: Vec::new(), from, to, route: Vec::new(), date, cards, used };
        drawing.existing(cities[2], cities[3]);
        drawing.flights(cities[4]);
        drawing.state.budget = drawing.state.spent + 50 * drawing.rng.range(24, 40);
        drawing
    }

    /// One or two bookings that the customer has already.
    fn existing(&mut self, first: usize, second: usize) {
        let mut id = self.rng.range(1, 12);
        let count = self.rng.range(1, 2) as usize;
        for city in [first, second].into_iter().take(count) {
            let date = self.other_date();
            let number = self.flight(city, date, true);
            let flight = &self.state.flights[&number];
            let booking = Booking {
                flight: number,
                date: flight.date.clone(),
                traveler: self.state.holder(),
                card: self.cards[1].to_owned(),
                paid: flight.price,
                bags: self.rng.range(0, 1),
                seat: None,
                cancelled: false,
            };
            self.state.spent += booking.paid;
            self.state.bookings.insert(id, booking);
            id += self.rng.range(1, 3);
        }
    }

    /// Two or three flights on the route, and some that nobody wants.
    fn flights(&mut self, elsewhere: usize) {
        self.flight(elsewhere, self.date.clone(), false);
        let count = self.rng.range(2, 3);
        for _ in 0..count {
            let number = self.flight(self.to, self.date.clone(), true);
            self.route.push(number);
        }
        let other_day = self.other_date();
        self.flight(self.to, other_day, true);
        let price = |number: &u32| self.state.flights[number].price;
        self.route.sort_by_key(price);
    }

    /// Adds a flight from home with a price and a departure that no other flight has.
    fn flight(&mut self, to: usize, date: String, flex: bool) -> u32 {
        let last = self.state.flights.keys().next_back().copied();
        let number = last.map_or_else(|| self.rng.range(1, 30), |last| last + 1);
        let (mut price, mut dep) = (0, String::new());
        let used = |price: u32, dep: &str, flights: &BTreeMap<u32, Flight>| {
            flights.values().any(|flight| flight.price == price || flight.dep == dep)
        };
        while price == 0 || used(price, &dep, &self.state.flights) {
            price = self.rng.range(41, 399);
            dep = format!("{:02}:{}0", self.rng.range(6, 21), self.rng.range(0, 5));
        }
        let seats = self.rng.range(2, 9);
        let (from, to) = (CITIES[self.from].1.to_owned(), CITIES[to].1.to_owned());
        self.state.flights.insert(number, Flight { from, to, date, dep, price, seats, flex });
        number
    }

    fn finish(mut self) -> Plan {
        let turns = [2, 2, 2, 2, 2, 3, 3, 3, 3, 4][self.rng.below(10)];
        match self.rng.below(20) {
            0..=6 => self.trip(turns),
            7..=9 => self.direct_trip(turns),
            10..=14 => self.manage(turns),
            15..=16 => self.expired(turns),
            _ => self.questions(turns),
        }
        let spoken_dates = self.rng.one_in(4);
        Plan { state: self.state, intents: self.intents, spoken_dates }
    }

    /// Search, book, then look after the booking.
    fn trip(&mut self, turns: usize) {
        let before = turns > 2 && self.rng.one_in(3);
        if before {
            let first = if self.rng.one_in(2) { Intent::Code { city: self.to } } else { self.question() };
            self.intents.push(first);
        }
        let search = self.search();
        self.intents.push(search);
        if turns > 3 && !before {
            self.convert_price();
        }
        let (pick, number) = self.pick();
        let booked = self.book(pick, number);
        self.intents.push(booked);
        self.after_booking(turns, number);
    }

    /// Search and book in one turn.
    fn direct_trip(&mut self, turns: usize) {
        let (from, to) = (Place::Code(self.from), self.place(self.to));
        let (from, to) = if self.rng.one_in(2) { (from, to) } else { (self.place(self.from), Place::Code(self.to)) };
        let (date, card) = (self.date.clone(), self.cards[0]);
        self.intents.push(Intent::SearchBook { from, to, date, card });
        self.after_booking(turns, self.route[0]);
    }

    fn after_booking(&mut self, turns: usize, number: u32) {
        let mut kinds = vec![0, 1, 2, 3, 4, 5, 6, 7];
        self.rng.shuffle(&mut kinds);
        while self.intents.len() < turns {
            let convert = self.intents.last().is_some_and(|last| !matches!(last, Intent::Convert { .. }));
            match kinds.pop() {
                Some(7) if convert && self.intents.last().is_some_and(Intent::names_price) => self.convert_price(),
                Some(7) => {}
                Some(kind) => {
                    let last = self.intents.len() + 1 == turns;
                    let intent = self.care(Which::That, number, kind, last);
                    self.intents.extend(intent);
                }
                None => {
                    let question = self.question();
                    self.intents.push(question);
                }
            }
        }
    }

    /// Something to do with a booking; ending it only where nothing follows.
    fn care(&mut self, which: Which, number: u32, kind: u32, last: bool) -> Option<Intent> {
        let seated = |intent: &Intent| matches!(intent, Intent::Seat { .. } | Intent::SeatEither { .. });
        if kind <= 2 && kind > 0 && self.intents.iter().any(seated) {
            return None;
        }
        Some(match kind {
            0 => Intent::Bag { which, bags: self.rng.range(1, 2) },
            1 => Intent::Seat { which, seat: seat(self.rng) },
            2 => {
                let seats = [seat(self.rng), seat(self.rng)];
                if seats[0] == seats[1] {
                    return None;
                }
                if !self.rng.one_in(3) {
                    self.state.taken.insert((number, seats[0].clone()));
                }
                Intent::SeatEither { which, seats }
            }
            3 => {
                let date = self.other_date();
                Intent::Change { which, date }
            }
            4 => Intent::Redeem { which, points: 100 * self.rng.range(1, 5) },
            5 => {
                let detail = [Detail::Date, Detail::Departure, Detail::Paid][self.rng.below(3)];
                // A booking just made was described in the answer: ask of it only what was not said.
                Intent::Look { which, detail: if which == Which::That { Detail::Departure } else { detail } }
            }
            6 if last && self.rng.one_in(2) => Intent::Cancel { which },
            6 if last => {
                if self.rng.one_in(2)
                    && let Some(flight) = self.state.flights.get_mut(&number)
                {
                    flight.flex = false;
                }
                let date = self.other_date();
                Intent::CancelOrMove { which, date }
            }
            8 => Intent::RedeemAll { which },
            9 => Intent::BagSeat { which, bags: self.rng.range(1, 2), seat: seat(self.rng) },
            _ => return None,
        })
    }

    /// Bookings that exist.
    fn manage(&mut self, turns: usize) {
        let mut kinds = vec![0, 1, 2, 3, 4, 5, 6, 8, 9];
        self.rng.shuffle(&mut kinds);
        if turns > 2 && self.rng.one_in(3) {
            self.intents.push(Intent::List);
        }
        let mut points_used = false;
        while self.intents.len() < turns {
            let Some(kind) = kinds.pop() else {
                let question = self.question();
                self.intents.push(question);
                continue;
            };
            let points = kind == 4 || kind == 8;
            let added = self.intents.iter().any(Intent::adds);
            if (points && points_used) || ([0, 1, 2, 9].contains(&kind) && added) {
                continue;
            }
            points_used |= points;
            let (which, number) = self.which();
            let last = self.intents.len() + 1 == turns;
            let intent = self.care(which, number, kind, last);
            self.intents.extend(intent);
        }
    }

    /// Quotes expire while the customer does other things.
    fn expired(&mut self, turns: usize) {
        let search = self.search();
        self.intents.push(search);
        let (which, number) = self.which();
        if turns < 4 {
            let both = self.care(which, number, 9, false);
            self.intents.extend(both);
        } else {
            let first = [0, 3][self.rng.below(2)];
            let first = self.care(which, number, first, false);
            self.intents.extend(first);
            let second = if self.rng.one_in(2) {
                Some(Intent::Traveler { name: self.rng.pick(&NAMES), passport: self.passport() })
            } else {
                self.care(which, number, 1, false)
            };
            self.intents.extend(second);
        }
        self.intents.push(Intent::Rebook { card: self.cards[0] });
    }

    /// Questions and small orders.
    fn questions(&mut self, turns: usize) {
        while self.intents.len() < turns {
            let next = self.question();
            let same = |known: &Intent| std::mem::discriminant(known) == std::mem::discriminant(&next);
            if !self.intents.iter().any(same) {
                self.intents.push(next);
            }
        }
    }

    fn question(&mut self) -> Intent {
        match self.rng.below(8) {
            0 => Intent::Code { city: self.rng.below(CITIES.len()) },
            1 => Intent::Balance { card: self.cards[self.rng.below(2)] },
            2 => Intent::Points,
            3 => Intent::List,
            4 => {
                let amount = Some(5 * self.rng.range(4, 80));
                Intent::Convert { amount, currency: self.rng.below(CURRENCIES.len()) }
            }
            5 => Intent::Budget { amount: self.state.budget + 50 * self.rng.range(1, 12) },
            6 => Intent::Traveler { name: self.rng.pick(&NAMES), passport: self.passport() },
            _ => {
                let (which, _) = self.which();
                let detail = [Detail::Date, Detail::Departure, Detail::Paid][self.rng.below(3)];
                Intent::Look { which, detail }
            }
        }
    }

    fn convert_price(&mut self) {
        let currency = self.rng.below(CURRENCIES.len());
        self.intents.push(Intent::Convert { amount: None, currency });
    }

    /// An existing booking, by id or by destination.
    fn which(&mut self) -> (Which, u32) {
        let ids: Vec<u32> = self.state.bookings.keys().copied().collect();
        let id = ids[self.rng.below(ids.len())];
        let number = self.state.bookings[&id].flight;
        let to = &self.state.flights[&number].to;
        let city = CITIES.iter().position(|(_, code, _)| code == to).unwrap_or(0);
        (if self.rng.one_in(3) { Which::Trip(id, city) } else { Which::Id(id) }, number)
    }

    fn place(&mut self, city: usize) -> Place {
        if self.rng.one_in(2) { Place::Code(city) } else { Place::City(city) }
    }

    fn search(&mut self) -> Intent {
        let (from, to) = (self.place(self.from), self.place(self.to));
        Intent::Search { from, to, date: self.date.clone() }
    }

    fn pick(&mut self) -> (Pick, u32) {
        if self.rng.below(5) < 3 {
            return (Pick::Cheapest, self.route[0]);
        }
        let number = self.route[self.rng.below(self.route.len())];
        (Pick::At(self.state.flights[&number].dep.clone()), number)
    }

    fn book(&mut self, pick: Pick, number: u32) -> Intent {
        let price = self.state.flights[&number].price;
        let [card, other] = self.cards;
        match self.rng.below(8) {
            0 => {
                let (name, passport) = (self.rng.pick(&NAMES), self.passport());
                Intent::BookFor { pick, card, name, passport }
            }
            // Where the budget was spoken of before, it would no longer bite.
            1 if !self.intents.iter().any(|intent| matches!(intent, Intent::Budget { .. })) => {
                self.state.budget = self.state.spent + price - self.rng.range(5, 35);
                let budget = (self.state.spent + price + 150) / 50 * 50 + 50 * self.rng.range(0, 4);
                Intent::BookBudget { pick, card, budget }
            }
            2 => {
                if !self.rng.one_in(3) {
                    self.state.cards.insert(card.to_owned(), price - self.rng.range(5, 35));
                }
                Intent::BookEither { pick, cards: [card, other] }
            }
            _ => Intent::Book { pick, card },
        }
    }

    /// A date that the plan does not use yet.
    fn other_date(&mut self) -> String {
        loop {
            let other = date(self.rng, 4);
            if self.used.insert(other.clone()) {
                return other;
            }
        }
    }

    fn passport(&mut self) -> String {
        loop {
            let other = passport(self.rng);
            if self.used.insert(other.clone()) {
                return other;
            }
        }
    }
}

/// `MM-DD` from the given month on; no day that some month lacks.
fn date(rng: &mut Rng, from_month: u32) -> String {
    format!("{:02}-{:02}", rng.range(from_month, 12), rng.range(1, 28))
}

fn passport(rng: &mut Rng) -> String {
    format!("P{}", rng.range(1_000, 9_999))
}

fn seat(rng: &mut Rng) -> String {
    format!("{}{}", rng.range(1, 30), char::from(b'A' + rng.below(6) as u8))
}
