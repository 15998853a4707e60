//! Same binary, scenario and seed: same bytes, for any number of workers, slots and arms side by side, interrupted or not; and
//! the record re-executes. Guards invariants 4 and 5 of ARCHITECTURE.md.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use coevo_core::episode::Stage;
use coevo_trace::{EpisodeFilter, Phase, RunFile};
use common::{COUNTER, coevo, counter, run, succeed, tiny};

fn export(folder: &Path, run: &str) -> String {
    succeed(folder, &["export", run, "--format", "jsonl"])
}

fn replays(folder: &Path, name: &str) {
    let (code, out, err) = run(folder, &["replay", name, "--verify"]);
    assert_eq!(code, 0, "{out}\n{err}");
    assert!(out.contains(" 0 diverged, 0 damaged"), "{out}");
}

/// Runs with one worker and with four, on few and on many slots: same episodes, same table. Returns the export.
fn check(folder: &Path, scenario: &str) -> String {
    let table = succeed(folder, &["run", scenario, "--out", "one", "--workers", "1", "--slots", "3"]);
    let reference = export(folder, "one");
    assert!(reference.lines().count() > 100, "only {} episodes", reference.lines().count());
    let again = succeed(folder, &["run", scenario, "--out", "four", "--workers", "4", "--slots", "64"]);
    assert!(export(folder, "four") == reference, "--workers 4 gave other bytes than --workers 1");
    assert_eq!(again, table);
    replays(folder, "four");
    reference
}

#[test]
fn workers_and_slots_leave_no_trace_on_travel() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    check(folder.path(), tiny(folder.path()));
}

#[test]
fn workers_slots_and_kills_leave_no_trace_on_the_counter() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, scenario) = (folder.path(), counter(folder.path()));
    let reference = check(folder, scenario);
    // The comparison means something: there are gradients, and another seed gives other bytes.
    let metrics = RunFile::open_read_only(&folder.join("one")).and_then(|run| run.metrics()).expect("a readable run");
    assert!(metrics.iter().any(|(_, values)| values.get("learn/grad_norm").is_some_and(|norm| *norm > 0.0)));
    succeed(folder, &["run", scenario, "--out", "other", "--seed", "6"]);
    assert!(export(folder, "other") != reference, "the seed does not reach the export");

    let stages = kill_until_done(folder, scenario, "killed");
    assert!(stages.len() >= 3, "kills hit only after these numbers of commits: {stages:?}");
    assert!(export(folder, "killed") == reference, "a run that was killed and resumed gave other bytes");
    assert_eq!(succeed(folder, &["table", "killed"]), succeed(folder, &["table", "one"]));
    replays(folder, "killed");
}

#[test]
fn a_study_is_the_same_side_by_side_and_killed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, scenario) = (folder.path(), study(folder.path()));
    let table = succeed(folder, &["run", scenario, "--out", "one", "--jobs", "1"]);
    let reference = export(folder, "one");
    assert_eq!(succeed(folder, &["run", scenario, "--out", "three", "--jobs", "3", "--slots", "5"]), table);
    assert!(export(folder, "three") == reference, "--jobs 3 gave other bytes than --jobs 1");
    let stages = kill_until_done(folder, scenario, "killed");
    assert!(stages.len() >= 3, "kills hit only after these numbers of commits: {stages:?}");
    assert!(export(folder, "killed") == reference, "a study that was killed and resumed gave other bytes");
    assert_eq!(succeed(folder, &["table", "killed"]), table);
    replays(folder, "killed");

    // The table knows arms by seeds, and the environment that reinforcement never met.
    for needle in ["2 arms under the seeds 5, 6", "coevo − arm", "Transfer: ", "best policy on dev"] {
        assert!(table.contains(needle), "no {needle:?} in\n{table}");
    }
    let run = RunFile::open_read_only(&folder.join("killed")).expect("a readable run");
    let kept: BTreeSet<(String, u32)> = run
        .checkpoints()
        .expect("readable")
        .into_iter()
        .filter(|key| key.phase == Phase::Round)
        .map(|key| (key.arm, key.round))
        .collect();
    let wanted = ["coevo.s5", "coevo.s6", "vanilla.s5", "vanilla.s6"];
    let wanted = wanted.into_iter().flat_map(|arm| [(arm.to_owned(), 2), (arm.to_owned(), 3)]);
    assert_eq!(kept, wanted.collect(), "rounds that were evaluated and the last one keep their checkpoint");
    run.verify_checkpoints().expect("what is recorded is there");
    let transfer = EpisodeFilter { stage: Some(Stage::Transfer), ..EpisodeFilter::default() };
    let transfer = run.episodes(&transfer).expect("readable");
    let warmup = EpisodeFilter { stage: Some(Stage::Warmup), ..EpisodeFilter::default() };
    let shown = run.episodes(&warmup).expect("readable").into_iter().filter(|episode| episode.key.task.env == "memory");
    assert_eq!(shown.count(), 2 * 20, "both warm starts are shown it");
    // Two tasks for each of 4 arms and 2 warm starts.
    assert_eq!(transfer.iter().filter(|episode| episode.key.task.env == "memory").count(), 12);
    assert_eq!(transfer.len(), 12);
    let name = &transfer[0].name;
    assert!(succeed(folder, &["replay", "killed", name]).contains("memory"), "{name}");
    agrees(folder, &run);
}

