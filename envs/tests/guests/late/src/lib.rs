//! A parcel depot in which mistakes show late: what is done to a parcel is judged when the parcel is sent, turns later.
//!
//! The shipped environments judge the state after every turn, so that a wrong call fails its own turn. Here every turn but
//! those that send something passes, whatever was done in it, which is what `explain` needs to be tried on causes that lie
//! before the failing turn. Sound otherwise, and written on the raw ABI, so that no change of the SDK makes it stale.

wit_bindgen::generate!({ path: "../../../../plugins/wit", world: "environment" });

use std::cell::RefCell;
use std::collections::BTreeMap;

use coevo::env::types::*;
use exports::coevo::env::guest::Guest;
use serde_json::{Value, json};

#[derive(Clone, Default, PartialEq)]
struct Parcel {
    city: String,
    grams: i64,
    insured: i64,
    marks: Vec<String>,
    sealed: bool,
    sent: bool,
}

type State = BTreeMap<String, Parcel>;

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

const SPLITS: [(&str, u32); 3] = [("train", 400), ("dev", 40), ("test", 100)];
const CITIES: [&str; 6] = ["Oslo", "Rome", "Lima", "Kyoto", "Quito", "Cairo"];
const NAMES: [&str; 8] = ["lamp", "vase", "book", "coat", "drum", "kite", "mask", "ring"];
const MARKS: [&str; 4] = ["fragile", "this side up", "keep dry", "express"];

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// The number of a parcel follows from its name, so that a missing parcel renumbers no other.
fn number(name: &str) -> String {
    format!("k{:03}", hash(name) % 1000)
}

fn to_json(state: &State) -> Value {
    let parcel = |parcel: &Parcel| {
        json!({
            "city": parcel.city, "grams": parcel.grams, "insured": parcel.insured, "marks": parcel.marks,
            "sealed": parcel.sealed, "sent": parcel.sent,
        })
    };
    json!({"parcels": state.iter().map(|(id, of)| (id.clone(), parcel(of))).collect::<BTreeMap<_, _>>()})
}

fn from_json(text: &str) -> Result<State, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let parcels = value["parcels"].as_object().ok_or("parcels are missing")?;
    let parcel = |of: &Value| Parcel {
        city: of["city"].as_str().unwrap_or_default().to_owned(),
        grams: of["grams"].as_i64().unwrap_or(0),
        insured: of["insured"].as_i64().unwrap_or(0),
        marks: of["marks"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        sealed: of["sealed"] == true,
        sent: of["sent"] == true,
    };
    Ok(parcels.iter().map(|(id, of)| (id.clone(), parcel(of))).collect())
}

fn error(code: &str, message: &str) -> ToolError {
    ToolError { code: code.into(), message: message.into(), details: String::new() }
}

fn run(state: &mut State, name: &str, arguments: &Value) -> Result<Value, ToolError> {
    let text = |field: &str| arguments[field].as_str().unwrap_or_default().to_owned();
    if name == "register" {
        let id = number(&text("name"));
        if state.contains_key(&id) {
            return Err(error("already_registered", "this parcel is here already"));
        }
        state.insert(id.clone(), Parcel { city: text("city"), ..Parcel::default() });
        return Ok(json!({"parcel": id}));
    }
    let Some(parcel) = state.get_mut(&text("parcel")) else {
        return Err(error("unknown_parcel", "there is no such parcel"));
    };
    let closed = matches!(name, "weigh" | "insure" | "mark" | "seal") && parcel.sealed;
    if closed || name == "send" && parcel.sent {
        return Err(error("closed", "nothing more can be done to it"));
    }
    match name {
        "weigh" => parcel.grams = arguments["grams"].as_i64().unwrap_or(0),
        "insure" => parcel.insured = parcel.insured.saturating_add(arguments["euros"].as_i64().unwrap_or(0)),
        "mark" => parcel.marks.push(text("text")),
        "seal" if parcel.grams == 0 => return Err(error("not_weighed", "weigh it first")),
        "seal" => parcel.sealed = true,
        "send" if !parcel.sealed => return Err(error("not_sealed", "seal it first")),
        "send" => parcel.sent = true,
        "look_up" => return Ok(json!({"city": parcel.city, "sealed": parcel.sealed})),
        _ => return Err(error("unknown_tool", name)),
    }
    Ok(json!({"ok": true}))
}

