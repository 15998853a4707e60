//! The command line: verbs, flags and their help. Parsing only; each verb's work is in `command/`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A laboratory for agent–environment co-evolution.
///
/// Exit codes: 0 done; 1 the command ran and found a difference (such as a diverging replay); 2 bad input, nothing written;
/// 130 stopped by Ctrl-C after saving.
#[derive(Parser, Debug)]
#[command(name = "coevo", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Run a scenario: warm start, co-evolution rounds of every arm, evaluation, closing table
    Run(RunArgs),
    /// Go on with an interrupted run, as if it had never stopped
    Resume(ResumeArgs),
    /// Evaluate an agent, or a run's policy, on held-out tasks with the base environment
    Eval(EvalArgs),
    /// Show a recorded episode, or re-execute recorded episodes in the sandbox with --verify
    Replay(ReplayArgs),
    /// Print a run's closing table again
    Table(TableArgs),
    /// Write a report of runs: one HTML page that needs nothing else, or with --live served while they go on
    Report(ReportArgs),
    /// Write a run's episodes (JSONL of OpenAI chat messages, ATIF, Parquet), metrics, lineage, or a policy's weights
    Export(ExportArgs),
    /// Environments: make a new one, build it, call its tools by hand; list and describe those that are there
    #[command(subcommand)]
    Env(EnvVerb),
    /// Print the JSON Schema of scenario files
    Schema,
    /// Measure sandbox, loop and learner on this machine
    Bench(BenchArgs),
    /// List a run's episodes: chosen by an expression, in any order
    Episodes(crate::command::episodes::EpisodesArgs),
    /// Continue a recorded episode otherwise, from any step: another call, the oracle, a policy, you
    Fork(crate::command::fork::ForkArgs),
    /// Say why an episode failed: root cause, what it led to, and the counterfactual that proves it
    Explain(crate::command::explain::ExplainArgs),
    /// Compare two episodes turn by turn, or two arms or runs task by task
    Diff(crate::command::diff::DiffArgs),
    /// Diagnose recorded episodes with another priority table, or verify them again, and say what changes
    Rescore(crate::command::rescore::RescoreArgs),
    /// Make a run folder of a JSONL export
    Import(crate::command::import::ImportArgs),
}

/// Where training runs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BackendFlag {
    Auto,
    Cpu,
    Wgpu,
}

impl From<BackendFlag> for coevo_core::config::Backend {
    fn from(flag: BackendFlag) -> Self {
        match flag {
            BackendFlag::Auto => Self::Auto,
            BackendFlag::Cpu => Self::Cpu,
            BackendFlag::Wgpu => Self::Wgpu,
        }
    }
}

/// Flags that change speed, never a result.
#[derive(Args, Debug, Clone)]
pub struct Machine {
    /// Where training runs; `auto` uses the CPU where no real adapter is found, and says so [default: the scenario's]
    #[arg(long, value_enum)]
    pub backend: Option<BackendFlag>,
    /// Threads that run environments [default: the machine's cores, shared by the arms that run side by side]
    #[arg(long)]
    pub workers: Option<usize>,
    /// Episodes in flight at once, of each arm
    #[arg(long, default_value_t = 128)]
    pub slots: usize,
    /// Arms that run side by side [default: one a core, at most 4; 1 where a GPU may train]
    #[arg(long)]
    pub jobs: Option<usize>,
}

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The scenario file
    pub scenario: PathBuf,
    /// The run folder to make [default: runs/NAME, or runs/NAME-2 and so on]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Shorthand for --set seed=N
    #[arg(long)]
    pub seed: Option<u64>,
    /// Lay one of the scenario's `named_budgets` over it, such as `small`
    #[arg(long, value_name = "NAME")]
    pub budget: Option<String>,
    /// Override one key of the scenario, such as learner.rounds=2 or arms.coevo.evolution.enabled=false
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Check everything, print the plan, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the closing table as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Args, Debug)]
pub struct ResumeArgs {
    /// The run folder
    pub run: PathBuf,
    /// Print the closing table as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub machine: Machine,
}

/// Who plays.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Player {
    /// The policy of a run
    Policy,
    Oracle,
    Random,
    DoNothing,
    /// Texts from a file, one step a line (--script)
    Script,
    /// You, at this terminal
    Human,
}

/// How a policy writes.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Decoder {
    /// Any text
    Free,
    /// Answers, and calls that fit the schemas of the offered tools
    Grammar,
}

