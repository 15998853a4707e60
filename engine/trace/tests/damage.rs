//! Damage: flipped bytes, cut files, runs of older formats. Nothing that is read is wrong, and what is not read is named.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coevo_core::episode::Stage;
use coevo_core::seed::{Purpose, StreamKey};
use coevo_trace::{CommitKey, EpisodeFilter, EpisodeRecord, Expr, NewBranch, Phase, RoundCommit, RunFile};
use common::{commit, header, key, public_task, record, task_ref};
use rusqlite::Connection;

/// A run large enough for a dictionary, and its records by name.
fn run() -> (tempfile::TempDir, PathBuf, BTreeMap<String, EpisodeRecord>) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    let mut run = RunFile::create(&folder, &header()).expect("creates");
    let mut records = BTreeMap::new();
    for round in 1..=3 {
        let reward = |number: u32| [Some(1.0), Some(0.0), None][number as usize % 3];
        let episodes: Vec<EpisodeRecord> = (0..40)
            .map(|number| record("coevo", Stage::Train, round, number / 4, number % 4, reward(number)))
            .collect();
        let tasks: Vec<_> = (0..10).map(|index| (task_ref(index), public_task())).collect();
        let interfaces = [coevo_core::interface::Interface::base()];
        let commit = RoundCommit {
            episodes: &episodes,
            tasks: &tasks,
            interfaces: &interfaces,
            ..RoundCommit::empty(key("coevo", round))
        };
        run.commit(&commit).expect("commits");
        records.extend(episodes.into_iter().map(|e| (coevo_trace::episode_name(&e.episode.key), e)));
    }
    (place, folder, records)
}

/// Reads everything that can be read; what is read must be what was written. Returns how many records were.
fn check(folder: &Path, records: &BTreeMap<String, EpisodeRecord>, what: &str) -> usize {
    let run = match RunFile::open_read_only(folder) {
        Ok(run) => run,
        Err(error) => {
            assert!(error.to_string().contains("hint: "), "{what}: {error}");
            return 0;
        }
    };
    let mut read = 0;
    for (name, expected) in records {
        match run.episode(name) {
            Ok(found) => {
                assert_eq!(&found, expected, "{what}: {name}");
                read += 1;
            }
            Err(error) => assert!(!error.to_string().is_empty(), "{what}"),
        }
    }
    let survey = run.survey();
    assert!(survey.episodes as usize >= read.min(1), "{what}: {survey:?}");
    if read < records.len() {
        assert!(!survey.damaged.is_empty(), "{what}: {read} of {} read, and nothing named", records.len());
    }
    read
}

#[test]
fn flipped_bytes_never_read_as_something_else() {
    const TRIALS: u64 = 150;
    let (_place, folder, records) = run();
    let file = folder.join("run.sqlite");
    let whole = fs::read(&file).expect("reads");
    assert_eq!(check(&folder, &records, "untouched"), records.len());
    let (mut unharmed, mut none, mut read) = (0, 0, 0);
    for trial in 0..TRIALS {
        let mut stream = StreamKey::new(7, Purpose::Control).task(trial).stream();
        let at = stream.below(whole.len() as u64) as usize;
        let mut altered = whole.clone();
        altered[at] ^= 1 << stream.below(8);
        fs::write(&file, &altered).expect("writes");
        let found = check(&folder, &records, &format!("trial {trial}, byte {at}"));
        unharmed += usize::from(found == records.len());
        none += usize::from(found == 0);
        read += found;
    }
    let all = TRIALS as usize * records.len();
    eprintln!("{TRIALS} flips: {unharmed} harmed no episode, {none} left none, {read} of {all} episodes read whole");
    assert!(read * 10 > all * 8, "one flipped bit should cost few episodes: {read} of {all}");
}

#[test]
fn cut_files_are_answered_with_what_is_left() {
    let (_place, folder, records) = run();
    let file = folder.join("run.sqlite");
    let whole = fs::read(&file).expect("reads");
    for trial in 0..20u64 {
        let length = StreamKey::new(8, Purpose::Control).task(trial).stream().below(whole.len() as u64) as usize;
        fs::write(&file, &whole[..length]).expect("writes");
        check(&folder, &records, &format!("cut to {length} of {}", whole.len()));
    }
}

/// As an older version of this program would have written it: names without seeds; in format 1 none of the tables of format
/// 2, and checksums as hexadecimal text.
fn as_format(folder: &Path, format: u32) {
    let db = Connection::open(folder.join("run.sqlite")).expect("opens");
    let names = format!("UPDATE episodes SET name = replace(name, '.{}', '')", u64::MAX);
    assert_eq!(db.execute(&names, []).expect("alters"), 4);
    db.pragma_update(None, "user_version", format).expect("alters");
    if format > 1 {
        return;
    }
    db.execute_batch("DROP TABLE tools; DROP TABLE branches; DROP TABLE dictionaries").expect("alters");
    let columns = [
        ("header", "payload", "hash"),
        ("commits", "payload", "hash"),
        ("commits", "state", "state_hash"),
        ("episodes", "body", "body_hash"),
        ("episodes", "trace", "trace_hash"),
        ("tasks", "payload", "hash"),
        ("interfaces", "payload", "hash"),
    ];
    for (table, payload, hash) in columns {
        let mut query = db.prepare(&format!("SELECT DISTINCT {payload} FROM {table}")).expect("selects");
        let payloads: Vec<Vec<u8>> =
            query.query_map([], |row| row.get(0)).expect("selects").map(|row| row.expect("a payload")).collect();
        for bytes in payloads {
            let sql = format!("UPDATE {table} SET {hash} = ?1 WHERE {payload} = ?2");
            db.execute(&sql, (blake3::hash(&bytes).to_hex().as_str(), bytes)).expect("alters");
        }
    }
}

