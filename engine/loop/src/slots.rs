//! Rollout slots on bevy_ecs: one entity per slot, one system per step of an episode.
//!
//! A tick is `admit → advance → act`: free slots take the next jobs, every slot that waits for its environment goes to the
//! crossbeam workers and comes back, every slot that waits for an action is put to the agent in one batch. A slot is free
//! again the moment its episode ends, so the batch stays full (continuous batching). Results are kept by job number and
//! agents key their randomness by episode, so neither the number of workers nor that of slots can reach a result.

use std::sync::{Arc, Mutex};

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::SingleThreadedExecutor;
use coevo_agents::{Agent, EpisodeStart, Reply, Request};
use coevo_core::episode::{Ending, Episode, EpisodeKey, Fault, TokenTrace, Truncation, Verdict};
use coevo_core::interface::Interface;
use coevo_core::render::Message;
use coevo_core::seed::StreamKey;
use coevo_core::task::Task;
use coevo_envs::{Budgets, EnvPlugin};
use crossbeam::channel::{Receiver, Sender, bounded};

use crate::worker::{self, Outcome, Work};

/// Which environment an episode may see.
#[derive(Clone)]
pub enum Arena {
    /// Training and probes: the evolved interface.
    Evolved(Arc<Interface>),
    /// Evaluation: the untouched environment.
    Base,
}

/// One episode to run.
#[derive(Clone)]
pub struct Job {
    pub key: EpisodeKey,
    pub plugin: EnvPlugin,
    /// A task that the plugin failed to generate makes a faulted episode.
    pub task: Result<Arc<Task>, Fault>,
    pub arena: Arena,
    pub env_stream: StreamKey,
    pub action_stream: StreamKey,
    /// Texts of the turns that a branch repeats before its agent goes on, turn by turn; the agent hears of them as of what
    /// was said before. Empty for an episode from the beginning.
    pub prefix: Vec<Vec<String>>,
}

/// An episode with its verdict.
pub struct Played {
    pub episode: Episode,
    pub verdict: Verdict,
}

/// How much runs at once. Neither number changes a result.
#[derive(Clone, Copy, Debug)]
pub struct Parallelism {
    pub slots: usize,
    pub workers: usize,
}

/// Plays every job and returns the episodes in the order of the jobs, together with the agent.
///
/// `progress` is called after every tick with the number of finished episodes.
pub fn play(
    jobs: Vec<Job>,
    agent: Box<dyn Agent>,
    budgets: &Budgets,
    parallelism: Parallelism,
    progress: &mut dyn FnMut(usize),
) -> (Vec<Played>, Box<dyn Agent>) {
    let total = jobs.len();
    let slots = parallelism.slots.clamp(1, total.max(1));
    std::thread::scope(|scope| {
        let (to_workers, work) = bounded::<(usize, Work)>(slots);
        let (from_workers, outcomes) = bounded::<(usize, Outcome)>(slots);
        for _ in 0..parallelism.workers.max(1) {
            let (work, from_workers) = (work.clone(), from_workers.clone());
            let budgets = *budgets;
            scope.spawn(move || worker::serve(&work, &from_workers, &budgets));
        }
        drop((work, from_workers));

        let mut world = World::new();
        world.insert_resource(Queue {
            jobs: jobs.into_iter().enumerate().collect(),
            played: empty(total),
            finished: 0,
        });
        world.insert_resource(Actor(Mutex::new(agent)));
        world.insert_resource(Workers { send: to_workers, receive: outcomes });
        for number in 0..slots {
            world.spawn(Slot { number, phase: Phase::Free });
        }
        let mut schedule = Schedule::default();
        schedule.set_executor(SingleThreadedExecutor::new());
        schedule.add_systems((admit, advance, act).chain());
        while world.resource::<Queue>().finished < total {
            schedule.run(&mut world);
            progress(world.resource::<Queue>().finished);
        }
        let queue = world.remove_resource::<Queue>().expect("inserted above");
        let actor = world.remove_resource::<Actor>().expect("inserted above");
        let played = queue.played.into_iter().map(|played| played.expect("every job finished")).collect();
        (played, actor.0.into_inner().expect("no system panicked"))
    })
}

fn empty(total: usize) -> Vec<Option<Played>> {
    std::iter::repeat_with(|| None).take(total).collect()
}

#[derive(Resource)]
struct Queue {
    jobs: std::collections::VecDeque<(usize, Job)>,
    /// By job number.
    played: Vec<Option<Played>>,
    finished: usize,
}

#[derive(Resource)]
struct Actor(Mutex<Box<dyn Agent>>);

#[derive(Resource)]
struct Workers {
    send: Sender<(usize, Work)>,
    receive: Receiver<(usize, Outcome)>,
}

#[derive(Component)]
struct Slot {
    number: usize,
    phase: Phase,
}

/// Where a slot's episode stands.
enum Phase {
    Free,
    /// Its environment has something to do.
    Work(Box<(usize, Job, Mutex<Work>)>),
    /// Its agent has.
    Waiting(Box<Waiting>),
    /// With the workers, or being rewritten by a system.
    Away(Box<(usize, Job)>),
}

struct Waiting {
    number: usize,
    job: Job,
    env: Mutex<worker::Seat>,
    messages: Vec<Message>,
    offered: Vec<String>,
}

