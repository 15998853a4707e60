//! What each tool does. Everything is checked before anything changes: a call that fails leaves the state as it was.

use std::collections::BTreeMap;

use coevo_sdk::talk::tidy;
use coevo_sdk::{Rule, ToolError, Value, args, json};

use crate::rules::*;
use crate::state::{Address, CANCEL, HAND_OVER, Item, Method, Order, RETURN_DAYS, Refund, State};

type Outcome = Result<Value, ToolError>;

/// Runs a tool.
///
/// # Errors
/// The rule that forbids it, or the argument that does not fit.
pub fn run(state: &mut State, name: &str, args: &Value) -> Outcome {
    match name {
        "sign_in" => return sign_in(state, args),
        "find_product" => return find_product(state, args),
        _ => {}
    }
    SIGNED_IN.require(state.me.is_some())?;
    match name {
        "list_orders" => Ok(list_orders(state)),
        "get_order" => get_order(state, args),
        "track_order" => {
            let (_, order) = order(state, args)?;
            SHIPPED.unless(order.status == "shipped", "order")?;
            Ok(json!({"days": order.days}))
        }
        "cancel_order" => cancel(state, args),
        "set_address" => set_address(state, args),
        "set_method" => set_method(state, args),
        "return_order" => return_order(state, args),
        "exchange_order" => exchange(state, args),
        "get_refund" => {
            let (id, _) = order(state, args)?;
            let refund = state.refunds.get(&id).ok_or_else(|| REFUNDED.error())?;
            Ok(json!({"amount": refund.amount, "method": refund.method}))
        }
        "place_order" => place_order(state, args),
        "list_addresses" => {
            let mine = state.mine(&state.addresses, |address| &address.owner);
            let addresses: Vec<Value> =
                mine.map(|(id, address)| json!({"address": id, "street": address.street})).collect();
            Ok(json!({"addresses": addresses}))
        }
        "add_address" => add_address(state, args),
        "list_methods" => {
            let mine = state.mine(&state.methods, |method| &method.owner);
            let methods: Vec<Value> =
                mine.map(|(id, method)| json!({"method": id, "kind": method.kind, "left": method.left})).collect();
            Ok(json!({"methods": methods}))
        }
        "hand_over" => {
            let reason = args::one_of(args, "reason", &HAND_OVER)?;
            WITH_US.require(state.handed_over.is_none())?;
            state.handed_over = Some(reason.to_owned());
            Ok(json!({"reason": reason}))
        }
        _ => Err(ToolError::unknown_tool(name)),
    }
}

/// What an argument names, if it belongs to the customer.
fn own<T: Clone>(
    state: &State,
    args: &Value,
    argument: &str,
    all: &BTreeMap<String, T>,
    owner: fn(&T) -> &str,
    rule: Rule,
) -> Result<(String, T), ToolError> {
    let id = args::string(args, argument)?;
    let found = state.mine(all, owner).find(|(known, _)| *known == id).map(|(id, one)| (id.clone(), one.clone()));
    found.ok_or_else(|| rule.broken(argument))
}

fn order(state: &State, args: &Value) -> Result<(String, Order), ToolError> {
    own(state, args, "order", &state.orders, |order| &order.owner, ORDER)
}

fn method(state: &State, args: &Value) -> Result<(String, Method), ToolError> {
    own(state, args, "method", &state.methods, |method| &method.owner, METHOD)
}

fn address(state: &State, args: &Value) -> Result<(String, Address), ToolError> {
    own(state, args, "address", &state.addresses, |address| &address.owner, ADDRESS)
}

fn item(state: &State, args: &Value) -> Result<(String, Item), ToolError> {
    let id = args::string(args, "item")?;
    state.items.get(id).map(|item| (id.to_owned(), item.clone())).ok_or_else(|| ITEM.broken("item"))
}

fn sign_in(state: &mut State, args: &Value) -> Outcome {
    let (name, zip) = (args::string(args, "name")?, args::string(args, "zip")?);
    SIGNED_OUT.require(state.me.is_none())?;
    let found = state.customers.iter().find(|(_, customer)| customer.name.eq_ignore_ascii_case(name.trim()));
    let (id, customer) = found.ok_or_else(|| CUSTOMER.broken("name"))?;
    if customer.zip != zip {
        return Err(ZIP.broken("zip"));
    }
    state.me = Some(id.clone());
    Ok(json!({"customer": state.me}))
}

fn list_orders(state: &State) -> Value {
    let orders: Vec<Value> = state
        .mine(&state.orders, |order| &order.owner)
        .map(|(id, order)| json!({"order": id, "product": state.item_of(order).product, "status": order.status}))
        .collect();
    json!({"orders": orders})
}

fn get_order(state: &State, args: &Value) -> Outcome {
    let (_, order) = order(state, args)?;
    let item = state.item_of(&order);
    let mut result = json!({
        "product": item.product, "option": item.option, "status": order.status, "paid": order.paid,
        "method": order.method, "address": order.address,
    });
    if order.status == "delivered" {
        result["days"] = Value::from(order.days);
    }
    Ok(result)
}

/// Gives money back for an order and notes it.
fn refund(state: &mut State, order: &str, method: String, amount: u32) {
    credit(state, &method, amount);
    state.refunds.insert(order.to_owned(), Refund { method, amount });
}

fn credit(state: &mut State, method: &str, amount: u32) {
    if let Some(method) = state.methods.get_mut(method) {
        method.left = method.left.saturating_add(amount);
    }
}

fn charge(state: &mut State, method: &str, amount: u32) {
    if let Some(method) = state.methods.get_mut(method) {
        method.left = method.left.saturating_sub(amount);
    }
}