#[test]
fn an_older_format_is_read_and_upgraded_when_it_is_written_to() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    let mut run = RunFile::create(&folder, &header()).expect("creates");
    commit(&mut run, "coevo", 1);
    drop(run);
    as_format(&folder, 1);
    let tool: Expr = "tool=find_airport".parse().expect("an expression");
    let by_tool = EpisodeFilter { matching: Some(tool), ..EpisodeFilter::default() };

    let old = RunFile::open_read_only(&folder).expect("opens");
    let names: Vec<String> =
        old.episodes(&EpisodeFilter::default()).expect("reads").into_iter().map(|s| s.name).collect();
    let before: Vec<EpisodeRecord> = names.iter().map(|name| old.episode(name).expect("reads")).collect();
    let error = old.episodes(&by_tool).expect_err("format 1 has no tools").to_string();
    assert!(error.contains("does not record tools and errors of calls") && error.contains("coevo resume"), "{error}");
    let summary = old.find_episode(&names[0]).expect("finds");
    assert_eq!(old.branches(&summary).expect("none"), []);
    drop(old);

    let mut new = RunFile::open_to_annotate(&folder).expect("upgrades");
    assert_eq!(new.episodes(&by_tool).expect("reads").len(), 4);
    let branch = NewBranch { parent: None, turn: 1, step: 0, how: "oracle", record: &before[1] };
    assert_eq!(new.add_branch(&summary, &branch).expect("keeps"), 1);
    drop(new);
    let again = RunFile::open(&folder).expect("opens");
    for expected in &before {
        assert_eq!(&again.episode(&coevo_trace::episode_name(&expected.episode.key)).expect("reads"), expected);
    }
}

#[test]
fn names_of_format_2_are_read_and_get_their_seeds() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    commit(&mut RunFile::create(&folder, &header()).expect("creates"), "coevo", 1);
    as_format(&folder, 2);
    let (old_name, name) = ("coevo/r001/train/0001/0", "coevo/r001/train/0001.18446744073709551615/0");
    let old = RunFile::open_read_only(&folder).expect("opens");
    let expected = old.episode(old_name).expect("reads");
    assert_eq!(coevo_trace::episode_name(&expected.episode.key), name);
    drop(old);
    let new = RunFile::open(&folder).expect("upgrades");
    assert_eq!(new.episode(name).expect("reads"), expected);
    assert!(new.episode(old_name).is_err(), "it has one name");
    new.episode("coevo/r001/train/0000/0").expect("a seed of 0 is left out");
}

#[test]
fn branches_are_kept_with_their_parent_beside_a_writer() {
    let (_place, folder, records) = run();
    let writer = RunFile::open(&folder).expect("opens");
    let mut run = RunFile::open_to_annotate(&folder).expect("opens beside the writer");
    let summary = run.find_episode("coevo/r001/train/0000/0").expect("finds");
    let mut branch = records["coevo/r001/train/0000/1"].clone();
    branch.episode.tokens = Default::default();
    let mut add =
        |parent, how: &str| run.add_branch(&summary, &NewBranch { parent, turn: 1, step: 2, how, record: &branch });
    assert_eq!(add(None, "oracle").expect("keeps"), 1);
    assert_eq!(add(Some(1), "random").expect("keeps"), 2);
    assert!(add(Some(9), "nobody").expect_err("no such parent").to_string().contains("coevo/r001/train/0000/0~9"));
    drop(writer);
    let run = RunFile::open_read_only(&folder).expect("opens");
    let kept = run.branches(&summary).expect("reads");
    assert_eq!(
        kept.iter().map(|b| (b.number, b.parent, b.how.as_str())).collect::<Vec<_>>(),
        [(1, None, "oracle"), (2, Some(1), "random")]
    );
    assert_eq!(run.record_of("coevo/r001/train/0000/0~2").expect("reads").1, branch);
    assert!(run.record_of("coevo/r001/train/0000/0~7").is_err());
}

#[test]
fn one_damaged_copy_of_a_dictionary_harms_nothing() {
    let (_place, folder, records) = run();
    let sql = |statement: &str| {
        Connection::open(folder.join("run.sqlite")).expect("opens").execute_batch(statement).expect(statement);
    };
    let kinds: i64 = Connection::open(folder.join("run.sqlite"))
        .expect("opens")
        .query_row("SELECT count(DISTINCT kind) FROM dictionaries", [], |row| row.get(0))
        .expect("counts");
    assert_eq!(kinds, 2, "the first commit has episodes enough to learn from");
    sql("UPDATE dictionaries SET payload = zeroblob(9) WHERE copy = 1");
    assert_eq!(check(&folder, &records, "one copy"), records.len());
    sql("UPDATE dictionaries SET payload = zeroblob(9)");
    let run = RunFile::open_read_only(&folder).expect("opens");
    let error = run.episode("coevo/r001/train/0000/0").expect_err("needs it").to_string();
    assert!(error.contains("the dictionary `body` is not in this run"), "{error}");
    // A run without it goes on, and what it writes can be read.
    drop(run);
    let mut run = RunFile::open(&folder).expect("opens");
    let late = record("late", Stage::Test, 0, 0, 0, Some(1.0));
    let key = CommitKey { arm: "late".into(), phase: Phase::Final, round: 0 };
    run.commit(&RoundCommit { episodes: std::slice::from_ref(&late), ..RoundCommit::empty(key) }).expect("commits");
    assert_eq!(run.episode("late/r000/test/0000/0").expect("reads"), late);
}
