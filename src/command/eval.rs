//! `coevo eval`: an agent on held-out tasks with the base environment.

use std::collections::BTreeMap;
use std::process::ExitCode;

use coevo_agents::agents::{DoNothing, Human, Oracle, Random, Script};
use coevo_agents::{Agent, Learner, SampleConfig};
use coevo_core::config::Backend;
use coevo_core::diagnose::PriorityTable;
use coevo_core::episode::Stage;
use coevo_core::label::Label;
use coevo_core::stats::wilson;
use coevo_envs::{Budgets, EnvPlugin};
use coevo_loop::observer::{Activity, Event, Observer};
use coevo_loop::round::{Batch, diagnose_all, jobs};
use coevo_loop::run;
use coevo_loop::slots::{Arena, Parallelism, play};
use coevo_loop::summary::Summary;
use coevo_loop::tasks::TaskPool;
use coevo_loop::testing::SELECTED;
use coevo_scenarios::Settings;
use coevo_trace::{Phase, RunFile};

use super::{Done, Failure, env, machine, print_json};
use crate::cli::{EvalArgs, Player};
use crate::progress::Progress;

/// `coevo eval`.
pub fn eval(args: &EvalArgs) -> Done {
    let recorded = args.run.as_ref().map(|folder| RunFile::open_read_only(folder)).transpose()?;
    let settings = recorded.as_ref().map(|run| settings_of(run, args)).transpose()?;
    let plugin = match (&args.env, &settings) {
        (Some(name), _) => env::load(name)?,
        (None, Some(settings)) => run::load_plugin(settings)?,
        (None, None) => return Err(Failure::bad_input("name a run folder, or an environment with --env NAME")),
    };
    let split = plugin.spec().splits.iter().find(|split| split.name == args.split).ok_or_else(|| {
        let names: Vec<&str> = plugin.spec().splits.iter().map(|split| split.name.as_str()).collect();
        Failure::bad_input(format!("--split {}: no such split\n  hint: there are {}", args.split, names.join(", ")))
    })?;
    if args.tasks == 0 || args.tasks > split.tasks {
        return Err(Failure::bad_input(format!(
            "--tasks {}: the split `{}` has {} tasks\n  hint: use 1 to {}",
            args.tasks, split.name, split.tasks, split.tasks
        )));
    }
    let pool = TaskPool::new(plugin, args.seed);
    let indices: Vec<u32> = (0..args.tasks).collect();
    let batch = Batch { arm: "eval", stage: Stage::Test, round: 0, seed: args.seed, replicas: 1 };
    let jobs = jobs(batch, &pool, &args.split, &indices, &Arena::Base);
    let agent = agent(args, &pool, recorded.as_ref(), settings.as_ref())?;
    let name = agent.name();
    let human = args.agent == Player::Human;
    let parallelism = if human { Parallelism { slots: 1, workers: 1 } } else { machine(&args.machine, []).parallelism };
    let mut progress = Progress::new();
    if !human {
        let total = jobs.len();
        progress.event(&Event::Began { arm: &name, what: Activity::Test, round: 0, rounds: 0, total });
    }
    let budgets = settings.as_ref().map_or_else(Budgets::default, run::budgets);
    let (played, _) = play(jobs, agent, &budgets, parallelism, &mut |done| progress.event(&Event::Progress { done }));
    drop(progress);
    let table = PriorityTable::version(1).expect("the first table");
    let summary = Summary::of(&diagnose_all(played, &pool, &table));
    if args.json {
        print_json(&summary);
    } else {
        show(&name, pool.plugin(), args, &summary);
    }
    Ok(ExitCode::SUCCESS)
}

fn settings_of(run: &RunFile, args: &EvalArgs) -> Result<Settings, Failure> {
    let scenario = run::recorded_scenario(run)?;
    let Some(arm) = &args.arm else { return Ok(scenario.arms.last().expect("a scenario has an arm").settings.clone()) };
    match scenario.arm(arm) {
        Some(plan) => Ok(plan.settings.clone()),
        // Shared stages such as the warm start have the base settings.
        None if run.arms()?.contains(arm) => Ok(scenario.base),
        None => Err(Failure::bad_input(format!(
            "--arm {arm}: no such arm in this run\n  hint: there are {}",
            run.arms()?.join(", ")
        ))),
    }
}

