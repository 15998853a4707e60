//! `TradingBot`: stocks, orders, an account and a watch list.

use serde::{Deserialize, Serialize};

use super::Default::{self, Required};
use super::{Class, Ctx, Function, Shown, generator, no_method, setting};
use crate::py::{self, Py, PyErr, PyResult, Random, dates};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TradingBot {
    /// By number, in order of placing.
    orders: Py,
    account_info: Py,
    authenticated: Py,
    market_status: Py,
    order_counter: Py,
    /// By symbol.
    stocks: Py,
    watch_list: Py,
    transaction_history: Py,
    long_context: Py,
    random: Random,
}

const AMOUNT: &[(&str, Default)] = &[("amount", Required)];
const ORDER: &[(&str, Default)] = &[("order_id", Required)];
const SYMBOL: &[(&str, Default)] = &[("symbol", Required)];

/// Price, change in percent, volume, and moving averages over 5 and 20 days, where the scenario has no stocks.
const STOCKS: &[(&str, [f64; 5])] = &[
    ("AAPL", [227.16, 0.17, 2.552, 227.11, 227.09]),
    ("GOOG", [2840.34, 0.24, 1.123, 2835.67, 2842.15]),
    ("TSLA", [667.92, -0.12, 1.654, 671.15, 668.20]),
    ("MSFT", [310.23, 0.09, 3.234, 309.88, 310.11]),
    ("NVDA", [220.34, 0.34, 1.234, 220.45, 220.67]),
    ("ALPH", [1320.45, -0.08, 1.567, 1321.12, 1325.78]),
    ("OMEG", [457.23, 0.12, 2.345, 456.78, 458.12]),
    ("QUAS", [725.89, -0.03, 1.789, 726.45, 728.00]),
    ("NEPT", [88.34, 0.19, 0.654, 88.21, 88.67]),
    ("SYNX", [345.67, 0.11, 2.112, 345.34, 346.12]),
    ("ZETA", [22.09, -0.05, 0.789, 22.12, 22.34]),
];

const SYMBOLS: &[(&str, &str)] = &[
    ("Apple", "AAPL"),
    ("Google", "GOOG"),
    ("Tesla", "TSLA"),
    ("Microsoft", "MSFT"),
    ("Nvidia", "NVDA"),
    ("Zeta Corp", "ZETA"),
    ("Alpha Tech", "ALPH"),
    ("Omega Industries", "OMEG"),
    ("Quasar Ltd.", "QUAS"),
    ("Neptune Systems", "NEPT"),
    ("Synex Solutions", "SYNX"),
    ("Amazon", "AMZN"),
    ("Gorilla", "GORI"),
];

