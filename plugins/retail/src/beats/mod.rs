//! What customers ask for: one builder for each kind of request. A builder proposes; the story keeps a request only
//! where every call ends as the builder says.

mod change;
mod money;
mod questions;

use std::collections::BTreeSet;

use coevo_sdk::json;
use coevo_sdk::story::{Builder, Teller};

use crate::Retail;
use crate::state::{Method, Order, State};

/// What the conversation has made known.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    orders: bool,
    methods: bool,
    addresses: bool,
    /// Products whose options were listed.
    products: BTreeSet<String>,
    /// The order that "it" means.
    focus: Option<String>,
}

type Story = Teller<Retail>;

/// Kinds of requests with their weights. Where nobody is signed in, only the first can begin.
pub const ALL: &[(usize, Builder<Retail>)] = &[
    (60, questions::sign_in),
    (40, questions::sign_in_and_list),
    (9, change::cancel),
    (6, change::cancel_or_hand_over),
    (7, change::readdress),
    (6, change::new_address),
    (8, change::exchange),
    (6, change::exchange_either),
    (10, money::give_back),
    (8, money::give_back_either),
    (6, money::give_back_late),
    (6, money::pay_otherwise),
    (9, money::buy),
    (4, questions::complain),
    (4, questions::list),
    (7, questions::detail),
    (5, questions::track),
    (5, questions::refund),
    (5, questions::price),
];

/// Something that the customer names.
#[derive(Clone, Debug)]
struct Named {
    id: String,
    /// As a customer puts it here.
    words: String,
}

/// One of the customer's orders that fits: by id, by product (looked up unless the conversation has the list), or "it".
fn order(t: &mut Story, fits: impl Fn(&State, &Order) -> bool) -> Option<Named> {
    let state = t.state();
    let all: Vec<(String, String)> = state
        .mine(&state.orders, |order| &order.owner)
        .filter(|(_, order)| fits(state, order))
        .map(|(id, order)| (id.clone(), state.item_of(order).product.clone()))
        .collect();
    let (id, product) = t.choose(&all)?;
    let same = |order: &&Order| t.state().item_of(order).product == product;
    let only = t.state().orders.values().filter(same).count() == 1;
    let words = if t.memory.focus.as_ref() == Some(&id) && t.rng.one_in(2) {
        t.rng.pick(&["it", "that order", "this order"]).to_owned()
    } else if only && (t.memory.orders || t.rng.one_in(3)) {
        if !t.memory.orders {
            t.call("list_orders", json!({}));
            t.memory.orders = true;
        }
        format!("{} {product}{}", t.rng.pick(&["my", "the"]), t.rng.pick(&["", " order"]))
    } else {
        format!("{}{id}", t.rng.pick(&["", "order ", "my order "]))
    };
    t.memory.focus = Some(id.clone());
    Some(Named { id, words })
}

/// One of the customer's payment methods that fits: by id, or by kind (looked up unless the conversation has the list).
fn method(t: &mut Story, fits: impl Fn(&str, &Method) -> bool) -> Option<Named> {
    let state = t.state();
    let all: Vec<(String, String)> = state
        .mine(&state.methods, |method| &method.owner)
        .filter(|(id, method)| fits(id, method))
        .map(|(id, method)| (id.clone(), method.kind.clone()))
        .collect();
    let (id, kind) = t.choose(&all)?;
    let words = if t.memory.methods || t.rng.one_in(3) {
        if !t.memory.methods {
            t.call("list_methods", json!({}));
            t.memory.methods = true;
        }
        if kind == "gift" { "my gift card".to_owned() } else { format!("my {kind}") }
    } else {
        id.clone()
    };
    Some(Named { id, words })
}

/// Lists the options of a product unless the conversation has them.
fn options(t: &mut Story, product: &str) {
    if t.memory.products.insert(product.to_owned()) {
        t.call("find_product", json!({"name": product}));
    }
}
