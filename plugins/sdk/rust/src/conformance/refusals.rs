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

impl Refused {
    pub fn new(state: &Value, tool: &'static str, arguments: Value, code: &'static str) -> Self {
        Self { state: state.clone(), tool, arguments, code }
    }

    /// With another value at a place of the state (a JSON pointer to something that is there).
    ///
    /// # Panics
    /// When there is nothing.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: Value) -> Self {
        *self.state.pointer_mut(pointer).unwrap_or_else(|| panic!("the state has no {pointer}")) = value;
        self
    }

    /// After a call that succeeds.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn after<E: Environment>(mut self, tool: &str, arguments: &Value) -> Self {
        let mut session: Session<E> = Session::new();
        session.reset(&self.state.to_string()).unwrap_or_else(|error| panic!("{tool}: {error}"));
        let done = session.call(tool, arguments, Side::Agent, &mut Quiet::new());
        done.unwrap_or_else(|error| panic!("{tool} {arguments} should succeed: {error:?}"));
        self.state = serde_json::from_str(&session.state_json()).expect("a state is JSON");
        self
    }

    /// After the same call once before, which succeeds.
    #[must_use]
    pub fn again<E: Environment>(self) -> Self {
        let (tool, arguments) = (self.tool, self.arguments.clone());
        self.after::<E>(tool, &arguments)
    }
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
        let told = |key: &str| error.details.get(key).is_some();
        assert!(told("precondition") || (told("argument") && told("expected")), "{error:?}");
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
