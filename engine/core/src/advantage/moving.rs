//! The released code's moving weights (METHOD.md §4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::advantage::GroupMember;
use crate::label::Label;

/// The moving weight of each label of the released set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightState {
    weights: BTreeMap<Label, f64>,
}

impl Default for WeightState {
    /// Every weight at its base.
    fn default() -> Self {
        todo!()
    }
}

impl WeightState {
    /// The weights after a round; call it once a round, with all members of all groups, before [`super::weigh`].
    pub fn step(&self, batch: &[GroupMember<'_>]) -> Self {
        todo!()
    }

    /// The weight of a label of the released set.
    pub fn weight(&self, label: Label) -> f64 {
        todo!()
    }
}