impl Class for TradingBot {
    const NAME: &'static str = "TradingBot";
    const FUNCTIONS: &'static [Function] = &[
        Function { name: "add_to_watchlist", params: &[("stock", Required)] },
        Function { name: "cancel_order", params: ORDER },
        Function {
            name: "filter_stocks_by_price",
            params: &[("stocks", Required), ("min_price", Required), ("max_price", Required)],
        },
        Function { name: "fund_account", params: AMOUNT },
        Function { name: "get_account_info", params: &[] },
        Function { name: "get_available_stocks", params: &[("sector", Required)] },
        Function { name: "get_current_time", params: &[] },
        Function { name: "get_order_details", params: ORDER },
        Function { name: "get_order_history", params: &[] },
        Function { name: "get_stock_info", params: SYMBOL },
        Function { name: "get_symbol_by_name", params: &[("name", Required)] },
        Function {
            name: "get_transaction_history",
            params: &[("start_date", Default::None), ("end_date", Default::None)],
        },
        Function { name: "get_watchlist", params: &[] },
        Function { name: "notify_price_change", params: &[("stocks", Required), ("threshold", Required)] },
        Function {
            name: "place_order",
            params: &[("order_type", Required), ("symbol", Required), ("price", Required), ("amount", Required)],
        },
        Function { name: "remove_stock_from_watchlist", params: SYMBOL },
        Function { name: "trading_get_login_status", params: &[] },
        Function { name: "trading_login", params: &[("username", Required), ("password", Required)] },
        Function { name: "trading_logout", params: &[] },
        Function { name: "withdraw_funds", params: AMOUNT },
    ];

    attributes! {
        "orders" = orders,
        "account_info" = account_info,
        "authenticated" = authenticated,
        "market_status" = market_status,
        "order_counter" = order_counter,
        "stocks" = stocks,
        "watch_list" = watch_list,
        "transaction_history" = transaction_history,
        "long_context" = long_context,
    }

    fn load(config: &mut Py, ctx: Ctx<'_>) -> Result<Self, PyErr> {
        let mut orders = Py::Dict(Vec::new());
        match config.take("orders") {
            None => {
                orders.set(12345, order(12345, "Buy", "AAPL", 210.65, 10, "Completed"));
                orders.set(12446, order(12446, "Sell", "GOOG", 2840.56, 5, "Pending"));
            }
            Some(Py::Dict(given)) => {
                for (key, value) in given {
                    let number = key.as_str().filter(|key| py::string::isdigit(key)).and_then(|key| key.parse().ok());
                    orders.set(number.map_or(key, Py::Int), value);
                }
            }
            Some(other) => return Err(PyErr::attribute(&other, "items")),
        }
        let account = [
            ("account_id", Py::Int(12345)),
            ("balance", 10000.0.into()),
            ("binding_card", 1_974_202_140_965_533.into()),
        ];
        let stock = |(symbol, numbers): &(&'static str, [f64; 5])| {
            let names = ["price", "percent_change", "volume", "MA(5)", "MA(20)"];
            let fields = names.iter().zip(numbers).map(|(name, number)| (Py::from(*name), Py::Float(*number)));
            (Py::from(*symbol), Py::Dict(fields.collect()))
        };
        Ok(Self {
            orders,
            account_info: setting(config, "account_info", Py::dict(account)),
            authenticated: setting(config, "authenticated", false),
            market_status: setting(config, "market_status", "Closed"),
            order_counter: setting(config, "order_counter", 12446),
            stocks: config.take("stocks").unwrap_or_else(|| Py::Dict(STOCKS.iter().map(stock).collect())),
            watch_list: setting(config, "watch_list", Py::texts(["NVDA"])),
            transaction_history: setting(config, "transaction_history", Vec::new()),
            long_context: Py::Bool(!ctx.long.is_empty()),
            random: generator(config, 1_053_520),
        })
    }

    fn call(&mut self, function: &str, args: &[Py], ctx: Ctx<'_>) -> PyResult {
        if !self.authenticated.truth()
            && let Some(refusal) = refused(function)
        {
            return Ok(refusal);
        }
        match (function, args) {
            ("add_to_watchlist", [stock]) => self.watch(stock),
            ("cancel_order", [id]) => self.cancel(id),
            ("filter_stocks_by_price", [stocks, min, max]) => self.filter(stocks, min, max),
            ("fund_account", [amount]) => self.fund(amount),
            ("get_account_info", []) => Ok(self.account_info.clone()),
            ("get_available_stocks", [sector]) => available(sector, ctx),
            ("get_current_time", []) => Ok(Py::dict([("current_time", "10:30 AM")])),
            ("get_order_details", [id]) => self.details(id, ctx),
            ("get_order_history", []) => Ok(Py::dict([("history", self.orders.iterate()?)])),
            ("get_stock_info", [symbol]) => self.stock(symbol, ctx),
            ("get_symbol_by_name", [name]) => {
                name.hashable()?;
                let known = SYMBOLS.iter().find(|(have, _)| name.as_str() == Some(*have));
                Ok(Py::dict([("symbol", known.map_or("Stock not found", |(_, symbol)| *symbol))]))
            }
            ("get_transaction_history", [start, end]) => self.transactions(start, end, ctx),
            ("get_watchlist", []) => Ok(match ctx.items("WATCH_LIST_EXTENSION", Shown::Repr) {
                None => Py::dict([("watchlist", self.watch_list.clone())]),
                Some(more) => appended(&self.watch_list, more),
            }),
            ("notify_price_change", [stocks, threshold]) => self.notify(stocks, threshold),
            ("place_order", [kind, symbol, price, amount]) => self.place(kind, symbol, price, amount),
            ("remove_stock_from_watchlist", [symbol]) => self.unwatch(symbol),
            ("trading_get_login_status", []) => Ok(Py::dict([("status", self.authenticated.truth())])),
            ("trading_login", [_, _]) => {
                let already = self.authenticated.truth();
                if !already {
                    self.authenticated = Py::Bool(true);
                }
                Ok(Py::dict([("status", if already { "Already logged in" } else { "Logged in successfully" })]))
            }
            ("trading_logout", []) => {
                self.authenticated = Py::Bool(false);
                Ok(Py::dict([("status", "Logged out successfully")]))
            }
            ("withdraw_funds", [amount]) => self.withdraw(amount),
            _ => Err(no_method(Self::NAME, function)),
        }
    }
}

