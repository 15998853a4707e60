//! Every typed error that a tool declares can be reached, names what was wrong, and leaves the state as it was.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Environment;
use crate::session::{Quiet, Session, Side};

/// A call that must be refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Where it begins.
    pub state: Value,
    pub tool: &'static str,
    pub arguments: Value,
    pub code: &'static str,
}

/// The cases are refused as they say, and together reach every error that any tool declares.
///
/// # Panics
/// With the case that is not, or the errors that no case reaches.
pub fn check_refusals<E: Environment>(cases: &[Refused]) {
    let mut reached: BTreeSet<(&str, &str)> = BTreeSet::new();
    for Refused { state, tool, arguments, code } in cases {
        let mut session: Session<E> = Session::new();
        session.reset(&state.to_string()).unwrap_or_else(|error| panic!("{tool} {code}: {error}"));
        let before = session.state_hash();
        let outcome = session.call(tool, arguments, Side::Agent, &mut Quiet::new());
        let error = outcome.err().unwrap_or_else(|| panic!("{tool} {arguments} should be refused with {code}"));
        assert_eq!(error.code, *code, "{tool} {arguments}");
        assert!(error.message.split(' ').count() <= 8, "{error:?}");
        let named = error.details.get("expected").or(error.details.get("precondition"));
        assert!(error.details.get("argument").is_some() && named.is_some(), "{error:?}");
        assert_eq!(session.state_hash(), before, "{tool} {arguments} was refused and changed the state");
        reached.insert((tool, code));
    }
    let described = E::describe();
    let declared: BTreeSet<(&str, &str)> =
        described.tools.iter().flat_map(|tool| tool.errors.iter().map(|(code, _)| (tool.name, *code))).collect();
    let missed: Vec<_> = declared.difference(&reached).collect();
    let surprising: Vec<_> = reached.difference(&declared).collect();
    assert!(missed.is_empty() && surprising.is_empty(), "no case for {missed:?}; not declared {surprising:?}");
}
