//! What each pane says of a moment, as rows.

use coevo_core::diagnose::{DependencyKind, ErrorKind, TurnDiagnosis};
use coevo_core::episode::{Ending, Parsed, Rejection, StepOutcome, Verdict};
use coevo_core::interface::Interface;
use coevo_core::render::{self, Role};

use super::rows::{Row, Tone, field, piece, row};
use super::state::{changes, tree};
use super::view::{Check, Moment, View};

/// The panes, in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Conversation,
    Step,
    State,
    Diagnosis,
    Tokens,
}

impl Pane {
    pub const ALL: [Pane; 5] = [Pane::Conversation, Pane::Step, Pane::State, Pane::Diagnosis, Pane::Tokens];

    pub fn title(self) -> &'static str {
        match self {
            Pane::Conversation => "conversation",
            Pane::Step => "step",
            Pane::State => "state",
            Pane::Diagnosis => "diagnosis",
            Pane::Tokens => "tokens",
        }
    }

    pub fn rows(self, view: &View, moment: Moment, unfolded: bool) -> Vec<Row> {
        match self {
            Pane::Conversation => conversation(view, moment),
            Pane::Step => step(view, moment),
            Pane::State => state(view, moment, unfolded),
            Pane::Diagnosis => diagnosis(view, moment),
            Pane::Tokens => tokens(view, moment),
        }
    }
}

/// Everything the agent had read and written by then. Lines that the evolved interface added begin with `+`.
pub fn conversation(view: &View, moment: Moment) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, turn) in view.record.episode.turns.iter().enumerate().take(moment.turn + 1) {
        if at > 0 {
            rows.push(Vec::new());
        }
        rows.extend(told(view, at));
        for call in &turn.user_calls {
            let said = format!("{} {}", call.call.name, call.call.arguments);
            rows.push(vec![piece(Tone::Dim, "user's own call: "), piece(Tone::User, said)]);
        }
        let upto = if at == moment.turn { moment.step.map_or(0, |step| step + 1) } else { turn.steps.len() };
        for step in &turn.steps[..upto] {
            rows.extend(lines("agent", Tone::Agent, &step.text));
            if step.outcome == StepOutcome::Answered {
                continue;
            }
            let tone = if step.outcome.is_error() { Tone::Error } else { Tone::Tool };
            rows.extend(lines("tool", tone, &step.observation));
            rows.extend(step.cue.lines().map(added));
        }
        if let (Some(by), true) = (turn.truncated, upto == turn.steps.len()) {
            rows.push(row(Tone::Bad, format!("cut short: the budget of {by:?} ran out").to_lowercase()));
        }
    }
    rows
}

/// A line that the interface added.
fn added(line: &str) -> Row {
    vec![piece(Tone::Cue, format!("+      {line}"))]
}

/// What was said, the speaker before the first line.
fn lines(who: &str, tone: Tone, text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines() {
        let lead = if rows.is_empty() { format!("{who:<6} ") } else { " ".repeat(7) };
        rows.push(vec![piece(Tone::Dim, lead), piece(tone, line)]);
    }
    if rows.is_empty() {
        rows.push(vec![piece(Tone::Dim, format!("{who:<6} ")), piece(Tone::Bad, "(nothing)")]);
    }
    rows
}

/// What the agent was told when a turn began, the interface's part marked against the base.
fn told(view: &View, turn: usize) -> Vec<Row> {
    let recorded = &view.record.episode.turns[turn];
    let messages = view.told(turn);
    if messages.is_empty() {
        return lines("user", Tone::User, &recorded.user);
    }
    let base = base_lines(view, turn);
    let mut rows = Vec::new();
    for message in messages {
        if message.role != Role::System {
            rows.extend(lines("user", Tone::User, &message.text));
            continue;
        }
        let mut base = base.iter();
        let mut next = base.next();
        for (number, line) in message.text.lines().enumerate() {
            if next.is_some_and(|expected| expected == line) {
                let lead = if number == 0 { "system " } else { "       " };
                rows.push(vec![piece(Tone::Dim, lead), piece(Tone::Dim, line)]);
                next = base.next();
            } else {
                rows.push(added(line));
            }
        }
    }
    rows
}

/// The system message of a turn as the untouched environment would write it. The interface only ever adds lines.
fn base_lines(view: &View, turn: usize) -> Vec<String> {
    let (spec, turns) = (view.case.plugin.spec(), &view.record.episode.turns);
    let before = turn.checked_sub(1).map(|before| turns[before].offered.as_slice());
    let message = render::turn_system(&view.case.task.public, spec, before, &turns[turn].offered, &Interface::base());
    message.map_or(Vec::new(), |message| message.text.lines().map(str::to_owned).collect())
}

