//! The rules that ship.

use crate::interface::Rule;

/// The shipped rule table.
pub fn default_rules() -> Vec<Rule> {
    todo!()
}