/// What a function answers while no user is logged in; `None` for those that need none.
fn refused(function: &str) -> Option<Py> {
    let error = |purpose: &str| Py::error(format!("User not authenticated. Please log in to {purpose}."));
    Some(match function {
        "place_order" => error("place an order"),
        "withdraw_funds" => error("make a transaction"),
        "get_account_info" => error("view account information"),
        "fund_account" => error("fund the account"),
        "remove_stock_from_watchlist" => error("modify the watchlist"),
        "get_watchlist" => Py::texts(["Error: User not authenticated. Please log in to view the watchlist."]),
        "get_order_history" => vec![error("view order history")].into(),
        "get_transaction_history" => vec![error("view transaction history")].into(),
        "trading_logout" => Py::dict([("status", "No user is currently logged in")]),
        _ => return None,
    })
}

fn order(id: i64, kind: &'static str, symbol: &'static str, price: f64, amount: i64, status: &'static str) -> Py {
    Py::dict([
        ("id", Py::Int(id)),
        ("order_type", kind.into()),
        ("symbol", symbol.into()),
        ("price", price.into()),
        ("amount", amount.into()),
        ("status", status.into()),
    ])
}

/// A list with more items at its end.
fn appended(list: &Py, more: Py) -> Py {
    let mut items = list.items().unwrap_or_default().to_vec();
    items.push(more);
    Py::List(items)
}

fn available(sector: &Py, ctx: Ctx<'_>) -> PyResult {
    sector.hashable()?;
    let (stocks, more): (&[&str], _) = match sector.as_str() {
        Some("Technology") => (&["AAPL", "GOOG", "MSFT", "NVDA"], ctx.items("TECHNOLOGY_EXTENSION", Shown::Json)),
        Some("Automobile") => (&["TSLA", "F", "GM"], ctx.items("AUTOMOBILE_EXTENSION", Shown::Json)),
        _ => (&[], None),
    };
    let stocks = Py::texts(stocks.iter().copied());
    Ok(Py::dict([(
        "stock_list",
        match more {
            Some(more) => appended(&stocks, more),
            None => stocks,
        },
    )]))
}

/// `f"{amount:.2f}"`.
fn cents(amount: &Py) -> String {
    match amount.as_f64() {
        Some(amount) if amount.is_nan() => "nan".to_owned(),
        Some(amount) => format!("{amount:.2}"),
        None => py::str(amount),
    }
}

/// `int(x)` of a number.
fn whole(x: &Py) -> PyResult {
    match x {
        Py::Float(x) if x.is_nan() => Err(PyErr::new("cannot convert float NaN to integer")),
        Py::Float(x) if x.is_infinite() => Err(PyErr::new("cannot convert float infinity to integer")),
        Py::Float(x) => Ok(py::int_of(*x)),
        _ => Ok(x.clone()),
    }
}

impl TradingBot {
    fn watch(&mut self, stock: &Py) -> PyResult {
        if !self.watch_list.contains(stock)
            && self.stocks.find(stock)?.is_some()
            && let Some(list) = self.watch_list.as_list_mut()
        {
            list.push(stock.clone());
        }
        Ok(Py::dict([("watchlist", self.watch_list.clone())]))
    }

