//! What expressions can ask of an episode, and where each answer lies.

use coevo_core::label::Label;

use crate::record::{STAGES, stage_name};

/// Something that can be asked of an episode.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    /// For help; one line.
    pub about: &'static str,
    pub(crate) kind: Kind,
    /// The column, as SQL.
    pub(crate) column: &'static str,
    /// The test around the column, with `{}` for it, where the column alone is not enough.
    within: &'static str,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    /// The bits of a u64.
    Seed,
    /// True or false; may stand alone.
    Flag,
    Stage,
    Label,
    Ending,
    Boundary,
}

/// False where the column is NULL.
const SOME: &str = "IFNULL({}, 0)";
const LABELS: &str = "EXISTS (SELECT 1 FROM labels WHERE labels.episode = episodes.id AND {})";
const TOOLS: &str = "EXISTS (SELECT 1 FROM tools WHERE tools.episode = episodes.id AND {})";

const fn field(
    name: &'static str,
    kind: Kind,
    column: &'static str,
    within: &'static str,
    about: &'static str,
) -> Field {
    Field { name, about, kind, column, within }
}

pub(crate) const FIELDS: [Field; 31] = [
    field("arm", Kind::Text, "arm", "", "arm, or shared stage such as warm-start"),
    field("stage", Kind::Stage, "stage", "", "warmup, train, dev, probe, test or transfer"),
    field("round", Kind::Number, "round", "", "round, from 1 (0: before the first)"),
    field("env", Kind::Text, "env", "", "environment"),
    field("split", Kind::Text, "split", "", "split of the task"),
    field("task", Kind::Number, "task_index", "", "index of the task in its split"),
    field("seed", Kind::Seed, "task_seed", "", "seed of the task"),
    field("replica", Kind::Number, "replica", "", "number inside the group"),
    field("id", Kind::Text, "task_id", "", "the environment's id of the task"),
    field("name", Kind::Text, "name", "", "name of the episode, such as coevo/r003/train/0012/4"),
    field("category", Kind::Text, "category", "", "category of the task"),
    field("scenario", Kind::Text, "scenario", "", "scenario that the task shares with others"),
    field("interface", Kind::Text, "interface", "", "id of the interface that was shown"),
    field("reward", Kind::Number, "reward", SOME, "reward; nothing where unscored"),
    field("passed", Kind::Flag, "reward >= 1", SOME, "reward is 1 or more"),
    field("failed", Kind::Flag, "reward < 1", SOME, "scored, with a reward below 1"),
    field("unscored", Kind::Flag, "reward IS NULL", "", "a fault left it unscored"),
    field("ending", Kind::Ending, "ending", "", "terminated, truncated or faulted"),
    field("fault", Kind::Boundary, "boundary", SOME, "boundary of the fault, such as guest_fuel"),
    field("first_failing", Kind::Number, "first_failing + 1", SOME, "first failing turn, from 1"),
    field("turns", Kind::Number, "turns", "", "user turns played"),
    field("steps", Kind::Number, "steps", "", "steps played"),
    field("tokens", Kind::Number, "tokens", "", "tokens, prompts included"),
    field("sampled", Kind::Number, "sampled_tokens", "", "tokens that the policy chose"),
    field("advantage", Kind::Number, "advantage", SOME, "advantage in its group; nothing where not trained on"),
    field("label", Kind::Label, "label", LABELS, "label of any turn"),
    field(
        "first_label",
        Kind::Label,
        "label",
        "EXISTS (SELECT 1 FROM labels WHERE labels.episode = episodes.id AND turn = first_failing AND {})",
        "label of the first failing turn",
    ),
    field(
        "root_label",
        Kind::Label,
        "label",
        "EXISTS (SELECT 1 FROM labels WHERE labels.episode = episodes.id AND NOT cascaded AND {})",
        "label of any turn that no earlier turn explains",
    ),
    field("cascaded", Kind::Flag, "cascaded", LABELS, "an earlier turn explains the failure of a later one"),
    field("tool", Kind::Text, "tool", TOOLS, "tool of any call, whatever came of it"),
    field(
        "error",
        Kind::Text,
        "error",
        TOOLS,
        "error of any call: a tool's code, or malformed, unknown_tool, not_offered, schema",
    ),
];

const ENDINGS: [&str; 3] = ["terminated", "truncated", "faulted"];
const BOUNDARIES: [&str; 7] = ["guest_trap", "guest_fuel", "guest_memory", "guest_output", "verifier", "agent", "host"];

impl Field {
    pub(crate) fn find(name: &str) -> Option<&'static Field> {
        let name = name.to_ascii_lowercase().replace('-', "_");
        let name = match name.as_str() {
            "index" | "task_index" => "task",
            "sampled_tokens" => "sampled",
            "boundary" => "fault",
            other => other,
        };
        FIELDS.iter().find(|field| field.name == name)
    }

    /// The values it can have; empty where there is no end of them.
    pub(crate) fn choices(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Text | Kind::Number | Kind::Seed => Vec::new(),
            Kind::Flag => vec!["true", "false"],
            Kind::Stage => STAGES.into_iter().map(stage_name).collect(),
            Kind::Label => Label::all().map(Label::name).collect(),
            Kind::Ending => ENDINGS.to_vec(),
            Kind::Boundary => BOUNDARIES.to_vec(),
        }
    }

    /// Whether it has one value, which can be ordered by.
    pub(crate) fn is_single(&self) -> bool {
        !self.within.starts_with("EXISTS")
    }

    /// SQL of a test, such as `" = ?1"`.
    pub(crate) fn test(&self, test: &str) -> String {
        let column = if self.kind == Kind::Flag { format!("({})", self.column) } else { self.column.to_owned() };
        let test = format!("{column}{test}");
        if self.within.is_empty() { format!("({test})") } else { self.within.replace("{}", &test) }
    }
}

/// Name and meaning of every field, for help.
pub fn field_help() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIELDS.iter().map(|field| (field.name, field.about))
}
