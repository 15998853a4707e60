//! Every typed error can be reached, says what was wrong, and leaves the shop as it was.

use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::session::{Quiet, Session, Side};
use coevo_sdk::{Environment, Value, json};
use retail::Retail;

/// Ada (`u1`) has a pending, a shipped, a delivered and an old order; Ben (`u2`) has one, too.
fn shop(me: Option<&str>) -> Value {
    let order = |owner: &str, item: &str, status: &str, days: u32, method: &str, paid: u32| {
        json!({"owner": owner, "item": item, "status": status, "days": days, "address": if owner == "u1" { "a1" } else { "a3" },
            "method": method, "paid": paid, "reason": null})
    };
    json!({
        "me": me,
        "customers": {"u1": {"name": "Ada", "zip": "12345"}, "u2": {"name": "Ben", "zip": "54321"}},
        "addresses": {
            "a1": {"owner": "u1", "street": "1 Oak Lane"}, "a2": {"owner": "u1", "street": "2 Oak Lane"},
            "a3": {"owner": "u2", "street": "3 Oak Lane"},
        },
        "methods": {
            "m1": {"owner": "u1", "kind": "visa", "left": 500}, "m2": {"owner": "u1", "kind": "gift", "left": 10},
            "m3": {"owner": "u1", "kind": "paypal", "left": 400}, "m4": {"owner": "u2", "kind": "visa", "left": 500},
        },
        "items": {
            "i1": {"product": "lamp", "option": "red", "price": 40, "stock": 3},
            "i2": {"product": "lamp", "option": "blue", "price": 45, "stock": 1},
            "i3": {"product": "lamp", "option": "pink", "price": 45, "stock": 0},
            "i4": {"product": "rug", "option": "red", "price": 90, "stock": 2},
            "i5": {"product": "lamp", "option": "white", "price": 900, "stock": 2},
        },
        "orders": {
            "o1": order("u1", "i1", "pending", 0, "m1", 40), "o2": order("u1", "i4", "shipped", 3, "m1", 90),
            "o3": order("u1", "i1", "delivered", 30, "m1", 40), "o4": order("u1", "i4", "delivered", 31, "m3", 90),
            "o5": order("u2", "i1", "delivered", 3, "m4", 40),
        },
        "refunds": {}, "handed_over": null, "next": 6,
    })
}

/// The tool with arguments that it would accept.
fn sound(tool: &str) -> Value {
    match tool {
        "track_order" => json!({"order": "o2"}),
        "cancel_order" => json!({"order": "o1", "reason": "mistake"}),
        "set_address" => json!({"order": "o1", "address": "a2"}),
        "set_method" => json!({"order": "o1", "method": "m3"}),
        "return_order" => json!({"order": "o3", "method": "m1"}),
        "exchange_order" => json!({"order": "o3", "item": "i2"}),
        "get_order" | "get_refund" => json!({"order": "o1"}),
        "place_order" => json!({"item": "i2", "method": "m1", "address": "a1"}),
        "add_address" => json!({"street": "9 Elm Road"}),
        "hand_over" => json!({"reason": "complaint"}),
        _ => json!({}),
    }
}

fn changed(tool: &str, argument: &str, value: &str) -> Value {
    let mut args = sound(tool);
    args[argument] = json!(value);
    args
}

