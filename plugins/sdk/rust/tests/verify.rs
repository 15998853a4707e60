//! The verifier's rule, case by case, on a small environment with collections, randomness and a user's own tool.

use std::collections::BTreeMap;

use coevo_sdk::session::{Quiet, generate};
use coevo_sdk::task::{CallRecord, CallStatus, Failure, Task, ToolCall, TurnRecord, Verdict};
use coevo_sdk::{
    Context, Description, Environment, Rng, Script, Session, Side, TaskDraft, Tool, ToolError, Ty, Value, args, json,
};
use serde::{Deserialize, Serialize};

struct Notes;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    notes: BTreeMap<u32, String>,
    lucky: u64,
    power: bool,
}

impl Environment for Notes {
    type State = State;

    fn describe() -> Description {
        Description {
            name: "notes",
            version: "0.1.0",
            summary: "notes",
            tools: vec![
                Tool::new("add").arg("text", Ty::String, "").returns("id", Ty::Int).mutates(),
                Tool::new("edit").arg("id", Ty::Int, "").arg("text", Ty::String, "").error("unknown", "").mutates(),
                Tool::new("read").arg("id", Ty::Int, "").returns("text", Ty::String).error("unknown", ""),
                Tool::new("draw").returns("lucky", Ty::Int).mutates(),
                Tool::new("switch_on").user_side().mutates(),
            ],
            splits: vec![("train", 2)],
            categories: vec!["base"],
        }
    }

    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<State>, String> {
        if split != "train" || index > 1 {
            return Err("no such task".to_owned());
        }
        let state = State { notes: BTreeMap::from([(1, "milk".to_owned())]), ..State::default() };
        let mut script = Script::<Self>::new(state);
        script.turn("What is in note 1?");
        let text = script.call("read", json!({"id": 1}))["text"].clone();
        script.answer(format!("It says {text}.")).mention(&["milk", "Milch"]);
        script.withhold("add");
        script.turn("Add bread.").answer("I cannot.").release("add");
        script.turn("Now you can.");
        script.call("add", json!({"text": "bread"}));
        if index == 1 {
            script.call("draw", json!({}));
        }
        script.answer("Done.");
        script.finish(format!("s{}", rng.seed()), "base", "Notes.")
    }

    fn call(state: &mut State, ctx: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        let unknown = || ToolError::new("unknown", "no such note", json!({"argument": "id"}));
        match name {
            "add" => {
                let id = state.notes.keys().next_back().map_or(1, |last| last + 1);
                state.notes.insert(id, args::string(args, "text")?.to_owned());
                Ok(json!({"id": id}))
            }
            "edit" => {
                let text = args::string(args, "text")?;
                *state.notes.get_mut(&args::uint(args, "id")?).ok_or_else(unknown)? = text.to_owned();
                Ok(json!({}))
            }
            "read" => Ok(json!({"text": state.notes.get(&args::uint(args, "id")?).ok_or_else(unknown)?})),
            "draw" => {
                state.lucky = ctx.random();
                Ok(json!({"lucky": state.lucky}))
            }
            "switch_on" => {
                state.power = true;
                Ok(json!({}))
            }
            _ => Err(ToolError::unknown_tool(name)),
        }
    }
}

fn call(name: &str, arguments: Value, status: CallStatus, side: Side) -> CallRecord {
    CallRecord { call: ToolCall { name: name.to_owned(), arguments }, status, side }
}

fn ran(name: &str, arguments: Value) -> CallRecord {
    call(name, arguments, CallStatus::Executed, Side::Agent)
}

fn turn(calls: Vec<CallRecord>, answer: &str) -> TurnRecord {
    TurnRecord { calls, answer: Some(answer.to_owned()) }
}

fn judge(task: &Task, turns: &[TurnRecord]) -> Verdict {
    coevo_sdk::verify::verify::<Notes>(task, turns, &mut Quiet::new()).unwrap()
}

/// A solution of task 0, changed by `spoil`; what each turn is then judged.
fn check(what: &str, spoil: impl FnOnce(&mut Vec<TurnRecord>), want: [Option<Failure>; 3]) {
    let task = generate::<Notes>("train", 0, 0).unwrap();
    let mut turns = vec![
        turn(vec![ran("read", json!({"id": 1}))], "MILK it is"),
        turn(vec![], "I cannot do that."),
        turn(vec![ran("add", json!({"text": "bread"}))], "ok"),
    ];
    spoil(&mut turns);
    let verdict = judge(&task, &turns);
    let got: Vec<Option<Failure>> = verdict.turns.iter().map(|turn| turn.failure).collect();
    assert_eq!(got, want, "{what}: {:?}", verdict.turns);
    assert_eq!(verdict.reward, f64::from(u8::from(want == [None; 3])), "{what}");
}

