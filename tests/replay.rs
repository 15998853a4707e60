//! `coevo replay`: a sound record re-executes, an altered one is found out at its first altered turn, a damaged one is
//! named while the rest still verifies.

mod common;

use std::path::Path;

use coevo_trace::RunFile;
use common::{counter, run, succeed};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// An oracle demonstration of three turns, with calls in the first two.
const EPISODE: &str = "warm-start/r000/warmup/0002.1/0";

fn recorded(folder: &Path) -> usize {
    succeed(folder, &["run", counter(folder), "--out", "run"]);
    let run = RunFile::open_read_only(&folder.join("run")).expect("a run");
    run.episodes(&coevo_trace::EpisodeFilter::default()).expect("readable").len()
}

fn unpack(dictionary: &[u8], packed: &[u8], length: usize) -> Vec<u8> {
    let mut decompressor = zstd::bulk::Decompressor::with_dictionary(dictionary).expect("zstd");
    decompressor.decompress(packed, length).expect("zstd")
}

/// What records were compressed with; empty where this one was not.
fn dictionary(db: &Connection, used: bool) -> Vec<u8> {
    if !used {
        return Vec::new();
    }
    let sql = "SELECT payload FROM dictionaries WHERE kind = 'body' AND copy = 1";
    let stored: Vec<u8> = db.query_row(sql, [], |row| row.get(0)).expect("a dictionary");
    let (length, packed) = stored.split_first_chunk::<4>().expect("a length");
    unpack(&[], packed, u32::from_le_bytes(*length) as usize)
}

/// Reads the stored body of [`EPISODE`], alters it, and stores it with a right checksum, as a forger would.
fn forge(folder: &Path, alter: impl Fn(&mut Value)) {
    let db = Connection::open(folder.join("run/run.sqlite")).expect("a database");
    let sql = "SELECT body FROM episodes WHERE name = ?1";
    let stored: Vec<u8> = db.query_row(sql, [EPISODE], |row| row.get(0)).expect("the episode");
    let (length, packed) = stored.split_first_chunk::<4>().expect("a length");
    let length = u32::from_le_bytes(*length);
    let text = unpack(&dictionary(&db, length >> 31 == 1), packed, (length & 0x7fff_ffff) as usize);
    let mut body: Value = serde_json::from_slice(&text).expect("JSON");
    let before = body.clone();
    alter(&mut body);
    assert_ne!(body, before, "nothing was altered");
    let text = serde_json::to_vec(&body).expect("JSON");
    let mut bytes = u32::try_from(text.len()).expect("small").to_le_bytes().to_vec();
    bytes.extend(zstd::bulk::compress(&text, 1).expect("zstd"));
    let hash = blake3::hash(&bytes).to_hex().to_string();
    let sql = "UPDATE episodes SET body = ?1, body_hash = ?2 WHERE name = ?3";
    assert_eq!(db.execute(sql, params![bytes, hash, EPISODE]).expect("writable"), 1);
}

#[test]
fn a_sound_run_verifies() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let episodes = recorded(folder.path());
    let (code, out, err) = run(folder.path(), &["replay", "run", "--verify"]);
    assert_eq!(code, 0, "{out}\n{err}");
    assert!(out.starts_with(&format!("{episodes} episodes re-executed, ")), "{out}");
    assert!(out.ends_with(": 0 diverged, 0 damaged\n"), "{out}");
    // One episode alone, and as JSON.
    let one = succeed(folder.path(), &["replay", "run", EPISODE, "--verify", "--json"]);
    let one: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!((&one["episodes"], &one["steps"], &one["diverged"]), (&json!(1), &json!(5), &json!([])));
}

