//! The stages of a run as a graph, and their one order.
//!
//! warm start → baseline → rounds of each arm → test of each arm → report. Arms that agree on seed, agent and training
//! pool share one warm start and its baseline: the same policy need not be cloned or measured twice. petgraph holds the
//! graph and names cycles; the order is the topological one that takes the earliest declared stage first, so that it is
//! the same in every process.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::Serialize;
use serde_json::json;

use coevo_core::config::DemonstrationSource;
use coevo_core::id::ContentId;

use crate::resolve::ArmPlan;

/// User turns of a typical task, for rough token counts only.
const TYPICAL_TURNS: u64 = 4;
/// Steps of a typical user turn, for rough token counts only.
const TYPICAL_STEPS: u64 = 3;

/// What a stage does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Tokenizer and behaviour cloning. `arms` agree on everything that it depends on but the evolution, of which the
    /// scenario's base counts: demonstrations show cues of its rules, whichever arm continues.
    WarmStart { arms: Vec<String> },
    /// The warm-started policy on test, with the base interface; counts as the baseline of all `arms`.
    Baseline { arms: Vec<String> },
    /// Round 1 to `rounds` of an arm, with dev evaluations.
    Rounds { arm: String, rounds: u32 },
    /// The arm's final policy on test, with the base interface.
    FinalTest { arm: String },
    /// The closing table.
    Report,
}

/// One stage of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageNode {
    /// Stable name such as `coevo/rounds`.
    pub id: String,
    pub kind: StageKind,
    /// Ids of the stages that come right before.
    pub needs: Vec<String>,
    pub episodes: u64,
    /// Rough count of sampled tokens, from typical turns and half-full replies.
    pub sampled_tokens: u64,
}

/// All stages, in the order of execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub stages: Vec<StageNode>,
}

/// Why arms cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// `arm` names another one that does not exist, under `key` (`after` or `start_from`).
    Unknown { arm: String, key: &'static str, named: String },
    /// Each arm of the list waits for the next, and the last for the first.
    Cycle(Vec<String>),
}

/// What two arms must agree on to share a warm start.
pub fn warm_start_id(arm: &ArmPlan) -> ContentId {
    let settings = &arm.settings;
    let agent = &settings.agent;
    let mut parts = vec![
        json!(settings.seed),
        json!(settings.environment),
        json!(agent.start),
        json!(agent.model),
        json!(agent.tokenizer),
        json!(agent.warm_start),
        json!(settings.learner.backend),
        json!(settings.budgets),
    ];
    let demonstrated = settings.evaluation.transfer.iter().filter(|transfer| transfer.demonstrations > 0);
    parts.extend(demonstrated.map(|transfer| json!([transfer.environment, transfer.demonstrations])));
    ContentId::of(&json!(parts))
}