/// Puts the changed order back.
fn keep(state: &mut State, id: String, order: Order) {
    state.orders.insert(id, order);
}

fn pending(state: &State, args: &Value) -> Result<(String, Order), ToolError> {
    let (id, order) = order(state, args)?;
    if order.status == "pending" {
        Ok((id, order))
    } else {
        Err(PENDING.broken("order").detail("status", order.status))
    }
}

fn cancel(state: &mut State, args: &Value) -> Outcome {
    let reason = args::one_of(args, "reason", &CANCEL)?;
    let (id, order) = pending(state, args)?;
    let paid = order.paid;
    refund(state, &id, order.method.clone(), paid);
    if let Some(item) = state.items.get_mut(&order.item) {
        item.stock += 1;
    }
    keep(state, id, Order { status: "cancelled".to_owned(), reason: Some(reason.to_owned()), ..order });
    Ok(json!({"refund": paid}))
}

fn set_address(state: &mut State, args: &Value) -> Outcome {
    let (address, _) = address(state, args)?;
    let (id, order) = pending(state, args)?;
    NEW.unless(order.address != address, "address")?;
    keep(state, id, Order { address: address.clone(), ..order });
    Ok(json!({"address": address}))
}

fn covered(method: &Method, amount: u32) -> Result<(), ToolError> {
    let declined = || COVERED.broken("method").detail("left", method.left).detail("needed", amount);
    if method.left >= amount { Ok(()) } else { Err(declined()) }
}

fn set_method(state: &mut State, args: &Value) -> Outcome {
    let (to, other) = method(state, args)?;
    let (id, order) = pending(state, args)?;
    NEW.unless(order.method != to, "method")?;
    covered(&other, order.paid)?;
    credit(state, &order.method, order.paid);
    charge(state, &to, order.paid);
    keep(state, id, Order { method: to.clone(), ..order });
    Ok(json!({"method": to}))
}

/// The order, if policy lets it come back.
fn returnable(state: &State, args: &Value) -> Result<(String, Order), ToolError> {
    let (id, order) = order(state, args)?;
    DELIVERED.unless(order.status == "delivered", "order")?;
    if order.days > RETURN_DAYS {
        return Err(IN_TIME.broken("order").detail("days", order.days));
    }
    Ok((id, order))
}

fn return_order(state: &mut State, args: &Value) -> Outcome {
    let (to, kind) = method(state, args)?;
    let (id, order) = returnable(state, args)?;
    if to != order.method && kind.kind != "gift" {
        return Err(REFUND_TO.broken("method").detail("options", vec![order.method]));
    }
    let paid = order.paid;
    refund(state, &id, to, paid);
    keep(state, id, Order { status: "returned".to_owned(), ..order });
    Ok(json!({"refund": paid}))
}

fn exchange(state: &mut State, args: &Value) -> Outcome {
    let (new, wanted) = item(state, args)?;
    let (id, order) = returnable(state, args)?;
    SAME_PRODUCT.unless(wanted.product == state.item_of(&order).product, "item")?;
    NEW.unless(new != order.item, "item")?;
    IN_STOCK.unless(wanted.stock > 0, "item")?;
    let (more, less) = (wanted.price.saturating_sub(order.paid), order.paid.saturating_sub(wanted.price));
    covered(&state.methods[&order.method], more)?;
    charge(state, &order.method, more);
    credit(state, &order.method, less);
    if let Some(item) = state.items.get_mut(&new) {
        item.stock -= 1;
    }
    let result = json!({"option": wanted.option, "paid": wanted.price});
    keep(state, id, Order { item: new, status: "exchanged".to_owned(), paid: wanted.price, ..order });
    Ok(result)
}

fn find_product(state: &State, args: &Value) -> Outcome {
    let name = args::string(args, "name")?.trim();
    let options: Vec<Value> = state
        .items
        .iter()
        .filter(|(_, item)| item.product.eq_ignore_ascii_case(name))
        .map(|(id, item)| json!({"item": id, "option": item.option, "price": item.price, "stock": item.stock}))
        .collect();
    if options.is_empty() {
        return Err(PRODUCT.broken("name"));
    }
    Ok(json!({"options": options}))
}

fn place_order(state: &mut State, args: &Value) -> Outcome {
    let (item, bought) = item(state, args)?;
    let (method, purse) = method(state, args)?;
    let (address, _) = address(state, args)?;
    IN_STOCK.unless(bought.stock > 0, "item")?;
    covered(&purse, bought.price)?;
    let owner = state.me.clone().unwrap_or_default();
    charge(state, &method, bought.price);
    if let Some(item) = state.items.get_mut(&item) {
        item.stock -= 1;
    }
    let id = format!("o{}", state.next);
    state.next += 1;
    let (status, paid) = ("pending".to_owned(), bought.price);
    keep(state, id.clone(), Order { owner, item, status, days: 0, address, method, paid, reason: None });
    Ok(json!({"order": id, "paid": paid}))
}

fn add_address(state: &mut State, args: &Value) -> Outcome {
    let street = tidy(args::string(args, "street")?);
    let known = state
        .mine(&state.addresses, |address| &address.owner)
        .find(|(_, address)| address.street.eq_ignore_ascii_case(&street))
        .map(|(id, _)| id.clone());
    if let Some(id) = known {
        return Err(NEW_ADDRESS.broken("street").detail("address", id));
    }
    let id = format!("a{}", state.next);
    state.next += 1;
    let owner = state.me.clone().unwrap_or_default();
    state.addresses.insert(id.clone(), Address { owner, street });
    Ok(json!({"address": id}))
}
