//! `TravelAPI`: flights, credit cards, a budget. Fares and airports are in `travel/fares.rs`.

mod fares;

use serde::{Deserialize, Serialize};

use super::Default::{self, Required};
use super::{Class, Ctx, Function, generator, no_method, setting};
use crate::py::{self, Py, PyErr, PyResult, Random, Text, dates};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TravelApi {
    credit_card_list: Py,
    booking_record: Py,
    access_token: Py,
    token_type: Py,
    token_expires_in: Py,
    token_scope: Py,
    user_first_name: Py,
    user_last_name: Py,
    budget_limit: Py,
    long_context: Py,
    random: Random,
}

impl Class for TravelApi {
    const NAME: &'static str = "TravelAPI";
    const FUNCTIONS: &'static [Function] = &[
        Function {
            name: "authenticate_travel",
            params: &[
                ("client_id", Required),
                ("client_secret", Required),
                ("refresh_token", Required),
                ("grant_type", Required),
                ("user_first_name", Required),
                ("user_last_name", Required),
            ],
        },
        Function {
            name: "book_flight",
            params: &[
                ("access_token", Required),
                ("card_id", Required),
                ("travel_date", Required),
                ("travel_from", Required),
                ("travel_to", Required),
                ("travel_class", Required),
            ],
        },
        Function { name: "cancel_booking", params: &[("access_token", Required), ("booking_id", Required)] },
        Function {
            name: "compute_exchange_rate",
            params: &[("base_currency", Required), ("target_currency", Required), ("value", Required)],
        },
        Function { name: "contact_customer_support", params: &[("booking_id", Required), ("message", Required)] },
        Function { name: "get_all_credit_cards", params: &[] },
        Function { name: "get_booking_history", params: &[("access_token", Required)] },
        Function {
            name: "get_budget_fiscal_year",
            params: &[("lastModifiedAfter", Default::None), ("includeRemoved", Default::None)],
        },
        Function { name: "get_credit_card_balance", params: &[("access_token", Required), ("card_id", Required)] },
        Function {
            name: "get_flight_cost",
            params: &[
                ("travel_from", Required),
                ("travel_to", Required),
                ("travel_date", Required),
                ("travel_class", Required),
            ],
        },
        Function { name: "get_nearest_airport_by_city", params: &[("location", Required)] },
        Function { name: "list_all_airports", params: &[] },
        Function {
            name: "purchase_insurance",
            params: &[
                ("access_token", Required),
                ("insurance_type", Required),
                ("booking_id", Required),
                ("insurance_cost", Required),
                ("card_id", Required),
            ],
        },
        Function {
            name: "register_credit_card",
            params: &[
                ("access_token", Required),
                ("card_number", Required),
                ("expiration_date", Required),
                ("cardholder_name", Required),
                ("card_verification_number", Required),
            ],
        },
        Function {
            name: "retrieve_invoice",
            params: &[("access_token", Required), ("booking_id", Default::None), ("insurance_id", Default::None)],
        },
        Function { name: "set_budget_limit", params: &[("access_token", Required), ("budget_limit", Required)] },
        Function { name: "travel_get_login_status", params: &[] },
        Function {
            name: "verify_traveler_information",
            params: &[
                ("first_name", Required),
                ("last_name", Required),
                ("date_of_birth", Required),
                ("passport_number", Required),
            ],
        },
    ];

    attributes! {
        "credit_card_list" = credit_card_list,
        "booking_record" = booking_record,
        "access_token" = access_token,
        "token_type" = token_type,
        "token_expires_in" = token_expires_in,
        "token_scope" = token_scope,
        "user_first_name" = user_first_name,
        "user_last_name" = user_last_name,
        "budget_limit" = budget_limit,
        "long_context" = long_context,
    }

    fn load(config: &mut Py, ctx: Ctx<'_>) -> Result<Self, PyErr> {
        // Long-context tasks have more cards and bookings than the scenario says.
        let mut extended = |name: &str, extension: &str| {
            let mut table = setting(config, name, Py::Dict(Vec::new()));
            if let Some(Py::Dict(more)) = ctx.fresh(extension) {
                for (key, value) in more {
                    if !table.contains(&key) {
                        table.set(key, value);
                    }
                }
            }
            table
        };
        let credit_card_list = extended("credit_card_list", "CREDIT_CARD_EXTENSION");
        let booking_record = extended("booking_record", "BOOKING_RECORD_EXTENSION");
        let random = generator(config, 141_053);
        let mut optional = |name: &str| setting(config, name, Py::None);
        Ok(Self {
            credit_card_list,
            booking_record,
            access_token: optional("access_token"),
            token_type: optional("token_type"),
            token_expires_in: optional("token_expires_in"),
            token_scope: optional("token_scope"),
            user_first_name: optional("user_first_name"),
            user_last_name: optional("user_last_name"),
            budget_limit: optional("budget_limit"),
            long_context: Py::Bool(!ctx.long.is_empty()),
            random,
        })
    }

    fn call(&mut self, function: &str, args: &[Py], ctx: Ctx<'_>) -> PyResult {
        if let Some(status) = guarded(function)
            && let Some(error) = self.refused(function, &args[0])
        {
            return Ok(failed(status, error));
        }
        match (function, args) {
            ("authenticate_travel", [_, _, _, scope, first, last]) => Ok(self.authenticate(scope, first, last)),
            ("book_flight", [_, card, date, from, to, class]) => self.book(card, date, [from, to], class),
            ("cancel_booking", [_, id]) => self.cancel(id),
            ("compute_exchange_rate", [from, to, value]) => exchange(from, to, value),
            ("contact_customer_support", [id, _]) => Ok(match self.booking_record.find(id)? {
                None => Py::error("Booking not found"),
                Some(_) => Py::dict([(
                    "customer_support_message",
                    "Thank you for contacting customer support. Your message has been received and we will get back to \
                     you shortly.",
                )]),
            }),
            ("get_all_credit_cards", []) => Ok(Py::dict([("credit_card_list", self.credit_card_list.clone())])),
            ("get_booking_history", [_]) => Ok(Py::dict([("booking_history", self.booking_record.clone())])),
            ("get_budget_fiscal_year", [_, _]) => Ok(Py::dict([("budget_fiscal_year", "2018")])),
            ("get_credit_card_balance", [_, card]) => Ok(match self.credit_card_list.find(card)? {
                Some(card) => Py::dict([("card_balance", card.at(&"balance".into())?.clone())]),
                None => {
                    let known = py::repr(&Py::List(self.credit_card_list.iterate()?));
                    Py::error(format!("Card not registered. Here are a list of card_id's: {known}"))
                }
            }),
            ("get_flight_cost", [from, to, date, class]) => {
                let (cost, factor) = fare(from, to, date, class)?;
                let costs = match self.long_context.truth() {
                    true => fares::all().map(|(_, _, base)| Py::Float(base * factor)).collect(),
                    false => vec![Py::Float(cost)],
                };
                Ok(Py::dict([("travel_cost_list", costs)]))
            }
            ("get_nearest_airport_by_city", [city]) => {
                city.hashable()?;
                Ok(Py::dict([("nearest_airport", city.as_str().and_then(fares::airport).unwrap_or("Unknown"))]))
            }
            ("list_all_airports", []) => Ok(Py::texts(fares::AIRPORTS.iter().copied())),
            ("purchase_insurance", [_, _, booking, cost, card]) => self.insure(booking, cost, card),
            ("register_credit_card", [_, number, expiry, holder, code]) => self.register(number, expiry, holder, code),
            ("retrieve_invoice", [_, id, _]) => self.invoice(id),
            ("set_budget_limit", [_, limit]) => {
                self.budget_limit = py::to_float(limit)?.into();
                Ok(Py::dict([("budget_limit", self.budget_limit.clone())]))
            }
            ("travel_get_login_status", []) => {
                Ok(Py::dict([("status", !self.token_expires_in.is_none() && !self.expired())]))
            }
            ("verify_traveler_information", [first, last, birth, passport]) => {
                self.verify(first, last, birth, passport, ctx)
            }
            _ => Err(no_method(Self::NAME, function)),
        }
    }
}