/// Orders the stages of `arms`.
///
/// # Errors
/// Every unknown name in `after` and `start_from`, and every cycle.
pub fn plan(arms: &[ArmPlan]) -> Result<Plan, Vec<OrderError>> {
    let mut errors = Vec::new();
    let mut graph: DiGraph<StageNode, ()> = DiGraph::new();
    let add = |graph: &mut DiGraph<StageNode, ()>, id: String, kind, episodes: u64, sampled_tokens| {
        graph.add_node(StageNode { id, kind, needs: Vec::new(), episodes, sampled_tokens })
    };

    // Warm starts in the order of their first arm.
    let mut starts: Vec<(ContentId, Vec<&ArmPlan>)> = Vec::new();
    for arm in arms.iter().filter(|arm| arm.sequel.start_from.is_none()) {
        let id = warm_start_id(arm);
        match starts.iter_mut().find(|(known, _)| *known == id) {
            Some((_, sharing)) => sharing.push(arm),
            None => starts.push((id, vec![arm])),
        }
    }
    let several = starts.len() > 1;
    let mut baseline_of: BTreeMap<&str, NodeIndex> = BTreeMap::new();
    for (id, sharing) in &starts {
        let names: Vec<String> = sharing.iter().map(|arm| arm.name.clone()).collect();
        let settings = &sharing[0].settings;
        let suffix = if several { format!("@{id}") } else { String::new() };
        let warm_start = &settings.agent.warm_start;
        let played = warm_start.source == DemonstrationSource::Oracle;
        let elsewhere = settings.evaluation.transfer.iter().map(|transfer| transfer.demonstrations);
        let clones = if played { elsewhere.chain([warm_start.episodes]).map(u64::from).sum() } else { 0 };
        let kind = StageKind::WarmStart { arms: names.clone() };
        let warm = add(&mut graph, format!("warm-start{suffix}"), kind, clones, 0);
        let tests = u64::from(settings.evaluation.test_tasks);
        let kind = StageKind::Baseline { arms: names };
        let baseline = add(
            &mut graph,
            format!("baseline{suffix}"),
            kind,
            tests,
            tests.saturating_mul(tokens_per_episode(sharing[0])),
        );
        graph.add_edge(warm, baseline, ());
        baseline_of.extend(sharing.iter().map(|arm| (arm.name.as_str(), baseline)));
    }

    let mut ends: BTreeMap<&str, (NodeIndex, NodeIndex)> = BTreeMap::new();
    for arm in arms {
        let (each, rounds) = (tokens_per_episode(arm), arm.settings.learner.rounds);
        let episodes = round_episodes(arm);
        let kind = StageKind::Rounds { arm: arm.name.clone(), rounds };
        let train = add(&mut graph, format!("{}/rounds", arm.name), kind, episodes, episodes.saturating_mul(each));
        let tests = u64::from(arm.settings.evaluation.test_tasks);
        let kind = StageKind::FinalTest { arm: arm.name.clone() };
        let test = add(&mut graph, format!("{}/test", arm.name), kind, tests, tests.saturating_mul(each));
        graph.add_edge(train, test, ());
        ends.insert(&arm.name, (train, test));
    }
    let report = add(&mut graph, "report".to_owned(), StageKind::Report, 0, 0);
    for arm in arms {
        let (train, test) = ends[arm.name.as_str()];
        graph.add_edge(test, report, ());
        if let Some(baseline) = baseline_of.get(arm.name.as_str()) {
            graph.add_edge(*baseline, train, ());
        }
        let after = arm.sequel.after.iter().map(|name| ("after", name));
        let start = arm.sequel.start_from.iter().map(|name| ("start_from", name));
        for (key, named) in after.chain(start) {
            match ends.get(named.as_str()) {
                Some((_, test)) => {
                    graph.update_edge(*test, train, ());
                }
                None => errors.push(OrderError::Unknown { arm: arm.name.clone(), key, named: named.clone() }),
            }
        }
    }
    errors.extend(cycles(&graph));
    if errors.is_empty() { Ok(ordered(graph)) } else { Err(errors) }
}

/// Arms that wait for each other, in the order of waiting.
fn cycles(graph: &DiGraph<StageNode, ()>) -> Vec<OrderError> {
    let mut found = Vec::new();
    for mut members in tarjan_scc(graph).into_iter().filter(|members| members.len() > 1) {
        members.sort();
        // Inside a component every node has a predecessor in it: walking back from the first one closes a loop.
        let mut walk = vec![members[0]];
        let start = loop {
            let last = walk[walk.len() - 1];
            let mut before: Vec<NodeIndex> =
                graph.neighbors_directed(last, Direction::Incoming).filter(|node| members.contains(node)).collect();
            before.sort();
            let Some(&next) = before.first() else { break 0 };
            if let Some(seen) = walk.iter().position(|node| *node == next) {
                break seen;
            }
            walk.push(next);
        };
        let arms = walk[start..].iter().filter_map(|node| match &graph[*node].kind {
            StageKind::Rounds { arm, .. } => Some(arm.clone()),
            _ => None,
        });
        found.push(OrderError::Cycle(arms.collect()));
    }
    found.sort_by_key(|error| format!("{error:?}"));
    found
}

