//! Creating, opening, committing, crashing, resuming and altering a run folder.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use coevo_core::episode::Stage;
use coevo_core::label::{Failure, Label};
use coevo_trace::{Committed, EpisodeFilter, Phase, RoundCommit, RunFile, TraceError};
use common::{base_id, commit, episodes, header, key, public_task, task_ref, weights};
use rusqlite::Connection;

/// A run with two rounds of `coevo` and one of `vanilla`, closed again.
fn run() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    let mut run = RunFile::create(&folder, &header()).expect("creates");
    commit(&mut run, "coevo", 1);
    commit(&mut run, "coevo", 2);
    commit(&mut run, "vanilla", 1);
    (place, folder)
}

fn sql(folder: &Path, statement: &str) {
    Connection::open(folder.join("run.sqlite")).expect("opens").execute_batch(statement).expect(statement);
}

#[track_caller]
fn refused(result: coevo_trace::Result<RunFile>, expected: &str) {
    let Err(error) = result else { panic!("was accepted, expected: {expected}") };
    assert!(error.to_string().contains(expected), "{error}\nexpected: {expected}");
    assert!(error.to_string().contains("hint: "), "{error}");
    assert!(error.is_bad_input());
}

#[test]
fn what_is_committed_is_read_back() {
    let (_place, folder) = run();
    let run = RunFile::open(&folder).expect("opens");
    assert_eq!(run.header(), &header());
    assert_eq!(fs::read_to_string(folder.join("scenario.yaml")).expect("reads"), "name: x\n");
    assert_eq!(run.arms().expect("arms"), ["coevo", "vanilla"]);
    assert_eq!(run.rounds("coevo").expect("rounds"), [1, 2]);
    let last = run.last_commit("coevo").expect("reads").expect("is there");
    assert_eq!((last.key, last.state.as_slice()), (key("coevo", 2), &b"state"[..]));
    assert_eq!(last.metrics["loss"], 0.1 + 0.2);
    assert!(last.metrics["odd"].is_nan());
    let (at, files) = run.newest_checkpoint("coevo").expect("reads");
    assert_eq!(at, key("coevo", 2));
    let sorted = [weights(2)[1].clone(), weights(2)[0].clone()];
    assert_eq!(files, sorted);
    assert_eq!(run.task(&task_ref(1)).expect("reads"), Some(public_task()));
    assert_eq!(run.task(&task_ref(9)).expect("reads"), None);
    assert!(run.interfaces().expect("reads").contains_key(&base_id()));
    for expected in episodes("coevo", 2) {
        let name = coevo_trace::episode_name(&expected.episode.key);
        assert_eq!(run.episode(&name).expect("reads"), expected, "{name}");
    }
    assert_eq!(run.timings_ms().expect("reads")[1].1["rollout"], 7.0);
}

#[test]
fn filters_choose_episodes() {
    let (_place, folder) = run();
    let run = RunFile::open_read_only(&folder).expect("opens");
    let all = EpisodeFilter::default;
    for (filter, expected) in [
        (all(), 12),
        (EpisodeFilter { arm: Some("coevo".into()), ..all() }, 8),
        (EpisodeFilter { arm: Some("coevo".into()), round: Some(2), ..all() }, 4),
        (EpisodeFilter { stage: Some(Stage::Test), ..all() }, 0),
        (EpisodeFilter { category: Some("base".into()), ..all() }, 6),
        (EpisodeFilter { task_index: Some(1), replica: Some(0), ..all() }, 3),
        (EpisodeFilter { min_reward: Some(0.5), ..all() }, 3),
        (EpisodeFilter { max_reward: Some(0.5), ..all() }, 6),
        (EpisodeFilter { unscored: Some(true), ..all() }, 3),
        (EpisodeFilter { label: Some(Label::Failure(Failure::MissingToolCall)), ..all() }, 6),
        (EpisodeFilter { limit: Some(5), ..all() }, 5),
    ] {
        assert_eq!(run.episodes(&filter).expect("reads").len(), expected, "{filter:?}");
    }
    let names: Vec<String> = run.episodes(&all()).expect("reads").into_iter().map(|found| found.name).collect();
    assert_eq!(
        names[..3],
        ["coevo/r001/train/0000/0", "coevo/r001/train/0000/1", "coevo/r001/train/0001.18446744073709551615/0"]
    );
    let found = run.find_episode("coevo/r001/train/0001.18446744073709551615/0").expect("finds");
    assert_eq!((found.ending.as_str(), found.boundary.as_deref(), found.reward), ("faulted", Some("guest_fuel"), None));
    assert_eq!(run.find_episode(&found.row.to_string()).expect("finds"), found);
    let error = run.find_episode("coevo/r9").expect_err("is not there");
    assert!(matches!(error, TraceError::NoEpisode { .. }), "{error}");
}

