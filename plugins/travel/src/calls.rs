//! What the tools do, apart from those that change a booking (`bookings`).
//!
//! Every function checks everything before it changes anything: a call that fails leaves the state as it was.

use coevo_sdk::{ToolError, Value, args, json};

use crate::bookings;
use crate::fail;
use crate::state::{Booking, QUOTE_LIFE, State, Traveler, parse_date, period};
use crate::world::{CITIES, CURRENCIES, equipment, small_print};

type Outcome = Result<Value, ToolError>;

/// Runs a tool.
pub fn call(state: &mut State, name: &str, args: &Value) -> Outcome {
    let outcome = match name {
        "find_airport" => find_airport(args),
        "search_flights" => search_flights(state, args),
        "book_flight" => book_flight(state, args),
        "get_booking" => bookings::get(state, args),
        "list_bookings" => Ok(bookings::list(state)),
        "cancel_booking" => bookings::cancel(state, args),
        "change_date" => bookings::change_date(state, args),
        "add_bag" => bookings::add_bag(state, args),
        "choose_seat" => bookings::choose_seat(state, args),
        "add_traveler" => add_traveler(state, args),
        "card_balance" => card_balance(state, args),
        "set_budget" => set_budget(state, args),
        "convert" => convert(args),
        "get_points" => Ok(json!({"points": state.points})),
        "redeem_points" => bookings::redeem_points(state, args),
        _ => Err(ToolError::unknown_tool(name)),
    }?;
    Ok(if state.verbose { pad(name, args, outcome) } else { outcome })
}

/// The same result with irrelevant material around it.
fn pad(name: &str, args: &Value, mut result: Value) -> Value {
    let about = format!("{name}{args}");
    for list in ["flights", "bookings"] {
        for item in result.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let extra = equipment(&item.to_string());
            if let (Value::Object(item), Value::Object(extra)) = (item, extra) {
                item.extend(extra);
            }
        }
    }
    if let Value::Object(fields) = &mut result {
        let own = std::mem::take(fields);
        fields.insert("info".to_owned(), small_print(&about));
        fields.extend(own);
    }
    result
}

fn find_airport(args: &Value) -> Outcome {
    let city = args::string(args, "city")?.trim();
    match CITIES.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(city)) {
        Some((_, code, _)) => Ok(json!({"code": code})),
        None => Err(fail::unknown_city()),
    }
}

/// A date after today.
pub fn future_date<'a>(state: &State, args: &'a Value) -> Result<&'a str, ToolError> {
    let date = args::string(args, "date")?;
    let parsed = parse_date(date).ok_or_else(|| fail::bad_date(date))?;
    if Some(parsed) <= parse_date(&state.today) {
        return Err(fail::past_date(&state.today));
    }
    Ok(date)
}

fn search_flights(state: &State, args: &Value) -> Outcome {
    let (from, to) = (args::string(args, "from")?, args::string(args, "to")?);
    for (argument, code) in [("from", from), ("to", to)] {
        if !CITIES.iter().any(|(_, known, _)| *known == code) {
            return Err(fail::unknown_airport(argument, code));
        }
    }
    let date = future_date(state, args)?;
    let mut found: Vec<_> =
        state.flights.iter().filter(|(_, f)| f.from == from && f.to == to && f.date == date && f.seats > 0).collect();
    if found.is_empty() {
        return Err(fail::no_flights());
    }
    found.sort_by_key(|(number, flight)| (flight.price, **number));
    let flights: Vec<Value> = found
        .into_iter()
        .map(|(number, f)| json!({"quote": state.quote(*number), "dep": f.dep, "price": f.price}))
        .collect();
    Ok(json!({"flights": flights}))
}

/// The flight that a quote names, if it is still valid.
fn quoted(state: &State, quote: &str) -> Result<u32, ToolError> {
    let issued = quote.chars().last().filter(char::is_ascii_lowercase).ok_or_else(fail::unknown_quote)?;
    let number = args::id(&quote[..quote.len() - 1], 'q').filter(|number| state.flights.contains_key(number));
    let number = number.ok_or_else(fail::unknown_quote)?;
    let fresh = (0..QUOTE_LIFE.min(state.tick + 1)).any(|age| period(state.tick - age) == issued);
    if fresh { Ok(number) } else { Err(fail::quote_expired()) }
}