    fn unwatch(&mut self, symbol: &Py) -> PyResult {
        let name = py::str(symbol);
        let list = self.watch_list.as_list_mut();
        match list.and_then(|list| Some((list.iter().position(|have| have == symbol)?, list))) {
            Some((at, list)) => {
                list.remove(at);
                Ok(Py::dict([("status", format!("Stock {name} removed from watchlist successfully."))]))
            }
            None => Ok(Py::error(format!("Stock {name} not found in watchlist."))),
        }
    }

    fn stock(&self, symbol: &Py, ctx: Ctx<'_>) -> PyResult {
        let Some(stock) = self.stocks.find(symbol)? else {
            return Ok(Py::error(format!("Stock with symbol '{}' not found.", py::str(symbol))));
        };
        let mut stock = stock.clone();
        let average = |name: &str| ctx.items(name, Shown::Json);
        if let (Some(five), Some(twenty)) = (average("MA_5_EXTENSION"), average("MA_20_EXTENSION")) {
            stock.set("MA(5)", vec![five]);
            stock.set("MA(20)", vec![twenty]);
        }
        Ok(stock)
    }

    fn details(&self, id: &Py, ctx: Ctx<'_>) -> PyResult {
        let Some(order) = self.orders.find(id)? else {
            let known = py::repr(&Py::List(self.orders.iterate()?));
            let id = py::str(id);
            return Ok(Py::error(format!("Order with ID {id} not found.Here is the list of orders_id: {known}")));
        };
        let Some(more) = ctx.long("ORDER_DETAIL_EXTENSION") else { return Ok(order.clone()) };
        if order.pairs().is_none() {
            return Err(PyErr::attribute(order, "copy"));
        }
        let symbol = py::str(order.at(&"symbol".into())?);
        let fill = |(key, text): &(Py, Py)| (key.clone(), py::str(text).replace("{symbol}", &symbol).into());
        let mut order = order.clone();
        order.set("metadata", Py::Dict(more.pairs().unwrap_or_default().iter().map(fill).collect()));
        Ok(order)
    }

    fn cancel(&mut self, id: &Py) -> PyResult {
        let name = py::str(id);
        if self.orders.find(id)?.is_none() {
            return Ok(Py::error(format!("Order with ID {name} not found.")));
        }
        let order = self.orders.at_mut(id)?;
        if order.at(&"status".into())?.as_str() == Some("Completed") {
            return Ok(Py::error(format!("Can't cancel order {name}. Order is already completed.")));
        }
        order.set("status", "Cancelled");
        Ok(Py::dict([("order_id", id.clone()), ("status", "Cancelled".into())]))
    }

    fn place(&mut self, kind: &Py, symbol: &Py, price: &Py, amount: &Py) -> PyResult {
        if self.stocks.find(symbol)?.is_none() {
            return Ok(Py::error(format!("Invalid stock symbol: {}", py::str(symbol))));
        }
        if not_positive(price)? || not_positive(amount)? {
            return Ok(Py::error("Price and amount must be positive values."));
        }
        if kind.text("lower")?.to_lowercase() == "buy" {
            let cost = py::mul(&Py::Float(py::to_float(price)?), &whole(amount)?)?;
            let zero = Py::Int(0);
            let balance = self.account_info.get("balance").unwrap_or(&zero);
            if py::more(&cost, balance)? {
                let (cost, balance) = (cents(&cost), cents(balance));
                return Ok(Py::error(format!("Insufficient funds: required ${cost} but only ${balance} available.")));
            }
        }
        let price = Py::Float(py::to_float(price)?);
        let id = self.order_counter.clone();
        let order = Py::dict([
            ("id", id.clone()),
            ("order_type", kind.clone()),
            ("symbol", symbol.clone()),
            ("price", price.clone()),
            ("amount", amount.clone()),
            ("status", "Open".into()),
        ]);
        self.orders.set(id.clone(), order);
        py::in_place(&mut self.order_counter, "+", &Py::Int(1))?;
        // What was just placed is called pending, and open when it is looked at.
        Ok(Py::dict([
            ("order_id", id),
            ("order_type", kind.clone()),
            ("status", "Pending".into()),
            ("price", price),
            ("amount", amount.clone()),
        ]))
    }

