//! One round as plain functions that read like its definition (METHOD.md §1): draw, roll out, diagnose, assess, then
//! evolve and weigh from the same frozen profile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coevo_agents::infer::grammar::Grammars;
use coevo_agents::{Tokenizer, TrainSequence};
use coevo_core::advantage::{
    EpisodeWeights, GroupMember, WeightState, first_own_turn, step_visits, teaches, turn_tokens, weigh,
};
use coevo_core::diagnose::{Diagnosis, PriorityTable, TurnDiagnosis, diagnose};
use coevo_core::episode::{Episode, EpisodeKey, Stage, Verdict};
use coevo_core::interface::{Comparison, EvolutionState, Interface, Retry, ShownWhen, TrainOn, evolve};
use coevo_core::profile::{Profile, assess};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{EnvSpec, HiddenLabel, TaskRef};
use coevo_scenarios::{RewardKind, Settings, ZeroVariance};
use serde::{Deserialize, Serialize};

use crate::slots::{Arena, Job, Played};
use crate::tasks::TaskPool;
use crate::weaned::weaned;

/// What an arm carries from round to round, beside the learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmState {
    pub profile: Profile,
    /// Of the episodes that were shown cues, where others were not and `profile` is of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_cues: Option<Profile>,
    pub evolution: EvolutionState,
    pub weights: WeightState,
}

impl ArmState {
    /// Before round 1.
    pub fn initial(spec: &EnvSpec, settings: &Settings) -> Self {
        let profile = Profile::new(&settings.diagnosis.profile);
        let evolution = &settings.evolution;
        let compares = evolution.shown_to < 1.0 && evolution.shown_when == ShownWhen::Always;
        Self {
            with_cues: compares.then(|| profile.clone()),
            profile,
            evolution: EvolutionState::initial(spec, evolution),
            weights: WeightState::default(),
        }
    }

    /// What the next round's training environment shows to those whom it shows cues.
    pub fn arena(&self) -> Arena {
        Arena::Evolved(Arc::new(self.evolution.interface.clone()))
    }

    /// What of it is picked for a second try at a turn that failed; `None` where nothing is picked.
    pub fn second_try(&self, failed: &TurnDiagnosis, settings: &Settings) -> Option<Arc<Interface>> {
        let picks = settings.evolution.shown_when == ShownWhen::Retry;
        picks.then(|| Arc::new(self.evolution.interface.about(failed, &settings.evolution)))
    }

    /// What the training environment shows to each of `jobs`, which come with all that it can show; nothing without `cues`.
    pub fn deal(&self, mut jobs: Vec<Job>, cues: bool, settings: &Settings) -> Vec<Job> {
        for job in jobs.iter_mut().filter(|job| !cues || !settings.evolution.is_shown_to(job.key.replica)) {
            job.arena = Arena::Base;
        }
        jobs
    }
}

/// An episode with everything the round found out about it.
pub struct Diagnosed {
    pub played: Played,
    /// `None` where the episode was not scored.
    pub diagnosis: Option<Diagnosis>,
    /// `None` where it is not trained on.
    pub weights: Option<EpisodeWeights>,
    /// Of a second try: what it was shown, or would have been, had it been dealt cues; `None` where nothing was picked for it.
    pub second_try: Option<Arc<Interface>>,
}

impl Diagnosed {
    /// Whether it was played because another one failed; also where that failed in its first turn.
    pub fn is_branch(&self, settings: &Settings) -> bool {
        settings.learner.branch > 0.0 && self.played.episode.key.replica >= settings.learner.from_the_beginning()
    }

    /// How its second try at a turn went; `None` where it is none, or nothing could have been shown.
    pub fn retry(&self) -> Option<Retry<'_>> {
        let cues = self.second_try.as_deref().filter(|cues| !cues.is_base())?;
        let episode = &self.played.episode;
        let turn = self.diagnosis.as_ref()?.turns.get(first_own_turn(&episode.tokens))?;
        Some(Retry { cues, shown: episode.interface == *cues.id(), passed: !turn.label.is_failure() })
    }
}