/// Whether a card can pay: the customer holds it, it has the money, and the budget allows it.
pub fn check_payment(state: &State, card: &str, amount: u32) -> Result<(), ToolError> {
    let left = *state.cards.get(card).ok_or_else(|| fail::card_not_held(state.cards.keys().collect()))?;
    if left < amount {
        return Err(fail::card_limit(left, amount));
    }
    if state.spent + amount > state.budget {
        return Err(fail::over_budget(state.budget, state.spent, amount));
    }
    Ok(())
}

/// Takes the money. Call [`check_payment`] first.
pub fn pay(state: &mut State, card: &str, amount: u32) {
    if let Some(left) = state.cards.get_mut(card) {
        *left = left.saturating_sub(amount);
    }
    state.spent += amount;
}

fn book_flight(state: &mut State, args: &Value) -> Outcome {
    let (quote, card) = (args::string(args, "quote")?, args::string(args, "card")?);
    let number = quoted(state, quote)?;
    let traveler = match args::opt_string(args, "traveler")? {
        None => state.holder(),
        Some(id) => args::id(id, 't').filter(|t| state.travelers.contains_key(t)).ok_or_else(fail::unknown_traveler)?,
    };
    let flight = &state.flights[&number];
    let (price, date) = (flight.price, flight.date.clone());
    if flight.seats == 0 {
        return Err(fail::sold_out());
    }
    check_payment(state, card, price)?;
    pay(state, card, price);
    if let Some(flight) = state.flights.get_mut(&number) {
        flight.seats -= 1;
    }
    let id = state.bookings.keys().next_back().map_or(1, |last| last + 1);
    let card = card.to_owned();
    let booking = Booking { flight: number, date, traveler, card, paid: price, bags: 0, seat: None, cancelled: false };
    state.bookings.insert(id, booking);
    state.changed();
    Ok(json!({"booking": format!("b{id}"), "paid": price}))
}

fn add_traveler(state: &mut State, args: &Value) -> Outcome {
    let (name, passport) = (args::string(args, "name")?, args::string(args, "passport")?);
    let digits = passport.strip_prefix('P').ok_or_else(fail::bad_passport)?;
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fail::bad_passport());
    }
    if let Some((id, _)) = state.travelers.iter().find(|(_, known)| known.passport == passport) {
        return Err(fail::duplicate_traveler(*id));
    }
    let id = state.travelers.keys().next_back().map_or(1, |last| last + 1);
    state.travelers.insert(id, Traveler { name: name.to_owned(), passport: passport.to_owned() });
    state.changed();
    Ok(json!({"traveler": format!("t{id}")}))
}

fn card_balance(state: &State, args: &Value) -> Outcome {
    let card = args::string(args, "card")?;
    let left = state.cards.get(card).ok_or_else(|| fail::card_not_held(state.cards.keys().collect()))?;
    Ok(json!({"left": left}))
}

fn set_budget(state: &mut State, args: &Value) -> Outcome {
    let amount = args::uint(args, "amount")?;
    if amount < state.spent {
        return Err(fail::below_spent(state.spent));
    }
    state.budget = amount;
    state.changed();
    Ok(json!({"budget": amount, "left": amount - state.spent}))
}

fn convert(args: &Value) -> Outcome {
    let (amount, wanted) = (args::uint(args, "amount")?, args::string(args, "currency")?);
    let known = || CURRENCIES.iter().map(|(code, _, _)| *code).collect();
    let rate = CURRENCIES.iter().find(|(code, _, _)| *code == wanted).ok_or_else(|| fail::unknown_currency(known()))?.2;
    let converted = (u64::from(amount) * u64::from(rate) + 50) / 100;
    Ok(json!({"amount": converted, "currency": wanted}))
}