#[derive(Args, Debug)]
pub struct EvalArgs {
    /// A run folder, for --agent policy
    pub run: Option<PathBuf>,
    /// Which arm's policy
    #[arg(long)]
    pub arm: Option<String>,
    /// Which round's checkpoint [default: the one that was tested, else the last]
    #[arg(long)]
    pub round: Option<u32>,
    #[arg(long, value_enum, default_value = "policy")]
    pub agent: Player,
    /// Environment: shipped name, folder or .wasm file [default: the run's]
    #[arg(long)]
    pub env: Option<String>,
    #[arg(long, default_value = "test")]
    pub split: String,
    /// How many tasks of the split
    #[arg(long, default_value_t = 100)]
    pub tasks: u32,
    /// Seed of the tasks and of a random agent
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Texts for --agent script
    #[arg(long)]
    pub script: Option<PathBuf>,
    /// How the policy writes [default: the run's `agent.sampling.decoding`]
    #[arg(long, value_enum)]
    pub decoding: Option<Decoder>,
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The run folder
    pub run: PathBuf,
    /// An episode, such as coevo/r003/train/0012/4; at a terminal it is shown step by step
    pub episode: Option<String>,
    /// Write the walk through the episode as plain text: what the terminal view shows, every state re-executed
    #[arg(long, requires = "episode", conflicts_with_all = ["verify", "json"])]
    pub print: bool,
    /// Stop at (with --print: write only) tool=NAME, error=CODE, label=LABEL, reward<1, turn=2, text~WORD or a JSON pointer
    /// into the state, such as /bookings/0/status=held; may be given more than once
    #[arg(long = "break", value_name = "WHERE", requires = "episode", conflicts_with_all = ["verify", "json"])]
    pub breakpoints: Vec<String>,
    /// Re-execute in the sandbox and compare text, outcome and state hash of every step; exit 1 on any divergence
    #[arg(long)]
    pub verify: bool,
    #[arg(long)]
    pub json: bool,
    /// Threads that run environments [default: the machine's cores]
    #[arg(long)]
    pub workers: Option<usize>,
}

#[derive(Args, Debug)]
pub struct TableArgs {
    /// The run folder
    pub run: PathBuf,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Run folders; several of one scenario (seeds) are also shown together
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// The page to write [default: RUN/report.html, or report.html for several runs]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Serve the page on 127.0.0.1 and refresh it while the runs go on
    #[arg(long, conflicts_with_all = ["out", "json"])]
    pub live: bool,
    /// Port for --live [default: a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true, requires = "live")]
    pub port: u16,
    /// Print the figures of the page as JSON
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
}

/// What to export.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// One episode a line: OpenAI chat messages with tool_calls, and everything Coevo knows of it
    Jsonl,
    /// A policy's weights, tokenizer and configuration, as files
    Checkpoint,
    /// One ATIF 1.7 trajectory a line
    Atif,
    /// Tables of episodes, turns and tokens, as files
    Parquet,
    /// Metrics by round as TensorBoard event files, one folder an arm
    Tensorboard,
    /// The lineage of the interface as a GraphViz graph
    Dot,
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The run folder
    pub run: PathBuf,
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: Format,
    /// Only this arm; for --format checkpoint, whose policy
    #[arg(long)]
    pub arm: Option<String>,
    /// Only this round; of checkpoints [default: the last]
    #[arg(long)]
    pub round: Option<u32>,
    /// Only episodes that pass the expression, such as 'stage=train and not passed'
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub matching: Option<String>,
    /// With --format jsonl: token ids, log-probabilities and masks, too
    #[arg(long)]
    pub tokens: bool,
    /// File to write [default: standard output], or folder, for checkpoint, parquet and tensorboard
    #[arg(long)]
    pub out: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub enum EnvVerb {
    /// The shipped environments, and those in the folders given
    List {
        /// Folders of environments, or folders that hold such folders
        folders: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Make the folder of a new environment: a small complete one, with the SDK it builds against
    New {
        /// The folder; its last part is the environment's name
        folder: PathBuf,
        #[arg(long, value_enum, default_value = "rust")]
        lang: Lang,
    },
    /// Call the tools of one task by hand: completion, state, differences, undo, hints, verdict
    Play(PlayArgs),
    /// Tools, splits and an example task of one environment
    Show {
        /// Shipped name, folder or .wasm file
        env: String,
        /// Print this task of the training split, too
        #[arg(long)]
        task: Option<u32>,
        #[arg(long)]
        json: bool,
    },
    /// Build an environment's folder into a component (needs a WASM toolchain or componentize-py; says what to install)
    Build {
        /// The environment's folder
        folder: PathBuf,
        /// Where to write NAME.wasm and NAME.stamp [default: the environment's folder]
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Try everything an environment must keep to, and report it; exit 1 where a check fails
    Check(EnvCheckArgs),
    /// Turn published tasks into a folder that scenarios can name as their environment
    Import {
        /// What the archive is
        #[arg(value_enum)]
        kind: ImportKind,
        /// The archive: for bfcl, the wheel that `pip download --no-deps bfcl-eval` fetches
        archive: PathBuf,
        /// Folder to make [default: the kind's name with -tasks]
        #[arg(long)]
        out: Option<PathBuf>,
        /// Let held-out functions be called before they come back, as the official executor does
        #[arg(long)]
        official: bool,
    },
}

#[derive(Args, Debug)]
pub struct EnvCheckArgs {
    /// Shipped name, folder or .wasm file
    pub env: String,
    /// How many tasks of each split are tried
    #[arg(long, default_value_t = 8)]
    pub tasks: u32,
    /// Seed of the tasks and of everything drawn
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Print what another process compares instead of checking
    #[arg(long, hide = true)]
    pub transcript: bool,
}

/// What a new environment is written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Lang {
    Rust,
    Python,
    Js,
}

impl From<Lang> for coevo_envs::manifest::Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Python => Self::Python,
            Lang::Js => Self::Js,
        }
    }
}