/// The table's means and differences against the records, which do not go through the code that made it.
fn agrees(folder: &Path, run: &RunFile) {
    let table: serde_json::Value =
        serde_json::from_str(&succeed(folder, &["table", "killed", "--json"])).expect("the table is JSON");
    let passed = |arm: &str, stage: Stage| -> BTreeMap<u32, f64> {
        let filter =
            EpisodeFilter { arm: Some(arm.to_owned()), stage: Some(stage), round: Some(3), ..EpisodeFilter::default() };
        let episodes = run.episodes(&filter).expect("readable").into_iter();
        episodes.filter_map(|e| Some((e.key.task.index, f64::from(u8::from(e.reward? >= 1.0))))).collect()
    };
    let mean = |cells: &[f64]| cells.iter().sum::<f64>() / cells.len() as f64;
    let both = |of: &dyn Fn(&str) -> Vec<f64>| mean(&["s5", "s6"].map(of).concat());
    let rows = table["study"]["families"].as_array().expect("families");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let name = row["name"].as_str().expect("a name");
        let all = both(&|seed| passed(&format!("{name}.{seed}"), Stage::Test).into_values().collect());
        let elsewhere = both(&|seed| passed(&format!("{name}.{seed}"), Stage::Transfer).into_values().collect());
        let near = |figure: &serde_json::Value, wanted: f64| {
            let found = figure["value"].as_f64().expect("a figure");
            assert!((found - wanted).abs() < 1e-9, "{name}: {found} is not {wanted}");
            let (low, high) = (figure["low"].as_f64().expect("low"), figure["high"].as_f64().expect("high"));
            assert!(low <= found && found <= high, "{name}: {figure}");
        };
        assert!(all > 0.0, "{name}: nothing passed, so nothing is compared");
        near(&row["after"]["all"], all);
        near(&row["after"]["elsewhere"]["memory"], elsewhere);
        assert_eq!(row["after"]["seeds"], 2);
        assert_eq!(row["rollouts"], 3 * 8 * 4);
        if name == "vanilla" {
            let over = both(&|seed| {
                let (subject, arm) =
                    (passed(&format!("coevo.{seed}"), Stage::Test), passed(&format!("vanilla.{seed}"), Stage::Test));
                arm.iter().filter_map(|(task, arm)| Some(subject.get(task)? - arm)).collect()
            });
            near(&row["subject_minus"], over);
        } else {
            assert!(row["subject_minus"].is_null());
        }
    }
}

/// [`COUNTER`] under two seeds, tested elsewhere, too, with its best policy on dev.
fn study(folder: &Path) -> &'static str {
    counter(folder);
    let text = COUNTER
        .replace("seed: 5\n", "seeds: [5, 6]\n")
        .replace("rounds: 2,", "rounds: 3, checkpoints: evaluated,")
        .replace(
            "every: 1,",
            "every: 2, temperature: 1, select: best_dev, transfer: [{ environment: memory, tasks: 2, demonstrations: 20 }],",
        );
    std::fs::write(folder.join("study.yaml"), text).expect("a writable folder");
    "study.yaml"
}

/// Kills a run again and again and resumes it each time: twice wherever it is, then each time soon after it
/// committed something more. Returns the numbers of commits that kills left behind.
fn kill_until_done(folder: &Path, scenario: &str, name: &str) -> BTreeSet<usize> {
    let run = folder.join(name);
    let commits = || RunFile::open_read_only(&run).map_or(0, |run| run.commits().expect("readable").len());
    let pause = |ms| std::thread::sleep(Duration::from_millis(ms));
    let mut stages = BTreeSet::new();
    for attempt in 0..60 {
        let (workers, jobs) = (["1", "2", "3"][attempt % 3], ["2", "1", "3", "2"][attempt % 4]);
        let args = match run.join("run.sqlite").exists() {
            false => vec!["run", scenario, "--out", name, "--workers", workers, "--jobs", jobs],
            true => vec!["resume", name, "--workers", workers, "--jobs", jobs],
        };
        let before = commits();
        let mut child =
            coevo(folder).args(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        if attempt < 2 {
            pause([10, 60][attempt]);
        } else {
            while commits() == before && child.try_wait().expect("a child").is_none() {
                pause(2);
            }
            pause((attempt as u64 * 7) % 16);
        }
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "coevo {args:?} ended with {status}");
            return stages;
        }
        child.kill().expect("a child"); // SIGKILL
        child.wait().expect("a child");
        stages.insert(commits());
    }
    panic!("the run never ended; kills left {stages:?} commits");
}
