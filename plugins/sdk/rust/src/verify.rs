//! Judging a finished episode by re-execution.
//!
//! Two replicas begin in the task's initial state. Turn by turn one replays the reference's calls, the other what the
//! agent did (its executed calls and those that ended in a typed error; rejected ones never reached the guest). Both
//! read the same random stream. A turn whose reference makes no call passes iff the agent attempted none and its answer
//! has the required mentions. Any other turn passes iff the states are equal afterwards, every result that the reference
//! got in this turn from a non-mutating tool is among all results that the agent has had so far (as a multiset, the rule
//! of BFCL v3 multi-turn), and the answer has the mentions. The reward is 1 iff every turn passes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Environment;
use crate::session::{Level, Session, Side, Surroundings};
use crate::task::{CallRecord, CallStatus, Failure, ReferenceTurn, Task, ToolCall, TurnRecord, TurnVerdict, Verdict};

/// The host's stream, drawn once and read by both replicas from its beginning.
struct Tape<'a> {
    drawn: Vec<u64>,
    source: &'a mut dyn Surroundings,
}

/// One reader of the tape.
struct Reader<'t, 'a> {
    tape: &'t mut Tape<'a>,
    position: &'t mut usize,
}

impl Surroundings for Reader<'_, '_> {
    fn random(&mut self) -> u64 {
        if *self.position == self.tape.drawn.len() {
            let next = self.tape.source.random();
            self.tape.drawn.push(next);
        }
        *self.position += 1;
        self.tape.drawn[*self.position - 1]
    }

    fn log(&mut self, _level: Level, _message: &str) {}
}

struct Replica<E: Environment> {
    session: Session<E>,
    position: usize,
}

impl<E: Environment> Replica<E> {
    fn begin(initial_state: &str) -> Result<Self, String> {
        let mut session = Session::new();
        session.reset(initial_state)?;
        Ok(Self { session, position: 0 })
    }

    fn run(&mut self, call: &ToolCall, side: Side, tape: &mut Tape<'_>) -> Option<Value> {
        let mut reader = Reader { tape, position: &mut self.position };
        self.session.call(&call.name, &call.arguments, side, &mut reader).ok()
    }
}

/// Judges an episode. `around` gives the random stream the episode had.
///
/// # Errors
/// When the task is not one of this environment, or there are more turns than it has.
pub fn verify<E: Environment>(
    task: &Task,
    turns: &[TurnRecord],
    around: &mut dyn Surroundings,
) -> Result<Verdict, String> {
    if turns.len() > task.reference.len() {
        return Err(format!("{} turns were played, the task has {}", turns.len(), task.reference.len()));
    }
    let description = E::describe();
    let mutating: BTreeSet<&str> = description.tools.iter().filter(|tool| tool.mutates).map(|tool| tool.name).collect();
    let mut tape = Tape { drawn: Vec::new(), source: around };
    let mut reference: Replica<E> = Replica::begin(&task.initial_state)?;
    let mut agent: Replica<E> = Replica::begin(&task.initial_state)?;
    let mut seen: Vec<Value> = Vec::new();
    let mut verdicts = Vec::with_capacity(task.reference.len());
    let unplayed = TurnRecord::default();
    for (at, wanted) in task.reference.iter().enumerate() {
        let record = turns.get(at).unwrap_or(&unplayed);
        let mut needed = Vec::new();
        for user in record.calls.iter().filter(|r| r.side == Side::User && r.status != CallStatus::Rejected) {
            reference.run(&user.call, Side::User, &mut tape);
        }
        for call in &wanted.calls {
            if let Some(result) = reference.run(call, Side::Agent, &mut tape)
                && !mutating.contains(call.name.as_str())
            {
                needed.push(result);
            }
        }
        for made in record.calls.iter().filter(|r| r.status != CallStatus::Rejected) {
            if let Some(result) = agent.run(&made.call, made.side, &mut tape)
                && made.side == Side::Agent
            {
                seen.push(result);
            }
        }
        let failure = judge(&reference, &agent, wanted, record, needed, &seen);
        let (failure, detail) = failure.map_or((None, String::new()), |(kind, detail)| (Some(kind), detail));
        verdicts.push(TurnVerdict { failure, detail });
    }
    let passed = verdicts.iter().all(|turn| turn.failure.is_none());
    Ok(Verdict { reward: f64::from(u8::from(passed)), turns: verdicts })
}

