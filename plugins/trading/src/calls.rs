//! What the tools do. Every one checks everything before it changes anything.

use coevo_sdk::{ToolError, Value, args, json};

use crate::rules::*;
use crate::state::{Alert, MONEY, Order, Side, State, Status, Stock, WATCH_MOST};
use crate::words::SECTORS;

type Outcome = Result<Value, ToolError>;

/// Runs a tool.
///
/// # Errors
/// One of the [`crate::rules`].
pub fn run(state: &mut State, tool: &str, args: &Value) -> Outcome {
    match tool {
        "find_stock" => find_stock(state, args),
        "quote" => stock(state, args).map(|(symbol, stock)| json!({"symbol": symbol, "price": stock.price})),
        "list_sector" => list_sector(state, args),
        "market_hours" => {
            let market = if state.open { "open" } else { "closed" };
            Ok(json!({"market": market, "opens": state.opens, "closes": state.closes}))
        }
        "buy" => order(state, args, Side::Buy),
        "sell" => order(state, args, Side::Sell),
        "get_order" => get_order(state, args),
        "list_orders" => Ok(list_orders(state)),
        "change_limit" => change_limit(state, args),
        "cancel_order" => cancel_order(state, args),
        "get_funds" => Ok(json!({"cash": state.cash, "bank": state.bank})),
        "deposit" => transfer(state, args, true),
        "withdraw" => transfer(state, args, false),
        "get_holdings" => {
            let held = state.holdings.iter().map(|(symbol, shares)| json!({"symbol": symbol, "shares": shares}));
            Ok(json!({"holdings": held.collect::<Vec<_>>()}))
        }
        "watch" => watch(state, args),
        "unwatch" => unwatch(state, args),
        "get_watchlist" => Ok(json!({"symbols": state.watchlist})),
        "set_alert" => set_alert(state, args),
        _ => Err(ToolError::unknown_tool(tool)),
    }
}

fn stock<'a>(state: &'a State, args: &Value) -> Result<(String, &'a Stock), ToolError> {
    let symbol = args::string(args, "symbol")?;
    let stock = state.stocks.get(symbol).ok_or_else(|| UNKNOWN_SYMBOL.broken("symbol"))?;
    Ok((symbol.to_owned(), stock))
}

/// An id and its order.
fn find_order<'a>(state: &'a State, args: &Value) -> Result<(u32, &'a Order), ToolError> {
    let id = args::id(args::string(args, "order")?, 'o');
    let found = id.and_then(|id| state.orders.get(&id).map(|order| (id, order)));
    found.ok_or_else(|| UNKNOWN_ORDER.broken("order"))
}

fn number(args: &Value, argument: &str) -> Result<u32, ToolError> {
    let number = args::uint(args, argument)?;
    BAD_AMOUNT.unless((1..=1_000_000).contains(&number), argument)?;
    Ok(number)
}

fn find_stock(state: &State, args: &Value) -> Outcome {
    let company = args::string(args, "company")?.trim();
    let found = state.stocks.iter().find(|(_, stock)| stock.company.eq_ignore_ascii_case(company));
    found.map(|(symbol, _)| json!({"symbol": symbol})).ok_or_else(|| UNKNOWN_COMPANY.broken("company"))
}

fn list_sector(state: &State, args: &Value) -> Outcome {
    let sector = args::string(args, "sector")?;
    UNKNOWN_SECTOR
        .unless(SECTORS.contains(&sector), "sector")
        .map_err(|error| error.detail("options", json!(SECTORS)))?;
    let symbols: Vec<&String> =
        state.stocks.iter().filter(|(_, stock)| stock.sector == sector).map(|(symbol, _)| symbol).collect();
    Ok(json!({"symbols": symbols}))
}

/// What an order takes from the account when it is made: cash or shares.
fn take(state: &mut State, order: &Order, price: u32) -> Result<(), ToolError> {
    match order.side {
        Side::Buy => {
            let needed = u64::from(price) * u64::from(order.shares);
            NO_FUNDS
                .unless(needed <= u64::from(state.cash), "shares")
                .map_err(|error| error.detail("cash", state.cash).detail("needed", needed))?;
            state.cash -= needed as u32;
        }
        Side::Sell => {
            let held = state.holdings.get(&order.symbol).copied().unwrap_or(0);
            NO_SHARES.unless(order.shares <= held, "shares").map_err(|error| error.detail("held", held))?;
            state.debit_shares(&order.symbol, order.shares);
        }
    }
    Ok(())
}

/// What a filled order brings.
fn give(state: &mut State, order: &Order, price: u32) {
    match order.side {
        Side::Buy => state.credit_shares(&order.symbol, order.shares),
        Side::Sell => {
            let earned = u64::from(price) * u64::from(order.shares);
            state.cash = (u64::from(state.cash) + earned).min(u64::from(MONEY)) as u32;
        }
    }
}

