//! Evaluation is untouched and labels are hidden, seen from outside: in what a run recorded, and in what `coevo eval`
//! says of agents whose success is known. Guards invariants 1 and 2 of ARCHITECTURE.md.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use coevo_agents::Tokenizer;
use coevo_core::episode::{Episode, Stage};
use coevo_core::interface::Interface;
use coevo_core::task::{HiddenLabel, TaskRef};
use coevo_envs::{EnvPlugin, Sandbox, SandboxLimits};
use coevo_trace::{EpisodeFilter, RunFile};
use common::{records, succeed, tiny};
use serde_json::Value;

/// How cue lines begin.
const MARKS: [&str; 3] = ["note: ", "hint: ", "guide: "];

/// One tiny run for the tests of this file that read what was recorded. Its demonstrations err often and show many cues, so
/// that there are hints whatever the policy learns.
fn recorded() -> (tempfile::TempDir, RunFile) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demonstrations = ["--set", "agent.warm_start.mistakes=0.4", "--set", "agent.warm_start.cues=0.9"];
    succeed(folder.path(), &[&["run", tiny(folder.path()), "--out", "run"][..], &demonstrations].concat());
    let file = RunFile::open_read_only(&folder.path().join("run")).expect("a run");
    (folder, file)
}

/// What the policy was given to read, decoded from the recorded tokens: everything it did not write itself.
fn read_by_policy(tokenizer: &Tokenizer, episode: &Episode) -> String {
    let tokens = episode.tokens.ids.iter().zip(&episode.tokens.action);
    let given: Vec<u32> = tokens.filter(|(_, action)| !**action).map(|(id, _)| *id).collect();
    tokenizer.decode(&given)
}

#[test]
fn evaluation_shows_the_base_interface_and_hides_every_label() {
    let (folder, file) = recorded();
    let key = file.checkpoints().expect("readable").remove(0);
    let files = file.checkpoint(&key).expect("sound");
    let json = files.into_iter().find(|file| file.name == "tokenizer.json").expect("a tokenizer").bytes;
    let tokenizer = Tokenizer::from_json(&String::from_utf8(json).expect("UTF-8")).expect("our own");
    let interfaces = file.interfaces().expect("readable");
    let base = Interface::base();
    let mut seen: BTreeMap<(String, Stage), BTreeSet<bool>> = BTreeMap::new();
    for record in records(&file, &EpisodeFilter::default()) {
        let (episode, name) = (&record.episode, coevo_trace::episode_name(&record.episode.key));
        let stage = episode.key.stage;
        let shown = &interfaces[&episode.interface];
        seen.entry((episode.key.arm.clone(), stage)).or_default().insert(!shown.is_base());
        let said = read_by_policy(&tokenizer, episode);
        let cues = MARKS.iter().filter(|mark| said.contains(&format!("\n{mark}"))).count();
        if matches!(stage, Stage::Dev | Stage::Test | Stage::Transfer) {
            assert_eq!(&episode.interface, base.id(), "{name}");
            assert!(episode.turns.iter().flat_map(|turn| &turn.steps).all(|step| step.cue.is_empty()), "{name}");
            assert_eq!(cues, 0, "{name} read a cue:\n{said}");
        } else if shown.cues().iter().any(|cue| cue.phi != coevo_core::interface::Phi::Err) {
            // The same look does find cues where there are some.
            assert!(cues > 0, "{name} was to show {:?}:\n{said}", shown.cues());
        }
    }
    // Who met cues, and who did not: (arm, stage) and whether there were episodes without and with.
    let met: Vec<(&str, Stage, Vec<bool>)> =
        seen.iter().map(|((arm, stage), cues)| (arm.as_str(), *stage, cues.iter().copied().collect())).collect();
    assert_eq!(
        met,
        [
            ("baseline", Stage::Test, vec![false]),
            ("coevo", Stage::Train, vec![false, true]), // evolved after its first round
            ("coevo", Stage::Dev, vec![false]),
            ("coevo", Stage::Probe, vec![true]),
            ("coevo", Stage::Test, vec![false]),
            ("vanilla", Stage::Train, vec![false]),
            ("vanilla", Stage::Dev, vec![false]),
            ("vanilla", Stage::Test, vec![false]),
            ("warm-start", Stage::Warmup, vec![false, true]),
        ]
    );
    no_cue_gives_a_label_away(&file);
    drop(folder);
}

/// Whether `text` has `value` as a word or words of its own.
fn has(text: &str, value: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(value)
        .any(|(at, _)| edge(text[..at].chars().next_back()) && edge(text[at + value.len()..].chars().next()))
}

