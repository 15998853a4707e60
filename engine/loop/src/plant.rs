//! Planted root causes: one call of an oracle episode dropped, repeated, corrupted or put out of order. What `explain` is
//! measured with.

use coevo_core::diagnose::PriorityTable;
use coevo_core::episode::{Episode, EpisodeKey, Parsed, Stage, TokenTrace};
use coevo_core::interface::Interface;
use coevo_core::protocol::{format_call, parse};
use coevo_core::seed::{Purpose, Stream, StreamKey};
use coevo_core::task::TaskRef;
use coevo_envs::{Budgets, EnvPlugin};
use coevo_trace::EpisodeRecord;
use serde::Serialize;
use serde_json::Value;

use std::sync::Arc;

use crate::explain::Explanation;
use crate::recorded::Case;
use crate::reexecute::Place;
use crate::slip::Slip;

/// What is done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    Drop,
    Repeat,
    /// One argument gets another value of the same type.
    Corrupt,
    /// Exchanged with the call after it.
    Reorder,
}

impl Harm {
    pub const ALL: [Harm; 4] = [Harm::Drop, Harm::Repeat, Harm::Corrupt, Harm::Reorder];

    pub fn name(self) -> &'static str {
        match self {
            Harm::Drop => "drop",
            Harm::Repeat => "repeat",
            Harm::Corrupt => "corrupt",
            Harm::Reorder => "reorder",
        }
    }
}

/// What was planted where.
#[derive(Clone, Debug, Serialize)]
pub struct Planted {
    pub harm: Harm,
    /// In the reference, decoys included.
    pub place: Place,
    /// The call as the reference makes it.
    pub call: String,
    /// What stands there instead: nothing, the call twice, another one, or the next one.
    pub instead: Option<String>,
    /// Harmless departures from the reference that the episode has besides.
    pub decoys: usize,
}

/// What came of one planted cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The episode passed all the same: there is no failure to explain.
    Harmless,
    /// A fault: there is no failure, either.
    Unscored,
    /// Turn and call were named.
    Named,
    /// The turn was named, another call of it as the root cause.
    TurnOnly,
    Missed,
}

/// One trial.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    pub task: TaskRef,
    pub category: String,
    pub planted: Planted,
    pub finding: Finding,
    /// First failing turn, from 0.
    pub first_failing: Option<usize>,
    /// What was named as the root cause.
    pub named: Option<(usize, Slip)>,
}

/// The case of a task under the base interface, and its oracle episode; `None` where the oracle does not pass, or the plugin
/// faults.
pub fn oracle_case(plugin: &EnvPlugin, reference: &TaskRef, table: u32) -> Option<(Case, EpisodeRecord)> {
    let task = Arc::new(plugin.task(reference).ok()?);
    let case = Case {
        plugin: plugin.clone(),
        interface: Arc::new(Interface::base()),
        budgets: Budgets { steps_per_turn: u32::MAX },
        table: PriorityTable::version(table)?,
        task,
    };
    let mut episode = Episode {
        key: EpisodeKey { arm: "oracle".into(), stage: Stage::Test, round: 0, task: reference.clone(), replica: 0 },
        task_id: case.task.public.id.clone(),
        category: case.task.public.category.clone(),
        scenario: case.task.public.scenario.clone(),
        agent: "oracle".to_owned(),
        env_stream: StreamKey::new(reference.seed, Purpose::Environment).task(u64::from(reference.index)),
        interface: case.interface.id().clone(),
        initial_state_hash: 0,
        turns: Vec::new(),
        ending: coevo_core::episode::Ending::Terminated,
        tokens: TokenTrace::default(),
    };
    episode.initial_state_hash = case.begin(&episode).ok()?.initial_state_hash();
    let script: Vec<Vec<String>> = (0..).map_while(|turn| case.reference(turn)).collect();
    let record = case.perform(&episode, &script).ok()?;
    (record.verdict.reward() == Some(1.0)).then_some((case, record))
}

/// Plants `harm` somewhere in the oracle's `texts`, at random; `None` where there is no room for it.
pub fn plant(texts: &mut [Vec<String>], harm: Harm, case: &Case, stream: &mut Stream) -> Option<Planted> {
    let mut places: Vec<Place> = Vec::new();
    for (turn, texts) in texts.iter().enumerate() {
        for (step, text) in texts.iter().enumerate() {
            let is_call = |text: &String| matches!(parse(text), Parsed::Call(_));
            let fits = is_call(text)
                && match harm {
                    Harm::Drop | Harm::Repeat => true,
                    Harm::Corrupt => corrupted(text, case, &mut stream.clone()).is_some(),
                    Harm::Reorder => texts.get(step + 1).is_some_and(|next| is_call(next) && next != text),
                };
            places.extend(fits.then_some(Place { turn, step }));
        }
    }
    if places.is_empty() {
        return None;
    }
    let place = places[stream.below(places.len() as u64) as usize];
    let Place { turn, step } = place;
    let call = texts[turn][step].clone();
    let instead = match harm {
        Harm::Drop => {
            texts[turn].remove(step);
            None
        }
        Harm::Repeat => {
            texts[turn].insert(step + 1, call.clone());
            Some(call.clone())
        }
        Harm::Corrupt => {
            texts[turn][step] = corrupted(&call, case, stream)?;
            Some(texts[turn][step].clone())
        }
        Harm::Reorder => {
            texts[turn].swap(step, step + 1);
            Some(texts[turn][step].clone())
        }
    };
    Some(Planted { harm, place, call, instead, decoys: 0 })
}

