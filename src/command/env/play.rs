//! `coevo env play`: one task of an environment, its tools called by hand.
//!
//! What a player does goes through the same door as what an agent writes (`Env::step`), so that a call is refused, run and
//! recorded here as it would be in an episode. Before each step the episode is forked by the guest's snapshot; `:undo` goes
//! back to the fork.

mod diff;
mod input;
mod line;

use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use coevo_core::episode::{Fault, Rejection, Step, StepOutcome, Turn, Verdict};
use coevo_core::protocol::format_call;
use coevo_core::render::phrase;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_core::task::{Side, Task, TaskRef, ToolCall, ToolSpec};
use coevo_envs::{Budgets, Env, EnvPlugin, EvalEnv, verify};
use serde_json::Value;

use crate::cli::PlayArgs;
use crate::command::{Done, Failure, env};
use input::{Input, Offered};
use line::{COMMANDS, Line};

/// Steps that can be taken back; each holds an instance.
const MOST_UNDO: usize = 256;

/// Plays until the input ends.
pub fn play(args: &PlayArgs) -> Done {
    let plugin = env::load(&args.env)?;
    env::note_if_stale(Path::new(&args.env));
    let offered: Offered = Rc::default();
    let mut input = Input::open(plugin.spec(), Rc::clone(&offered))?;
    let mut game = Game::begin(plugin, args, offered)?;
    loop {
        let prompt = match game.over() {
            true => "over> ".to_owned(),
            false => format!("turn {}> ", game.turns().len()),
        };
        let Some(text) = input.next(&prompt)? else { break };
        match line::read(&text, game.plugin.spec()) {
            Ok(Line::Nothing) => {}
            Ok(Line::Command("quit", _)) => break,
            Ok(Line::Command(name, rest)) => game.command(name, &rest),
            Ok(Line::Call(call)) => game.step(&format_call(&call)),
            Err(problem) => println!("{problem}"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Game {
    plugin: EnvPlugin,
    task: Task,
    at: TaskRef,
    env: Env,
    /// The episode before each step.
    past: Vec<Env>,
    state: Value,
    offered: Offered,
}

fn said(fault: &Fault) -> String {
    format!("the environment faulted ({:?}) during {}: {}", fault.boundary, fault.during, fault.message)
}

fn stream(seed: u64) -> StreamKey {
    StreamKey::new(seed, Purpose::Environment)
}

impl Game {
    fn begin(plugin: EnvPlugin, args: &PlayArgs, offered: Offered) -> Result<Self, Failure> {
        let at =
            TaskRef { env: plugin.spec().name.clone(), split: args.split.clone(), index: args.task, seed: args.seed };
        let (task, env, state) = start(&plugin, &at).map_err(|fault| Failure::bad_input(fault.message))?;
        let mut game = Self { plugin, task, at, env, past: Vec::new(), state, offered };
        let spec = game.plugin.spec();
        println!("{} {}: {}", spec.name, spec.version, spec.summary);
        game.introduce();
        println!("(`:help` lists the commands; a tool is called as `name argument=value`)");
        Ok(game)
    }

    /// Shows the task and opens its first turn.
    fn introduce(&mut self) {
        let task = &self.task.public;
        println!("task {} of {} ({}), {} turns", self.at.index, self.at.split, task.category, task.turns.len());
        if !task.system.is_empty() {
            println!("system: {}", task.system);
        }
        self.open_turn();
    }

    /// Begins the next user turn, and says what is new in it.
    fn open_turn(&mut self) {
        let before = self.offered.take();
        match self.env.next_turn() {
            Ok(Some(turn)) => {
                for made in self.turns().last().map(|turn| turn.user_calls.clone()).unwrap_or_default() {
                    println!("the user calls {}", line::typed(&made.call));
                    show_outcome(&made.outcome);
                }
                println!("user: {}", self.turns().last().map(|turn| turn.user.as_str()).unwrap_or_default());
                if before.is_empty() {
                    println!("tools: {}", turn.offered.join(", "));
                } else {
                    let only = |a: &[String], b: &[String]| {
                        a.iter().filter(|name| !b.contains(name)).cloned().collect::<Vec<_>>().join(", ")
                    };
                    let (new, gone) = (only(&turn.offered, &before), only(&before, &turn.offered));
                    if !new.is_empty() {
                        println!("tools that are new: {new}");
                    }
                    if !gone.is_empty() {
                        println!("tools that are gone: {gone}");
                    }
                }
                self.offered.replace(turn.offered);
                self.see_changes();
            }
            Ok(None) => println!("the task is over; `:verify` judges it, `:reset` begins again"),
            Err(fault) => println!("{}\n`:undo` goes back", said(&fault)),
        }
    }

    fn turns(&self) -> Vec<&Turn> {
        self.env.turns().collect()
    }

    fn over(&self) -> bool {
        self.env.is_over()
    }

    /// Takes one step of the agent's: a call or an answer.
    fn step(&mut self, text: &str) {
        if self.over() {
            println!("the task is over; `:undo` goes back, `:reset` begins again, `:verify` judges it");
            return;
        }
        match self.env.fork() {
            Ok(fork) => {
                if self.past.len() == MOST_UNDO {
                    self.past.remove(0);
                }
                self.past.push(fork);
            }
            Err(fault) => println!("this step cannot be taken back: {}", said(&fault)),
        }
        match self.env.step(text) {
            Ok(reply) => {
                let last = self.turns().last().and_then(|turn| turn.steps.last()).cloned();
                if let Some(step) = last {
                    self.show_step(&step);
                }
                if reply.turn_over {
                    self.open_turn();
                }
            }
            Err(fault) => println!("{}\n`:undo` goes back", said(&fault)),
        }
    }

    fn show_step(&mut self, step: &Step) {
        show_outcome(&step.outcome);
        match &step.outcome {
            StepOutcome::Rejected(Rejection::Schema { .. }) => {
                if let coevo_core::episode::Parsed::Call(call) = &step.parsed
                    && let Some(tool) = self.plugin.spec().tool(&call.name)
                {
                    println!("  it is {}", phrase::signature(tool));
                }
            }
            StepOutcome::Rejected(Rejection::NotOffered { .. }) => {
                println!("  offered now: {}", self.offered.borrow().join(", "));
            }
            _ => {}
        }
        self.see_changes();
    }

    /// Reads the state again and shows how it differs from the one seen last.
    fn see_changes(&mut self) {
        match self.env.state() {
            Ok(state) => {
                for change in diff::lines(&self.state, &state) {
                    println!("  {change}");
                }
                self.state = state;
            }
            Err(fault) => println!("{}", said(&fault)),
        }
    }

    fn command(&mut self, name: &str, rest: &str) {
        match name {
            "answer" if rest.is_empty() => println!("`:answer TEXT`: say something to the user"),
            "answer" => self.step(rest),
            "state" => self.show_state(rest),
            "undo" => self.undo(),
            "reset" => self.go_to(self.at.clone()),
            "task" if rest.is_empty() => self.show_conversation(),
            "task" => match rest.parse() {
                Ok(index) => self.go_to(TaskRef { index, ..self.at.clone() }),
                Err(_) => println!("`:task N`: {rest:?} is no number"),
            },
            "log" => self.show_log(),
            "verify" => self.verify(),
            "tools" => {
                for name in self.offered.borrow().iter() {
                    self.plugin
                        .spec()
                        .tool(name)
                        .inspect(|tool| println!("{} {}", phrase::signature(tool), tool.description));
                }
            }
            "help" if rest.is_empty() => {
                for (name, argument, does) in COMMANDS {
                    println!("{:18} {does}", format!(":{name} {argument}"));
                }
                println!("{:18} call a tool; also `TOOL value` and `TOOL {{\"argument\": value}}`", "TOOL argument=…");
            }
            "help" => match self.plugin.spec().tool(rest) {
                Some(tool) => show_tool(tool),
                None => println!("no tool `{rest}`; `:tools` lists those offered now"),
            },
            "hint" => match self.hint() {
                Some(Hint::Call(call)) => println!("the reference calls: {}", line::typed(&call)),
                Some(Hint::Answer(text)) => println!("the reference answers: {text}"),
                None => println!("the task is over"),
            },
            "follow" => match self.hint() {
                Some(Hint::Call(call)) => {
                    println!("{}", line::typed(&call));
                    self.step(&format_call(&call));
                }
                Some(Hint::Answer(text)) => {
                    println!(":answer {text}");
                    self.step(&text);
                }
                None => println!("the task is over"),
            },
            _ => {}
        }
    }

    fn show_state(&self, path: &str) {
        let pointer = path.trim_matches('/');
        let part = if pointer.is_empty() { Some(&self.state) } else { self.state.pointer(&format!("/{pointer}")) };
        match part {
            Some(value) => println!("{}", serde_json::to_string_pretty(value).expect("JSON is printable")),
            None => {
                let known =
                    self.state.as_object().map(|map| map.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
                println!("the state has no {path}; at the top are {}", known.unwrap_or_else(|| "no names".to_owned()));
            }
        }
    }

    fn undo(&mut self) {
        let Some(mut before) = self.past.pop() else {
            println!("nothing to take back");
            return;
        };
        let taken = self.turns().iter().rev().find_map(|turn| turn.steps.last().map(|step| step.text.clone()));
        println!("taken back: {}", taken.unwrap_or_default());
        std::mem::swap(&mut self.env, &mut before);
        let offered = self.turns().last().map(|turn| turn.offered.clone());
        self.offered.replace(offered.unwrap_or_default());
        self.see_changes();
    }

    fn go_to(&mut self, at: TaskRef) {
        match start(&self.plugin, &at) {
            Ok((task, env, state)) => {
                (self.task, self.env, self.state, self.at) = (task, env, state, at);
                self.past.clear();
                self.offered.take();
                self.introduce();
            }
            Err(fault) => println!("{}", fault.message),
        }
    }

    fn show_conversation(&self) {
        for turn in self.turns() {
            println!("user: {}", turn.user);
            for step in &turn.steps {
                match &step.outcome {
                    StepOutcome::Answered => println!("you: {}", step.text),
                    outcome => {
                        println!("you: {}", step.text);
                        show_outcome(outcome);
                    }
                }
            }
        }
    }

    fn show_log(&self) {
        for step in self.turns().iter().flat_map(|turn| &turn.steps) {
            println!("{}", step.text);
        }
    }

    /// What the reference does next: the first of its calls of this turn that was not made yet, then its answer.
    fn hint(&self) -> Option<Hint> {
        if self.over() {
            return None;
        }
        let turns = self.turns();
        let (turn, reference) = (turns.last()?, self.task.hidden.reference.get(turns.len() - 1)?);
        let mut made: Vec<&str> = turn.steps.iter().map(|step| step.text.as_str()).collect();
        for call in &reference.calls {
            let text = format_call(call);
            match made.iter().position(|have| *have == text) {
                Some(at) => {
                    made.remove(at);
                }
                None => return Some(Hint::Call(call.clone())),
            }
        }
        Some(Hint::Answer(reference.answer.clone()))
    }

    fn verify(&self) {
        let turns: Vec<Turn> = self.turns().into_iter().cloned().collect();
        match verify(&self.plugin, &self.task, &turns, stream(self.at.seed)) {
            Verdict::Scored { reward, turns: verdicts } => {
                println!("reward {reward}");
                for (at, verdict) in verdicts.iter().enumerate() {
                    let played = turns.get(at).is_some_and(|turn| turn.answer().is_some());
                    match &verdict.failure {
                        None => println!("  turn {}: passed", at + 1),
                        Some(_) if !played => println!("  turn {}: not over yet", at + 1),
                        Some(failure) => println!("  turn {}: {failure:?}: {}", at + 1, verdict.detail),
                    }
                }
            }
            Verdict::Unscored(fault) => println!("unscored: {}", said(&fault)),
        }
    }
}

enum Hint {
    Call(ToolCall),
    Answer(String),
}

/// A task, an episode of it that has not begun its first turn, and its state.
fn start(plugin: &EnvPlugin, at: &TaskRef) -> Result<(Task, Env, Value), Fault> {
    let task = plugin.task(at)?;
    // A player has all the time in the world.
    let budgets = Budgets { steps_per_turn: u32::MAX };
    let mut env: Env = EvalEnv::new(plugin, &task.public, stream(at.seed), &budgets)?.into();
    let state = env.state()?;
    Ok((task, env, state))
}

fn show_outcome(outcome: &StepOutcome) {
    match outcome {
        StepOutcome::Executed { result } => {
            const LONG: usize = 160;
            let compact = result.to_string();
            let text = match compact.chars().count() > LONG {
                true => serde_json::to_string_pretty(result).expect("JSON is printable"),
                false => compact,
            };
            println!("→ {text}");
        }
        StepOutcome::ToolError { code, message, details } => {
            let details = if details.is_null() { String::new() } else { format!(" {details}") };
            println!("→ error {code}: {message}{details}");
        }
        StepOutcome::Rejected(rejection) => match rejection {
            Rejection::Malformed { reason } => println!("→ not run: {reason}"),
            Rejection::UnknownTool { name } => println!("→ not run: the agent has no tool `{name}`"),
            Rejection::NotOffered { name } => println!("→ not run: `{name}` is not offered in this turn"),
            Rejection::Schema { violations } => {
                for violation in violations {
                    println!("→ not run: {}", violation.message);
                }
            }
        },
        StepOutcome::Answered => {}
    }
}

/// All that the environment says of a tool.
fn show_tool(tool: &ToolSpec) {
    println!("{}: {}", phrase::signature(tool), tool.description);
    for name in phrase::arguments(tool) {
        println!("  {name}: {}", phrase::constraint(tool, name));
    }
    let results = tool.result["properties"].as_object();
    let fields: Vec<&str> = results.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if !fields.is_empty() {
        println!("  answers with {}", fields.join(", "));
    }
    for rule in &tool.preconditions {
        println!("  rule: {rule}");
    }
    for error in &tool.errors {
        println!("  error {}: {}", error.code, error.description);
    }
    let changes = if tool.mutates { "may change the state" } else { "only reads" };
    println!("  {changes}{}", if tool.side == Side::User { "; only the user may call it" } else { "" });
}
