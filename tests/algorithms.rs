//! Every algorithm of `learner.algorithm`, and every option of the update, through the real binary: killed and resumed they
//! end with the same bytes, optimiser included; what they spend is counted; and an arm that diverges ends alone.

mod common;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use coevo_agents::Tokenizer;
use coevo_core::episode::{Stage, TokenTrace};
use coevo_core::interface::Interface;
use coevo_core::label::{Failure, Label};
use coevo_envs::{EnvPlugin, EnvSource, Sandbox, SandboxLimits};
use coevo_loop::round::draw;
use coevo_loop::tasks::TaskPool;
use coevo_loop::weaned::weaned;
use coevo_trace::{CommitKey, EpisodeFilter, EpisodeRecord, Phase, RunFile};
use common::{COUNTER, coevo, counter, records, run, succeed};

/// Each arm takes several options at once; together they take all.
const ARMS: &str = "\
arms:
  dr_grpo: { learner: { algorithm: dr_grpo, kl_weight: 0.01 }, advantages: { mode: uniform } }
  rloo: { learner: { algorithm: rloo, epochs: 2, mini_batch: 4, dual_clip: 3, clip_high: 0.28 }, advantages: { mode: paper } }
  gigpo:
    learner: { algorithm: gigpo, reward: turns, zero_variance: { resample: { extra_tasks: 3 } } }
    advantages: { mode: released, step_weight: 0.5 }
  turns:
    learner: { aggregation: sequence_mean, entropy_weight: 0.01, kl_weight: 0, mini_batch: 4 }
    advantages: { credit: turn, baseline: leave_one_out, mode: coevo }
  branches:
    learner: { branch: 0.5, mini_batch: 4 }
    advantages: { credit: value, mode: coevo }
    evolution: { train_on: base }
  stuck:
    learner: { mini_batch: 4 }
    advantages: { credit: value, mode: uniform }
    evolution: { train_on: base, shown_to: 0.5, shown_when: stuck, static_cues: true }
  retry:
    learner: { branch: 0.5, mini_batch: 4 }
    advantages: { credit: value, baseline: leave_one_out, mode: uniform }
    evolution: { train_on: base, shown_to: 0.5, shown_when: retry, rules: [RULES] }
  compared:
    learner: { mini_batch: 4 }
    advantages: { credit: turn, baseline: zero, scale: none, blame: 0.5, mode: coevo }
    evolution: { train_on: base, shown_to: 0.5, static_cues: true }
";

const ALL: [&str; 8] = ["dr_grpo", "rloo", "gigpo", "turns", "branches", "stuck", "retry", "compared"];

/// A rule that any failure of this kind brings on.
fn rule(failure: Failure) -> String {
    let name = failure.name();
    format!(
        "{{ id: {name}, phi: cap, scope: global, triggers: [{name}], on: {{ min_count: 1, prevalence: 0.001, \
         max_mean_reward: 1 }}, off: {{ prevalence: 0 }}, cooldown_rounds: 1, max_words: 4, text: mind {name} }}"
    )
}

/// The counter with other arms; four tasks a round leave four of its pool.
fn scenario(folder: &Path, arms: &str) -> &'static str {
    counter(folder);
    let head = COUNTER.split("arms:").next().expect("a scenario with arms");
    let arms = arms.replace("RULES", &Failure::ALL.map(rule).join(", "));
    let head = head.replace("tasks_per_round: 8", "tasks_per_round: 4").replace("every: 1", "every: 2");
    std::fs::write(folder.join("algorithms.yaml"), format!("{head}{arms}")).expect("a writable folder");
    "algorithms.yaml"
}

fn open(folder: &Path, name: &str) -> RunFile {
    RunFile::open_read_only(&folder.join(name)).expect("a run")
}

/// The episodes that an arm trained on.
fn trained(run: &RunFile, arm: &str) -> Vec<EpisodeRecord> {
    let (arm, stage) = (Some(arm.to_owned()), Some(Stage::Train));
    records(run, &EpisodeFilter { arm, stage, ..EpisodeFilter::default() })
}

/// Runs, is killed soon after each commit, and goes on, until it is done.
fn run_through_kills(folder: &Path, scenario: &str, name: &str) -> usize {
    let commits =
        || RunFile::open_read_only(&folder.join(name)).map_or(0, |run| run.commits().expect("readable").len());
    for kills in 0..40 {
        let before = commits();
        let args = if before == 0 { vec!["run", scenario, "--out", name] } else { vec!["resume", name] };
        if before == 0 {
            let _ = std::fs::remove_dir_all(folder.join(name));
        }
        let mut child =
            coevo(folder).args(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        while commits() == before && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(kills * 13 % 40));
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "coevo {args:?} ended with {status}");
            return kills as usize;
        }
        child.kill().expect("a child"); // SIGKILL
        child.wait().expect("a child");
    }
    panic!("the run never ended");
}

