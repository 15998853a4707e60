//! A small sound environment, a pantry, that is wrong in one way when its seed says so.
//!
//! The seed of a task is the hash of the name of a fault, and the initial state and snapshots carry it on, so that one
//! component serves every fault. Only what `describe` says has no seed: there the test writes the name over the dots of
//! [`PLANTED`]. Written on the raw ABI, because the SDK does not let an author make most of these mistakes. Each
//! `planted("…")` below is one of them; `envs/tests/host/conformance.rs` lists which check must find it.

wit_bindgen::generate!({ path: "../../../../plugins/wit", world: "environment" });

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use coevo::env::types::*;
use exports::coevo::env::guest::Guest;
use serde_json::{Value, json};

#[used]
static PLANTED: [u8; 44] = *b"planted-fault:..............................";

thread_local! {
    /// Hash of the fault of the task that is played.
    static FAULT: Cell<u64> = const { Cell::new(0) };
}

fn planted(fault: &str) -> bool {
    let bytes: &'static [u8] = std::hint::black_box(&PLANTED[14..]);
    let end = bytes.iter().position(|byte| *byte == b'.').unwrap_or(bytes.len());
    &bytes[..end] == fault.as_bytes() || FAULT.get() == hash(fault)
}

#[derive(Clone, Default, PartialEq)]
struct State {
    stock: BTreeMap<String, i64>,
    labels: Vec<String>,
    /// What only some faults use: a part of the state that a snapshot may forget, a label that should not be here.
    looks: i64,
    smuggled: String,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::default());
    /// Things an instance counts outside its state, for faults that depend on what happened before.
    static GENERATED: RefCell<u64> = const { RefCell::new(0) };
    static OBSERVED: RefCell<i64> = const { RefCell::new(0) };
    static HOARD: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

const ITEMS: [&str; 3] = ["apples", "pears", "plums"];
const SPLITS: [&str; 2] = ["train", "test"];
const TASKS: u32 = 6;

fn to_json(state: &State) -> Value {
    let mut value = json!({"stock": state.stock, "labels": state.labels});
    if !state.smuggled.is_empty() {
        value["smuggled"] = json!(state.smuggled);
    }
    value
}

fn from_json(text: &str) -> Result<State, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    FAULT.set(value["fault"].as_u64().unwrap_or(0));
    let stock = value["stock"].as_object().ok_or("stock is missing")?;
    let labels = value["labels"].as_array().ok_or("labels are missing")?;
    Ok(State {
        stock: stock.iter().map(|(item, count)| (item.clone(), count.as_i64().unwrap_or(0))).collect(),
        labels: labels.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        looks: value["looks"].as_i64().unwrap_or(0),
        smuggled: value["smuggled"].as_str().unwrap_or_default().to_owned(),
    })
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

fn error(code: &str, message: &str) -> ToolError {
    ToolError { code: code.into(), message: message.into(), details: String::new() }
}

fn run(state: &mut State, name: &str, arguments: &Value) -> Result<Value, ToolError> {
    let item = arguments["item"].as_str().unwrap_or_default().to_owned();
    let count = arguments["count"].as_i64().unwrap_or(0);
    let have = state.stock.get(&item).copied().unwrap_or(0);
    if planted("undeclared_error") && name == "look" && have == 0 {
        return Err(error("nothing_there", "there is none"));
    }
    let done = match name {
        "put" if have + count > 40 => Err(error("too_many", "at most 40 of a kind fit")),
        "put" => {
            state.stock.insert(item, have + count);
            Ok(json!({"count": have + count}))
        }
        "take" if count > have => {
            if planted("error_mutates") {
                state.stock.insert(item, 0);
            }
            let hint = if planted("label_in_error") { &state.smuggled } else { "there are not so many" };
            Err(error("not_enough", hint))
        }
        "take" => {
            state.stock.insert(item, have - count);
            if planted("spins") {
                loop {
                    std::hint::black_box(0);
                }
            }
            Ok(json!({"count": have - count}))
        }
        "look" => {
            state.looks += 1;
            if planted("look_mutates") {
                state.labels.push("looked".into());
            }
            let have = match () {
                _ if planted("lossy_later") && state.looks % 2 == 0 => have + 1,
                _ if planted("observed") => have + OBSERVED.with_borrow(|seen| *seen % 2),
                _ => have,
            };
            Ok(if planted("result_type") { json!({"count": have.to_string()}) } else { json!({"count": have}) })
        }
        "tag" => {
            let text = arguments["text"].as_str().unwrap_or_default();
            if planted("unicode_trap") {
                std::hint::black_box(&text[..text.len().min(3)]);
            }
            if planted("long_trap") {
                assert!(text.len() < 2000);
            }
            if planted("hoards") {
                HOARD.with_borrow_mut(|hoard| hoard.push(vec![1; 1 << 20]));
            }
            state.labels.push(text.chars().take(40).collect());
            Ok(json!({"labels": state.labels.len()}))
        }
        "clear" if have == 0 => Err(error("already_empty", "there is none")),
        "clear" => {
            state.stock.insert(item, 0);
            Ok(json!({}))
        }
        _ => Err(error("unknown_tool", name)),
    };
    if planted("big_number") {
        let weight = i32::try_from(arguments["grams"].as_i64().unwrap_or(0)).expect("weights are small");
        std::hint::black_box(weight);
    }
    done
}

