//! `learner.algorithm` as data: what each name fills in where the file is silent, and what would contradict it.
//!
//! | | `advantages.baseline` | `.scale` | `.credit` | `learner.aggregation` |
//! |---|---|---|---|---|
//! | `grpo` | mean | std | episode | token_mean |
//! | `dr_grpo` | **mean** | **none** | episode | **constant** (`agent.model.context` tokens) |
//! | `rloo` | **leave_one_out** | **none** | episode | constant (`agent.model.context` tokens) |
//! | `gigpo` | mean | std | **step** | token_mean |
//!
//! Bold is what the name means: a file that says otherwise is refused. `grpo` takes every option.

use coevo_core::advantage::{AdvantageConfig, Baseline, Credit, Scale};
use coevo_core::config::LossAggregation;
use coevo_core::interface::{ShownWhen, TrainOn};
use serde_json::Value;

use crate::limits::Unfit;
use crate::types::{Algorithm, Settings, ZeroVariance};

struct Preset {
    name: &'static str,
    baseline: Baseline,
    scale: Scale,
    credit: Credit,
    /// Constant aggregation, of as many tokens as a conversation may have.
    constant: bool,
    /// The keys that the name decides.
    fixed: &'static [&'static str],
}

const BASELINE: &str = "advantages.baseline";
const SCALE: &str = "advantages.scale";
const CREDIT: &str = "advantages.credit";
const AGGREGATION: &str = "learner.aggregation";
/// What to do where a group would be about several texts.
const ONE_TEXT: &str = "write `evolution.train_on: base`: a group that mixes texts must be trained on one of them";

fn preset(algorithm: Algorithm) -> Preset {
    let grpo = Preset {
        name: "grpo",
        baseline: Baseline::Mean,
        scale: Scale::Std,
        credit: Credit::Episode,
        constant: false,
        fixed: &[],
    };
    match algorithm {
        Algorithm::Grpo => grpo,
        Algorithm::DrGrpo => Preset {
            name: "dr_grpo",
            scale: Scale::None,
            constant: true,
            fixed: &[BASELINE, SCALE, AGGREGATION],
            ..grpo
        },
        Algorithm::Rloo => Preset {
            name: "rloo",
            baseline: Baseline::LeaveOneOut,
            scale: Scale::None,
            constant: true,
            fixed: &[BASELINE, SCALE],
            ..grpo
        },
        Algorithm::Gigpo => Preset { name: "gigpo", credit: Credit::Step, fixed: &[CREDIT], ..grpo },
    }
}

/// Sets what `given`, the tree that `settings` were read from, does not.
pub fn fill(settings: &mut Settings, given: &Value) {
    let preset = preset(settings.learner.algorithm);
    let silent = |key: &str| given.pointer(&format!("/{}", key.replace('.', "/"))).is_none();
    let advantages = &mut settings.advantages;
    if silent(BASELINE) {
        advantages.baseline = preset.baseline;
    }
    if silent(SCALE) {
        advantages.scale = preset.scale;
    }
    if silent(CREDIT) {
        advantages.credit = preset.credit;
    }
    if silent(AGGREGATION) && preset.constant {
        let tokens = u32::try_from(settings.agent.model.context).unwrap_or(u32::MAX);
        settings.learner.rl.aggregation = LossAggregation::Constant { tokens };
    }
}