/// Every scalar of the reference calls, and every text that the answers after them must mention, in lower case. What an
/// answer without calls must mention are the words of any abstention ("missing"), not of this task.
fn values(label: &HiddenLabel) -> BTreeSet<String> {
    fn scalars(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.values().for_each(|value| scalars(value, found)),
            Value::Array(list) => list.iter().for_each(|value| scalars(value, found)),
            Value::String(text) => drop(found.insert(text.to_lowercase())),
            Value::Number(number) => drop(found.insert(number.to_string())),
            Value::Bool(_) | Value::Null => {}
        }
    }
    let mut found = BTreeSet::new();
    for turn in &label.reference {
        turn.calls.iter().for_each(|call| scalars(&call.arguments, &mut found));
        let mentions = turn.mentions.iter().flatten().filter(|_| !turn.calls.is_empty());
        found.extend(mentions.map(|text| text.to_lowercase()));
    }
    found.retain(|value| !value.trim().is_empty());
    found
}

/// The values that a cue holds and nothing the agent may know does.
fn leaks<'a>(cue: &str, known: &str, values: &'a BTreeSet<String>) -> Vec<&'a str> {
    let (cue, known) = (cue.to_lowercase(), known.to_lowercase());
    values.iter().map(String::as_str).filter(|value| has(&cue, value) && !has(&known, value)).collect()
}

/// No cue of any recorded interface, nor any hint that was shown, holds a value of a hidden label that is not in the
/// tools' schemas (or, for a hint, in the call and the error it comments on).
fn no_cue_gives_a_label_away(file: &RunFile) {
    let sandbox = Sandbox::new(SandboxLimits::default()).expect("a sandbox");
    let plugin = EnvPlugin::load(&sandbox, &"travel".parse().expect("a name")).expect("shipped");
    let schema = serde_json::to_string(&plugin.spec().tools).expect("JSON");
    let all = records(file, &EpisodeFilter::default());
    let tasks: BTreeSet<&TaskRef> = all.iter().map(|record| &record.episode.key.task).collect();
    let labels: BTreeMap<&TaskRef, BTreeSet<String>> =
        tasks.into_iter().map(|task| (task, values(&plugin.task(task).expect("a task").hidden))).collect();
    let hidden: BTreeSet<String> = labels.values().flatten().cloned().collect();
    let interfaces = file.interfaces().expect("readable");
    let cues: BTreeSet<&str> = interfaces.values().flat_map(Interface::cues).map(|cue| cue.text.as_str()).collect();
    assert!(cues.len() > 20 && hidden.len() > 100, "{} cues, {} hidden values", cues.len(), hidden.len());
    for cue in &cues {
        assert_eq!(leaks(cue, &schema, &hidden), [""; 0], "of the cue {cue:?}");
    }
    let mut hints = 0;
    for record in &all {
        for step in record.episode.turns.iter().flat_map(|turn| &turn.steps).filter(|step| !step.cue.is_empty()) {
            hints += 1;
            // A hint comments on the raw error, details included.
            let raw = serde_json::to_string(&step.outcome).expect("JSON");
            let known = format!("{schema}\n{}\n{raw}", step.text);
            let found = leaks(&step.cue, &known, &labels[&record.episode.key.task]);
            assert_eq!(found, [""; 0], "of the hint {:?} after {:?}", step.cue, step.observation);
        }
    }
    assert!(hints > 0, "no hint was shown");
    // The look finds a planted value.
    let secret = hidden.iter().find(|value| value.len() > 3 && !has(&schema.to_lowercase(), value)).expect("a value");
    assert_eq!(leaks(&format!("then book {secret} now"), &schema, &hidden), [secret.as_str()]);
}

#[test]
fn agents_of_known_success_are_scored_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Agent, and the most and least of 60 tasks that it may solve.
    let cases = [("oracle", 60, 60), ("do-nothing", 0, 1), ("random", 0, 1)];
    for env in ["travel", "helpdesk"] {
        for split in ["train", "dev", "test"] {
            for (agent, least, most) in cases {
                let args = ["eval", "--env", env, "--agent", agent, "--split", split, "--tasks", "60", "--json"];
                let summary: Value = serde_json::from_str(&succeed(folder.path(), &args)).expect("JSON");
                assert_eq!((&summary["all"]["scored"], &summary["unscored"]), (&60.into(), &0.into()), "{summary}");
                let passed = summary["all"]["passed"].as_u64().expect("a count");
                assert!((least..=most).contains(&passed), "{agent} solves {passed} of 60 tasks of {env} {split}");
                assert_eq!(summary["categories"].as_object().map(serde_json::Map::len), Some(4), "{summary}");
            }
        }
    }
}
