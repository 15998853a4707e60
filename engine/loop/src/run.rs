//! A whole run: the stages of a scenario in their order, each committed before the next begins.
//!
//! Going on with an interrupted run is the same code: stages and rounds that are committed are passed over, and the state
//! of the last one is read back. Whatever was under way when a run stopped is done again, with the same streams.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use coevo_agents::infer::grammar::Grammars;
use coevo_agents::learner::{CheckpointBytes, LearnerError};
use coevo_agents::{Backbone, Learner, ModelConfig, StepReport, Tokenizer, TrainReport, threads};
use coevo_core::advantage::EpisodeWeights;
use coevo_core::config::{Backend, Decoding, Start};
use coevo_core::diagnose::PriorityTable;
use coevo_core::episode::Stage;
use coevo_core::id::ContentId;
use coevo_core::interface::{Interface, Share, ShownWhen, Trial};
use coevo_core::task::{PublicTask, TaskRef};
use coevo_envs::{Budgets, EnvPlugin, EnvSource, Sandbox, SandboxLimits};
use coevo_scenarios::{ArmPlan, Checkpoints, ResolvedScenario, Settings, StageKind, StageNode};
use coevo_trace::{
    CheckpointFile, CommitKey, EpisodeRecord, Evaluation, OtherEnv, Phase, RoundCommit, RunFile, RunHeader,
    episode_name,
};
use serde_json::{Value, json};

use crate::clock::Stopwatch;
use crate::demonstrate::{Demonstrations, demonstrate, made_up};
use crate::error::RunError;
use crate::observer::{Activity, Event, Observer};
use crate::round::{
    ArmState, Batch, Branch, Diagnosed, Reading, Wave, diagnose_all, diagnosed, digest, groups, jobs, play_round,
    sequences, teaching_groups,
};
use crate::schedule::{Next, run_all};
use crate::slots::{Arena, Parallelism, Played, play};
use crate::summary::Summary;
use crate::tasks::{Pools, TaskPool};
use crate::testing::{Measure, is_evaluated};

const WEIGHTS: &str = "weights.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const TOKENIZER: &str = "tokenizer.json";
const CONFIG: &str = "config.json";

/// What the machine gives: nothing here reaches a result on the CPU.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Overrides the scenario's.
    pub backend: Option<Backend>,
    /// Of each arm.
    pub parallelism: Parallelism,
    /// Stages that run side by side, with equal shares of the cores.
    pub lanes: usize,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Finished,
    /// Stopped after saving; the reason names who asked.
    Stopped {
        reason: String,
    },
    /// Arms that could not go on (NaN loss, say), with the reason; the others finished.
    Partial {
        failed: BTreeMap<String, String>,
    },
}

/// Checks that the scenario fits its environment and begins a run folder.
///
/// # Errors
/// Bad input, before anything is written.
pub fn create(scenario: &ResolvedScenario, folder: &Path) -> Result<RunFile, RunError> {
    let pools = Pools::load(&scenario.base)?;
    check_fit(scenario, &pools)?;
    let plugin = pools.main.plugin();
    let header = RunHeader {
        scenario_yaml: scenario.to_yaml(),
        env: plugin.spec().clone(),
        component: plugin.component_id().to_string(),
        others: pools.transfer.iter().map(|pool| other(pool.plugin())).collect(),
        facts: BTreeMap::from([("scenario_id".to_owned(), json!(scenario.id()))]),
    };
    Ok(RunFile::create(folder, &header)?)
}

/// Checks a scenario against its environment without writing anything.
///
/// # Errors
/// As [`create`].
pub fn check(scenario: &ResolvedScenario) -> Result<(), RunError> {
    check_fit(scenario, &Pools::load(&scenario.base)?)
}

fn other(plugin: &EnvPlugin) -> OtherEnv {
    OtherEnv { env: plugin.spec().clone(), component: plugin.component_id().to_string() }
}

/// The scenario that a run was made with.
///
/// # Errors
/// Where it cannot be read by this version.
pub fn recorded_scenario(file: &RunFile) -> Result<ResolvedScenario, RunError> {
    let name = file.folder().join("scenario.yaml").display().to_string();
    Ok(ResolvedScenario::parse(&file.header().scenario_yaml, &name, file.folder(), &[])?)
}

