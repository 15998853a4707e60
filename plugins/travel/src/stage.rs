//! Plays the reference solution of an intent, remembering what the conversation has shown so far.

use std::collections::{BTreeMap, BTreeSet};

use coevo_sdk::{Script, Value, json};

use crate::Travel;
use crate::intent::{Detail, Intent, Pick, Place, Which};
use crate::state::State;
use crate::words::spoken;
use crate::world::{CITIES, CURRENCIES};

/// What the agent can know from the conversation.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Cities whose code was looked up.
    codes: BTreeSet<usize>,
    listed: bool,
    /// From, to, date of the last search.
    route: Option<[String; 3]>,
    /// Departure → (quote, price) of the last search; and the cheapest.
    quotes: BTreeMap<String, (String, u64)>,
    cheapest: String,
    booking: String,
    price: u64,
}

fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Runs the calls of an intent in the current turn and answers it.
pub fn play(intent: &Intent, script: &mut Script<Travel>, memory: &mut Memory) {
    Stage { script, memory }.play(intent);
}

struct Stage<'a> {
    script: &'a mut Script<Travel>,
    memory: &'a mut Memory,
}

impl Stage<'_> {
    fn play(&mut self, intent: &Intent) {
        match intent {
            Intent::Code { city } => {
                let code = self.look_up(*city);
                self.say(format!("The airport code is {code}."), &code);
            }
            Intent::Balance { card } => {
                let left = text(&self.script.call("card_balance", json!({"card": card})), "left");
                self.say(format!("The {card} has {left} euros left."), &left);
            }
            Intent::Points => {
                let points = text(&self.script.call("get_points", json!({})), "points");
                self.say(format!("You have {points} points."), &points);
            }
            Intent::List => self.list(),
            Intent::Convert { amount, currency } => {
                let amount = amount.map_or(self.memory.price, u64::from);
                let currency = CURRENCIES[*currency].0;
                let arguments = json!({"amount": amount, "currency": currency});
                let amount = text(&self.script.call("convert", arguments), "amount");
                self.say(format!("That is {amount} {currency}."), &amount);
            }
            Intent::Look { which, detail } => {
                let booking = self.id(*which);
                let found = self.script.call("get_booking", json!({"booking": booking}));
                let (key, words) = match detail {
                    Detail::Date => ("date", "is on"),
                    Detail::Departure => ("dep", "leaves at"),
                    Detail::Paid => ("paid", "cost"),
                };
                let value = text(&found, key);
                let other = if *detail == Detail::Date { spoken(&value) } else { value.clone() };
                self.script.answer(format!("{booking} {words} {value}.")).mention(&[&value, &other]);
            }
            Intent::Search { from, to, date } => {
                self.search(*from, *to, date);
                let (quote, price) = self.quote(&Pick::Cheapest);
                let dep = self.memory.cheapest.clone();
                self.say(format!("The cheapest is {quote} at {dep} for {price} euros."), &price.to_string());
            }
            Intent::SearchBook { from, to, date, card } => {
                self.search(*from, *to, date);
                self.book(&Pick::Cheapest, card, None);
            }
            Intent::Rebook { card } => {
                if let Some([from, to, date]) = self.memory.route.clone() {
                    self.search_codes(&from, &to, &date);
                }
                self.book(&Pick::Cheapest, card, None);
            }
            Intent::Book { pick, card } => self.book(pick, card, None),
            Intent::BookFor { pick, card, name, passport } => {
                let traveler = self.script.call("add_traveler", json!({"name": name, "passport": passport}));
                self.book(pick, card, Some(text(&traveler, "traveler")));
            }
            Intent::BookBudget { pick, card, budget } => {
                self.script.call("set_budget", json!({"amount": budget}));
                self.book(pick, card, None);
            }
            Intent::BookEither { pick, cards } => {
                let (quote, price) = self.quote(pick);
                let declined = self.state().cards.get(cards[0]).is_some_and(|left| u64::from(*left) < price);
                if declined {
                    self.script.call_error("book_flight", json!({"quote": quote, "card": cards[0]}), "card_limit");
                }
                self.book(pick, cards[usize::from(declined)], None);
            }
            Intent::Budget { amount } => {
                let budget = text(&self.script.call("set_budget", json!({"amount": amount})), "budget");
                self.say(format!("Your budget is {budget} euros."), &budget);
            }
            Intent::Traveler { name, passport } => {
                let traveler = self.script.call("add_traveler", json!({"name": name, "passport": passport}));
                let id = text(&traveler, "traveler");
                self.say(format!("{name} is traveler {id}."), &id);
            }
            _ => self.care(intent),
        }
    }

    /// Intents on a booking.
    fn care(&mut self, intent: &Intent) {
        match intent {
            Intent::Bag { which, bags } => {
                let booking = self.id(*which);
                let fee = text(&self.script.call("add_bag", json!({"booking": booking, "bags": bags})), "fee");
                self.say(format!("The bags are added to {booking} for {fee} euros."), &fee);
            }
            Intent::Seat { which, seat } => {
                let booking = self.id(*which);
                self.seat(&booking, seat);
            }
            Intent::SeatEither { which, seats } => {
                let booking = self.id(*which);
                let taken = self.state().taken.iter().any(|(flight, seat)| {
                    *seat == seats[0]
                        && self
                            .state()
                            .bookings
                            .iter()
                            .any(|(id, b)| format!("b{id}") == booking && b.flight == *flight)
                });
                if taken {
                    let first = json!({"booking": booking, "seat": seats[0]});
                    self.script.call_error("choose_seat", first, "seat_taken");
                }
                self.seat(&booking, &seats[usize::from(taken)]);
            }
            Intent::BagSeat { which, bags, seat } => {
                let booking = self.id(*which);
                self.script.call("add_bag", json!({"booking": booking, "bags": bags}));
                self.seat(&booking, seat);
            }
            Intent::Change { which, date } => {
                let booking = self.id(*which);
                self.change(&booking, date);
            }
            Intent::Cancel { which } => {
                let booking = self.id(*which);
                self.cancel(&booking);
            }
            Intent::CancelOrMove { which, date } => {
                let booking = self.id(*which);
                let state = self.state();
                let fixed = state.bookings.iter().find(|(id, _)| format!("b{id}") == booking);
                if fixed.is_some_and(|(_, b)| !state.flights[&b.flight].flex) {
                    self.script.call_error("cancel_booking", json!({"booking": booking}), "not_refundable");
                    self.change(&booking, date);
                } else {
                    self.cancel(&booking);
                }
            }
            Intent::RedeemAll { which } => {
                let booking = self.id(*which);
                let points = self.script.call("get_points", json!({}))["points"].clone();
                self.redeem(&booking, &points);
            }
            Intent::Redeem { which, points } => {
                let booking = self.id(*which);
                self.redeem(&booking, &json!(points));
            }
            other => unreachable!("{other:?} is played above"),
        }
    }

    fn state(&self) -> &State {
        self.script.state()
    }

    fn say(&mut self, answer: String, mention: &str) {
        self.script.answer(answer).mention(&[mention]);
    }

    fn look_up(&mut self, city: usize) -> String {
        self.memory.codes.insert(city);
        text(&self.script.call("find_airport", json!({"city": CITIES[city].0})), "code")
    }

    /// The code of a place, looked up unless the conversation has it.
    fn code(&mut self, place: Place) -> String {
        match place {
            Place::City(city) if !self.memory.codes.contains(&city) => self.look_up(city),
            Place::City(city) | Place::Code(city) => CITIES[city].1.to_owned(),
        }
    }

    /// The id of a booking, looked up unless the conversation has it.
    fn id(&mut self, which: Which) -> String {
        match which {
            Which::Id(id) => format!("b{id}"),
            Which::That => self.memory.booking.clone(),
            Which::Trip(id, _) => {
                if !self.memory.listed {
                    self.memory.listed = true;
                    self.script.call("list_bookings", json!({}));
                }
                format!("b{id}")
            }
        }
    }

    fn list(&mut self) {
        self.memory.listed = true;
        let listed = self.script.call("list_bookings", json!({}));
        let bookings: Vec<(String, String)> = listed["bookings"]
            .as_array()
            .map(|items| items.iter().map(|item| (text(item, "booking"), text(item, "to"))).collect())
            .unwrap_or_default();
        let items: Vec<String> = bookings.iter().map(|(id, to)| format!("{id} to {to}")).collect();
        self.script.answer(format!("You have {}.", items.join(" and ")));
        for (id, _) in &bookings {
            self.script.mention(&[id]);
        }
    }

    fn search(&mut self, from: Place, to: Place, date: &str) {
        let (from, to) = (self.code(from), self.code(to));
        self.search_codes(&from, &to, date);
    }

    fn search_codes(&mut self, from: &str, to: &str, date: &str) {
        let found = self.script.call("search_flights", json!({"from": from, "to": to, "date": date}));
        self.memory.route = Some([from.to_owned(), to.to_owned(), date.to_owned()]);
        self.memory.quotes.clear();
        for (at, flight) in found["flights"].as_array().into_iter().flatten().enumerate() {
            let dep = text(flight, "dep");
            let price = flight["price"].as_u64().unwrap_or(0);
            if at == 0 {
                self.memory.cheapest.clone_from(&dep);
                self.memory.price = price;
            }
            self.memory.quotes.insert(dep, (text(flight, "quote"), price));
        }
    }

    fn quote(&self, pick: &Pick) -> (String, u64) {
        let dep = match pick {
            Pick::Cheapest => &self.memory.cheapest,
            Pick::At(dep) => dep,
        };
        self.memory.quotes.get(dep).cloned().unwrap_or_default()
    }

    fn book(&mut self, pick: &Pick, card: &str, traveler: Option<String>) {
        let mut arguments = json!({"quote": self.quote(pick).0, "card": card});
        if let Some(traveler) = traveler {
            arguments["traveler"] = Value::from(traveler);
        }
        let booked = self.script.call("book_flight", arguments);
        let (booking, paid) = (text(&booked, "booking"), text(&booked, "paid"));
        self.memory.price = booked["paid"].as_u64().unwrap_or(0);
        self.say(format!("Booked as {booking} for {paid} euros."), &booking);
        self.memory.booking = booking;
    }

    fn seat(&mut self, booking: &str, seat: &str) {
        let seat = text(&self.script.call("choose_seat", json!({"booking": booking, "seat": seat})), "seat");
        self.say(format!("Seat {seat} is reserved on {booking}."), &seat);
    }

    fn change(&mut self, booking: &str, date: &str) {
        let date = text(&self.script.call("change_date", json!({"booking": booking, "date": date})), "date");
        self.script.answer(format!("{booking} is moved to {date}.")).mention(&[&date, &spoken(&date)]);
    }

    fn cancel(&mut self, booking: &str) {
        let refund = text(&self.script.call("cancel_booking", json!({"booking": booking})), "refund");
        self.say(format!("{booking} is cancelled, refund {refund} euros."), &refund);
    }

    fn redeem(&mut self, booking: &str, points: &Value) {
        let arguments = json!({"booking": booking, "points": points});
        let credit = text(&self.script.call("redeem_points", arguments), "credit");
        self.say(format!("{credit} euros were credited to {booking}."), &credit);
    }
}
