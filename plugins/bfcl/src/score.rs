//! The official scoring, turn by turn, on two worlds of its own.
//!
//! A turn of the agent with no call where the truth has one fails as empty; else every public attribute of every instance
//! must equal the truth's, and each result that the truth got in this turn must be among all results that the agent has
//! had so far (as a multiset of texts). A turn whose truth is empty is not judged. Officially the first failure ends the
//! task; the turns after it are judged here as well, for the diagnosis, and cannot change the reward.

use coevo_sdk::task::{CallStatus, Failure, Task, TurnRecord, TurnVerdict, Verdict};

use crate::py::Call;
use crate::task::{initial, keywords};
use crate::world::World;

/// Why a turn failed officially.
#[derive(Clone, Debug, PartialEq)]
pub enum Miss {
    Empty,
    /// By the class whose instances differ.
    State(&'static str),
    /// By the first result that was never obtained.
    Response(String),
}

/// The two worlds of a task and the agent's results so far.
pub struct Scorer {
    agent: World,
    truth: World,
    results: Vec<String>,
}

impl Scorer {
    pub fn new(start: World) -> Self {
        Self { agent: start.clone(), truth: start, results: Vec::new() }
    }

    /// Plays a turn on both sides and judges it. `attempts` counts the agent's calls, those that were not run included.
    pub fn turn(&mut self, truth: &[Call], agent: &[Call], attempts: usize) -> Option<Miss> {
        for call in agent {
            let text = self.agent.call(call).text();
            self.results.push(text);
        }
        let wanted: Vec<String> = truth.iter().map(|call| self.truth.call(call).text()).collect();
        if truth.is_empty() {
            return None;
        }
        if attempts == 0 {
            return Some(Miss::Empty);
        }
        if let Some(class) = self.agent.difference(&self.truth) {
            return Some(Miss::State(class));
        }
        let mut left: Vec<&String> = self.results.iter().collect();
        let missing = wanted.iter().find(|text| match left.iter().position(|have| have == text) {
            Some(at) => {
                left.swap_remove(at);
                false
            }
            None => true,
        });
        missing.map(|text| Miss::Response(text.clone()))
    }
}

/// Judges a finished episode.
///
/// # Errors
/// When the task's state does not load, or there are more turns than the task has.
pub fn verify(task: &Task, turns: &[TurnRecord]) -> Result<Verdict, String> {
    if turns.len() > task.reference.len() {
        return Err(format!("{} turns were played, the task has {}", turns.len(), task.reference.len()));
    }
    let mut scorer = Scorer::new(initial(&task.initial_state)?);
    let unplayed = TurnRecord::default();
    let named = |name: &str, arguments| Call {
        function: name.to_owned(),
        positional: Vec::new(),
        keyword: keywords(arguments),
    };
    let mut verdicts = Vec::with_capacity(task.reference.len());
    for (at, reference) in task.reference.iter().enumerate() {
        let record = turns.get(at).unwrap_or(&unplayed);
        let truth: Vec<Call> = reference.calls.iter().map(|call| named(&call.name, &call.arguments)).collect();
        let run = record.calls.iter().filter(|made| made.status != CallStatus::Rejected);
        let agent: Vec<Call> = run.map(|made| named(&made.call.name, &made.call.arguments)).collect();
        let miss = scorer.turn(&truth, &agent, record.calls.len());
        verdicts.push(said(miss, truth.is_empty() && !record.calls.is_empty()));
    }
    let passed = verdicts.iter().all(|turn| turn.failure.is_none());
    Ok(Verdict { reward: f64::from(u8::from(passed)), turns: verdicts })
}

fn said(miss: Option<Miss>, uncalled_for: bool) -> TurnVerdict {
    let (failure, detail) = match miss {
        None if uncalled_for => (None, "calls where the ground truth has none; BFCL does not judge this".to_owned()),
        None => (None, String::new()),
        Some(Miss::Empty) => (Some(Failure::EmptyTurn), "no call was made".to_owned()),
        Some(Miss::State(class)) => (Some(Failure::StateMismatch), format!("{class} is not in the state it should be")),
        Some(Miss::Response(text)) => (Some(Failure::ResponseMismatch), format!("never obtained {text}")),
    };
    TurnVerdict { failure, detail }
}
