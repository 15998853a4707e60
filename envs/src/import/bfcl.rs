//! BFCL multi-turn from the official wheel `bfcl-eval`.
//!
//! Tasks of one index share a scenario in all four categories, so the split is by index: even ones are the test half
//! (400 tasks), of the odd ones those that end in 9 are for development (80), the rest for training (320).

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::ImportError;
use super::archive::Archive;
use crate::tasks::{FILE, Header, Line};

const FETCH: &str = "pip download --no-deps bfcl-eval==2026.3.23";
const KNOWN: &str = "the layout of bfcl-eval 2026.3.23";

/// In the order in which they stand in a split, for one index after the other.
const CATEGORIES: [&str; 4] = ["base", "miss_func", "miss_param", "long_context"];

/// Where each class's function documents are.
const DOCUMENTS: [(&str, &str); 8] = [
    ("GorillaFileSystem", "gorilla_file_system"),
    ("MathAPI", "math_api"),
    ("MessageAPI", "message_api"),
    ("TicketAPI", "ticket_api"),
    ("TradingBot", "trading_bot"),
    ("TravelAPI", "travel_booking"),
    ("TwitterAPI", "posting_api"),
    ("VehicleControlAPI", "vehicle_control"),
];

/// Modules whose texts the tasks show, as sources: the guest takes its constants from them.
const PROMPTS: (&str, &str) = ("prompts", "bfcl_eval/constants/default_prompts.py");
const LONG: (&str, &str) = ("long_context", "bfcl_eval/eval_checker/multi_turn_eval/func_source_code/long_context.py");

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Of the wheel.
    pub version: String,
    /// Tasks of each split.
    pub splits: BTreeMap<&'static str, u32>,
    pub bytes: u64,
}

fn split(index: usize) -> &'static str {
    match index {
        _ if index.is_multiple_of(2) => "test",
        _ if index % 10 == 9 => "dev",
        _ => "train",
    }
}

/// Reads the wheel and writes the folder `out`. With `official`, held-out functions can be called before they come back, as
/// the official executor lets them.
///
/// # Errors
/// When the wheel cannot be read or is another, or `out` has tasks already.
pub fn bfcl(wheel: &Path, out: &Path, official: bool) -> Result<Import, ImportError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ImportError::Io { path, source }
    };
    let file = out.join(FILE);
    if file.exists() {
        return Err(ImportError::Exists { path: out.to_owned() });
    }
    let bytes = std::fs::read(wheel).map_err(io(wheel))?;
    let archive = Archive::open(bytes).ok_or_else(|| ImportError::Archive {
        path: wheel.to_owned(),
        problem: "not a wheel (a zip archive)".to_owned(),
        fetch: FETCH,
    })?;
    let content = |entry: &str, problem: String| ImportError::Content {
        path: wheel.to_owned(),
        entry: entry.to_owned(),
        problem,
        known: KNOWN,
    };
    let text = |entry: &str| archive.text(entry).map_err(|problem| content(entry, problem));
    let lines = |entry: &str| -> Result<Vec<Value>, ImportError> {
        let text = text(entry)?;
        let values = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        values.collect::<Result<_, _>>().map_err(|error| content(entry, error.to_string()))
    };
    let metadata = archive.ending(".dist-info/METADATA").unwrap_or("METADATA");
    let version = text(metadata)?.lines().find_map(|line| line.strip_prefix("Version: ").map(str::to_owned));
    let version = version.ok_or_else(|| content(metadata, "names no version".to_owned()))?;
    let today = date(&version).ok_or_else(|| content(metadata, format!("version {version:?} is no date")))?;

    let mut shared = BTreeMap::new();
    for (class, name) in DOCUMENTS {
        let documents = lines(&format!("bfcl_eval/data/multi_turn_func_doc/{name}.json"))?;
        shared.insert(format!("functions:{class}"), Value::Array(documents));
    }
    for (name, path) in [PROMPTS, LONG] {
        shared.insert(name.to_owned(), Value::String(text(path)?));
    }
    let mut tasks: Vec<(usize, Line)> = Vec::new();
    for category in CATEGORIES {
        let name = format!("BFCL_v4_multi_turn_{category}.json");
        let (questions, answers) = (format!("bfcl_eval/data/{name}"), format!("bfcl_eval/data/possible_answer/{name}"));
        let (asked, truths) = (lines(&questions)?, lines(&answers)?);
        if asked.len() != truths.len() {
            return Err(content(&answers, format!("{} answers to {} questions", truths.len(), asked.len())));
        }
        for (mut task, truth) in asked.into_iter().zip(truths) {
            let id = task["id"].as_str().unwrap_or_default().to_owned();
            if truth["id"] != task["id"] {
                return Err(content(&answers, format!("the answer to {id} belongs to {}", truth["id"])));
            }
            let index = id.rsplit('_').next().and_then(|index| index.parse().ok());
            let index: usize = index.ok_or_else(|| content(&questions, format!("id {id:?} ends in no number")))?;
            let classes = task["involved_classes"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut uses: Vec<String> = classes.map(|class| format!("functions:{class}")).collect();
            match category {
                "miss_func" => uses.push(PROMPTS.0.to_owned()),
                "long_context" => uses.push(LONG.0.to_owned()),
                _ => {}
            }
            if let Some(unknown) = uses.iter().find(|name| !shared.contains_key(*name)) {
                return Err(content(&questions, format!("{id} needs {unknown}, which is unknown")));
            }
            task["ground_truth"] = truth["ground_truth"].clone();
            task["today"] = json!(today);
            task["official"] = json!(official);
            tasks.push((index, Line { split: split(index).to_owned(), uses, task }));
        }
    }
    // Stable: the categories of an index stay in their order.
    tasks.sort_by_key(|(index, _)| *index);
    let source = format!("bfcl-eval {version}{}", if official { ", official hold-out" } else { "" });
    let header = Header { environment: "bfcl".to_owned(), source, shared };
    let mut written = serde_json::to_string(&header).expect("a header is JSON");
    let mut splits = BTreeMap::new();
    for (index, line) in &tasks {
        written.push('\n');
        written.push_str(&serde_json::to_string(line).expect("a line is JSON"));
        *splits.entry(split(*index)).or_insert(0) += 1;
    }
    written.push('\n');
    std::fs::create_dir_all(out).map_err(io(out))?;
    let mut target = std::fs::File::create(&file).map_err(io(&file))?;
    target.write_all(written.as_bytes()).map_err(io(&file))?;
    Ok(Import { version, splits, bytes: written.len() as u64 })
}

/// The date that a version such as `2026.3.23` is.
fn date(version: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.first_chunk().copied().filter(|[_, month, day]| (1..=12).contains(month) && (1..=31).contains(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_split_as_documented() {
        let count = |name: &str| (0..200).filter(|index| split(*index) == name).count() * CATEGORIES.len();
        assert_eq!((count("train"), count("dev"), count("test")), (320, 80, 400));
        assert_eq!(date("2026.3.23"), Some([2026, 3, 23]));
        assert_eq!(date("1.2"), None);
    }

    #[test]
    fn what_is_no_wheel_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("x.whl");
        std::fs::write(&wheel, "no zip").unwrap();
        let said = bfcl(&wheel, &folder.path().join("out"), false).unwrap_err().to_string();
        assert!(said.contains("not a wheel") && said.contains("pip download"), "{said}");
        assert!(!folder.path().join("out").exists());
    }
}
