//! JSONL export: one OpenAI chat conversation a line, with everything Coevo knows of it under `coevo`.
//!
//! [`crate::import_jsonl`] reads it back. Lines come by arm, stage, round, task and replica, and hold nothing that a clock or the order of work could change:
//! equal runs export equal bytes.

use std::collections::BTreeMap;
use std::io::Write;

use coevo_core::diagnose::Diagnosis;
use coevo_core::episode::{Ending, Episode, Parsed, Step, Turn};
use coevo_core::id::ContentId;
use coevo_core::interface::Interface;
use coevo_core::protocol::split_thoughts;
use coevo_core::render;
use coevo_core::task::{EnvSpec, PublicTask, ToolSpec};
use serde_json::{Map, Value, json};

use crate::commit::ending_name;
use crate::error::{Result, TraceError};
use crate::folder::RunFile;
use crate::query::{EpisodeFilter, EpisodeSummary};
use crate::record::{EpisodeRecord, stage_name};
use crate::tokens;

/// Writes every episode that passes the filter, without its tokens. Returns how many lines were written.
///
/// # Errors
/// [`TraceError::Payload`] names a damaged episode; write errors.
pub fn export_jsonl(run: &RunFile, filter: &EpisodeFilter, out: &mut impl Write) -> Result<u64> {
    export_jsonl_with(run, filter, false, out)
}

/// [`export_jsonl`], with token ids, log-probabilities and masks where `tokens`: then a line is all that the run file has of
/// an episode, and about twice as long.
///
/// # Errors
/// As [`export_jsonl`].
pub fn export_jsonl_with(run: &RunFile, filter: &EpisodeFilter, tokens: bool, out: &mut impl Write) -> Result<u64> {
    let interfaces = run.interfaces()?;
    let mut lines = 0;
    for summary in run.episodes(filter)? {
        let record = run.record(&summary)?;
        let task = run.task(&summary.key.task)?;
        let mut line = line(run.header().env_of(&summary.key.task.env), &summary, &record, task.as_ref(), &interfaces);
        if tokens {
            line["coevo"]["tokens"]["trace"] = json!(record.episode.tokens);
        }
        let written = serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from);
        written
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|source| TraceError::Io { path: "export".into(), source })?;
        lines += 1;
    }
    Ok(lines)
}

fn line(
    env: &EnvSpec,
    summary: &EpisodeSummary,
    record: &EpisodeRecord,
    task: Option<&PublicTask>,
    interfaces: &BTreeMap<ContentId, Interface>,
) -> Value {
    let base = Interface::base();
    let interface = interfaces.get(&record.episode.interface).unwrap_or(&base);
    json!({
        "messages": messages(env, &record.episode, task, interface),
        "tools": tools(env, &record.episode),
        "coevo": metadata(summary, record, interface),
    })
}

/// Every tool that was offered at some time, in the environment's order, as OpenAI function specs.
pub(super) fn tools(env: &EnvSpec, episode: &Episode) -> Vec<Value> {
    let offered = |tool: &&ToolSpec| episode.turns.iter().any(|turn| turn.offered.contains(&tool.name));
    let spec = |tool: &ToolSpec| {
        json!({"type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.arguments,
        }})
    };
    env.tools.iter().filter(offered).map(spec).collect()
}

/// The conversation as the agent read it.
pub(super) fn messages(
    env: &EnvSpec,
    episode: &Episode,
    task: Option<&PublicTask>,
    interface: &Interface,
) -> Vec<Value> {
    let specs = |names: &[String]| -> Vec<&ToolSpec> { names.iter().filter_map(|name| env.tool(name)).collect() };
    let mut out = Vec::new();
    let mut before: Option<&[String]> = None;
    for (number, turn) in episode.turns.iter().enumerate() {
        let system = match before {
            None => task.map(|task| render::opening(task, &specs(&turn.offered), interface)),
            Some(before) => {
                let added: Vec<String> = turn.offered.iter().filter(|name| !before.contains(name)).cloned().collect();
                let withdrawn: Vec<String> =
                    before.iter().filter(|name| !turn.offered.contains(name)).cloned().collect();
                render::tools_changed(&specs(&added), &withdrawn, interface)
            }
        };
        before = Some(&turn.offered);
        out.extend(system.map(|message| json!({"role": "system", "content": message.text})));
        out.push(json!({"role": "user", "content": turn.user}));
        for (step_number, step) in turn.steps.iter().enumerate() {
            step_messages(&format!("call_{number}_{step_number}"), step, &mut out);
        }
    }
    out
}

