//! Shipped scenarios, precedence, canonical text, the stage order, and texts that nobody would write.

use std::path::{Path, PathBuf};

use coevo_core::advantage::{Baseline, Credit, Scale};
use coevo_core::config::LossAggregation;
use coevo_scenarios::{ResolvedScenario, StageKind, json_schema};
use proptest::prelude::*;

fn parse(text: &str, sets: &[&str]) -> ResolvedScenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    ResolvedScenario::parse(text, "s.yaml", Path::new("."), &sets).unwrap_or_else(|error| panic!("{error}"))
}

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("the crate's folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

fn named(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).with_extension("yaml")
}

#[test]
fn shipped_scenarios_load_and_round_trip() {
    let files = shipped();
    assert_eq!(files.len(), 7, "{files:?}");
    for file in files {
        let scenario = ResolvedScenario::load(&file, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(scenario.name.as_str()), file.file_stem().and_then(|stem| stem.to_str()));
        let text = scenario.to_yaml();
        let again = parse(&text, &[]);
        assert_eq!(again, scenario, "{text}");
        assert_eq!((again.to_yaml(), again.id()), (text, scenario.id()));
    }
}

#[test]
fn the_quickstart_shows_both_arms() {
    let scenario = ResolvedScenario::load(&named("quickstart"), &[]).expect("loads");
    let arms: Vec<(&str, bool)> = scenario.arms.iter().map(|arm| (arm.name.as_str(), arm.evolves())).collect();
    assert_eq!(arms, [("vanilla", false), ("coevo", true)]);
}

#[test]
fn the_study_compares_equals() {
    let path = &named("paper");
    let scenario = ResolvedScenario::load(path, &[]).expect("loads");
    assert!(scenario.seeds.len() >= 5, "{:?}", scenario.seeds);
    assert_eq!((scenario.base.environment.train, scenario.base.evaluation.test_tasks), (400, 400));
    for arm in &scenario.arms {
        // What may differ is what the study is about: everything else, the rollouts first of all, is equal.
        let mut settings = arm.settings.clone();
        settings.seed = scenario.base.seed;
        settings.evolution = scenario.base.evolution.clone();
        settings.advantages = scenario.base.advantages.clone();
        // Branches are among the rollouts, not beside them.
        settings.learner.branch = scenario.base.learner.branch;
        assert_eq!(settings, scenario.base, "{}", arm.name);
    }
    let small = ResolvedScenario::load_with(path, Some("small"), &[]).expect("loads");
    assert_eq!(small.families(), scenario.families(), "the small study has every arm");
    assert!(small.plan.episodes() * 20 < scenario.plan.episodes());
    let again = parse(&small.to_yaml(), &[]);
    assert_eq!((&again, again.id()), (&small, small.id()), "a run records what was chosen");
}

#[test]
fn seeds_make_arms_of_their_own() {
    let head = "name: x\nenvironment: {name: travel}\n";
    for (seeds, sets, expected) in [
        ("seeds: [4, 2]\narms: {b: {}, a: {start_from: b}}", &[][..], "b.s4 a.s4<b.s4 b.s2 a.s2<b.s2"),
        ("seeds: 2\nseed: 7\n", &[], "main.s7 main.s8"),
        ("seeds: 2\nseed: 7\n", &["seed=3"], "main.s3 main.s4"),
        ("seeds: 2\n", &["seeds=[9]"], "main.s9"),
        ("arms: {b: {after: [a]}, a: {}}", &["seeds=1"], "b.s0<a.s0 a.s0"),
    ] {
        let scenario = parse(&format!("{head}{seeds}"), sets);
        let arms: Vec<String> = scenario
            .arms
            .iter()
            .map(|arm| {
                assert_eq!(arm.name, format!("{}.s{}", arm.family, arm.settings.seed));
                let before = arm.sequel.after.iter().chain(&arm.sequel.start_from);
                before.fold(arm.name.clone(), |name, before| format!("{name}<{before}"))
            })
            .collect();
        assert_eq!(arms.join(" "), expected, "{seeds} {sets:?}");
        assert_eq!(scenario.base.seed, scenario.seeds[0]);
        assert_eq!(parse(&scenario.to_yaml(), &[]), scenario, "{}", scenario.to_yaml());
    }
    // Without seeds nothing changes.
    let scenario = parse(head, &[]);
    assert_eq!((scenario.arms[0].name.as_str(), scenario.arms[0].family.as_str()), ("main", "main"));
    assert!(scenario.seeds.is_empty() && !scenario.to_yaml().contains("seeds"));
}