#[test]
fn a_repeated_commit_changes_nothing_and_a_different_one_is_refused() {
    let (_place, folder) = run();
    let mut run = RunFile::open(&folder).expect("opens");
    assert_eq!(commit(&mut run, "coevo", 2), Committed::AlreadyThere);
    let other = RoundCommit { state: b"other", ..RoundCommit::empty(key("coevo", 2)) };
    let error = run.commit(&other).expect_err("differs");
    assert!(error.to_string().contains("`coevo` round 2 was committed before with other content"), "{error}");
    assert_eq!(run.episodes(&EpisodeFilter::default()).expect("reads").len(), 12);
}

/// A crash leaves, depending on the moment: half a draft; the renamed files without their row; everything.
#[test]
fn a_crash_at_any_moment_leaves_the_last_round_whole() {
    for moment in ["half a draft", "files without their row"] {
        let (_place, folder) = run();
        let name = if moment == "half a draft" { "round-r003.part" } else { "round-r003" };
        let left = folder.join("checkpoints/coevo").join(name);
        fs::create_dir(&left).expect("creates");
        fs::write(left.join("policy.safetensors"), b"half").expect("writes");
        fs::write(left.join("stale"), b"old").expect("writes");

        let mut run = RunFile::open(&folder).expect(moment);
        assert_eq!(run.rounds("coevo").expect("rounds"), [1, 2], "{moment}");
        assert_eq!(commit(&mut run, "coevo", 3), Committed::Written, "{moment}");
        assert_eq!(run.newest_checkpoint("coevo").expect("reads").0, key("coevo", 3), "{moment}");
        assert!(!folder.join("checkpoints/coevo/round-r003/stale").exists(), "{moment}");
        run.verify_checkpoints().expect(moment);
    }
}

/// The database as it is on disk in the middle of a transaction: copied with its WAL, never closed.
#[test]
fn an_unfinished_transaction_is_not_there_after_a_crash() {
    let (_place, folder) = run();
    let mut db = Connection::open(folder.join("run.sqlite")).expect("opens");
    db.pragma_update(None, "cache_spill", 1).expect("spills early");
    let transaction = db.transaction().expect("begins");
    transaction.execute("DELETE FROM labels", []).expect("deletes");
    transaction.execute("UPDATE episodes SET reward = 1, body = zeroblob(100000)", []).expect("updates");
    let copy = folder.with_file_name("copy");
    fs::create_dir(&copy).expect("creates");
    for file in ["run.sqlite", "run.sqlite-wal"] {
        if folder.join(file).exists() {
            fs::copy(folder.join(file), copy.join(file)).expect("copies");
        }
    }
    let run = RunFile::open_read_only(&copy).expect("opens");
    assert_eq!(run.episode("coevo/r002/train/0001.18446744073709551615/1").expect("reads"), episodes("coevo", 2)[3]);
}

#[test]
fn readers_see_whole_commits_while_another_writes() {
    let (_place, folder) = run();
    let mut writer = RunFile::open(&folder).expect("opens");
    let reader = RunFile::open_read_only(&folder).expect("opens beside the writer");
    for round in 3..8 {
        commit(&mut writer, "coevo", round);
        assert_eq!(reader.rounds("coevo").expect("reads").last(), Some(&round));
    }
    refused(RunFile::open(&folder), "another process is writing to");
    drop(writer);
    RunFile::open(&folder).expect("the lock is free again");
}

