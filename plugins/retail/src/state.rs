//! The state of one episode.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub const STATUSES: [&str; 6] = ["pending", "shipped", "delivered", "cancelled", "returned", "exchanged"];
/// Why an order is cancelled.
pub const CANCEL: [&str; 4] = ["mistake", "too_late", "cheaper", "not_needed"];
/// Why a customer is handed to a person.
pub const HAND_OVER: [&str; 3] = ["late_return", "not_pending", "complaint"];
pub const KINDS: [&str; 4] = ["visa", "amex", "paypal", "gift"];
/// Days after delivery in which an order can be returned or exchanged.
pub const RETURN_DAYS: u32 = 30;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub name: String,
    /// Five digits.
    pub zip: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    pub owner: String,
    pub street: String,
}

/// A way to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Method {
    pub owner: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// Euros.
    pub left: u32,
}

/// A product in one of its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub product: String,
    pub option: String,
    /// Euros.
    pub price: u32,
    pub stock: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub owner: String,
    pub item: String,
    /// One of [`STATUSES`].
    pub status: String,
    /// Since delivery; until delivery where it is shipped.
    pub days: u32,
    pub address: String,
    pub method: String,
    /// Euros.
    pub paid: u32,
    /// Why it was cancelled.
    pub reason: Option<String>,
}

/// Money given back for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    pub method: String,
    pub amount: u32,
}

/// Everything by id: `u` customers, `a` addresses, `m` methods, `i` items, `o` orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The customer who is signed in.
    pub me: Option<String>,
    pub customers: BTreeMap<String, Customer>,
    pub addresses: BTreeMap<String, Address>,
    pub methods: BTreeMap<String, Method>,
    pub items: BTreeMap<String, Item>,
    pub orders: BTreeMap<String, Order>,
    /// By order.
    pub refunds: BTreeMap<String, Refund>,
    /// Why the customer was handed to a person.
    pub handed_over: Option<String>,
    /// Numbers for new addresses and orders.
    pub next: u32,
    /// Keys the irrelevant lines of long results; 0: none.
    #[serde(default)]
    pub clutter: u64,
}

/// No amount in an initial state reaches this, so that sums cannot overflow.
const MONEY: u32 = 100_000_000;

impl State {
    /// What belongs to the customer who is signed in.
    pub fn mine<'a, T>(
        &'a self,
        all: &'a BTreeMap<String, T>,
        owner: fn(&T) -> &str,
    ) -> impl Iterator<Item = (&'a String, &'a T)> {
        all.iter().filter(move |(_, one)| Some(owner(one)) == self.me.as_deref())
    }

    /// The product and option of an order.
    pub fn item_of(&self, order: &Order) -> &Item {
        &self.items[&order.item]
    }

    /// Whether everything that the state refers to exists, so that no tool can stumble over it.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), String> {
        let known = |id: &String| self.customers.contains_key(id);
        let people = self.me.iter().chain(self.addresses.values().map(|address| &address.owner));
        let people = people.chain(self.methods.values().map(|method| &method.owner));
        if let Some(stranger) = people.chain(self.orders.values().map(|order| &order.owner)).find(|id| !known(id)) {
            return Err(format!("{stranger} is no customer"));
        }
        for (id, order) in &self.orders {
            let whole = self.items.contains_key(&order.item)
                && self.addresses.contains_key(&order.address)
                && self.methods.contains_key(&order.method)
                && STATUSES.contains(&order.status.as_str());
            if !whole {
                return Err(format!("order {id} refers to an unknown item, address, method or status"));
            }
        }
        if let Some(id) = self.refunds.keys().find(|id| !self.orders.contains_key(*id)) {
            return Err(format!("a refund of {id}, which is no order"));
        }
        let amounts =
            self.methods.values().map(|method| method.left).chain(self.orders.values().map(|order| order.paid));
        if amounts.chain(self.items.values().map(|item| item.price)).any(|amount| amount >= MONEY) {
            return Err("an amount is too large".to_owned());
        }
        let used = self.orders.keys().chain(self.addresses.keys()).filter_map(|id| id[1..].parse::<u32>().ok()).max();
        if used.is_some_and(|used| used >= self.next) { Err("the next number is used".to_owned()) } else { Ok(()) }
    }
}