#[test]
fn a_named_budget_lies_between_the_file_and_the_sets() {
    let text = format!("{ARMS}named_budgets:\n  small: {{learner: {{rounds: 2, group: 4}}, seeds: [3]}}\n  none:\n");
    for (budget, expected) in [
        (None, "(plain 3 8) (loud 5 8)"),
        (Some("none"), "(plain 3 8) (loud 5 8)"),
        (Some("small"), "error"), // `loud` has a seed of its own
    ] {
        let found = match ResolvedScenario::parse_with(&text, "s.yaml", Path::new("."), budget, &[]) {
            Ok(scenario) => {
                let arm = |arm: &coevo_scenarios::ArmPlan| {
                    format!("({} {} {})", arm.name, arm.settings.learner.rounds, arm.settings.learner.group)
                };
                scenario.arms.iter().map(arm).collect::<Vec<_>>().join(" ")
            }
            Err(_) => "error".to_owned(),
        };
        assert_eq!(found, expected, "{budget:?}");
    }
    let text = text.replace(", seed: 18446744073709551615", "");
    for (sets, expected) in [(&[][..], [(2, 4), (5, 4)]), (&["learner.group=6"], [(2, 6), (5, 6)])] {
        let sets: Vec<String> = sets.iter().map(|set: &&str| (*set).to_owned()).collect();
        let scenario =
            ResolvedScenario::parse_with(&text, "s.yaml", Path::new("."), Some("small"), &sets).expect("loads");
        let got: Vec<(u32, u32)> =
            scenario.arms.iter().map(|arm| (arm.settings.learner.rounds, arm.settings.learner.group)).collect();
        assert_eq!((got, scenario.seeds.clone()), (expected.to_vec(), vec![3]), "{sets:?}");
    }
}

/// What an algorithm's name fills in, what a file may say beside it, and that the canonical text says all of it.
#[test]
fn algorithms_fill_in_what_the_file_leaves_open() {
    let text = "\
name: x
environment: {name: travel}
advantages: {scale: none}
arms:
  plain: {advantages: {scale: std}}
  bare: {}
  dr: {learner: {algorithm: dr_grpo}}
  loo: {learner: {algorithm: rloo}}
  summed: {learner: {algorithm: rloo, aggregation: {constant: {tokens: 9}}}}
  steps: {learner: {algorithm: gigpo}, agent: {model: {context: 900}}, advantages: {step_weight: 0.5}}
  long: {learner: {algorithm: dr_grpo}, agent: {model: {context: 900}}}
";
    let scenario = parse(text, &[]);
    let constant = |tokens| LossAggregation::Constant { tokens };
    use {Baseline::*, Credit::*};
    for (arm, expected) in [
        ("plain", (Mean, Scale::Std, Episode, LossAggregation::TokenMean)),
        ("bare", (Mean, Scale::None, Episode, LossAggregation::TokenMean)),
        ("dr", (Mean, Scale::None, Episode, constant(2048))),
        ("loo", (LeaveOneOut, Scale::None, Episode, constant(2048))),
        ("summed", (LeaveOneOut, Scale::None, Episode, constant(9))),
        ("steps", (Mean, Scale::None, Step, LossAggregation::TokenMean)),
        ("long", (Mean, Scale::None, Episode, constant(900))),
    ] {
        let settings = &scenario.arm(arm).expect("an arm").settings;
        let advantages = &settings.advantages;
        let got = (advantages.baseline, advantages.scale, advantages.credit, settings.learner.rl.aggregation);
        assert_eq!(got, expected, "{arm}");
    }
    let again = parse(&scenario.to_yaml(), &[]);
    assert_eq!(again, scenario, "{}", scenario.to_yaml());
}

const ARMS: &str = "\
name: x
environment: {name: travel}
learner: {rounds: 3, aggregation: {constant: {tokens: 9}}}
agent: {sampling: {temperature: 0.7}}
arms:
  plain:
  loud: {learner: {rounds: 5, aggregation: sequence_mean}, seed: 18446744073709551615}
";

#[test]
fn the_arm_beats_the_set_beats_the_file_beats_the_default() {
    for (sets, expected) in [
        (&[][..], [(3, 8), (5, 8)]),
        (&["learner.rounds=4", "learner.group=2"], [(4, 2), (5, 2)]),
        (&["arms.loud.learner.rounds=6"], [(3, 8), (6, 8)]),
        (&["arms.plain.learner.group=4"], [(3, 4), (5, 8)]),
        (&["learner.rounds=4", "learner.rounds=7"], [(7, 8), (5, 8)]),
    ] {
        let scenario = parse(ARMS, sets);
        let got: Vec<(u32, u32)> =
            scenario.arms.iter().map(|arm| (arm.settings.learner.rounds, arm.settings.learner.group)).collect();
        assert_eq!(got, expected, "{sets:?}");
        assert_eq!(parse(&scenario.to_yaml(), &[]), scenario);
    }
    let scenario = parse(ARMS, &[]);
    assert_eq!(scenario.arms[1].settings.seed, u64::MAX);
    assert!(scenario.to_yaml().contains("temperature: 0.7\n"), "{}", scenario.to_yaml());
}