/// The code of a typed error, or the kind of a rejection.
pub fn error_code(outcome: &StepOutcome) -> Option<&str> {
    match outcome {
        StepOutcome::ToolError { code, .. } => Some(code),
        StepOutcome::Rejected(Rejection::Malformed { .. }) => Some("malformed"),
        StepOutcome::Rejected(Rejection::UnknownTool { .. }) => Some("unknown_tool"),
        StepOutcome::Rejected(Rejection::NotOffered { .. }) => Some("not_offered"),
        StepOutcome::Rejected(Rejection::Schema { .. }) => Some("schema"),
        StepOutcome::Executed { .. } | StepOutcome::Answered => None,
    }
}

/// Call, arguments, result or typed error, schema evidence.
pub fn step(view: &View, moment: Moment) -> Vec<Row> {
    let turn = &view.record.episode.turns[moment.turn];
    let Some(step) = moment.step.map(|step| &turn.steps[step]) else {
        let mut rows = vec![row(Tone::Dim, "the user speaks; the agent has done nothing in this turn yet")];
        rows.extend(lines("user", Tone::User, &turn.user));
        rows.push(Vec::new());
        rows.push(field("offered", Tone::Plain, turn.offered.join(", ")));
        rows.push(hash_row(view, moment));
        return rows;
    };
    let mut rows = Vec::new();
    match &step.parsed {
        Parsed::Call(call) => {
            rows.push(field("call", Tone::Agent, call.name.as_str()));
            let tool = view.case.plugin.spec().tool(&call.name);
            for (name, value) in call.arguments.as_object().into_iter().flatten() {
                rows.push(vec![piece(Tone::Dim, format!("  {name}: ")), piece(Tone::Plain, value.to_string())]);
            }
            if let Some(tool) = tool {
                rows.push(field("signature", Tone::Dim, render::phrase::signature(tool)));
            }
        }
        Parsed::Answer(text) => rows.extend(lines("answer", Tone::Agent, text)),
        Parsed::Malformed { reason } => {
            rows.push(field("malformed", Tone::Error, reason.as_str()));
            rows.extend(lines("text", Tone::Agent, &step.text));
        }
    }
    rows.push(Vec::new());
    match &step.outcome {
        StepOutcome::Executed { result } => {
            let pretty = serde_json::to_string_pretty(result).expect("JSON prints");
            rows.push(row(Tone::Good, "executed"));
            rows.extend(pretty.lines().map(|line| row(Tone::Tool, line)));
        }
        StepOutcome::ToolError { code, message, details } => {
            rows.push(field("error", Tone::Error, code.as_str()));
            rows.push(field("message", Tone::Plain, message.as_str()));
            if !details.is_null() {
                rows.push(field("details", Tone::Plain, details.to_string()));
            }
        }
        StepOutcome::Rejected(rejection) => rows.extend(rejected(rejection)),
        StepOutcome::Answered => rows.push(row(Tone::Dim, "an answer ends the turn")),
    }
    if !step.cue.is_empty() {
        rows.push(Vec::new());
        rows.extend(step.cue.lines().map(added));
    }
    rows.push(Vec::new());
    rows.push(hash_row(view, moment));
    rows.push(field("fuel", Tone::Dim, step.fuel_used.to_string()));
    rows
}

fn rejected(rejection: &Rejection) -> Vec<Row> {
    match rejection {
        Rejection::Malformed { reason } => vec![field("rejected", Tone::Error, reason.as_str())],
        Rejection::UnknownTool { name } => vec![field("rejected", Tone::Error, format!("there is no tool {name}"))],
        Rejection::NotOffered { name } => vec![field("rejected", Tone::Error, format!("{name} is not offered now"))],
        Rejection::Schema { violations } => {
            let mut rows = vec![field("rejected", Tone::Error, "the arguments depart from the schema")];
            rows.extend(violations.iter().map(|violation| {
                let kind = format!("{:?}", violation.kind);
                let argument = if violation.argument.is_empty() { "(whole)" } else { &violation.argument };
                vec![
                    piece(Tone::Error, format!("  {kind} ")),
                    piece(Tone::Strong, argument),
                    piece(Tone::Plain, format!(": {}", violation.message)),
                ]
            }));
            rows
        }
    }
}

fn hash_row(view: &View, moment: Moment) -> Row {
    let (hash, check) = view.check(moment);
    let (tone, says) = match check {
        Check::Same => (Tone::Good, "re-executed: the recorded hash"),
        Check::Left => (Tone::Bad, "NOT re-executed to the recorded hash"),
    };
    vec![piece(Tone::Dim, "state hash  "), piece(Tone::Plain, format!("{hash:016x} ")), piece(tone, says)]
}

