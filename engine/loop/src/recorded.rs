//! A recorded run, ready to be executed again: its scenario, its environment, its tasks and interfaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use coevo_core::diagnose::{PriorityTable, diagnose};
use coevo_core::episode::{Ending, Episode, Fault, Truncation, Verdict};
use coevo_core::id::ContentId;
use coevo_core::interface::Interface;
use coevo_core::task::Task;
use coevo_envs::{Budgets, Env, EnvPlugin, EvalEnv, TrainEnv, verify};
use coevo_scenarios::{ResolvedScenario, Settings};
use coevo_trace::{EpisodeRecord, RunFile};

use crate::error::RunError;
use crate::run::{budgets, recorded_scenario};
use crate::tasks::Pools;

/// What the episodes of a run were played with.
pub struct Recorded {
    pub scenario: ResolvedScenario,
    pub pools: Pools,
    interfaces: BTreeMap<ContentId, Arc<Interface>>,
}

/// What one episode was played with: enough to play it again, in full or in part, as it was or otherwise.
#[derive(Clone)]
pub struct Case {
    pub plugin: EnvPlugin,
    pub task: Arc<Task>,
    pub interface: Arc<Interface>,
    pub budgets: Budgets,
    pub table: PriorityTable,
}

impl Recorded {
    /// # Errors
    /// Where the scenario or the interfaces cannot be read, or the environment cannot be loaded.
    pub fn open(file: &RunFile) -> Result<Self, RunError> {
        let scenario = recorded_scenario(file)?;
        let pools = Pools::load(&scenario.base)?;
        let interfaces = file.interfaces()?.into_iter().map(|(id, interface)| (id, Arc::new(interface))).collect();
        Ok(Self { scenario, pools, interfaces })
    }

    /// The settings of an arm; shared stages have the base's.
    pub fn settings(&self, arm: &str) -> &Settings {
        self.scenario.arm(arm).map_or(&self.scenario.base, |plan| &plan.settings)
    }

    /// What `episode` was played with.
    ///
    /// # Errors
    /// [`RunError::Unfit`] where its task can no longer be generated or its interface is not in the run.
    pub fn case(&self, episode: &Episode) -> Result<Case, RunError> {
        let name = coevo_trace::episode_name(&episode.key);
        let pool = self.pools.of(&episode.key.task.env);
        let task = pool.task(&episode.key.task).map_err(|fault| RunError::Unfit {
            message: format!("the task of {name} cannot be generated: {}", fault.message),
            hint: "the environment faulted; `coevo replay` shows what was recorded".to_owned(),
        })?;
        let interface = self.interfaces.get(&episode.interface).ok_or_else(|| RunError::Unfit {
            message: format!("interface {} of {name} is not in the run", episode.interface),
            hint: "the record is damaged; other episodes can still be read".to_owned(),
        })?;
        let settings = self.settings(&episode.key.arm);
        let table = PriorityTable::version(settings.diagnosis.table).expect("scenarios are checked for known tables");
        let plugin = pool.plugin().clone();
        Ok(Case { plugin, task, interface: Arc::clone(interface), budgets: budgets(settings), table }.fitted(episode))
    }
}

impl Case {
    /// With the budgets that the record implies: the steps of the turn that ran out, or at least those of the longest.
    pub fn fitted(mut self, episode: &Episode) -> Self {
        let steps = |turn: &coevo_core::episode::Turn| turn.steps.len() as u32;
        let ran_out = episode.turns.iter().find(|turn| turn.truncated == Some(Truncation::Steps)).map(steps);
        let longest = episode.turns.iter().map(steps).max().unwrap_or(0);
        let budget = self.budgets.steps_per_turn.max(longest + 1);
        self.budgets.steps_per_turn = ran_out.unwrap_or(budget);
        self
    }

    /// Begins the episode again, in an instance of its own.
    ///
    /// # Errors
    /// When the guest cannot be brought to the task's initial state.
    pub fn begin(&self, episode: &Episode) -> Result<Env, Fault> {
        let (plugin, task, stream) = (&self.plugin, &self.task.public, episode.env_stream);
        if self.interface.is_base() {
            EvalEnv::new(plugin, task, stream, &self.budgets).map(Env::from)
        } else {
            TrainEnv::new(plugin, task, stream, &self.budgets, Arc::clone(&self.interface)).map(Env::from)
        }
    }

    /// Ends an episode that was played otherwise, verifies and diagnoses it; `like` is the one it comes from.
    pub fn close(&self, env: Env, like: &Episode, agent: String) -> EpisodeRecord {
        let record = env.finish();
        let verdict = match &record.ending {
            Ending::Faulted(fault) => Verdict::Unscored(fault.clone()),
            Ending::Terminated | Ending::Truncated(_) => {
                verify(&self.plugin, &self.task, &record.turns, like.env_stream)
            }
        };
        let episode = Episode {
            agent,
            turns: record.turns,
            ending: record.ending,
            initial_state_hash: record.initial_state_hash,
            tokens: Default::default(),
            ..like.clone()
        };
        let diagnosis = diagnose(&episode, &verdict, &self.task.hidden, &self.table);
        EpisodeRecord { episode, verdict, diagnosis, training: None }
    }
}