/// An answer, or a call with its reply; a malformed call is one too, and is answered by its rejection. Thoughts are where
/// reasoning models have theirs.
fn step_messages(id: &str, step: &Step, out: &mut Vec<Value>) {
    let (thoughts, _) = split_thoughts(&step.text);
    let mut reply = |mut message: Value| {
        if !thoughts.is_empty() {
            message["reasoning_content"] = thoughts.into();
        }
        out.push(message);
    };
    let (name, arguments) = match &step.parsed {
        Parsed::Answer(text) => return reply(json!({"role": "assistant", "content": text})),
        Parsed::Call(call) => (call.name.clone(), call.arguments.to_string()),
        Parsed::Malformed { .. } => malformed(&step.text),
    };
    reply(json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}},
    ]}));
    let reply = render::tool_message(&step.observation, &step.cue).text;
    out.push(json!({"role": "tool", "tool_call_id": id, "content": reply}));
}

/// Name and arguments of text that is no call, as far as they can be told: readers require a name.
pub(super) fn malformed(text: &str) -> (String, String) {
    let (_, text) = split_thoughts(text);
    let call = text.strip_prefix('@').unwrap_or("");
    let end = call.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(call.len());
    match &call[..end] {
        "" => ("malformed".to_owned(), text.to_owned()),
        name => (name.chars().take(64).collect(), call[end..].trim().to_owned()),
    }
}

fn metadata(summary: &EpisodeSummary, record: &EpisodeRecord, interface: &Interface) -> Value {
    let EpisodeRecord { episode, verdict, diagnosis, training } = record;
    let key = &episode.key;
    let trace = blake3::hash(&tokens::encode(&episode.tokens)).to_hex();
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    put("episode", summary.name.clone().into());
    put("arm", key.arm.clone().into());
    put("stage", stage_name(key.stage).into());
    put("round", key.round.into());
    put("replica", key.replica.into());
    put(
        "task",
        json!({
            "env": key.task.env, "split": key.task.split, "index": key.task.index, "seed": key.task.seed,
            "id": episode.task_id, "category": episode.category, "scenario": episode.scenario,
        }),
    );
    put("agent", episode.agent.clone().into());
    put("interface", episode.interface.as_str().into());
    if !interface.is_base() {
        put("cues", json!(interface.cues()));
    }
    put("env_stream", json!(episode.env_stream));
    put("reward", json!(verdict.reward()));
    put("terminated", (episode.ending == Ending::Terminated).into());
    put("truncated", matches!(episode.ending, Ending::Truncated(_)).into());
    put("ending", ending_name(&episode.ending).into());
    put("end", json!(episode.ending));
    put("verdict", json!(verdict));
    put("diagnosis", diagnosis.as_ref().map_or(Value::Null, |diagnosis: &Diagnosis| json!(diagnosis)));
    put("training", json!(training));
    put("initial_state_hash", hex(episode.initial_state_hash));
    put("turns", episode.turns.iter().map(turn_metadata).collect());
    put("tokens", json!({"count": summary.tokens, "sampled": summary.sampled_tokens, "blake3": trace.as_str()}));
    Value::Object(out)
}

fn turn_metadata(turn: &Turn) -> Value {
    let steps: Vec<Value> = turn
        .steps
        .iter()
        .map(|step| {
            json!({
                "text": step.text, "outcome": step.outcome, "cue": step.cue, "state_hash": hex(step.state_hash),
                "fuel_used": step.fuel_used,
            })
        })
        .collect();
    json!({
        "offered": turn.offered, "user_calls": turn.user_calls, "state_hash_before": hex(turn.state_hash_before),
        "state_hash_after": hex(turn.state_hash_after()), "truncated": turn.truncated, "steps": steps,
    })
}

/// Hashes are text: JSON readers round integers above 2^53.
fn hex(hash: u64) -> Value {
    format!("{hash:016x}").into()
}
