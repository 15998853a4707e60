//! What customers want: one builder for each kind of request.

mod orders;
mod questions;
mod requests;

use std::collections::BTreeSet;

use coevo_sdk::json;
use coevo_sdk::story::{Builder, Teller};

use crate::Trading;
use crate::state::{Order, State, Status, Stock};

/// What the conversation has made known.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Symbols that were said.
    symbols: BTreeSet<String>,
    /// The symbol that "it" means.
    focus: Option<String>,
    /// The order that "that order" means.
    order: Option<u32>,
    /// Whether waiting orders were listed.
    listed: bool,
    /// Orders made in this conversation, whose details are known.
    made: BTreeSet<u32>,
    /// Symbols whose price was said.
    priced: BTreeSet<String>,
    /// Whether the cash was said.
    funds: bool,
}

/// Builders with their weights.
pub const BEATS: [(usize, Builder<Trading>); 27] = [
    (6, questions::quote),
    (4, questions::symbol),
    (4, questions::sector),
    (4, questions::hours),
    (5, questions::funds),
    (5, questions::holdings),
    (4, questions::watchlist),
    (4, questions::orders),
    (6, questions::order),
    (9, orders::buy),
    (8, orders::buy_limit),
    (5, orders::buy_now),
    (7, orders::buy_later),
    (6, orders::buy_deposit),
    (8, orders::sell),
    (6, orders::sell_limit),
    (6, orders::sell_all),
    (8, orders::cancel),
    (5, orders::cancel_sell),
    (6, orders::change_limit),
    (6, requests::deposit),
    (6, requests::withdraw),
    (6, requests::watch),
    (6, requests::watch_swap),
    (6, requests::unwatch),
    (7, requests::alert),
    (3, requests::alert_now),
];

type Desk = Teller<Trading>;

/// A stock as the customer names it.
struct Named {
    symbol: String,
    words: String,
    /// What to say where the conversation has not just named it.
    definite: String,
}

/// A stock for which `fits` holds, with the lookup that the reference needs; with `short`, one that needs none.
fn stock(t: &mut Desk, short: bool, fits: &dyn Fn(&State, &str, &Stock) -> bool) -> Option<Named> {
    let focus = t.memory.focus.clone();
    if let Some(symbol) = focus.clone().filter(|symbol| fits(t.state(), symbol, &t.state().stocks[symbol]))
        && !t.rng.one_in(3)
    {
        let words = t.rng.pick(&["it", "that stock", "this stock"]).to_owned();
        return Some(Named { definite: symbol.clone(), symbol, words });
    }
    let others = t.state().stocks.iter().filter(|(symbol, stock)| fits(t.state(), symbol, stock));
    let others: Vec<String> = others.map(|(symbol, _)| symbol.clone()).filter(|s| focus.as_ref() != Some(s)).collect();
    let symbol = t.choose(&others)?;
    let mut words = symbol.clone();
    if !short && !t.memory.symbols.contains(&symbol) && t.rng.one_in(2) {
        words.clone_from(&t.state().stocks[&symbol].company);
        t.call("find_stock", json!({"company": words}));
    }
    t.memory.symbols.insert(symbol.clone());
    t.memory.focus = Some(symbol.clone());
    Some(Named { symbol, definite: words.clone(), words })
}

/// An order for which `fits` holds: (id, as the customer names it, as an answer names it).
fn named_order(t: &mut Desk, fits: &dyn Fn(&Order) -> bool) -> Option<(u32, String, String)> {
    if let Some(id) = t.memory.order.filter(|id| fits(&t.state().orders[id])) {
        let words = t.rng.pick(&["that order", "this order"]).to_owned();
        return Some((id, words, format!("o{id}")));
    }
    let all: Vec<u32> = t.state().orders.iter().filter(|(_, order)| fits(order)).map(|(id, _)| *id).collect();
    let id = t.choose(&all)?;
    let Order { symbol, side, status, .. } = t.state().orders[&id].clone();
    let waiting = |order: &&Order| order.symbol == symbol && order.status == Status::Waiting;
    let only = status == Status::Waiting && t.state().orders.values().filter(waiting).count() == 1;
    t.memory.order = Some(id);
    t.memory.focus = None;
    if only && !t.memory.listed && t.rng.one_in(2) {
        t.call("list_orders", json!({}));
        t.memory.listed = true;
        let words = format!("my {} order for {symbol}", side.text());
        return Some((id, words.clone(), words));
    }
    let words = if t.rng.one_in(2) { format!("order o{id}") } else { format!("o{id}") };
    Some((id, words, format!("o{id}")))
}