#[test]
fn a_configured_zero_stays_zero() {
    let scenario = parse("name: x\nenvironment: {name: travel}\nlearner: {kl_weight: 0, entropy_weight: 0}\n", &[]);
    assert_eq!(scenario.arms[0].settings.learner.rl.kl_weight, 0.0);
}

#[test]
fn stages_come_in_one_order() {
    let head = "name: x\nenvironment: {name: travel}\n";
    for (arms, expected) in [
        ("", "warm-start baseline main/rounds main/test report"),
        ("arms: {b: {}, a: {}}", "warm-start baseline b/rounds b/test a/rounds a/test report"),
        ("arms: {b: {after: [a]}, a: {}}", "warm-start baseline a/rounds a/test b/rounds b/test report"),
        ("arms: {b: {start_from: a}, a: {}}", "warm-start baseline a/rounds a/test b/rounds b/test report"),
    ] {
        let plan = parse(&format!("{head}{arms}"), &[]).plan;
        let ids: Vec<&str> = plan.stages.iter().map(|stage| stage.id.as_str()).collect();
        assert_eq!(ids.join(" "), expected, "{arms}");
    }
    let plan = parse(&format!("{head}arms: {{a: {{}}, b: {{seed: 9}}, c: {{learner: {{rounds: 1}}}}}}"), &[]).plan;
    let starts: Vec<&[String]> = plan
        .stages
        .iter()
        .filter_map(|stage| match &stage.kind {
            StageKind::WarmStart { arms } => Some(arms.as_slice()),
            _ => None,
        })
        .collect();
    assert_eq!(starts, [&["a".to_owned(), "c".to_owned()][..], &["b".to_owned()]], "another seed, another warm start");
}

#[test]
fn the_dry_run_counts_episodes() {
    let text = "name: x\nenvironment: {name: travel}\nagent: {warm_start: {episodes: 800}}\n\
                learner: {rounds: 4, tasks_per_round: 3, group: 2}\n\
                evaluation: {every: 2, dev_tasks: 10, test_tasks: 20, probe: false}\n";
    let plan = parse(text, &[]).plan;
    let counts: Vec<u64> = plan.stages.iter().map(|stage| stage.episodes).collect();
    assert_eq!(counts, [800, 20, 4 * 3 * 2 + 2 * 10, 20, 0]);
    let text = plan.to_string();
    assert!(text.contains("3. main/rounds  4 rounds and their evaluations: 44 episodes, roughly"), "{text}");
}

#[test]
fn the_schema_describes_every_section() {
    let schema = json_schema();
    for (pointer, expected) in [
        ("/properties/learner/properties/learning_rate/type", serde_json::json!("number")),
        ("/properties/learner/additionalProperties", serde_json::json!(false)),
        (
            "/properties/arms/additionalProperties/properties/learner/properties/group/format",
            serde_json::json!("uint32"),
        ),
        ("/properties/arms/additionalProperties/properties/environment", serde_json::Value::Null),
        ("/required", serde_json::json!(["name", "environment"])),
    ] {
        assert_eq!(schema.pointer(pointer).unwrap_or(&serde_json::Value::Null), &expected, "{pointer}");
    }
    assert!(!schema.to_string().contains("$ref"), "no references");
}

/// Lines that are nearly a scenario: known keys with values that may fit or not.
fn nearly() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "name",
        "seed",
        "environment",
        "train",
        "agent",
        "model",
        "width",
        "heads",
        "learner",
        "group",
        "aggregation",
        "constant",
        "tokens",
        "arms",
        "after",
        "start_from",
        "evolution",
        "advantages",
        "budgets",
        "<<",
        "x",
    ]);
    let value = prop::sample::select(vec![
        "",
        "1",
        "-1",
        "0",
        "1e300",
        "99999999999999999999",
        "travel",
        "{}",
        "[]",
        "[a]",
        "{a: 1}",
        "null",
        "true",
        "&a 1",
        "*a",
        "!t 1",
        ".inf",
        "\"",
        "{",
        "~",
    ]);
    let line =
        (0usize..4, key, value).prop_map(|(depth, key, value)| format!("{}{key}: {value}\n", "  ".repeat(depth)));
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics(text in prop_oneof![nearly(), "\\PC{0,80}", "[a-z:\\[\\]{}\"'*&!|> \n-]{0,80}"], set in "\\PC{0,20}") {
        let outcome = ResolvedScenario::parse(&text, "s.yaml", Path::new("."), &[set]);
        if let Err(error) = outcome {
            prop_assert!(!error.problems.is_empty());
        }
        let under = format!("name: x\nenvironment: {{name: travel}}\n{text}");
        if let Ok(scenario) = ResolvedScenario::parse(&under, "s.yaml", Path::new("."), &[]) {
            prop_assert_eq!(parse(&scenario.to_yaml(), &[]), scenario);
        }
    }
}