/// Opens an interrupted run and reads its scenario back.
///
/// # Errors
/// Where the folder is no run, is damaged, or was made with another environment.
pub fn reopen(folder: &Path) -> Result<(RunFile, ResolvedScenario), RunError> {
    let file = RunFile::open(folder)?;
    let scenario = recorded_scenario(&file)?;
    let pools = Pools::load(&scenario.base)?;
    let header = file.header();
    let recorded = std::iter::once(&header.component).chain(header.others.iter().map(|other| &other.component));
    for (pool, recorded) in std::iter::once(&pools.main).chain(&pools.transfer).zip(recorded) {
        let plugin = pool.plugin();
        if plugin.component_id().as_str() != *recorded {
            return Err(RunError::Unfit {
                message: format!(
                    "the environment `{}` is not the one this run was made with ({recorded} then, {} now)",
                    plugin.spec().name,
                    plugin.component_id()
                ),
                hint: "put the old component back, or start a new run".to_owned(),
            });
        }
    }
    Ok((file, scenario))
}

/// The environment of `settings`, in a sandbox with its limits.
///
/// # Errors
/// As [`EnvPlugin::load`].
pub fn load_plugin(settings: &Settings) -> Result<EnvPlugin, RunError> {
    load_environment(settings, &settings.environment.name)
}

/// Another environment, under the same limits.
///
/// # Errors
/// As [`EnvPlugin::load`].
pub fn load_environment(settings: &Settings, name: &str) -> Result<EnvPlugin, RunError> {
    let budgets = &settings.budgets;
    let limits = SandboxLimits {
        fuel_per_call: budgets.fuel_per_call,
        memory_bytes: u64::from(budgets.memory_mib) << 20,
        output_bytes: budgets.output_kib.saturating_mul(1024),
        ..SandboxLimits::default()
    };
    let source: EnvSource = name.parse().expect("any text names a source");
    Ok(EnvPlugin::load(&Sandbox::new(limits)?, &source)?)
}

fn check_fit(scenario: &ResolvedScenario, pools: &Pools) -> Result<(), RunError> {
    let (environment, evaluation) = (&scenario.base.environment, &scenario.base.evaluation);
    for arm in &scenario.arms {
        backbone(&arm.settings)?;
    }
    let main = &pools.main;
    let mut wanted = vec![
        ("environment.train".to_owned(), "train", environment.train, main),
        ("evaluation.dev_tasks".to_owned(), "dev", evaluation.dev_tasks, main),
        ("evaluation.test_tasks".to_owned(), "test", evaluation.test_tasks, main),
    ];
    for (number, (transfer, pool)) in evaluation.transfer.iter().zip(&pools.transfer).enumerate() {
        let name = &pool.plugin().spec().name;
        let before = std::iter::once(main).chain(&pools.transfer[..number]);
        if before.into_iter().any(|other| other.plugin().spec().name == *name) {
            return Err(RunError::Unfit {
                message: format!("`evaluation.transfer[{number}].environment` is `{name}`, which the run has already"),
                hint: "name an environment that is not trained on, and each only once".to_owned(),
            });
        }
        wanted.push((format!("evaluation.transfer[{number}].tasks"), "test", transfer.tasks, pool));
        if transfer.demonstrations > 0 {
            wanted.push(("environment.train".to_owned(), "train", environment.train, pool));
        }
    }
    for (key, split, tasks, pool) in wanted {
        let spec = pool.plugin().spec();
        let has = spec.splits.iter().find(|known| known.name == split).map_or(0, |known| known.tasks);
        if tasks > has {
            return Err(RunError::Unfit {
                message: format!(
                    "`{key}` is {tasks}, but the split `{split}` of environment `{}` has {has} tasks",
                    spec.name
                ),
                hint: format!("use at most {has}"),
            });
        }
    }
    Ok(())
}

/// Runs every stage that is not committed yet.
///
/// # Errors
/// I/O, and faults of the whole run; a fault of one episode is data, a failure of one arm ends that arm.
pub fn drive(
    scenario: &ResolvedScenario,
    file: &mut RunFile,
    machine: Machine,
    stop: &AtomicBool,
    observer: &mut dyn Observer,
) -> Result<Ended, RunError> {
    let pools = Pools::load(&scenario.base)?;
    let budget = scenario.base.budgets.wall_clock_minutes;
    let Machine { backend, parallelism, lanes } = machine;
    let run = Run {
        scenario,
        file: Mutex::new(file),
        backend,
        parallelism,
        stop,
        observer: Mutex::new(Watch { observer, shown: String::new() }),
        pools,
        watch: Stopwatch::start(),
        budget,
        failed: Mutex::default(),
    };
    let ended: Mutex<Option<Result<String, RunError>>> = Mutex::new(None);
    run_all(&scenario.plan.stages, lanes, &|stage, abreast| {
        // Alone it has the learner's threads of all lanes: a warm start, mostly.
        let threads = threads::available().div_ceil(abreast);
        let done = if abreast > 1 { threads::confined(threads, || run.outcome(stage)) } else { run.outcome(stage) };
        match done {
            Ok(None) => Next::GoOn,
            Ok(Some(reason)) => {
                ended.lock().expect("no panic").get_or_insert(Ok(reason));
                Next::Stop
            }
            Err(error) => {
                // What broke matters more than that someone asked to stop.
                let mut ended = ended.lock().expect("no panic");
                if !matches!(*ended, Some(Err(_))) {
                    *ended = Some(Err(error));
                }
                Next::Stop
            }
        }
    });
    let failed = run.failed.into_inner().expect("no panic");
    match ended.into_inner().expect("no panic") {
        Some(Err(error)) => Err(error),
        Some(Ok(reason)) => Ok(Ended::Stopped { reason }),
        None if failed.is_empty() => Ok(Ended::Finished),
        None => Ok(Ended::Partial { failed }),
    }
}

