//! A small environment, a counter with a list of notes, that misbehaves when its initial state names a mode.
//!
//! Written on the raw ABI, because the SDK does not let an author do most of this. The initial state is `{"mode":"trap"}`
//! or any other text without a mode, which behaves well. The mode also decides the task (`generate` takes it from the
//! split's name) and what the verifier says. The first four tasks of `train`, `dev` and `test` are sound; of the rest each
//! faults in its own way when it is played, so that a whole run can be driven through faults. Harm that is done before
//! there is a state (in `describe`, say) has a mode that a test writes into the component's bytes (`harm::baked`).

wit_bindgen::generate!({ path: "../../../../plugins/wit", world: "environment" });

mod harm;

use std::cell::RefCell;

use coevo::env::host;
use coevo::env::types::*;
use exports::coevo::env::guest::Guest;

#[derive(Clone, Default)]
struct State {
    mode: String,
    counter: i64,
    notes: Vec<String>,
}

/// What the environment says it has.
const SPLITS: [&str; 3] = ["train", "dev", "test"];
/// Modes of tasks 4 to 7 of each split.
const PLAYED: [&str; 4] = ["trap", "bad_json", "reset_trap", "verify_trap"];

/// Modes of tasks 2 to 13 of the split `harm`.
const HARM: [&str; 12] = [
    "spin",
    "bomb",
    "recurse",
    "gigabyte",
    "bad_utf8",
    "huge",
    "log_flood",
    "empty_log_flood",
    "hash_trap",
    "no_code",
    "verify_bomb",
    "verify_details",
];

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::default());
    static PROFILE: RefCell<(String, u32)> = const { RefCell::new((String::new(), 0)) };
}

fn tool(name: &str, arguments: &str, mutates: bool, side: Side) -> Tool {
    Tool {
        name: name.into(),
        description: format!("the {name} of the counter"),
        arguments: arguments.into(),
        result: r#"{"type":"object"}"#.into(),
        errors: vec![ErrorCode { code: "too_big".into(), description: "the counter is at most 1000".into() }],
        preconditions: vec!["the counter is at most 1000".into()],
        side,
        mutates,
    }
}

/// The value of a JSON field that holds a plain string or number; enough for the schemas above.
fn field<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let start = json.find(&format!("\"{name}\":"))? + name.len() + 3;
    let rest = json[start..].trim_start();
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next(),
        None => rest.split([',', '}']).next(),
    }
}

