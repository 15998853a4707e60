//! Every way in which the desk can refuse.

use coevo_sdk::Rule;

pub const UNKNOWN_COMPANY: Rule = Rule::value("unknown_company", "no such company", "the name of a listed company");
pub const UNKNOWN_SYMBOL: Rule = Rule::value("unknown_symbol", "no such symbol", "a symbol from find_stock");
pub const UNKNOWN_ORDER: Rule = Rule::value("unknown_order", "no such order", "an id such as o3");
pub const UNKNOWN_SECTOR: Rule = Rule::value("unknown_sector", "no such sector", "one of the sectors");
pub const BAD_AMOUNT: Rule = Rule::value("bad_amount", "not a possible number", "a number from 1 to 1000000");
pub const BAD_SIDE: Rule = Rule::value("bad_side", "neither above nor below", "above or below");
pub const MARKET_CLOSED: Rule =
    Rule::state("market_closed", "the market is closed", "The market is open, or the order has a limit.");
pub const HALTED: Rule = Rule::state("halted", "trading of it is halted", "Trading of the stock is not halted.");
pub const NO_FUNDS: Rule = Rule::state("insufficient_funds", "cash is too low", "The cash covers the amount.");
pub const NO_SHARES: Rule = Rule::state("insufficient_shares", "too few shares held", "The customer holds the shares.");
pub const NOT_WAITING: Rule = Rule::state("not_waiting", "the order is not waiting", "The order is still waiting.");
pub const SAME_LIMIT: Rule = Rule::state("same_limit", "the order has this limit", "The limit is a new one.");
pub const BANK_SHORT: Rule = Rule::state("bank_short", "the bank account is too low", "The bank account covers it.");
pub const WATCHED: Rule = Rule::state("already_watched", "it is watched already", "The stock is not watched yet.");
pub const WATCH_FULL: Rule = Rule::state("watchlist_full", "the watchlist is full", "The watchlist has fewer than 4.");
pub const NOT_WATCHED: Rule = Rule::state("not_watched", "it is not watched", "The stock is on the watchlist.");
pub const ALERT_DUE: Rule = Rule::state("alert_due", "the price is there already", "The price is not there yet.");
pub const ALERT_SET: Rule = Rule::state("alert_set", "there is such an alert", "There is no such alert yet.");
