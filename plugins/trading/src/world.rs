//! Random markets and accounts.

use std::collections::{BTreeMap, BTreeSet};

use coevo_sdk::Rng;

use crate::state::{Order, Side, State, Status, Stock};
use crate::words::{COMPANIES, SECTORS};

const STOCKS: usize = 9;

/// A market with nine stocks, of which three are held and two to four watched; two orders wait and one was filled.
pub fn random(rng: &mut Rng) -> State {
    let listed: Vec<(&str, &str)> = rng.distinct(COMPANIES.len(), STOCKS).into_iter().map(|at| COMPANIES[at]).collect();
    let mut stocks = BTreeMap::new();
    let mut prices: BTreeSet<u32> = BTreeSet::new();
    for (company, symbol) in &listed {
        let mut price = rng.range(12, 190);
        while !prices.insert(price) {
            price += 1;
        }
        let sector = rng.pick(&SECTORS).to_owned();
        stocks.insert((*symbol).to_owned(), Stock { company: (*company).to_owned(), sector, price, halted: false });
    }
    let symbol = |at: usize| listed[at].1.to_owned();
    let holdings = (0..3).map(|at| (symbol(at), rng.range(3, 40))).collect();
    let watched = rng.range(2, 4) as usize;
    let watchlist = rng.distinct(STOCKS, watched).into_iter().map(symbol).collect();
    let mut orders = BTreeMap::new();
    let mut id = rng.range(1, 20);
    for (at, side, status) in
        [(3, Side::Buy, Status::Filled), (4, Side::Buy, Status::Waiting), (0, Side::Sell, Status::Waiting)]
    {
        let price = stocks[listed[at].1].price;
        let limit = match (status, side) {
            (Status::Filled, _) => None,
            (_, Side::Buy) => Some(price - rng.range(2, 9)),
            (_, Side::Sell) => Some(price + rng.range(2, 9)),
        };
        orders.insert(id, Order { symbol: symbol(at), side, shares: rng.range(2, 12), limit, status });
        id += rng.range(1, 3);
    }
    State {
        open: !rng.one_in(3),
        opens: format!("0{}:{}0", rng.range(7, 9), rng.range(0, 5)),
        closes: format!("1{}:{}0", rng.range(5, 8), rng.range(0, 5)),
        stocks,
        cash: 10 * rng.range(40, 250),
        bank: 100 * rng.range(30, 90),
        holdings,
        orders,
        watchlist,
        alerts: BTreeSet::new(),
        clutter: 0,
    }
}