#[test]
fn every_declared_error_is_reached_and_changes_nothing() {
    let (nobody, ada) = (shop(None), shop(Some("u1")));
    let case = |tool: &'static str, argument: &str, value: &str, code| {
        Refused::new(&ada, tool, changed(tool, argument, value), code)
    };
    let mut cases = vec![
        Refused::new(&ada, "sign_in", json!({"name": "Ada", "zip": "12345"}), "signed_in"),
        Refused::new(&nobody, "sign_in", json!({"name": "Zoe", "zip": "12345"}), "unknown_customer"),
        Refused::new(&nobody, "sign_in", json!({"name": "Ada", "zip": "54321"}), "wrong_zip"),
        Refused::new(&ada, "find_product", json!({"name": "moon"}), "unknown_product"),
        case("track_order", "order", "o1", "not_shipped"),
        case("cancel_order", "order", "o2", "not_pending"),
        case("set_address", "address", "a3", "unknown_address"),
        case("set_address", "address", "a1", "unchanged"),
        case("set_address", "order", "o2", "not_pending"),
        case("set_method", "method", "m4", "unknown_method"),
        case("set_method", "method", "m1", "unchanged"),
        case("set_method", "method", "m2", "declined"),
        case("set_method", "order", "o2", "not_pending"),
        case("return_order", "method", "m4", "unknown_method"),
        case("return_order", "method", "m3", "wrong_method"),
        case("return_order", "order", "o2", "not_delivered"),
        case("return_order", "order", "o4", "too_late"),
        case("return_order", "order", "o3", "not_delivered").again::<Retail>(),
        case("exchange_order", "item", "i9", "unknown_item"),
        case("exchange_order", "item", "i4", "other_product"),
        case("exchange_order", "item", "i1", "unchanged"),
        case("exchange_order", "item", "i3", "out_of_stock"),
        case("exchange_order", "item", "i5", "declined"),
        case("exchange_order", "order", "o2", "not_delivered"),
        case("exchange_order", "order", "o4", "too_late"),
        case("get_refund", "order", "o1", "no_refund"),
        case("place_order", "item", "i9", "unknown_item"),
        case("place_order", "item", "i3", "out_of_stock"),
        case("place_order", "method", "m4", "unknown_method"),
        case("place_order", "method", "m2", "declined"),
        case("place_order", "address", "a3", "unknown_address"),
        case("add_address", "street", "1  oak lane", "known_address"),
        case("hand_over", "reason", "complaint", "handed_over").again::<Retail>(),
    ];
    for tool in Retail::describe().tools {
        if tool.errors.iter().any(|(code, _)| *code == "not_signed_in") {
            cases.push(Refused::new(&nobody, tool.name, sound(tool.name), "not_signed_in"));
        }
        if tool.errors.iter().any(|(code, _)| *code == "unknown_order") {
            // Somebody else's.
            cases.push(case(tool.name, "order", "o5", "unknown_order"));
        }
    }
    check_refusals::<Retail>(&cases);
}

#[test]
fn tools_do_what_they_say() {
    let mut session: Session<Retail> = Session::new();
    session.reset(&shop(None).to_string()).unwrap();
    let steps = [
        ("sign_in", json!({"name": "ada", "zip": "12345"}), json!({"customer": "u1"})),
        ("track_order", sound("track_order"), json!({"days": 3})),
        ("exchange_order", sound("exchange_order"), json!({"option": "blue", "paid": 45})),
        ("set_method", sound("set_method"), json!({"method": "m3"})),
        ("add_address", sound("add_address"), json!({"address": "a6"})),
        ("set_address", changed("set_address", "address", "a6"), json!({"address": "a6"})),
        (
            "get_order",
            json!({"order": "o1"}),
            json!({"product": "lamp", "option": "red", "status": "pending", "paid": 40, "method": "m3", "address": "a6"}),
        ),
        ("cancel_order", sound("cancel_order"), json!({"refund": 40})),
        ("get_refund", json!({"order": "o1"}), json!({"amount": 40, "method": "m3"})),
        ("place_order", json!({"item": "i4", "method": "m3", "address": "a2"}), json!({"order": "o7", "paid": 90})),
        ("hand_over", sound("hand_over"), json!({"reason": "complaint"})),
        (
            "list_methods",
            json!({}),
            json!({"methods": [
                {"method": "m1", "kind": "visa", "left": 535}, {"method": "m2", "kind": "gift", "left": 10},
                {"method": "m3", "kind": "paypal", "left": 310},
            ]}),
        ),
    ];
    for (tool, args, want) in steps {
        let got = session.call(tool, &args, Side::Agent, &mut Quiet::new());
        assert_eq!(got.as_ref(), Ok(&want), "{tool} {args}");
    }
}

#[test]
fn broken_shops_are_refused() {
    let breaks = [
        ("/me", json!("u9"), "u9"),
        ("/orders/o1/item", json!("i9"), "o1"),
        ("/orders/o1/status", json!("lost"), "o1"),
        ("/orders/o1/owner", json!("u9"), "u9"),
        ("/refunds", json!({"o9": {"method": "m1", "amount": 1}}), "o9"),
        ("/next", json!(5), "next number"),
        ("/items/i1/price", json!(4_000_000_000_u32), "too large"),
    ];
    for (place, value, says) in breaks {
        let mut state = shop(Some("u1"));
        *state.pointer_mut(place).unwrap() = value;
        let error = Session::<Retail>::new().reset(&state.to_string()).expect_err(place);
        assert!(error.contains(says), "{place}: {error}");
    }
}