/// The changes of this step, then the state as a tree.
pub fn state(view: &View, moment: Moment, unfolded: bool) -> Vec<Row> {
    let (before, after) = view.around(moment);
    let Some(after) = after else {
        let why = view.divergence.as_deref().unwrap_or("the re-execution ended before");
        return vec![row(Tone::Bad, format!("no state: {why}"))];
    };
    let found = before.map_or(Vec::new(), |before| changes(before, after));
    let mut rows = Vec::new();
    match found.len() {
        0 => rows.push(row(Tone::Dim, "this step changed nothing")),
        1 => rows.push(row(Tone::Strong, "1 change")),
        many => rows.push(row(Tone::Strong, format!("{many} changes"))),
    }
    for change in &found {
        let mut line = vec![];
        let brief = |value: &serde_json::Value| {
            let text = value.to_string();
            if text.chars().count() > 160 { text.chars().take(157).chain("...".chars()).collect() } else { text }
        };
        match (&change.before, &change.after) {
            (Some(old), Some(new)) => {
                line.push(piece(Tone::Changed, format!("~ {} ", change.at)));
                line.push(piece(Tone::Removed, brief(old)));
                line.push(piece(Tone::Dim, " → "));
                line.push(piece(Tone::Added, brief(new)));
            }
            (None, Some(new)) => line.push(piece(Tone::Added, format!("+ {} {}", change.at, brief(new)))),
            (Some(old), None) => line.push(piece(Tone::Removed, format!("- {} {}", change.at, brief(old)))),
            (None, None) => {}
        }
        rows.push(line);
    }
    rows.push(Vec::new());
    rows.extend(tree(before, Some(after), unfolded));
    rows
}

/// Verdict, label, cause and cascade, evidence, advantage and weight.
pub fn diagnosis(view: &View, moment: Moment) -> Vec<Row> {
    let record = &view.record;
    let mut rows = Vec::new();
    match &record.verdict {
        Verdict::Scored { reward, turns } => {
            let tone = if *reward >= 1.0 { Tone::Good } else { Tone::Bad };
            rows.push(field("reward", tone, reward.to_string()));
            if let Some(verdict) = turns.get(moment.turn) {
                let (tone, found) = match verdict.failure {
                    None => (Tone::Good, "passed".to_owned()),
                    Some(failure) => (Tone::Bad, format!("{failure:?}")),
                };
                rows.push(field("verifier", tone, found));
                if !verdict.detail.is_empty() {
                    rows.push(vec![piece(Tone::Plain, format!("  {}", verdict.detail))]);
                }
            }
        }
        Verdict::Unscored(fault) => {
            rows.push(field("unscored", Tone::Bad, format!("{:?} during {}", fault.boundary, fault.during)));
            rows.push(vec![piece(Tone::Plain, format!("  {}", fault.message))]);
        }
    }
    if let Ending::Truncated(by) = record.episode.ending {
        rows.push(field("truncated", Tone::Bad, format!("{by:?}").to_lowercase()));
    }
    let Some(turn) = record.diagnosis.as_ref().and_then(|diagnosis| diagnosis.turns.get(moment.turn)) else {
        return rows;
    };
    rows.push(Vec::new());
    let tone = if turn.label.is_failure() { Tone::Bad } else { Tone::Good };
    rows.push(field("label", tone, turn.label.name()));
    rows.extend(cascade(view, moment.turn, turn));
    rows.extend(evidence(turn));
    if let Some(training) = &record.training {
        let credit = training.credit(moment.turn, moment.step.unwrap_or(0));
        let place = if training.steps.is_empty() { "turn" } else { "step" };
        rows.push(Vec::new());
        rows.push(field("advantage", Tone::Plain, format!("{:+.3} of the episode in its group", training.advantage)));
        if !(training.turns.is_empty() && training.steps.is_empty()) {
            rows.push(field(&format!("of the {place}"), Tone::Plain, format!("{:+.3}", credit.advantage)));
        }
        rows.push(field("weight", Tone::Plain, format!("{:.3} for this {place}", credit.weight)));
        let trained = credit.advantage * credit.weight;
        rows.push(field("trained", Tone::Strong, format!("{trained:+.3} on each token")));
    }
    rows
}

fn cascade(view: &View, at: usize, turn: &TurnDiagnosis) -> Vec<Row> {
    let mut rows = Vec::new();
    match turn.cascaded_from {
        Some(root) => rows.push(field("cause", Tone::Bad, format!("turn {}: this failure follows from it", root + 1))),
        None if turn.label.is_failure() => rows.push(field("cause", Tone::Strong, "this turn itself")),
        None => {}
    }
    let diagnosis = view.record.diagnosis.as_ref();
    for dependency in diagnosis.iter().flat_map(|diagnosis| &diagnosis.dependencies).filter(|d| d.to == at) {
        let how = match dependency.kind {
            DependencyKind::State => "it began with a state that had already diverged",
            DependencyKind::Value => "it used a value produced there",
            DependencyKind::Unobtained => "it needed a value that was not obtained there",
        };
        rows.push(field("depends on", Tone::Plain, format!("turn {}: {how}", dependency.from + 1)));
    }
    let followed: Vec<String> = diagnosis
        .iter()
        .flat_map(|diagnosis| diagnosis.turns.iter().enumerate())
        .filter(|(_, turn)| turn.cascaded_from == Some(at))
        .map(|(later, _)| (later + 1).to_string())
        .collect();
    if !followed.is_empty() {
        rows.push(field("led to", Tone::Bad, format!("the failure of turn {}", followed.join(", "))));
    }
    rows
}