/// The groups of a round: the episodes of one task stand together.
pub fn groups(episodes: &[Diagnosed]) -> impl Iterator<Item = &[Diagnosed]> {
    episodes.chunk_by(|a, b| a.played.episode.key.task == b.played.episode.key.task)
}

/// What a round plays at once.
pub enum Wave<'a> {
    /// These episodes of each task, from the beginning; `cues` where those whom the interface is shown to see it.
    Tasks { indices: &'a [u32], replicas: &'a [u32], cues: bool },
    /// Episodes that go on where others failed.
    Branches(Vec<Branch<'a>>),
}

/// Another try at a turn that failed.
pub struct Branch<'a> {
    pub parent: &'a Episode,
    /// The failing turn: the first that is played anew.
    pub turn: usize,
    pub failed: &'a TurnDiagnosis,
    pub replica: u32,
}

impl Branch<'_> {
    /// The job that repeats the parent up to its failing turn.
    pub fn job(&self, pool: &TaskPool, arena: &Arena) -> Job {
        let Episode { key, env_stream, turns, .. } = self.parent;
        let texts = |turn: &coevo_core::episode::Turn| turn.steps.iter().map(|step| step.text.clone()).collect();
        Job {
            key: EpisodeKey { replica: self.replica, ..key.clone() },
            plugin: pool.plugin().clone(),
            task: pool.task(&key.task),
            arena: arena.clone(),
            env_stream: *env_stream,
            action_stream: StreamKey { purpose: Purpose::Action, ..*env_stream }.replica(self.replica),
            prefix: turns[..self.turn].iter().map(texts).collect(),
        }
    }
}

/// Up to `count` branches, dealt to the tasks in which something failed, task by task in turn, and in a task to its failing
/// episodes in turn: what is mastered is not played again.
pub fn branches(episodes: &[Diagnosed], count: usize) -> Vec<Branch<'_>> {
    let failing = |e: &&Diagnosed| e.diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.first_failing.is_some());
    let mut tasks: Vec<(u32, Vec<&Diagnosed>)> =
        groups(episodes).map(|group| (group.len() as u32, group.iter().filter(failing).collect())).collect();
    tasks.retain(|(_, failing)| !failing.is_empty());
    let mut dealt = Vec::with_capacity(count);
    for number in 0..count {
        let Some(around) = number.checked_div(tasks.len()) else { break };
        let (played, failing) = &tasks[number % tasks.len()];
        let parent = failing[around % failing.len()];
        let diagnosis = parent.diagnosis.as_ref().expect("it failed");
        let turn = diagnosis.first_failing.expect("it failed");
        let (parent, failed) = (&parent.played.episode, &diagnosis.turns[turn]);
        dealt.push(Branch { parent, turn, failed, replica: played + around as u32 });
    }
    dealt
}

/// Indices of the training tasks of a round, all different: a walk through shuffled copies of the pool, the same for every
/// arm. Where a round goes from one copy to the next, a task that it has already gives its place to the last one of the next
/// copy that it has not. `tasks` is at most `pool`.
pub fn draw(seed: u64, pool: u32, tasks: u32, round: u32) -> Vec<u32> {
    let first = u64::from(round - 1) * u64::from(tasks);
    let mut shuffled: Option<(u64, Vec<u32>)> = None;
    let mut drawn: Vec<u32> = Vec::with_capacity(tasks as usize);
    for position in first..first + u64::from(tasks) {
        let (epoch, place) = (position / u64::from(pool), (position % u64::from(pool)) as usize);
        if shuffled.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let mut order: Vec<u32> = (0..pool).collect();
            StreamKey::new(seed, Purpose::Batch).round(epoch as u32).stream().shuffle(&mut order);
            shuffled = Some((epoch, order));
        }
        let order = &shuffled.as_ref().expect("just made").1;
        let task = std::iter::once(&order[place]).chain(order.iter().rev()).find(|task| !drawn.contains(*task));
        drawn.push(*task.expect("a round has no more tasks than the pool"));
    }
    drawn
}

