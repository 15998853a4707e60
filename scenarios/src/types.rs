//! What a scenario says, as data. Serde, JSON Schema and the documentation of every key come from these types.

use coevo_core::advantage::AdvantageConfig;
use coevo_core::config::{Backend, ModelConfig, RlConfig, SampleConfig, Start, TokenizerConfig, WarmStartConfig};
use coevo_core::interface::EvolutionConfig;
use coevo_core::profile::ProfileConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything an arm runs with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seed of every random stream of the run.
    #[serde(default)]
    pub seed: u64,
    /// Where tasks come from.
    pub environment: EnvironmentConfig,
    /// The learned policy and its warm start.
    #[serde(default)]
    pub agent: AgentConfig,
    /// Reinforcement learning.
    #[serde(default)]
    pub learner: LearnerConfig,
    /// How failed turns are labelled and remembered.
    #[serde(default)]
    pub diagnosis: DiagnosisConfig,
    /// How diagnoses weigh what is learned.
    #[serde(default)]
    pub advantages: AdvantageConfig,
    /// How the training environment's interface evolves.
    #[serde(default)]
    pub evolution: EvolutionConfig,
    /// When the policy is measured, and on how much.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// What an episode and a run may spend.
    #[serde(default)]
    pub budgets: Budgets,
}

/// The environment and the pool of training tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentConfig {
    /// A shipped environment such as `travel`, or the path of a plugin folder or `.wasm` component, relative to this file.
    #[schemars(length(min = 1))]
    pub name: String,
    /// How many tasks of the training split are in the pool.
    #[serde(default = "default_train")]
    pub train: u32,
    /// Seed of task generation.
    #[serde(default)]
    pub seed: u64,
}

fn default_train() -> u32 {
    400
}

impl EnvironmentConfig {
    /// Whether `name` is a path: it has a separator, begins with a dot or ends in `.wasm`.
    pub fn is_path(&self) -> bool {
        is_path(&self.name)
    }
}

/// Whether the name of an environment is a path.
pub(crate) fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.starts_with('.') || name.ends_with(".wasm")
}

/// The learned policy: its shape, its tokenizer, how it samples in training, how it starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// What the policy begins as: `fresh`, `backbone`, or the folder of an exported checkpoint, relative to this file.
    pub start: Start,
    /// Shape of the transformer. Where `start` is not `fresh`, only `context` counts.
    pub model: ModelConfig,
    /// The byte-level BPE tokenizer, trained on the warm start's text.
    pub tokenizer: TokenizerConfig,
    /// How training episodes are sampled.
    pub sampling: SampleConfig,
    /// Behaviour cloning before the first round.
    pub warm_start: WarmStartConfig,
}

/// How the policy is improved. A name fills in the options that the file does not set, and refuses those that contradict it;
/// `grpo` takes all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Group-relative policy optimisation: rewards less the group's mean, over its deviation; token mean.
    #[default]
    Grpo,
    /// Dr. GRPO: `scale: none` and a constant divisor of the loss (`agent.model.context` tokens), so that neither the group's
    /// spread nor an episode's length changes the size of a gradient.
    DrGrpo,
    /// REINFORCE with `baseline: leave_one_out` and `scale: none`; summed over tokens (`aggregation: constant`).
    Rloo,
    /// GiGPO: `credit: step`, advantages of steps taken from the same state beside the episode's.
    Gigpo,
}

/// What becomes of a group whose members are all rewarded alike: it has no advantage and teaches nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZeroVariance {
    /// It is left out of the update.
    #[default]
    Skip,
    /// Other tasks of the pool are drawn in its place, until `tasks_per_round` groups teach. All episodes count: for profile,
    /// weights, and the number spent (`train/rollouts`), which the closing table shows where arms differ.
    Resample {
        /// Most tasks that a round may draw beyond `tasks_per_round`.
        extra_tasks: u32,
    },
}

/// What the learner is rewarded for. Evaluation and the profile always use the episode's success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RewardKind {
    /// 1 where every turn passed, else 0 (METHOD.md §1).
    #[default]
    Episode,
    /// The share of user turns that passed: a denser signal from the same verdict, for policies that seldom finish.
    Turns,
}

/// Which rounds keep their checkpoint on disk. The newest one is always there, so that the run can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoints {
    #[default]
    All,
    /// Rounds that were evaluated on dev, and the last one: what a study can still choose from.
    Evaluated,
}