/// A run under way. Stages of several arms may hold it at once: what they write goes through one file, in turn, and each
/// commit is whole by itself, so that their order reaches nothing that is read back.
pub(crate) struct Run<'a> {
    scenario: &'a ResolvedScenario,
    file: Mutex<&'a mut RunFile>,
    backend: Option<Backend>,
    pub(crate) parallelism: Parallelism,
    stop: &'a AtomicBool,
    observer: Mutex<Watch<'a>>,
    pub(crate) pools: Pools,
    watch: Stopwatch,
    /// Minutes.
    budget: Option<f64>,
    /// Arms that could not go on, with the reason.
    failed: Mutex<BTreeMap<String, String>>,
}

/// The observer, and the arm whose progress it shows: the one that began something last.
struct Watch<'a> {
    observer: &'a mut dyn Observer,
    shown: String,
}

/// The arms an error belongs to, and the error.
type ArmError = (Vec<String>, RunError);

impl<'r> Run<'r> {
    fn must_stop(&self) -> Option<String> {
        if self.stop.load(Ordering::Relaxed) {
            return Some("interrupted".to_owned());
        }
        let over = self.budget.is_some_and(|minutes| self.watch.elapsed_ms() > minutes * 60_000.0);
        over.then(|| "budgets.wall_clock_minutes is used up".to_owned())
    }

    pub(crate) fn arm(&self, name: &str) -> &ArmPlan {
        self.scenario.arm(name).expect("plans name arms of the scenario")
    }

    pub(crate) fn file(&self) -> MutexGuard<'_, &'r mut RunFile> {
        self.file.lock().expect("no panic while the run file is held")
    }

    /// Runs one stage; a reason where the run must stop. The failure of one arm ends that arm.
    fn outcome(&self, stage: &StageNode) -> Result<Option<String>, RunError> {
        if let Some(reason) = self.must_stop() {
            return Ok(Some(reason));
        }
        let failed = self.failed.lock().expect("no panic").clone();
        match self.stage(stage, &failed) {
            Ok(reason) => Ok(reason),
            Err((arms, error)) if error.is_of_an_arm() => {
                for arm in arms {
                    let reason = format!("{error}; {}", self.last_good(&arm)?);
                    self.tell(&Event::Ended { arm: &arm, line: &format!("stopped: {reason}") });
                    self.failed.lock().expect("no panic").insert(arm, reason);
                }
                Ok(None)
            }
            Err((_, error)) => Err(error),
        }
    }

    /// Runs one stage; a reason where the run must stop.
    fn stage(&self, stage: &StageNode, failed: &BTreeMap<String, String>) -> Result<Option<String>, ArmError> {
        let lost = |arm: &String| failed.contains_key(arm);
        match &stage.kind {
            StageKind::WarmStart { arms } => {
                self.warm_start(&stage.id, &arms[0]).map(|()| None).map_err(|e| (arms.clone(), e))
            }
            StageKind::Baseline { arms } if arms.iter().all(lost) => Ok(None),
            StageKind::Baseline { arms } => {
                let warm = stage.needs[0].clone();
                self.baseline(&stage.id, &warm, &arms[0]).map(|()| None).map_err(|e| (arms.clone(), e))
            }
            StageKind::Rounds { arm, .. } | StageKind::FinalTest { arm } if lost(arm) => Ok(None),
            StageKind::Rounds { arm, rounds } => {
                let from = self.arm(arm).sequel.start_from.clone();
                let result = match from.filter(lost) {
                    Some(from) => Err(RunError::Orphaned { from }),
                    None => self.rounds(arm, *rounds),
                };
                result.map_err(|e| (vec![arm.clone()], e))
            }
            StageKind::FinalTest { arm } => self.final_test(arm).map(|()| None).map_err(|e| (vec![arm.clone()], e)),
            StageKind::Report => Ok(None),
        }
    }