/// The tasks that a round may draw beyond its own, in the order in which it does: the rest of the pool, shuffled. The walk of
/// [`draw`] does not know of them, so an arm that resamples meets the same tasks as its neighbours in every round's first draw.
fn spare(seed: u64, pool: u32, drawn: &[u32], round: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..pool).filter(|task| !drawn.contains(task)).collect();
    StreamKey::new(seed, Purpose::Batch).round(round).turn(1).stream().shuffle(&mut order);
    order
}

/// Plays a round's tasks. Where the scenario asks for branches, a share of the round's episodes is kept back and played from
/// the turns at which the others failed; where it asks for it, draws further ones in place of groups that teach nothing, wave by
/// wave, until enough groups teach or the allowance is used up. A function of the seed, the round and what was played, so a
/// round that is done again draws the same. Returns all episodes, group by group, and how many tasks were added.
pub fn play_round(
    settings: &Settings,
    round: u32,
    mut play: impl FnMut(Wave<'_>) -> Vec<Diagnosed>,
) -> (Vec<Diagnosed>, usize) {
    let (learner, train) = (&settings.learner, settings.environment.train);
    let mut drawn = draw(settings.seed, train, learner.tasks_per_round, round);
    let all: Vec<u32> = (0..learner.from_the_beginning()).collect();
    let mut episodes = tasks(settings, &drawn, &all, &mut play);
    let kept_back = drawn.len() * (learner.group as usize - all.len());
    if kept_back > 0 {
        let more = play(Wave::Branches(branches(&episodes, kept_back)));
        episodes.extend(more);
        by_group(&mut episodes, &drawn);
    }
    let ZeroVariance::Resample { extra_tasks } = learner.zero_variance else { return (episodes, 0) };
    let wanted = drawn.len();
    let mut spare = spare(settings.seed, train, &drawn, round).into_iter().take(extra_tasks as usize);
    loop {
        let missing = wanted.saturating_sub(teaching_groups(&episodes, settings));
        let wave: Vec<u32> = spare.by_ref().take(missing).collect();
        if wave.is_empty() {
            return (episodes, drawn.len() - wanted);
        }
        episodes.extend(tasks(settings, &wave, &all, &mut play));
        drawn.extend(wave);
    }
}

/// Plays `replicas` of each task. Where cues are for those who are stuck, the members without cues play first.
fn tasks(
    settings: &Settings,
    indices: &[u32],
    replicas: &[u32],
    play: &mut impl FnMut(Wave<'_>) -> Vec<Diagnosed>,
) -> Vec<Diagnosed> {
    let shown_when = settings.evolution.shown_when;
    if shown_when != ShownWhen::Stuck {
        return play(Wave::Tasks { indices, replicas, cues: shown_when == ShownWhen::Always });
    }
    let (shown, others): (Vec<u32>, Vec<u32>) =
        replicas.iter().partition(|replica| settings.evolution.is_shown_to(**replica));
    let mut episodes = play(Wave::Tasks { indices, replicas: &others, cues: false });
    let succeeded: BTreeSet<u32> = episodes
        .iter()
        .filter(|e| e.diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.first_failing.is_none()))
        .map(|e| e.played.episode.key.task.index)
        .collect();
    let (able, stuck): (Vec<u32>, Vec<u32>) = indices.iter().partition(|index| succeeded.contains(index));
    for (indices, cues) in [(able, false), (stuck, true)] {
        if !indices.is_empty() && !shown.is_empty() {
            episodes.extend(play(Wave::Tasks { indices: &indices, replicas: &shown, cues }));
        }
    }
    by_group(&mut episodes, indices);
    episodes
}

/// Brings what was played in several waves into the order of `indices`, and of the members of each group.
fn by_group(episodes: &mut [Diagnosed], indices: &[u32]) {
    let place: BTreeMap<u32, usize> = indices.iter().enumerate().map(|(place, index)| (*index, place)).collect();
    episodes.sort_by_key(|e| (place[&e.played.episode.key.task.index], e.played.episode.key.replica));
}

/// How many groups have members that differ in what they are rewarded for.
pub fn teaching_groups(episodes: &[Diagnosed], settings: &Settings) -> usize {
    let kind = settings.learner.reward;
    groups(episodes).filter(|group| teaches(&members(group, kind), &settings.advantages)).count()
}

/// What names a set of episodes.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    pub arm: &'a str,
    pub stage: Stage,
    pub round: u32,
    /// Seed of the arm.
    pub seed: u64,
    pub replicas: u32,
}

