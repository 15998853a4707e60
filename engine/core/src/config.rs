//! What a user may set of the agent and its learner. Scenarios embed these types and the agents crate obeys them, so the two
//! siblings need not know each other. Serde and JSON Schema come from the same types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where training runs. Sampling always runs on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// wgpu where a real adapter is found, the CPU otherwise.
    #[default]
    Auto,
    Cpu,
    Wgpu,
}

/// Shape of the decoder-only transformer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Blocks.
    pub layers: usize,
    /// Width of the residual stream; a multiple of 16 times `heads`.
    pub width: usize,
    /// Query heads of each block.
    pub heads: usize,
    /// Hidden width of the gated MLP.
    pub mlp: usize,
    /// Longest conversation, in tokens.
    pub context: usize,
    /// Base of the rotary position frequencies.
    pub rope_base: f32,
    /// How many of the offered tools are looked up after each request: the lines of those that share most words with it stand
    /// there once more, where a small policy finds them. 0 for none.
    #[serde(skip_serializing_if = "is_zero")]
    pub recall: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { layers: 3, width: 128, heads: 4, mlp: 320, context: 2048, rope_base: 10_000.0, recall: 0 }
    }
}

/// Which replies the policy can write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decoding {
    /// Any text: a call that cannot be read, or that does not fit, is a mistake to learn from.
    #[default]
    Free,
    /// An answer, or a call of an offered tool whose arguments fit the tool's schema. Tokens that the grammar leaves no choice
    /// of are written without being drawn.
    Grammar,
}

/// How the policy draws its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SampleConfig {
    /// 0 is greedy.
    pub temperature: f32,
    /// Keeps the smallest set of tokens whose probability reaches this; 1 keeps all.
    pub top_p: f32,
    /// Longest reply, in tokens, its thoughts and its end token included. Under a grammar a call that is longer is closed by
    /// force, beyond this; a reply that is cut in its thoughts is malformed.
    pub max_new_tokens: usize,
    pub decoding: Decoding,
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self { temperature: 1.0, top_p: 1.0, max_new_tokens: 96, decoding: Decoding::Free }
    }
}

impl SampleConfig {
    /// Always the likeliest token: what evaluation uses.
    pub fn greedy(max_new_tokens: usize) -> Self {
        Self { temperature: 0.0, max_new_tokens, ..Self::default() }
    }
}

/// How gradients become updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    AdamW,
    /// Muon for the blocks' matrices, at half the learning rate scaled to AdamW's step size; AdamW for the rest.
    #[default]
    Muon,
}

/// Behaviour cloning: cross-entropy on action tokens. Many small steps teach a small model more than few large ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImitationConfig {
    /// Optimiser steps.
    pub steps: u32,
    /// Sequences of one step.
    pub batch: usize,
    /// Tokens of one forward pass, padding included; bounds memory, not the result's meaning.
    pub micro_batch_tokens: usize,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    /// Share of the steps in which the rate rises linearly from 0.
    pub warmup_fraction: f64,
    /// The rate falls along a cosine to this share of itself at the last step.
    pub final_rate_fraction: f64,
    pub weight_decay: f64,
    /// Largest global gradient norm.
    pub gradient_clip: f64,
    /// How many times as much as another a token counts that decides: of the name of a tool that a thought looks at, the first after
    /// the thoughts, and the first of an argument's value. All else is mostly copied, and learnt by itself.
    pub emphasis: f64,
}

impl Default for ImitationConfig {
    fn default() -> Self {
        Self {
            steps: 800,
            batch: 4,
            micro_batch_tokens: 8192,
            optimizer: Optimizer::Muon,
            learning_rate: 5e-3,
            warmup_fraction: 0.05,
            final_rate_fraction: 0.1,
            weight_decay: 0.01,
            gradient_clip: 1.0,
            emphasis: 1.0,
        }
    }
}

/// How the losses of tokens become one loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossAggregation {
    /// Mean over all action tokens of the step.
    #[default]
    TokenMean,
    /// Mean over sequences of the mean over their action tokens.
    SequenceMean,
    /// Sum over action tokens, divided by a constant token count per sequence (Dr. GRPO).
    Constant {
        /// Usually the longest number of action tokens a sequence may have.
        tokens: u32,
    },
}

/// The update: PPO's clipped surrogate with dual clip, KL penalty and entropy bonus (METHOD.md §4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RlConfig {
    pub learning_rate: f64,
    /// Optimiser steps over which the rate rises linearly from 0, counted from the first update of the run.
    pub warmup_steps: u32,
    pub weight_decay: f64,
    /// Largest global gradient norm.
    pub gradient_clip: f64,
    /// Passes over the batch.
    pub epochs: u32,
    /// Sequences of one optimiser step.
    pub mini_batch: usize,
    /// Tokens of one forward pass, padding included.
    pub micro_batch_tokens: usize,
    /// The ratio is clipped to `[1 - clip_low, 1 + clip_high]`.
    pub clip_low: f64,
    pub clip_high: f64,
    /// For negative advantages the surrogate is bounded by `dual_clip · |A|`; must exceed 1.
    pub dual_clip: f64,
    /// Weight of the low-variance KL (k3) to the warm start; 0 turns the reference off.
    pub kl_weight: f64,
    /// Weight of the bonus on the entropy of the token distribution.
    pub entropy_weight: f64,
    /// How the losses of an optimiser step's tokens become one. Left out, it follows `algorithm`.
    pub aggregation: LossAggregation,
}

