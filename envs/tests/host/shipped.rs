//! The shipped environments through the whole host: every kind of task can be solved, only by solving it, and replayed.

use std::sync::{Arc, OnceLock};

use coevo_core::episode::{Ending, Episode, EpisodeKey, Stage, Verdict};
use coevo_core::id::ContentId;
use coevo_core::interface::{EvolutionConfig, Interface, possible_cues};
use coevo_core::protocol::format_call;
use coevo_core::task::{Task, TaskRef};
use coevo_envs::{
    Budgets, Env, EnvPlugin, EnvSource, EvalEnv, Record, SHIPPED, Sandbox, SandboxLimits, TrainEnv, replay, verify,
};

use crate::common::{key, play};

/// Tasks tried of each split; they cycle through the categories.
const TASKS: u32 = 8;

fn plugins() -> &'static [EnvPlugin] {
    static PLUGINS: OnceLock<Vec<EnvPlugin>> = OnceLock::new();
    PLUGINS.get_or_init(|| {
        let sandbox = Sandbox::new(SandboxLimits::default()).unwrap();
        let load = |name: &str| EnvPlugin::load(&sandbox, &EnvSource::Shipped(name.to_owned())).unwrap();
        SHIPPED.iter().map(|(name, _)| load(name)).collect()
    })
}

/// Runs `check` on some tasks of every split of every shipped environment.
fn each(check: impl Fn(&EnvPlugin, &TaskRef, &Task)) {
    for plugin in plugins() {
        let spec = plugin.spec();
        for split in &spec.splits {
            for index in 0..TASKS.min(split.tasks) {
                let of = TaskRef { env: spec.name.clone(), split: split.name.clone(), index, seed: 11 };
                check(plugin, &of, &plugin.task(&of).unwrap());
            }
        }
    }
}

fn reference(task: &Task) -> Vec<Vec<String>> {
    let texts = task.hidden.reference.iter().map(|turn| {
        let calls = turn.calls.iter().map(format_call);
        calls.chain([turn.answer.clone()]).collect()
    });
    texts.collect()
}

fn played(env: Env, texts: &[Vec<String>]) -> Record {
    let turns: Vec<Vec<&str>> = texts.iter().map(|turn| turn.iter().map(String::as_str).collect()).collect();
    play(env, &turns.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn eval(plugin: &EnvPlugin, task: &Task) -> Env {
    EvalEnv::new(plugin, &task.public, key(), &Budgets::default()).unwrap().into()
}

#[test]
fn the_shelf_is_as_listed() {
    for ((name, _), plugin) in SHIPPED.iter().zip(plugins()) {
        assert_eq!(plugin.spec().name, *name);
        assert!(plugin.spec().tools.len() >= 12, "{name}");
        let tasks: Vec<(&str, u32)> =
            plugin.spec().splits.iter().map(|split| (split.name.as_str(), split.tasks)).collect();
        if tasks.is_empty() {
            // Its tasks are imported.
            continue;
        }
        for (split, least) in [("train", 400), ("dev", 100), ("test", 400)] {
            assert!(tasks.iter().any(|(name, tasks)| *name == split && *tasks >= least), "{name}: {tasks:?}");
        }
    }
}

#[test]
fn the_reference_solves_every_task_and_silence_none() {
    each(|plugin, of, task| {
        let record = played(eval(plugin, task), &reference(task));
        assert_eq!(record.ending, Ending::Terminated, "{of:?}");
        assert_eq!(verify(plugin, task, &record.turns, key()).reward(), Some(1.0), "{of:?}");
        let silent = vec![vec!["All done.".to_owned()]; task.public.turns.len()];
        let record = played(eval(plugin, task), &silent);
        match verify(plugin, task, &record.turns, key()) {
            Verdict::Scored { reward, .. } => assert_eq!(reward, 0.0, "{of:?}"),
            Verdict::Unscored(fault) => panic!("{of:?}: {fault:?}"),
        }
    });
}

#[test]
fn a_reference_episode_replays_and_an_altered_one_does_not() {
    each(|plugin, of, task| {
        let spec = plugin.spec();
        let all = Arc::new(Interface::new(possible_cues(spec, &EvolutionConfig::default())));
        let train = TrainEnv::new(plugin, &task.public, key(), &Budgets::default(), Arc::clone(&all)).unwrap();
        let record = played(train.into(), &reference(task));
        assert_eq!(verify(plugin, task, &record.turns, key()).reward(), Some(1.0), "{of:?}: cues must not matter");
        let mut without_cues = record.turns.clone();
        without_cues.iter_mut().flat_map(|turn| &mut turn.steps).for_each(|step| step.cue.clear());
        assert!(without_cues == played(eval(plugin, task), &reference(task)).turns, "{of:?}: a cue changed a reply");
        let mut episode = Episode {
            key: EpisodeKey { arm: "a".into(), stage: Stage::Train, round: 0, task: of.clone(), replica: 0 },
            task_id: task.public.id.clone(),
            category: task.public.category.clone(),
            scenario: task.public.scenario.clone(),
            agent: "oracle".into(),
            env_stream: key(),
            interface: all.id().clone(),
            initial_state_hash: record.initial_state_hash,
            turns: record.turns,
            ending: record.ending,
            tokens: Default::default(),
        };
        let report = replay(plugin, &task.public, &episode, &all);
        assert!(report.ok(), "{of:?}: {:?}", report.divergence);
        let last = episode.turns.len() - 1;
        episode.turns[last].steps[0].state_hash ^= 1;
        let divergence = replay(plugin, &task.public, &episode, &all).divergence.unwrap();
        assert_eq!((divergence.what, divergence.turn, divergence.step), ("state_hash", Some(last), Some(0)));
        assert!(divergence.to_string().starts_with(&format!("turn {}, step 1: state_hash was", last + 1)));
    });
}

#[test]
fn forks_at_every_turn_end_as_the_original() {
    each(|plugin, of, task| {
        let texts = reference(task);
        let whole = played(eval(plugin, task), &texts);
        let mut env = eval(plugin, task);
        for at in 0..texts.len() {
            let fork = played(env.fork().unwrap(), &texts[at..]);
            let hashes = |record: &Record| record.turns.iter().map(|turn| turn.state_hash_after()).collect::<Vec<_>>();
            assert_eq!(hashes(&fork), hashes(&whole), "{of:?} from turn {at}");
            assert_eq!(verify(plugin, task, &fork.turns, key()).reward(), Some(1.0), "{of:?} from turn {at}");
            env.next_turn().unwrap();
            for text in &texts[at] {
                env.step(text).unwrap();
            }
        }
    });
}

#[test]
fn compiled_code_from_the_cache_plays_the_same() {
    let cache = tempfile::tempdir().unwrap();
    let (name, bytes) = *SHIPPED.iter().find(|(name, _)| *name == "travel").unwrap();
    let run = || {
        let limits = SandboxLimits { live_instances: 64, ..SandboxLimits::default() };
        let sandbox = Sandbox::with_cache(limits, Some(cache.path().to_owned())).unwrap();
        let plugin = EnvPlugin::from_bytes(&sandbox, name, bytes).unwrap();
        let of = TaskRef { env: name.into(), split: "train".into(), index: 3, seed: 2 };
        let task = plugin.task(&of).unwrap();
        let record = played(eval(&plugin, &task), &reference(&task));
        ContentId::of(&(&record.turns, &record.ending))
    };
    assert_eq!(run(), run());
}