/// Topological order that takes the earliest added of the ready stages.
fn ordered(graph: DiGraph<StageNode, ()>) -> Plan {
    let mut open: BTreeMap<NodeIndex, usize> = BTreeMap::new();
    for node in graph.node_indices() {
        open.insert(node, graph.edges_directed(node, Direction::Incoming).count());
    }
    let mut stages = Vec::new();
    while let Some(ready) = open.iter().find(|(_, waits)| **waits == 0).map(|(node, _)| *node) {
        open.remove(&ready);
        let mut stage = graph[ready].clone();
        let mut needs: Vec<NodeIndex> = graph.neighbors_directed(ready, Direction::Incoming).collect();
        needs.sort();
        stage.needs = needs.into_iter().map(|node| graph[node].id.clone()).collect();
        for edge in graph.edges(ready) {
            if let Some(waits) = open.get_mut(&edge.target()) {
                *waits -= 1;
            }
        }
        stages.push(stage);
    }
    Plan { stages }
}

/// Training episodes, dev evaluations and probes of all rounds.
fn round_episodes(arm: &ArmPlan) -> u64 {
    let (learner, evaluation) = (&arm.settings.learner, &arm.settings.evaluation);
    let rounds = u64::from(learner.rounds);
    let train = rounds.saturating_mul(u64::from(learner.tasks_per_round) * u64::from(learner.group));
    let evaluations = rounds / u64::from(evaluation.every.max(1));
    let passes = if evaluation.probe && arm.evolves() { 2 } else { 1 };
    train.saturating_add(evaluations.saturating_mul(u64::from(evaluation.dev_tasks) * passes))
}

fn tokens_per_episode(arm: &ArmPlan) -> u64 {
    (TYPICAL_TURNS * TYPICAL_STEPS).saturating_mul(arm.settings.agent.sampling.max_new_tokens as u64) / 2
}

impl Plan {
    pub fn episodes(&self) -> u64 {
        self.stages.iter().fold(0, |sum, stage| sum.saturating_add(stage.episodes))
    }
    pub fn sampled_tokens(&self) -> u64 {
        self.stages.iter().fold(0, |sum, stage| sum.saturating_add(stage.sampled_tokens))
    }
}

/// The table that `--dry-run` prints.
impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self.stages.iter().map(|stage| stage.id.len()).max().unwrap_or(0);
        for (index, stage) in self.stages.iter().enumerate() {
            let (what, unit) = match &stage.kind {
                StageKind::WarmStart { .. } => ("tokenizer and behaviour cloning".to_owned(), "oracle episodes"),
                StageKind::Baseline { .. } => ("test before training, base interface".to_owned(), "episodes"),
                StageKind::Rounds { rounds, .. } => (format!("{rounds} rounds and their evaluations"), "episodes"),
                StageKind::FinalTest { .. } => ("test after training, base interface".to_owned(), "episodes"),
                StageKind::Report => ("the closing table".to_owned(), ""),
            };
            write!(f, "{:>3}. {:width$}  {what}", index + 1, stage.id)?;
            if stage.episodes > 0 {
                write!(f, ": {} {unit}", stage.episodes)?;
            }
            if stage.sampled_tokens > 0 {
                write!(f, ", roughly {} tokens", rough(stage.sampled_tokens))?;
            }
            if stage.kind == StageKind::Report {
                write!(f, "  (after every test)")?;
            } else if !stage.needs.is_empty() {
                write!(f, "  (after {})", stage.needs.join(", "))?;
            }
            writeln!(f)?;
        }
        write!(f, "in all {} episodes, roughly {} sampled tokens", self.episodes(), rough(self.sampled_tokens()))
    }
}

fn rough(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{} k", count / 1_000),
        _ => format!("{} M", count / 1_000_000),
    }
}
