//! Signing in, questions, and complaints.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Story, options, order};

/// The customer's name and zip.
fn who(t: &Story) -> Option<(String, String)> {
    let state = t.state();
    let me = state.orders.values().find(|order| order.status == "pending")?.owner.clone();
    let customer = state.customers.get(&me)?;
    state.me.is_none().then(|| (customer.name.clone(), customer.zip.clone()))
}

pub fn sign_in(t: &mut Story) -> Option<Beat> {
    let (name, zip) = who(t)?;
    let id = t.call("sign_in", json!({"name": name, "zip": zip}))["customer"].as_str()?.to_owned();
    let slots = [("name", name.as_str()), ("zip", zip.as_str())];
    let text = t.say(
        &[
            "Hello, I am {name}, zip {zip}.",
            "sign me in: {name}, zip {zip}",
            "This is {name}. My zip is {zip}.",
            "My name is {name} and I live in {zip}.",
            "{name} here, {zip}. I need help with an order.",
        ],
        &slots,
    );
    let hole = t.say(&["Hello, I am {name}.", "sign me in, I am {name}", "This is {name}, I need help."], &slots);
    let reply = t.reply(&["{x}.", "My zip is {x}.", "It is {x}."], &zip);
    Some(Beat::new(text, format!("Welcome {name}, you are {id}.")).lacking("zip", hole, reply))
}

pub fn sign_in_and_list(t: &mut Story) -> Option<Beat> {
    let (name, zip) = who(t)?;
    t.call("sign_in", json!({"name": name, "zip": zip}));
    let text = t.say(
        &[
            "I am {name}, zip {zip}. What are my orders?",
            "{name}, {zip}. Which orders do I have?",
            "sign me in ({name}, {zip}) and list my orders",
            "This is {name} from {zip}. Show me my orders.",
        ],
        &[("name", &name), ("zip", &zip)],
    );
    listed(t, text)
}

pub fn list(t: &mut Story) -> Option<Beat> {
    let text = t.say(
        &[
            "list my orders",
            "Which orders do I have?",
            "show me all my orders",
            "What have I ordered so far?",
            "I lost track. What did I order?",
        ],
        &[],
    );
    listed(t, text)
}

fn listed(t: &mut Story, text: String) -> Option<Beat> {
    let found = t.call("list_orders", json!({}));
    t.memory.orders = true;
    let ids: Vec<String> =
        found["orders"].as_array()?.iter().filter_map(|order| order["order"].as_str().map(str::to_owned)).collect();
    let beat = Beat::new(text, format!("Your orders: {}.", ids.join(", ")));
    Some(ids.into_iter().fold(beat, Beat::fact))
}

/// One field of an order.
pub fn detail(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, _| true)?;
    let found = t.call("get_order", json!({"order": o.id}));
    let (field, templates): (_, &[&'static str]) = match t.rng.below(4) {
        3 if found["days"].is_u64() => (
            "days",
            &["How many days ago did {o} arrive?", "For how many days do I have {o}?", "count the days since {o} came"],
        ),
        0 => (
            "paid",
            &["What did I pay for {o}?", "How much was {o}?", "tell me the price of {o}", "look up what {o} cost"],
        ),
        1 => ("option", &["Which colour is {o}?", "What colour did I choose for {o}?", "tell me the colour of {o}"]),
        _ => ("method", &["How was {o} paid?", "Which method paid for {o}?", "look up the payment method of {o}"]),
    };
    let value = found[field].as_str().map_or_else(|| found[field].to_string(), str::to_owned);
    let slots = [("o", o.words.as_str()), ("id", o.id.as_str())];
    let text = t.say(templates, &slots);
    let beat = Beat::new(text, format!("For {}: {value}.", o.id)).fact(value);
    if o.words == o.id || o.words.ends_with(&format!("order {}", o.id)) {
        let hole: &[&'static str] = match field {
            "paid" => &["What did I pay?", "tell me the price of an order"],
            "days" => &["How many days ago did it arrive?", "count the days since an order came"],
            "option" => &["Which colour did I choose?", "look up the colour of an order"],
            _ => &["How did I pay?", "look up how an order was paid"],
        };
        let hole = t.say(hole, &slots);
        let reply = t.reply(&["{x}.", "For {x}.", "order {x}", "I mean {x}."], &o.id);
        return Some(beat.lacking("order", hole, reply));
    }
    Some(beat)
}

pub fn track(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "shipped")?;
    let days = t.call("track_order", json!({"order": o.id}))["days"].to_string();
    let text = t.say(
        &[
            "When will {o} arrive?",
            "Where is {o}? When does it come?",
            "How many days until {o} is here?",
            "track {o} for me",
            "I wait for {o}. How long does it take?",
        ],
        &[("o", &o.words)],
    );
    Some(Beat::new(text, format!("{} arrives in {days} days.", o.id)).fact(days))
}

pub fn refund(t: &mut Story) -> Option<Beat> {
    let o = order(t, |_, order| order.status == "returned" || order.status == "cancelled")?;
    let amount = t.call("get_refund", json!({"order": o.id}))["amount"].to_string();
    let text = t.say(
        &[
            "How much was refunded for {o}?",
            "What is the refund of {o}?",
            "Did I get money back for {o}? How much?",
            "check the refund for {o}",
            "tell me what came back for {o}",
        ],
        &[("o", &o.words)],
    );
    Some(Beat::new(text, format!("{amount} euros were refunded.")).fact(amount))
}

/// The price of a product in an option.
pub fn price(t: &mut Story) -> Option<Beat> {
    let items: Vec<(String, String, u32)> =
        t.state().items.values().map(|item| (item.product.clone(), item.option.clone(), item.price)).collect();
    let (product, option, price) = t.choose(&items)?;
    if t.memory.products.contains(&product) {
        return None;
    }
    options(t, &product);
    let slots = [("product", product.as_str()), ("option", option.as_str())];
    let text = t.say(
        &[
            "What does a {option} {product} cost?",
            "How much is the {product} in {option}?",
            "tell me the price of a {option} {product}",
            "I look for a {product} in {option}. The price?",
        ],
        &slots,
    );
    let hole =
        t.say(&["What does a {product} cost?", "How much is a {product}?", "tell me the price of a {product}"], &slots);
    let reply = t.reply(&["{x}.", "In {x}.", "the {x} one"], &option);
    Some(Beat::new(text, format!("It costs {price} euros.")).fact(price.to_string()).lacking("colour", hole, reply))
}

pub fn complain(t: &mut Story) -> Option<Beat> {
    t.call("hand_over", json!({"reason": "complaint"}));
    let text = t.say(
        &[
            "I have a complaint, hand me over to a person.",
            "I want to complain to a person.",
            "This shop is a mess. Let me complain to a person.",
            "hand me over, it is a complaint",
        ],
        &[],
    );
    Some(Beat::new(text, "I hand you over."))
}
