//! Orders that change: cancelled, sent elsewhere, exchanged.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Named, Story, options, order};
use crate::state::{CANCEL, RETURN_DAYS};
use crate::world::street;

/// How customers put the codes of [`CANCEL`].
const REASONS: [[&str; 3]; 4] = [
    ["it was a mistake", "I ordered it by mistake", "mistake"],
    ["it comes too late", "delivery is too late", "too_late"],
    ["I found it cheaper", "another shop is cheaper", "cheaper"],
    ["it is not needed any more", "I do not need it, not needed", "not_needed"],
];

pub fn cancel(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "pending")?;
    let at = t.rng.below(CANCEL.len());
    let refund = t.call("cancel_order", json!({"order": o.id, "reason": CANCEL[at]}))["refund"].to_string();
    let why = t.rng.pick(&REASONS[at]);
    let slots = [("o", o.words.as_str()), ("why", why)];
    let text = t.say(
        &["Cancel {o}: {why}.", "Please cancel {o}, {why}.", "I want to cancel {o} because {why}.", "Stop {o}. {why}."],
        &slots,
    );
    let hole = t.say(&["cancel {o}", "stop {o}", "I want to cancel {o}."], &slots);
    let reply = t.reply(&["{x}.", "Because {x}.", "The reason: {x}."], why);
    let answer = format!("{} is cancelled, {refund} euros come back.", o.id);
    Some(Beat::new(text, answer).fact(refund).lacking("reason", hole, reply))
}

/// An order that cannot be cancelled any more.
pub fn cancel_or_hand_over(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "shipped" || order.status == "delivered")?;
    let at = t.rng.below(CANCEL.len());
    t.refused("cancel_order", json!({"order": o.id, "reason": CANCEL[at]}), "not_pending");
    t.call("hand_over", json!({"reason": "not_pending"}));
    let why = t.rng.pick(&REASONS[at]);
    let text = t.say(
        &[
            "Cancel {o}, {why}. If it is not pending, hand me over.",
            "Try to cancel {o}: {why}. Else let me talk to a person.",
            "cancel {o}, {why}, or hand me over if that fails",
        ],
        &[("o", &o.words), ("why", why)],
    );
    Some(Beat::new(text, format!("{} is not pending, I hand you over.", o.id)))
}

/// To an address that the shop knows.
pub fn readdress(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "pending")?;
    let now = t.state().orders[&o.id].address.clone();
    let state = t.state();
    let others: Vec<(String, String)> = state
        .mine(&state.addresses, |address| &address.owner)
        .filter(|(id, _)| **id != now)
        .map(|(id, address)| (id.clone(), address.street.clone()))
        .collect();
    let (id, street) = t.choose(&others)?;
    let words = if t.memory.addresses || !t.rng.one_in(3) {
        if !t.memory.addresses {
            t.call("list_addresses", json!({}));
            t.memory.addresses = true;
        }
        street
    } else {
        id.clone()
    };
    t.call("set_address", json!({"order": o.id, "address": id}));
    let slots = [("o", o.words.as_str()), ("a", words.as_str())];
    let text = t.say(
        &[
            "send {o} to {a}",
            "send {o} to my address {a}",
            "deliver {o} to {a} instead",
            "{o} should go to {a}.",
            "Ship {o} to my other address, {a}.",
        ],
        &slots,
    );
    let hole = t.say(&["send {o} to another address", "change the address of {o}", "deliver {o} elsewhere"], &slots);
    let reply = t.reply(&["{x}.", "To {x}.", "It should go to {x}."], &words);
    Some(Beat::new(text, format!("{} goes to {id}.", o.id)).lacking("address", hole, reply))
}

/// To an address that must be noted first.
pub fn new_address(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "pending")?;
    let taken: Vec<String> = t.state().addresses.values().map(|address| address.street.clone()).collect();
    let street = street(&mut t.rng, &taken);
    let id = t.call("add_address", json!({"street": street}))["address"].clone();
    t.call("set_address", json!({"order": o.id, "address": id}));
    let slots = [("o", o.words.as_str()), ("a", street.as_str())];
    let text = t.say(
        &[
            "I moved to {a}. Send {o} there.",
            "Note my new address {a} and send {o} there.",
            "My new address is {a}. {o} should go there.",
            "add the address {a} and use it for {o}",
        ],
        &slots,
    );
    let hole = t.say(&["I moved. Send {o} to my new address.", "note a new address and use it for {o}"], &slots);
    let reply = t.reply(&["{x}.", "I live at {x} now.", "It is {x}."], &street);
    Some(Beat::new(text, format!("{} goes to {a}.", o.id, a = street)).lacking("address", hole, reply))
}

/// Another option of a product: id, option, whether it is in stock.
type Other = (String, String, bool);

/// A delivered order in time, its product, and the other options of that.
fn swap(t: &mut Story) -> Option<(Named, String, Vec<Other>)> {
    let o = order(t, |_, order| order.status == "delivered" && order.days <= RETURN_DAYS)?;
    let state = t.state();
    let order = &state.orders[&o.id];
    let product = state.item_of(order).product.clone();
    let others = state.items.iter().filter(|(id, item)| item.product == product && **id != order.item);
    let others = others.map(|(id, item)| (id.clone(), item.option.clone(), item.stock > 0)).collect();
    Some((o, product, others))
}

pub fn exchange(t: &mut Story) -> Option<Beat> {
    let (o, product, others) = swap(t)?;
    let (item, option, _) = t.choose(&others)?;
    options(t, &product);
    t.call("exchange_order", json!({"order": o.id, "item": item}));
    let slots = [("o", o.words.as_str()), ("option", option.as_str()), ("product", product.as_str())];
    let text = t.say(
        &[
            "exchange {o} for a {option} {product}",
            "swap {o} for the {product} in {option}",
            "I want a {option} {product} for {o} instead.",
            "The colour is wrong. Exchange {o} for the {option} {product}.",
        ],
        &slots,
    );
    let hole = t.say(
        &["exchange {o} for another {product}", "swap {o} for another {product}", "I want another {product} for {o}."],
        &slots,
    );
    let reply = t.reply(&["In {x}.", "{x}.", "the {x} one"], &option);
    Some(Beat::new(text, format!("{} is exchanged for {option}.", o.id)).lacking("colour", hole, reply))
}

/// Another option, should the first be sold out: the stock tells.
pub fn exchange_either(t: &mut Story) -> Option<Beat> {
    let (o, product, others) = swap(t)?;
    let [first, second] = &others[..] else { return None };
    let chosen = if first.2 { first } else { second };
    options(t, &product);
    t.call("exchange_order", json!({"order": o.id, "item": chosen.0}));
    let text = t.say(
        &[
            "Exchange {o} for a {first} {product}, or {second} if that is sold out.",
            "swap {o} for the {product} in {first}, if sold out in {second}",
            "I want the {first} {product} for {o}; {second} if there is none.",
        ],
        &[("o", &o.words), ("first", &first.1), ("second", &second.1), ("product", &product)],
    );
    Some(Beat::new(text, format!("{} is exchanged for {}.", o.id, chosen.1)))
}