impl Default for RlConfig {
    fn default() -> Self {
        Self {
            learning_rate: 2e-4,
            warmup_steps: 2,
            weight_decay: 0.01,
            gradient_clip: 1.0,
            epochs: 1,
            mini_batch: 64,
            micro_batch_tokens: 8192,
            clip_low: 0.2,
            clip_high: 0.2,
            dual_clip: 10.0,
            kl_weight: 0.001,
            entropy_weight: 0.0,
            aggregation: LossAggregation::TokenMean,
        }
    }
}

/// The trained byte-level BPE tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenizerConfig {
    /// Entries, special tokens and the 256 bytes included.
    pub vocabulary: usize,
    pub split: Split,
}

/// How text is cut before its pieces are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// A lower-case word takes its space with it, a name its underscores: the fewest tokens for texts that are known.
    #[default]
    Spaced,
    /// A word has the same pieces wherever it stands, in `open the door`, `Open` and `open_door`, and a fresh model begins with like
    /// embeddings for a piece's forms: for texts that are not known.
    Words,
}

impl Default for TokenizerConfig {
    fn default() -> Self {
        Self { vocabulary: 1024, split: Split::default() }
    }
}

/// What the policy is before its warm start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Start {
    /// Random weights of the shape in `agent.model`, and a tokenizer trained on the demonstrations.
    #[default]
    Fresh,
    /// The backbone that comes with the program.
    Backbone,
    /// A folder with `weights.safetensors`, `tokenizer.json` and `config.json`, as `coevo export --format checkpoint` writes.
    Folder(String),
}

impl From<String> for Start {
    fn from(text: String) -> Self {
        match text.as_str() {
            "fresh" => Self::Fresh,
            "backbone" => Self::Backbone,
            _ => Self::Folder(text),
        }
    }
}

impl From<Start> for String {
    fn from(start: Start) -> Self {
        match start {
            Start::Fresh => "fresh".to_owned(),
            Start::Backbone => "backbone".to_owned(),
            Start::Folder(path) => path,
        }
    }
}

/// Whose demonstrations are cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DemonstrationSource {
    /// The oracle's, on tasks of the environment's training split.
    #[default]
    Oracle,
    /// Conversations with made-up tools, drawn anew for every step: nothing of any environment is in them. `episodes` is then
    /// the number of them that the tokenizer is trained on.
    Synthetic,
}

/// Behaviour cloning before the first round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WarmStartConfig {
    pub source: DemonstrationSource,
    /// Oracle episodes to clone: passes through the pool of training tasks. 0 for no cloning, where `agent.start` is not `fresh`.
    pub episodes: u32,
    /// Whether each pass meets new tasks of the training split (under the next task seed) and not those of the pool again:
    /// copying from the context is learnt from variety, and reinforcement from tasks whose solution was not shown.
    pub fresh_tasks: bool,
    /// Share of demonstrated steps in which the oracle first makes a mistake and recovers; the mistake is not imitated. In made-up
    /// conversations one may follow another, and the share is at most 0.5.
    pub mistakes: f64,
    /// Whether demonstrations read before they act: a turn's first reply begins with a thought for each tool that the turn takes,
    /// copied from the list (`~open_door(door)`), or `~open_door none` where it is not there. A policy that learns this looks
    /// before it decides. Thoughts are the agent's own: no tool, user or verifier sees them.
    pub reads_tools: bool,
    /// Whether such a thought also has the value of each argument that the tool requires, or `?` where the conversation has not given
    /// it (`~open_door(door ?)`). A policy that learns this looks for a value before it calls, and asks for one that is missing.
    pub reads_values: bool,
    /// Share of the turns that want no call (a detail or a tool is missing) in which the oracle calls all the same before it asks
    /// or abstains. It is imitated in it, as in the next two: bad habits for reinforcement to break, such as tool-tuned models
    /// have. Under a cue that speaks against a habit the oracle follows the cue, so that a policy learns what cues are for.
    pub overeager: f64,
    /// Share of the turns that want calls in which the oracle makes none and says that it is done.
    pub hasty: f64,
    /// Share of the failed calls after which the oracle gives up.
    pub resigned: f64,
    /// Share of the demonstrations shown with randomly chosen interface cues, so that cues are readable text later.
    pub cues: f64,
    pub imitation: ImitationConfig,
}

impl Default for WarmStartConfig {
    fn default() -> Self {
        Self {
            source: DemonstrationSource::Oracle,
            episodes: 3200,
            fresh_tasks: true,
            reads_tools: true,
            reads_values: false,
            mistakes: 0.1,
            overeager: 0.0,
            hasty: 0.0,
            resigned: 0.0,
            cues: 0.25,
            imitation: ImitationConfig::default(),
        }
    }
}