    /// What an arm that cannot go on leaves behind.
    fn last_good(&self, arm: &str) -> Result<String, RunError> {
        Ok(match self.file().rounds(arm)?.last() {
            Some(round) => format!("its last good checkpoint is that of round {round}"),
            None => "it has no round of its own: its origin is untouched".to_owned(),
        })
    }

    pub(crate) fn committed(&self, arm: &str, phase: Phase, round: u32) -> Result<bool, RunError> {
        Ok(self.file().commit_record(&CommitKey { arm: arm.to_owned(), phase, round })?.is_some())
    }

    fn backend(&self, settings: &Settings) -> Backend {
        self.backend.unwrap_or(settings.learner.backend)
    }

    fn warm_start(&self, id: &str, arm: &str) -> Result<(), RunError> {
        if self.committed(id, Phase::WarmStart, 0)? {
            return Ok(());
        }
        let settings = self.arm(arm).settings.clone();
        let watch = Stopwatch::start();
        let warm = &settings.agent.warm_start;
        let backbone = backbone(&settings)?;
        let (backend, seed) = (self.backend(&settings), settings.seed);
        let synthetic = made_up(&settings);
        let known = backbone.as_ref().map(|backbone| &backbone.tokenizer);
        let shown = match (synthetic, known) {
            (None, known) => self.demonstrations(id, &settings, known)?,
            (Some(_), Some(known)) => Demonstrations::none(known.clone()),
            (Some(drawn), None) => {
                let tokenizer = drawn.tokenizer(warm.episodes, &settings.agent.tokenizer)?;
                Demonstrations::none(tokenizer.with_recall(settings.agent.model.recall))
            }
        };
        let demonstrated_ms = watch.elapsed_ms();
        let mut learner = match backbone {
            Some(backbone) => Learner::begin_with(backbone, backend, seed)?,
            None => Learner::new(&settings.agent.model, shown.tokenizer.clone(), backend, seed)?,
        };
        self.began(id, Activity::Imitate, 0, 0, warm.imitation.steps as usize);
        if let Some(note) = learner.backend_note() {
            self.tell(&Event::Note(note));
        }
        let mut progress = self.progress(id);
        let mut on_step = |step: &StepReport| {
            progress(step.step as usize + 1);
            if (step.step + 1).is_multiple_of(step.steps.div_ceil(8).max(1)) {
                let line = format!("imitation step {}/{}: loss {:.3}", step.step + 1, step.steps, step.loss);
                self.tell(&Event::Ended { arm: id, line: &line });
            }
        };
        let report = match synthetic {
            Some(drawn) => {
                let mut draw = |step| drawn.step(&shown.tokenizer, step, warm.imitation.batch);
                learner.imitate_drawn(&mut draw, &warm.imitation, &mut on_step)?
            }
            None if shown.sequences.is_empty() => TrainReport::default(),
            None => learner.imitate_with(&shown.sequences, &warm.imitation, &mut on_step)?,
        };
        let metrics = train_metrics("imitate", &report);
        let timings = BTreeMap::from([
            ("demonstrate".to_owned(), demonstrated_ms),
            ("imitate".to_owned(), watch.elapsed_ms() - demonstrated_ms),
        ]);
        let table = table(&settings);
        let label = |played: Played| {
            let pool = self.pools.of(&played.episode.key.task.env);
            record(diagnosed(played, pool, &table))
        };
        let episodes: Vec<EpisodeRecord> = shown.played.into_iter().map(label).collect();
        let tasks = self.tasks_of(&episodes);
        let mut interfaces = shown.interfaces;
        interfaces.push(Interface::base());
        let checkpoint = files(&learner.checkpoint());
        self.file().commit(&RoundCommit {
            episodes: &episodes,
            tasks: &tasks,
            interfaces: &interfaces,
            metrics: &metrics,
            checkpoint: &checkpoint,
            timings_ms: &timings,
            ..RoundCommit::empty(CommitKey { arm: id.to_owned(), phase: Phase::WarmStart, round: 0 })
        })?;
        let count = if synthetic.is_some() { report.sequences } else { shown.sequences.len() as u64 };
        let line = format!(
            "warm start: {} demonstrations, {} tokens, loss {:.3}, {:.1} k tokens/s",
            count,
            report.tokens,
            report.loss,
            report.tokens as f64 / timings["imitate"].max(1.0)
        );
        self.tell(&Event::Ended { arm: id, line: &line });
        Ok(())
    }

