//! What the tests of the host share: one sandbox, the hostile guest, tasks made by hand.

use std::sync::OnceLock;

use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{HiddenLabel, PublicTask, ReferenceTurn, Task, ToolCall, UserMessage, UserTurn};
use coevo_envs::{Budgets, Env, EnvPlugin, EvalEnv, Sandbox, SandboxLimits};

pub const HOSTILE: &[u8] = include_bytes!("../guests/hostile/hostile.wasm");

/// Tight limits, so that going over them is quick.
pub fn limits() -> SandboxLimits {
    SandboxLimits {
        fuel_per_call: 100_000_000,
        fuel_per_task: 20_000_000,
        memory_bytes: 40 << 20,
        live_instances: 1100,
        ..SandboxLimits::default()
    }
}

pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::with_cache(limits(), None).unwrap())
}

pub fn hostile() -> &'static EnvPlugin {
    static PLUGIN: OnceLock<EnvPlugin> = OnceLock::new();
    PLUGIN.get_or_init(|| EnvPlugin::from_bytes(sandbox(), "hostile", HOSTILE).unwrap())
}

pub fn key() -> StreamKey {
    StreamKey::new(5, Purpose::Environment)
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Two scripted turns in the world of `mode`; `roll` is offered in the second only.
pub fn task(mode: &str) -> Task {
    let turn = |text: &str, offered: &[&str]| UserTurn {
        message: UserMessage::Scripted(text.to_owned()),
        offered: strings(offered),
    };
    let add = |by: i64| ToolCall { name: "add".to_owned(), arguments: serde_json::json!({ "by": by }) };
    let reference = |calls: Vec<ToolCall>| ReferenceTurn { calls, answer: "done".to_owned(), mentions: Vec::new() };
    Task {
        public: PublicTask {
            id: format!("test:{mode}"),
            scenario: "s".to_owned(),
            category: "base".to_owned(),
            system: "You keep a counter.".to_owned(),
            initial_state: format!(r#"{{"mode":"{mode}","notes":2}}"#),
            turns: vec![turn("Add ten.", &["add", "get", "note"]), turn("And roll.", &["add", "get", "note", "roll"])],
            user_profile: String::new(),
        },
        hidden: HiddenLabel { reference: vec![reference(vec![add(10)]), reference(vec![])], label: String::new() },
    }
}

pub fn env(mode: &str) -> Env {
    EvalEnv::new(hostile(), &task(mode).public, key(), &Budgets::default()).unwrap().into()
}

/// Plays `turns` (texts of each) and returns the finished record.
pub fn play(mut env: Env, turns: &[&[&str]]) -> coevo_envs::Record {
    for texts in turns {
        if !matches!(env.next_turn(), Ok(Some(_))) {
            break;
        }
        for text in *texts {
            if env.step(text).is_err() {
                break;
            }
        }
    }
    let _ = env.next_turn();
    env.finish()
}

/// A component with `word` written over the dots that follow `mark` in its data.
pub fn written_over(component: &[u8], mark: &str, word: &str) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let full = format!("{mark}..");
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(full.as_bytes())).collect();
    let [at] = places[..] else { panic!("{mark} is {} times in the component", places.len()) };
    let from = at + mark.len();
    assert!(bytes[from..from + word.len() + 1].iter().all(|byte| *byte == b'.'), "{word} is too long");
    bytes[from..from + word.len()].copy_from_slice(word.as_bytes());
    bytes
}

/// The most memory that this process has had, in bytes.
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
