//! The tools as the agent and the interface rules see them.

use coevo_sdk::{Rule, Tool, Ty};

use crate::rules::*;
use crate::words::SECTORS;

const SYMBOL: &str = "^[A-Z]{4}$";
const ORDER: &str = "^o[1-9][0-9]*$";
const MOST: i64 = 1_000_000;

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    vec![
        Tool::new("find_stock")
            .doc("symbol of a company")
            .arg("company", Ty::String, "name")
            .returns("symbol", Ty::String)
            .rules(&[UNKNOWN_COMPANY]),
        on_stock("quote", "price of a stock").returns("symbol", Ty::String).returns("price", Ty::Int),
        Tool::new("list_sector")
            .doc("symbols of a sector")
            .arg("sector", Ty::String, "sector")
            .one_of(&SECTORS)
            .returns("symbols", Ty::Strings)
            .rules(&[UNKNOWN_SECTOR]),
        Tool::new("market_hours")
            .doc("whether and when the market is open")
            .returns("market", Ty::String)
            .returns("opens", Ty::String)
            .returns("closes", Ty::String),
        order("buy", "buy shares", &[NO_FUNDS]),
        order("sell", "sell shares", &[NO_SHARES]),
        on_order("get_order", "details of an order", &[])
            .returns("side", Ty::String)
            .returns("symbol", Ty::String)
            .returns("shares", Ty::Int)
            .returns("status", Ty::String)
            .may_return("limit", Ty::Int),
        Tool::new("list_orders")
            .doc("waiting orders")
            .returns("orders", Ty::List(&[("order", Ty::String), ("side", Ty::String), ("symbol", Ty::String)])),
        on_order("change_limit", "change a waiting order", &[NOT_WAITING, SAME_LIMIT, NO_FUNDS])
            .arg("limit", Ty::Int, "the new one")
            .range(1, MOST)
            .rules(&[BAD_AMOUNT])
            .returns("status", Ty::String)
            .mutates(),
        on_order("cancel_order", "cancel a waiting order", &[NOT_WAITING]).returns("status", Ty::String).mutates(),
        Tool::new("get_funds").doc("cash, and money in the bank").returns("cash", Ty::Int).returns("bank", Ty::Int),
        amount("deposit", "from the bank to the cash", BANK_SHORT),
        amount("withdraw", "from the cash to the bank", NO_FUNDS),
        Tool::new("get_holdings")
            .doc("shares that the customer holds")
            .returns("holdings", Ty::List(&[("symbol", Ty::String), ("shares", Ty::Int)])),
        on_stock("watch", "put on the watchlist").rules(&[WATCHED, WATCH_FULL]).returns("ok", Ty::Bool).mutates(),
        on_stock("unwatch", "take off the watchlist").rules(&[NOT_WATCHED]).returns("ok", Ty::Bool).mutates(),
        Tool::new("get_watchlist").doc("watched symbols").returns("symbols", Ty::Strings),
        on_stock("set_alert", "ring at a price")
            .arg("when", Ty::String, "above or below")
            .one_of(&["above", "below"])
            .arg("price", Ty::Int, "euros")
            .range(1, MOST)
            .rules(&[BAD_SIDE, BAD_AMOUNT, ALERT_DUE, ALERT_SET])
            .returns("ok", Ty::Bool)
            .mutates(),
    ]
}

fn on_stock(name: &'static str, doc: &'static str) -> Tool {
    Tool::new(name).doc(doc).arg("symbol", Ty::String, "symbol").pattern(SYMBOL).rules(&[UNKNOWN_SYMBOL])
}

fn order(name: &'static str, doc: &'static str, more: &[Rule]) -> Tool {
    on_stock(name, doc)
        .arg("shares", Ty::Int, "how many")
        .range(1, MOST)
        .opt("limit", Ty::Int, "price limit")
        .range(1, MOST)
        .rules(&[BAD_AMOUNT, HALTED, MARKET_CLOSED])
        .rules(more)
        .returns("order", Ty::String)
        .returns("status", Ty::String)
        .mutates()
}

fn on_order(name: &'static str, doc: &'static str, more: &[Rule]) -> Tool {
    Tool::new(name).doc(doc).arg("order", Ty::String, "order id").pattern(ORDER).rules(&[UNKNOWN_ORDER]).rules(more)
}

fn amount(name: &'static str, doc: &'static str, rule: Rule) -> Tool {
    Tool::new(name)
        .doc(doc)
        .arg("amount", Ty::Int, "euros")
        .range(1, MOST)
        .rules(&[BAD_AMOUNT, rule])
        .returns("cash", Ty::Int)
        .mutates()
}
