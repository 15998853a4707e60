//! Stories: unsound requests are taken back, the four variants are what they say, and the checks for them can fail.

use coevo_sdk::conformance::refusals::{Refused, check_refusals};
use coevo_sdk::conformance::{self, shape};
use coevo_sdk::session::generate;
use coevo_sdk::story::{self, Beat, Builder, SPLITS, Storied, Teller};
use coevo_sdk::{Context, Description, Environment, Rng, Rule, TaskDraft, Tool, ToolError, Ty, Value, args, json};
use serde::{Deserialize, Serialize};

const FULL: Rule = Rule::state("full", "the shelf is full", "The shelf has room.");
const MOST: u32 = 9_000;

/// A shelf on which things are put and counted.
struct Shelf;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Things {
    count: u32,
    label: String,
    clutter: u64,
}

impl Environment for Shelf {
    type State = Things;

    fn describe() -> Description {
        let how_many = |name, doc| Tool::new(name).doc(doc).arg("count", Ty::Int, "how many").returns("now", Ty::Int);
        Description {
            name: "shelf",
            version: "1.0.0",
            summary: "a shelf",
            tools: vec![
                how_many("put", "put things on").rules(&[FULL]).mutates(),
                Tool::new("look").doc("what is on it").returns("now", Ty::Int),
                Tool::new("label").doc("name it").arg("name", Ty::String, "name").returns("ok", Ty::Bool).mutates(),
            ],
            splits: SPLITS.to_vec(),
            categories: story::CATEGORIES.to_vec(),
        }
    }

    fn generate(split: &str, index: u32, rng: &mut Rng) -> Result<TaskDraft<Things>, String> {
        story::generate::<Self>(split, index, rng)
    }

    fn call(state: &mut Things, _: &mut Context<'_>, name: &str, args: &Value) -> Result<Value, ToolError> {
        match name {
            "put" => {
                let now = state.count + args::uint(args, "count")?;
                FULL.unless(now <= MOST, "count")?;
                state.count = now;
                Ok(json!({"now": now}))
            }
            "look" => Ok(json!({"now": state.count})),
            "label" => {
                state.label = args::string(args, "name")?.to_owned();
                Ok(json!({"ok": true}))
            }
            _ => Err(ToolError::unknown_tool(name)),
        }
    }
}

fn put(t: &mut Teller<Shelf>) -> Option<Beat> {
    let count = t.rng.range(1, 3_999).to_string();
    t.call("put", json!({"count": count.parse::<u32>().ok()?}));
    // So many numbers that no two stories read the same.
    let old = t.rng.range(1, 999_999).to_string();
    let text = t.say(&["put {n} things on beside {m}", "add {n} things to {m}"], &[("n", &count), ("m", &old)]);
    let reply = t.reply(&["{x}."], &count);
    Some(Beat::new(text, format!("Put {count}.")).fact(count).lacking(
        "number",
        format!("Put things beside {old}."),
        reply,
    ))
}

fn look(t: &mut Teller<Shelf>) -> Option<Beat> {
    let now = t.call("look", json!({}))["now"].to_string();
    Some(Beat::new("How many are there?", format!("There are {now}.")).fact(now))
}

/// Each of these is unsound in its own way, says so, and must leave no trace.
const UNSOUND: [Builder<Shelf>; 6] = [
    // Refused.
    |t| {
        t.call("put", json!({"count": 2 * MOST}));
        Some(Beat::new("unsound", "unsound"))
    },
    // Not refused, though it should be.
    |t| {
        t.refused("put", json!({"count": 1}), "full");
        Some(Beat::new("unsound", "unsound"))
    },
    // Changes nothing.
    |t| {
        t.call("label", json!({"name": t.state().label.clone()}));
        Some(Beat::new("unsound", "unsound"))
    },
    // Looks up twice.
    |t| {
        t.call("look", json!({}));
        t.call("look", json!({}));
        Some(Beat::new("unsound", "unsound"))
    },
    // Too many words.
    |t| {
        t.call("label", json!({"name": "long"}));
        Some(Beat::new("unsound ".repeat(30), "unsound"))
    },
    // Gives up after a change.
    |t| {
        t.call("label", json!({"name": "left"}));
        None
    },
];

impl Storied for Shelf {
    type Memory = ();

    const REPLACEABLE: &'static [&'static str] = &["look"];

    fn world(rng: &mut Rng) -> Things {
        Things { count: rng.range(1, 5_000), label: "old".to_owned(), clutter: 0 }
    }

    fn system(state: &Things) -> String {
        format!("The shelf {}.", state.label)
    }

    fn beats() -> &'static [(usize, Builder<Self>)] {
        const BEATS: [(usize, Builder<Shelf>); 9] = [
            (9, UNSOUND[0]),
            (9, UNSOUND[1]),
            (9, UNSOUND[2]),
            (9, UNSOUND[3]),
            (9, UNSOUND[4]),
            (9, UNSOUND[5]),
            (1, look),
            (1, put),
            (1, put),
        ];
        &BEATS
    }

    fn clutter(state: &mut Things, number: u64) {
        state.clutter = number;
    }
}

#[test]
fn unsound_requests_leave_no_trace() {
    for task in conformance::tasks::<Shelf>(&[1]) {
        let text = format!("{:?} {:?}", task.turns, task.reference);
        let labels = task.reference.iter().flat_map(|turn| &turn.calls).any(|call| call.name == "label");
        assert!(!text.contains("unsound") && !labels && task.initial_state.contains("old"), "{}: {text}", task.id);
    }
    conformance::check_oracle::<Shelf>(&[1]);
    shape::check_variants::<Shelf>(2);
    shape::check_inferable::<Shelf>(&[3]);
}

#[test]
fn the_late_tool_is_one_that_nothing_replaces() {
    for index in (1..SPLITS[0].1).step_by(4) {
        let task = generate::<Shelf>("train", index, 5).unwrap();
        let gap = task.reference.iter().position(|turn| turn.calls.is_empty()).unwrap();
        assert_eq!(task.reference[gap + 1].calls[0].name, "put", "{}", task.id);
    }
    assert!(generate::<Shelf>("train", SPLITS[0].1, 5).is_err());
    assert!(generate::<Shelf>("trial", 0, 5).is_err());
}

#[test]
fn random_calls_solve_what_any_call_solves() {
    let (solved, tried) = conformance::random_agent::<Shelf>(&[1]);
    // Only a task of `look` alone could be hit by chance, and every task needs one `put` with the right number.
    assert!(tried == 900 && solved * 20 < tried, "{solved} of {tried}");
}

#[test]
#[should_panic(expected = "no task needs")]
fn a_tool_that_no_task_needs_is_named() {
    shape::check_variety::<Shelf>(2);
}

fn refused(code: &'static str, count: u32) -> Refused {
    let state = json!({"count": 1, "label": "", "clutter": 0});
    Refused { state, tool: "put", arguments: json!({"count": count}), code }
}

#[test]
fn reached_errors_pass() {
    check_refusals::<Shelf>(&[refused("full", MOST)]);
}

#[test]
#[should_panic(expected = "no case for [(\"put\", \"full\")]")]
fn an_error_that_no_case_reaches_is_named() {
    check_refusals::<Shelf>(&[]);
}

#[test]
#[should_panic(expected = "should be refused")]
fn a_case_that_is_not_refused_is_named() {
    check_refusals::<Shelf>(&[refused("full", 1)]);
}
