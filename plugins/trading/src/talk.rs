//! How customers put their requests. `{s}` is a stock, `{n}` a number of shares, `{p}` a price, `{o}` an order, `{a}` an
//! amount.

pub const QUOTE: &[&str] = &[
    "What does {s} cost?",
    "What is the price of {s}?",
    "look up the price of {s}",
    "How is {s} trading?",
    "get me a quote for {s}",
];
pub const QUOTE_NO: &[&str] = &["get me a quote", "What is the price now?", "look up a price"];

pub const SYMBOL: &[&str] =
    &["What is the symbol of {s}?", "look up the symbol of {s}", "Under which symbol does {s} trade?"];
pub const SYMBOL_NO: &[&str] = &["look up a symbol for me", "What is the symbol of that company?"];

pub const SECTOR: &[&str] =
    &["Which {x} stocks are there?", "list the stocks of the {x} sector", "show me everything in {x}"];
pub const SECTOR_NO: &[&str] = &["list the stocks of a sector", "Which stocks are in that sector?"];

pub const IS_OPEN: &[&str] = &["Is the market open?", "check whether we can trade now", "Can I trade right now?"];
pub const OPENS: &[&str] = &["When does the market open?", "tell me when trading begins"];
pub const CLOSES: &[&str] = &["When does the market close?", "tell me when trading ends"];

pub const CASH: &[&str] = &["How much cash do I have?", "tell me my cash", "What can I still spend?"];
pub const BANK: &[&str] = &["How much is in my bank account?", "tell me what the bank account holds"];
pub const HELD: &[&str] =
    &["How many {s} shares do I hold?", "tell me how many shares of {s} I have", "What do I own of {s}?"];
pub const HOLDINGS: &[&str] = &["What do I hold?", "list my holdings", "Which stocks do I own?"];
pub const WATCHED: &[&str] = &["What is on my watchlist?", "list the stocks I watch", "Which stocks do I watch?"];
pub const ORDERS: &[&str] = &["Which of my orders wait?", "list my waiting orders", "What orders are still waiting?"];
pub const ORDER: &[&str] = &["What is the status of {o}?", "Was {o} filled?", "check the status of {o}"];
pub const ORDER_SHARES: &[&str] = &["How many shares is {o} for?", "look up the shares of {o}"];
pub const ORDER_NO: &[&str] = &["check an order", "What became of my order?"];

pub const BUY: &[&str] = &[
    "buy {n} shares of {s}",
    "buy {n} of {s}",
    "get me {n} shares of {s}",
    "I want {n} of {s}.",
    "purchase {n} shares of {s}",
];
pub const BUY_NO_N: &[&str] = &["buy some shares of {s}", "I want shares of {s}."];
pub const BUY_NO_S: &[&str] = &["buy {n} shares", "get me {n} shares"];
pub const BUY_LIMIT: &[&str] = &[
    "buy {n} of {s} with a limit of {p}",
    "order {n} shares of {s} at {p} or less",
    "buy {n} shares of {s}, limit {p}",
];
pub const BUY_LIMIT_NO: &[&str] = &["buy {n} of {s} with a limit", "order {n} of {s} at a limit"];
pub const BUY_NOW: &[&str] =
    &["buy {n} of {s} with today's price as the limit", "look up {s} and buy {n} with that price as limit"];
pub const BUY_LATER: &[&str] = &[
    "buy {n} of {s}, with limit {p} if the market is closed",
    "get me {n} of {s}, if the market is closed use limit {p}",
];
pub const BUY_DEPOSIT: &[&str] =
    &["buy {n} of {s}, deposit {a} if my cash is too low", "get me {n} of {s}, if the cash is too low deposit {a}"];

pub const SELL: &[&str] =
    &["sell {n} shares of {s}", "sell {n} of {s}", "get rid of {n} shares of {s}", "I want to sell {n} of {s}."];
pub const SELL_NO_N: &[&str] = &["sell some of {s}", "I want to sell shares of {s}."];
pub const SELL_NO_S: &[&str] = &["sell {n} shares", "I want to sell {n} shares."];
pub const SELL_LIMIT: &[&str] = &[
    "sell {n} of {s} with a limit of {p}",
    "offer {n} shares of {s} at {p} or more",
    "sell {n} shares of {s}, limit {p}",
];
pub const SELL_LIMIT_NO: &[&str] = &["sell {n} of {s} with a limit", "offer {n} of {s} at a limit"];
pub const SELL_ALL: &[&str] = &[
    "sell all I hold of {s}",
    "sell every share of {s} that I hold",
    "look how many shares of {s} I have and sell all",
];
pub const SELL_ALL_LIMIT: &[&str] =
    &["sell all I hold of {s} with a limit of {p}", "offer every share of {s} that I hold at {p}"];

pub const CANCEL: &[&str] = &["cancel {o}", "stop {o}", "call off {o}", "I do not want {o} any more, cancel it."];
pub const CANCEL_NO: &[&str] = &["cancel an order", "call off one of my orders"];
pub const CANCEL_SELL: &[&str] =
    &["cancel {o}, if it is filled sell {n} of {s}", "call off {o}, or sell {n} of {s} if it was filled"];
pub const LIMIT: &[&str] = &["change the limit of {o} to {p}", "set {o} to {p}", "{o} should have the limit {p}."];
pub const LIMIT_NO: &[&str] = &["change the limit of {o}", "{o} should have another limit."];

pub const DEPOSIT: &[&str] =
    &["deposit {a} euros", "move {a} euros from the bank to my cash", "add {a} euros to my cash"];
pub const DEPOSIT_NO: &[&str] = &["deposit some money", "move money from the bank to my cash"];
pub const WITHDRAW: &[&str] =
    &["withdraw {a} euros", "send {a} euros back to the bank", "pay out {a} euros to my bank account"];
pub const WITHDRAW_NO: &[&str] = &["withdraw some money", "send money back to the bank"];

pub const WATCH: &[&str] =
    &["watch {s}", "put {s} on my watchlist", "add {s} to the stocks I watch", "keep an eye on {s}"];
pub const WATCH_NO: &[&str] = &["put a stock on my watchlist", "watch another stock for me"];
pub const WATCH_SWAP: &[&str] =
    &["watch {s}, drop {t} if the list is full", "put {s} on my watchlist, take {t} off if it is full"];
pub const UNWATCH: &[&str] = &["stop watching {s}", "take {s} off my watchlist", "drop {s} from the watchlist"];
pub const UNWATCH_NO: &[&str] = &["take a stock off my watchlist", "stop watching one of the stocks"];
pub const ALERT: &[&str] =
    &["alert me when {s} is {w} {p}", "ring when {s} goes {w} {p}", "set an alert for {s} {w} {p}"];
pub const ALERT_NO: &[&str] = &["set an alert for {s}", "alert me about {s}"];

pub const ALERT_HERE: &[&str] =
    &["alert me when {s} goes {w} the price it has now", "look up what {s} costs and ring when it is {w} that"];

/// Replies to the agent's question.
pub const REPLY: &[&str] = &["{x}.", "I mean {x}.", "It is {x}.", "Take {x}."];
pub const REPLY_SHARES: &[&str] = &["{x}.", "{x} shares.", "Make it {x}."];
pub const REPLY_PRICE: &[&str] = &["{x}.", "At {x}.", "{x} euros."];
pub const REPLY_AMOUNT: &[&str] = &["{x}.", "{x} euros.", "Make it {x}."];
