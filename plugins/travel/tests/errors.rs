//! Every typed error that a tool declares can be reached, names what was wrong, and leaves the state as it was.

use std::collections::BTreeSet;

use coevo_sdk::session::Quiet;
use coevo_sdk::{Environment, Session, Side, Value, json};
use travel::Travel;

/// Two bookings (b1 flexible with a bag, b2 basic), one of them cancelled where a case says so.
fn fixture() -> Value {
    json!({
        "today": "03-10", "verbose": false, "tick": 0, "budget": 1000, "spent": 300, "points": 500,
        "cards": {"visa": 600, "amex": 20},
        "travelers": {"1": {"name": "Ana", "passport": "P1111"}},
        "flights": {
            "1": {"from": "LIS", "to": "OSL", "date": "05-01", "dep": "08:00", "price": 100, "seats": 3, "flex": true},
            "2": {"from": "LIS", "to": "FCO", "date": "05-02", "dep": "09:00", "price": 200, "seats": 3, "flex": false},
            "3": {"from": "LIS", "to": "CDG", "date": "05-03", "dep": "10:00", "price": 150, "seats": 1, "flex": true},
            "4": {"from": "LIS", "to": "CDG", "date": "05-03", "dep": "12:00", "price": 650, "seats": 0, "flex": true},
            "5": {"from": "LIS", "to": "CDG", "date": "05-03", "dep": "14:00", "price": 590, "seats": 9, "flex": true}
        },
        "taken": [[1, "12A"]],
        "bookings": {
            "1": {"flight": 1, "date": "05-01", "traveler": 1, "card": "visa", "paid": 100, "bags": 1, "seat": null, "cancelled": false},
            "2": {"flight": 2, "date": "05-02", "traveler": 1, "card": "amex", "paid": 200, "bags": 0, "seat": "3C", "cancelled": false}
        }
    })
}

type Case = (&'static str, Value, &'static str, fn(&mut Value));

fn cases() -> Vec<Case> {
    let asis: fn(&mut Value) = |_| ();
    let cancelled: fn(&mut Value) = |state| state["bookings"]["1"]["cancelled"] = json!(true);
    let poor: fn(&mut Value) = |state| state["cards"]["visa"] = json!(5);
    let tight: fn(&mut Value) = |state| state["budget"] = json!(301);
    let late: fn(&mut Value) = |state| state["tick"] = json!(2);
    let mut all: Vec<Case> = vec![
        ("find_airport", json!({"city": "Atlantis"}), "unknown_city", asis),
        ("search_flights", json!({"from": "XXX", "to": "CDG", "date": "05-03"}), "unknown_airport", asis),
        ("search_flights", json!({"from": "LIS", "to": "CDG", "date": "3 May"}), "bad_date", asis),
        ("search_flights", json!({"from": "LIS", "to": "CDG", "date": "03-10"}), "past_date", asis),
        ("search_flights", json!({"from": "LIS", "to": "CDG", "date": "05-04"}), "no_flights", asis),
        ("book_flight", json!({"quote": "q9a", "card": "visa"}), "unknown_quote", asis),
        ("book_flight", json!({"quote": "q3a", "card": "visa"}), "quote_expired", late),
        ("book_flight", json!({"quote": "q3z", "card": "visa"}), "quote_expired", asis),
        ("book_flight", json!({"quote": "q4a", "card": "visa"}), "sold_out", asis),
        ("book_flight", json!({"quote": "q3a", "card": "mastercard"}), "card_not_held", asis),
        ("book_flight", json!({"quote": "q3a", "card": "amex"}), "card_limit", asis),
        ("book_flight", json!({"quote": "q3a", "card": "visa"}), "over_budget", tight),
        ("book_flight", json!({"quote": "q3a", "card": "visa", "traveler": "t2"}), "unknown_traveler", asis),
        ("get_booking", json!({"booking": "b7"}), "unknown_booking", asis),
        ("cancel_booking", json!({"booking": "b2"}), "not_refundable", asis),
        ("change_date", json!({"booking": "b1", "date": "5-1"}), "bad_date", asis),
        ("change_date", json!({"booking": "b1", "date": "01-01"}), "past_date", asis),
        ("change_date", json!({"booking": "b1", "date": "05-01"}), "same_date", asis),
        ("change_date", json!({"booking": "b1", "date": "06-01"}), "card_limit", poor),
        ("change_date", json!({"booking": "b1", "date": "06-01"}), "over_budget", tight),
        ("add_bag", json!({"booking": "b1", "bags": 3}), "bag_limit", asis),
        ("add_bag", json!({"booking": "b1", "bags": 1}), "card_limit", poor),
        ("add_bag", json!({"booking": "b1", "bags": 1}), "over_budget", tight),
        ("choose_seat", json!({"booking": "b1", "seat": "44A"}), "bad_seat", asis),
        ("choose_seat", json!({"booking": "b1", "seat": "12A"}), "seat_taken", asis),
        ("choose_seat", json!({"booking": "b1", "seat": "12B"}), "card_limit", poor),
        ("choose_seat", json!({"booking": "b1", "seat": "12B"}), "over_budget", tight),
        ("add_traveler", json!({"name": "Ben", "passport": "P1111"}), "duplicate_traveler", asis),
        ("add_traveler", json!({"name": "Ben", "passport": "1234"}), "bad_passport", asis),
        ("card_balance", json!({"card": "mastercard"}), "card_not_held", asis),
        ("set_budget", json!({"amount": 299}), "below_spent", asis),
        ("convert", json!({"amount": 10, "currency": "XYZ"}), "unknown_currency", asis),
        ("redeem_points", json!({"booking": "b1", "points": 150}), "bad_points", asis),
        ("redeem_points", json!({"booking": "b1", "points": 600}), "not_enough_points", asis),
        ("redeem_points", json!({"booking": "b1", "points": 20_000}), "over_price", |s| s["points"] = json!(20_000)),
    ];
    let on_booking = [
        ("cancel_booking", json!({})),
        ("change_date", json!({"date": "06-01"})),
        ("add_bag", json!({"bags": 1})),
        ("choose_seat", json!({"seat": "12B"})),
        ("redeem_points", json!({"points": 100})),
    ];
    for (tool, args) in on_booking {
        let with = |id: &str| {
            let mut args = args.clone();
            args["booking"] = json!(id);
            args
        };
        all.push((tool, with("b7"), "unknown_booking", asis));
        all.push((tool, with("b1"), "already_cancelled", cancelled));
    }
    all
}

