//! Money, watchlist and alerts.

use coevo_sdk::json;
use coevo_sdk::story::Beat;

use super::{Desk, stock};
use crate::state::WATCH_MOST;
use crate::talk;

pub(super) fn deposit(t: &mut Desk) -> Option<Beat> {
    let a = 50 * t.rng.range(2, 40);
    t.call("deposit", json!({"amount": a}));
    moved(t, a, talk::DEPOSIT, talk::DEPOSIT_NO)
}

pub(super) fn withdraw(t: &mut Desk) -> Option<Beat> {
    let a = 50 * t.rng.range(1, 12);
    t.call("withdraw", json!({"amount": a}));
    moved(t, a, talk::WITHDRAW, talk::WITHDRAW_NO)
}

fn moved(t: &mut Desk, a: u32, ask: &[&'static str], without: &[&'static str]) -> Option<Beat> {
    t.memory.funds = true;
    let (a, cash) = (a.to_string(), t.state().cash.to_string());
    let text = t.say(ask, &[("a", &a)]);
    let (hole, reply) = (t.say(without, &[]), t.reply(talk::REPLY_AMOUNT, &a));
    Some(Beat::new(text, format!("Your cash is {cash}.")).fact(cash).lacking("amount", hole, reply))
}

pub(super) fn watch(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &|state, symbol, _| !state.watchlist.contains(symbol))?;
    t.call("watch", json!({"symbol": s.symbol}));
    let text = t.say(talk::WATCH, &[("s", &s.words)]);
    let (hole, reply) = (t.say(talk::WATCH_NO, &[]), t.reply(talk::REPLY, &s.definite));
    Some(Beat::new(text, format!("You watch {} now.", s.symbol)).lacking("stock", hole, reply))
}

/// Drops another stock where the list is full.
pub(super) fn watch_swap(t: &mut Desk) -> Option<Beat> {
    let watched: Vec<String> = t.state().watchlist.iter().cloned().collect();
    let out = t.choose(&watched)?;
    let s = stock(t, true, &|state, symbol, _| !state.watchlist.contains(symbol))?;
    if watched.len() == WATCH_MOST {
        t.refused("watch", json!({"symbol": s.symbol}), "watchlist_full");
        t.call("unwatch", json!({"symbol": out}));
    }
    t.call("watch", json!({"symbol": s.symbol}));
    let text = t.say(talk::WATCH_SWAP, &[("s", &s.words), ("t", &out)]);
    Some(Beat::new(text, format!("You watch {} now.", s.symbol)))
}

pub(super) fn unwatch(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &|state, symbol, _| state.watchlist.contains(symbol))?;
    t.call("unwatch", json!({"symbol": s.symbol}));
    let text = t.say(talk::UNWATCH, &[("s", &s.words)]);
    let (hole, reply) = (t.say(talk::UNWATCH_NO, &[]), t.reply(talk::REPLY, &s.definite));
    Some(Beat::new(text, format!("{} is off the list.", s.symbol)).lacking("stock", hole, reply))
}

pub(super) fn alert(t: &mut Desk) -> Option<Beat> {
    let s = stock(t, false, &|_, _, _| true)?;
    let (w, now) = (t.rng.pick(&["above", "below"]), t.state().stocks[&s.symbol].price);
    let away = t.rng.range(2, 9);
    let p = if w == "above" { now + away } else { now - away };
    t.call("set_alert", json!({"symbol": s.symbol, "when": w, "price": p}));
    let p = p.to_string();
    let text = t.say(talk::ALERT, &[("s", &s.words), ("w", w), ("p", &p)]);
    let hole = t.say(talk::ALERT_NO, &[("s", &s.words)]);
    let reply = format!("{w} {p}.");
    Some(Beat::new(text, format!("I ring when {} is {w} {p}.", s.symbol)).lacking("price", hole, reply))
}

/// An alert at the present price, which has to be looked up.
pub(super) fn alert_now(t: &mut Desk) -> Option<Beat> {
    let priced = t.memory.priced.clone();
    let s = stock(t, true, &|_, symbol, _| !priced.contains(symbol))?;
    t.memory.priced.insert(s.symbol.clone());
    let w = t.rng.pick(&["above", "below"]);
    let p = t.call("quote", json!({"symbol": s.symbol}))["price"].clone();
    t.call("set_alert", json!({"symbol": s.symbol, "when": w, "price": p}));
    let text = t.say(talk::ALERT_HERE, &[("s", &s.words), ("w", w)]);
    Some(Beat::new(text, format!("I ring when {} is {w} {p}.", s.symbol)).fact(p.to_string()))
}
