//! The shop's policy and everything else that must hold before a tool works, with the typed error where it does not.

use coevo_sdk::Rule;

pub const SIGNED_IN: Rule = Rule::state("not_signed_in", "nobody is signed in", "A customer is signed in.");
pub const SIGNED_OUT: Rule = Rule::state("signed_in", "a customer is signed in", "Nobody is signed in yet.");
pub const CUSTOMER: Rule = Rule::value("unknown_customer", "no such customer", "the first name of a customer");
pub const ZIP: Rule = Rule::value("wrong_zip", "the zip is wrong", "the customer's zip, five digits");
pub const ORDER: Rule = Rule::value("unknown_order", "customer has no such order", "an id from list_orders");
pub const ADDRESS: Rule = Rule::value("unknown_address", "customer has no such address", "an id from list_addresses");
pub const METHOD: Rule = Rule::value("unknown_method", "customer has no such method", "an id from list_methods");
pub const ITEM: Rule = Rule::value("unknown_item", "no such item", "an id from find_product");
pub const PRODUCT: Rule = Rule::value("unknown_product", "no such product", "one word, such as lamp");
pub const PENDING: Rule = Rule::state("not_pending", "the order is not pending", "The order is pending.");
pub const SHIPPED: Rule = Rule::state("not_shipped", "the order is not under way", "The order is shipped.");
pub const DELIVERED: Rule = Rule::state("not_delivered", "the order is not delivered", "The order is delivered.");
pub const IN_TIME: Rule = Rule::state("too_late", "delivered over 30 days ago", "At most 30 days since delivery.");
pub const REFUND_TO: Rule = Rule::state(
    "wrong_method",
    "refund to that method not allowed",
    "The refund goes to the method that paid or to a gift card.",
);
pub const SAME_PRODUCT: Rule = Rule::state("other_product", "that is another product", "The item is the same product.");
pub const IN_STOCK: Rule = Rule::state("out_of_stock", "the item is sold out", "The item is in stock.");
pub const COVERED: Rule = Rule::state("declined", "the method has too little left", "The method covers the price.");
pub const NEW: Rule = Rule::state("unchanged", "it is so already", "The value is a new one.");
pub const NEW_ADDRESS: Rule = Rule::state("known_address", "the address is known", "The address is a new one.");
pub const REFUNDED: Rule = Rule::state("no_refund", "nothing was refunded", "The order was cancelled or returned.");
pub const WITH_US: Rule = Rule::state("handed_over", "handed over already", "The customer was not handed over yet.");
