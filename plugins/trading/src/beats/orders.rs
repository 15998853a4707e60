//! Orders: making, changing and cancelling them, and the ways around a refusal.

use coevo_sdk::story::Beat;
use coevo_sdk::{Value, json};

use super::{Desk, Named, named_order, stock};
use crate::state::{Side, Status, Stock};
use crate::talk;

/// Speaks of the order just made.
fn placed(t: &mut Desk, text: String, made: &Value) -> Beat {
    let id = made["order"].as_str().unwrap_or_default();
    t.memory.order = coevo_sdk::args::id(id, 'o');
    t.memory.made.extend(t.memory.order);
    t.memory.listed = false;
    let symbol = t.memory.order.map(|id| t.state().orders[&id].symbol.clone());
    t.memory.priced.extend(symbol.filter(|_| made.get("price").is_some()));
    let status = made["status"].as_str().unwrap_or_default();
    Beat::new(text, format!("Order {id} is {status}.")).fact(id)
}

fn price(t: &Desk, s: &Named) -> u32 {
    t.state().stocks[&s.symbol].price
}

fn any(_: &crate::State, _: &str, stock: &Stock) -> bool {
    !stock.halted
}

fn held(state: &crate::State, symbol: &str, _: &Stock) -> bool {
    state.holdings.get(symbol).is_some_and(|shares| *shares >= 3)
}

/// Leaves out the number of shares or the stock.
fn or_lacking(
    t: &mut Desk,
    beat: Beat,
    s: &Named,
    n: u32,
    without_n: &[&'static str],
    without_s: &[&'static str],
) -> Beat {
    let n = n.to_string();
    if t.rng.one_in(2) {
        let (hole, reply) = (t.say(without_n, &[("s", &s.words)]), t.reply(talk::REPLY_SHARES, &n));
        beat.lacking("number", hole, reply)
    } else {
        let (hole, reply) = (t.say(without_s, &[("n", &n)]), t.reply(talk::REPLY, &s.definite));
        beat.lacking("stock", hole, reply)
    }
}

pub(super) fn buy(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &any)?;
    let n = t.rng.range(2, 12);
    let made = t.call("buy", json!({"symbol": s.symbol, "shares": n}));
    let text = t.say(talk::BUY, &[("s", &s.words), ("n", &n.to_string())]);
    let beat = placed(t, text, &made);
    Some(or_lacking(t, beat, &s, n, talk::BUY_NO_N, talk::BUY_NO_S))
}

pub(super) fn sell(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &held)?;
    let n = t.rng.range(1, t.state().holdings[&s.symbol] - 1);
    let made = t.call("sell", json!({"symbol": s.symbol, "shares": n}));
    let text = t.say(talk::SELL, &[("s", &s.words), ("n", &n.to_string())]);
    let beat = placed(t, text, &made);
    Some(or_lacking(t, beat, &s, n, talk::SELL_NO_N, talk::SELL_NO_S))
}

pub(super) fn buy_limit(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &any)?;
    let (n, p) = (t.rng.range(2, 9), price(t, &s) + t.rng.range(0, 9) - 6);
    let made = t.call("buy", json!({"symbol": s.symbol, "shares": n, "limit": p}));
    limited(t, &s, n, p, &made, talk::BUY_LIMIT, talk::BUY_LIMIT_NO)
}

pub(super) fn sell_limit(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &held)?;
    let (n, p) = (t.rng.range(1, t.state().holdings[&s.symbol]), price(t, &s) + t.rng.range(0, 9) - 3);
    let made = t.call("sell", json!({"symbol": s.symbol, "shares": n, "limit": p}));
    limited(t, &s, n, p, &made, talk::SELL_LIMIT, talk::SELL_LIMIT_NO)
}

