//! Golden transcripts: recorded calls, results and state hashes that a component must give again, whichever compiler built
//! it. `COEVO_REBUILT` names a folder of freshly built components to hold against them instead of the shipped ones.

use std::path::{Path, PathBuf};

use coevo_core::episode::StepOutcome;
use coevo_core::protocol::format_call;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{TaskRef, ToolCall};
use coevo_envs::{Budgets, Env, EnvPlugin, EnvSource, EvalEnv, SHIPPED, Sandbox, SandboxLimits};
use serde_json::Value;

#[test]
fn components_give_their_golden_transcripts_again() {
    let rebuilt = std::env::var_os("COEVO_REBUILT").map(PathBuf::from);
    for (name, _) in SHIPPED {
        let source = match &rebuilt {
            Some(folder) => EnvSource::Path(folder.join(format!("{name}.wasm"))),
            None => EnvSource::Shipped((*name).to_owned()),
        };
        let sandbox = Sandbox::new(SandboxLimits::default()).expect("default limits");
        let plugin = EnvPlugin::load(&sandbox, &source).unwrap_or_else(|error| panic!("{error}"));
        if plugin.spec().splits.is_empty() {
            // Its tasks are imported, and compared with their source (see `bfcl`).
            continue;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../plugins/{name}/golden.jsonl"));
        let golden = std::fs::read_to_string(&path).expect("golden transcripts");
        let mut transcripts = 0;
        for line in golden.lines() {
            replay(&plugin, &serde_json::from_str(line).expect("JSON"));
            transcripts += 1;
        }
        assert!(transcripts >= 8, "{name} has only {transcripts} golden transcripts");
    }
}

fn replay(plugin: &EnvPlugin, golden: &Value) {
    let of = &golden["task"];
    let number = |key: &str| of[key].as_u64().expect("a number");
    let reference = TaskRef {
        env: plugin.spec().name.clone(),
        split: of["split"].as_str().expect("a split").to_owned(),
        index: number("index") as u32,
        seed: number("seed"),
    };
    let task = plugin.task(&reference).unwrap_or_else(|fault| panic!("{reference:?}: {fault:?}"));
    assert_eq!(task.public.id, of["id"]);
    let stream = StreamKey::new(0, Purpose::Environment);
    let mut env: Env = EvalEnv::new(plugin, &task.public, stream, &Budgets::default()).expect("it begins").into();
    let hex = |hash: u64| format!("{hash:016x}");
    assert_eq!(golden["initial_hash"], hex(env.initial_state_hash()), "{}", task.public.id);
    for (number, turn) in golden["turns"].as_array().expect("turns").iter().enumerate() {
        let place = format!("{} turn {}", task.public.id, number + 1);
        let start = env.next_turn().expect("no fault").expect("a turn");
        assert_eq!(start.messages.last().map(|message| message.text.as_str()), turn["user"].as_str(), "{place}");
        for call in turn["calls"].as_array().expect("calls") {
            let made = ToolCall {
                name: call["name"].as_str().expect("a name").to_owned(),
                arguments: call["arguments"].clone(),
            };
            env.step(&format_call(&made)).unwrap_or_else(|fault| panic!("{place}: {fault:?}"));
            let step = env.turns().last().and_then(|turn| turn.steps.last()).expect("just played").clone();
            match (&step.outcome, call.get("result")) {
                (StepOutcome::Executed { result }, Some(expected)) => assert_eq!(result, expected, "{place}"),
                (StepOutcome::ToolError { .. }, None) => {}
                (outcome, expected) => panic!("{place}: {outcome:?}, expected {expected:?}"),
            }
        }
        env.step(turn["answer"].as_str().expect("an answer")).expect("no fault");
        assert_eq!(turn["hash"], hex(env.state_hash()), "{place}");
    }
}