#[test]
fn every_option_resumes_to_the_same_bytes_and_counts_what_it_spends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, scenario) = (folder.path(), scenario(folder.path(), ARMS));
    let table = succeed(folder, &["run", scenario, "--out", "whole", "--workers", "1"]);
    let kills = run_through_kills(folder, scenario, "killed");
    assert!(kills >= 4, "killed only {kills} times");
    let export = |name: &str| succeed(folder, &["export", name, "--format", "jsonl"]);
    assert!(export("whole") == export("killed"), "a run that was killed and resumed gave other bytes");

    let (whole, killed) = (open(folder, "whole"), open(folder, "killed"));
    let metrics = whole.metrics().expect("readable");
    let of = |arm: &str, name: &str| -> Vec<f64> {
        let mine = metrics.iter().filter(|(key, _)| key.arm == arm && key.phase == Phase::Round);
        mine.filter_map(|(_, values)| values.get(name).copied()).collect()
    };
    let mut weights = Vec::new();
    for arm in ALL {
        let key = CommitKey { arm: arm.to_owned(), phase: Phase::Round, round: 2 };
        let files = whole.checkpoint(&key).expect("a checkpoint");
        assert!(files.iter().any(|file| file.name == "optimizer.safetensors"));
        for (a, b) in files.iter().zip(killed.checkpoint(&key).expect("a checkpoint")) {
            assert!(a.name == b.name && a.bytes == b.bytes, "{arm}: {} differs after kills", a.name);
        }
        weights.extend(files.into_iter().find(|file| file.name == "weights.safetensors").map(|file| file.bytes));

        // The trainer computes what the sampler did: on the sampled ids, not on their text tokenised again.
        let drift = of(arm, "learn/drift");
        assert!(drift.len() == 2 && drift.iter().all(|drift| *drift < 1e-4), "{arm}: {drift:?}");
        // Whatever was played is counted.
        let played = trained(&whole, arm);
        let spent: f64 = of(arm, "train/rollouts").iter().sum();
        assert_eq!(played.len() as f64, spent, "{arm}");
        let extra: f64 = of(arm, "train/extra_tasks").iter().sum();
        let branched: f64 = of(arm, "train/branches").iter().sum();
        // Of its 32 episodes an arm that branches keeps half back, and plays no more of them than it has failures for.
        let branches = ["branches", "retry"].contains(&arm);
        assert!(
            if branches { branched <= 16.0 && spent == 16.0 + branched } else { branched == 0.0 },
            "{arm}: {branched}"
        );
        assert!(branches || spent == 32.0 + 4.0 * extra, "{arm}: {spent}");
        assert_eq!(extra > 0.0, arm == "gigpo", "{arm}: {extra} tasks added");
        // Several steps a round are off-policy after the first, and say how far.
        let ratios = of(arm, "learn/ratio_max");
        let several = of(arm, "learn/steps").iter().filter(|steps| **steps > 1.0).count();
        assert_eq!(ratios.len(), several, "{arm}");
        let credited = played.iter().filter_map(|record| record.training.as_ref()).collect::<Vec<_>>();
        assert!(!credited.is_empty(), "{arm} learnt nothing");
        assert!(credited.iter().all(|training| training.steps.is_empty() == (arm != "gigpo")), "{arm}");
        let by_turn = ["turns", "branches", "stuck", "retry", "compared"].contains(&arm);
        assert!(credited.iter().all(|training| training.turns.is_empty() != by_turn), "{arm}");
    }
    assert!(!of("rloo", "learn/ratio_max").is_empty());
    weights.sort();
    weights.dedup();
    assert_eq!(weights.len(), ALL.len(), "two algorithms learnt the same");
    let gigpo: f64 = of("gigpo", "train/rollouts").iter().sum();
    assert!(
        table.contains(&format!("Training episodes: dr_grpo 32, rloo 32, gigpo {gigpo}, turns 32, branches ")),
        "{table}"
    );
    branches_repeat_what_failed(&whole, "branches");
    branches_repeat_what_failed(&whole, "retry");
    second_tries_see_what_speaks_to_their_failure(&whole);
    half_of_a_group_sees_cues(&whole);
    the_stuck_see_cues(&whole);
    weaning_takes_out_cues_and_nothing_else(folder, &whole);
}

