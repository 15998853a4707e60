//! Ω_{t+1} = Evolve(Ω_t, C_t) (METHOD.md eq. 8–9): cues come, fade and are taken back, each change a node of a lineage.

use serde::{Deserialize, Serialize};

use crate::id::ContentId;
use crate::interface::{Cue, EvolutionConfig, Interface, InterfacePatch, Rule, Target, possible_cues};
use crate::label::Failure;
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
    /// Share of the triggering failures since the change minus the share before it, or what else it is [compared](Comparison)
    /// with (negative: it helps); `None` until turns were seen with it, and for removals.
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
    /// Second tries that it speaks to.
    #[serde(default, skip_serializing_if = "Trial::is_empty")]
    pub trial: Trial,
}

/// How many of some turns failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub failed: u32,
    pub of: u32,
}

impl Share {
    /// `None` of nothing.
    fn value(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.failed) / f64::from(self.of))
    }
}

/// Second tries at turns that failed in the same way: those that were shown a cue that speaks to it, and those that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub with: Share,
    pub without: Share,
}

impl Trial {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn add(&mut self, retry: &Retry<'_>) {
        let side = if retry.shown { &mut self.with } else { &mut self.without };
        side.failed += u32::from(!retry.passed);
        side.of += 1;
    }

    /// Share that fails with the cue, less the share without it.
    fn effect(&self) -> Option<f64> {
        Some(self.with.value()? - self.without.value()?)
    }
}

/// One second try at a turn that failed.
#[derive(Clone, Copy, Debug)]
pub struct Retry<'a> {
    /// The cues that speak to the failure.
    pub cues: &'a Interface,
    /// Whether they were shown.
    pub shown: bool,
    /// Whether the turn passed this time.
    pub passed: bool,
}

/// What the effect of a cue is measured against.
#[derive(Clone, Copy, Debug)]
pub enum Comparison<'a> {
    /// The rounds before it came: every episode is shown it.
    Before,
    /// The same rounds without it: this is the profile of the episodes with cues, and the other one of those without.
    Within(&'a Profile),
    /// This round's second tries, some of which were not shown it.
    Retries(&'a [Retry<'a>]),
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
    /// Before round 0: the base interface, or every cue that fits the budgets where the config says `static_cues`.
    pub fn initial(spec: &EnvSpec, config: &EvolutionConfig) -> Self {
        let interface = match config.enabled && config.static_cues {
            true => Interface::within(config, possible_cues(spec, config)),
            false => Interface::base(),
        };
        Self { interface, active: Vec::new(), cooldowns: Vec::new(), lineage: Vec::new() }
    }

    /// Writes the effect of each active cue into its node.
    fn measure(&mut self, seen: &Seen<'_>) {
        for active in &self.active {
            if let Some(effect) = seen.effect(active) {
                self.lineage[active.node].effect = Some(effect);
            }
        }
    }

    /// Takes back what is no longer needed and what does not help.
    fn retire(&mut self, seen: &Seen<'_>, config: &EvolutionConfig, round: u32) {
        for active in std::mem::take(&mut self.active) {
            let now = active.since_then(seen.profile);
            let verdict = config.rule(&active.cue.rule).and_then(|rule| {
                let of = if seen.retried() { active.trial.with.of.min(active.trial.without.of) } else { now.of };
                let judged = of >= rule.on.min_count.max(1);
                let revert = &config.revert_unhelpful;
                let had_its_time = round >= active.since + revert.after_rounds;
                if !seen.retried() && judged && now.prevalence() < rule.off.prevalence {
                    Some((Mutation::Faded, rule.cooldown_rounds))
                } else if seen.opposed(rule) {
                    Some((Mutation::Reverted, rule.cooldown_rounds))
                } else if judged
                    && revert.enabled
                    && had_its_time
                    && seen.effect(&active).is_some_and(|effect| -effect < revert.min_effect)
                {
                    Some((Mutation::Reverted, revert.cooldown_rounds))
                } else {
                    None
                }
            });
            match verdict {
                None => self.active.push(active),
                Some((mutation, cooldown)) => {
                    let (rule, target) = (active.cue.rule.clone(), active.cue.target.clone());
                    self.cooldowns.push(Cooldown { rule, target, until: round + cooldown + 1 });
                    self.mutate(mutation, InterfacePatch::Remove(active.cue.clone()), active.cue, now, round);
                }
            }
        }
    }

    /// Adds what the profile asks for, the most severe first, within the budgets.
    fn admit(&mut self, seen: &Seen<'_>, spec: &EnvSpec, config: &EvolutionConfig, round: u32) {
        let mut candidates: Vec<(Signal, Cue)> = Vec::new();
        for cue in possible_cues(spec, config) {
            let Some(rule) = config.rule(&cue.rule) else { continue };
            let shown = self.active.iter().any(|active| active.cue.is_of(&cue.rule, &cue.target));
            let cooling = self.cooldowns.iter().any(|cooldown| cue.is_of(&cooldown.rule, &cooldown.target));
            let signal = seen.profile.signal(&cue.target, &cue.triggers, 0);
            let asked = signal.count >= rule.on.min_count.max(1)
                && signal.prevalence() >= rule.on.prevalence
                && signal.mean_reward < rule.on.max_mean_reward
                && !seen.opposed(rule);
            if asked && !shown && !cooling {
                candidates.push((signal, cue));
            }
        }
        // Stable: ties stay in the order of rules, tools and arguments.
        candidates.sort_by(|(a, _), (b, _)| b.severity().total_cmp(&a.severity()));
        let mut additions = 0;
        for (signal, cue) in candidates {
            if additions == config.max_additions && !seen.retried() {
                break;
            }
            // Each second try is shown few of them: the budget is its own, and its outcome speaks of those few.
            if seen.retried() || config.has_room(self.interface.cues(), &cue) {
                additions += 1;
                let (before, node) = (signal.prevalence(), self.lineage.len());
                self.mutate(Mutation::Added, InterfacePatch::Add(cue.clone()), cue.clone(), signal, round);
                self.active.push(Active { cue, since: round, before, node, trial: Trial::default() });
            }
        }
    }

    fn mutate(&mut self, mutation: Mutation, patch: InterfacePatch, cue: Cue, cause: Signal, round: u32) {
        let parent = self.interface.id().clone();
        self.interface = self.interface.apply(&patch);
        let id = self.interface.id().clone();
        self.lineage.push(LineageNode { id, parent, round, mutation, cue, cause, effect: None });
    }
}