/// Every option that contradicts the algorithm, or that nothing would read.
pub fn unfit(settings: &Settings) -> Vec<Unfit> {
    let Settings { advantages, learner, environment, .. } = settings;
    let preset = preset(learner.algorithm);
    let mut found = Vec::new();
    let mut say = |wrong: bool, key: &str, message: String, hint: String| {
        if wrong {
            found.push(Unfit { key: key.to_owned(), message: format!(" is {message}"), hint: Some(hint) });
        }
    };
    let constant = matches!(learner.rl.aggregation, LossAggregation::Constant { .. });
    for (key, fits, has, wants) in [
        (BASELINE, advantages.baseline == preset.baseline, word(&advantages.baseline), word(&preset.baseline)),
        (SCALE, advantages.scale == preset.scale, word(&advantages.scale), word(&preset.scale)),
        (CREDIT, advantages.credit == preset.credit, word(&advantages.credit), word(&preset.credit)),
        (AGGREGATION, constant, word(&learner.rl.aggregation), "constant".to_owned()),
    ] {
        say(
            preset.fixed.contains(&key) && !fits,
            key,
            format!("{has}, but `learner.algorithm: {}` means {wants}", preset.name),
            "leave it out, or write `algorithm: grpo`, which takes every option".to_owned(),
        );
    }
    let default = AdvantageConfig::default();
    for (key, value, usual, in_range, range) in [
        (
            "advantages.step_weight",
            advantages.step_weight,
            default.step_weight,
            advantages.step_weight >= 0.0,
            "write 0 or more, such as 1",
        ),
        (
            "advantages.discount",
            advantages.discount,
            default.discount,
            (0.0..=1.0).contains(&advantages.discount),
            "write a share from 0 to 1, such as 0.95",
        ),
    ] {
        say(!in_range, key, value.to_string(), range.to_owned());
        say(
            in_range && value != usual && advantages.credit != Credit::Step,
            key,
            format!("{value}, which nothing reads where `advantages.credit` is {}", word(&advantages.credit)),
            "write `algorithm: gigpo`, or move it to the arms that do".to_owned(),
        );
    }
    say(
        !(0.0..=1.0).contains(&advantages.blame),
        "advantages.blame",
        advantages.blame.to_string(),
        "write a share from 0 to 1; 1 keeps negative advantages as they are".to_owned(),
    );
    say(
        advantages.baseline == Baseline::Zero && advantages.scale != Scale::None,
        BASELINE,
        format!("zero, but `{SCALE}` is {}", word(&advantages.scale)),
        format!("write `{SCALE}: none`: a group that agrees has no deviation to divide by"),
    );
    say(
        !(0.0..1.0).contains(&learner.branch),
        "learner.branch",
        learner.branch.to_string(),
        "write a share from 0 to below 1, such as 0.5".to_owned(),
    );
    say(
        learner.branch > 0.0 && advantages.credit != Credit::Value,
        "learner.branch",
        format!("{}, but `advantages.credit` is {}", learner.branch, word(&advantages.credit)),
        "write `advantages.credit: value`: a branch plays no whole episode, so its turns are compared one by one"
            .to_owned(),
    );
    let evolution = &settings.evolution;
    say(
        !(evolution.shown_to > 0.0 && evolution.shown_to <= 1.0),
        "evolution.shown_to",
        evolution.shown_to.to_string(),
        "write a share above 0, up to 1; `enabled: false` shows no cues at all".to_owned(),
    );
    say(
        evolution.shown_to < 1.0 && evolution.train_on != TrainOn::Base,
        "evolution.shown_to",
        format!("{}, but `evolution.train_on` is {}", evolution.shown_to, word(&evolution.train_on)),
        ONE_TEXT.to_owned(),
    );
    let retries = evolution.enabled && evolution.shown_when == ShownWhen::Retry;
    say(
        retries && learner.from_the_beginning() == learner.group,
        "evolution.shown_when",
        format!("retry, but `learner.branch` is {}: of {} episodes none", learner.branch, learner.group),
        "write `learner.branch: 0.5` and a `learner.group` of 4 or more: second tries are branches".to_owned(),
    );
    say(
        retries && evolution.train_on != TrainOn::Base,
        "evolution.shown_when",
        format!("retry, but `evolution.train_on` is {}", word(&evolution.train_on)),
        ONE_TEXT.to_owned(),
    );
    say(
        evolution.shown_when == ShownWhen::Stuck && evolution.shown_to == 1.0,
        "evolution.shown_when",
        format!("{}, but `evolution.shown_to` is 1", word(&evolution.shown_when)),
        "write `evolution.shown_to: 0.5`: the others of a group must play first".to_owned(),
    );
    if let ZeroVariance::Resample { extra_tasks } = learner.zero_variance {
        let key = "learner.zero_variance.resample.extra_tasks";
        let spare = environment.train.saturating_sub(learner.tasks_per_round);
        say(extra_tasks == 0, key, "0".to_owned(), "write 1 or more, or `zero_variance: skip`".to_owned());
        say(
            extra_tasks > spare,
            key,
            format!(
                "{extra_tasks}, but {} tasks a round leave {spare} of the {} training tasks",
                learner.tasks_per_round, environment.train
            ),
            match spare {
                0 => "lower `learner.tasks_per_round`, or raise `environment.train`".to_owned(),
                _ => format!("write {spare} or less, or raise `environment.train`"),
            },
        );
    }
    found
}

/// A choice as it is written in YAML; the name alone where it is a map.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value).expect("our own types serialize") {
        Value::String(name) => name,
        Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
        other => other.to_string(),
    }
}