fn tool(name: &str, extra: Value, codes: &[&str]) -> Tool {
    let mut properties = json!({"parcel": {"type": "string", "maxLength": 40}});
    if name == "register" {
        properties = json!({});
    }
    let fields = properties.as_object_mut().expect("an object");
    fields.extend(extra.as_object().cloned().unwrap_or_default());
    let required: Vec<String> = fields.keys().cloned().collect();
    let arguments =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    Tool {
        name: name.into(),
        description: format!("{} a parcel", name.replace('_', " ")),
        arguments: arguments.to_string(),
        result: json!({"type": "object"}).to_string(),
        errors: codes
            .iter()
            .map(|code| ErrorCode { code: (*code).into(), description: code.replace('_', " ") })
            .collect(),
        preconditions: vec![],
        side: Side::Agent,
        mutates: name != "look_up",
    }
}

/// A small generator of its own: the next number below `limit`.
fn draw(seed: &mut u64, limit: usize) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut x = *seed;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) % limit as u64) as usize
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { name: name.into(), arguments: arguments.to_string() }
}

/// Two or three parcels, each handled in two or three turns and sent in a later one; the turns of all are interleaved.
fn task(split: &str, index: u32, seed: u64) -> Task {
    let mut rng = hash(&format!("{split}:{index}:{seed}"));
    let parcels = 2 + draw(&mut rng, 2);
    let first = draw(&mut rng, NAMES.len());
    // Turns of each parcel in their order: what the user says, and the calls.
    let mut lanes: Vec<Vec<(String, Vec<ToolCall>)>> = Vec::new();
    for at in 0..parcels {
        let name = NAMES[(first + at) % NAMES.len()];
        let (id, city) = (number(name), CITIES[draw(&mut rng, CITIES.len())]);
        let (grams, euros) = (100 + draw(&mut rng, 4000), 10 + draw(&mut rng, 400));
        let mark = MARKS[draw(&mut rng, MARKS.len())];
        let mut open = vec![call("register", json!({"name": name, "city": city}))];
        let mut said = format!("Register the {name} for {city}");
        let weigh = call("weigh", json!({"parcel": id, "grams": grams}));
        let insure = call("insure", json!({"parcel": id, "euros": euros}));
        let marked = call("mark", json!({"parcel": id, "text": mark}));
        let seal = call("seal", json!({"parcel": id}));
        let (close, words) = if draw(&mut rng, 2) == 0 {
            open.push(marked);
            said.push_str(&format!(", mark it `{mark}`"));
            (vec![weigh, insure, seal], format!("it has {grams} grams; insure it for {euros} euros and seal it"))
        } else {
            open.push(weigh);
            said.push_str(&format!(", {grams} grams"));
            (vec![insure, marked, seal], format!("insure it for {euros} euros, mark it `{mark}` and seal it"))
        };
        lanes.push(vec![
            (format!("{said}."), open),
            (format!("The {name}: {words}."), close),
            (format!("Send the {name}."), vec![call("send", json!({"parcel": id}))]),
        ]);
    }
    let mut turns = Vec::new();
    while lanes.iter().any(|lane| !lane.is_empty()) {
        let left: Vec<usize> = (0..lanes.len()).filter(|lane| !lanes[*lane].is_empty()).collect();
        let lane = left[draw(&mut rng, left.len())];
        turns.push(lanes[lane].remove(0));
    }
    let offered: Vec<String> = describe().tools.into_iter().map(|tool| tool.name).collect();
    let answer = |_: &String| "Done.".to_owned();
    Task {
        id: format!("late:{split}:{index}:{seed}"),
        scenario: format!("{split}-{index}"),
        category: "base".into(),
        system: "You run a parcel depot. The number of a parcel is in the answer to register.".into(),
        initial_state: json!({"parcels": {}}).to_string(),
        turns: turns
            .iter()
            .map(|(said, _)| UserTurn { message: UserMessage::Scripted(said.clone()), offered: offered.clone() })
            .collect(),
        user_profile: String::new(),
        reference: turns
            .into_iter()
            .map(|(said, calls)| ReferenceTurn { calls, answer: answer(&said), mentions: vec![] })
            .collect(),
        label: "{}".into(),
    }
}

