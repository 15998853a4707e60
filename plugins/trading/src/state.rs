//! One customer's account and the market around it. Money is in whole euros.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Most stocks on a watchlist.
pub const WATCH_MOST: usize = 4;
/// No amount in an account reaches this, so that sums cannot overflow.
pub const MONEY: u32 = 1_000_000_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    pub company: String,
    pub sector: String,
    pub price: u32,
    /// Cannot be traded.
    pub halted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Filled,
    /// A limit order that cannot be filled yet. It holds its money or shares.
    Waiting,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub symbol: String,
    pub side: Side,
    pub shares: u32,
    /// Highest price for a purchase, lowest for a sale; none for a market order.
    pub limit: Option<u32>,
    pub status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alert {
    pub symbol: String,
    /// Rings above the price, else below it.
    pub above: bool,
    pub price: u32,
}

/// The whole world of one episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub open: bool,
    /// `HH:MM`
    pub opens: String,
    pub closes: String,
    /// By symbol.
    pub stocks: BTreeMap<String, Stock>,
    /// What orders may use; waiting purchases have theirs already.
    pub cash: u32,
    pub bank: u32,
    /// Shares by symbol, never 0; waiting sales have theirs already.
    pub holdings: BTreeMap<String, u32>,
    pub orders: BTreeMap<u32, Order>,
    pub watchlist: BTreeSet<String>,
    #[serde(default)]
    pub alerts: BTreeSet<Alert>,
    /// Where not 0, results carry irrelevant material drawn from this number.
    #[serde(default)]
    pub clutter: u64,
}

impl Side {
    pub fn text(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }
}

impl Status {
    pub fn text(self) -> &'static str {
        match self {
            Status::Filled => "filled",
            Status::Waiting => "waiting",
            Status::Cancelled => "cancelled",
        }
    }
}

impl Order {
    /// Whether the market fills it at this price.
    pub fn fits(&self, price: u32) -> bool {
        match (self.side, self.limit) {
            (_, None) => true,
            (Side::Buy, Some(limit)) => limit >= price,
            (Side::Sell, Some(limit)) => limit <= price,
        }
    }
}

impl State {
    /// Adds shares to the holdings.
    pub fn credit_shares(&mut self, symbol: &str, shares: u32) {
        *self.holdings.entry(symbol.to_owned()).or_default() += shares;
    }

    /// Takes shares that are held.
    pub fn debit_shares(&mut self, symbol: &str, shares: u32) {
        if let Some(held) = self.holdings.get_mut(symbol) {
            *held = held.saturating_sub(shares);
        }
        self.holdings.retain(|_, held| *held > 0);
    }

    /// What must hold of every world that a task may begin with.
    ///
    /// # Errors
    /// Names the first broken rule.
    pub fn check(&self) -> Result<(), String> {
        let known = |symbol: &String| self.stocks.contains_key(symbol);
        let named = self.holdings.keys().chain(self.orders.values().map(|order| &order.symbol)).chain(&self.watchlist);
        if let Some(symbol) = named.chain(self.alerts.iter().map(|alert| &alert.symbol)).find(|symbol| !known(symbol)) {
            return Err(format!("{symbol} is no stock"));
        }
        if let Some((symbol, _)) = self.holdings.iter().find(|(_, held)| !(1..MONEY).contains(*held)) {
            return Err(format!("{symbol}: not a possible number of shares"));
        }
        if self.watchlist.len() > WATCH_MOST {
            return Err(format!("more than {WATCH_MOST} stocks are watched"));
        }
        let amounts = self.stocks.values().map(|stock| stock.price).chain([self.cash, self.bank]);
        let ordered = self.orders.values().flat_map(|order| [order.shares, order.limit.unwrap_or(1)]);
        if amounts.chain(ordered).any(|amount| amount >= MONEY) || self.stocks.values().any(|stock| stock.price == 0) {
            return Err("an amount is out of range".to_owned());
        }
        Ok(())
    }
}
