//! The tools as an agent is told of them.

use coevo_sdk::{Tool, Ty};

use crate::rules::*;
use crate::state::{CANCEL, HAND_OVER};

/// A tool that needs a customer.
fn desk(name: &'static str, doc: &'static str) -> Tool {
    Tool::new(name).doc(doc).rules(&[SIGNED_IN])
}

/// A tool about one order.
fn on_order(name: &'static str, doc: &'static str) -> Tool {
    desk(name, doc).arg("order", Ty::String, "id of an order").pattern("^o[1-9][0-9]*$").rules(&[ORDER])
}

fn method(tool: Tool, doc: &'static str) -> Tool {
    tool.arg("method", Ty::String, doc).pattern("^m[1-9][0-9]*$").rules(&[METHOD])
}

fn address(tool: Tool) -> Tool {
    tool.arg("address", Ty::String, "id of an address").pattern("^a[1-9][0-9]*$").rules(&[ADDRESS])
}

fn item(tool: Tool) -> Tool {
    tool.arg("item", Ty::String, "id of an item").pattern("^i[1-9][0-9]*$").rules(&[ITEM])
}

/// All tools, in the order in which they are offered.
pub fn all() -> Vec<Tool> {
    vec![
        Tool::new("sign_in")
            .doc("sign a customer in")
            .arg("name", Ty::String, "first name")
            .arg("zip", Ty::String, "five digits")
            .pattern("^[0-9]{5}$")
            .returns("customer", Ty::String)
            .rules(&[SIGNED_OUT, CUSTOMER, ZIP])
            .mutates(),
        desk("list_orders", "orders of the customer")
            .returns("orders", Ty::List(&[("order", Ty::String), ("product", Ty::String), ("status", Ty::String)])),
        on_order("get_order", "details of an order")
            .returns("product", Ty::String)
            .returns("option", Ty::String)
            .returns("status", Ty::String)
            .returns("paid", Ty::Int)
            .returns("method", Ty::String)
            .returns("address", Ty::String)
            .may_return("days", Ty::Int),
        on_order("track_order", "days until delivery").returns("days", Ty::Int).rules(&[SHIPPED]),
        on_order("cancel_order", "cancel a pending order")
            .arg("reason", Ty::String, "why")
            .one_of(&CANCEL)
            .returns("refund", Ty::Int)
            .rules(&[PENDING])
            .mutates(),
        address(on_order("set_address", "send an order elsewhere"))
            .returns("address", Ty::String)
            .rules(&[PENDING, NEW])
            .mutates(),
        method(on_order("set_method", "pay an order otherwise"), "id of a method")
            .returns("method", Ty::String)
            .rules(&[PENDING, NEW, COVERED])
            .mutates(),
        method(on_order("return_order", "return and refund"), "where the refund goes")
            .returns("refund", Ty::Int)
            .rules(&[DELIVERED, IN_TIME, REFUND_TO])
            .mutates(),
        item(on_order("exchange_order", "swap for another option"))
            .returns("option", Ty::String)
            .returns("paid", Ty::Int)
            .rules(&[DELIVERED, IN_TIME, SAME_PRODUCT, NEW, IN_STOCK, COVERED])
            .mutates(),
        on_order("get_refund", "what was refunded")
            .returns("amount", Ty::Int)
            .returns("method", Ty::String)
            .rules(&[REFUNDED]),
        Tool::new("find_product")
            .doc("options of a product")
            .arg("name", Ty::String, "one word")
            .returns(
                "options",
                Ty::List(&[("item", Ty::String), ("option", Ty::String), ("price", Ty::Int), ("stock", Ty::Int)]),
            )
            .rules(&[PRODUCT]),
        address(method(item(desk("place_order", "order an item")), "how to pay"))
            .returns("order", Ty::String)
            .returns("paid", Ty::Int)
            .rules(&[IN_STOCK, COVERED])
            .mutates(),
        desk("list_addresses", "addresses of the customer")
            .returns("addresses", Ty::List(&[("address", Ty::String), ("street", Ty::String)])),
        desk("add_address", "note a new address")
            .arg("street", Ty::String, "number and street")
            .returns("address", Ty::String)
            .rules(&[NEW_ADDRESS])
            .mutates(),
        desk("list_methods", "payment methods of the customer")
            .returns("methods", Ty::List(&[("method", Ty::String), ("kind", Ty::String), ("left", Ty::Int)])),
        desk("hand_over", "hand the customer to a person")
            .arg("reason", Ty::String, "why")
            .one_of(&HAND_OVER)
            .returns("reason", Ty::String)
            .rules(&[WITH_US])
            .mutates(),
    ]
}