#[test]
fn the_rule_case_by_case() {
    use Failure::{EmptyTurn, InstanceMismatch, ResponseMismatch, SpuriousCall, StateMismatch};
    check("solved", |_| (), [None; 3]);
    check("alternative mention", |t| t[0].answer = Some("Milch".into()), [None; 3]);
    check("extra reads are free", |t| t[2].calls.push(ran("read", json!({"id": 2}))), [None; 3]);
    check(
        "an error on the way is free",
        |t| t[0].calls.insert(0, call("read", json!({"id": 9}), CallStatus::ToolError, Side::Agent)),
        [None; 3],
    );
    check(
        "a rejected call is never replayed",
        |t| t[2].calls.insert(0, call("add", json!({"text": "x"}), CallStatus::Rejected, Side::Agent)),
        [None; 3],
    );
    check("no mention", |t| t[0].answer = Some("bread".into()), [Some(ResponseMismatch), None, None]);
    check("no answer", |t| t[0].answer = None, [Some(ResponseMismatch), None, None]);
    check("no call, right answer", |t| t[0].calls.clear(), [Some(EmptyTurn), None, None]);
    check("no call at the end", |t| t[2].calls.clear(), [None, None, Some(EmptyTurn)]);
    check(
        "the wrong read",
        |t| t[0].calls = vec![call("read", json!({"id": 7}), CallStatus::ToolError, Side::Agent)],
        [Some(ResponseMismatch), None, None],
    );
    check(
        "a call where none was wanted",
        |t| t[1].calls.push(ran("read", json!({"id": 1}))),
        [None, Some(SpuriousCall), None],
    );
    check(
        "a rejected call where none was wanted",
        |t| t[1].calls.push(call("add", Value::Null, CallStatus::Rejected, Side::Agent)),
        [None, Some(SpuriousCall), None],
    );
    check(
        "another text",
        |t| t[2].calls = vec![ran("add", json!({"text": "beer"}))],
        [None, None, Some(StateMismatch)],
    );
    check(
        "an object too many",
        |t| t[2].calls.push(ran("add", json!({"text": "x"}))),
        [None, None, Some(InstanceMismatch)],
    );
    check(
        "an object too early",
        |t| t[0].calls.push(ran("add", json!({"text": "bread"}))),
        [Some(InstanceMismatch), None, Some(InstanceMismatch)],
    );
    check(
        "done early, nothing left to do",
        |t| {
            let add = t[2].calls.remove(0);
            t[0].calls.push(add);
        },
        [Some(InstanceMismatch), None, None],
    );
    check("cut off", |t| t.truncate(1), [None, Some(ResponseMismatch), Some(EmptyTurn)]);
    let user = || call("switch_on", json!({}), CallStatus::Executed, Side::User);
    check("the user's own call is in both replicas", |t| t[1].calls.push(user()), [None; 3]);
}

#[test]
fn both_replicas_read_the_same_random_stream() {
    let task = generate::<Notes>("train", 1, 0).unwrap();
    let solution = vec![
        turn(vec![ran("read", json!({"id": 1}))], "milk"),
        turn(vec![], "no"),
        turn(vec![ran("add", json!({"text": "bread"})), ran("draw", json!({}))], "ok"),
    ];
    assert_eq!(judge(&task, &solution).reward, 1.0);
    let mut twice = solution.clone();
    twice[2].calls.push(ran("draw", json!({})));
    assert_eq!(judge(&task, &twice).turns[2].failure, Some(Failure::StateMismatch));
    let mut longer = solution;
    longer.push(turn(vec![], "and more"));
    assert!(coevo_sdk::verify::verify::<Notes>(&task, &longer, &mut Quiet::new()).is_err());
}

#[test]
fn a_script_reports_its_first_problem() {
    type Write = fn(&mut Script<Notes>);
    let cases: [(&str, Write, &str); 8] = [
        ("nothing", |_| (), "without turns"),
        ("early call", |s| _ = s.call("read", json!({"id": 1})), "before the first turn"),
        ("failing call", |s| _ = s.turn("?").answer("!").call("read", json!({"id": 1})), "unknown"),
        (
            "unexpected success",
            |s| drop(s.turn("?").call_error("add", json!({"text": "x"}), "unknown")),
            "got a result",
        ),
        ("not offered", |s| _ = s.withhold("add").turn("?").call("add", json!({"text": "x"})), "not offered"),
        ("the user's tool", |s| _ = s.turn("?").call("switch_on", json!({})), "not offered"),
        ("no answer", |s| _ = s.turn("?"), "has no answer"),
        ("mention", |s| _ = s.turn("?").answer("yes").mention(&["no"]), "mentions none"),
    ];
    for (what, write, want) in cases {
        let mut script = Script::<Notes>::new(State::default());
        write(&mut script);
        let error = script.finish("s", "base", "").expect_err(what);
        assert!(error.contains(want), "{what}: {error}");
    }
}

#[test]
fn sessions_snapshot_restore_and_refuse() {
    let mut session: Session<Notes> = Session::new();
    let mut around = Quiet::new();
    assert!(session.snapshot().is_err() && session.state_hash() == 0 && session.state_json() == "null");
    assert_eq!(session.call("draw", &json!({}), Side::Agent, &mut around).unwrap_err().code, "no_episode");
    assert!(session.reset("[]").is_err() && session.reset("{}").is_err());
    session.reset(&json!(State::default()).to_string()).unwrap();
    let empty = (session.state_hash(), session.snapshot().unwrap());
    session.call("add", &json!({"text": "x"}), Side::Agent, &mut around).unwrap();
    assert_ne!(session.state_hash(), empty.0);
    session.restore(&empty.1).unwrap();
    assert_eq!(session.state_hash(), empty.0);
    let mut long = empty.1.clone();
    long.push(0);
    assert!(session.restore(&long).is_err() && session.restore(&[]).is_err());
    assert_eq!(session.state_hash(), empty.0, "a refused snapshot changes nothing");
}