/// Rounds of reinforcement learning and their optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnerConfig {
    pub algorithm: Algorithm,
    pub reward: RewardKind,
    /// Where training runs.
    pub backend: Backend,
    /// Rounds of rollout, diagnosis, evolution and learning; 0 tests the warm start alone.
    pub rounds: u32,
    /// Tasks drawn in each round.
    pub tasks_per_round: u32,
    /// Episodes of each drawn task; advantages are relative to this group.
    pub group: u32,
    /// Share of a round's episodes that are not played from the beginning but from the turns at which others failed: each
    /// repeats such an episode up to there, in a sandbox of its own, and goes on anew. Tasks in which nothing failed get none.
    /// Needs `advantages.credit: value`, which asks each turn for itself.
    pub branch: f64,
    /// Which rounds keep their checkpoint.
    pub checkpoints: Checkpoints,
    pub zero_variance: ZeroVariance,
    #[serde(flatten)]
    pub rl: RlConfig,
}

impl LearnerConfig {
    /// Episodes of each task that are played from the beginning; at least 2, so that they can be compared.
    pub fn from_the_beginning(&self) -> u32 {
        self.group - ((f64::from(self.group) * self.branch) as u32).min(self.group.saturating_sub(2))
    }
}

impl Default for LearnerConfig {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Grpo,
            reward: RewardKind::Episode,
            backend: Backend::Auto,
            rounds: 8,
            tasks_per_round: 16,
            group: 8,
            branch: 0.0,
            checkpoints: Checkpoints::All,
            zero_variance: ZeroVariance::Skip,
            rl: RlConfig::default(),
        }
    }
}

/// How evidence becomes one label a turn, and how long the profile remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiagnosisConfig {
    /// Version of the priority table.
    pub table: u32,
    #[serde(flatten)]
    pub profile: ProfileConfig,
}

impl Default for DiagnosisConfig {
    fn default() -> Self {
        Self { table: 1, profile: ProfileConfig::default() }
    }
}

/// Which policy of an arm is tested at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// That of the last round.
    #[default]
    Last,
    /// That with the highest dev success among the evaluated rounds, the earliest of equals; the last one where none was
    /// evaluated. Test tasks have no say in it.
    BestDev,
}

/// An environment that reinforcement never meets: it is tested on, and demonstrated where the scenario says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    /// As `environment.name`.
    #[schemars(length(min = 1))]
    pub environment: String,
    /// Tasks of its test split.
    #[serde(default = "default_transfer_tasks")]
    pub tasks: u32,
    /// Oracle episodes of it that are cloned beside `agent.warm_start.episodes`, under the same settings, so that the policy can
    /// read its tools. 0: nothing of it is seen before it is tested on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub demonstrations: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn default_transfer_tasks() -> u32 {
    100
}

/// Held-out evaluation, always with the base interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Evaluate on dev after every so many rounds.
    pub every: u32,
    /// Tasks of the dev split.
    pub dev_tasks: u32,
    /// Tasks of the test split, used before the first and after the last round.
    pub test_tasks: u32,
    /// Sampling temperature; 0 is greedy.
    pub temperature: f32,
    /// Also play the dev tasks with the evolved interface, to measure how far the agent leans on its cues.
    pub probe: bool,
    /// Which policy is tested after the last round.
    pub select: Select,
    /// Environments that nothing is trained on: whatever is tested is tested there, too, with their base interface.
    pub transfer: Vec<TransferConfig>,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            every: 2,
            dev_tasks: 60,
            test_tasks: 200,
            temperature: 0.0,
            probe: true,
            select: Select::Last,
            transfer: Vec::new(),
        }
    }
}

/// Limits. All but the wall clock are counted in units that do not depend on the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// Steps (calls and the answer) of the agent in one user turn.
    pub steps_per_turn: u32,
    /// WASM fuel of one call into the environment.
    pub fuel_per_call: u64,
    /// Memory of one environment instance.
    pub memory_mib: u32,
    /// Longest text that the environment may return at once.
    pub output_kib: u32,
    /// The run stops after the round in which this time runs out, and can be resumed. No limit where empty.
    pub wall_clock_minutes: Option<f64>,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            steps_per_turn: 6,
            fuel_per_call: 100_000_000,
            memory_mib: 64,
            output_kib: 256,
            wall_clock_minutes: None,
        }
    }
}

/// How an arm follows other arms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sequel {
    /// Arms that must be finished first.
    pub after: Vec<String>,
    /// Begin from the final policy of this arm and not from the warm start.
    pub start_from: Option<String>,
}
