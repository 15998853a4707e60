//! A small run to write and read.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;

use coevo_core::advantage::EpisodeWeights;
use coevo_core::diagnose::{Diagnosis, Evidence, TurnDiagnosis};
use coevo_core::episode::{
    Boundary, Ending, Episode, EpisodeKey, Fault, Parsed, Rejection, Stage, Step, StepOutcome, TokenTrace, Turn,
    TurnVerdict, Verdict,
};
use coevo_core::id::ContentId;
use coevo_core::interface::Interface;
use coevo_core::label::{Failure, Label, Outcome};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{EnvSpec, PublicTask, Side, TaskRef, ToolCall, ToolSpec, UserMessage, UserTurn};
use coevo_trace::{CheckpointFile, CommitKey, EpisodeRecord, Phase, RoundCommit, RunHeader};
use serde_json::json;

pub fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: format!("Does {name}."),
        arguments: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
        result: json!({"type": "object"}),
        errors: Vec::new(),
        preconditions: Vec::new(),
        side: Side::Agent,
        mutates: false,
    }
}

pub fn header() -> RunHeader {
    let env = EnvSpec {
        name: "travel".into(),
        version: "1.0.0".into(),
        summary: "Trips.".into(),
        tools: vec![tool("find_airport"), tool("book_flight")],
        splits: Vec::new(),
        categories: vec!["base".into()],
        reward_min: 0.0,
        reward_max: 1.0,
    };
    RunHeader {
        scenario_yaml: "name: x\n".into(),
        env,
        component: "c0ffee".into(),
        others: Vec::new(),
        facts: BTreeMap::new(),
    }
}

/// Of the usual seed, or, for odd numbers, of the largest.
pub fn task_ref(index: u32) -> TaskRef {
    let seed = if index.is_multiple_of(2) { 0 } else { u64::MAX };
    TaskRef { env: "travel".into(), split: "train".into(), index, seed }
}

pub fn public_task() -> PublicTask {
    let turn = |offered: &[&str]| UserTurn {
        message: UserMessage::Scripted("Find Rome.".into()),
        offered: offered.iter().map(|name| (*name).to_owned()).collect(),
    };
    PublicTask {
        id: "train-1".into(),
        scenario: "s1".into(),
        category: "base".into(),
        system: "You book trips.".into(),
        initial_state: "{}".into(),
        turns: vec![turn(&["find_airport"]), turn(&["find_airport", "book_flight"])],
        user_profile: String::new(),
    }
}

fn step(text: &str, parsed: Parsed, outcome: StepOutcome, observation: &str, cue: &str) -> Step {
    Step {
        text: text.into(),
        parsed,
        outcome,
        observation: observation.into(),
        cue: cue.into(),
        state_hash: 0xabc,
        fuel_used: 7,
    }
}