fn order(state: &mut State, args: &Value, side: Side) -> Outcome {
    let (symbol, Stock { price, halted, .. }) = stock(state, args).map(|(symbol, stock)| (symbol, stock.clone()))?;
    let shares = number(args, "shares")?;
    let limit = if args.get("limit").is_some() { Some(number(args, "limit")?) } else { None };
    HALTED.unless(!halted, "symbol")?;
    MARKET_CLOSED
        .unless(state.open || limit.is_some(), "limit")
        .map_err(|error| error.detail("opens", &*state.opens))?;
    let mut order = Order { symbol, side, shares, limit, status: Status::Waiting };
    let fills = state.open && order.fits(price);
    take(state, &order, if fills { price } else { limit.unwrap_or(price) })?;
    if fills {
        give(state, &order, price);
        order.status = Status::Filled;
    }
    let id = state.orders.keys().next_back().map_or(1, |last| last + 1);
    let mut result = json!({"order": format!("o{id}"), "status": order.status.text()});
    if fills {
        result["price"] = json!(price);
    }
    state.orders.insert(id, order);
    Ok(result)
}

fn get_order(state: &State, args: &Value) -> Outcome {
    let (_, order) = find_order(state, args)?;
    let mut result = json!({
        "side": order.side.text(), "symbol": order.symbol, "shares": order.shares, "status": order.status.text()
    });
    if let Some(limit) = order.limit {
        result["limit"] = json!(limit);
    }
    Ok(result)
}

fn list_orders(state: &State) -> Value {
    let waiting = state.orders.iter().filter(|(_, order)| order.status == Status::Waiting);
    let show = |(id, order): (&u32, &Order)| json!({"order": format!("o{id}"), "side": order.side.text(), "symbol": order.symbol});
    json!({"orders": waiting.map(show).collect::<Vec<_>>()})
}

/// The same, of an order that waits.
fn waiting(state: &State, args: &Value) -> Result<(u32, Order), ToolError> {
    let (id, order) = find_order(state, args)?;
    NOT_WAITING
        .unless(order.status == Status::Waiting, "order")
        .map_err(|error| error.detail("status", order.status.text()))?;
    Ok((id, order.clone()))
}

/// Gives back what a waiting order holds.
fn release(state: &mut State, order: &Order) {
    match order.side {
        Side::Buy => {
            let held = u64::from(order.limit.unwrap_or(0)) * u64::from(order.shares);
            state.cash = (u64::from(state.cash) + held).min(u64::from(MONEY)) as u32;
        }
        Side::Sell => state.credit_shares(&order.symbol, order.shares),
    }
}

fn change_limit(state: &mut State, args: &Value) -> Outcome {
    let (id, old) = waiting(state, args)?;
    let limit = number(args, "limit")?;
    SAME_LIMIT.unless(old.limit != Some(limit), "limit")?;
    let mut changed = state.clone();
    release(&mut changed, &old);
    let mut order = Order { limit: Some(limit), ..old };
    let price = changed.stocks.get(&order.symbol).map_or(limit, |stock| stock.price);
    let fills = changed.open && order.fits(price);
    take(&mut changed, &order, if fills { price } else { limit })?;
    if fills {
        give(&mut changed, &order, price);
        order.status = Status::Filled;
    }
    let status = order.status.text();
    changed.orders.insert(id, order);
    *state = changed;
    Ok(json!({"status": status}))
}

fn cancel_order(state: &mut State, args: &Value) -> Outcome {
    let (id, order) = waiting(state, args)?;
    release(state, &order);
    state.orders.insert(id, Order { status: Status::Cancelled, ..order });
    Ok(json!({"status": Status::Cancelled.text()}))
}

fn transfer(state: &mut State, args: &Value, deposit: bool) -> Outcome {
    let amount = number(args, "amount")?;
    let (rule, source) = if deposit { (BANK_SHORT, state.bank) } else { (NO_FUNDS, state.cash) };
    rule.unless(amount <= source, "amount").map_err(|error| error.detail("left", source))?;
    if deposit {
        state.bank -= amount;
        state.cash += amount;
    } else {
        state.cash -= amount;
        state.bank += amount;
    }
    Ok(json!({"cash": state.cash}))
}

fn watch(state: &mut State, args: &Value) -> Outcome {
    let (symbol, _) = stock(state, args)?;
    WATCHED.unless(!state.watchlist.contains(&symbol), "symbol")?;
    WATCH_FULL
        .unless(state.watchlist.len() < WATCH_MOST, "symbol")
        .map_err(|error| error.detail("options", json!(state.watchlist)))?;
    state.watchlist.insert(symbol);
    Ok(json!({"ok": true}))
}

fn unwatch(state: &mut State, args: &Value) -> Outcome {
    let (symbol, _) = stock(state, args)?;
    NOT_WATCHED.unless(state.watchlist.remove(&symbol), "symbol")?;
    Ok(json!({"ok": true}))
}

fn set_alert(state: &mut State, args: &Value) -> Outcome {
    let (symbol, Stock { price: now, .. }) = stock(state, args).map(|(symbol, stock)| (symbol, stock.clone()))?;
    let (when, price) = (args::string(args, "when")?, number(args, "price")?);
    BAD_SIDE.unless(["above", "below"].contains(&when), "when")?;
    let above = when == "above";
    ALERT_DUE
        .unless(if above { now <= price } else { now >= price }, "price")
        .map_err(|error| error.detail("now", now))?;
    ALERT_SET.unless(state.alerts.insert(Alert { symbol, above, price }), "price")?;
    Ok(json!({"ok": true}))
}
