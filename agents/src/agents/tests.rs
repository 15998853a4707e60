//! Each agent through the trait.

use std::collections::BTreeMap;
use std::sync::Arc;

use coevo_core::episode::Parsed;
use coevo_core::interface::{Cue, Interface, Phi, Target};
use coevo_core::label::Failure;
use coevo_core::protocol::parse;
use coevo_core::render::{Message, Role};
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{HiddenLabel, PublicTask, ReferenceTurn, Side, ToolCall, ToolSpec};
use serde_json::json;

use super::*;
use crate::agent::{Agent, EpisodeStart, Lesson, Reply, Request};

fn task() -> PublicTask {
    PublicTask {
        id: "t1".to_owned(),
        scenario: "s".to_owned(),
        category: "base".to_owned(),
        system: String::new(),
        initial_state: "{}".to_owned(),
        turns: vec![],
        user_profile: String::new(),
    }
}

fn labels() -> BTreeMap<String, HiddenLabel> {
    let call = |name: &str, id: &str| ToolCall { name: name.to_owned(), arguments: json!({"id": id, "card": "visa"}) };
    let turns = vec![
        ReferenceTurn {
            calls: vec![call("find_it", "a1"), call("take_it", "a2")],
            answer: "Taken.".to_owned(),
            mentions: vec![],
        },
        ReferenceTurn { calls: vec![], answer: "Which one?".to_owned(), mentions: vec![] },
    ];
    BTreeMap::from([("t1".to_owned(), HiddenLabel { reference: turns, label: "{}".to_owned() })])
}

