//! Example turns of each label, with what was said in them and the command that shows the rest.

use std::collections::BTreeMap;

use coevo_core::episode::{StepOutcome, Verdict};
use coevo_core::label::Label;
use coevo_trace::{LabelledTurn, RunFile, stage_name};
use serde::Serialize;

use crate::command::Failure as Refusal;

/// A turn that carries a label.
#[derive(Debug, Serialize)]
pub struct Example {
    pub label: String,
    pub failure: bool,
    pub episode: String,
    pub arm: String,
    pub stage: &'static str,
    pub round: u32,
    /// From 1, as people count.
    pub turn: u32,
    /// From 1: the turn that explains this failure.
    pub caused_by: Option<u32>,
    pub category: String,
    pub reward: Option<f64>,
    pub user: String,
    pub steps: Vec<ExampleStep>,
    /// What the verifier said of the turn.
    pub detail: String,
}

#[derive(Debug, Serialize)]
pub struct ExampleStep {
    pub text: String,
    pub reply: String,
    /// The environment replied with an error.
    pub error: bool,
    /// What the evolved interface added.
    pub cue: String,
}

/// Reads the chosen turns; a damaged record is left out, like everywhere else in the report.
///
/// # Errors
/// Where the run cannot be read.
pub fn examples(run: &RunFile, chosen: &BTreeMap<String, Vec<LabelledTurn>>) -> Result<Vec<Example>, Refusal> {
    let mut found = Vec::new();
    for label in Label::all() {
        for turn in chosen.get(label.name()).into_iter().flatten() {
            match run.episode(&turn.episode) {
                Ok(record) => found.push(example(label, turn, &record)),
                Err(coevo_trace::TraceError::Payload { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(found)
}

fn example(label: Label, turn: &LabelledTurn, record: &coevo_trace::EpisodeRecord) -> Example {
    let at = turn.turn as usize;
    let said = record.episode.turns.get(at);
    let detail = match &record.verdict {
        Verdict::Scored { turns, .. } => turns.get(at).map_or(String::new(), |verdict| verdict.detail.clone()),
        Verdict::Unscored(_) => String::new(),
    };
    let diagnosed = record.diagnosis.as_ref().and_then(|diagnosis| diagnosis.turns.get(at));
    let steps = said.map_or(&[][..], |said| &said.steps);
    Example {
        label: label.name().to_owned(),
        failure: label.is_failure(),
        episode: turn.episode.clone(),
        arm: turn.arm.clone(),
        stage: stage_name(turn.stage),
        round: turn.round,
        turn: turn.turn + 1,
        caused_by: diagnosed.and_then(|diagnosed| diagnosed.cascaded_from).map(|from| from as u32 + 1),
        category: record.episode.category.clone(),
        reward: record.verdict.reward(),
        user: said.map_or(String::new(), |said| said.user.clone()),
        steps: steps
            .iter()
            .map(|step| ExampleStep {
                text: step.text.clone(),
                reply: if step.outcome == StepOutcome::Answered { String::new() } else { step.observation.clone() },
                error: step.outcome.is_error(),
                cue: step.cue.clone(),
            })
            .collect(),
        detail,
    }
}