/// Departs from the oracle's texts in up to `most` places without harm: what is tried and makes the episode fail is taken
/// back. Returns how many there are.
fn decoys(
    texts: &mut Vec<Vec<String>>,
    most: usize,
    case: &Case,
    oracle: &EpisodeRecord,
    stream: &mut Stream,
) -> usize {
    let mut found = 0;
    for _ in 0..2 * most {
        let mut tried = texts.clone();
        let harm = Harm::ALL[stream.below(Harm::ALL.len() as u64) as usize];
        if found == most || plant(&mut tried, harm, case, stream).is_none() {
            continue;
        }
        let played = case.perform(&oracle.episode, &tried).ok();
        if played.is_some_and(|record| record.verdict.reward() == Some(1.0)) {
            (*texts, found) = (tried, found + 1);
        }
    }
    found
}

/// The call with another value for one of its arguments.
fn corrupted(text: &str, case: &Case, stream: &mut Stream) -> Option<String> {
    let Parsed::Call(mut call) = parse(text) else { return None };
    let schema = &case.plugin.spec().tool(&call.name)?.arguments;
    let arguments = call.arguments.as_object_mut()?;
    if arguments.is_empty() {
        return None;
    }
    let at = stream.below(arguments.len() as u64) as usize;
    let (name, value) = arguments.iter_mut().nth(at)?;
    let allowed = schema.pointer(&format!("/properties/{name}/enum")).and_then(Value::as_array);
    let others: Vec<&Value> = allowed.into_iter().flatten().filter(|other| *other != value).collect();
    *value = match value {
        _ if !others.is_empty() => others[stream.below(others.len() as u64) as usize].clone(),
        Value::String(text) => swapped(text, stream).into(),
        Value::Number(number) if number.is_i64() => (number.as_i64()? + 1 + stream.below(3) as i64).into(),
        Value::Number(number) => (number.as_f64()? + 1.5).into(),
        Value::Bool(truth) => (!*truth).into(),
        Value::Array(items) if items.len() > 1 => items[1..].to_vec().into(),
        _ => return None,
    };
    Some(format_call(&call))
}

/// Another text of the same shape: one letter or digit replaced by another of its kind.
fn swapped(text: &str, stream: &mut Stream) -> String {
    let places: Vec<usize> = text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(at, _)| at).collect();
    if places.is_empty() {
        return format!("{text}x");
    }
    let at = places[stream.below(places.len() as u64) as usize];
    let turn = |c: u8, first: u8, count: u8| first + (c - first + 1) % count;
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        c @ b'0'..=b'9' => turn(c, b'0', 10),
        c @ b'a'..=b'z' => turn(c, b'a', 26),
        c => turn(c, b'A', 26),
    };
    String::from_utf8(bytes).expect("one ASCII character replaced by another")
}

/// Plants one cause in an oracle episode with up to so many harmless departures, plays the rest of it as it was, and explains
/// what came of it.
pub fn trial(
    case: &Case,
    oracle: &EpisodeRecord,
    harm: Harm,
    most_decoys: usize,
    stream: &mut Stream,
) -> Option<Trial> {
    let mut script: Vec<Vec<String>> =
        oracle.episode.turns.iter().map(|turn| turn.steps.iter().map(|step| step.text.clone()).collect()).collect();
    let decoys = decoys(&mut script, most_decoys, case, oracle, stream);
    let planted = Planted { decoys, ..plant(&mut script, harm, case, stream)? };
    let record = case.perform(&oracle.episode, &script).ok()?;
    let (mut first_failing, mut named) = (None, None);
    let finding = match record.verdict.reward() {
        None => Finding::Unscored,
        Some(reward) if reward >= 1.0 => Finding::Harmless,
        Some(_) => {
            let explained = case.explain(&record).ok()?;
            first_failing = explained.first_failing;
            named = explained.root.as_ref().and_then(|root| Some((root.turn, root.slips.first()?.slip.clone())));
            judge(&explained, &planted)
        }
    };
    let (task, category) = (oracle.episode.key.task.clone(), oracle.episode.category.clone());
    Some(Trial { task, category, planted, finding, first_failing, named })
}