    fn withdraw(&mut self, amount: &Py) -> PyResult {
        if self.market_status.as_str() != Some("Open") {
            return Ok(Py::error("Market is closed. Transactions are not allowed."));
        }
        if not_positive(amount)? {
            return Ok(Py::error("Transaction amount must be positive."));
        }
        if py::more(amount, self.account_info.at(&"balance".into())?)? {
            return Ok(Py::error("Insufficient funds for withdrawal."));
        }
        self.book("-", amount, "withdrawal", "Withdrawal successful")
    }

    fn fund(&mut self, amount: &Py) -> PyResult {
        if not_positive(amount)? {
            return Ok(Py::error("Funding amount must be positive."));
        }
        self.book("+", amount, "deposit", "Account funded successfully")
    }

    /// Changes the balance and notes it in the history.
    fn book(&mut self, sign: &str, amount: &Py, kind: &'static str, status: &'static str) -> PyResult {
        let balance = self.account_info.at_mut(&"balance".into())?;
        py::in_place(balance, sign, amount)?;
        let result = Py::dict([("status", status.into()), ("new_balance", balance.clone())]);
        let entry =
            Py::dict([("type", kind.into()), ("amount", amount.clone()), ("timestamp", self.timestamp().into())]);
        self.transaction_history.as_list_mut().ok_or_else(|| PyErr::new("no list of transactions"))?.push(entry);
        Ok(result)
    }