fn tool(name: &str, properties: Value, required: &[&str], result: Value, codes: &[&str], mutates: bool) -> Tool {
    let mut arguments =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    if planted("arguments_no_object") && name == "look" {
        arguments = json!({"type": "string"});
    }
    if planted("bad_schema") && name == "look" {
        arguments["type"] = json!("objekt");
    }
    if planted("required_unknown") && name == "look" {
        arguments["required"] = json!(["itme"]);
    }
    Tool {
        name: name.into(),
        description: if planted("no_description") { String::new() } else { format!("{name} something") },
        arguments: arguments.to_string(),
        result: result.to_string(),
        errors: codes
            .iter()
            .map(|code| ErrorCode { code: (*code).into(), description: format!("{code}, in short") })
            .collect(),
        preconditions: vec![],
        side: Side::Agent,
        mutates,
    }
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { name: name.into(), arguments: arguments.to_string() }
}

/// Turn by turn: put then take (the order matters), look and say, then clear with a tool that was withheld before.
fn task(split: &str, index: u32, seed: u64) -> Task {
    let n = i64::try_from(hash(&format!("{split}:{index}:{seed}")) % 1000).unwrap_or(0) + i64::from(index);
    let item = ITEMS[index as usize % 3];
    let start: BTreeMap<&str, i64> = ITEMS.iter().zip([2, 3, 4]).map(|(item, count)| (*item, count + n % 5)).collect();
    let more = 11 + n % 13;
    let left = start[item] + more - (start[item] + 6);
    let label = format!("the secret of {split} number {index} with {more}");
    let early = ["put", "take", "look", "tag"];
    let turn = |text: String, offered: &[&str]| UserTurn {
        message: UserMessage::Scripted(text),
        offered: offered.iter().map(|name| (*name).to_owned()).collect(),
    };
    let all = ["put", "take", "look", "tag", "clear"];
    let first = vec![
        call("put", json!({"item": item, "count": more})),
        call("take", json!({"item": item, "count": start[item] + 6})),
        call("tag", json!({"item": item, "text": format!("checked {n}")})),
    ];
    let second = match planted("reference_withheld") {
        false => vec![call("look", json!({"item": item}))],
        true => {
            vec![call("look", json!({"item": item})), call("clear", json!({"item": ITEMS[(index as usize + 1) % 3]}))]
        }
    };
    let third = vec![call("clear", json!({"item": ITEMS[(index as usize + 1) % 3]}))];
    let reference =
        |calls: Vec<ToolCall>, answer: String, mentions: Vec<Vec<String>>| ReferenceTurn { calls, answer, mentions };
    let mut state = json!({"stock": start, "labels": [], "fault": seed});
    if planted("label_in_error") || planted("label_in_state") {
        state["smuggled"] = json!(json!({"secret": label}).to_string());
    }
    let mut ask = format!("How many {item} are there now?");
    if planted("label_in_user") {
        ask.push_str(&format!(" (@{} {})", first[0].name, first[0].arguments));
    }
    Task {
        id: format!("faulty:{split}:{index}:{seed}"),
        scenario: if planted("scenario_shared") { format!("{index}") } else { format!("{split}{index}") },
        category: "base".into(),
        system: "You keep a pantry.".into(),
        initial_state: state.to_string(),
        turns: vec![
            turn(format!("Put {more} {item} in, take {} out, and tag them.", start[item] + 6), &early),
            turn(ask, &early),
            turn(format!("Throw all {} away.", ITEMS[(index as usize + 1) % 3]), &all),
        ],
        user_profile: String::new(),
        reference: vec![
            reference(first, "They are in.".into(), vec![]),
            reference(second, format!("There are {left} {item}."), vec![vec![left.to_string()]]),
            reference(third, "They are gone.".into(), vec![]),
        ],
        label: json!({"secret": label}).to_string(),
    }
}