fn describe() -> Description {
    let sealed = ["unknown_parcel", "closed"];
    Description {
        name: "late".into(),
        version: "0.1.0".into(),
        summary: "A parcel depot whose mistakes show turns later.".into(),
        tools: vec![
            tool(
                "register",
                json!({"name": {"type": "string", "maxLength": 40}, "city": {"type": "string", "enum": CITIES}}),
                &["already_registered"],
            ),
            tool("weigh", json!({"grams": {"type": "integer", "minimum": 1, "maximum": 30_000}}), &sealed),
            tool("insure", json!({"euros": {"type": "integer", "minimum": 1, "maximum": 5_000}}), &sealed),
            tool("mark", json!({"text": {"type": "string", "enum": MARKS}}), &sealed),
            tool("seal", json!({}), &["unknown_parcel", "closed", "not_weighed"]),
            tool("send", json!({}), &["unknown_parcel", "closed", "not_sealed"]),
            tool("look_up", json!({}), &["unknown_parcel"]),
        ],
        splits: SPLITS.iter().map(|(name, tasks)| SplitInfo { name: (*name).into(), tasks: *tasks }).collect(),
        categories: vec!["base".into()],
        reward_min: 0.0,
        reward_max: 1.0,
    }
}

struct Depot;

impl Guest for Depot {
    fn describe() -> Description {
        describe()
    }

    fn generate(split: String, index: u32, seed: u64) -> Result<Task, String> {
        let known = SPLITS.iter().any(|(name, tasks)| *name == split && index < *tasks);
        if known { Ok(task(&split, index, seed)) } else { Err(format!("no task {index} in {split}")) }
    }

    fn import_task(_data: String) -> Result<Task, String> {
        Err("there is nothing to import".into())
    }

    fn reset(initial_state: String) -> Result<(), String> {
        STATE.set(from_json(&initial_state)?);
        Ok(())
    }

    fn reset_user(_profile: String) -> Result<(), String> {
        Err("every turn is scripted".into())
    }

    fn next_user(_turn: u32, _conversation: Vec<Message>) -> Result<UserEvent, String> {
        Err("every turn is scripted".into())
    }

    fn call(name: String, arguments: String, _caller: Side) -> Result<String, ToolError> {
        let arguments: Value = serde_json::from_str(&arguments).unwrap_or_default();
        STATE.with_borrow_mut(|state| run(state, &name, &arguments)).map(|result| result.to_string())
    }

    fn state_hash() -> u64 {
        STATE.with_borrow(|state| hash(&to_json(state).to_string()))
    }

    fn state() -> String {
        STATE.with_borrow(|state| to_json(state).to_string())
    }

    fn snapshot() -> Result<Vec<u8>, String> {
        Ok(Self::state().into_bytes())
    }

    fn restore(snapshot: Vec<u8>) -> Result<(), String> {
        Self::reset(String::from_utf8(snapshot).map_err(|error| error.to_string())?)
    }

    /// A turn fails where a parcel that it should send has not been sent as the reference would have.
    fn verify(task: Task, turns: Vec<TurnRecord>) -> Result<Verdict, String> {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let (mut want, mut have) = (from_json(&task.initial_state)?, from_json(&task.initial_state)?);
        let mut verdicts = Vec::new();
        for (at, wanted) in task.reference.iter().enumerate() {
            for call in &wanted.calls {
                let _ = run(&mut want, &call.name, &parse(&call.arguments));
            }
            let made = turns.get(at).map_or(&[][..], |turn| &turn.calls);
            for made in made.iter().filter(|made| made.status != CallStatus::Rejected) {
                let _ = run(&mut have, &made.call.name, &parse(&made.call.arguments));
            }
            let sends = wanted.calls.iter().filter(|call| call.name == "send");
            let ids: Vec<String> =
                sends.filter_map(|call| parse(&call.arguments)["parcel"].as_str().map(str::to_owned)).collect();
            let wrong = ids.iter().find(|id| want.get(*id) != have.get(*id));
            let detail = wrong.map_or(String::new(), |id| match have.get(id) {
                None => format!("parcel {id} was never registered"),
                Some(of) if !of.sent => format!("parcel {id} was not sent"),
                Some(_) => format!("parcel {id} was not sent as it should be"),
            });
            verdicts.push(TurnVerdict { failure: wrong.map(|_| Failure::StateMismatch), detail });
        }
        let passed = verdicts.iter().all(|turn| turn.failure.is_none());
        Ok(Verdict { reward: f64::from(u8::from(passed)), turns: verdicts })
    }
}

export!(Depot);
