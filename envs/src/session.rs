//! An episode in progress: one guest instance, the turns so far, and the rules that the host enforces.

use std::sync::Arc;

use coevo_core::episode::{Boundary, Ending, Fault, Parsed, Rejection, Step, StepOutcome, Truncation, Turn, UserCall};
use coevo_core::interface::Interface;
use coevo_core::protocol;
use coevo_core::render::{self, Message};
use coevo_core::seed::StreamKey;
use coevo_core::task::{PublicTask, Side, ToolCall, ToolSpec, UserMessage};
use serde_json::Value;

use crate::budget::Budgets;
use crate::plugin::EnvPlugin;
use crate::sandbox::{Logs, Slots, ToolReply, World};
use crate::user::SimulatedUser;

/// Bytes of the results that an episode may have together, sixteen of the largest: a record keeps them all.
fn most_results(plugin: &EnvPlugin) -> usize {
    16 * plugin.limits().output_bytes as usize
}

/// What an agent is told at the beginning of a user turn.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnStart {
    /// In order: the opening (first turn) or the change of tools (if any), then the user's message.
    pub messages: Vec<Message>,
    /// Names of the tools that may be called in this turn.
    pub offered: Vec<String>,
}

/// What came of one text of the agent.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReply {
    /// The tool observation, cue included; absent after an answer.
    pub message: Option<Message>,
    /// The agent answered, or a budget cut the turn off.
    pub turn_over: bool,
    /// Which budget; the episode is then over too.
    pub truncated: Option<Truncation>,
}

/// What is left of an episode when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub turns: Vec<Turn>,
    pub ending: Ending,
    pub initial_state_hash: u64,
    pub logs: Logs,
}

/// What every instance of an episode is made from; a fork shares it.
#[derive(Clone)]
pub(crate) struct Setting {
    pub plugin: EnvPlugin,
    pub task: Arc<PublicTask>,
    pub stream: StreamKey,
    pub budgets: Budgets,
    pub interface: Arc<Interface>,
    pub slots: Slots,
}

pub(crate) struct Session {
    setting: Setting,
    world: World,
    user: Option<SimulatedUser>,
    initial_hash: u64,
    /// Of the world now.
    hash: u64,
    /// Bytes that results may still have.
    room: usize,
    /// Shared with forks, so that a fork costs the same at any turn.
    past: Vec<Arc<Turn>>,
    current: Option<Turn>,
    ending: Option<Ending>,
}

impl Session {
    pub fn begin(
        plugin: &EnvPlugin,
        task: &PublicTask,
        stream: StreamKey,
        budgets: &Budgets,
        interface: Arc<Interface>,
    ) -> Result<Self, Fault> {
        let start = plugin.starts().of(plugin, task)?;
        let (world, hash) = start.begin(plugin, stream)?;
        let task = Arc::clone(&start.task);
        let slots = start.slots();
        let setting = Setting { plugin: plugin.clone(), task, stream, budgets: *budgets, interface, slots };
        let user = SimulatedUser::begin(&setting)?;
        let (past, current, ending) = (Vec::new(), None, None);
        let room = most_results(plugin);
        Ok(Self { setting, world, user, initial_hash: hash, hash, room, past, current, ending })
    }

    pub fn task(&self) -> &PublicTask {
        &self.setting.task
    }

    pub fn interface(&self) -> &Interface {
        &self.setting.interface
    }

    pub fn initial_hash(&self) -> u64 {
        self.initial_hash
    }

    pub fn state_hash(&self) -> u64 {
        self.hash
    }

    /// The most linear memory that the world has had, in bytes.
    pub fn memory_peak(&self) -> usize {
        self.world.host().memory_peak
    }

    pub fn is_over(&self) -> bool {
        self.ending.is_some()
    }