    /// The oracle's demonstrations, with a word about those that cannot be cloned.
    fn demonstrations(
        &self,
        id: &str,
        settings: &Settings,
        tokenizer: Option<&Tokenizer>,
    ) -> Result<Demonstrations, RunError> {
        let elsewhere = settings.evaluation.transfer.iter().map(|transfer| transfer.demonstrations);
        let pools: Vec<(&TaskPool, u32)> = std::iter::once((&self.pools.main, settings.agent.warm_start.episodes))
            .chain(self.pools.transfer.iter().zip(elsewhere))
            .collect();
        let episodes: usize = pools.iter().map(|(_, episodes)| *episodes as usize).sum();
        if let (0, Some(tokenizer)) = (episodes, tokenizer) {
            return Ok(Demonstrations::none(tokenizer.clone()));
        }
        self.began(id, Activity::Demonstrate, 0, 0, episodes);
        let (budgets, parallelism) = (budgets(settings), self.parallelism);
        let shown = demonstrate(id, &pools, settings, tokenizer, &budgets, parallelism, &mut self.progress(id))?;
        let faults = shown.played.iter().filter(|played| played.verdict.reward().is_none()).count();
        if faults > 0 {
            let line = format!("{faults} of {} demonstrations ended in a fault and are unscored", shown.played.len());
            self.tell(&Event::Note(&line));
        }
        let context = settings.agent.model.context;
        let left_out = shown.played.len() - shown.sequences.len() - faults;
        if left_out > 0 {
            let line = format!(
                "{left_out} of {} demonstrations are left out: they failed, or have more tokens than agent.model.context ({context})",
                shown.played.len(),
            );
            self.tell(&Event::Note(&line));
        }
        if shown.sequences.is_empty() {
            return Err(RunError::Unfit {
                message: "no demonstration can be cloned: none succeeded within the context window".to_owned(),
                hint: format!("raise agent.model.context ({context}) or agent.tokenizer.vocabulary"),
            });
        }
        Ok(shown)
    }