/// Whether a function asks for the access token first, and the status that its refusal has.
fn guarded(function: &str) -> Option<&'static str> {
    Some(match function {
        "get_booking_history"
        | "get_credit_card_balance"
        | "register_credit_card"
        | "retrieve_invoice"
        | "set_budget_limit" => "",
        "book_flight" => "booking_status",
        "cancel_booking" => "cancel_status",
        "purchase_insurance" => "insurance_status",
        _ => return None,
    })
}

fn failed(status: &'static str, error: impl Into<Text>) -> Py {
    let error = Py::Str(error.into());
    if status.is_empty() {
        Py::dict([("error", error)])
    } else {
        Py::dict([(status, Py::Bool(false)), ("error", error)])
    }
}

/// What a flight costs, and the factor on the base fare.
fn fare(from: &Py, to: &Py, date: &Py, class: &Py) -> Result<(f64, f64), PyErr> {
    from.hashable()?;
    to.hashable()?;
    let base = from.as_str().zip(to.as_str()).and_then(|(from, to)| fares::base(from, to));
    let base = base.ok_or_else(|| PyErr::new("No available route for the given airports."))?;
    let class = match class.as_str() {
        Some("economy") => 1.0,
        Some("business") => 2.0,
        Some("first") => 5.0,
        _ => return Err(PyErr::new("Invalid travel class. Options are: economy, business, first.")),
    };
    let mut digits = 0;
    match date {
        // The digits beyond ASCII count as nothing.
        Py::Str(text) => {
            digits += text.bytes().filter(u8::is_ascii_digit).map(|digit| u64::from(digit - b'0')).sum::<u64>()
        }
        _ => {
            for part in date.iterate()? {
                let part = part.text("isdigit")?;
                if py::string::isdigit(part) {
                    digits += part.parse::<u64>().unwrap_or(0);
                }
            }
        }
    }
    let factor = class * if digits % 2 == 0 { 2.0 } else { 1.0 };
    Ok((base * factor, factor))
}

