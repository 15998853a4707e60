//! The tools as an agent is told of them.

use coevo_sdk::{Description, Tool, Ty};

use crate::world::CARDS;

const DATE: &str = "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
const BOOKING: &str = "^b[1-9][0-9]*$";
const FRESH: &str = "Fewer than 2 changes were made since the search.";
const BUDGET: &str = "The budget covers the amount.";
const CARD: &str = "The card covers the amount.";
const CONFIRMED: &str = "The booking is confirmed.";

fn on_booking(name: &'static str, doc: &'static str) -> Tool {
    Tool::new(name)
        .doc(doc)
        .arg("booking", Ty::String, "booking id")
        .pattern(BOOKING)
        .error("unknown_booking", "no booking has this id")
}

fn change(name: &'static str, doc: &'static str) -> Tool {
    on_booking(name, doc).error("already_cancelled", "the booking was cancelled").pre(CONFIRMED).mutates()
}

fn charged(tool: Tool) -> Tool {
    tool.error("card_limit", "the card has too little left")
        .error("over_budget", "the budget has too little left")
        .pre(CARD)
        .pre(BUDGET)
}

/// Name, tools, splits and categories.
pub fn describe() -> Description {
    Description {
        name: "travel",
        version: "1.0.0",
        summary: "A travel agency: airports, fares that expire, bookings, cards and a budget.",
        tools: tools(),
        splits: vec![("train", 400), ("dev", 100), ("test", 400)],
        categories: vec!["base", "miss_func", "miss_param", "long_context"],
    }
}

fn tools() -> Vec<Tool> {
    vec![
        Tool::new("find_airport")
            .doc("airport code of a city")
            .arg("city", Ty::String, "city name")
            .returns("code", Ty::String)
            .error("unknown_city", "no airport in that city"),
        Tool::new("search_flights")
            .doc("flights, cheapest first")
            .arg("from", Ty::String, "airport code")
            .pattern("^[A-Z]{3}$")
            .arg("to", Ty::String, "airport code")
            .pattern("^[A-Z]{3}$")
            .arg("date", Ty::String, "MM-DD")
            .pattern(DATE)
            .returns("flights", Ty::List(&[("quote", Ty::String), ("dep", Ty::String), ("price", Ty::Int)]))
            .error("unknown_airport", "no airport has this code")
            .error("bad_date", "the date is not MM-DD")
            .error("past_date", "the date is not after today")
            .error("no_flights", "nothing flies there that day")
            .pre("Airport codes come from find_airport or from the user."),
        charged(
            Tool::new("book_flight")
                .doc("book a quote")
                .arg("quote", Ty::String, "quote id")
                .pattern("^q[1-9][0-9]*[a-z]$")
                .arg("card", Ty::String, "card to charge")
                .one_of(&CARDS)
                .opt("traveler", Ty::String, "traveler id, default the customer")
                .pattern("^t[1-9][0-9]*$")
                .returns("booking", Ty::String)
                .returns("paid", Ty::Int)
                .error("unknown_quote", "no such quote")
                .error("quote_expired", "too many changes since the search")
                .error("sold_out", "the flight is full")
                .error("card_not_held", "the customer has no such card")
                .error("unknown_traveler", "no traveler has this id")
                .pre(FRESH)
                .pre("The traveler is registered."),
        )
        .mutates(),
        on_booking("get_booking", "details of a booking")
            .returns("status", Ty::String)
            .returns("to", Ty::String)
            .returns("date", Ty::String)
            .returns("dep", Ty::String)
            .returns("paid", Ty::Int)
            .returns("bags", Ty::Int)
            .may_return("seat", Ty::String),
        Tool::new("list_bookings")
            .doc("all confirmed bookings")
            .returns("bookings", Ty::List(&[("booking", Ty::String), ("to", Ty::String), ("date", Ty::String)])),
        change("cancel_booking", "cancel and refund")
            .returns("refund", Ty::Int)
            .returns("card", Ty::String)
            .error("not_refundable", "the fare is basic")
            .pre("The fare is refundable."),
        charged(
            change("change_date", "move a booking")
                .arg("date", Ty::String, "MM-DD")
                .pattern(DATE)
                .returns("date", Ty::String)
                .returns("fee", Ty::Int)
                .error("bad_date", "the date is not MM-DD")
                .error("past_date", "the date is not after today")
                .error("same_date", "the booking is on that date"),
        ),
        charged(
            change("add_bag", "add bags to a booking")
                .arg("bags", Ty::Int, "how many more")
                .range(1, 9)
                .returns("bags", Ty::Int)
                .returns("fee", Ty::Int)
                .error("bag_limit", "more than 3 bags")
                .pre("A booking has at most 3 bags."),
        ),
        charged(
            change("choose_seat", "reserve a seat")
                .arg("seat", Ty::String, "row and letter")
                .pattern("^[1-9][0-9]?[A-F]$")
                .returns("seat", Ty::String)
                .returns("fee", Ty::Int)
                .error("bad_seat", "the aircraft has no such seat")
                .error("seat_taken", "someone else has the seat")
                .pre("The seat is free."),
        ),
        Tool::new("add_traveler")
            .doc("register a traveler")
            .arg("name", Ty::String, "first name")
            .arg("passport", Ty::String, "P and 4 digits")
            .pattern("^P[0-9]{4}$")
            .returns("traveler", Ty::String)
            .error("duplicate_traveler", "the passport is registered")
            .error("bad_passport", "not P and 4 digits")
            .pre("The passport is not registered yet.")
            .mutates(),
        Tool::new("card_balance")
            .doc("euros left on a card")
            .arg("card", Ty::String, "which card")
            .one_of(&CARDS)
            .returns("left", Ty::Int)
            .error("card_not_held", "the customer has no such card"),
        Tool::new("set_budget")
            .doc("set the travel budget")
            .arg("amount", Ty::Int, "euros")
            .range(0, 99_999)
            .returns("budget", Ty::Int)
            .returns("left", Ty::Int)
            .error("below_spent", "more than that is spent")
            .pre("The budget is at least what was spent.")
            .mutates(),
        Tool::new("convert")
            .doc("euros into another currency")
            .arg("amount", Ty::Int, "euros")
            .range(0, 99_999)
            .arg("currency", Ty::String, "such as USD")
            .pattern("^[A-Z]{3}$")
            .returns("amount", Ty::Int)
            .returns("currency", Ty::String)
            .error("unknown_currency", "no rate for it"),
        Tool::new("get_points").doc("loyalty points").returns("points", Ty::Int),
        change("redeem_points", "pay part with points")
            .arg("points", Ty::Int, "a multiple of 100")
            .range(1, 99_999)
            .returns("credit", Ty::Int)
            .returns("points", Ty::Int)
            .error("bad_points", "not a multiple of 100")
            .error("not_enough_points", "more than the member has")
            .error("over_price", "more than was paid")
            .pre("The member has the points."),
    ]
}
