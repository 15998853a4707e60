//! Rules as data: which failures switch a cue on and off, where, and what it says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interface::text::{placeholders, used_placeholders};
use crate::interface::{Cue, Phi};
use crate::label::Failure;

/// What a rule is asked of: once, for each tool, or for each argument of each tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Global,
    Tool,
    Argument,
}

/// When a cue comes: all three must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// Turns that carry a triggering failure, at least.
    pub min_count: u32,
    /// Their share, at least: of all turns for global rules, of the turns that called or needed the tool otherwise.
    pub prevalence: f64,
    /// Mean reward of the episodes that carry one, below.
    pub max_mean_reward: f64,
}

/// When a cue fades: the capability is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Off {
    /// The share falls below this; less than the share that switches on (hysteresis).
    pub prevalence: f64,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub phi: Phi,
    pub scope: Scope,
    pub triggers: Vec<Failure>,
    /// Failures that the cue's advice brings about where it is followed too far: it is not shown unless its triggers are twice as
    /// severe as these, over all tools. Who is told to call more abstains less.
    #[serde(default)]
    pub unless: Vec<Failure>,
    pub on: On,
    pub off: Off,
    /// Rounds after a fade in which the cue may not come back.
    pub cooldown_rounds: u32,
    /// Longer texts are cut.
    pub max_words: u32,
    /// Template. Placeholders stand for what the schema says: everywhere `{tools}` and `{form}`; for a tool also `{tool}`,
    /// `{description}`, `{required}`, `{constraints}` and `{preconditions}`; for an argument also `{argument}` and
    /// `{constraint}`. A cue whose placeholder stands for nothing is not shown. For φ_err the text ends the hint.
    pub text: String,
}

/// When a cue that does not help is taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RevertConfig {
    pub enabled: bool,
    /// Rounds that a cue is given.
    pub after_rounds: u32,
    /// The triggering share must have fallen by at least this; with cues for second tries, the share of turns that fail again.
    pub min_effect: f64,
    /// Rounds in which a reverted cue may not come back.
    pub cooldown_rounds: u32,
}

impl Default for RevertConfig {
    fn default() -> Self {
        Self { enabled: true, after_rounds: 4, min_effect: 0.01, cooldown_rounds: 8 }
    }
}

/// Which text stands before what is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrainOn {
    /// What the agent read, cues and all.
    #[default]
    Shown,
    /// What it would have read without cues: they help to find better episodes, and nothing learnt can lean on them.
    Base,
}

/// Where the share [`EvolutionConfig::shown_to`] is shown cues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownWhen {
    /// In all: each cue is a randomised trial, and is judged by it.
    #[default]
    Always,
    /// Where all others of the group, who play first and without, have failed: a policy that finds its own way is not led on
    /// another. Cues are then judged by before and after, since those who are shown them were chosen.
    Stuck,
    /// In second tries only (`learner.branch`): those who take up an episode at the turn that failed are shown the cues that
    /// speak to what failed there, and no others. A share of them is not: each cue is judged by the turns that pass with it and
    /// without (so with `shown_to: 1` none is). No cue fades: where nothing fails, none is shown.
    Retry,
}

/// How the interface evolves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvolutionConfig {
    /// Whether the interface evolves at all; without it training shows the base environment.
    pub enabled: bool,
    /// Every cue of every rule from round 0 on, never switched off: the control arm of the published runs.
    pub static_cues: bool,
    /// What the policy is trained to act on.
    pub train_on: TrainOn,
    /// Share of a group's episodes that are shown the cues; the others see the base environment. Below 1 every group compares
    /// what the policy does with cues and without, on the same task, and so does the judgement of each cue: what the interface
    /// asks for comes from the episodes without cues, and what a cue does is measured against them. Needs `train_on: base`, so
    /// that all members of a group are about the same text. With `shown_when: retry` it is the share of second tries.
    pub shown_to: f64,
    /// Whether that share is shown them in every group, in those that are stuck, or in second tries.
    pub shown_when: ShownWhen,
    /// Which cues may be shown.
    pub phis: Vec<Phi>,
    /// Words of all cues that an episode is shown, at most.
    pub word_budget: u32,
    /// φ_cap cues that an episode is shown, at most.
    pub max_guidelines: u32,
    /// Cues that one round may add, at most: few enough to tell their effects apart. Cues of second tries are told apart by who
    /// is shown them.
    pub max_additions: u32,
    /// No change from this round on: the "without closed loop" control.
    pub freeze_after: Option<u32>,
    pub revert_unhelpful: RevertConfig,
    pub rules: Vec<Rule>,
}

impl Default for EvolutionConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            static_cues: false,
            train_on: TrainOn::Shown,
            shown_to: 1.0,
            shown_when: ShownWhen::Always,
            phis: vec![Phi::Schema, Phi::Err, Phi::Cap],
            word_budget: 120,
            max_guidelines: 3,
            max_additions: 4,
            freeze_after: None,
            revert_unhelpful: RevertConfig::default(),
            rules: super::default_rules(),
        }
    }
}

impl EvolutionConfig {
    /// Whether a cue may join those shown: word budget and number of guidelines.
    pub(super) fn has_room<'a>(&self, shown: impl IntoIterator<Item = &'a Cue>, cue: &Cue) -> bool {
        let (mut words, mut guidelines) = (cue.words(), u32::from(cue.phi == Phi::Cap));
        for cue in shown {
            words += cue.words();
            guidelines += u32::from(cue.phi == Phi::Cap);
        }
        words <= self.word_budget && (cue.phi != Phi::Cap || guidelines <= self.max_guidelines)
    }

    /// Whether the episode of this number in its group is shown the cues: evenly spread over the group.
    pub fn is_shown_to(&self, replica: u32) -> bool {
        let before = |replica: u32| (f64::from(replica) * self.shown_to).floor();
        before(replica + 1) > before(replica)
    }

    pub(super) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// What is wrong with the values: (path below this config, message), such as `rules[2].off.prevalence`.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let mut problem = |field: &str, message: String| found.push((format!("rules[{at}].{field}"), message));
            if rule.id.is_empty() || self.rules[..at].iter().any(|other| other.id == rule.id) {
                problem("id", format!("{:?} must be a name of its own", rule.id));
            }
            if rule.triggers.is_empty() {
                problem("triggers", "at least one failure must trigger a rule".to_owned());
            }
            if !(0.0..=1.0).contains(&rule.on.prevalence) {
                problem("on.prevalence", format!("{} is no share between 0 and 1", rule.on.prevalence));
            }
            if !(rule.off.prevalence >= 0.0 && rule.off.prevalence < rule.on.prevalence) {
                let (off, on) = (rule.off.prevalence, rule.on.prevalence);
                problem("off.prevalence", format!("{off} must be at least 0 and less than on.prevalence, {on}"));
            }
            if rule.max_words == 0 {
                problem("max_words", "0 leaves no text".to_owned());
            }
            if rule.phi == Phi::Cap && rule.scope != Scope::Global {
                problem("scope", "a guideline (phi: cap) is global".to_owned());
            }
            let allowed = placeholders(rule.scope);
            for name in used_placeholders(&rule.text).into_iter().filter(|name| !allowed.contains(name)) {
                problem("text", format!("{{{name}}} is not one of {{{}}}", allowed.join("}, {")));
            }
        }
        if self.revert_unhelpful.enabled && self.revert_unhelpful.after_rounds == 0 {
            found.push(("revert_unhelpful.after_rounds".to_owned(), "a cue needs at least 1 round".to_owned()));
        }
        found
    }
}