#[test]
fn an_arm_that_diverges_ends_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arms = "\
arms:
  sound: {}
  wild: { learner: { learning_rate: 1000000.0, warmup_steps: 1 } }
  heir: { start_from: wild }
  stillborn: { agent: { warm_start: { imitation: { learning_rate: 1000000.0, warmup_fraction: 0 } } } }
";
    let (folder, scenario) = (folder.path(), scenario(folder.path(), arms));
    // A seed whose first round meets nothing but tasks that fault: there is nothing to learn in it, and it is committed.
    let seed = (0..).find(|seed| draw(*seed, 8, 2, 1).iter().all(|task| *task >= 4)).expect("some seed").to_string();
    let sets = ["--set", "learner.tasks_per_round=2", "--set", "learner.group=8", "--set", "learner.rounds=4"];
    let args = [&["run", scenario, "--out", "run", "--seed", &seed][..], &sets[..]].concat();
    let (code, table, err) = run(folder, &args);
    assert_eq!(code, 1, "{err}");
    let said = |needle: &str, err: &str| assert!(err.contains(needle), "no {needle:?} in\n{err}");
    let file = open(folder, "run");
    let rounds = |arm: &str| file.rounds(arm).expect("readable");
    let last = rounds("wild").len();
    assert!((1..4).contains(&last), "wild stopped after {last} rounds\n{err}");
    let complaints = |err: &str| {
        said(&format!("arm `wild` stopped: round {}: reinforcement diverged at optimiser step 1 of ", last + 1), err);
        said(" times as large as the weights; its batch", err);
        said(&format!(": wild/r00{}/train/", last + 1), err);
        said(&format!("its last good checkpoint is that of round {last}"), err);
        said("arm `heir` stopped: it starts from arm `wild`, which stopped; it has no round of its own", err);
        said("arm `stillborn` stopped: imitation diverged at optimiser step 1 of 60: its update is ", err);
        said("the other arms finished", err);
    };
    complaints(&err);
    // The sound arm has its figures, in the table and in the run.
    assert!(table.contains("sound"), "{table}");
    assert_eq!(rounds("sound"), [1, 2, 3, 4]);
    assert!(rounds("heir").is_empty() && rounds("stillborn").is_empty());
    let tested = EpisodeFilter { arm: Some("sound".to_owned()), stage: Some(Stage::Test), ..EpisodeFilter::default() };
    assert_eq!(file.episodes(&tested).expect("readable").len(), 8);
    // The last good checkpoint can be played, and going on ends in the same way.
    succeed(folder, &["eval", "run", "--arm", "wild", "--round", &last.to_string(), "--tasks", "4"]);
    let (code, _, err) = run(folder, &["resume", "run"]);
    assert_eq!(code, 1, "{err}");
    complaints(&err);
}

/// Each branch repeats a failing episode of its task up to its failing turn, and is trained on from there only.
fn branches_repeat_what_failed(run: &RunFile, arm: &str) {
    let records = trained(run, arm);
    let (branches, whole): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.episode.key.replica >= 2);
    assert!(!branches.is_empty(), "nothing was branched");
    for branch in branches {
        let tokens = &branch.episode.tokens;
        let from =
            tokens.action.iter().position(|action| *action).map(|at| usize::from(tokens.turn[at])).expect("it acts");
        let texts = |turns: &[coevo_core::episode::Turn]| -> Vec<String> {
            turns.iter().flat_map(|turn| &turn.steps).map(|step| step.text.clone()).collect()
        };
        let parent = whole.iter().find(|parent| {
            let (mine, theirs) = (&branch.episode, &parent.episode);
            let failed_there = parent.diagnosis.as_ref().and_then(|diagnosis| diagnosis.first_failing) == Some(from);
            mine.key.task == theirs.key.task
                && mine.key.round == theirs.key.round
                && failed_there
                && texts(&mine.turns[..from]) == texts(&theirs.turns[..from])
        });
        assert!(parent.is_some(), "{:?} has no parent", branch.episode.key);
        if let Some(training) = &branch.training {
            assert!(training.turns[..from].iter().all(|advantage| *advantage == 0.0));
        }
    }
}

/// Every group has as many members that see cues as it has others, whatever else they share.
fn half_of_a_group_sees_cues(run: &RunFile) {
    let records = trained(run, "compared");
    assert_eq!(records.len(), 32);
    for EpisodeRecord { episode, .. } in records {
        let base = episode.interface == *Interface::base().id();
        assert_eq!(base, episode.key.replica.is_multiple_of(2), "{:?}", episode.key);
    }
}