#[derive(Args, Debug)]
pub struct PlayArgs {
    /// Shipped name, folder or .wasm file
    pub env: String,
    /// Which task of the split
    #[arg(long, default_value_t = 0)]
    pub task: u32,
    #[arg(long, default_value = "train")]
    pub split: String,
    /// Seed of the task and of the environment's random stream
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// Published tasks that can be imported.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum ImportKind {
    /// BFCL multi-turn: 800 tasks in four categories
    Bfcl,
}

#[derive(Args, Debug)]
pub struct BenchArgs {
    /// What to measure [default: sandbox, live, loop and learner]
    #[arg(value_enum)]
    pub what: Vec<Bench>,
    /// For `native`: the program made by `cargo build --release --example native_travel -p travel` in plugins/
    #[arg(long, value_name = "PROGRAM")]
    pub native: Option<PathBuf>,
    /// For `live`: episodes that live at once
    #[arg(long, default_value_t = 10_000)]
    pub instances: u32,
    /// Environment of `sandbox`, `native` and `live`: shipped name, folder or .wasm file
    #[arg(long, default_value = "travel")]
    pub env: String,
    /// For `explain`: environments beside the shipped ones, as folder or .wasm file
    #[arg(long = "also", value_name = "ENV")]
    pub also: Vec<String>,
    /// For `write`: a finished run, whose commits are written again
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Episodes of `trace`
    #[arg(long, default_value_t = 100_000)]
    pub episodes: usize,
    /// For bfcl: the folder that `coevo env import bfcl` made
    #[arg(long, default_value = "bfcl-tasks")]
    pub tasks: PathBuf,
    /// For bfcl: a Python with the wheel bfcl-eval and mpmath, to measure the official executor beside ours
    #[arg(long)]
    pub python: Option<PathBuf>,
    /// For peers: where weights and sequences are written
    #[arg(long)]
    pub folder: Option<PathBuf>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Bench {
    /// Instantiate, reset, call, snapshot, restore, fork
    Sandbox,
    /// Whole trajectories in the sandbox beside the same code run natively (--native)
    Native,
    /// Thousands of episodes alive at once, each stepped in turn
    Live,
    /// Engine and trace overhead as a share of tool time, with 1,000 slots
    Loop,
    /// Sampled and trained tokens per second
    Learner,
    /// Our side of benches/peers/run.py, which measures PyTorch beside it (only on request)
    Peers,
    /// How often a planted root cause is named (only on request)
    Explain,
    /// Size and speed of a run file with --episodes episodes (only on request)
    Trace,
    /// What recording cost a finished run (--run), as a share of its time
    Write,
    /// BFCL's whole ground truth against the official executor, on one core
    Bfcl,
}