fn hash(state: &State) -> u64 {
    let text = format!("{}|{}|{:?}", state.mode, state.counter, state.notes);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

fn call_tool(state: &mut State, name: &str, arguments: &str, caller: Side) -> Result<String, ToolError> {
    let error = |code: &str, message: &str, details: &str| ToolError {
        code: code.into(),
        message: message.into(),
        details: details.into(),
    };
    match state.mode.as_str() {
        "trap" => panic!("on request"),
        "trap_late" if state.counter >= 10 => panic!("on request"),
        "spin" => harm::spin(),
        "bomb" => harm::bomb(),
        "recurse" => return Ok(harm::recurse(0).to_string()),
        "gigabyte" => return Ok(harm::gigabyte()),
        "random_flood" | "clock_flood" | "log_flood" | "empty_log_flood" => harm::flood(&state.mode),
        // Four megabytes more in each call, in the state and in what is made of it.
        "grows" => state.notes.push("g".repeat(4 << 20)),
        "no_code" => return Err(error("", "no", "")),
        "dirt" => return Ok(format!("{{\"dirt\":{}}}", harm::dirt())),
        "nan" => return Ok(format!("{{\"bits\":{:?}}}", harm::nan_bits())),
        "clock" => {
            let times: Vec<u64> = (0..1000).map(|_| host::now_ms()).collect();
            return Ok(format!("{{\"first\":{},\"last\":{}}}", times[0], times[999]));
        }
        // "CANARY-" is the label's first word in the tests, and "hostile" a word that is here.
        "find_label" => {
            let disguise = |word: &[u8]| word.iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>();
            let here = harm::finds(&disguise(&state.mode.bytes().chain(*b"!").collect::<Vec<u8>>()));
            let label = harm::finds(&[0x16, 0x14, 0x1b, 0x14, 0x07, 0x0c, 0x78]);
            state.notes.push(format!("{}!", state.mode));
            return Ok(format!("{{\"label\":{label},\"own_text\":{here}}}"));
        }
        "bad_json" => return Ok("{\"half\":".into()),
        "huge" => return Ok(format!("\"{}\"", "x".repeat(8 << 20))),
        "bulky" => return Ok(harm::long_text(1_000_000)),
        "deep" => return Ok(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        "bad_utf8" => return Ok(unsafe { String::from_utf8_unchecked(vec![b'"', 0xff, 0xfe, b'"']) }),
        "bad_details" => return Err(error("too_big", "no", "{")),
        "long_error" => return Err(error("too_big", &"y".repeat(8 << 20), "")),
        "flood" => {
            for line in 0..200 {
                host::log(host::Level::Warn, &format!("{line} {}", "z".repeat(10_000)));
            }
        }
        _ => {}
    }
    match name {
        "add" => {
            let by: i64 = field(arguments, "by").and_then(|text| text.parse().ok()).unwrap_or(0);
            if state.counter + by > 1000 {
                return Err(error("too_big", "the counter is at most 1000", "{\"limit\":1000}"));
            }
            state.counter += by;
            Ok(format!("{{\"counter\":{}}}", state.counter))
        }
        "note" => {
            let text = field(arguments, "text").unwrap_or_default();
            state.notes.push(text.into());
            host::log(host::Level::Info, &format!("noted {text}"));
            Ok(format!("{{\"notes\":{}}}", state.notes.len()))
        }
        "get" => Ok(format!("{{\"counter\":{},\"notes\":{}}}", state.counter, state.notes.len())),
        "roll" => Ok(format!("{{\"rolled\":{},\"at\":{}}}", host::random_u64() % 1000, host::now_ms())),
        "poke" if caller == Side::User => {
            state.counter += 100;
            Ok("{}".into())
        }
        _ => Err(error("unknown_tool", name, "")),
    }
}

fn honest() -> Description {
    let none = r#"{"type":"object","properties":{},"additionalProperties":false}"#;
    Description {
        name: "hostile".into(),
        version: "0.1.0".into(),
        summary: "a counter that misbehaves on request".into(),
        tools: vec![
            tool(
                "add",
                r#"{"type":"object","properties":{"by":{"type":"integer","minimum":-50,"maximum":500},"unit":{"type":"string","enum":["one","dozen"]},"on":{"type":"string","format":"date"}},"required":["by"],"additionalProperties":false}"#,
                true,
                Side::Agent,
            ),
            tool(
                "note",
                r#"{"type":"object","properties":{"text":{"type":"string","maxLength":80}},"required":["text"],"additionalProperties":false}"#,
                true,
                Side::Agent,
            ),
            tool("get", none, false, Side::Agent),
            tool("roll", none, false, Side::Agent),
            tool("poke", none, true, Side::User),
        ],
        splits: SPLITS
            .iter()
            .map(|name| SplitInfo { name: (*name).into(), tasks: 8 })
            .chain([SplitInfo { name: "harm".into(), tasks: 14 }])
            .collect(),
        categories: vec!["base".into()],
        reward_min: 0.0,
        reward_max: 1.0,
    }
}

struct Counter;

impl Guest for Counter {
    fn describe() -> Description {
        if harm::baked("describe_spin") {
            harm::spin();
        }
        if harm::baked("describe_bomb") {
            harm::bomb();
        }
        if harm::baked("describe_recurse") {
            std::hint::black_box(harm::recurse(0));
        }
        if harm::baked("describe_trap") {
            panic!("on request");
        }
        if harm::baked("describe_flood") {
            harm::flood("log_flood");
        }
        let mut described = honest();
        let tools = harm::tools();
        if !tools.is_empty() {
            described.tools = tools;
        }
        if harm::baked("describe_gigabyte") {
            described.summary = harm::gigabyte();
        }
        if harm::baked("same_categories") {
            described.categories = harm::same_text(1000);
        }
        if harm::baked("long_categories") {
            described.categories = harm::long_list();
        }
        if harm::baked("name_bytes") {
            described.name = unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe]) };
        }
        described
    }

    /// A split that is not among [`SPLITS`] is a defect to make, such as `unknown_offered`.
    fn generate(split: String, index: u32, seed: u64) -> Result<Task, String> {
        let all = || vec!["add".to_string(), "note".to_string(), "get".to_string(), "roll".to_string()];
        let turn = |text: &str| UserTurn { message: UserMessage::Scripted(text.into()), offered: all() };
        let by = |n: u64| ToolCall { name: "add".into(), arguments: format!("{{\"by\":{n}}}") };
        let reference = |calls: Vec<ToolCall>| ReferenceTurn { calls, answer: "done".into(), mentions: vec![] };
        let mut task = Task {
            id: format!("hostile:{split}:{index}:{seed}"),
            scenario: format!("s{index}"),
            category: "base".into(),
            system: "You keep a counter.".into(),
            initial_state: "{\"mode\":\"\"}".into(),
            turns: vec![turn("Add some."), turn("Add more."), turn("Say how many.")],
            user_profile: String::new(),
            reference: vec![reference(vec![by(seed % 7)]), reference(vec![by(u64::from(index))]), reference(vec![])],
            label: "{}".into(),
        };
        match split.as_str() {
            name if SPLITS.contains(&name) && index < 4 => {}
            name if SPLITS.contains(&name) && index < 8 => {
                let mode = PLAYED[index as usize - 4];
                task.initial_state = format!("{{\"mode\":\"{mode}\"}}");
            }
            "harm" if index < 2 => {}
            "harm" if index < 14 => task.initial_state = format!("{{\"mode\":\"{}\"}}", HARM[index as usize - 2]),
            "unknown_offered" => task.turns[1].offered.push("fly".into()),
            "twice_offered" => task.turns[1].offered.push("add".into()),
            "user_offered" => task.turns[1].offered.push("poke".into()),
            "short_reference" => drop(task.reference.pop()),
            "no_turns" => {
                task.turns.clear();
                task.reference.clear();
            }
            "bad_arguments" => task.reference[0].calls[0].arguments = "[1]".into(),
            "unknown_call" => task.reference[0].calls[0].name = "fly".into(),
            "trap" => panic!("on request"),
            "spin" => harm::spin(),
            "bomb" => harm::bomb(),
            "gigabyte" => task.system = harm::gigabyte(),
            "same_offered" => task.turns[0].offered = harm::same_text(1000),
            "many_turns" => {
                task.turns = (0..200_000).map(|_| turn("Add.")).collect();
                task.reference.clear();
            }
            "simulated" => {
                task.user_profile = "{\"patience\":2}".into();
                task.turns.iter_mut().for_each(|turn| turn.message = UserMessage::Simulated);
            }
            _ => return Err(format!("no task {index} in split {split}")),
        }
        Ok(task)
    }

    fn import_task(data: String) -> Result<Task, String> {
        Self::generate(field(&data, "split").ok_or("no split")?.into(), 0, 0)
    }

    fn reset(initial_state: String) -> Result<(), String> {
        let mode = field(&initial_state, "mode").unwrap_or_default().to_string();
        let notes = field(&initial_state, "notes").and_then(|text| text.parse().ok()).unwrap_or(0);
        match mode.as_str() {
            "reset_error" => return Err("this state is refused".into()),
            "reset_trap" => panic!("on request"),
            "reset_spin" => harm::spin(),
            "reset_bomb" => harm::bomb(),
            _ => {}
        }
        let mut state = State { mode, counter: 0, notes: (0..notes).map(|i: u32| format!("note {i}")).collect() };
        if state.mode == "reset_random" {
            state.counter = (host::random_u64() % 500) as i64;
        }
        STATE.set(state);
        Ok(())
    }

    fn reset_user(profile: String) -> Result<(), String> {
        match field(&profile, "mode").unwrap_or_default() {
            "reset_user_spin" => harm::spin(),
            "reset_user_error" => return Err("no such person".into()),
            _ => {}
        }
        PROFILE.set((profile, 0));
        Ok(())
    }

    fn next_user(turn: u32, conversation: Vec<Message>) -> Result<UserEvent, String> {
        let (profile, asked) = PROFILE.with_borrow_mut(|user| {
            user.1 += 1;
            user.clone()
        });
        match field(&profile, "mode").unwrap_or_default() {
            "user_spin" => harm::spin(),
            "user_trap" => panic!("on request"),
            "user_silent" => return Ok(UserEvent { message: " ".into(), offered: vec![], calls: vec![], done: false }),
            "user_offers" => {
                return Ok(UserEvent {
                    message: "a".into(),
                    offered: harm::same_text(1000),
                    calls: vec![],
                    done: false,
                });
            }
            "user_list" => {
                return Ok(UserEvent { message: "a".into(), offered: harm::long_list(), calls: vec![], done: false });
            }
            "user_many" => {
                let calls = (0..1000).map(|_| ToolCall { name: "poke".into(), arguments: "{}".into() }).collect();
                return Ok(UserEvent { message: "a".into(), offered: vec![], calls, done: false });
            }
            "user_calls" => {
                let call = ToolCall { name: "poke".into(), arguments: "[1".into() };
                return Ok(UserEvent { message: "a".into(), offered: vec![], calls: vec![call], done: false });
            }
            _ => {}
        }
        let patience: u32 = field(&profile, "patience").and_then(|text| text.parse().ok()).unwrap_or(1);
        Ok(UserEvent {
            message: format!("turn {turn}, question {asked}, {} messages so far", conversation.len()),
            offered: vec!["add".into(), "get".into()],
            calls: vec![ToolCall { name: "poke".into(), arguments: "{}".into() }],
            done: turn >= patience,
        })
    }

    fn call(name: String, arguments: String, caller: Side) -> Result<String, ToolError> {
        STATE.with_borrow_mut(|state| call_tool(state, &name, &arguments, caller))
    }

    fn state_hash() -> u64 {
        STATE.with_borrow(|state| match state.mode.as_str() {
            "hash_spin" => harm::spin(),
            "hash_trap" => panic!("on request"),
            "grows" => state.notes.len() as u64,
            _ => hash(state),
        })
    }

    fn state() -> String {
        STATE.with_borrow(|state| match state.mode.as_str() {
            "bad_state" => "nonsense".into(),
            "state_spin" => harm::spin(),
            "state_huge" => harm::long_text(17 << 20),
            "state_gigabyte" => harm::gigabyte(),
            "grows" => format!("{{\"notes\":[\"{}\"]}}", state.notes.join("\",\"")),
            _ => format!("{{\"counter\":{},\"notes\":{}}}", state.counter, state.notes.len()),
        })
    }

    fn snapshot() -> Result<Vec<u8>, String> {
        STATE.with_borrow(|state| match state.mode.as_str() {
            "no_snapshot" => Err("this guest cannot".into()),
            "snapshot_spin" => harm::spin(),
            "snapshot_trap" => panic!("on request"),
            "snapshot_huge" => Ok(vec![1; 20 << 20]),
            _ => Ok([
                &[state.mode.as_str()][..],
                &[&state.counter.to_string()],
                &state.notes.iter().map(String::as_str).collect::<Vec<_>>(),
            ]
            .concat()
            .join("\u{1f}")
            .into_bytes()),
        })
    }

    fn restore(snapshot: Vec<u8>) -> Result<(), String> {
        let text = String::from_utf8(snapshot).map_err(|error| error.to_string())?;
        let mut parts = text.split('\u{1f}').map(str::to_string);
        let mode = parts.next().ok_or("empty")?;
        match mode.as_str() {
            "restore_trap" => panic!("on request"),
            "restore_spin" => harm::spin(),
            "restore_error" => return Err("not this one".into()),
            _ => {}
        }
        let counter: i64 = parts.next().ok_or("short")?.parse().map_err(|_| "no counter")?;
        // `lossy` forgets its notes: a snapshot that does not hold the whole state must be found out.
        let notes = if mode == "lossy" { Vec::new() } else { parts.collect() };
        STATE.set(State { mode, counter, notes });
        Ok(())
    }

    fn verify(task: Task, turns: Vec<TurnRecord>) -> Result<Verdict, String> {
        let pass = |_: &UserTurn| TurnVerdict { failure: None, detail: String::new() };
        let mut verdict = Verdict { reward: 1.0, turns: task.turns.iter().map(pass).collect() };
        match field(&task.initial_state, "mode").unwrap_or_default() {
            "verify_nan" => verdict.reward = f64::NAN,
            "verify_range" => verdict.reward = 1.5,
            "verify_short" => drop(verdict.turns.pop()),
            "verify_trap" => panic!("on request"),
            "verify_error" => return Err("cannot judge".into()),
            "verify_spin" => harm::spin(),
            "verify_bomb" => harm::bomb(),
            "verify_many" => verdict.turns = (0..100_000).map(|_| pass(&task.turns[0])).collect(),
            "verify_details" => {
                let details = harm::same_text(1000);
                verdict.turns = details.into_iter().map(|detail| TurnVerdict { failure: None, detail }).collect();
            }
            _ => {
                let (mut want, mut have) = (State::default(), State::default());
                for (at, wanted) in task.reference.iter().enumerate() {
                    for call in &wanted.calls {
                        let _ = call_tool(&mut want, &call.name, &call.arguments, Side::Agent);
                    }
                    for record in turns.get(at).map(|turn| turn.calls.as_slice()).unwrap_or_default() {
                        if record.status != CallStatus::Rejected {
                            let _ = call_tool(&mut have, &record.call.name, &record.call.arguments, record.side);
                        }
                    }
                    if want.counter != have.counter {
                        verdict.turns[at].failure = Some(Failure::StateMismatch);
                        verdict.turns[at].detail = format!("{} instead of {}", have.counter, want.counter);
                        verdict.reward = 0.0;
                    }
                }
            }
        }
        Ok(verdict)
    }
}

export!(Counter);