    /// A second of the day that begins on 1 September 2024, 10:30.
    fn timestamp(&mut self) -> String {
        let seconds = 10 * 3600 + 30 * 60 + self.random.randint(0, 86_400);
        let (day, seconds) = (1 + seconds / 86_400, seconds % 86_400);
        format!("2024-09-{day:02} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    fn transactions(&self, start: &Py, end: &Py, ctx: Ctx<'_>) -> PyResult {
        let bound = |date: &Py| if date.truth() { dates::date(date)?.map(Some) } else { Ok(None) };
        let (start, end) = (bound(start)?, bound(end)?);
        let mut found = Vec::new();
        for transaction in self.transaction_history.items().unwrap_or_default() {
            let at = dates::moment(transaction.at(&"timestamp".into())?)?;
            if start.is_none_or(|start| start <= at) && end.is_none_or(|end| at <= end) {
                found.push(transaction.clone());
            }
        }
        found.extend(ctx.items("TRANSACTION_HISTORY_EXTENSION", Shown::Json));
        Ok(Py::dict([("transaction_history", found)]))
    }

    fn filter(&self, stocks: &Py, min: &Py, max: &Py) -> PyResult {
        let mut found = Vec::new();
        for symbol in stocks.iterate()? {
            let zero = Py::Int(0);
            let price = self.stocks.find(&symbol)?.and_then(|stock| stock.get("price")).unwrap_or(&zero);
            if py::order(price, ">=", min, std::cmp::Ordering::is_ge)? && at_most(price, max)? {
                found.push(symbol);
            }
        }
        Ok(Py::dict([("filtered_stocks", found)]))
    }

    fn notify(&self, stocks: &Py, threshold: &Py) -> PyResult {
        let mut changed = Vec::new();
        for symbol in stocks.iterate()? {
            let Some(stock) = self.stocks.find(&symbol)? else { continue };
            let change = stock.at(&"percent_change".into())?;
            let size = if py::less(change, &Py::Int(0))? { py::neg(change)? } else { change.clone() };
            if py::order(&size, ">=", threshold, std::cmp::Ordering::is_ge)? {
                changed.push(py::str(&symbol));
            }
        }
        let text = match changed.as_slice() {
            [] => "No significant price changes in the selected stocks.".to_owned(),
            stocks => format!("Stocks {} have significant price changes.", stocks.join(", ")),
        };
        Ok(Py::dict([("notification", text)]))
    }
}

fn at_most(a: &Py, b: &Py) -> Result<bool, PyErr> {
    py::order(a, "<=", b, std::cmp::Ordering::is_le)
}

fn not_positive(amount: &Py) -> Result<bool, PyErr> {
    at_most(amount, &Py::Int(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &str, calls: &[(&str, &str, &str)]) -> TradingBot {
        let ctx = Ctx { long: &[], today: (2026, 1, 1) };
        let mut bot = TradingBot::load(&mut py::parse_literal(config).unwrap(), ctx).unwrap();
        for (function, args, want) in calls {
            let args = py::parse_literal(&format!("[{args}]")).unwrap();
            let got = bot.call(function, args.items().unwrap(), ctx);
            let got = got.map_or_else(|error| format!("raised {}", error.0), |value| py::repr(&value));
            assert_eq!(got, *want, "{function}({args:?})");
        }
        bot
    }

    #[test]
    fn orders() {
        let bot = run(
            "{'authenticated': True, 'orders': {'7': {'status': 'Open'}, 'order_type': 'Buy'}}",
            &[
                (
                    "get_order_details",
                    "'7'",
                    "{'error': \"Order with ID 7 not found.Here is the list of orders_id: [7, 'order_type']\"}",
                ),
                ("cancel_order", "7.0", "{'order_id': 7.0, 'status': 'Cancelled'}"),
                ("cancel_order", "'order_type'", "raised string indices must be integers, not 'str'"),
                (
                    "place_order",
                    "'BUY', 'AAPL', 100, 1000.9",
                    "{'error': 'Insufficient funds: required $100000.00 but only $10000.00 available.'}",
                ),
                (
                    "place_order",
                    "'Buy', 'AAPL', 100, 2",
                    "{'order_id': 12446, 'order_type': 'Buy', 'status': 'Pending', 'price': 100.0, 'amount': 2}",
                ),
                (
                    "place_order",
                    "'Buy', 'AAPL', '1', 2",
                    "raised '<=' not supported between instances of 'str' and 'int'",
                ),
                ("place_order", "1, 'AAPL', 1, 2", "raised 'int' object has no attribute 'lower'"),
            ],
        );
        assert_eq!(bot.order_counter, Py::Int(12447));
    }

    #[test]
    fn money_and_its_history() {
        run(
            "{'authenticated': 1, 'market_status': 'Open'}",
            &[
                ("fund_account", "0.1", "{'status': 'Account funded successfully', 'new_balance': 10000.1}"),
                ("withdraw_funds", "10000.5", "{'error': 'Insufficient funds for withdrawal.'}"),
                (
                    "get_transaction_history",
                    "None, '2024-09-03'",
                    "{'transaction_history': [{'type': 'deposit', 'amount': 0.1, 'timestamp': '2024-09-02 05:40:15'}]}",
                ),
                ("get_transaction_history", "'2024-09-03', None", "{'transaction_history': []}"),
                ("get_transaction_history", "'x', None", "raised time data 'x' does not match format '%Y-%m-%d'"),
                ("trading_logout", "", "{'status': 'Logged out successfully'}"),
                ("get_watchlist", "", "['Error: User not authenticated. Please log in to view the watchlist.']"),
            ],
        );
    }

    #[test]
    fn lists_of_stocks() {
        run(
            "{}",
            &[
                ("filter_stocks_by_price", "['AAPL', 'X'], 0, 300", "{'filtered_stocks': ['AAPL', 'X']}"),
                (
                    "notify_price_change",
                    "['TSLA', 'X'], 0.12",
                    "{'notification': 'Stocks TSLA have significant price changes.'}",
                ),
                ("add_to_watchlist", "'X'", "{'watchlist': ['NVDA']}"),
                ("get_available_stocks", "'Automobile'", "{'stock_list': ['TSLA', 'F', 'GM']}"),
            ],
        );
    }
}
