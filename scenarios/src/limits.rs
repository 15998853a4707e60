//! Checks that the schema cannot express: ranges, and numbers that must fit each other.

use coevo_core::config::{Decoding, DemonstrationSource, LossAggregation, Start};
use coevo_core::diagnose::PriorityTable;
use coevo_core::interface::TrainOn;

use crate::algorithm;
use crate::types::Settings;

/// Room that the prompt needs beside the longest reply, in tokens.
pub const MIN_PROMPT_TOKENS: usize = 256;
/// 256 bytes and the special tokens, with some room for the latter.
pub const MIN_VOCABULARY: usize = 300;
/// The width of a head is a multiple of this: what the kernels of the policy take at once.
const HEAD_LANES: usize = 16;

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Dotted, list positions as `rules[2]`.
    pub key: String,
    /// The value and what is wrong with it; reads on right after the key.
    pub message: String,
    pub hint: Option<String>,
}

/// Every setting that cannot work.
pub fn unfit(settings: &Settings) -> Vec<Unfit> {
    let mut found = Vec::new();
    let mut say = |wrong: bool, key: &str, message: String, hint: String| {
        if wrong {
            found.push(Unfit { key: key.to_owned(), message: format!(" is {message}"), hint: Some(hint) });
        }
    };
    let Settings { environment, agent, learner, diagnosis, evaluation, budgets, .. } = settings;
    let (model, rl) = (&agent.model, &learner.rl);

    // Counts that must not be 0.
    for (key, value) in [
        ("environment.train", u64::from(environment.train)),
        ("agent.model.layers", model.layers as u64),
        ("agent.model.heads", model.heads as u64),
        ("agent.model.width", model.width as u64),
        ("agent.model.mlp", model.mlp as u64),
        ("agent.sampling.max_new_tokens", agent.sampling.max_new_tokens as u64),
        ("agent.warm_start.imitation.batch", agent.warm_start.imitation.batch as u64),
        ("learner.tasks_per_round", u64::from(learner.tasks_per_round)),
        ("learner.epochs", u64::from(rl.epochs)),
        ("learner.mini_batch", rl.mini_batch as u64),
        ("evaluation.every", u64::from(evaluation.every)),
        ("evaluation.dev_tasks", u64::from(evaluation.dev_tasks)),
        ("evaluation.test_tasks", u64::from(evaluation.test_tasks)),
        ("budgets.steps_per_turn", u64::from(budgets.steps_per_turn)),
        ("budgets.fuel_per_call", budgets.fuel_per_call),
        ("budgets.memory_mib", u64::from(budgets.memory_mib)),
        ("budgets.output_kib", u64::from(budgets.output_kib)),
    ] {
        say(value == 0, key, "0".into(), "write 1 or more".into());
    }

    for (number, transfer) in evaluation.transfer.iter().enumerate() {
        let key = format!("evaluation.transfer[{number}]");
        say(transfer.tasks == 0, &format!("{key}.tasks"), "0".into(), "write 1 or more, or leave the entry out".into());
        say(
            transfer.demonstrations > 0 && agent.warm_start.source == DemonstrationSource::Synthetic,
            &format!("{key}.demonstrations"),
            format!("{}, but `agent.warm_start.source: synthetic` plays none", transfer.demonstrations),
            "leave it out, or set `source: oracle`".into(),
        );
        let key = format!("{key}.environment");
        let name = &transfer.environment;
        say(
            *name == environment.name,
            &key,
            format!("{name:?}, which is trained on"),
            "name an environment that `environment.name` is not".into(),
        );
        let before = evaluation.transfer[..number].iter().any(|other| other.environment == *name);
        say(before, &key, format!("{name:?}, which stands there already"), "name every environment once".into());
    }

    let warm = &agent.warm_start;
    say(
        warm.episodes == 0 && (agent.start == Start::Fresh || warm.source == DemonstrationSource::Synthetic),
        "agent.warm_start.episodes",
        "0, but a policy that begins fresh has nothing else to learn its first words from".into(),
        "write 1 or more, or begin from `agent.start: backbone`".into(),
    );
    say(
        warm.reads_values && (!warm.reads_tools || warm.source == DemonstrationSource::Synthetic),
        "agent.warm_start.reads_values",
        "true, but it is part of what `reads_tools` thinks, in demonstrations of the environment's oracle".into(),
        "leave it out, or set `reads_tools: true` and `source: oracle`".into(),
    );

    // Shares.
    for (key, value) in [
        ("agent.warm_start.mistakes", warm.mistakes),
        ("agent.warm_start.overeager", warm.overeager),
        ("agent.warm_start.hasty", warm.hasty),
        ("agent.warm_start.resigned", warm.resigned),
        ("agent.warm_start.cues", warm.cues),
        ("agent.warm_start.imitation.warmup_fraction", warm.imitation.warmup_fraction),
        ("agent.warm_start.imitation.final_rate_fraction", warm.imitation.final_rate_fraction),
    ] {
        say(!(0.0..=1.0).contains(&value), key, value.to_string(), "write a share from 0 to 1".into());
    }

    say(
        warm.source == DemonstrationSource::Synthetic && warm.mistakes > 0.5,
        "agent.warm_start.mistakes",
        format!("{}, but in made-up conversations one mistake may follow another", warm.mistakes),
        "write a share from 0 to 0.5".into(),
    );

    // Positive and non-negative numbers.
    for (key, value) in [
        ("agent.warm_start.imitation.learning_rate", warm.imitation.learning_rate),
        ("agent.warm_start.imitation.gradient_clip", warm.imitation.gradient_clip),
        ("agent.warm_start.imitation.emphasis", warm.imitation.emphasis),
        ("learner.learning_rate", rl.learning_rate),
        ("learner.gradient_clip", rl.gradient_clip),
        ("agent.model.rope_base", f64::from(model.rope_base)),
    ] {
        say(value <= 0.0, key, value.to_string(), "write a number above 0".into());
    }
    for (key, value) in [
        ("agent.warm_start.imitation.weight_decay", warm.imitation.weight_decay),
        ("learner.weight_decay", rl.weight_decay),
        ("learner.kl_weight", rl.kl_weight),
        ("learner.entropy_weight", rl.entropy_weight),
        ("learner.clip_high", rl.clip_high),
        ("evaluation.temperature", f64::from(evaluation.temperature)),
    ] {
        say(value < 0.0, key, value.to_string(), "write 0 or more".into());
    }
    let minutes = budgets.wall_clock_minutes.unwrap_or(1.0);
    say(
        minutes <= 0.0,
        "budgets.wall_clock_minutes",
        minutes.to_string(),
        "write minutes above 0, or leave it out".into(),
    );

    // The model and its tokens.
    let heads = model.heads.max(1);
    let unit = heads.saturating_mul(HEAD_LANES);
    say(
        model.heads > 0 && model.width % unit != 0,
        "agent.model.width",
        format!("{}, which {heads} heads cannot share in lots of {HEAD_LANES}", model.width),
        format!("write a multiple of {unit} such as {}", model.width.div_ceil(unit).max(1) * unit),
    );
    let vocabulary = agent.tokenizer.vocabulary;
    say(
        !(MIN_VOCABULARY..=65_536).contains(&vocabulary),
        "agent.tokenizer.vocabulary",
        vocabulary.to_string(),
        format!("write {MIN_VOCABULARY} (all bytes and the special tokens) to 65536"),
    );
    let least = agent.sampling.max_new_tokens.saturating_add(MIN_PROMPT_TOKENS);
    say(
        model.context < least,
        "agent.model.context",
        format!("{}, too small for a prompt and a reply of {} tokens", model.context, agent.sampling.max_new_tokens),
        format!("write {least} or more, or lower `agent.sampling.max_new_tokens`"),
    );
    for (key, tokens) in [
        ("agent.warm_start.imitation.micro_batch_tokens", warm.imitation.micro_batch_tokens),
        ("learner.micro_batch_tokens", rl.micro_batch_tokens),
    ] {
        let message = format!("{tokens}, less than one conversation of {} tokens", model.context);
        say(tokens < model.context, key, message, format!("write {} (`agent.model.context`) or more", model.context));
    }

    say(
        settings.evolution.train_on == TrainOn::Base && agent.sampling.decoding == Decoding::Grammar,
        "evolution.train_on",
        "base, but `agent.sampling.decoding` is grammar".into(),
        "train on what was shown, or decode freely: a grammar's choices belong to the text they were made in".into(),
    );

    // Sampling and learning.
    let (temperature, top_p) = (agent.sampling.temperature, agent.sampling.top_p);
    say(
        temperature <= 0.0,
        "agent.sampling.temperature",
        temperature.to_string(),
        "training needs different episodes in a group: write a number above 0, such as 1.0".into(),
    );
    say(
        !(top_p > 0.0 && top_p <= 1.0),
        "agent.sampling.top_p",
        top_p.to_string(),
        "write a share above 0, up to 1".into(),
    );
    say(
        learner.group < 2,
        "learner.group",
        format!("{}, but advantages compare the episodes of a group", learner.group),
        "write 2 or more, such as 8".into(),
    );
    say(
        learner.tasks_per_round > environment.train,
        "learner.tasks_per_round",
        format!("{}, more than the {} training tasks", learner.tasks_per_round, environment.train),
        format!("write {} or less, or raise `environment.train`", environment.train),
    );
    say(
        !(rl.clip_low >= 0.0 && rl.clip_low < 1.0),
        "learner.clip_low",
        rl.clip_low.to_string(),
        "write a number from 0 to below 1, such as 0.2".into(),
    );
    say(
        rl.dual_clip <= 1.0,
        "learner.dual_clip",
        rl.dual_clip.to_string(),
        "write a number above 1, such as 10".into(),
    );
    if let LossAggregation::Constant { tokens } = rl.aggregation {
        say(tokens == 0, "learner.aggregation.constant.tokens", "0".into(), "write 1 or more".into());
    }
    say(
        !PriorityTable::VERSIONS.contains(&diagnosis.table),
        "diagnosis.table",
        format!("{}, an unknown priority table", diagnosis.table),
        "write 1 or 2".into(),
    );
    let window = diagnosis.profile.window_rounds;
    say(window == 0, "diagnosis.window_rounds", "0".into(), "write 1 or more".into());
    let advantages = &settings.advantages;
    for (key, value, wrong) in [
        ("advantages.clip_low", advantages.clip_low, !(advantages.clip_low > 0.0 && advantages.clip_low <= 1.0)),
        ("advantages.clip_high", advantages.clip_high, advantages.clip_high < 1.0),
    ] {
        say(wrong, key, value.to_string(), "weights lie around 1: write 0 < clip_low ≤ 1 ≤ clip_high".into());
    }
    say(budgets.memory_mib > 4096, "budgets.memory_mib", budgets.memory_mib.to_string(), "write 4096 or less".into());
    found.extend(algorithm::unfit(settings));
    for (key, message) in settings.evolution.problems() {
        found.push(Unfit { key: format!("evolution.{key}"), message: format!(": {message}"), hint: None });
    }
    found
}