impl TravelApi {
    fn expired(&self) -> bool {
        self.token_expires_in == Py::Int(0)
    }

    /// Why a token does not open the door.
    fn refused(&self, function: &str, token: &Py) -> Option<&'static str> {
        if function == "register_credit_card" && self.token_expires_in.is_none() {
            return Some("Token not initialized");
        }
        match self.expired() {
            true => Some("Token expired"),
            false => (*token != self.access_token).then_some("Invalid access token"),
        }
    }

    /// A random number in decimal digits, both ends included.
    fn digits(&mut self, low: i64, high: i64) -> String {
        self.random.randint(low, high).to_string()
    }

    fn authenticate(&mut self, scope: &Py, first: &Py, last: &Py) -> Py {
        self.token_expires_in = Py::Int(2);
        self.access_token = self.digits(100_000, 999_999).into();
        self.token_type = "Bearer".into();
        self.token_scope = scope.clone();
        self.user_first_name = first.clone();
        self.user_last_name = last.clone();
        Py::dict([
            ("expires_in", Py::Int(2)),
            ("access_token", self.access_token.clone()),
            ("token_type", "Bearer".into()),
            ("scope", scope.clone()),
        ])
    }

    fn register(&mut self, number: &Py, expiry: &Py, holder: &Py, code: &Py) -> PyResult {
        if self.credit_card_list.find(number)?.is_some() {
            return Ok(Py::error("Card already registered"));
        }
        let id = self.digits(100_000_000_000, 999_999_999_999);
        let card = Py::dict([
            ("card_number", number.clone()),
            ("expiration_date", expiry.clone()),
            ("cardholder_name", holder.clone()),
            ("card_verification_number", code.clone()),
            ("balance", Py::Int(self.random.randint(10_000, 99_999))),
        ]);
        self.credit_card_list.set(id.clone(), card);
        Ok(Py::dict([("card_id", id)]))
    }

    fn book(&mut self, card: &Py, date: &Py, ends: [&Py; 2], class: &Py) -> PyResult {
        let refuse = |error: String| Ok(failed("booking_status", error));
        let Some(holding) = self.credit_card_list.find(card)? else { return refuse("Card not registered".to_owned()) };
        if !holding.contains(&"balance".into()) {
            return refuse("Balance not found".to_owned());
        }
        for (end, name) in ends.into_iter().zip(["departure", "destination"]) {
            if !end.as_str().is_some_and(|code| fares::AIRPORTS.contains(&code)) {
                return refuse(format!("Invalid {name} airport code: {}", py::str(end)));
            }
        }
        if dates::date(date)?.is_err() {
            return refuse("Invalid date format. Use YYYY-MM-DD.".to_owned());
        }
        class.hashable()?;
        if !matches!(class.as_str(), Some("economy" | "business" | "first")) {
            // A set in CPython, whose order changes with the hash seed: this is the order of seed 0.
            return refuse("Invalid travel class. Must be one of {'first', 'business', 'economy'}".to_owned());
        }
        let cost = match fare(ends[0], ends[1], date, class) {
            Ok((cost, _)) => Py::Float(cost),
            Err(PyErr(error)) => return refuse(error),
        };
        let balance = holding.at(&"balance".into())?;
        if py::less(balance, &cost)? {
            return refuse("Insufficient funds".to_owned());
        }
        if !self.budget_limit.is_none() && py::less(balance, &self.budget_limit)? {
            return refuse("Balance is less than budget limit".to_owned());
        }
        self.charge(card, "-", &cost)?;
        let id = self.digits(1_000_000, 9_999_999);
        let transaction = self.digits(10_000_000, 99_999_999);
        let record = Py::dict([
            ("card_id", card.clone()),
            ("travel_date", date.clone()),
            ("travel_from", ends[0].clone()),
            ("travel_to", ends[1].clone()),
            ("travel_class", class.clone()),
            ("travel_cost", cost),
            ("transaction_id", transaction.clone().into()),
        ]);
        self.booking_record.set(id.clone(), record);
        let history = if self.long_context.truth() { self.booking_record.clone() } else { Py::Dict(Vec::new()) };
        Ok(Py::dict([
            ("booking_id", id.into()),
            ("transaction_id", transaction.into()),
            ("booking_status", Py::Bool(true)),
            ("booking_history", history),
        ]))
    }

    /// Adds to a card's balance or takes from it.
    fn charge(&mut self, card: &Py, sign: &str, amount: &Py) -> Result<(), PyErr> {
        card.hashable()?;
        py::in_place(self.credit_card_list.at_mut(card)?.at_mut(&"balance".into())?, sign, amount)
    }

    fn cancel(&mut self, id: &Py) -> PyResult {
        let Some(record) = self.booking_record.find(id)? else {
            return Ok(failed("cancel_status", "Booking not found"));
        };
        let card = record.at(&"card_id".into())?.clone();
        let cost = record.at(&"travel_cost".into())?.clone();
        self.charge(&card, "+", &cost)?;
        self.booking_record.pop(id);
        Ok(Py::dict([("cancel_status", true)]))
    }

    fn insure(&mut self, booking: &Py, cost: &Py, card: &Py) -> PyResult {
        let refuse = |error: &'static str| Ok(failed("insurance_status", error));
        if !self.budget_limit.is_none() && py::less(&self.budget_limit, cost)? {
            return refuse("Exceeded budget limit");
        }
        if self.booking_record.find(booking)?.is_none() {
            return refuse("Booking not found");
        }
        if self.credit_card_list.find(card)?.is_none() {
            return refuse("Credit card not registered");
        }
        self.charge(card, "-", cost)?;
        let id = self.digits(100_000_000, 999_999_999);
        Ok(Py::dict([("insurance_id", id.into()), ("insurance_status", Py::Bool(true))]))
    }

    fn invoice(&self, id: &Py) -> PyResult {
        let Some(record) = self.booking_record.find(id)? else { return Ok(Py::error("Booking not found")) };
        let mut invoice = Py::dict([("booking_id", id.clone())]);
        for field in ["travel_date", "travel_from", "travel_to", "travel_class", "travel_cost", "transaction_id"] {
            invoice.set(field, record.at(&field.into())?.clone());
        }
        Ok(Py::dict([("invoice", invoice)]))
    }

    fn verify(&self, first: &Py, last: &Py, birth: &Py, passport: &Py, ctx: Ctx<'_>) -> PyResult {
        let refuse = |why: String| {
            Ok(Py::dict([("verification_status", Py::Bool(false)), ("verification_failure", why.into())]))
        };
        if self.user_first_name != *first || self.user_last_name != *last {
            let [own_first, own_last] = [&self.user_first_name, &self.user_last_name].map(py::str);
            let (first, last) = (py::str(first), py::str(last));
            return refuse(format!(
                "Cannot book flight information for another user.Expected {own_first} {own_last}, got {first} {last}"
            ));
        }
        let Ok((year, month, day, ..)) = dates::date(birth)? else {
            return refuse("Invalid date of birth format. Please use YYYY-MM-DD.".to_owned());
        };
        let today = ctx.today;
        let age = today.0 - year - i64::from((today.1, today.2) < (month, day));
        if age < 18 {
            return refuse("Traveler must be at least 18 years old.".to_owned());
        }
        if !passport.text("startswith")?.starts_with("US") {
            return refuse("Passport must be issued by the United States.".to_owned());
        }
        Ok(Py::dict([("verification_status", true)]))
    }
}