struct Pantry;

impl Guest for Pantry {
    fn describe() -> Description {
        let item = json!({"type": "string", "enum": ITEMS, "description": "which"});
        let count = json!({"type": "integer", "minimum": 1, "maximum": 50, "description": "how many"});
        let counted = json!({"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]});
        let spoilt = if planted("error_code_form") { "Not Enough!" } else { "not_enough" };
        let never =
            if planted("error_never") { &["already_empty", "struck_by_lightning"][..] } else { &["already_empty"] };
        Description {
            name: "faulty".into(),
            version: "0.1.0".into(),
            summary: "a pantry".into(),
            tools: vec![
                tool(
                    "put",
                    json!({"item": item, "count": count}),
                    &["item", "count"],
                    counted.clone(),
                    &["too_many"],
                    true,
                ),
                tool(
                    "take",
                    json!({"item": item, "count": count}),
                    &["item", "count"],
                    counted.clone(),
                    &[spoilt],
                    true,
                ),
                tool("look", json!({"item": item}), &["item"], counted, &[], false),
                tool(
                    "tag",
                    json!({
                        "item": item,
                        "text": {"type": "string", "description": "what to write"},
                        "grams": {"type": "integer", "description": "weight"},
                    }),
                    &["item", "text"],
                    json!({"type": "object"}),
                    &[],
                    true,
                ),
                tool("clear", json!({"item": item}), &["item"], json!({"type": "object"}), never, true),
            ],
            splits: SPLITS
                .iter()
                .map(|name| SplitInfo { name: (*name).into(), tasks: if planted("no_tasks") { 0 } else { TASKS } })
                .collect(),
            categories: vec!["base".into()],
            reward_min: 0.0,
            reward_max: 1.0,
        }
    }

    fn generate(split: String, index: u32, seed: u64) -> Result<Task, String> {
        FAULT.set(seed);
        if planted("generate_spins") {
            loop {
                std::hint::black_box(0);
            }
        }
        if !planted("generates_anything") && (!SPLITS.contains(&split.as_str()) || index >= TASKS) {
            return Err(format!("no task {index} in split {split}"));
        }
        let before = GENERATED.with_borrow_mut(|count| {
            *count += 1;
            *count - 1
        });
        let mut task = task(&split, index, seed);
        if planted("generate_counts") && before > 0 {
            task.system.push_str(&format!(" ({before})"));
        }
        Ok(task)
    }

    fn import_task(_: String) -> Result<Task, String> {
        Err("there is nothing to import".into())
    }

    fn reset(initial_state: String) -> Result<(), String> {
        let state = from_json(&initial_state)?;
        STATE.set(state);
        Ok(())
    }

    fn reset_user(_: String) -> Result<(), String> {
        Ok(())
    }

    fn next_user(_: u32, _: Vec<Message>) -> Result<UserEvent, String> {
        Err("every turn is scripted".into())
    }

    fn call(name: String, arguments: String, _: Side) -> Result<String, ToolError> {
        let arguments: Value = serde_json::from_str(&arguments).map_err(|e| error("wrong_type", &e.to_string()))?;
        STATE.with_borrow_mut(|state| run(state, &name, &arguments)).map(|result| result.to_string())
    }

    fn state_hash() -> u64 {
        STATE.with_borrow(|state| match () {
            _ if planted("hash_constant") => 7,
            _ if planted("hash_partial") => hash(&json!(state.labels).to_string()),
            _ if planted("hash_of_more") => hash(&format!("{}{}", to_json(state), state.looks)),
            _ => hash(&to_json(state).to_string()),
        })
    }

    fn state() -> String {
        OBSERVED.with_borrow_mut(|seen| *seen += 1);
        STATE.with_borrow(|state| to_json(state).to_string())
    }

    fn snapshot() -> Result<Vec<u8>, String> {
        if planted("no_snapshot") {
            return Err("this environment has none".into());
        }
        STATE.with_borrow(|state| {
            let mut value = to_json(state);
            value["fault"] = json!(FAULT.get());
            if !planted("lossy_later") {
                value["looks"] = json!(state.looks);
            }
            if planted("lossy") {
                value["labels"] = json!([]);
            }
            if planted("snapshot_differs") {
                value["looks"] = json!(OBSERVED.with_borrow(|seen| *seen));
            }
            Ok(value.to_string().into_bytes())
        })
    }

    fn restore(snapshot: Vec<u8>) -> Result<(), String> {
        let text = String::from_utf8_lossy(&snapshot).into_owned();
        // Also where the rest does not parse.
        let digits = text.split("\"fault\":").nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        FAULT.set(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0));
        let state = match from_json(&text) {
            Err(_) if planted("restore_accepts") => State::default(),
            Err(why) if planted("restore_traps") => panic!("{why}"),
            other => other?,
        };
        STATE.with_borrow_mut(|now| {
            if planted("restore_merges") {
                now.stock.extend(state.stock);
                now.labels.extend(state.labels);
            } else {
                *now = state;
            }
        });
        Ok(())
    }

    fn verify(task: Task, turns: Vec<TurnRecord>) -> Result<Verdict, String> {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        FAULT.set(parse(&task.initial_state)["fault"].as_u64().unwrap_or(0));
        if planted("verify_traps") && turns.len() < task.turns.len() {
            panic!("an episode has all its turns");
        }
        let (mut want, mut have) = (from_json(&task.initial_state)?, from_json(&task.initial_state)?);
        let mut seen = Vec::new();
        let mut verdicts = Vec::new();
        let unplayed = TurnRecord { calls: vec![], answer: None };
        for (at, wanted) in task.reference.iter().enumerate() {
            let record = turns.get(at).unwrap_or(&unplayed);
            let mut needed = Vec::new();
            for call in &wanted.calls {
                let result = run(&mut want, &call.name, &parse(&call.arguments));
                if call.name == "look" {
                    needed.extend(result.ok());
                }
            }
            let made: Vec<_> = record.calls.iter().filter(|made| made.status != CallStatus::Rejected).collect();
            for made in &made {
                seen.extend(run(&mut have, &made.call.name, &parse(&made.call.arguments)).ok());
            }
            let answer = record.answer.as_deref().unwrap_or_default();
            let said = wanted.mentions.iter().all(|any| any.iter().any(|text| answer.contains(text.as_str())));
            let same = match () {
                _ if planted("ignores_extra") => {
                    want.labels.iter().all(|label| have.labels.contains(label)) && want.stock == have.stock
                }
                _ => want.stock == have.stock && want.labels == have.labels,
            };
            let passed = match () {
                _ if planted("counts_calls") => made.len() == wanted.calls.len() && said,
                _ if planted("verifies_first_turn") && at > 0 => true,
                _ => same && said && needed.iter().all(|result| seen.contains(result)),
            };
            let failure = (!passed).then_some(if same { Failure::ResponseMismatch } else { Failure::StateMismatch });
            verdicts.push(TurnVerdict { failure, detail: String::new() });
        }
        let passed = match () {
            _ if planted("fails_the_reference") && task.id.contains(":0:") => false,
            _ if planted("passes_silence") && turns.len() == 3 && turns.iter().all(|turn| turn.calls.is_empty()) => {
                true
            }
            _ if planted("passes_nothing") && turns.is_empty() => true,
            _ if planted("passes_anything") && turns.iter().any(|turn| !turn.calls.is_empty()) => true,
            _ => verdicts.iter().all(|turn| turn.failure.is_none()),
        };
        Ok(Verdict { reward: f64::from(u8::from(passed)), turns: verdicts })
    }
}

export!(Pantry);
