//! Looks at every step of every episode, whoever plays it: the rules that hold for each step are checked here.

use std::collections::{BTreeMap, BTreeSet};

use coevo_core::episode::{Boundary, Fault, Parsed, Rejection, Step, StepOutcome};
use coevo_core::id::ContentId;
use coevo_core::protocol::format_call;
use coevo_core::render::Message;
use coevo_core::task::EnvSpec;
use serde_json::Value;

use super::player::answer_text;
use super::{Check, Sample, Tally};
use crate::plugin::EnvPlugin;
use crate::sandbox::{SandboxLimits, shorten};
use crate::schema::Schema;
use crate::session::Session;

/// A hidden text shorter than this may stand somewhere by chance.
const TELLING: usize = 16;

/// The state at one moment: its hash as the guest says it, and its JSON by content.
#[derive(Clone, PartialEq)]
pub(super) struct Moment {
    pub hash: u64,
    pub state: ContentId,
    bytes: usize,
}

impl Moment {
    pub fn of(session: &mut Session) -> Result<Self, Fault> {
        let text = canonical(&session.state()?);
        let (state, bytes) = (ContentId::of_bytes(text.as_bytes()), text.len());
        Ok(Self { hash: session.state_hash(), state, bytes })
    }
}

/// JSON with its keys in order, so that equal values have equal text.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            let fields =
                sorted.into_iter().map(|(name, field)| format!("{}:{}", Value::from(name.as_str()), canonical(field)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

/// A text that the agent should not be shown before it wrote it itself.
struct Secret {
    what: &'static str,
    text: String,
}

/// The most that was used of one resource, and where.
#[derive(Default)]
struct Peak {
    used: u64,
    place: String,
}

impl Peak {
    fn see(&mut self, used: u64, place: impl FnOnce() -> String) {
        if used > self.used {
            *self = Self { used, place: place() };
        }
    }
}

pub(super) struct Watch {
    spec: EnvSpec,
    limits: SandboxLimits,
    /// Of results, in the order of the tools.
    results: Vec<Schema>,
    /// Who plays which task now.
    task: String,
    who: String,
    secrets: Vec<Secret>,
    /// What the agent of this episode wrote so far.
    written: String,
    steps: usize,
    episodes: usize,
    executed: usize,
    by_hash: BTreeMap<u64, ContentId>,
    by_state: BTreeMap<ContentId, u64>,
    codes: BTreeMap<(String, String), usize>,
    fuel: Peak,
    memory: Peak,
    state: Peak,
    /// Of what task exports used, told from outside.
    task_fuel: Peak,
    output: Peak,
    schema: Tally,
    errors: Tally,
    effects: Tally,
    hash: Tally,
    hidden: Tally,
    faults: Tally,
    bounds: Tally,
    fault_places: BTreeSet<String>,
}

impl Watch {
    pub fn new(plugin: &EnvPlugin) -> Self {
        let spec = plugin.spec().clone();
        let compiled =
            spec.tools.iter().map(|tool| Schema::compile(&tool.result).expect("compiled when it was loaded"));
        Self {
            results: compiled.collect(),
            limits: plugin.limits().clone(),
            spec,
            task: String::new(),
            who: String::new(),
            secrets: Vec::new(),
            written: String::new(),
            steps: 0,
            episodes: 0,
            executed: 0,
            by_hash: BTreeMap::new(),
            by_state: BTreeMap::new(),
            codes: BTreeMap::new(),
            fuel: Peak::default(),
            memory: Peak::default(),
            state: Peak::default(),
            task_fuel: Peak::default(),
            output: Peak::default(),
            schema: Tally::default(),
            errors: Tally::default(),
            effects: Tally::default(),
            hash: Tally::default(),
            hidden: Tally::default(),
            faults: Tally::default(),
            bounds: Tally::default(),
            fault_places: BTreeSet::new(),
        }
    }

    /// A new episode begins.
    pub fn episode(&mut self, sample: &Sample, who: &str) {
        self.episodes += 1;
        self.task.clone_from(&sample.task.public.id);
        who.clone_into(&mut self.who);
        self.written.clear();
        self.secrets = secrets(sample);
        // The initial state goes into the instance that the agent calls: the label may not be in it, shown or not.
        let labels = self.secrets.iter().filter(|secret| secret.what == "label");
        for secret in labels {
            if holds(&sample.task.public.initial_state, &secret.text) {
                let place = format!("{}, initial-state", self.task);
                self.hidden.find(
                    place,
                    format!("holds the label's {:?}", secret.text),
                    "keep what only the verifier may know in `label`",
                );
            }
        }
    }

    fn place(&self, turn: usize, step: usize) -> String {
        format!("{}, turn {}, step {} ({})", self.task, turn + 1, step + 1, self.who)
    }

    /// What the agent is shown at the beginning of a turn.
    pub fn messages(&mut self, turn: usize, messages: &[Message]) {
        for message in messages {
            let place = format!("{}, messages of turn {}", self.task, turn + 1);
            self.scan(&message.text, &place);
        }
    }

    fn scan(&mut self, shown: &str, place: &str) {
        let own = |secret: &&Secret| !holds(&self.written, &secret.text);
        let seen = self.secrets.iter().filter(|secret| holds(shown, &secret.text)).find(own);
        if let Some(secret) = seen {
            let value = format!("shows the {}: {:?}", secret.what, secret.text);
            self.hidden.find(place, value, "show only what a real service would: nothing of `reference` or `label`");
        }
    }

    /// A state that was seen.
    pub fn moment(&mut self, now: &Moment) {
        self.state.see(now.bytes as u64, || format!("{} ({})", self.task, self.who));
        let place = || format!("{} ({})", self.task, self.who);
        match self.by_state.get(&now.state) {
            Some(hash) if *hash != now.hash => {
                let value = format!("one state has the hashes {hash:016x} and {:016x}", now.hash);
                self.hash.find(place(), value, "hash what `state` shows, and nothing else");
            }
            Some(_) => {}
            None => {
                self.by_state.insert(now.state.clone(), now.hash);
            }
        }
        match self.by_hash.get(&now.hash) {
            Some(state) if *state != now.state => {
                let value = format!("two different states have the hash {:016x}", now.hash);
                self.hash.find(place(), value, "hash every part of what `state` shows");
            }
            Some(_) => {}
            None => {
                self.by_hash.insert(now.hash, now.state.clone());
            }
        }
    }

    /// A step that was made.
    pub fn step(&mut self, turn: usize, step: usize, made: &Step, before: &Moment, after: &Moment) {
        self.steps += 1;
        self.moment(after);
        self.written.push_str(&made.text);
        self.written.push('\n');
        let place = self.place(turn, step);
        self.scan(&made.observation, &place);
        self.fuel.see(made.fuel_used, || place.clone());
        self.output.see(made.observation.len() as u64, || place.clone());
        let Parsed::Call(call) = &made.parsed else { return };
        let changed = before.state != after.state;
        let shown = || shorten(format_call(call));
        let tool = self.spec.tools.iter().position(|tool| tool.name == call.name);
        match (&made.outcome, tool) {
            (StepOutcome::Executed { result }, Some(tool)) => {
                self.executed += 1;
                let first = self.results[tool].violations(result).into_iter().next();
                if let Some(violation) = first {
                    let value = format!(
                        "{} returned {result}: {}",
                        shown(),
                        violation.message.replace("the arguments", "the result")
                    );
                    self.schema.find(
                        place.clone(),
                        value,
                        format!("mend the result, or the result schema of {}", call.name),
                    );
                }
                if changed && !self.spec.tools[tool].mutates {
                    let value = format!("{} changed the state, and {} is not declared to", shown(), call.name);
                    self.effects.find(
                        place,
                        value,
                        format!("declare {} as mutating, or leave the state alone", call.name),
                    );
                }
            }
            (StepOutcome::ToolError { code, .. }, Some(tool)) => {
                *self.codes.entry((call.name.clone(), code.clone())).or_default() += 1;
                if !self.spec.tools[tool].errors.iter().any(|declared| declared.code == *code) {
                    let value = format!("{} failed with the undeclared code {code:?}", shown());
                    self.errors.find(place.clone(), value, format!("declare {code} among the errors of {}", call.name));
                }
                if changed {
                    let value = format!("{} failed with {code:?}, and changed the state", shown());
                    self.effects.find(place, value, "check everything before the first change");
                }
            }
            (StepOutcome::Rejected(Rejection::UnknownTool { .. }), _) | (_, None) => {}
            (StepOutcome::Rejected(_) | StepOutcome::Answered, _) => {}
        }
    }

    /// An episode ended in a fault; each kind at each place is told once.
    pub fn fault(&mut self, fault: &Fault, text: Option<&str>) {
        let spent = matches!(fault.boundary, Boundary::GuestFuel | Boundary::GuestMemory)
            || fault.message.starts_with("returned more than");
        if !self.fault_places.insert(format!("{:?} {} {}", fault.boundary, fault.during, fault.message)) {
            return;
        }
        let place = format!("{} ({})", self.task, self.who);
        let made = text.map(|text| format!(" after {}", shorten(text.to_owned()))).unwrap_or_default();
        let value = format!("{}: {}{made}", fault.during, fault.message);
        match spent {
            true => self.bounds.find(place, value, "use less, or state the budget that the scenario must give"),
            false => self.faults.find(place, value, "return a typed error instead; a fault ends the episode unscored"),
        }
    }

    pub fn peak_memory(&mut self, bytes: usize) {
        self.memory.see(bytes as u64, || format!("{} ({})", self.task, self.who));
    }

    /// Fuel of `generate`, `reset` or `verify`.
    pub fn task_fuel(&mut self, fuel: u64, export: &str, task: &str) {
        self.task_fuel.see(fuel, || format!("{export} of {task}"));
    }

    /// The checks that rest on everything seen.
    pub fn close(self) -> Vec<Check> {
        let nothing = self.steps == 0;
        let (steps, episodes) = (self.steps, self.episodes);
        let all = format!("{steps} steps of {episodes} episodes");
        let declared =
            self.spec.tools.iter().flat_map(|tool| tool.errors.iter().map(|e| (tool.name.clone(), e.code.clone())));
        let declared: Vec<_> = declared.collect();
        let missing: Vec<String> = declared
            .iter()
            .filter(|pair| !self.codes.contains_key(*pair))
            .map(|(tool, code)| format!("{tool}: {code}"))
            .collect();
        let mut errors = self.errors;
        let covered = declared.len() - missing.len();
        if !missing.is_empty() {
            errors.note(format!("never provoked ({}): {}", missing.len(), missing.join(", ")));
        }
        let mut bounds = self.bounds;
        let limits = &self.limits;
        let peaks = [
            ("fuel of a call", &self.fuel, limits.fuel_per_call),
            ("fuel of a task export", &self.task_fuel, limits.fuel_per_task),
            ("memory", &self.memory, limits.memory_bytes),
            ("output", &self.output, limits.output_bytes.into()),
            ("state", &self.state, limits.data_bytes.into()),
        ];
        for (what, peak, limit) in peaks {
            let share = 100.0 * peak.used as f64 / limit as f64;
            bounds.note(format!("{what}: at most {} of {limit} ({share:.1} %), {}", peak.used, peak.place));
        }
        vec![
            self.schema.close(
                "results",
                "every result fits the result schema of its tool",
                format!("{} executed calls", self.executed),
                self.executed == 0,
            ),
            errors.close(
                "error codes",
                "a failed call names a code that its tool declares",
                format!("{covered} of {} declared codes provoked", declared.len()),
                nothing,
            ),
            self.effects.close(
                "effects",
                "only a successful call of a mutating tool changes the state",
                all.clone(),
                nothing,
            ),
            self.hash.close(
                "state hash",
                "the hash changes if and only if the state does",
                format!("{} different states in {all}", self.by_state.len()),
                nothing,
            ),
            self.hidden.close(
                "hidden label",
                "nothing of label or reference is shown, or in the initial state",
                format!("scanned every message and observation of {all}"),
                nothing,
            ),
            self.faults.close("faults", "no call, reset or state traps or answers nonsense", all.clone(), nothing),
            bounds.close("bounds", "fuel, memory and sizes stay within the sandbox's limits", all, nothing),
        ]
    }
}

/// Whether `text` holds `secret`, as it is or as part of a JSON string.
fn holds(text: &str, secret: &str) -> bool {
    text.contains(secret) || {
        let quoted = Value::from(secret).to_string();
        let inner = &quoted[1..quoted.len() - 1];
        inner != secret && text.contains(inner)
    }
}

/// The texts of a task's hidden part that nobody would write by chance.
fn secrets(sample: &Sample) -> Vec<Secret> {
    let hidden = &sample.task.hidden;
    let mut secrets = Vec::new();
    let mut add = |what: &'static str, text: String| {
        if text.chars().count() >= TELLING {
            secrets.push(Secret { what, text });
        }
    };
    if let Ok(label) = serde_json::from_str::<Value>(&hidden.label) {
        add("label", hidden.label.clone());
        leaves(&label, &mut add);
    }
    for turn in &hidden.reference {
        for call in turn.calls.iter().filter(|call| call.arguments.as_object().is_some_and(|fields| !fields.is_empty()))
        {
            add("reference call", format_call(call));
        }
        add("reference answer", answer_text(turn));
    }
    secrets
}

/// Strings inside a label, and the JSON of its objects.
fn leaves(value: &Value, take: &mut dyn FnMut(&'static str, String)) {
    match value {
        Value::String(text) => take("label's text", text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, take)),
        Value::Object(fields) => {
            take("label", value.to_string());
            fields.values().for_each(|field| leaves(field, take));
        }
        _ => {}
    }
}
