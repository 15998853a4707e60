//! Ω_{t+1} = Evolve(Ω_t, C_t) (METHOD.md eq. 8–9): cues come, fade and are taken back, each change a node of a lineage.

use serde::{Deserialize, Serialize};

use crate::id::ContentId;
use crate::interface::{Cue, EvolutionConfig, Interface, Target};
use crate::profile::{Profile, Signal};
use crate::task::EnvSpec;

/// What became of a cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    Added,
    /// The capability was shown.
    Faded,
    /// It did not help.
    Reverted,
}

/// One change of the interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineageNode {
    /// The interface after the change.
    pub id: ContentId,
    /// The interface before it.
    pub parent: ContentId,
    /// Round whose profile caused it; the change is shown from the next round on.
    pub round: u32,
    pub mutation: Mutation,
    pub cue: Cue,
    /// What the profile said then.
    pub cause: Signal,
    /// Share of the triggering failures since the change minus the share before it (negative: it helps); `None` until
    /// turns were seen with it, and for removals.
    pub effect: Option<f64>,
}

/// A cue that is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Active {
    pub cue: Cue,
    /// Round whose profile added it.
    pub since: u32,
    /// Share of the triggering failures then.
    pub before: f64,
    /// Index of its node in the lineage.
    pub node: usize,
}

/// A cue that may not come back yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cooldown {
    pub rule: String,
    pub target: Target,
    /// First round that may add it again.
    pub until: u32,
}

/// The interface with everything needed to evolve it further.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvolutionState {
    pub interface: Interface,
    pub active: Vec<Active>,
    pub cooldowns: Vec<Cooldown>,
    pub lineage: Vec<LineageNode>,
}

impl EvolutionState {
    /// Before round 0: the base interface, or every cue where the config says `static_cues`.
    pub fn initial(spec: &EnvSpec, config: &EvolutionConfig) -> Self {
        todo!()
    }
}

/// The state after round `round`, whose episodes `profile` includes; its interface is shown from round `round + 1` on.
pub fn evolve(
    state: &EvolutionState,
    profile: &Profile,
    spec: &EnvSpec,
    config: &EvolutionConfig,
    round: u32,
) -> EvolutionState {
    todo!()
}
