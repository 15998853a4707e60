//! The interface Ω: what the training environment shows beyond the base one, as an immutable, content-addressed list of
//! cues (METHOD.md §3, eq. 8–9 and 15).

mod evolve;
mod rule;
mod shipped;
#[cfg(test)]
mod tests;
mod text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::profile::Target;
pub use evolve::{Active, Comparison, Cooldown, EvolutionState, LineageNode, Mutation, Retry, Share, Trial, evolve};
pub use rule::{EvolutionConfig, Off, On, RevertConfig, Rule, Scope, ShownWhen, TrainOn};
pub use shipped::default_rules;
pub use text::possible_cues;

use crate::diagnose::TurnDiagnosis;
use crate::id::ContentId;
use crate::label::{Failure, Label};
use crate::seed::Stream;
use crate::task::EnvSpec;

/// Where a cue is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phi {
    /// φ_schema: `note: ` lines in the tool list.
    Schema,
    /// φ_err: a `hint: ` line after a failed call.
    Err,
    /// φ_cap: `guide: ` lines in the first message.
    Cap,
}

/// One thing that the interface shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Id of the rule it came from.
    pub rule: String,
    pub phi: Phi,
    pub target: Target,
    /// The failures it is meant to cure; for φ_err also which errors it comments on.
    pub triggers: Vec<Failure>,
    pub text: String,
}

impl Cue {
    /// Words of the text: the unit of budgets.
    pub fn words(&self) -> u32 {
        self.text.split_whitespace().count() as u32
    }

    fn is_of(&self, rule: &str, target: &Target) -> bool {
        self.rule == rule && self.target == *target
    }

    /// Whether it is about what went wrong in `turn`, and where.
    fn speaks_to(&self, turn: &TurnDiagnosis) -> bool {
        let triggers = |failure| self.triggers.contains(&failure);
        match &self.target {
            Target::Global => matches!(turn.label, Label::Failure(failure) if triggers(failure)),
            Target::Tool(tool) => turn.blame.iter().any(|blame| triggers(blame.failure) && blame.tool == *tool),
            Target::Argument { tool, argument } => turn.blame.iter().any(|blame| {
                triggers(blame.failure) && blame.tool == *tool && blame.argument.as_ref() == Some(argument)
            }),
        }
    }
}

/// An immutable, ordered set of cues. Equal content has an equal id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Cue>", into = "Vec<Cue>")]
pub struct Interface {
    cues: Vec<Cue>,
    id: ContentId,
}

impl Interface {
    /// Cues in canonical order; repeated ones count once.
    pub fn new(mut cues: Vec<Cue>) -> Self {
        cues.sort();
        cues.dedup();
        let id = ContentId::of(&cues);
        Self { cues, id }
    }

    /// The untouched environment.
    pub fn base() -> Self {
        Self::new(Vec::new())
    }

    pub fn id(&self) -> &ContentId {
        &self.id
    }

    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }

    pub fn is_base(&self) -> bool {
        self.cues.is_empty()
    }

    /// Words of all cues together.
    pub fn words(&self) -> u32 {
        self.cues.iter().map(Cue::words).sum()
    }

    /// The interface after a patch.
    pub fn apply(&self, patch: &InterfacePatch) -> Self {
        let mut cues = self.cues.clone();
        match patch {
            InterfacePatch::Add(cue) => cues.push(cue.clone()),
            InterfacePatch::Remove(cue) => cues.retain(|shown| shown != cue),
        }
        Self::new(cues)
    }

    /// The cues that speak to what went wrong in `turn`, in canonical order, as many as the budgets of `config` hold.
    pub fn about(&self, turn: &TurnDiagnosis, config: &EvolutionConfig) -> Self {
        Self::within(config, self.cues.iter().filter(|cue| cue.speaks_to(turn)).cloned())
    }

    /// As many of `cues`, in their order, as the budgets of `config` hold.
    fn within(config: &EvolutionConfig, cues: impl IntoIterator<Item = Cue>) -> Self {
        let mut held: Vec<Cue> = Vec::new();
        for cue in cues {
            if config.has_room(&held, &cue) {
                held.push(cue);
            }
        }
        Self::new(held)
    }

    /// A random interface within the budget of `config`, for conversations about made-up tools: each possible cue is shown with
    /// probability `share`, in random order until the budget is full.
    pub fn random(spec: &EnvSpec, config: &EvolutionConfig, share: f64, stream: &mut Stream) -> Self {
        let mut possible = possible_cues(spec, config);
        stream.shuffle(&mut possible);
        Self::within(config, possible.into_iter().filter(|_| stream.uniform() < share))
    }

    /// A random interface within the budget of `config`, such as evolution makes: each rule speaks with probability `share`, of
    /// as many targets as one round may add. Rules with many targets do not crowd out the global ones.
    pub fn rehearsed(spec: &EnvSpec, config: &EvolutionConfig, share: f64, stream: &mut Stream) -> Self {
        let possible = possible_cues(spec, config);
        let mut rules: Vec<&str> = config.rules.iter().map(|rule| rule.id.as_str()).collect();
        stream.shuffle(&mut rules);
        let mut cues: Vec<Cue> = Vec::new();
        for rule in rules {
            let mut of_rule: Vec<&Cue> = possible.iter().filter(|cue| cue.rule == rule).collect();
            stream.shuffle(&mut of_rule);
            if stream.uniform() < share {
                cues.extend(of_rule.into_iter().take(config.max_additions as usize).cloned());
            }
        }
        Self::within(config, cues)
    }
}

impl From<Vec<Cue>> for Interface {
    fn from(cues: Vec<Cue>) -> Self {
        Self::new(cues)
    }
}

impl From<Interface> for Vec<Cue> {
    fn from(interface: Interface) -> Self {
        interface.cues
    }
}

/// A change of the interface. There is no variant that could touch tools, labels or the verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterfacePatch {
    Add(Cue),
    Remove(Cue),
}
