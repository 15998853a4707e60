//! Episodes: what the agent is told, what is recorded, and that it can all be done again.

use std::sync::Arc;

use crate::common::{env, hostile, key, play, task};
use coevo_core::episode::{
    Ending, Episode, EpisodeKey, Parsed, Rejection, Stage, StepOutcome, Truncation, ViolationKind,
};
use coevo_core::interface::{Cue, Interface, Phi, Target};
use coevo_core::label::Failure;
use coevo_core::render::Role;
use coevo_core::task::{TaskRef, UserMessage};
use coevo_envs::{Budgets, Env, EvalEnv, Record, TrainEnv, replay};
use serde_json::json;

const GOOD: &[&[&str]] =
    &[&[r#"@add {"by":10}"#, r#"@note {"text":"ten"}"#, "Ten."], &["@roll {}", r#"@add {"by":400}"#, "Rolled."]];

#[test]
fn a_turn_tells_what_changed_and_nothing_twice() {
    let mut env = env("");
    let start = env.next_turn().unwrap().unwrap();
    let roles: Vec<Role> = start.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User]);
    assert!(start.messages[0].text.starts_with("You keep a counter.") && start.messages[0].text.contains("add("));
    assert_eq!(start.offered, ["add", "get", "note"]);
    assert!(env.next_turn().is_err(), "a turn cannot begin while another is open");
    let reply = env.step(r#" @add {"by":10} "#).unwrap();
    assert_eq!(
        reply.message.map(|message| (message.role, message.text)),
        Some((Role::Tool, r#"{"counter":10}"#.into()))
    );
    assert!(!reply.turn_over);
    let reply = env.step("Ten.").unwrap();
    assert!(reply.turn_over && reply.message.is_none() && reply.truncated.is_none());
    assert!(env.step("More?").is_err());
    // Misuse is the caller's fault, not the episode's.
    let start = env.next_turn().unwrap().unwrap();
    assert_eq!(start.messages.len(), 2);
    assert!(start.messages[0].text.contains("roll(") && !start.messages[0].text.contains("add("));
    env.step("Fine.").unwrap();
    assert_eq!(env.next_turn(), Ok(None));
    let record = env.finish();
    assert_eq!(record.ending, Ending::Terminated);
    assert_ne!(record.turns[0].state_hash_before, record.turns[1].state_hash_before);
    assert_eq!(record.turns[0].state_hash_before, record.initial_state_hash);
}

#[test]
fn what_the_host_refuses_never_reaches_the_guest() {
    type Expect = fn(&StepOutcome) -> bool;
    let cases: [(&str, Expect); 10] = [
        ("", |o| matches!(o, StepOutcome::Rejected(Rejection::Malformed { .. }))),
        ("@add", |o| matches!(o, StepOutcome::Rejected(Rejection::Malformed { .. }))),
        ("@add {\"by\":", |o| matches!(o, StepOutcome::Rejected(Rejection::Malformed { .. }))),
        ("@fly {}", |o| *o == StepOutcome::Rejected(Rejection::UnknownTool { name: "fly".into() })),
        ("@poke {}", |o| *o == StepOutcome::Rejected(Rejection::UnknownTool { name: "poke".into() })),
        ("@roll {}", |o| *o == StepOutcome::Rejected(Rejection::NotOffered { name: "roll".into() })),
        ("@add {}", |o| violates(o, ViolationKind::MissingRequired, "by")),
        (r#"@add {"by":"ten"}"#, |o| violates(o, ViolationKind::WrongType, "by")),
        (r#"@add {"by":1,"unit":"gross"}"#, |o| violates(o, ViolationKind::NotInEnum, "unit")),
        (r#"@add {"by":501}"#, |o| violates(o, ViolationKind::Other, "by")),
    ];
    let mut env = env("");
    env.next_turn().unwrap();
    for (text, expect) in cases {
        let before = env.state_hash();
        let reply = env.step(text).unwrap();
        let step = env.turns().last().unwrap().steps.last().unwrap().clone();
        assert!(expect(&step.outcome), "{text}: {:?}", step.outcome);
        assert!(reply.message.unwrap().text.starts_with("rejected: "), "{text}");
        assert_eq!((step.fuel_used, step.state_hash, step.text.as_str()), (0, before, text));
    }
}

fn violates(outcome: &StepOutcome, kind: ViolationKind, argument: &str) -> bool {
    let StepOutcome::Rejected(Rejection::Schema { violations }) = outcome else { return false };
    violations.iter().any(|violation| violation.kind == kind && violation.argument == argument)
}

#[test]
fn a_typed_error_is_an_observation() {
    let record = play(env(""), &[&[r#"@add {"by":500}"#, r#"@add {"by":500}"#, r#"@add {"by":500}"#, "no"]]);
    let step = &record.turns[0].steps[2];
    let details = json!({"limit": 1000});
    let message = "the counter is at most 1000".to_owned();
    assert_eq!(step.outcome, StepOutcome::ToolError { code: "too_big".into(), message, details });
    assert!(step.observation.starts_with("error too_big: "), "{}", step.observation);
    assert!(step.fuel_used > 0);
}

#[test]
fn budgets_cut_an_episode_off() {
    let budgets = Budgets { steps_per_turn: 2 };
    let mut env: Env = EvalEnv::new(hostile(), &task("").public, key(), &budgets).unwrap().into();
    env.next_turn().unwrap();
    assert!(!env.step("@get {}").unwrap().turn_over);
    let reply = env.step("@get {}").unwrap();
    assert!(reply.turn_over && reply.truncated == Some(Truncation::Steps) && reply.message.is_some());
    assert_eq!(env.next_turn(), Ok(None));
    let record = env.finish();
    assert_eq!(record.ending, Ending::Truncated(Truncation::Steps));
    assert_eq!(record.turns[0].truncated, Some(Truncation::Steps));

    let mut env = crate::common::env("");
    env.next_turn().unwrap();
    env.step("@get {}").unwrap();
    env.truncate(Truncation::Tokens);
    assert_eq!(env.finish().ending, Ending::Truncated(Truncation::Tokens));
}

#[test]
fn the_same_key_gives_the_same_record_to_the_byte() {
    // With a start from a snapshot, from `reset`, and from a `reset` that draws random numbers.
    for mode in ["", "no_snapshot", "lossy", "reset_random"] {
        let records: Vec<Record> = (0..3).map(|_| play(env(mode), GOOD)).collect();
        assert_eq!(records[0].ending, Ending::Terminated, "{mode}");
        let bytes = |record: &Record| serde_json::to_vec(&(&record.turns, &record.logs)).unwrap();
        assert_eq!(bytes(&records[0]), bytes(&records[1]), "{mode}");
        assert_eq!(bytes(&records[0]), bytes(&records[2]), "{mode}");
        assert_eq!(records[0].logs.lines.len(), 1, "{mode}");
        let other: Env =
            EvalEnv::new(hostile(), &task(mode).public, key().replica(1), &Budgets::default()).unwrap().into();
        assert_ne!(play(other, GOOD).turns, records[0].turns, "{mode}: another key draws other numbers");
    }
}

#[test]
fn a_start_from_a_snapshot_equals_a_reset() {
    // `no_snapshot` differs from the others in the mode alone, which is part of the hash but of no result.
    let outcomes = |mode: &str| {
        let steps = play(env(mode), GOOD).turns.into_iter().flat_map(|turn| turn.steps);
        steps.map(|step| (step.outcome, step.observation)).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(""), outcomes("no_snapshot"));
    assert_eq!(outcomes("lossy"), outcomes("no_snapshot"));
}

#[test]
fn a_fork_continues_as_the_original_would() {
    for mode in ["", "no_snapshot", "lossy", "reset_random"] {
        for prefix in 0..=2 {
            let mut first = env(mode);
            first.next_turn().unwrap();
            for text in &GOOD[0][..prefix] {
                first.step(text).unwrap();
            }
            let second = first.fork().unwrap();
            let rest: [&[&str]; 2] = [&GOOD[0][prefix..], GOOD[1]];
            let [one, two] = [first, second].map(|mut env| {
                for text in rest[0] {
                    env.step(text).unwrap();
                }
                let state = env.state().unwrap();
                (play(env, &rest[1..]), state)
            });
            assert_eq!(one.1, two.1, "{mode} after {prefix}");
            assert_eq!((one.0.ending, one.0.logs), (two.0.ending, two.0.logs), "{mode} after {prefix}");
            let steps = |record: &[coevo_core::episode::Turn]| {
                let steps = record.iter().flat_map(|turn| turn.steps.clone());
                steps.map(|step| (step.text, step.outcome, step.state_hash)).collect::<Vec<_>>()
            };
            assert_eq!(steps(&one.0.turns), steps(&two.0.turns), "{mode} after {prefix}");
            assert_eq!(steps(&one.0.turns).len(), 6);
        }
    }
}

#[test]
fn a_fork_leaves_the_original_alone() {
    let mut first = env("");
    first.next_turn().unwrap();
    first.step(r#"@add {"by":10}"#).unwrap();
    let mut second = first.fork().unwrap();
    second.step(r#"@add {"by":7}"#).unwrap();
    assert_eq!(first.state().unwrap()["counter"], 10);
    assert_eq!(second.state().unwrap()["counter"], 17);
    assert_eq!(first.turns().map(|turn| turn.steps.len()).sum::<usize>(), 1);
}

/// Cues of every kind, as strong as they come.
fn interface() -> Arc<Interface> {
    let cue = |phi, target, text: &str| Cue {
        rule: "test".into(),
        phi,
        target,
        triggers: Failure::ALL.to_vec(),
        text: text.into(),
    };
    Arc::new(Interface::new(vec![
        cue(Phi::Schema, Target::Tool("add".into()), "by is an integer"),
        cue(Phi::Err, Target::Global, "read the error"),
        cue(Phi::Cap, Target::Global, "look before you add"),
    ]))
}

#[test]
fn an_interface_changes_no_result_and_no_base_observation() {
    let texts: &[&[&str]] = &[&[r#"@add {"by":"x"}"#, r#"@add {"by":10}"#, "@get {}", "Ten."], &["@roll {}", "ok"]];
    let base = play(env(""), texts);
    let train = TrainEnv::new(hostile(), &task("").public, key(), &Budgets::default(), interface()).unwrap();
    let trained = play(train.into(), texts);
    let cues: Vec<bool> = trained.turns.iter().flat_map(|turn| &turn.steps).map(|step| !step.cue.is_empty()).collect();
    assert_eq!(cues, [true, false, false, false, false, false], "a cue follows a failed call only");
    let without_cues = |record: &Record| {
        let mut turns = record.turns.clone();
        turns.iter_mut().flat_map(|turn| &mut turn.steps).for_each(|step| step.cue.clear());
        turns
    };
    assert_eq!(base.turns, without_cues(&trained));
    let mut train: Env =
        TrainEnv::new(hostile(), &task("").public, key(), &Budgets::default(), interface()).unwrap().into();
    let opening = train.next_turn().unwrap().unwrap().messages[0].text.clone();
    assert!(opening.contains("guide: look before you add") && opening.contains("note: by is an integer"), "{opening}");
    assert!(!env("").next_turn().unwrap().unwrap().messages[0].text.contains("guide:"));
    let reply = train.step(r#"@add {"by":"x"}"#).unwrap().message.unwrap();
    assert!(reply.text.contains("\nhint: "), "{}", reply.text);
}

fn simulated() -> coevo_core::task::PublicTask {
    let mut task = task("").public;
    task.id = "test:simulated".into();
    task.user_profile = r#"{"patience":2}"#.into();
    task.turns.push(task.turns[1].clone());
    task.turns.iter_mut().for_each(|turn| turn.message = UserMessage::Simulated);
    task
}

#[test]
fn a_simulated_user_acts_on_their_own_side() {
    let begin = || -> Env { EvalEnv::new(hostile(), &simulated(), key(), &Budgets::default()).unwrap().into() };
    let record = play(begin(), &[&["@get {}", "a"], &["b"], &["c"]]);
    assert_eq!(record.ending, Ending::Terminated);
    let users: Vec<&str> = record.turns.iter().map(|turn| turn.user.as_str()).collect();
    assert_eq!(users, ["turn 0, question 1, 0 messages so far", "turn 1, question 2, 4 messages so far"]);
    assert_eq!(record.turns[1].user_calls.len(), 1);
    let StepOutcome::Executed { result } = &record.turns[0].steps[0].outcome else { panic!("not executed") };
    assert_eq!(result["counter"], 100, "the user's call was made before the agent's");
    assert_eq!(record.turns[0].offered, ["add", "get"]);

    let mut first = begin();
    first.next_turn().unwrap();
    first.step("a").unwrap();
    let mut second = first.fork().unwrap();
    assert_eq!(first.next_turn(), second.next_turn());
    assert_eq!(first.state_hash(), second.state_hash());
}

fn episode(record: Record, interface: &Interface) -> Episode {
    let of = TaskRef { env: "hostile".into(), split: "train".into(), index: 0, seed: 0 };
    Episode {
        key: EpisodeKey { arm: "a".into(), stage: Stage::Train, round: 0, task: of, replica: 0 },
        task_id: "test:".into(),
        category: "base".into(),
        scenario: "s".into(),
        agent: "scripted".into(),
        env_stream: key(),
        interface: interface.id().clone(),
        initial_state_hash: record.initial_state_hash,
        turns: record.turns,
        ending: record.ending,
        tokens: Default::default(),
    }
}

#[test]
fn replay_agrees_with_the_record_and_finds_an_alteration() {
    let texts: &[&[&str]] = &[&[r#"@add {"by":"x"}"#, r#"@add {"by":10}"#, "Ten."], &["@roll {}", "ok"]];
    let task = task("").public;
    let train = TrainEnv::new(hostile(), &task, key(), &Budgets::default(), interface()).unwrap();
    let recorded = episode(play(train.into(), texts), &interface());
    let report = replay(hostile(), &task, &recorded, &interface());
    assert_eq!((report.steps, report.divergence), (5, None));

    type Alter = fn(&mut Episode);
    let cases: [(Alter, &str, Option<usize>, Option<usize>); 9] = [
        (|e| e.turns[1].steps[0].state_hash ^= 1, "state_hash", Some(1), Some(0)),
        (|e| e.turns[0].steps[1].text = r#"@add {"by":11}"#.into(), "parsed", Some(0), Some(1)),
        (|e| e.turns[0].steps[1].observation.push('!'), "observation", Some(0), Some(1)),
        (|e| e.turns[0].steps[0].cue.clear(), "cue", Some(0), Some(0)),
        (
            |e| e.turns[1].steps[0].outcome = StepOutcome::Executed { result: json!({"rolled": 7}) },
            "outcome",
            Some(1),
            Some(0),
        ),
        (|e| e.turns[1].user = "Something else.".into(), "user", Some(1), None),
        (|e| e.initial_state_hash = 0, "initial_state_hash", None, None),
        (|e| e.turns.truncate(1), "number of turns", None, None),
        (|e| e.env_stream = e.env_stream.replica(9), "outcome", Some(1), Some(0)),
    ];
    for (alter, what, turn, step) in cases {
        let mut altered = recorded.clone();
        alter(&mut altered);
        let divergence = replay(hostile(), &task, &altered, &interface()).divergence.expect(what);
        assert_eq!((divergence.what, divergence.turn, divergence.step), (what, turn, step), "{divergence}");
    }
    let other = replay(hostile(), &task, &recorded, &Arc::new(Interface::base()));
    assert_eq!(other.divergence.map(|d| d.what), Some("interface"));
}

#[test]
fn truncated_and_faulted_episodes_replay() {
    let base = Interface::base();
    let again = |record: Record, mode: &str| {
        let mut episode = episode(record, &base);
        episode.task_id = format!("test:{mode}");
        replay(hostile(), &task(mode).public, &episode, &Arc::new(base.clone()))
    };
    let budgets = Budgets { steps_per_turn: 2 };
    let short: Env = EvalEnv::new(hostile(), &task("").public, key(), &budgets).unwrap().into();
    assert_eq!(again(play(short, &[&["@get {}", "@get {}"]]), "").divergence, None);
    let mut full = env("");
    full.next_turn().unwrap();
    full.step("@get {}").unwrap();
    full.truncate(Truncation::Tokens);
    assert_eq!(again(full.finish(), "").divergence, None);
    assert_eq!(
        again(play(env("trap_late"), &[&[r#"@add {"by":10}"#, "ok"], &["@get {}"]]), "trap_late").divergence,
        None
    );
    assert_eq!(again(play(env("trap_late"), &[&[r#"@add {"by":1}"#, "ok"], &["ok"]]), "trap_late").steps, 3);
}

#[test]
fn envs_move_between_threads() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync + Clone>() {}
    is_send::<Env>();
    is_shared::<coevo_envs::EnvPlugin>();
    is_shared::<coevo_envs::Sandbox>();
    let alone = play(env(""), GOOD);
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| play(env(""), GOOD))).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), alone);
    }
    assert!(matches!(alone.turns[0].steps[2].parsed, Parsed::Answer(_)));
}