/// Cues are shown in every other second try and nowhere else, and no second try is shown one that its task's failures do not call
/// for.
fn second_tries_see_what_speaks_to_their_failure(run: &RunFile) {
    let records = trained(run, "retry");
    let interfaces = run.interfaces().expect("readable");
    let mut cued = 0;
    for EpisodeRecord { episode, .. } in &records {
        let shown = &interfaces[&episode.interface];
        if shown.is_base() {
            continue;
        }
        assert!(episode.key.replica >= 2 && !episode.key.replica.is_multiple_of(2), "{:?}", episode.key);
        let failed = records.iter().filter(|other| {
            let (mine, theirs) = (&episode.key, &other.episode.key);
            mine.task == theirs.task && mine.round == theirs.round && theirs.replica < 2
        });
        let failures: Vec<Failure> = failed
            .filter_map(|other| other.diagnosis.as_ref())
            .filter_map(|found| Some(&found.turns[found.first_failing?]))
            .flat_map(|turn| {
                Failure::ALL.into_iter().filter(|failure| {
                    turn.label == Label::Failure(*failure) || turn.blame.iter().any(|blame| blame.failure == *failure)
                })
            })
            .collect();
        for cue in shown.cues() {
            assert!(cue.triggers.iter().any(|trigger| failures.contains(trigger)), "{:?}: {cue:?}", episode.key);
        }
        cued += 1;
    }
    assert!(cued > 0, "no second try was shown a cue");
    let lineage = run.lineage("retry").expect("readable");
    assert!(lineage.iter().any(|node| node.effect.is_some()), "no cue was judged: {lineage:?}");
}

/// Half of a group sees cues where all of the other half failed, and nobody elsewhere.
fn the_stuck_see_cues(run: &RunFile) {
    let records = trained(run, "stuck");
    assert_eq!(records.len(), 32);
    for group in records.chunks(4) {
        let first = |record: &&EpisodeRecord| record.episode.key.replica.is_multiple_of(2);
        let stuck = !group.iter().filter(first).any(|record| record.verdict.reward() == Some(1.0));
        for EpisodeRecord { episode, .. } in group {
            assert_eq!(episode.key.task, group[0].episode.key.task);
            let base = episode.interface == *Interface::base().id();
            assert_eq!(!base, stuck && !episode.key.replica.is_multiple_of(2), "{:?}", episode.key);
        }
    }
}

/// Without cues nothing is taken out, in branches neither; with them, what was written stays, token by token.
fn weaning_takes_out_cues_and_nothing_else(folder: &Path, run: &RunFile) {
    let key = CommitKey { arm: "branches".to_owned(), phase: Phase::Round, round: 2 };
    let files = run.checkpoint(&key).expect("a checkpoint");
    let json = files.iter().find(|file| file.name == "tokenizer.json").expect("a tokenizer");
    let tokenizer = Tokenizer::from_json(std::str::from_utf8(&json.bytes).expect("text")).expect("a tokenizer");
    let source: EnvSource = folder.join("hostile.wasm").display().to_string().parse().expect("any text names a source");
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    let pool = TaskPool::new(EnvPlugin::load(&sandbox, &source).expect("the test guest"), 0);
    let written = |trace: &TokenTrace| -> Vec<(u32, u32)> {
        let of = |at: usize| trace.action[at].then(|| (trace.ids[at], trace.log_probs[at].to_bits()));
        (0..trace.ids.len()).filter_map(of).collect()
    };
    let (mut plain, mut cued) = (0, 0);
    let filter = EpisodeFilter { stage: Some(Stage::Train), ..EpisodeFilter::default() };
    for EpisodeRecord { episode, verdict, .. } in records(run, &filter) {
        if verdict.reward().is_none() {
            continue; // A fault, which nobody learns from.
        }
        let task = pool.task(&episode.key.task).expect("it was played");
        let found = weaned(&episode, &task.public, pool.plugin().spec(), &tokenizer);
        assert_eq!(written(&found), written(&episode.tokens), "{:?}", episode.key);
        let base = episode.interface == *Interface::base().id();
        if base {
            assert_eq!(found, episode.tokens, "{:?}", episode.key);
            plain += 1;
        } else if found.ids != episode.tokens.ids {
            assert!(found.ids.len() < episode.tokens.ids.len());
            cued += 1;
        }
    }
    assert!(plain > 50 && cued > 0, "{plain} without cues, {cued} with");
}