fn tools() -> Vec<ToolSpec> {
    let tool = |name: &str, mutates| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        arguments: json!({"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "card": {"type": "string", "enum": ["visa", "amex"]}, "n": {"type": "integer"}}}),
        result: json!({}),
        errors: vec![],
        preconditions: vec![],
        side: Side::Agent,
        mutates,
    };
    vec![tool("find_it", false), tool("take_it", true)]
}

fn begin(agent: &mut dyn Agent, replica: u32) {
    agent.begin(0, &EpisodeStart { task: &task(), stream: StreamKey::new(1, Purpose::Action).replica(replica) });
}

fn say(agent: &mut dyn Agent, turn: u16, step: u16) -> String {
    let messages = [Message { role: Role::User, text: "please".to_owned() }];
    let offered = ["find_it".to_owned(), "take_it".to_owned()];
    match agent.act(&[Request { slot: 0, turn, step, messages: &messages, offered: &offered }]).remove(0) {
        Reply::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

const REFERENCE: [&str; 3] =
    [r#"@find_it {"id":"a1","card":"visa"}"#, r#"@take_it {"id":"a2","card":"visa"}"#, "Taken."];

#[test]
fn oracle_plays_the_reference() {
    let mut oracle = Oracle::new(labels());
    begin(&mut oracle, 0);
    let played: Vec<String> = (0..3).map(|step| say(&mut oracle, 0, step)).collect();
    assert_eq!(played, REFERENCE);
    assert_eq!(say(&mut oracle, 1, 0), "Which one?");
}

#[test]
fn noisy_oracle_errs_recovers_and_owns_up() {
    let mut oracle = NoisyOracle::new(labels(), tools(), 0.5);
    let mut mistakes = std::collections::BTreeSet::new();
    for replica in 0..200 {
        begin(&mut oracle, replica);
        let (mut exemplary, mut erred) = (Vec::new(), false);
        for step in 0..5 {
            let text = say(&mut oracle, 0, step);
            if oracle.lesson(0) == Lesson::Example {
                erred = false;
                let done = text == "Taken.";
                exemplary.push(text);
                if done {
                    break;
                }
            } else {
                assert!(!erred, "two mistakes in a row");
                assert_ne!(text, REFERENCE[exemplary.len()]);
                erred = true;
                mistakes.insert(text);
            }
        }
        assert_eq!(exemplary, REFERENCE);
        assert_eq!(say(&mut oracle, 1, 0), "Which one?");
        assert_eq!(oracle.lesson(0), Lesson::Example);
    }
    let malformed = mistakes.iter().filter(|text| matches!(parse(text), Parsed::Malformed { .. })).count();
    assert!(mistakes.len() > 10 && malformed >= 2 && malformed < mistakes.len() / 2, "{mistakes:?}");
}

/// What a demonstrator with one habit does first in a turn, and what it is to whoever learns from it.
fn with_habit(habits: Habits, turn: u16, cue: Option<(Target, Failure)>) -> (String, Lesson) {
    let stream = StreamKey::new(1, Purpose::Action).replica(0);
    let cue = cue.map(|(target, trigger)| {
        let (rule, text) = ("rule".to_owned(), "do not".to_owned());
        Cue { rule, phi: Phi::Cap, target, triggers: vec![trigger], text }
    });
    let shown = BTreeMap::from([(stream, Arc::new(Interface::new(cue.into_iter().collect())))]);
    let mut oracle = NoisyOracle::new(labels(), tools(), 0.0).with_habits(habits, shown);
    begin(&mut oracle, 0);
    (say(&mut oracle, turn, 0), oracle.lesson(0))
}

#[test]
fn a_habit_is_imitated_and_a_cue_against_it_is_followed() {
    let hasty = Habits { hasty: 1.0, ..Habits::default() };
    let missing = Failure::MissingToolCall;
    // The turn would have changed something: nothing after it is as the reference expects.
    assert_eq!(with_habit(hasty, 0, None), ("Done.".to_owned(), Lesson::Ruin));
    for target in [Target::Global, Target::Tool("take_it".to_owned())] {
        assert_eq!(with_habit(hasty, 0, Some((target, missing))), (REFERENCE[0].to_owned(), Lesson::Example));
    }
    for (target, trigger) in
        [(Target::Tool("another".to_owned()), missing), (Target::Global, Failure::SpuriousToolCall)]
    {
        assert_eq!(with_habit(hasty, 0, Some((target, trigger))).1, Lesson::Ruin);
    }
    // A turn without calls is no occasion; nor is the last one to call what a later one makes possible.
    let all = Habits { overeager: 1.0, hasty: 1.0, resigned: 1.0 };
    assert_eq!(with_habit(all, 1, None), ("Which one?".to_owned(), Lesson::Example));
}

#[test]
fn who_reads_first_looks_at_the_tools_of_the_turn() {
    let mut oracle = NoisyOracle::new(labels(), tools(), 0.0).reading(Reads::Tools);
    begin(&mut oracle, 0);
    let act = |oracle: &mut NoisyOracle, step, offered: &[&str]| {
        let offered: Vec<String> = offered.iter().map(|name| (*name).to_owned()).collect();
        match oracle.act(&[Request { slot: 0, turn: 0, step, messages: &[], offered: &offered }]).remove(0) {
            Reply::Text(text) => text,
            other => panic!("{other:?}"),
        }
    };
    let signature = "(id, card?, n?)";
    assert_eq!(
        act(&mut oracle, 0, &["find_it", "take_it"]),
        format!("~find_it{signature}\n~take_it{signature}\n{}", REFERENCE[0])
    );
    assert_eq!(act(&mut oracle, 1, &["find_it", "take_it"]), REFERENCE[1]);
    begin(&mut oracle, 0);
    assert_eq!(act(&mut oracle, 0, &["find_it"]), format!("~find_it{signature}\n~take_it none\n{}", REFERENCE[0]));
    // In haste there is no look; over-eagerness looks and calls all the same.
    let habits = Habits { hasty: 1.0, ..Habits::default() };
    let mut hasty = NoisyOracle::new(labels(), tools(), 0.0).with_habits(habits, BTreeMap::new()).reading(Reads::Tools);
    begin(&mut hasty, 0);
    assert_eq!(act(&mut hasty, 0, &["find_it", "take_it"]), "Done.");
}

#[test]
fn who_reads_values_sees_which_one_is_missing() {
    let mut labels = labels();
    // Asked first, and done when the rest is said.
    labels.values_mut().for_each(|label| label.reference.reverse());
    let mut oracle = NoisyOracle::new(labels, tools(), 0.0).reading(Reads::Values);
    let mut act = |turn, said: &str, offered: &[&str]| {
        let offered: Vec<String> = offered.iter().map(|name| (*name).to_owned()).collect();
        let messages = [Message { role: Role::User, text: said.to_owned() }];
        begin(&mut oracle, 0);
        match oracle.act(&[Request { slot: 0, turn, step: 0, messages: &messages, offered: &offered }]).remove(0) {
            Reply::Text(text) => text,
            other => panic!("{other:?}"),
        }
    };
    let both = ["find_it", "take_it"];
    assert_eq!(act(0, "find a1 and take it", &both), "~find_it(id a1)\n~take_it(id ?)\nWhich one?");
    assert_eq!(act(0, "find a1 and take it", &both[..1]), "~find_it(id a1)\n~take_it none\nWhich one?");
    // What the reference does, it has been told, if in other words.
    assert!(act(1, "the second one", &both).starts_with("~find_it(id a1)\n~take_it(id a2)\n@find_it "));
}

#[test]
fn who_gives_up_goes_on_with_the_next_turn() {
    let resigned = Habits { resigned: 1.0, ..Habits::default() };
    let mut oracle = NoisyOracle::new(labels(), tools(), 0.0).with_habits(resigned, BTreeMap::new());
    begin(&mut oracle, 0);
    assert_eq!(say(&mut oracle, 0, 0), REFERENCE[0]);
    let messages = [Message { role: Role::Tool, text: "error not_found: no such thing".to_owned() }];
    let request = Request { slot: 0, turn: 0, step: 1, messages: &messages, offered: &[] };
    assert_eq!(oracle.act(&[request]), [Reply::Text("That did not work.".to_owned())]);
    assert_eq!(oracle.lesson(0), Lesson::Ruin);
    assert_eq!((say(&mut oracle, 1, 0), oracle.lesson(0)), ("Which one?".to_owned(), Lesson::Example));
}

#[test]
fn random_calls_have_the_schemas_shape() {
    let mut random = Random::new(tools());
    let (mut calls, mut answers) = (0, 0);
    for replica in 0..100 {
        begin(&mut random, replica);
        let text = say(&mut random, 0, 0);
        assert_eq!(text, say(&mut random, 0, 0), "the same stream gives the same text");
        match parse(&text) {
            Parsed::Call(call) => {
                calls += 1;
                assert!(call.arguments["id"].is_string(), "{text}");
                assert!(call.arguments.get("n").is_none_or(|n| n.is_u64()), "{text}");
            }
            Parsed::Answer(_) => answers += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(calls > 50 && answers > 10, "{calls} calls, {answers} answers");
}

#[test]
fn scripts_start_over_with_each_episode() {
    let mut script = Script::new(vec!["one".to_owned(), "two".to_owned()]);
    for _ in 0..2 {
        begin(&mut script, 0);
        assert_eq!([say(&mut script, 0, 0), say(&mut script, 0, 1), say(&mut script, 1, 0)], ["one", "two", ""]);
    }
}

#[test]
fn a_human_sees_the_conversation_and_may_leave() {
    let mut shown = Vec::new();
    let mut human = Human::new(&b"@find_it {}\r\n"[..], &mut shown);
    begin(&mut human, 0);
    assert_eq!(say(&mut human, 0, 0), "@find_it {}");
    let request = Request { slot: 0, turn: 0, step: 1, messages: &[], offered: &[] };
    assert!(matches!(human.act(&[request]).remove(0), Reply::Fault(fault) if fault.message == "the input ended"));
    let shown = String::from_utf8(shown).unwrap();
    assert_eq!(shown, "\n=== t1 (base)\n[user] please\n[turn 1, step 1] > [turn 1, step 2] > ");
}
