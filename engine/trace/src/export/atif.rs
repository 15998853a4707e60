//! ATIF 1.7, the Agent Trajectory Interchange Format of Harbor: one trajectory a line.
//!
//! Every message of the conversation is a step; a call and what it was answered are one step of the agent. What ATIF has
//! no place for (verdict, labels, hashes, cues) is under `extra`. The form follows the models that Harbor publishes; a test
//! validates exports against the JSON Schema made of them.

use std::io::Write;
use std::path::Path;

use coevo_core::episode::{Episode, Parsed, StepOutcome, TokenTrace};
use coevo_core::interface::Interface;
use serde_json::{Map, Value, json};

use super::io;
use super::jsonl::{malformed, messages, tools};
use crate::error::Result;
use crate::folder::RunFile;
use crate::query::{EpisodeFilter, EpisodeSummary};
use crate::record::{EpisodeRecord, stage_name};

/// The version that is written.
const VERSION: &str = "ATIF-v1.7";

/// Writes every episode that passes the filter and has a step: ATIF knows no empty trajectory. Returns how many lines were
/// written.
///
/// # Errors
/// [`crate::TraceError::Payload`] names a damaged episode; write errors.
pub fn export_atif(run: &RunFile, filter: &EpisodeFilter, out: &mut impl Write) -> Result<u64> {
    let interfaces = run.interfaces()?;
    let base = Interface::base();
    let mut lines = 0;
    for summary in run.episodes(filter)? {
        let record = run.record(&summary)?;
        let task = run.task(&summary.key.task)?;
        let interface = interfaces.get(&record.episode.interface).unwrap_or(&base);
        let env = run.header().env_of(&summary.key.task.env);
        let said = messages(env, &record.episode, task.as_ref(), interface);
        let steps = steps(&record, said);
        if steps.is_empty() {
            continue;
        }
        let trajectory = trajectory(&summary, &record, steps, tools(env, &record.episode));
        let line = serde_json::to_string(&trajectory).expect("JSON values serialize");
        writeln!(out, "{line}").map_err(io(Path::new("export")))?;
        lines += 1;
    }
    Ok(lines)
}

fn trajectory(summary: &EpisodeSummary, record: &EpisodeRecord, steps: Vec<Value>, tools: Vec<Value>) -> Value {
    let EpisodeRecord { episode, verdict, diagnosis, .. } = record;
    let (name, version) = episode.agent.split_once('@').unwrap_or((episode.agent.as_str(), "unversioned"));
    let mut agent = json!({"name": if name.is_empty() { "none" } else { name }, "version": version});
    if !tools.is_empty() {
        agent["tool_definitions"] = tools.into();
    }
    let labels: Vec<Value> = diagnosis.iter().flat_map(|d| &d.turns).map(|turn| turn.label.name().into()).collect();
    let key = &episode.key;
    json!({
        "schema_version": VERSION,
        "session_id": summary.name,
        "trajectory_id": summary.name,
        "agent": agent,
        "final_metrics": {
            "total_prompt_tokens": summary.tokens - summary.sampled_tokens,
            "total_completion_tokens": summary.sampled_tokens,
            "total_steps": steps.len(),
            "extra": {"reward": verdict.reward()},
        },
        "steps": steps,
        "extra": {
            "arm": key.arm, "stage": stage_name(key.stage), "round": key.round, "replica": key.replica, "task": key.task,
            "task_id": episode.task_id, "category": episode.category, "scenario": episode.scenario,
            "interface": episode.interface.as_str(), "ending": episode.ending, "verdict": verdict, "labels": labels,
        },
    })
}

/// The conversation as ATIF steps; `said` is it as OpenAI messages, a reply right after its call.
fn steps(record: &EpisodeRecord, said: Vec<Value>) -> Vec<Value> {
    let episode = &record.episode;
    let mut of_agent =
        episode.turns.iter().enumerate().flat_map(|(turn, t)| (0..t.steps.len()).map(move |s| (turn, s)));
    let mut out: Vec<Value> = Vec::new();
    for message in said {
        let content = message["content"].as_str().unwrap_or("");
        let number = out.len() + 1;
        match message["role"].as_str() {
            Some("tool") => {} // With its call.
            Some("assistant") => {
                let place = of_agent.next().expect("every reply of the agent is a step of the record");
                out.push(agent_step(number, episode, place, &message));
            }
            role => out.push(json!({"step_id": number, "source": role, "message": content})),
        }
    }
    out
}

fn agent_step(number: usize, episode: &Episode, (turn, step): (usize, usize), said: &Value) -> Value {
    let recorded = &episode.turns[turn].steps[step];
    let mut out = json!({"step_id": number, "source": "agent", "message": said["content"].as_str().unwrap_or("")});
    if let Some(thoughts) = said.get("reasoning_content") {
        out["reasoning_content"] = thoughts.clone();
    }
    let mut extra = Map::new();
    let id = format!("call_{turn}_{step}");
    let call = match &recorded.parsed {
        Parsed::Answer(_) => None,
        Parsed::Call(call) => Some((call.name.clone(), call.arguments.clone())),
        Parsed::Malformed { reason } => {
            let (name, text) = malformed(&recorded.text);
            extra.insert("malformed".to_owned(), reason.clone().into());
            Some((name, json!({"text": text})))
        }
    };
    if let Some((name, arguments)) = call {
        out["tool_calls"] = json!([{"tool_call_id": id, "function_name": name, "arguments": arguments}]);
        let content = coevo_core::render::tool_message(&recorded.observation, &recorded.cue).text;
        let error = matches!(recorded.outcome, StepOutcome::ToolError { .. } | StepOutcome::Rejected(_));
        out["observation"] =
            json!({"results": [{"source_call_id": id, "content": content, "extra": {"is_error": error}}]});
    }
    out["metrics"] = metrics(&episode.tokens, turn, step);
    extra.insert("turn".to_owned(), (turn + 1).into());
    extra.insert("state_hash".to_owned(), format!("{:016x}", recorded.state_hash).into());
    out["extra"] = extra.into();
    if out["metrics"].is_null() {
        out.as_object_mut().expect("an object").remove("metrics");
    }
    out
}

/// What the policy wrote in this step, token by token; null where it has no tokens.
fn metrics(tokens: &TokenTrace, turn: usize, step: usize) -> Value {
    let here = |at: &usize| usize::from(tokens.turn[*at]) == turn && usize::from(tokens.step[*at]) == step;
    let written: Vec<usize> = (0..tokens.ids.len()).filter(|at| tokens.action[*at]).filter(here).collect();
    let Some(first) = written.first() else { return Value::Null };
    let ids: Vec<u32> = written.iter().map(|at| tokens.ids[*at]).collect();
    let log_probs: Vec<f32> = written.iter().map(|at| tokens.log_probs[*at]).collect();
    json!({"prompt_tokens": first, "completion_tokens": ids.len(), "completion_token_ids": ids, "logprobs": log_probs})
}
