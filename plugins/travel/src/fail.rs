//! Every typed error, in one place: the codes that `tools` declares and `calls` returns.
//!
//! Messages are a few words for the agent. Details name the argument (with what was expected or possible) or the
//! pre-condition that failed.

use coevo_sdk::{ToolError, json};

pub fn unknown_city() -> ToolError {
    ToolError::new("unknown_city", "no airport there", json!({"argument": "city", "expected": "a city name"}))
}

pub fn unknown_airport(argument: &str, given: &str) -> ToolError {
    let details = json!({"argument": argument, "given": given, "expected": "a code from find_airport"});
    ToolError::new("unknown_airport", format!("{argument} is no airport code"), details)
}

pub fn bad_date(given: &str) -> ToolError {
    ToolError::new("bad_date", "date must be MM-DD", json!({"argument": "date", "given": given, "expected": "MM-DD"}))
}

pub fn past_date(today: &str) -> ToolError {
    let details = json!({"argument": "date", "precondition": "date is after today", "today": today});
    ToolError::new("past_date", "date is in the past", details)
}

pub fn same_date() -> ToolError {
    let details = json!({"argument": "date", "precondition": "date differs from the booking's"});
    ToolError::new("same_date", "already on that date", details)
}

pub fn no_flights() -> ToolError {
    let details = json!({"precondition": "flights exist on that route and date"});
    ToolError::new("no_flights", "no flights that day", details)
}

pub fn unknown_quote() -> ToolError {
    let details = json!({"argument": "quote", "expected": "a quote from search_flights"});
    ToolError::new("unknown_quote", "no such quote", details)
}

pub fn quote_expired() -> ToolError {
    let details = json!({"argument": "quote", "precondition": "fewer than 2 changes since the search"});
    ToolError::new("quote_expired", "search again for a new quote", details)
}

pub fn sold_out() -> ToolError {
    ToolError::new("sold_out", "no seats left", json!({"argument": "quote", "precondition": "the flight has seats"}))
}

pub fn card_not_held(held: Vec<&String>) -> ToolError {
    ToolError::new("card_not_held", "customer has no such card", json!({"argument": "card", "options": held}))
}

pub fn card_limit(left: u32, needed: u32) -> ToolError {
    let details = json!({"precondition": "the card covers the amount", "left": left, "needed": needed});
    ToolError::new("card_limit", "card declined", details)
}

pub fn over_budget(budget: u32, spent: u32, needed: u32) -> ToolError {
    let details = json!({"precondition": "spent plus amount is within budget", "budget": budget, "spent": spent, "needed": needed});
    ToolError::new("over_budget", "budget too low", details)
}

pub fn below_spent(spent: u32) -> ToolError {
    let details = json!({"argument": "amount", "precondition": "budget is at least what was spent", "spent": spent});
    ToolError::new("below_spent", "more is spent already", details)
}

pub fn unknown_traveler() -> ToolError {
    let details = json!({"argument": "traveler", "expected": "an id from add_traveler"});
    ToolError::new("unknown_traveler", "register the traveler first", details)
}

pub fn duplicate_traveler(id: u32) -> ToolError {
    let details = json!({"argument": "passport", "precondition": "not registered yet", "traveler": format!("t{id}")});
    ToolError::new("duplicate_traveler", "passport is registered already", details)
}

pub fn bad_passport() -> ToolError {
    ToolError::new("bad_passport", "passport must be like P1234", json!({"argument": "passport", "expected": "P1234"}))
}

pub fn unknown_booking(given: &str) -> ToolError {
    let details = json!({"argument": "booking", "given": given, "expected": "an id such as b2"});
    ToolError::new("unknown_booking", "no such booking", details)
}

pub fn already_cancelled() -> ToolError {
    let details = json!({"argument": "booking", "precondition": "the booking is confirmed"});
    ToolError::new("already_cancelled", "booking is cancelled", details)
}

pub fn not_refundable() -> ToolError {
    let details = json!({"argument": "booking", "precondition": "the fare is refundable"});
    ToolError::new("not_refundable", "basic fare, cannot cancel", details)
}

pub fn bag_limit(bags: u32) -> ToolError {
    let details = json!({"argument": "bags", "precondition": "at most 3 bags a booking", "bags": bags});
    ToolError::new("bag_limit", "at most 3 bags", details)
}

pub fn bad_seat() -> ToolError {
    let details = json!({"argument": "seat", "expected": "row 1 to 30 and A to F, such as 12A"});
    ToolError::new("bad_seat", "no such seat", details)
}

pub fn seat_taken(free: Vec<String>) -> ToolError {
    let details = json!({"argument": "seat", "precondition": "the seat is free", "options": free});
    ToolError::new("seat_taken", "seat is taken", details)
}

pub fn unknown_currency(known: Vec<&str>) -> ToolError {
    ToolError::new("unknown_currency", "no such currency", json!({"argument": "currency", "options": known}))
}

pub fn bad_points() -> ToolError {
    let details = json!({"argument": "points", "expected": "a positive multiple of 100"});
    ToolError::new("bad_points", "points come in hundreds", details)
}

pub fn not_enough_points(points: u32) -> ToolError {
    let details = json!({"argument": "points", "precondition": "the member has the points", "points": points});
    ToolError::new("not_enough_points", "not enough points", details)
}

pub fn over_price(paid: u32) -> ToolError {
    let details = json!({"argument": "points", "precondition": "credit is at most what was paid", "paid": paid});
    ToolError::new("over_price", "credit above the price", details)
}