fn agent(
    args: &EvalArgs,
    pool: &TaskPool,
    run: Option<&RunFile>,
    settings: Option<&Settings>,
) -> Result<Box<dyn Agent>, Failure> {
    let tools = || pool.plugin().spec().tools.clone();
    Ok(match args.agent {
        Player::Oracle => {
            let mut labels = BTreeMap::new();
            for index in 0..args.tasks {
                if let Ok(task) = pool.task(&pool.task_ref(&args.split, index)) {
                    labels.insert(task.public.id.clone(), task.hidden.clone());
                }
            }
            Box::new(Oracle::new(labels))
        }
        Player::Random => Box::new(Random::new(tools())),
        Player::DoNothing => Box::new(DoNothing),
        Player::Human => Box::new(Human::default()),
        Player::Script => {
            let Some(path) = &args.script else {
                return Err(Failure::bad_input("--agent script needs --script FILE, one text a line"));
            };
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::bad_input(format!("--script {}: {error}", path.display())))?;
            Box::new(Script::new(text.lines().map(str::to_owned).collect()))
        }
        Player::Policy => {
            let (Some(run), Some(settings)) = (run, settings) else {
                return Err(Failure::bad_input("--agent policy needs a run folder: coevo eval RUN"));
            };
            let arm = match &args.arm {
                Some(arm) => arm.clone(),
                None => run.checkpoints()?.last().map(|key| key.arm.clone()).unwrap_or_default(),
            };
            let keys = run.checkpoints()?;
            let round = args.round.map_or_else(|| chosen_round(run, &arm), |round| Ok(Some(round)))?;
            let wanted = |key: &&coevo_trace::CommitKey| key.arm == arm && round.is_none_or(|round| key.round == round);
            let key = keys.iter().rev().find(wanted).ok_or_else(|| {
                let there: Vec<String> = keys.iter().map(|key| format!("{} round {}", key.arm, key.round)).collect();
                Failure::bad_input(format!("no such checkpoint of `{arm}`\n  hint: there are {}", there.join(", ")))
            })?;
            let checkpoint = run::read_checkpoint(run, key)?;
            let learner = Learner::restore(&checkpoint, Backend::Cpu)
                .map_err(|error| Failure::from(coevo_loop::error::RunError::from(error)))?;
            let temperature = settings.evaluation.temperature;
            Box::new(learner.policy().agent(SampleConfig { temperature, ..settings.agent.sampling }))
        }
    })
}

/// The round whose policy the arm's final test chose by dev, if it did.
fn chosen_round(run: &RunFile, arm: &str) -> Result<Option<u32>, Failure> {
    let metrics = run.metrics()?;
    let mut of_test = metrics.iter().filter(|(key, _)| key.arm == arm && key.phase == Phase::Final);
    Ok(of_test.find_map(|(_, values)| values.get(SELECTED)).map(|round| *round as u32))
}

fn show(name: &str, plugin: &EnvPlugin, args: &EvalArgs, summary: &Summary) {
    let spec = plugin.spec();
    println!("{name} on {} {}, {} tasks of {}, base interface", spec.name, spec.version, args.tasks, args.split);
    let categories = summary.categories.iter().map(|(name, count)| (name.as_str(), count));
    for (category, count) in categories.chain([("all", &summary.all)]) {
        let rate = wilson(count.passed, count.scored);
        println!(
            "  {category:16} {:>5.1} % [{:.1}, {:.1}]  ({} of {})",
            100.0 * rate.value,
            100.0 * rate.low,
            100.0 * rate.high,
            count.passed,
            count.scored
        );
    }
    if summary.unscored > 0 {
        println!("  unscored because of faults: {}", summary.unscored);
    }
    let turns: u32 = summary.labels.values().sum();
    for label in Label::all() {
        if let Some(count) = summary.labels.get(&label) {
            println!("  {:20} {:>5.1} % of turns", label.name(), 100.0 * f64::from(*count) / f64::from(turns.max(1)));
        }
    }
}