#[test]
fn every_declared_error_is_reachable_and_changes_nothing() {
    let mut reached: BTreeSet<(String, String)> = BTreeSet::new();
    for (tool, args, code, spoil) in cases() {
        let mut state = fixture();
        spoil(&mut state);
        let mut session: Session<Travel> = Session::new();
        session.reset(&state.to_string()).unwrap_or_else(|error| panic!("{tool} {code}: {error}"));
        let before = session.snapshot().unwrap();
        let error = session.call(tool, &args, Side::Agent, &mut Quiet::new()).expect_err(code);
        assert_eq!(error.code, code, "{tool} {args}");
        assert!(error.message.split(' ').count() <= 6, "{error:?}");
        let details = error.details.as_object().unwrap_or_else(|| panic!("{error:?}"));
        assert!(details.contains_key("argument") || details.contains_key("precondition"), "{error:?}");
        let (mut after, mut start): (Session<Travel>, Session<Travel>) = (Session::new(), Session::new());
        after.restore(&session.snapshot().unwrap()).unwrap();
        start.restore(&before).unwrap();
        assert_eq!(after.state_hash(), start.state_hash(), "{tool} {code} changed the state");
        reached.insert((tool.to_owned(), code.to_owned()));
    }
    let declared: BTreeSet<(String, String)> = Travel::describe()
        .tools
        .iter()
        .flat_map(|tool| tool.errors.iter().map(|(code, _)| (tool.name.to_owned(), (*code).to_owned())))
        .collect();
    assert_eq!(reached, declared);
}

#[test]
fn tools_do_what_they_say() {
    let mut session: Session<Travel> = Session::new();
    session.reset(&fixture().to_string()).unwrap();
    let steps = [
        ("find_airport", json!({"city": "paris"}), json!({"code": "CDG"})),
        (
            "search_flights",
            json!({"from": "LIS", "to": "CDG", "date": "05-03"}),
            json!({"flights": [
                {"quote": "q3a", "dep": "10:00", "price": 150}, {"quote": "q5a", "dep": "14:00", "price": 590}
            ]}),
        ),
        ("add_traveler", json!({"name": "Ben", "passport": "P2222"}), json!({"traveler": "t2"})),
        (
            "book_flight",
            json!({"quote": "q3a", "card": "visa", "traveler": "t2"}),
            json!({"booking": "b3", "paid": 150}),
        ),
        ("card_balance", json!({"card": "visa"}), json!({"left": 450})),
        ("add_bag", json!({"booking": "b3", "bags": 2}), json!({"bags": 2, "fee": 50})),
        ("choose_seat", json!({"booking": "b3", "seat": "2F"}), json!({"seat": "2F", "fee": 19})),
        ("change_date", json!({"booking": "b3", "date": "07-01"}), json!({"date": "07-01", "fee": 30})),
        ("redeem_points", json!({"booking": "b3", "points": 300}), json!({"credit": 3, "points": 200})),
        (
            "get_booking",
            json!({"booking": "b3"}),
            json!({"status": "confirmed", "to": "Paris", "date": "07-01", "dep": "10:00", "paid": 246, "bags": 2, "seat": "2F"}),
        ),
        ("cancel_booking", json!({"booking": "b3"}), json!({"refund": 246, "card": "visa"})),
        ("card_balance", json!({"card": "visa"}), json!({"left": 600})),
        (
            "list_bookings",
            json!({}),
            json!({"bookings": [{"booking": "b1", "to": "Oslo", "date": "05-01"}, {"booking": "b2", "to": "Rome", "date": "05-02"}]}),
        ),
        ("set_budget", json!({"amount": 800}), json!({"budget": 800, "left": 500})),
        ("convert", json!({"amount": 246, "currency": "USD"}), json!({"amount": 271, "currency": "USD"})),
        ("get_points", json!({}), json!({"points": 200})),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
    assert_eq!(session.state().unwrap().tick, 8);
    assert_eq!(session.call("fly", &json!({}), Side::Agent, &mut Quiet::new()).unwrap_err().code, "unknown_tool");
}