/// Two turns: a broken call, a good one and an answer; then an answer that fails. `reward: None` is a fault.
pub fn record(arm: &str, stage: Stage, round: u32, index: u32, replica: u32, reward: Option<f64>) -> EpisodeRecord {
    let reason = "the arguments are not one JSON object";
    let call = ToolCall { name: "find_airport".into(), arguments: json!({"city": "Rome"}) };
    let first = vec![
        step(
            "@find_airport Rome",
            Parsed::Malformed { reason: reason.into() },
            StepOutcome::Rejected(Rejection::Malformed { reason: reason.into() }),
            &format!("rejected: {reason}"),
            "hint: write @name {\"argument\":value}",
        ),
        step(
            "@find_airport {\"city\":\"Rome\"}",
            Parsed::Call(call),
            StepOutcome::Executed { result: json!({"code": "FCO"}) },
            "{\"code\":\"FCO\"}",
            "",
        ),
        step("It is FCO.", Parsed::Answer("It is FCO.".into()), StepOutcome::Answered, "", ""),
    ];
    let second = vec![step("~book_flight(city)\nDone.", Parsed::Answer("Done.".into()), StepOutcome::Answered, "", "")];
    let turn = |steps: Vec<Step>, offered: &[&str]| Turn {
        user: "Find Rome.".into(),
        offered: offered.iter().map(|name| (*name).to_owned()).collect(),
        user_calls: Vec::new(),
        state_hash_before: 1,
        steps,
        truncated: None,
    };
    let fault =
        Fault { boundary: Boundary::GuestFuel, during: "call find_airport".into(), message: "out of fuel".into() };
    let episode = Episode {
        key: EpisodeKey { arm: arm.into(), stage, round, task: task_ref(index), replica },
        task_id: "train-1".into(),
        category: if index.is_multiple_of(2) { "base".into() } else { "long_context".into() },
        scenario: "s1".into(),
        agent: format!("policy@{round}"),
        env_stream: StreamKey::new(7, Purpose::Environment).round(round),
        interface: Interface::base().id().clone(),
        initial_state_hash: 1,
        turns: vec![turn(first, &["find_airport"]), turn(second, &["find_airport", "book_flight"])],
        ending: if reward.is_some() { Ending::Terminated } else { Ending::Faulted(fault.clone()) },
        tokens: TokenTrace {
            ids: vec![5, 900, 17, 3],
            log_probs: vec![0.0, -0.25, -1.5, 0.0],
            action: vec![false, true, true, false],
            turn: vec![0, 0, 1, 1],
            step: vec![0, 0, 0, 0],
        },
    };
    let label = |label: Label| TurnDiagnosis {
        label,
        evidence: Evidence::default(),
        cascaded_from: None,
        blame: Default::default(),
    };
    let verdict = |failure| TurnVerdict { failure, detail: String::new() };
    let passed = reward == Some(1.0);
    let last = if passed { Label::Outcome(Outcome::Pass) } else { Label::Failure(Failure::MissingToolCall) };
    EpisodeRecord {
        episode,
        verdict: match reward {
            Some(reward) => Verdict::Scored { reward, turns: vec![verdict(None), verdict(None)] },
            None => Verdict::Unscored(fault),
        },
        diagnosis: reward.map(|_| Diagnosis {
            turns: vec![label(Label::Outcome(Outcome::Pass)), label(last)],
            first_failing: (!passed).then_some(1),
            dependencies: Vec::new(),
            table: 1,
        }),
        training: reward
            .map(|reward| EpisodeWeights { per_turn: vec![1.0, 1.25], ..EpisodeWeights::plain(reward - 0.5, 0) }),
    }
}

/// A round of four episodes: two tasks, two replicas, one fault.
pub fn episodes(arm: &str, round: u32) -> Vec<EpisodeRecord> {
    let rewards = [Some(1.0), Some(0.0), None, Some(0.0)];
    let each = rewards.into_iter().zip(0..);
    each.map(|(reward, number)| record(arm, Stage::Train, round, number / 2, number % 2, reward)).collect()
}

pub fn key(arm: &str, round: u32) -> CommitKey {
    CommitKey { arm: arm.into(), phase: Phase::Round, round }
}

pub fn weights(round: u32) -> Vec<CheckpointFile> {
    vec![
        CheckpointFile { name: "policy.safetensors".into(), bytes: vec![round as u8; 5000] },
        CheckpointFile { name: "optimizer.safetensors".into(), bytes: vec![9; 100] },
    ]
}

/// Commits one round.
pub fn commit(run: &mut coevo_trace::RunFile, arm: &str, round: u32) -> coevo_trace::Committed {
    let (episodes, weights) = (episodes(arm, round), weights(round));
    let tasks = [(task_ref(0), public_task()), (task_ref(1), public_task())];
    let metrics = BTreeMap::from([("loss".to_owned(), 0.1 + 0.2), ("odd".to_owned(), f64::NAN)]);
    let timings_ms = BTreeMap::from([("rollout".to_owned(), f64::from(round) * 3.5)]);
    let commit = RoundCommit {
        episodes: &episodes,
        tasks: &tasks,
        interfaces: &[Interface::base()],
        metrics: &metrics,
        state: b"state",
        checkpoint: &weights,
        timings_ms: &timings_ms,
        ..RoundCommit::empty(key(arm, round))
    };
    run.commit(&commit).expect("commits")
}

/// The id of the base interface.
pub fn base_id() -> ContentId {
    Interface::base().id().clone()
}