impl Active {
    /// What the rounds that had the cue say of the failures it is meant to cure.
    fn since_then(&self, profile: &Profile) -> Signal {
        profile.signal(&self.cue.target, &self.cue.triggers, self.since + 1)
    }
}

/// What the evolution goes by.
struct Seen<'a> {
    /// What decides which cues come and fade.
    profile: &'a Profile,
    comparison: Comparison<'a>,
}

impl Seen<'_> {
    /// Whether cues are for second tries: shown only to those who failed, so that nothing can be held against them but that
    /// they do not help.
    fn retried(&self) -> bool {
        matches!(self.comparison, Comparison::Retries(_))
    }

    /// Whether the failures that a rule's advice may bring about are too severe for it, over all tools.
    fn opposed(&self, rule: &Rule) -> bool {
        let severity = |failures: &[Failure]| self.profile.signal(&Target::Global, failures, 0).severity();
        !self.retried() && !rule.unless.is_empty() && severity(&rule.triggers) < 2.0 * severity(&rule.unless)
    }

    /// Share of the failures since the cue came: with it, less what it is compared with. `None` until something was seen.
    fn effect(&self, active: &Active) -> Option<f64> {
        let seen = active.since_then(self.profile);
        let (with, before) = match self.comparison {
            Comparison::Before => (seen, active.before),
            Comparison::Within(with_cues) => (active.since_then(with_cues), seen.prevalence()),
            Comparison::Retries(_) => return active.trial.effect(),
        };
        (with.of > 0).then(|| with.prevalence() - before)
    }
}

/// The state after round `round`, whose episodes `profile` includes; its interface is shown from round `round + 1` on.
///
/// Where only a share of the episodes is shown the cues, `profile` is of the others, and a cue's effect is what it changes in
/// the same rounds. A cue so fades when the policy shows the capability without it.
///
/// A cue comes when the on-threshold of its rule is met, the most severe first; it fades when the share of its failures,
/// in the rounds that had it, falls below the off-threshold; it is reverted when that share has not fallen in time, or when
/// what its advice may bring about has become too severe. Cues of second tries come likewise and are only reverted. From
/// `freeze_after` on effects are measured but nothing changes; static cues never change.
pub fn evolve(
    state: &EvolutionState,
    profile: &Profile,
    comparison: Comparison<'_>,
    spec: &EnvSpec,
    config: &EvolutionConfig,
    round: u32,
) -> EvolutionState {
    let seen = Seen { profile, comparison };
    let mut next = state.clone();
    if !config.enabled || config.static_cues {
        return next;
    }
    if let Comparison::Retries(retries) = comparison {
        for active in &mut next.active {
            let about = retries.iter().filter(|retry| retry.cues.cues().contains(&active.cue));
            about.for_each(|retry| active.trial.add(retry));
        }
    }
    next.measure(&seen);
    if config.freeze_after.is_none_or(|freeze| round < freeze) {
        next.cooldowns.retain(|cooldown| cooldown.until > round);
        next.retire(&seen, config, round);
        next.admit(&seen, spec, config, round);
    }
    next
}