/// The jobs of a batch: task by task, replica by replica.
pub fn jobs(batch: Batch<'_>, pool: &TaskPool, split: &str, indices: &[u32], arena: &Arena) -> Vec<Job> {
    let mut jobs = Vec::with_capacity(indices.len() * batch.replicas as usize);
    for &index in indices {
        let task: TaskRef = pool.task_ref(split, index);
        let stream = StreamKey::new(batch.seed, Purpose::Environment).round(batch.round).task(stream_task(&task));
        for replica in 0..batch.replicas {
            jobs.push(Job {
                key: EpisodeKey {
                    arm: batch.arm.to_owned(),
                    stage: batch.stage,
                    round: batch.round,
                    task: task.clone(),
                    replica,
                },
                plugin: pool.plugin().clone(),
                task: pool.task(&task),
                arena: arena.clone(),
                // A group shares its environment's randomness, so that its members differ by what they do only.
                env_stream: stream,
                action_stream: StreamKey { purpose: Purpose::Action, ..stream }.replica(replica),
                prefix: Vec::new(),
            });
        }
    }
    jobs
}

/// What the oracle must know to play them: the hidden labels of the jobs' tasks, by task id.
pub fn labels(jobs: &[Job]) -> BTreeMap<String, HiddenLabel> {
    let tasks = jobs.iter().filter_map(|job| job.task.as_ref().ok());
    tasks.map(|task| (task.public.id.clone(), task.hidden.clone())).collect()
}

/// A task as the number that keys its streams: tasks of different splits have different streams.
pub fn stream_task(task: &TaskRef) -> u64 {
    let id = coevo_core::id::ContentId::of(task);
    u64::from_str_radix(id.as_str(), 16).expect("16 hex digits")
}

/// Labels every scored episode.
pub fn diagnose_all(played: Vec<Played>, pool: &TaskPool, table: &PriorityTable) -> Vec<Diagnosed> {
    played.into_iter().map(|played| diagnosed(played, pool, table)).collect()
}

/// Labels one episode, where it is scored.
pub fn diagnosed(played: Played, pool: &TaskPool, table: &PriorityTable) -> Diagnosed {
    let task = pool.task(&played.episode.key.task).ok();
    let diagnosis = task.and_then(|task| diagnose(&played.episode, &played.verdict, &task.hidden, table));
    Diagnosed { played, diagnosis, weights: None, second_try: None }
}

/// What the round teaches: the next profile, and from it, frozen, the next interface and the weights of every group.
pub fn digest(
    state: &ArmState,
    episodes: &mut [Diagnosed],
    spec: &EnvSpec,
    settings: &Settings,
    round: u32,
) -> ArmState {
    // Branches are played where something failed, so they say nothing of how often it does.
    let scored = |wanted: &dyn Fn(u32) -> bool| -> Vec<_> {
        episodes
            .iter()
            .filter(|e| !e.is_branch(settings) && wanted(e.played.episode.key.replica))
            .filter_map(|e| Some((e.diagnosis.as_ref()?, &e.played.episode, e.played.verdict.reward()?)))
            .collect()
    };
    let shown = |replica| settings.evolution.is_shown_to(replica);
    // Where only a share is shown cues, the profile is of the others: those who are, because others failed, say nothing of how
    // often they do.
    let all = settings.evolution.shown_to == 1.0 || settings.evolution.shown_when == ShownWhen::Retry;
    let profile = assess(&state.profile, &scored(&|replica| all || !shown(replica)), round);
    let with_cues = state.with_cues.as_ref().map(|with_cues| assess(with_cues, &scored(&shown), round));
    let retries: Vec<Retry<'_>> = episodes.iter().filter_map(Diagnosed::retry).collect();
    let comparison = match (&with_cues, settings.evolution.shown_when) {
        (_, ShownWhen::Retry) => Comparison::Retries(&retries),
        (Some(with_cues), _) => Comparison::Within(with_cues),
        (None, _) => Comparison::Before,
    };
    let evolution = evolve(&state.evolution, &profile, comparison, spec, &settings.evolution, round);

    let weights = state.weights.step(&members(episodes, settings.learner.reward));
    let weighed: Vec<Option<EpisodeWeights>> = groups(episodes)
        .flat_map(|group| {
            let key = StreamKey { purpose: Purpose::Control, ..group[0].played.episode.env_stream };
            weigh(&members(group, settings.learner.reward), &settings.advantages, &weights, key)
        })
        .collect();
    for (episode, weights) in episodes.iter_mut().zip(weighed) {
        episode.weights = weights;
    }
    ArmState { profile, with_cues, evolution, weights }
}