    /// All rounds of an arm that are not committed; a reason where the run must stop.
    fn rounds(&self, arm: &str, rounds: u32) -> Result<Option<String>, RunError> {
        let done = self.file().rounds(arm)?.last().copied().unwrap_or(0);
        if done >= rounds {
            return Ok(None);
        }
        let settings = self.arm(arm).settings.clone();
        let origin = self.origin(arm);
        let origin = self.checkpoint(&origin)?;
        let mut learner = Learner::restore(&origin, self.backend(&settings))?;
        let mut state = ArmState::initial(self.pools.main.plugin().spec(), &settings);
        if done > 0 {
            let key = CommitKey { arm: arm.to_owned(), phase: Phase::Round, round: done };
            learner = Learner::restore(&self.checkpoint(&key)?, self.backend(&settings))?;
            let opaque = self.file().commit_record(&key)?.map(|commit| commit.state).unwrap_or_default();
            state = serde_json::from_slice(&opaque).map_err(|error| RunError::Unfit {
                message: format!("the state of `{arm}` after round {done} cannot be read: {error}"),
                hint: "was this run written by another version?".to_owned(),
            })?;
        }
        for round in 1..done {
            self.forget(arm, &settings, round)?;
        }
        for round in done + 1..=rounds {
            state = self.round(arm, &settings, &state, &mut learner, round)?;
            self.forget(arm, &settings, round - 1)?;
            if let Some(reason) = self.must_stop() {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    /// The checkpoint of an arm after `round`; what it begins with is that after round 0.
    pub(crate) fn after(&self, arm: &str, round: u32) -> CommitKey {
        match round {
            0 => self.origin(arm),
            round => CommitKey { arm: arm.to_owned(), phase: Phase::Round, round },
        }
    }

    /// Drops the checkpoint of a round that is over, where the scenario keeps only some.
    fn forget(&self, arm: &str, settings: &Settings, round: u32) -> Result<(), RunError> {
        let kept = settings.learner.checkpoints == Checkpoints::All || is_evaluated(settings, round) || round == 0;
        if !kept {
            self.file().drop_checkpoint(&CommitKey { arm: arm.to_owned(), phase: Phase::Round, round })?;
        }
        Ok(())
    }

    /// The checkpoint that an arm begins with.
    fn origin(&self, arm: &str) -> CommitKey {
        if let Some(from) = &self.arm(arm).sequel.start_from {
            return self.after(from, self.arm(from).settings.learner.rounds);
        }
        let mut stages = self.scenario.plan.stages.iter();
        let warm = stages.find_map(|stage| match &stage.kind {
            StageKind::WarmStart { arms } if arms.iter().any(|name| name == arm) => Some(stage.id.clone()),
            _ => None,
        });
        CommitKey { arm: warm.expect("every arm has an origin"), phase: Phase::WarmStart, round: 0 }
    }

    fn round(
        &self,
        arm: &str,
        settings: &Settings,
        state: &ArmState,
        learner: &mut Learner,
        round: u32,
    ) -> Result<ArmState, RunError> {
        let mut timings = BTreeMap::new();
        let mut watch = Stopwatch::start();
        let mut lap = |name: &str| {
            timings.insert(name.to_owned(), watch.lap_ms());
        };
        let (learning, spec) = (&settings.learner, self.pools.main.plugin().spec().clone());

        // plan → rollout → verify → diagnose
        let policy = learner.policy();
        let (mut episodes, extra_tasks) = play_round(settings, round, |wave| {
            let (pool, arena) = (&self.pools.main, state.arena());
            let mut second_tries: Vec<Option<Arc<Interface>>> = Vec::new();
            let jobs = match wave {
                Wave::Tasks { indices, replicas, cues } => {
                    let batch =
                        Batch { arm, stage: Stage::Train, round, seed: settings.seed, replicas: learning.group };
                    let mut jobs = jobs(batch, pool, "train", indices, &arena);
                    jobs.retain(|job| replicas.contains(&job.key.replica));
                    state.deal(jobs, cues, settings)
                }
                Wave::Branches(branches) => {
                    second_tries = branches.iter().map(|branch| state.second_try(branch.failed, settings)).collect();
                    let job = |(branch, picked): (&Branch<'_>, &Option<Arc<Interface>>)| match picked {
                        Some(picked) => branch.job(pool, &Arena::Evolved(Arc::clone(picked))),
                        None => branch.job(pool, &arena),
                    };
                    state.deal(branches.iter().zip(&second_tries).map(job).collect(), true, settings)
                }
            };
            self.began(arm, Activity::Rollout, round, learning.rounds, jobs.len());
            let agent = Box::new(policy.agent(settings.agent.sampling, &spec.tools));
            let (played, _) = play(jobs, agent, &budgets(settings), self.parallelism, &mut self.progress(arm));
            let mut diagnosed = diagnose_all(played, &self.pools.main, &table(settings));
            for (episode, picked) in diagnosed.iter_mut().zip(second_tries) {
                episode.second_try = picked;
            }
            diagnosed
        });
        lap("rollout");

        // assess → evolve, weigh
        let next = digest(state, &mut episodes, &spec, settings, round);
        lap("diagnose");

        // learn
        let constrained = settings.agent.sampling.decoding == Decoding::Grammar;
        let grammars = constrained.then(|| Grammars::new(learner.tokenizer(), &spec.tools));
        let reading = Reading {
            pool: &self.pools.main,
            tokenizer: &learner.tokenizer().clone(),
            grammars: grammars.as_ref(),
            train_on: settings.evolution.train_on,
        };
        let (found, elsewhere) = sequences(&episodes, &reading);
        let (names, mut batch): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let shift = if elsewhere { learner.rescore(&mut batch) } else { 0.0 };
        self.began(arm, Activity::Learn, round, learning.rounds, 0);
        let report = if batch.is_empty() {
            TrainReport::default()
        } else {
            learner.reinforce(&batch, &learning.rl).map_err(|source| {
                let batch = match &source {
                    LearnerError::Diverged { sequences, .. } => {
                        sequences.iter().map(|i| episode_name(names[*i])).collect()
                    }
                    _ => Vec::new(),
                };
                RunError::Round { round, batch, source }
            })?
        };
        lap("learn");
        let train = Summary::of(episodes.iter().filter(|e| !e.is_branch(settings)));
        let mut metrics = train_metrics("learn", &report);
        if elsewhere {
            metrics.insert("learn/cue_shift".to_owned(), shift);
        }
        metrics.insert("train/success".to_owned(), train.success());
        metrics.insert("train/faults".to_owned(), f64::from(train.unscored));
        let groups = groups(&episodes).count();
        let teaching = teaching_groups(&episodes, settings) as f64;
        metrics.insert("train/groups_with_variance".to_owned(), teaching / groups.max(1) as f64);
        metrics.insert("train/rollouts".to_owned(), episodes.len() as f64);
        metrics.insert("train/branches".to_owned(), episodes.iter().filter(|e| e.is_branch(settings)).count() as f64);
        metrics.insert("train/extra_tasks".to_owned(), extra_tasks as f64);
        let mut trial = Trial::default();
        episodes.iter().filter_map(Diagnosed::retry).for_each(|retry| trial.add(&retry));
        for (name, Share { failed, of }) in [("with_cues", trial.with), ("without", trial.without)] {
            if of > 0 {
                metrics.insert(format!("retry/{name}"), f64::from(of - failed) / f64::from(of));
                metrics.insert(format!("retry/{name}_of"), f64::from(of));
            }
        }
        metrics.insert("interface/cues".to_owned(), state.evolution.interface.cues().len() as f64);
        let mut line = format!("round {round}/{}: train {train}", learning.rounds);
        if extra_tasks > 0 {
            line.push_str(&format!(", {extra_tasks} tasks added"));
        }

        // evaluate with the base interface; probe with the evolved one
        let mut evaluations = Vec::new();
        let mut interfaces = vec![state.evolution.interface.clone(), Interface::base()];
        let picked = episodes.iter().filter_map(|e| e.second_try.as_deref());
        let picked: BTreeMap<&ContentId, &Interface> = picked.map(|picked| (picked.id(), picked)).collect();
        interfaces.extend(picked.into_values().cloned());
        if is_evaluated(settings, round) {
            let (policy, tasks) = (learner.policy(), settings.evaluation.dev_tasks);
            let batch = Batch { arm, stage: Stage::Dev, round, seed: settings.seed, replicas: 1 };
            let (pool, split, arena) = (&self.pools.main, "dev", &Arena::Base);
            let measure = Measure { batch, what: Activity::Evaluate, pool, split, tasks, arena };
            let dev = self.measure(&measure, settings, &policy);
            let summary = Summary::of(&dev);
            line.push_str(&format!(" | dev {:.1} %", 100.0 * summary.success()));
            metrics.insert("dev/success".to_owned(), summary.success());
            evaluations.push(Evaluation { stage: Stage::Dev, summary: json!(summary) });
            // Cues of second tries are shown to nobody from the beginning.
            let retried = settings.evolution.shown_when == ShownWhen::Retry;
            if settings.evaluation.probe && !retried && !next.evolution.interface.is_base() {
                let batch = Batch { stage: Stage::Probe, ..batch };
                let measure = Measure { batch, what: Activity::Probe, arena: &next.arena(), ..measure };
                let probe = self.measure(&measure, settings, &policy);
                let with_cues = Summary::of(&probe);
                let gap = with_cues.success() - summary.success();
                line.push_str(&format!(" (with cues {:+.1})", 100.0 * gap));
                metrics.insert("probe/success".to_owned(), with_cues.success());
                metrics.insert("probe/weaning_gap".to_owned(), gap);
                evaluations.push(Evaluation { stage: Stage::Probe, summary: json!(with_cues) });
                interfaces.push(next.evolution.interface.clone());
                episodes.extend(probe);
            }
            episodes.extend(dev);
            lap("evaluate");
        }

        // commit
        let records: Vec<EpisodeRecord> = episodes.into_iter().map(record).collect();
        let tasks = self.tasks_of(&records);
        let checkpoint = files(&learner.checkpoint());
        let profile: Value = json!(next.profile);
        let opaque = serde_json::to_vec(&next).expect("our own types serialize");
        self.file().commit(&RoundCommit {
            episodes: &records,
            tasks: &tasks,
            interfaces: &interfaces,
            lineage: &next.evolution.lineage,
            profile: Some(&profile),
            evaluations: &evaluations,
            metrics: &metrics,
            state: &opaque,
            checkpoint: &checkpoint,
            timings_ms: &timings,
            ..RoundCommit::empty(CommitKey { arm: arm.to_owned(), phase: Phase::Round, round })
        })?;
        let cues = next.evolution.interface.cues().len();
        line.push_str(&format!(
            " | kl {:.4}, clip {:.2}, drift {:.0e} | cues {cues} | {:.1} s rollout, {:.1} s learn",
            report.kl,
            report.clip_fraction,
            report.drift,
            timings["rollout"] / 1000.0,
            timings["learn"] / 1000.0
        ));
        self.tell(&Event::Ended { arm, line: &line });
        Ok(next)
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.observer.lock().expect("observers do not panic").observer.event(event);
    }

    pub(crate) fn began(&self, arm: &str, what: Activity, round: u32, rounds: u32, total: usize) {
        let mut watch = self.observer.lock().expect("observers do not panic");
        arm.clone_into(&mut watch.shown);
        watch.observer.event(&Event::Began { arm, what, round, rounds, total });
    }

    /// Tells of progress in what an arm began, while no other arm has begun something since.
    pub(crate) fn progress<'b>(&'b self, arm: &'b str) -> impl FnMut(usize) + 'b {
        move |done| {
            let mut watch = self.observer.lock().expect("observers do not panic");
            if watch.shown == arm {
                watch.observer.event(&Event::Progress { done });
            }
        }
    }

    pub(crate) fn checkpoint(&self, key: &CommitKey) -> Result<CheckpointBytes, RunError> {
        read_checkpoint(&self.file(), key)
    }

    pub(crate) fn tasks_of(&self, episodes: &[EpisodeRecord]) -> Vec<(TaskRef, PublicTask)> {
        let mut tasks = BTreeMap::new();
        for record in episodes {
            let reference = &record.episode.key.task;
            if let Ok(task) = self.pools.of(&reference.env).task(reference) {
                tasks.entry(reference.clone()).or_insert_with(|| task.public.clone());
            }
        }
        tasks.into_iter().collect()
    }
}

/// What an episode may spend.
pub fn budgets(settings: &Settings) -> Budgets {
    Budgets { steps_per_turn: settings.budgets.steps_per_turn }
}

/// The learner that a commit saved.
///
/// # Errors
/// Where there is no such checkpoint, or it is damaged.
pub fn read_checkpoint(run: &RunFile, key: &CommitKey) -> Result<CheckpointBytes, RunError> {
    let mut files: BTreeMap<String, Vec<u8>> =
        run.checkpoint(key)?.into_iter().map(|file| (file.name, file.bytes)).collect();
    let mut take = |name: &str| files.remove(name).unwrap_or_default();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(CheckpointBytes {
        weights: take(WEIGHTS),
        optimizer: take(OPTIMIZER),
        tokenizer: text(take(TOKENIZER)),
        config: text(take(CONFIG)),
    })
}

/// What a policy begins as; `None` where it begins fresh.
fn backbone(settings: &Settings) -> Result<Option<Backbone>, RunError> {
    let (model, start) = (&settings.agent.model, String::from(settings.agent.start.clone()));
    let backbone = match &settings.agent.start {
        Start::Fresh => return Ok(None),
        Start::Backbone => Backbone::shipped(),
        Start::Folder(path) => Backbone::from_folder(Path::new(path))?,
    };
    let shape = ModelConfig { context: model.context, ..backbone.config().clone() };
    let untouched = ModelConfig { context: model.context, ..ModelConfig::default() };
    if *model != shape && *model != untouched {
        return Err(RunError::Unfit {
            message: format!(
                "`agent.model` has {} layers of width {}, but `agent.start` ({start}) has {} of width {}",
                model.layers, model.width, shape.layers, shape.width
            ),
            hint: "leave all of `agent.model` out but `context`: the shape is that of the start".to_owned(),
        });
    }
    Ok(Some(backbone.with_context(model.context)))
}

pub(crate) fn table(settings: &Settings) -> PriorityTable {
    PriorityTable::version(settings.diagnosis.table).expect("scenarios are checked for known tables")
}

pub(crate) fn record(diagnosed: Diagnosed) -> EpisodeRecord {
    EpisodeRecord {
        episode: diagnosed.played.episode,
        verdict: diagnosed.played.verdict,
        diagnosis: diagnosed.diagnosis,
        training: diagnosed.weights.filter(EpisodeWeights::teaches),
    }
}

fn files(checkpoint: &CheckpointBytes) -> Vec<CheckpointFile> {
    let file = |name: &str, bytes: &[u8]| CheckpointFile { name: name.to_owned(), bytes: bytes.to_vec() };
    vec![
        file(WEIGHTS, &checkpoint.weights),
        file(OPTIMIZER, &checkpoint.optimizer),
        file(TOKENIZER, checkpoint.tokenizer.as_bytes()),
        file(CONFIG, checkpoint.config.as_bytes()),
    ]
}

fn train_metrics(prefix: &str, report: &TrainReport) -> BTreeMap<String, f64> {
    let off = report.off_policy.map(|off| {
        [
            ("off_policy_drift", off.drift),
            ("ratio_mean", off.ratio_mean),
            ("ratio_min", off.ratio_min),
            ("ratio_max", off.ratio_max),
            ("effective_share", off.effective_share),
        ]
    });
    [
        ("loss", report.loss),
        ("kl", report.kl),
        ("entropy", report.entropy),
        ("clip_fraction", report.clip_fraction),
        ("dual_clip_fraction", report.dual_clip_fraction),
        ("grad_norm", report.grad_norm),
        ("drift", report.drift),
        ("tokens", report.tokens as f64),
        ("action_tokens", report.action_tokens as f64),
        ("sequences", report.sequences as f64),
        ("steps", f64::from(report.steps)),
    ]
    .into_iter()
    .chain(off.into_iter().flatten())
    .map(|(name, value)| (format!("{prefix}/{name}"), value))
    .collect()
}

/// Where the test measurements of an arm are: the arm of its baseline, if it has one, and (arm, round) of its final test.
pub fn test_commits(scenario: &ResolvedScenario, arm: &str) -> (Option<String>, (String, u32)) {
    let baseline = scenario.plan.stages.iter().find_map(|stage| match &stage.kind {
        StageKind::Baseline { arms } if arms.iter().any(|name| name == arm) => Some(stage.id.clone()),
        _ => None,
    });
    let rounds = scenario.arm(arm).map_or(0, |plan| plan.settings.learner.rounds);
    (baseline, (arm.to_owned(), rounds))
}