#[test]
fn altered_payloads_are_named_and_the_others_stay_readable() {
    for (statement, expected) in [
        (
            "UPDATE episodes SET body = zeroblob(40) WHERE name = 'coevo/r001/train/0000/0'",
            "episode coevo/r001/train/0000/0",
        ),
        (
            "UPDATE episodes SET trace = substr(trace, 1, 9) WHERE name = 'coevo/r001/train/0000/0'",
            "the tokens of episode coevo/r001/train/0000/0",
        ),
        (
            "UPDATE episodes SET (body, body_hash) = (SELECT body, body_hash FROM episodes WHERE name = 'vanilla/r001/train/0001.18446744073709551615/1') \
             WHERE name = 'coevo/r001/train/0000/0'",
            "it holds vanilla/r001/train/0001.18446744073709551615/1",
        ),
    ] {
        let (_place, folder) = run();
        sql(&folder, statement);
        let run = RunFile::open(&folder).expect("opens");
        let error = run.episode("coevo/r001/train/0000/0").expect_err(statement);
        assert!(error.to_string().contains(expected), "{error}");
        run.episode("coevo/r001/train/0000/1").expect("the next one is whole");
    }
}

#[test]
fn folders_that_cannot_be_opened_say_why() {
    let (place, folder) = run();
    refused(RunFile::open(&place.path().join("nowhere")), "there is no such folder");
    refused(RunFile::open(place.path()), "it has no run.sqlite");
    refused(RunFile::create(&folder, &header()), "is not empty");

    let other = place.path().join("other");
    fs::create_dir(&other).expect("creates");
    fs::write(other.join("run.sqlite"), "no database, and long enough to be sure of it".repeat(30)).expect("writes");
    refused(RunFile::open_read_only(&other), "its run.sqlite is no SQLite file");
    fs::remove_file(other.join("run.sqlite")).expect("removes");
    sql(&other, "CREATE TABLE x (y)");
    refused(RunFile::open_read_only(&other), "was not written by coevo");

    sql(&folder, "PRAGMA user_version = 9; UPDATE header SET program = '0.9.0'");
    for open in [RunFile::open, RunFile::open_read_only] {
        refused(open(&folder), "has run format 9 (written by coevo 0.9.0), but this is coevo 0.1.0 with run format 3");
    }
}

#[test]
fn half_copied_checkpoints_are_named() {
    let file = "checkpoints/coevo/round-r002/policy.safetensors";
    let (_place, folder) = run();
    let whole = fs::read(folder.join(file)).expect("reads");
    fs::write(folder.join(file), &whole[..3000]).expect("writes");
    refused(RunFile::open(&folder), "round-r002/policy.safetensors is damaged: it has 3000 bytes of 5000");
    let mut altered = whole.clone();
    altered[4000] ^= 1;
    fs::write(folder.join(file), &altered).expect("writes");
    refused(RunFile::open(&folder), "its BLAKE3 hash differs");
    fs::remove_file(folder.join(file)).expect("removes");
    refused(RunFile::open(&folder), "it is missing");
    let run = RunFile::open_read_only(&folder).expect("records are still readable");
    run.episode("coevo/r002/train/0000/0").expect("reads");
    fs::write(folder.join(file), &whole).expect("writes");
    RunFile::open(&folder).expect("whole again");
}

#[test]
fn checkpoints_are_exported_whole() {
    let (place, folder) = run();
    let run = RunFile::open_read_only(&folder).expect("opens");
    let written = run.export_checkpoint(&key("coevo", 1), &place.path().join("out")).expect("exports");
    assert_eq!(written.len(), 2);
    assert_eq!(fs::read(place.path().join("out/policy.safetensors")).expect("reads"), weights(1)[0].bytes);
    let error = run.export_checkpoint(&key("coevo", 7), place.path()).expect_err("is not there");
    let expected = "there is no checkpoint of `coevo` round 7\n  hint: there are `coevo` round 1, `coevo` round 2, `vanilla` round 1";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn names_cannot_leave_the_folder() {
    let (_place, folder) = run();
    let mut run = RunFile::open(&folder).expect("opens");
    for arm in ["../x", "", ".hidden", "a/b"] {
        let mut key = key(arm, 1);
        key.phase = Phase::Final;
        let files = weights(1);
        let commit = RoundCommit { checkpoint: &files, ..RoundCommit::empty(key) };
        assert!(matches!(run.commit(&commit), Err(TraceError::Name { .. })), "{arm:?}");
    }
}

#[test]
fn creation_survives_an_empty_folder_and_leaves_nothing_behind() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("deep/er");
    fs::create_dir_all(&folder).expect("creates");
    drop(RunFile::create(&folder, &header()).expect("an empty folder is free"));
    let left: Vec<_> = fs::read_dir(place.path().join("deep")).expect("reads").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    RunFile::open(&folder).expect("opens");
}