    /// Played turns, the one in progress included.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.past.iter().map(Arc::as_ref).chain(self.current.as_ref())
    }

    fn host_fault(during: &str, message: &str) -> Fault {
        Fault { boundary: Boundary::Host, during: during.to_owned(), message: message.to_owned() }
    }

    /// Ends the episode with what went wrong in it.
    fn or_end<T>(&mut self, done: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &done
            && self.ending.is_none()
        {
            self.ending = Some(Ending::Faulted(fault.clone()));
        }
        done
    }

    pub fn fail(&mut self, fault: Fault) {
        self.ending.get_or_insert(Ending::Faulted(fault));
    }

    pub fn next_turn(&mut self) -> Result<Option<TurnStart>, Fault> {
        match &self.ending {
            Some(Ending::Faulted(fault)) => return Err(fault.clone()),
            Some(_) => return Ok(None),
            None if self.current.as_ref().is_some_and(|turn| turn.answer().is_none()) => {
                return Err(Self::host_fault("next turn", "the turn before is not over"));
            }
            None => {}
        }
        let started = self.start_turn();
        self.or_end(started)
    }

    fn start_turn(&mut self) -> Result<Option<TurnStart>, Fault> {
        self.past.extend(self.current.take().map(Arc::new));
        let task = Arc::clone(&self.setting.task);
        let at = self.past.len();
        let Some(planned) = task.turns.get(at) else {
            self.ending = Some(Ending::Terminated);
            return Ok(None);
        };
        let state_hash_before = self.hash;
        let (user, offered, user_calls) = match &planned.message {
            UserMessage::Scripted(text) => (text.clone(), planned.offered.clone(), Vec::new()),
            UserMessage::Simulated => {
                let simulated = self.user.as_mut().ok_or_else(|| Self::host_fault("next turn", "no simulated user"))?;
                let event = simulated.next(&self.setting, at, &self.past)?;
                let Some(event) = event else {
                    self.ending = Some(Ending::Terminated);
                    return Ok(None);
                };
                let calls = event.calls.into_iter().map(|call| self.user_call(call)).collect::<Result<_, _>>()?;
                (event.message, event.offered, calls)
            }
        };
        let messages = self.turn_messages(&user, &offered);
        let truncated = None;
        let turn = Turn { user, offered: offered.clone(), user_calls, state_hash_before, steps: Vec::new(), truncated };
        self.current = Some(turn);
        Ok(Some(TurnStart { messages, offered }))
    }

    fn turn_messages(&self, user: &str, offered: &[String]) -> Vec<Message> {
        let Setting { task, plugin, interface, .. } = &self.setting;
        let before = self.past.last().map(|turn| turn.offered.as_slice());
        let system = render::turn_system(task, plugin.spec(), before, offered, interface);
        let user = Message { role: render::Role::User, text: user.to_owned() };
        system.into_iter().chain([user]).collect()
    }

    fn specs(&self, names: &[String]) -> Vec<&ToolSpec> {
        names.iter().filter_map(|name| self.setting.plugin.spec().tool(name)).collect()
    }

    /// Runs a call of the simulated user in the world.
    fn user_call(&mut self, call: ToolCall) -> Result<UserCall, Fault> {
        let plugin = self.setting.plugin.clone();
        let outcome = match plugin.tool(&call.name) {
            None => StepOutcome::Rejected(Rejection::UnknownTool { name: call.name.clone() }),
            Some((spec, _)) if spec.side != Side::User => {
                StepOutcome::Rejected(Rejection::NotOffered { name: call.name.clone() })
            }
            Some((_, schema)) => match schema.violations(&call.arguments) {
                violations if violations.is_empty() => self.run(&call, Side::User)?.0,
                violations => StepOutcome::Rejected(Rejection::Schema { violations }),
            },
        };
        Ok(UserCall { call, outcome })
    }

    pub fn step(&mut self, text: &str) -> Result<StepReply, Fault> {
        if let Some(Ending::Faulted(fault)) = &self.ending {
            return Err(fault.clone());
        }
        if self.ending.is_some() || self.current.as_ref().is_none_or(|turn| turn.answer().is_some()) {
            return Err(Self::host_fault("step", "no user turn is open"));
        }
        let done = self.take_step(text);
        self.or_end(done)
    }

    fn take_step(&mut self, text: &str) -> Result<StepReply, Fault> {
        let parsed = protocol::parse(text);
        let (outcome, fuel_used) = match &parsed {
            Parsed::Malformed { reason } => (StepOutcome::Rejected(Rejection::Malformed { reason: reason.clone() }), 0),
            Parsed::Answer(_) => (StepOutcome::Answered, 0),
            Parsed::Call(call) => match self.rejection(call) {
                Some(rejection) => (StepOutcome::Rejected(rejection), 0),
                None => self.run(call, Side::Agent)?,
            },
        };
        let answered = outcome == StepOutcome::Answered;
        let observation = render::observation(&outcome);
        let call = match &parsed {
            Parsed::Call(call) => Some(call),
            _ => None,
        };
        let offered = self.current.as_ref().map(|turn| turn.offered.as_slice()).unwrap_or_default();
        let interface = &self.setting.interface;
        let cue = match outcome.is_error() && !interface.is_base() {
            true => render::recovery_cue(&outcome, call, &self.specs(offered), interface),
            false => String::new(),
        };
        let message = (!answered).then(|| render::tool_message(&observation, &cue));
        let step = Step { text: text.to_owned(), parsed, outcome, observation, cue, state_hash: self.hash, fuel_used };
        let most = self.setting.budgets.steps_per_turn as usize;
        let turn = self.current.as_mut().ok_or_else(|| Self::host_fault("step", "no user turn is open"))?;
        turn.steps.push(step);
        let spent = !answered && turn.steps.len() >= most;
        if spent {
            self.truncate(Truncation::Steps);
        }
        let truncated = spent.then_some(Truncation::Steps);
        Ok(StepReply { message, turn_over: answered || spent, truncated })
    }

    /// Why the host does not run a call, if it does not. A tool of the user does not exist for the agent.
    fn rejection(&self, call: &ToolCall) -> Option<Rejection> {
        let name = || call.name.clone();
        let offered = self.current.as_ref().is_some_and(|turn| turn.offered.contains(&call.name));
        match self.setting.plugin.tool(&call.name) {
            Some((spec, schema)) if spec.side == Side::Agent => {
                if !offered {
                    return Some(Rejection::NotOffered { name: name() });
                }
                let violations = schema.violations(&call.arguments);
                (!violations.is_empty()).then_some(Rejection::Schema { violations })
            }
            _ => Some(Rejection::UnknownTool { name: name() }),
        }
    }

    /// Runs a call in the world; leaves the state hash behind it. Returns the outcome and the fuel of the call itself.
    fn run(&mut self, call: &ToolCall, caller: Side) -> Result<(StepOutcome, u64), Fault> {
        let reply = self.world.call(&call.name, &call.arguments.to_string(), caller)?;
        let fuel_used = self.world.fuel_used;
        let said = match &reply {
            ToolReply::Result(text) => text.len(),
            ToolReply::Error(error) => error.message.len() + error.details.len(),
        };
        match self.room.checked_sub(said) {
            Some(room) => self.room = room,
            None => {
                let most = most_results(&self.setting.plugin);
                return Err(self.broken(call, format!("the episode's results have more than {most} bytes")));
            }
        }
        let outcome = match reply {
            ToolReply::Result(text) => match serde_json::from_str::<Value>(&text) {
                Ok(result) => StepOutcome::Executed { result },
                Err(error) => return Err(self.broken(call, format!("its result is no JSON: {error}"))),
            },
            ToolReply::Error(error) => {
                let details = match error.details.as_str() {
                    "" => Value::Null,
                    text => match serde_json::from_str(text) {
                        Ok(details) => details,
                        Err(error) => return Err(self.broken(call, format!("its error details are no JSON: {error}"))),
                    },
                };
                if error.code.is_empty() {
                    return Err(self.broken(call, "its error has no code".to_owned()));
                }
                StepOutcome::ToolError { code: error.code, message: error.message, details }
            }
        };
        self.hash = self.world.state_hash()?;
        Ok((outcome, fuel_used))
    }

    fn broken(&mut self, call: &ToolCall, message: String) -> Fault {
        self.world.condemn(format!("call {}", call.name), message)
    }

    pub fn truncate(&mut self, by: Truncation) {
        if let (Some(turn), None) = (&mut self.current, &self.ending) {
            if turn.answer().is_none() {
                turn.truncated = Some(by);
            }
            self.ending = Some(Ending::Truncated(by));
        }
    }

    pub fn state(&mut self) -> Result<Value, Fault> {
        let text = self.world.state()?;
        serde_json::from_str(&text).map_err(|error| self.world.condemn("state", format!("is no JSON: {error}")))
    }

    /// A second session that continues from here, and this one unharmed.
    pub fn fork(&mut self) -> Result<Self, Fault> {
        if let Some(Ending::Faulted(fault)) = &self.ending {
            return Err(fault.clone());
        }
        let world = match self.world.snapshot()? {
            Ok(snapshot) => self.restored(&snapshot)?,
            Err(_) => None,
        };
        let Some(world) = world else {
            return self.rerun();
        };
        let user = match &self.user {
            Some(user) => Some(user.fork(&self.setting, &self.past)?),
            None => None,
        };
        Ok(Self {
            setting: self.setting.clone(),
            world,
            user,
            initial_hash: self.initial_hash,
            hash: self.hash,
            room: self.room,
            past: self.past.clone(),
            current: self.current.clone(),
            ending: self.ending.clone(),
        })
    }

    /// An instance that continues from `snapshot`; `None` where the snapshot does not hold the whole state.
    fn restored(&self, snapshot: &[u8]) -> Result<Option<World>, Fault> {
        let mut world = self.setting.plugin.world(self.setting.slots, self.setting.stream)?;
        world.host_mut().continue_from(self.world.host());
        let same = world.restore(snapshot)?.is_ok() && world.state_hash()? == self.hash;
        Ok(same.then_some(world))
    }

    /// A fork by playing the recorded prefix again, for guests without (whole) snapshots.
    fn rerun(&self) -> Result<Self, Fault> {
        let Setting { plugin, task, stream, budgets, interface, .. } = &self.setting;
        let mut copy = Self::begin(plugin, task, *stream, budgets, Arc::clone(interface))?;
        for turn in self.turns() {
            copy.next_turn()?;
            for step in &turn.steps {
                copy.step(&step.text)?;
            }
        }
        if let Some(ending) = &self.ending {
            copy.ending = Some(ending.clone());
            copy.current = self.current.clone();
        }
        if copy.hash != self.hash {
            return Err(copy
                .world
                .condemn("fork", "the same calls led to another state: the guest is not deterministic"));
        }
        Ok(copy)
    }

    pub fn finish(self) -> Record {
        let unfinished = || Ending::Faulted(Self::host_fault("finish", "the episode was not played to its end"));
        let ending = self.ending.unwrap_or_else(unfinished);
        let logs = self.world.host().logs.clone();
        let past = self.past.into_iter().map(Arc::unwrap_or_clone);
        Record { turns: past.chain(self.current).collect(), ending, initial_state_hash: self.initial_hash, logs }
    }
}