fn judge<E: Environment>(
    reference: &Replica<E>,
    agent: &Replica<E>,
    wanted: &ReferenceTurn,
    record: &TurnRecord,
    needed: Vec<Value>,
    seen: &[Value],
) -> Option<(Failure, String)> {
    let attempts: Vec<&CallRecord> = record.calls.iter().filter(|r| r.side == Side::Agent).collect();
    if wanted.calls.is_empty() {
        return match attempts.first() {
            Some(first) => Some((Failure::SpuriousCall, format!("{} was called, no call was wanted", first.call.name))),
            None => judge_answer(wanted, record),
        };
    }
    let state = judge_state(reference, agent);
    let missing = lacking(needed, seen);
    let nothing_done = attempts.is_empty() && (state.is_some() || missing.is_some());
    if nothing_done {
        return Some((Failure::EmptyTurn, format!("{} was needed", wanted.calls[0].name)));
    }
    state
        .or_else(|| missing.map(|value| (Failure::ResponseMismatch, format!("never obtained {value}"))))
        .or_else(|| judge_answer(wanted, record))
}

/// States are compared as values; the hashes that the host sees are equal exactly when these are (but for collisions).
fn judge_state<E: Environment>(reference: &Replica<E>, agent: &Replica<E>) -> Option<(Failure, String)> {
    if reference.session.state() == agent.session.state() {
        return None;
    }
    let parse = |session: &Session<E>| serde_json::from_str::<Value>(&session.state_json()).unwrap_or_default();
    let (want, have) = (parse(&reference.session), parse(&agent.session));
    let mut paths = Vec::new();
    let mut instances = false;
    differences("", &want, &have, 0, &mut paths, &mut instances);
    let kind = if instances { Failure::InstanceMismatch } else { Failure::StateMismatch };
    Some((kind, paths.join("; ")))
}

/// Lists where two states differ. Objects of a collection (a map or list directly under the root) that exist on one
/// side only make an instance mismatch; anything else is a state mismatch.
fn differences(path: &str, want: &Value, have: &Value, depth: u32, out: &mut Vec<String>, instances: &mut bool) {
    const MOST: usize = 6;
    if want == have || out.len() >= MOST {
        return;
    }
    let missing =
        |here: &str, value: &Value, out: &mut Vec<String>| out.push(format!("{here} should be {value}, is absent"));
    let extra = |here: &str, out: &mut Vec<String>| out.push(format!("{here} should be absent"));
    match (want, have) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let here = format!("{path}/{key}");
                match b.get(key) {
                    Some(other) => differences(&here, value, other, depth + 1, out, instances),
                    None => {
                        *instances |= depth == 1;
                        missing(&here, value, out);
                    }
                }
            }
            for key in b.keys().filter(|key| !a.contains_key(*key)) {
                *instances |= depth == 1;
                extra(&format!("{path}/{key}"), out);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            *instances |= depth == 1 && a.len() != b.len();
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}/{i}"), x, y, depth + 1, out, instances);
            }
            for (i, value) in a.iter().enumerate().skip(b.len()) {
                missing(&format!("{path}/{i}"), value, out);
            }
            for i in a.len()..b.len() {
                extra(&format!("{path}/{i}"), out);
            }
        }
        _ => out.push(format!("{path} should be {want}, is {have}")),
    }
}

/// The first value of `needed` that is not covered by `seen`, as multisets.
fn lacking(needed: Vec<Value>, seen: &[Value]) -> Option<Value> {
    let mut used = vec![false; seen.len()];
    needed.into_iter().find(|value| match seen.iter().enumerate().position(|(i, have)| !used[i] && have == value) {
        Some(i) => {
            used[i] = true;
            false
        }
        None => true,
    })
}

fn judge_answer(wanted: &ReferenceTurn, record: &TurnRecord) -> Option<(Failure, String)> {
    let Some(answer) = &record.answer else {
        return Some((Failure::ResponseMismatch, "no answer".to_owned()));
    };
    let lower = answer.to_lowercase();
    let unmet = wanted.mentions.iter().find(|any| !any.iter().any(|text| lower.contains(&text.to_lowercase())));
    unmet.map(|any| (Failure::ResponseMismatch, format!("the answer mentions none of {any:?}")))
}