fn limited(
    t: &mut Desk,
    s: &Named,
    n: u32,
    p: u32,
    made: &Value,
    ask: &[&'static str],
    without: &[&'static str],
) -> Option<Beat> {
    let (n, p) = (n.to_string(), p.to_string());
    let slots = [("s", s.words.as_str()), ("n", n.as_str()), ("p", p.as_str())];
    let text = t.say(ask, &slots);
    let (hole, reply) = (t.say(without, &slots), t.reply(talk::REPLY_PRICE, &p));
    Some(placed(t, text, made).lacking("limit", hole, reply))
}

/// A limit that has to be looked up.
pub(super) fn buy_now(t: &mut Desk) -> Option<Beat> {
    let priced = t.memory.priced.clone();
    let s = stock(t, false, &|_, symbol, _| !priced.contains(symbol))?;
    t.memory.priced.insert(s.symbol.clone());
    let n = t.rng.range(2, 9);
    let p = t.call("quote", json!({"symbol": s.symbol}))["price"].clone();
    let made = t.call("buy", json!({"symbol": s.symbol, "shares": n, "limit": p}));
    let text = t.say(talk::BUY_NOW, &[("s", &s.words), ("n", &n.to_string())]);
    Some(placed(t, text, &made))
}

/// A limit where the market is closed.
pub(super) fn buy_later(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, true, &any)?;
    let (n, p) = (t.rng.range(2, 9), price(t, &s) - t.rng.range(1, 5));
    let mut arguments = json!({"symbol": s.symbol, "shares": n});
    if !t.state().open {
        t.refused("buy", arguments.clone(), "market_closed");
        arguments["limit"] = json!(p);
    }
    let made = t.call("buy", arguments);
    let text = t.say(talk::BUY_LATER, &[("s", &s.words), ("n", &n.to_string()), ("p", &p.to_string())]);
    Some(placed(t, text, &made))
}

/// A deposit where the cash is too low.
pub(super) fn buy_deposit(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, true, &any)?;
    let (price, cash) = (price(t, &s), t.state().cash);
    let low = !t.rng.one_in(3);
    let n = if low { cash / price + t.rng.range(1, 4) } else { (cash / price).min(8) };
    let needed = (n * price).saturating_sub(cash);
    let a = (needed / 100 + 1 + t.rng.range(0, 2)) * 100;
    let arguments = json!({"symbol": s.symbol, "shares": n});
    if n == 0 || !t.state().open {
        return None;
    }
    if low {
        t.refused("buy", arguments.clone(), "insufficient_funds");
        t.call("deposit", json!({"amount": a}));
    }
    let made = t.call("buy", arguments);
    let text = t.say(talk::BUY_DEPOSIT, &[("s", &s.words), ("n", &n.to_string()), ("a", &a.to_string())]);
    Some(placed(t, text, &made))
}

/// Shares that have to be looked up.
pub(super) fn sell_all(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, true, &held)?;
    t.call("get_holdings", json!({}));
    let mut arguments = json!({"symbol": s.symbol, "shares": t.state().holdings[&s.symbol]});
    if t.state().open {
        let made = t.call("sell", arguments);
        let text = t.say(talk::SELL_ALL, &[("s", &s.words)]);
        return Some(placed(t, text, &made));
    }
    let p = price(t, &s) + t.rng.range(0, 5);
    arguments["limit"] = json!(p);
    let made = t.call("sell", arguments);
    let text = t.say(talk::SELL_ALL_LIMIT, &[("s", &s.words), ("p", &p.to_string())]);
    Some(placed(t, text, &made))
}

pub(super) fn cancel(t: &mut Desk) -> Option<Beat> {
    let (id, o, definite) = named_order(t, &|order| order.status == Status::Waiting)?;
    t.call("cancel_order", json!({"order": format!("o{id}")}));
    t.memory.listed = false;
    let text = t.say(talk::CANCEL, &[("o", &o)]);
    let (hole, reply) = (t.say(talk::CANCEL_NO, &[]), t.reply(talk::REPLY, &definite));
    Some(Beat::new(text, format!("Cancelled o{id}.")).lacking("order", hole, reply))
}

/// Cancels, or sells again what was bought already.
pub(super) fn cancel_sell(t: &mut Desk) -> Option<Beat> {
    let filled = !t.rng.one_in(3);
    let wanted = if filled { Status::Filled } else { Status::Waiting };
    let (id, o, _) = named_order(t, &|order| order.side == Side::Buy && order.status == wanted)?;
    let order = t.state().orders[&id].clone();
    let n = order.shares.min(t.state().holdings.get(&order.symbol).copied().unwrap_or(order.shares));
    if !t.state().open {
        return None;
    }
    let cancelled = json!({"order": format!("o{id}")});
    let slots = [("o", o.clone()), ("n", n.to_string()), ("s", order.symbol.clone())];
    let slots: Vec<(&str, &str)> = slots.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let text = t.say(talk::CANCEL_SELL, &slots);
    if filled {
        t.refused("cancel_order", cancelled, "not_waiting");
        let made = t.call("sell", json!({"symbol": order.symbol, "shares": n}));
        return Some(placed(t, text, &made));
    }
    t.call("cancel_order", cancelled);
    t.memory.listed = false;
    Some(Beat::new(text, format!("Cancelled o{id}.")))
}

pub(super) fn change_limit(t: &mut Desk) -> Option<Beat> {
    let (id, o, _) = named_order(t, &|order| order.status == Status::Waiting)?;
    let now = t.state().orders[&id].limit?;
    let p = now + t.rng.range(0, 4) - 2;
    t.call("change_limit", json!({"order": format!("o{id}"), "limit": p}));
    t.memory.listed = false;
    let p = p.to_string();
    let text = t.say(talk::LIMIT, &[("o", &o), ("p", &p)]);
    let (hole, reply) = (t.say(talk::LIMIT_NO, &[("o", &o)]), t.reply(talk::REPLY_PRICE, &p));
    Some(Beat::new(text, format!("The limit of o{id} is {p}.")).lacking("limit", hole, reply))
}