fn exchange(from: &Py, to: &Py, value: &Py) -> PyResult {
    let key = "exchanged_value";
    let usd = Py::from("USD");
    if *from == usd
        && let Some(rate) = to.as_str().and_then(fares::rate)
    {
        return Ok(Py::dict([(key, py::to_float(&py::mul(value, &rate)?)?)]));
    }
    if *to == usd
        && let Some(rate) = from.as_str().and_then(fares::rate)
    {
        let Py::Float(quotient) = py::div(value, &rate)? else { return Err(PyErr::new("no number")) };
        return Ok(Py::dict([(key, super::math::round_float(quotient, 2)?)]));
    }
    Err(PyErr::new("No available exchange rate for the given currencies."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &str, calls: &[(&str, &str, &str)]) -> TravelApi {
        let ctx = Ctx { long: &[], today: (2026, 3, 1) };
        let mut api = TravelApi::load(&mut py::parse_literal(config).unwrap(), ctx).unwrap();
        for (function, args, want) in calls {
            let args = py::parse_literal(&format!("[{args}]")).unwrap();
            let got = api.call(function, args.items().unwrap(), ctx);
            let got = got.map_or_else(|error| format!("raised {}", error.0), |value| py::repr(&value));
            assert_eq!(got, *want, "{function}({args:?})");
        }
        api
    }

    #[test]
    fn booking_and_cancelling() {
        let api = run(
            "{'access_token': 't', 'token_expires_in': 9, 'credit_card_list': {'c': {'balance': 1000}, 'd': {}}}",
            &[
                (
                    "book_flight",
                    "'x', 'c', '2024-01-02', 'SFO', 'LAX', 'first'",
                    "{'booking_status': False, 'error': 'Invalid access token'}",
                ),
                (
                    "book_flight",
                    "'t', 'd', '2024-01-02', 'SFO', 'LAX', 'first'",
                    "{'booking_status': False, 'error': 'Balance not found'}",
                ),
                (
                    "book_flight",
                    "'t', 'c', '2024-1-2x', 'SFO', 'LAX', 'first'",
                    "{'booking_status': False, 'error': 'Invalid date format. Use YYYY-MM-DD.'}",
                ),
                (
                    "book_flight",
                    "'t', 'c', '2024-01-02', 'SFO', 'HND', 'first'",
                    "{'booking_status': False, 'error': 'No available route for the given airports.'}",
                ),
                (
                    "book_flight",
                    "'t', 'c', '2024-01-03', 'SFO', 'LAX', 'first'",
                    "{'booking_status': False, 'error': 'Insufficient funds'}",
                ),
                (
                    "book_flight",
                    "'t', 'c', '2024-01-02', 'SFO', 'LAX', 'business'",
                    "{'booking_id': '3426812', 'transaction_id': '45451592', 'booking_status': True, 'booking_history': {}}",
                ),
                ("cancel_booking", "'t', '1'", "{'cancel_status': False, 'error': 'Booking not found'}"),
                (
                    "purchase_insurance",
                    "'t', 'x', '1', 'dear', 'c'",
                    "{'insurance_status': False, 'error': 'Booking not found'}",
                ),
                ("set_budget_limit", "'t', '1_000.5'", "{'budget_limit': 1000.5}"),
                (
                    "purchase_insurance",
                    "'t', 'x', '1', 'dear', 'c'",
                    "raised '<' not supported between instances of 'float' and 'str'",
                ),
                (
                    "get_credit_card_balance",
                    "'t', 'z'",
                    "{'error': \"Card not registered. Here are a list of card_id's: ['c', 'd']\"}",
                ),
            ],
        );
        assert_eq!(py::repr(&api.credit_card_list), "{'c': {'balance': 600.0}, 'd': {}}");
    }

    #[test]
    fn fares_rates_and_ages() {
        run(
            "{'user_first_name': 'Ann', 'user_last_name': 'Bo'}",
            &[
                ("get_flight_cost", "'OKD', 'LAX', '2024-01-01', 'economy'", "{'travel_cost_list': [440.0]}"),
                ("get_flight_cost", "'OKD', 'LAX', 5, 'economy'", "raised 'int' object is not iterable"),
                ("compute_exchange_rate", "'EUR', 'USD', 10", "{'exchanged_value': 12.5}"),
                ("compute_exchange_rate", "'USD', 'RMB', '5'", "{'exchanged_value': 5555555.0}"),
                (
                    "compute_exchange_rate",
                    "'USD', 'EUR', '5'",
                    "raised can't multiply sequence by non-int of type 'float'",
                ),
                (
                    "compute_exchange_rate",
                    "'USD', 'USD', 5",
                    "raised No available exchange rate for the given currencies.",
                ),
                ("verify_traveler_information", "'Ann', 'Bo', '2008-03-01', 'US1'", "{'verification_status': True}"),
                (
                    "verify_traveler_information",
                    "'Ann', 'Bo', '2008-03-02', 'US1'",
                    "{'verification_status': False, 'verification_failure': 'Traveler must be at least 18 years old.'}",
                ),
                (
                    "verify_traveler_information",
                    "'Ann', 'Bo', '1980-02-30', 'US1'",
                    "{'verification_status': False, 'verification_failure': 'Invalid date of birth format. Please use YYYY-MM-DD.'}",
                ),
                (
                    "authenticate_travel",
                    "'', '', '', 'read', 'A', 'B'",
                    "{'expires_in': 2, 'access_token': '251675', 'token_type': 'Bearer', 'scope': 'read'}",
                ),
            ],
        );
    }
}
