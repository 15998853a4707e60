//! Exports that other tools read: ATIF against its schema, Parquet read back, TensorBoard and DOT, and JSONL imported again.

mod common;

use std::fs::{self, File};
use std::path::Path;

use coevo_trace::{
    EpisodeFilter, RunFile, export_atif, export_dot, export_jsonl_with, export_parquet, export_tensorboard,
    import_jsonl,
};
use common::{commit, header, public_task};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::Value;

fn run(place: &Path) -> RunFile {
    let mut run = RunFile::create(&place.join("run"), &header()).expect("creates");
    commit(&mut run, "coevo", 1);
    commit(&mut run, "vanilla", 1);
    run
}

fn all() -> EpisodeFilter {
    EpisodeFilter::default()
}

/// The schema is the one that pydantic makes of the models that Harbor 0.25 publishes (Apache-2.0), without its prose. What
/// those models check beyond a schema is checked by hand.
#[test]
fn atif_is_valid_against_the_published_schema() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut out = Vec::new();
    let lines = export_atif(&run(place.path()), &all(), &mut out).expect("exports");
    let schema: Value = serde_json::from_str(include_str!("data/atif-1.7.schema.json")).expect("a schema");
    let schema = jsonschema::validator_for(&schema).expect("compiles");
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!((lines, text.lines().count()), (8, 8));
    for line in text.lines() {
        let trajectory: Value = serde_json::from_str(line).expect("JSON");
        let errors: Vec<String> = schema.iter_errors(&trajectory).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{line}");
        assert_eq!(trajectory["schema_version"], "ATIF-v1.7");
        for (at, step) in trajectory["steps"].as_array().expect("steps").iter().enumerate() {
            assert_eq!(step["step_id"], at + 1);
            let agent = step["source"] == "agent";
            for field in ["tool_calls", "metrics", "observation"] {
                assert!(agent || step.get(field).is_none(), "{field} of {}", step["source"]);
            }
            let id = step.pointer("/tool_calls/0/tool_call_id");
            assert_eq!(id, step.pointer("/observation/results/0/source_call_id"));
        }
    }
    let mut broken: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    broken["steps"][0]["source"] = "nobody".into();
    assert!(!schema.is_valid(&broken), "the schema does check something");
}

/// The rows of a file as JSON objects.
fn rows(path: &Path) -> Vec<Value> {
    let reader = SerializedFileReader::new(File::open(path).expect("opens")).expect("a Parquet file");
    let object = |row: Row| row.get_column_iter().map(|(name, field)| (name.clone(), json(field))).collect();
    reader.get_row_iter(None).expect("rows").map(|row| Value::Object(object(row.expect("a row")))).collect()
}

fn json(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(truth) => (*truth).into(),
        Field::Int(number) => (*number).into(),
        Field::ULong(number) => (*number).into(),
        Field::Float(number) => (*number).into(),
        Field::Double(number) => (*number).into(),
        Field::Str(text) => text.clone().into(),
        Field::ListInternal(list) => list.elements().iter().map(json).collect(),
        other => panic!("a column of another kind: {other:?}"),
    }
}

#[test]
fn parquet_tables_hold_what_a_trainer_needs() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("tables");
    assert_eq!(export_parquet(&run(place.path()), &all(), &folder).expect("exports"), 8);
    let row = |table: &str, at: usize| rows(&folder.join(table))[at].clone();
    let episode = row("episodes.parquet", 0);
    for (column, expected) in [
        ("episode", Value::from("coevo/r001/train/0000/0")),
        ("reward", 1.0.into()),
        ("advantage", 0.5.into()),
        ("seed", 0.into()),
        ("first_failing", Value::Null),
        ("sampled_tokens", 2.into()),
    ] {
        assert_eq!(episode[column], expected, "{column}");
    }
    assert_eq!(row("episodes.parquet", 2)["reward"], Value::Null, "a fault has no reward");
    assert_eq!(row("episodes.parquet", 2)["seed"], u64::MAX);
    let turn = row("turns.parquet", 3);
    assert_eq!((&turn["label"], &turn["turn"]), (&"missing_tool_call".into(), &1.into()));
    assert_eq!(turn["weight"], 1.25);
    let tokens = row("tokens.parquet", 0);
    for (column, expected) in [
        ("ids", serde_json::json!([5, 900, 17, 3])),
        ("log_probs", serde_json::json!([0.0, -0.25, -1.5, 0.0])),
        ("loss_mask", serde_json::json!([false, true, true, false])),
        ("advantages", serde_json::json!([0.0, 0.5, 0.625, 0.0])),
        ("weights", serde_json::json!([0.0, 1.0, 1.25, 0.0])),
        ("turn", serde_json::json!([0, 0, 1, 1])),
    ] {
        assert_eq!(tokens[column], expected, "{column}");
    }
    assert_eq!(rows(&folder.join("turns.parquet")).len(), 16);
}

#[test]
fn metrics_and_lineage_are_written() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let run = run(place.path());
    let folder = place.path().join("events");
    assert_eq!(export_tensorboard(&run, &folder).expect("exports"), 4);
    let events = fs::read(folder.join("coevo/events.out.tfevents.0000000000.coevo")).expect("is there");
    assert_eq!(u64::from_le_bytes(events[..8].try_into().expect("eight")), 24, "length of the first record");
    assert!(events.windows(13).any(|bytes| bytes == b"brain.Event:2"));
    let mut out = Vec::new();
    assert_eq!(export_dot(&run, None, &mut out).expect("exports"), 0, "no cue ever came");
    assert!(String::from_utf8(out).expect("UTF-8").starts_with("digraph lineage {"));
}

#[test]
fn what_is_exported_with_tokens_is_imported_whole() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let run = run(place.path());
    let mut lines = Vec::new();
    export_jsonl_with(&run, &all(), true, &mut lines).expect("exports");
    let mut copy = RunFile::create(&place.path().join("copy"), &header()).expect("creates");
    let imported = import_jsonl(lines.as_slice(), &mut copy, &|_| Some(public_task())).expect("imports");
    assert_eq!((imported.episodes, imported.commits), (8, 2));
    for summary in run.episodes(&all()).expect("reads") {
        assert_eq!(copy.episode(&summary.name).expect("reads"), run.record(&summary).expect("reads"));
    }
    let mut again = Vec::new();
    export_jsonl_with(&copy, &all(), true, &mut again).expect("exports");
    assert!(again == lines, "the export of an import is the export");
}

#[test]
fn a_line_that_is_no_episode_is_named_and_nothing_is_written() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut lines = Vec::new();
    export_jsonl_with(&run(place.path()), &all(), false, &mut lines).expect("exports");
    let text = String::from_utf8(lines).expect("UTF-8");
    let first = text.lines().next().expect("a line");
    for (second, expected) in [
        ("{\"messages\": []}", "line 2 is no episode of a coevo export: missing field `coevo`"),
        ("no JSON", "line 2 is no episode"),
        (&first.replace("\"state_hash\":\"", "\"state_hash\":\"x"), "is no state hash of 16 hexadecimal digits"),
        (&first.replace("{\"role\":\"user\"", "{\"role\":\"someone\""), "there is no message of the user for turn 1"),
    ] {
        let mut copy =
            RunFile::create(&place.path().join(format!("copy-{}", second.len())), &header()).expect("creates");
        let text = format!("{first}\n{second}\n");
        let error = import_jsonl(text.as_bytes(), &mut copy, &|_| None).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(copy.commits().expect("reads").is_empty());
    }
}