fn members(episodes: &[Diagnosed], kind: RewardKind) -> Vec<GroupMember<'_>> {
    episodes.iter().map(|e| member(e, kind)).collect()
}

fn member(e: &Diagnosed, kind: RewardKind) -> GroupMember<'_> {
    let (episode, rewards) = (&e.played.episode, turn_rewards(&e.played.verdict, kind));
    GroupMember {
        reward: training_reward(&e.played.verdict, kind),
        diagnosis: e.diagnosis.as_ref(),
        turn_tokens: turn_tokens(&episode.tokens, episode.turns.len()),
        steps: step_visits(&episode.turns, &episode.tokens, &rewards),
        from: first_own_turn(&episode.tokens),
    }
}

/// What an episode counts for in its group; `None` where it was not scored.
fn training_reward(verdict: &Verdict, kind: RewardKind) -> Option<f64> {
    match (verdict, kind) {
        (Verdict::Unscored(_), _) => None,
        (Verdict::Scored { reward, .. }, RewardKind::Episode) => Some(*reward),
        (Verdict::Scored { turns, .. }, RewardKind::Turns) => {
            let passed = turns.iter().filter(|turn| turn.failure.is_none()).count();
            Some(passed as f64 / turns.len().max(1) as f64)
        }
    }
}

/// What each turn earns of [`training_reward`]: the last one all of it, or each that passed its share.
fn turn_rewards(verdict: &Verdict, kind: RewardKind) -> Vec<f64> {
    let Verdict::Scored { reward, turns } = verdict else { return Vec::new() };
    let count = turns.len();
    let earned = turns.iter().enumerate().map(|(number, turn)| match kind {
        RewardKind::Episode if number + 1 == count => *reward,
        RewardKind::Turns if turn.failure.is_none() => 1.0 / count as f64,
        _ => 0.0,
    });
    earned.collect()
}

/// How episodes become training data.
pub struct Reading<'a> {
    pub pool: &'a TaskPool,
    pub tokenizer: &'a Tokenizer,
    /// Those the episodes were written under, if any.
    pub grammars: Option<&'a Grammars>,
    pub train_on: TrainOn,
}