fn evidence(turn: &TurnDiagnosis) -> Vec<Row> {
    let evidence = &turn.evidence;
    let mut rows = vec![Vec::new()];
    let mut list = |name: &str, tone: Tone, items: Vec<String>| {
        if !items.is_empty() {
            rows.push(field(name, tone, items.join(", ")));
        }
    };
    list("needed", Tone::Plain, evidence.needed.clone());
    list("executed", Tone::Plain, evidence.executed.clone());
    list("uncovered", Tone::Bad, evidence.uncovered.clone());
    list("strayed", Tone::Bad, evidence.strayed.iter().cloned().collect());
    let errors = evidence.errors.iter().map(|error| {
        let what = match &error.kind {
            ErrorKind::Empty => "empty text".to_owned(),
            ErrorKind::Malformed { reason } => format!("malformed ({reason})"),
            ErrorKind::UnknownTool => "unknown tool".to_owned(),
            ErrorKind::NotOffered => "tool not offered".to_owned(),
            ErrorKind::Schema { violations } => format!("schema ({} departures)", violations.len()),
            ErrorKind::ToolError { code } => code.clone(),
        };
        let tool = error.tool.as_deref().map_or(String::new(), |tool| format!(" of {tool}"));
        let made_good = if error.recovered { ", recovered" } else { "" };
        format!("step {}{tool}: {what}{made_good}", error.step + 1)
    });
    errors.for_each(|error| list("error", Tone::Error, vec![error]));
    let blamed = turn.blame.iter().map(|blame| {
        let argument = blame.argument.as_deref().map_or(String::new(), |argument| format!(".{argument}"));
        format!("{}{argument} ({})", blame.tool, blame.failure.name())
    });
    list("blamed", Tone::Bad, blamed.collect());
    if !evidence.answered {
        rows.push(field("answer", Tone::Bad, "none"));
    }
    rows
}

/// The tokens that the policy chose in this step (in this turn, at its beginning), each with its log-probability.
pub fn tokens(view: &View, moment: Moment) -> Vec<Row> {
    let trace = &view.record.episode.tokens;
    let chosen: Vec<usize> = (0..trace.ids.len())
        .filter(|at| trace.action[*at] && usize::from(trace.turn[*at]) == moment.turn)
        .filter(|at| moment.step.is_none_or(|step| usize::from(trace.step[*at]) == step))
        .collect();
    if chosen.is_empty() {
        let why =
            if trace.ids.is_empty() { "this episode has no token trace" } else { "the policy chose no token here" };
        return vec![row(Tone::Dim, why)];
    }
    let log_probs: Vec<f32> = chosen.iter().map(|at| trace.log_probs[*at]).collect();
    let sum: f32 = log_probs.iter().sum();
    let least = log_probs.iter().copied().fold(0.0, f32::min);
    let mut rows = vec![
        field("tokens", Tone::Plain, format!("{} chosen, log-prob {sum:.2} in all", chosen.len())),
        field("least likely", Tone::Plain, format!("{least:.2} (p {:.3})", least.exp())),
    ];
    if let Some(training) = &view.record.training {
        rows.push(field(
            "advantage",
            Tone::Plain,
            format!("{:+.3} on each", training.at(moment.turn, moment.step.unwrap_or(0))),
        ));
    }
    rows.push(Vec::new());
    for (at, log_prob) in chosen.iter().zip(&log_probs) {
        let id = trace.ids[*at];
        let text = view.tokenizer.as_ref().map_or(format!("#{id}"), |tokenizer| tokenizer.decode(&[id]));
        let probability = log_prob.exp();
        let bar = "█".repeat((probability * 12.0).round() as usize);
        let tone = match probability {
            p if p < 0.2 => Tone::Bad,
            p if p < 0.7 => Tone::Changed,
            _ => Tone::Good,
        };
        rows.push(vec![
            piece(Tone::Plain, format!("{:<16} ", shown(&text))),
            piece(tone, format!("{log_prob:>7.3} ")),
            piece(tone, bar),
        ]);
    }
    rows
}

/// A token with its white space made visible.
fn shown(text: &str) -> String {
    let text = text.replace('\n', "⏎").replace(' ', "␣");
    if text.is_empty() { "(end)".to_owned() } else { text }
}