/// Free slots take the next jobs.
fn admit(mut slots: Query<&mut Slot>, mut queue: ResMut<Queue>, mut actor: ResMut<Actor>) {
    let agent = actor.0.get_mut().expect("no system panicked");
    for mut slot in &mut slots {
        if !matches!(slot.phase, Phase::Free) {
            continue;
        }
        let Some((number, job)) = queue.jobs.pop_front() else { break };
        match &job.task {
            Ok(task) => {
                agent.begin(slot.number, &EpisodeStart { task: &task.public, stream: job.action_stream });
                let work = Work::Open(Box::new(job.clone()));
                slot.phase = Phase::Work(Box::new((number, job, Mutex::new(work))));
            }
            Err(fault) => {
                let played = unplayable(&job, fault);
                queue.played[number] = Some(played);
                queue.finished += 1;
            }
        }
    }
}

/// Every environment that has something to do does it, on the workers; finished episodes leave their slot.
fn advance(mut slots: Query<&mut Slot>, mut queue: ResMut<Queue>, mut actor: ResMut<Actor>, workers: Res<Workers>) {
    let mut away = 0;
    let mut by_number: Vec<Option<Mut<Slot>>> = Vec::new();
    for mut slot in &mut slots {
        if let Phase::Work(_) = slot.phase {
            let Phase::Work(parcel) = std::mem::replace(&mut slot.phase, Phase::Free) else { unreachable!() };
            let (number, job, work) = *parcel;
            slot.phase = Phase::Away(Box::new((number, job)));
            let work = work.into_inner().expect("no system panicked");
            workers.send.send((slot.number, work)).expect("workers live as long as the channel");
            away += 1;
        }
        let number = slot.number;
        if by_number.len() <= number {
            by_number.resize_with(number + 1, || None);
        }
        by_number[number] = Some(slot);
    }
    let mut outcomes: Vec<(usize, Outcome)> =
        (0..away).map(|_| workers.receive.recv().expect("a worker answers every parcel")).collect();
    outcomes.sort_by_key(|(number, _)| *number);
    let agent = actor.0.get_mut().expect("no system panicked");
    for (slot_number, outcome) in outcomes {
        let slot = by_number[slot_number].as_mut().expect("it sent the parcel");
        let Phase::Away(parcel) = std::mem::replace(&mut slot.phase, Phase::Free) else {
            unreachable!("only slots that are away have outcomes")
        };
        let (number, job) = *parcel;
        match outcome {
            Outcome::Waiting { seat, messages, offered } => {
                slot.phase =
                    Phase::Waiting(Box::new(Waiting { number, job, env: Mutex::new(seat), messages, offered }));
            }
            Outcome::Finished(end) => {
                let tokens = agent.end(slot_number);
                queue.played[number] = Some(assemble(&job, agent.name(), *end, tokens));
                queue.finished += 1;
            }
        }
    }
}

/// The agent acts for all slots that wait, in one batch.
fn act(mut slots: Query<&mut Slot>, mut actor: ResMut<Actor>) {
    let mut waiting: Vec<Mut<Slot>> = slots.iter_mut().filter(|s| matches!(s.phase, Phase::Waiting(_))).collect();
    if waiting.is_empty() {
        return;
    }
    waiting.sort_by_key(|slot| slot.number);
    let requests: Vec<Request<'_>> = waiting
        .iter_mut()
        .map(|slot| {
            let number = slot.number;
            let Phase::Waiting(waiting) = &mut slot.bypass_change_detection().phase else { unreachable!() };
            let seat = waiting.env.get_mut().expect("no system panicked");
            Request {
                slot: number,
                turn: seat.turn,
                step: seat.step,
                messages: &waiting.messages,
                offered: &waiting.offered,
            }
        })
        .collect();
    let replies = actor.0.get_mut().expect("no system panicked").act(&requests);
    assert_eq!(replies.len(), requests.len(), "an agent answers every request once");
    drop(requests);
    for (mut slot, reply) in waiting.into_iter().zip(replies) {
        let Phase::Waiting(parcel) = std::mem::replace(&mut slot.phase, Phase::Free) else { unreachable!() };
        let Waiting { number, job, env, .. } = *parcel;
        let seat = env.into_inner().expect("no system panicked");
        let work = match reply {
            Reply::Text(text) => Work::Step(seat, text),
            Reply::ContextFull => Work::Truncate(seat, Truncation::Tokens),
            Reply::Fault(fault) => Work::Abort(seat, fault),
        };
        slot.phase = Phase::Work(Box::new((number, job, Mutex::new(work))));
    }
}

fn assemble(job: &Job, agent: String, end: worker::End, tokens: TokenTrace) -> Played {
    let public = &job.task.as_ref().expect("a task without a public part is never played").public;
    let episode = Episode {
        key: job.key.clone(),
        task_id: public.id.clone(),
        category: public.category.clone(),
        scenario: public.scenario.clone(),
        agent,
        env_stream: job.env_stream,
        interface: interface_id(job),
        initial_state_hash: end.initial_state_hash,
        turns: end.turns,
        ending: end.ending,
        tokens,
    };
    Played { episode, verdict: end.verdict }
}

fn unplayable(job: &Job, fault: &Fault) -> Played {
    let episode = Episode {
        key: job.key.clone(),
        task_id: format!("{}/{}/{}", job.key.task.env, job.key.task.split, job.key.task.index),
        category: String::new(),
        scenario: String::new(),
        agent: String::new(),
        env_stream: job.env_stream,
        interface: interface_id(job),
        initial_state_hash: 0,
        turns: Vec::new(),
        ending: Ending::Faulted(fault.clone()),
        tokens: TokenTrace::default(),
    };
    Played { episode, verdict: Verdict::Unscored(fault.clone()) }
}

fn interface_id(job: &Job) -> coevo_core::id::ContentId {
    match &job.arena {
        Arena::Evolved(interface) => interface.id().clone(),
        Arena::Base => Interface::base().id().clone(),
    }
}