/// Whether an explanation names what was planted: its turn, its kind, and the very call.
fn judge(explained: &Explanation, planted: &Planted) -> Finding {
    let Some(root) = explained.root.as_ref().filter(|root| root.turn == planted.place.turn) else {
        return Finding::Missed;
    };
    let Some(cause) = root.slips.first().filter(|_| root.slips.len() == 1) else { return Finding::TurnOnly };
    let step = planted.place.step;
    let made = |text: &Option<String>| cause.made == *text;
    let wanted = cause.wanted.as_deref() == Some(planted.call.as_str());
    let right = match (planted.harm, &cause.slip) {
        // A call that the reference makes twice in a row can be missing at either place.
        (Harm::Drop, Slip::Missing { .. }) => wanted,
        (Harm::Repeat, Slip::Extra { step: at, .. }) => (*at == step || *at == step + 1) && made(&planted.instead),
        (Harm::Corrupt, Slip::Changed { step: at, .. }) => *at == step && wanted && made(&planted.instead),
        // Which of the two calls is out of place is a matter of words.
        (Harm::Reorder, Slip::Moved { step: at, .. }) => *at == step || *at == step + 1,
        _ => false,
    };
    if right { Finding::Named } else { Finding::TurnOnly }
}

/// Plants causes in the oracle episodes of the training split, each kind of harm once in each episode and beside up to
/// `decoys` harmless departures, until `wanted` of them made an episode fail or `most` episodes were tried. The same seed
/// plants the same causes.
pub fn campaign(plugin: &EnvPlugin, seed: u64, decoys: usize, wanted: usize, most: u32) -> Vec<Trial> {
    let spec = plugin.spec();
    let split = spec.splits.first().map_or("train", |split| split.name.as_str());
    let tasks = spec.splits.first().map_or(0, |split| split.tasks).max(1);
    let mut trials: Vec<Trial> = Vec::new();
    let mut failed = 0;
    for number in 0..most {
        // The next pass through the split meets the next seed's tasks.
        let (index, pass) = (number % tasks, u64::from(number / tasks));
        let reference = TaskRef { env: spec.name.clone(), split: split.to_owned(), index, seed: seed + pass };
        let Some((case, oracle)) = oracle_case(plugin, &reference, 1) else { continue };
        for (kind, harm) in Harm::ALL.into_iter().enumerate() {
            let key = StreamKey::new(seed, Purpose::Control).task(u64::from(number)).replica(kind as u32);
            trials.extend(trial(&case, &oracle, harm, decoys, &mut key.stream()));
            failed = trials.iter().filter(|trial| trial.finding.is_failure()).count();
        }
        if failed >= wanted {
            break;
        }
    }
    trials
}

impl Finding {
    /// Whether there was a failure to explain.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Finding::Harmless | Finding::Unscored)
    }
}

impl Trial {
    /// Whether it failed in a later turn than the one with the cause.
    pub fn is_late(&self) -> bool {
        self.finding.is_failure() && self.first_failing.is_some_and(|turn| turn > self.planted.place.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coevo_envs::{EnvSource, SHIPPED, Sandbox, SandboxLimits};

    /// A small share of what `coevo bench explain` measures; its figures are in RESULTS.md.
    #[test]
    fn planted_causes_are_named() {
        for (name, _) in SHIPPED {
            let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
            let source: EnvSource = name.parse().expect("any text names a source");
            let plugin = EnvPlugin::load(&sandbox, &source).expect("a shipped environment");
            if plugin.spec().splits.is_empty() {
                continue; // all its tasks are imported
            }
            let trials = campaign(&plugin, 3, 0, 24, 40);
            let failures: Vec<&Trial> = trials.iter().filter(|trial| trial.finding.is_failure()).collect();
            let missed: Vec<_> = failures.iter().filter(|trial| trial.finding != Finding::Named).collect();
            assert!(failures.len() >= 12, "{name}: {} failures of {}", failures.len(), trials.len());
            assert!(missed.len() * 10 <= failures.len(), "{name}: {missed:#?}");
        }
    }

    /// The depot judges a parcel when it is sent: causes lie turns before the failures, among harmless departures.
    #[test]
    fn causes_in_earlier_turns_are_named() {
        const LATE: &[u8] = include_bytes!("../../../envs/tests/guests/late/late.wasm");
        let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
        let plugin = EnvPlugin::from_bytes(&sandbox, "late", LATE).expect("the test guest");
        let trials = campaign(&plugin, 3, 2, 80, 80);
        let late: Vec<&Trial> = trials.iter().filter(|trial| trial.is_late()).collect();
        let named = late.iter().filter(|trial| trial.finding == Finding::Named).count();
        assert!(late.len() >= 60, "{} of {} trials failed late", late.len(), trials.len());
        assert!(late.iter().any(|trial| trial.planted.decoys > 0));
        let missed: Vec<_> = late.iter().filter(|trial| trial.finding != Finding::Named).collect();
        assert!(named * 20 >= late.len() * 19, "{named} of {}: {missed:#?}", late.len());
    }
}
