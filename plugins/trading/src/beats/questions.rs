//! Questions: the answer must give what a tool told.

use coevo_sdk::story::Beat;
use coevo_sdk::{Value, json};

use super::{Desk, named_order, stock};
use crate::talk;
use crate::words::SECTORS;

pub(super) fn quote(t: &mut Desk) -> Option<Beat> {
    let priced = t.memory.priced.clone();
    let s = stock(t, false, &|_, symbol, _| !priced.contains(symbol))?;
    t.memory.priced.insert(s.symbol.clone());
    let price = t.call("quote", json!({"symbol": s.symbol}))["price"].to_string();
    let text = t.say(talk::QUOTE, &[("s", &s.words)]);
    let (hole, reply) = (t.say(talk::QUOTE_NO, &[]), t.reply(talk::REPLY, &s.definite));
    Some(Beat::new(text, format!("{} costs {price}.", s.symbol)).fact(price).lacking("stock", hole, reply))
}

pub(super) fn symbol(t: &mut Desk) -> Option<Beat> {
    let unknown: Vec<String> = t
        .state()
        .stocks
        .iter()
        .filter(|(symbol, _)| !t.memory.symbols.contains(*symbol))
        .map(|(_, stock)| stock.company.clone())
        .collect();
    let company = t.choose(&unknown)?;
    let found = t.call("find_stock", json!({"company": company}))["symbol"].as_str()?.to_owned();
    t.memory.symbols.insert(found.clone());
    t.memory.focus = Some(found.clone());
    let text = t.say(talk::SYMBOL, &[("s", &company)]);
    let (hole, reply) = (t.say(talk::SYMBOL_NO, &[]), t.reply(talk::REPLY, &company));
    Some(Beat::new(text, format!("The symbol is {found}.")).fact(found).lacking("company", hole, reply))
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A beat whose answer lists everything; nothing where there is nothing, or too much, to list.
fn listing(text: String, intro: &str, items: &[String]) -> Option<Beat> {
    let beat = Beat::new(text, format!("{intro}: {}.", items.join(", ")));
    (1..=4).contains(&items.len()).then(|| items.iter().fold(beat, |beat, item| beat.fact(item)))
}

pub(super) fn sector(t: &mut Desk) -> Option<Beat> {
    let x = t.rng.pick(&SECTORS);
    let symbols = strings(&t.call("list_sector", json!({"sector": x}))["symbols"]);
    t.memory.focus = None;
    let text = t.say(talk::SECTOR, &[("x", x)]);
    let (hole, reply) = (t.say(talk::SECTOR_NO, &[]), t.reply(talk::REPLY, x));
    Some(listing(text, "There are", &symbols)?.lacking("sector", hole, reply))
}

pub(super) fn hours(t: &mut Desk) -> Option<Beat> {
    let told = t.call("market_hours", json!({}));
    let (ask, what, intro) = match t.rng.below(3) {
        0 => (talk::IS_OPEN, "market", "The market is"),
        1 => (talk::OPENS, "opens", "It opens at"),
        _ => (talk::CLOSES, "closes", "It closes at"),
    };
    let value = told[what].as_str()?;
    let text = t.say(ask, &[]);
    Some(Beat::new(text, format!("{intro} {value}.")).fact(value))
}

pub(super) fn funds(t: &mut Desk) -> Option<Beat> {
    if std::mem::replace(&mut t.memory.funds, true) {
        return None;
    }
    let told = t.call("get_funds", json!({}));
    let (ask, what, intro) =
        if t.rng.one_in(3) { (talk::BANK, "bank", "The bank has") } else { (talk::CASH, "cash", "Your cash is") };
    let value = told[what].to_string();
    let text = t.say(ask, &[]);
    Some(Beat::new(text, format!("{intro} {value}.")).fact(value))
}

pub(super) fn holdings(t: &mut Desk) -> Option<Beat> {
    if t.rng.one_in(3) {
        let told = t.call("get_holdings", json!({}));
        let symbols: Vec<String> =
            told["holdings"].as_array()?.iter().filter_map(|held| held["symbol"].as_str().map(str::to_owned)).collect();
        let text = t.say(talk::HOLDINGS, &[]);
        t.memory.focus = None;
        return listing(text, "You hold", &symbols);
    }
    let s = stock(t, true, &|state, symbol, _| state.holdings.contains_key(symbol))?;
    t.call("get_holdings", json!({}));
    let shares = t.state().holdings[&s.symbol].to_string();
    let text = t.say(talk::HELD, &[("s", &s.words)]);
    Some(Beat::new(text, format!("You hold {shares}.")).fact(shares))
}

pub(super) fn watchlist(t: &mut Desk) -> Option<Beat> {
    let symbols = strings(&t.call("get_watchlist", json!({}))["symbols"]);
    t.memory.focus = None;
    let text = t.say(talk::WATCHED, &[]);
    listing(text, "You watch", &symbols)
}

pub(super) fn orders(t: &mut Desk) -> Option<Beat> {
    let told = t.call("list_orders", json!({}));
    let ids: Vec<String> =
        told["orders"].as_array()?.iter().filter_map(|order| order["order"].as_str().map(str::to_owned)).collect();
    t.memory.listed = true;
    t.memory.order = None;
    let text = t.say(talk::ORDERS, &[]);
    listing(text, "Waiting", &ids)
}

pub(super) fn order(t: &mut Desk) -> Option<Beat> {
    let (id, words, definite) = named_order(t, &|_| true)?;
    if !t.memory.made.insert(id) {
        return None;
    }
    let told = t.call("get_order", json!({"order": format!("o{id}")}));
    let (ask, value, intro) = if t.rng.one_in(2) {
        (talk::ORDER, told["status"].as_str()?.to_owned(), "It is")
    } else {
        (talk::ORDER_SHARES, told["shares"].to_string(), "Shares:")
    };
    let text = t.say(ask, &[("o", &words)]);
    let (hole, reply) = (t.say(talk::ORDER_NO, &[]), t.reply(talk::REPLY, &definite));
    Some(Beat::new(text, format!("{intro} {value}.")).fact(value).lacking("order", hole, reply))
}
