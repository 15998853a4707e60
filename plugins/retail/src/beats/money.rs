//! Returns, payment and purchases.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Named, Story, method, options, order};
use crate::state::{Order, RETURN_DAYS};

fn fresh(order: &Order) -> bool {
    order.status == "delivered" && order.days <= RETURN_DAYS
}

const RETURN: &[&str] = &[
    "return {o}, refund to {m}",
    "send {o} back and refund {m}",
    "I do not like {o}. Return it, money to {m}.",
    "I want to return {o}. Refund it to {m}.",
    "{o} is too small. Return it and refund {m}.",
];

/// To the method that paid, or to the gift card.
pub fn give_back(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| fresh(order))?;
    let paid_with = t.state().orders[&o.id].method.clone();
    let m = method(t, |id, method| id == paid_with || method.kind == "gift")?;
    let refund = t.call("return_order", json!({"order": o.id, "method": m.id}))["refund"].to_string();
    let slots = [("o", o.words.as_str()), ("m", m.words.as_str())];
    let text = t.say(RETURN, &slots);
    let hole =
        t.say(&["return {o}", "send {o} back", "I do not like {o}, return it.", "I want to return {o}."], &slots);
    let reply = t.reply(&["To {x}.", "{x}, please.", "The refund goes to {x}."], &m.words);
    let answer = format!("{} is returned, {refund} euros refunded.", o.id);
    Some(Beat::new(text, answer).fact(refund).lacking("refund method", hole, reply))
}

/// First to a method that policy does not allow.
pub fn give_back_either(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| fresh(order))?;
    let paid_with = t.state().orders[&o.id].method.clone();
    let wrong = method(t, |id, method| id != paid_with && method.kind != "gift")?;
    let right = method(t, |id, method| id == paid_with || method.kind == "gift")?;
    t.refused("return_order", json!({"order": o.id, "method": wrong.id}), "wrong_method");
    let refund = t.call("return_order", json!({"order": o.id, "method": right.id}))["refund"].to_string();
    let text = t.say(
        &[
            "Return {o}, refund to {wrong}, or to {right} if that is not allowed.",
            "send {o} back, money to {wrong}, else to {right}",
            "I return {o}. Refund {wrong}; if you may not, {right}.",
        ],
        &[("o", &o.words), ("wrong", &wrong.words), ("right", &right.words)],
    );
    Some(Beat::new(text, format!("{} is returned, {refund} euros refunded.", o.id)).fact(refund))
}

/// After the thirty days.
pub fn give_back_late(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "delivered" && order.days > RETURN_DAYS)?;
    let paid_with = t.state().orders[&o.id].method.clone();
    let m = method(t, |id, _| id == paid_with)?;
    t.refused("return_order", json!({"order": o.id, "method": m.id}), "too_late");
    t.call("hand_over", json!({"reason": "late_return"}));
    let text = t.say(
        &[
            "Return {o}, refund to {m}. If it is a late return, hand me over.",
            "send {o} back, money to {m}, or hand me over if I am late",
            "Can {o} go back, refund to {m}? If it is too late, get me a person.",
        ],
        &[("o", &o.words), ("m", &m.words)],
    );
    Some(Beat::new(text, format!("It is too late to return {}, I hand you over.", o.id)))
}

/// Another method for a pending order; a gift card may have too little left.
pub fn pay_otherwise(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "pending")?;
    let Order { method: now, paid, .. } = t.state().orders[&o.id].clone();
    if let Some(poor) = method(t, |id, method| id != now && method.left < paid).filter(|_| t.rng.one_in(2)) {
        let right = method(t, |id, method| id != now && method.left >= paid)?;
        t.refused("set_method", json!({"order": o.id, "method": poor.id}), "declined");
        t.call("set_method", json!({"order": o.id, "method": right.id}));
        let text = t.say(
            &[
                "Charge {o} to {poor}, or to {right} if it is declined.",
                "let me pay {o} with {poor}, else with {right}",
                "pay {o} from {poor}; if that is declined take {right}",
            ],
            &[("o", &o.words), ("poor", &poor.words), ("right", &right.words)],
        );
        return Some(Beat::new(text, format!("{} is paid with {}.", o.id, right.id)));
    }
    let m = method(t, |id, method| id != now && method.left >= paid)?;
    t.call("set_method", json!({"order": o.id, "method": m.id}));
    let slots = [("o", o.words.as_str()), ("m", m.words.as_str())];
    let text = t.say(
        &["charge {o} to {m}", "let me pay {o} with {m}", "pay {o} with {m} instead", "{o} should be paid with {m}."],
        &slots,
    );
    let hole =
        t.say(&["let me pay {o} otherwise", "charge {o} to another method", "change the payment of {o}"], &slots);
    let reply = t.reply(&["{x}.", "With {x}.", "Use {x}."], &m.words);
    Some(Beat::new(text, format!("{} is paid with {}.", o.id, m.id)).lacking("payment method", hole, reply))
}

pub fn buy(t: &mut Story) -> Option<Beat> {
    let items: Vec<(String, String, String, u32)> = t
        .state()
        .items
        .iter()
        .filter(|(_, item)| item.stock > 0)
        .map(|(id, item)| (id.clone(), item.product.clone(), item.option.clone(), item.price))
        .collect();
    let (item, product, option, price) = t.choose(&items)?;
    let m: Named = method(t, |_, method| method.left >= price)?;
    let state = t.state();
    let mine: Vec<String> = state.mine(&state.addresses, |address| &address.owner).map(|(id, _)| id.clone()).collect();
    let address = t.choose(&mine)?;
    options(t, &product);
    let arguments = json!({"item": item, "method": m.id, "address": address});
    let id = t.call("place_order", arguments)["order"].as_str().unwrap_or_default().to_owned();
    t.memory.focus = Some(id.clone());
    let slots =
        [("option", option.as_str()), ("product", product.as_str()), ("m", m.words.as_str()), ("a", address.as_str())];
    let text = t.say(
        &[
            "order a {option} {product} to {a}, pay with {m}",
            "buy the {product} in {option}, send it to {a}, charge {m}",
            "I want a {option} {product} sent to {a}. Pay with {m}.",
            "A {option} {product} to address {a}, please, on {m}.",
        ],
        &slots,
    );
    let beat = Beat::new(text, format!("Ordered as {id}.")).fact(id);
    Some(if t.rng.one_in(2) {
        let hole =
            t.say(&["order a {product} to {a}, pay with {m}", "buy a {product}, send it to {a}, charge {m}"], &slots);
        let reply = t.reply(&["{x}.", "In {x}.", "the {x} one"], &option);
        beat.lacking("colour", hole, reply)
    } else {
        let hole = t.say(&["order a {option} {product}, pay with {m}", "buy the {product} in {option} on {m}"], &slots);
        let reply = t.reply(&["To {x}.", "{x}.", "Send it to {x}."], &address);
        beat.lacking("address", hole, reply)
    })
}
