//! Random shops: two customers, one of whom has four orders.

use std::collections::BTreeMap;

use coevo_sdk::Rng;

use crate::state::{Address, Customer, Item, KINDS, Method, Order, RETURN_DAYS, Refund, State};

pub const NAMES: [&str; 20] = [
    "Alba", "Boris", "Celia", "Dario", "Edith", "Fritz", "Gwen", "Henri", "Iris", "Jonah", "Kara", "Leon", "Marta",
    "Noel", "Orla", "Petra", "Quinn", "Ralf", "Selma", "Theo",
];
pub const PRODUCTS: [&str; 20] = [
    "backpack",
    "blanket",
    "bottle",
    "chair",
    "clock",
    "fan",
    "headphones",
    "jacket",
    "kettle",
    "keyboard",
    "lamp",
    "mirror",
    "mug",
    "pillow",
    "rug",
    "scarf",
    "speaker",
    "tent",
    "toaster",
    "vase",
];
pub const OPTIONS: [&str; 8] = ["black", "blue", "green", "grey", "pink", "red", "white", "yellow"];
pub const STREETS: [&str; 14] = [
    "Ash Street",
    "Birch Lane",
    "Castle Road",
    "Dock Street",
    "Elm Road",
    "Field Lane",
    "Garden Road",
    "Hill Street",
    "Lake Lane",
    "Mill Road",
    "North Street",
    "Oak Lane",
    "Park Road",
    "Station Street",
];

/// Irrelevant lines for long results.
pub const CLUTTER: [&str; 14] = [
    "parcel tape was changed to paper last spring",
    "the autumn catalogue is at the printer",
    "ratings are shown without names",
    "warehouse two counts its shelves on monday",
    "a leaflet about care was added",
    "the newsletter was not subscribed",
    "packed by the early shift",
    "colour names may differ from older pages",
    "the club card earns no points here",
    "photos were taken in daylight",
    "customs form is not needed",
    "the gift wrap season is over",
    "weight was rounded to full grams",
    "the survey about packaging has closed",
];

/// A street that is not among the given ones.
pub fn street(rng: &mut Rng, taken: &[String]) -> String {
    loop {
        let street = format!("{} {}", rng.range(1, 99), rng.pick(&STREETS));
        if !taken.contains(&street) {
            return street;
        }
    }
}

/// A shop; in half of them the customer is signed in.
pub fn random(rng: &mut Rng) -> State {
    let names = rng.distinct(NAMES.len(), 2);
    let first = rng.range(1, 9);
    let ids = [format!("u{first}"), format!("u{}", first + 1)];
    let customers = ids.iter().zip(&names).map(|(id, name)| {
        (id.clone(), Customer { name: NAMES[*name].to_owned(), zip: format!("{}", rng.range(10_000, 99_999)) })
    });
    let customers = customers.collect();
    let [me, other] = &ids;
    let mut next = rng.range(10, 60);
    let mut number = || {
        next += 1;
        next - 1
    };
    let mut addresses = BTreeMap::new();
    let mut streets: Vec<String> = Vec::new();
    for owner in [me, me, other] {
        let street = street(rng, &streets);
        streets.push(street.clone());
        addresses.insert(format!("a{}", number()), Address { owner: owner.clone(), street });
    }
    let kinds = rng.distinct(KINDS.len() - 1, 2);
    let mut methods = BTreeMap::new();
    for (owner, kind) in [(me, KINDS[kinds[0]]), (me, KINDS[kinds[1]]), (me, "gift"), (other, KINDS[kinds[0]])] {
        let left = if kind == "gift" { rng.range(5, 90) } else { rng.range(100, 900) };
        methods.insert(format!("m{}", number()), Method { owner: owner.clone(), kind: kind.to_owned(), left });
    }
    let (items, products) = stock(rng);
    let mut state = State {
        me: rng.one_in(2).then(|| me.clone()),
        customers,
        addresses,
        methods,
        items,
        orders: BTreeMap::new(),
        refunds: BTreeMap::new(),
        handed_over: None,
        next: 0,
        clutter: 0,
    };
    let late = rng.one_in(2);
    let last = rng.pick(&["pending", "shipped", "returned", "delivered"]);
    let statuses = [("pending", 0), ("shipped", rng.range(1, 9)), ("delivered", rng.range(2, RETURN_DAYS)), (last, 0)];
    let mut orders: Vec<(&String, &str, u32)> = statuses.iter().map(|(status, days)| (me, *status, *days)).collect();
    orders[3].2 = match last {
        "shipped" => rng.range(1, 9),
        _ if late => rng.range(RETURN_DAYS + 1, 90),
        _ => rng.range(2, RETURN_DAYS),
    };
    rng.shuffle(&mut orders);
    orders.push((other, "delivered", 3));
    for ((owner, status, days), product) in orders.into_iter().zip(&products) {
        let order = order(rng, &state, owner, product, status, days);
        let id = format!("o{}", number());
        if status == "returned" {
            state.refunds.insert(id.clone(), Refund { method: order.method.clone(), amount: order.paid });
        }
        state.orders.insert(id, order);
    }
    state.next = number();
    state
}

/// Six products in three options each.
fn stock(rng: &mut Rng) -> (BTreeMap<String, Item>, Vec<&'static str>) {
    let mut items = BTreeMap::new();
    let mut products = Vec::new();
    let mut number = rng.range(10, 70);
    for at in rng.distinct(PRODUCTS.len(), 6) {
        products.push(PRODUCTS[at]);
        let price = rng.range(9, 120);
        for option in rng.distinct(OPTIONS.len(), 3) {
            let (price, stock) = (price + rng.range(0, 6), if rng.one_in(4) { 0 } else { rng.range(1, 9) });
            let (product, option) = (PRODUCTS[at].to_owned(), OPTIONS[option].to_owned());
            items.insert(format!("i{number}"), Item { product, option, price, stock });
            number += 1;
        }
    }
    (items, products)
}

fn order(rng: &mut Rng, state: &State, owner: &str, product: &str, status: &str, days: u32) -> Order {
    let of = |ids: Vec<&String>, rng: &mut Rng| ids[rng.below(ids.len())].clone();
    let item = of(state.items.iter().filter(|(_, item)| item.product == product).map(|(id, _)| id).collect(), rng);
    let address = state.addresses.iter().filter(|(_, address)| address.owner == owner).map(|(id, _)| id);
    let address = of(address.collect(), rng);
    let method = state.methods.iter().filter(|(_, method)| method.owner == owner && method.kind != "gift");
    let method = of(method.map(|(id, _)| id).collect(), rng);
    let paid = state.items[&item].price;
    let (owner, status) = (owner.to_owned(), status.to_owned());
    let days = if status == "pending" { 0 } else { days };
    Order { owner, item, status, days, address, method, paid, reason: None }
}