/// The episodes a learner can learn from: scored, and with an advantage that is not zero (a group that agrees teaches
/// nothing). What was written keeps the tokens that were sampled: no text of the policy is tokenised again. Whether any of it
/// stands in another context than it was sampled in is told, too.
pub fn sequences<'e>(episodes: &'e [Diagnosed], reading: &Reading<'_>) -> (Vec<(&'e EpisodeKey, TrainSequence)>, bool) {
    let mut elsewhere = false;
    let sequences = episodes
        .iter()
        .filter_map(|e| {
            let weights = e.weights.as_ref().filter(|weights| weights.teaches())?;
            let episode = &e.played.episode;
            let Episode { key, tokens, turns, interface, .. } = episode;
            let advantage = |turn, step| weights.at(usize::from(turn), usize::from(step));
            if reading.train_on == TrainOn::Base && interface != Interface::base().id() {
                let task = reading.pool.task(&key.task).ok()?;
                let trace = weaned(episode, &task.public, reading.pool.plugin().spec(), reading.tokenizer);
                // What failed under cues says nothing against what the policy does without them; what succeeded is worth having.
                let praise = |turn, step| advantage(turn, step).max(0.0);
                let sequence = TrainSequence::reinforcement(&trace, praise);
                let teaches = sequence.advantage.iter().any(|advantage| *advantage > 0.0);
                elsewhere |= teaches;
                return teaches.then_some((key, sequence));
            }
            let mut sequence = TrainSequence::reinforcement(tokens, advantage);
            if let Some(grammars) = reading.grammars {
                let offered = |turn: u16| turns.get(usize::from(turn)).map_or(&[][..], |turn| turn.offered.as_slice());
                sequence.allowed =
                    grammars.allowed(tokens, offered).expect("the episode was written under this grammar");
            }
            Some((key, sequence))
        })
        .collect();
    (sequences, elsewhere)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use coevo_scenarios::ResolvedScenario;

    use super::*;

    #[test]
    fn draws_walk_through_the_whole_pool_before_repeating() {
        let mut seen: Vec<u32> = (1..=5).flat_map(|round| draw(3, 20, 4, round)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_round_never_draws_a_task_twice() {
        for (pool, tasks) in [(5, 4), (20, 13), (400, 64), (7, 7)] {
            for round in 1..=40 {
                let mut drawn = draw(3, pool, tasks, round);
                drawn.sort_unstable();
                drawn.dedup();
                assert_eq!(drawn.len(), tasks as usize, "pool {pool}, round {round}");
            }
        }
    }

    #[test]
    fn resampling_is_bounded_repeatable_and_draws_no_task_twice() {
        let text = "name: x\nenvironment: {name: travel, train: 20}\n\
                    learner: {tasks_per_round: 6, zero_variance: {resample: {extra_tasks: 9}}}\n";
        let waves = |sets: &[String], round| {
            let scenario = ResolvedScenario::parse(text, "s.yaml", Path::new("."), sets).expect("a sound scenario");
            let mut waves = Vec::new();
            // No group of no episodes teaches anything.
            let (_, added) = play_round(&scenario.base, round, |wave| {
                let Wave::Tasks { indices: tasks, .. } = wave else { unreachable!("no branches are asked for") };
                waves.push(tasks.to_vec());
                Vec::new()
            });
            (waves, added)
        };
        let (first, added) = waves(&[], 3);
        assert_eq!((first.iter().map(Vec::len).collect::<Vec<_>>(), added), (vec![6, 6, 3], 9));
        assert_eq!(first[0], draw(0, 20, 6, 3));
        let mut all = first.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 15);
        assert_eq!(waves(&[], 3).0, first);
        assert_ne!(waves(&[], 4).0[1], first[1]);
        assert_eq!(waves(&["learner.zero_variance=skip".to_owned()], 3), (vec![first[0].clone()], 0));
    }

    #[test]
    fn cues_for_the_stuck_wait_for_the_others() {
        let text = "name: x\nenvironment: {name: travel, train: 20}\nlearner: {tasks_per_round: 3, group: 4}\n\
                    evolution: {train_on: base, shown_to: 0.5, shown_when: stuck}\n";
        let scenario = ResolvedScenario::parse(text, "s.yaml", Path::new("."), &[]).expect("a sound scenario");
        let mut waves = Vec::new();
        // Nobody plays, so nobody succeeds: every group is stuck.
        play_round(&scenario.base, 1, |wave| {
            let Wave::Tasks { indices, replicas, cues } = wave else { unreachable!("no branches are asked for") };
            waves.push((indices.to_vec(), replicas.to_vec(), cues));
            Vec::new()
        });
        let drawn = draw(0, 20, 3, 1);
        assert_eq!(waves, [(drawn.clone(), vec![0, 2], false), (drawn, vec![1, 3], true)]);
    }

    #[test]
    fn draws_cross_the_end_of_the_pool_and_depend_on_the_seed() {
        let round = draw(3, 5, 4, 2);
        assert_eq!(round.len(), 4);
        assert_eq!(round, draw(3, 5, 4, 2));
        assert_ne!(
            (1..=3).map(|r| draw(3, 50, 8, r)).collect::<Vec<_>>(),
            (1..=3).map(|r| draw(4, 50, 8, r)).collect::<Vec<_>>()
        );
    }
}