#[test]
fn an_altered_record_is_found_out_at_its_first_altered_turn() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let episodes = recorded(folder.path());
    type Alter = fn(&mut Value);
    let cases: [(&str, Alter, &str); 7] = [
        (
            "state hash",
            |b| b["episode"]["turns"][1]["steps"][0]["state_hash"] = json!(7),
            "turn 2, step 1: state_hash ",
        ),
        (
            "observation",
            |b| b["episode"]["turns"][0]["steps"][0]["observation"] = json!("{\"counter\":9}"),
            "turn 1, step 1: observation ",
        ),
        (
            "result",
            |b| b["episode"]["turns"][1]["steps"][0]["outcome"]["executed"]["result"] = json!({"counter": 9}),
            "turn 2, step 1: outcome ",
        ),
        (
            "text of a call",
            |b| b["episode"]["turns"][1]["steps"][0]["text"] = json!("@add {\"by\":9}"),
            "turn 2, step 1: parsed ",
        ),
        ("user's words", |b| b["episode"]["turns"][2]["user"] = json!("Say it."), "turn 3: user "),
        ("a cue", |b| b["episode"]["turns"][0]["steps"][0]["cue"] = json!("hint: add 2"), "turn 1, step 1: cue "),
        (
            "two turns: the first is named",
            |b| {
                b["episode"]["turns"][2]["user"] = json!("Say it.");
                b["episode"]["turns"][1]["steps"][0]["state_hash"] = json!(7);
            },
            "turn 2, step 1: state_hash ",
        ),
    ];
    let database = folder.path().join("run/run.sqlite");
    let sound = std::fs::read(&database).expect("a database");
    for (name, alter, place) in cases {
        std::fs::write(&database, &sound).expect("writable");
        forge(folder.path(), alter);
        let (code, out, err) = run(folder.path(), &["replay", "run", "--verify"]);
        assert_eq!(code, 1, "{name}: {out}\n{err}");
        assert!(out.contains(&format!("{EPISODE}: {place}")), "{name}: {out}");
        assert!(out.contains(&format!("{episodes} episodes re-executed")), "{name}: {out}");
        assert!(out.ends_with(": 1 diverged, 0 damaged\n"), "{name}: {out}");
    }
}

#[test]
fn a_damaged_record_is_named_and_the_others_verify() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let episodes = recorded(folder.path());
    let db = Connection::open(folder.path().join("run/run.sqlite")).expect("a database");
    for column in ["body", "trace"] {
        let sql = format!("SELECT {column} FROM episodes WHERE name = ?1");
        let sound: Vec<u8> = db.query_row(&sql, [EPISODE], |row| row.get(0)).expect("the episode");
        let mut flipped = sound.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        let update = format!("UPDATE episodes SET {column} = ?1 WHERE name = ?2");
        db.execute(&update, params![flipped, EPISODE]).expect("writable");
        let (code, out, err) = run(folder.path(), &["replay", "run", "--verify"]);
        assert_eq!(code, 1, "{column}: {out}\n{err}");
        assert!(out.contains(&format!("{EPISODE}: ")) && out.contains("checksum"), "{column}: {out}");
        assert!(out.contains(&format!("{} episodes re-executed", episodes - 1)), "{column}: {out}");
        assert!(out.ends_with(": 0 diverged, 1 damaged\n"), "{column}: {out}");
        db.execute(&update, params![sound, EPISODE]).expect("writable");
    }
}

#[test]
fn an_episode_is_shown_as_a_transcript() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    recorded(folder.path());
    let shown = succeed(folder.path(), &["replay", "run", EPISODE]);
    insta::assert_snapshot!(shown, @r#"
    warm-start/r000/warmup/0002.1/0 | task hostile:train:2:1 (base) | agent noisy oracle 0 | interface d53d18c23212ea7b

    turn 1  user: Add some.
      agent: @add {"by":1}
      tool:  {"counter":1}
      agent: done
      => pass

    turn 2  user: Add more.
      agent: @add {"by":2}
      tool:  {"counter":3}
      agent: done
      => pass

    turn 3  user: Say how many.
      agent: done
      => correct_abstention

    reward 1
    "#);
    let json: Value =
        serde_json::from_str(&succeed(folder.path(), &["replay", "run", EPISODE, "--json"])).expect("JSON");
    assert_eq!(json["episode"]["turns"].as_array().map(Vec::len), Some(3));
}
